"""The reference of uva-cnn, run directly: the figures that the course names.

The graded checks of the same code are in tests/assignments/uva-cnn/.
"""

import importlib.util
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from grader.authoring.template import is_stale
from grader.courses.course import read_assignment
from grader.notebooks.percent import read_percent
from grader.sandbox.inside.definitions import NotebookRun, Pace
from grader.sandbox.inside.torchvision_ops import make_torchvision_importable

needs_lightning = pytest.mark.skipif(
    importlib.util.find_spec("pytorch_lightning") is None, reason="PyTorch Lightning is not installed"
)

COURSE = Path(__file__).parents[3]
SCRIPT = COURSE / "reference" / "uva-cnn" / "uva_cnn.py"


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Run the reference's definitions as the sandbox does, in a folder of their own; the data set is not there."""
    make_torchvision_importable()
    module = types.ModuleType("notebook")
    cells = read_percent(SCRIPT.read_text(encoding="utf-8"), name=SCRIPT.name)
    state = torch.get_rng_state()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("practical"))
        patch.setenv("PL_GLOBAL_SEED", "42")
        NotebookRun(cells, module, root=SCRIPT.parent, end=None, pace=Pace(10, 60)).run()
        torch.set_rng_state(state)
        yield module


@pytest.fixture(autouse=True)
def _same_stream() -> Iterator[None]:
    """Leave torch's stream of random numbers as it was."""
    state = torch.get_rng_state()
    yield
    torch.set_rng_state(state)


@needs_lightning
def test_three_groups_work_on_32_16_and_8_pixels(notebook: Any) -> None:
    """With [3,3,3] blocks the fourth and the seventh subsample, and 16, 24 and 32 channels leave the groups."""
    shapes = []
    net = notebook.ResNet().eval()
    for block in net.blocks:
        block.register_forward_hook(lambda _block, _inputs, output: shapes.append(tuple(output.shape[1:])))
    assert net(torch.zeros(4, 3, 32, 32)).shape == (4, 10)
    assert shapes == [(16, 32, 32)] * 3 + [(24, 16, 16)] * 3 + [(32, 8, 8)] * 3


@needs_lightning
def test_number_of_parameters(notebook: Any) -> None:
    """Counted by hand: 3×3 convolutions, norms with two numbers a channel, 1×1 convolutions, and the linear layer."""
    within = sum(3 * (2 * 9 * c * c + 4 * c) for c in (16,)) + sum(2 * (2 * 9 * c * c + 4 * c) for c in (24, 32))
    first = sum(9 * a * b + 9 * b * b + 2 * a + 2 * b + a * b for a, b in ((16, 24), (24, 32)))
    expected = 3 * 9 * 16 + within + first + 32 * 10 + 10
    assert sum(p.numel() for p in notebook.ResNet().parameters()) == expected


@needs_lightning
def test_learning_rate_of_the_document(notebook: Any) -> None:
    """The learning rate is 0.1 at first, a tenth of it from epoch 70 on, and a hundredth from epoch 90 on."""
    module = notebook.CIFARModule(
        {"num_blocks": [2, 2, 3], "c_hidden": [16, 24, 32], "num_classes": 10},
        {"momentum": 0.9, "weight_decay": 1e-4, "lr": 0.1},
    )
    [optimizer], [scheduler] = module.configure_optimizers()
    rates = []
    for _ in range(100):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    expected = [0.1] * 70 + [0.01] * 20 + [0.001] * 10
    assert rates == pytest.approx(expected)


@needs_lightning
def test_statistics_of_the_data(notebook: Any) -> None:
    """Pixels are normalized with CIFAR10's means and standard deviations, and validation images are not augmented."""
    assert notebook.DATA_MEANS == [0.491, 0.482, 0.447]
    assert notebook.DATA_STD == [0.247, 0.243, 0.261]
    assert [type(step).__name__ for step in notebook.test_transform.transforms] == ["ToTensor", "Normalize"]


def test_points_add_up_to_a_hundred() -> None:
    """All tasks together give 100 points."""
    assignment = read_assignment(COURSE, "uva-cnn")
    assert sum(task.points for task in assignment.tasks) == 100


def test_the_template_is_fresh() -> None:
    """The students' folder is what the reference gives today."""
    assignment = read_assignment(COURSE, "uva-cnn")
    assert is_stale(assignment, COURSE / "student_template" / "uva-cnn") == ()
