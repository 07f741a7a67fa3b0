"""The reference of uva-mlp, run directly: the figures of the course come out, and those of the best-known slip.

The graded checks of the same code are in tests/assignments/uva-mlp/.
"""

import json
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from grader.authoring.template import is_stale
from grader.courses.course import read_assignment
from grader.notebooks.cells import find_check_cell
from grader.notebooks.document import Cell, read_notebook
from grader.notebooks.percent import read_percent, write_ipynb
from grader.results.verdict import Verdict
from grader.sandbox.inside.definitions import NotebookRun, Pace
from grader.sandbox.inside.torchvision_ops import make_torchvision_importable

COURSE = Path(__file__).parents[3]
SCRIPT = COURSE / "reference" / "uva-mlp" / "uva_mlp.py"
VARIANTS = COURSE / "tests" / "assignments" / "uva-mlp" / "variants"


def script_cells(path: Path) -> tuple[Cell, ...]:
    """Return the cells of a percent script."""
    return read_percent(path.read_text(encoding="utf-8"), name=path.name)


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Run the reference's definitions as the sandbox does; only what needs CIFAR-10 or a training fails."""
    make_torchvision_importable()
    folder = tmp_path_factory.mktemp("notebook")
    module = types.ModuleType("notebook")
    state = torch.get_rng_state()
    with pytest.MonkeyPatch.context() as patch:
        (folder / "work").mkdir()
        patch.chdir(folder / "work")
        run = NotebookRun(script_cells(SCRIPT), module, root=folder, end=None, pace=Pace(10, 60))
        run.run()
    torch.set_rng_state(state)
    first = script_cells(SCRIPT)
    failed = {first[event.cell - 1].names[0] for event in run.log.events if event.error is not None}
    trains = {"improve", "SGDMom_points", "curve-plot", "test", "train", "shuffle-fixed", "shuffle-new"}
    assert failed <= {"data", "look"} | trains
    module.__dict__["CHECKPOINT_PATH"] = str(folder)
    return module


@pytest.fixture(autouse=True)
def _same_stream() -> Iterator[None]:
    """Leave torch's stream of random numbers as it was."""
    state = torch.get_rng_state()
    yield
    torch.set_rng_state(state)


def run_on_the_track(optimizer_class: Any, notebook: Any) -> tuple[Any, list[float]]:
    """Return the points of 100 updates from (5, 5) with lr=10 and momentum=0.9, and where they end."""
    made: list[Any] = []

    def make(params: Any) -> Any:
        made.append(optimizer_class(params, lr=10, momentum=0.9))
        return made[0]

    points = notebook.train_curve(make)
    return points, made[0].params[0].tolist()


def test_the_end_of_the_track(notebook: Any) -> None:
    """A hundred updates on the course's curve end near (-0.0119, -13.07); the last point is the one before."""
    points, end = run_on_the_track(notebook.SGDMomentum, notebook)
    assert end == pytest.approx([-0.0119, -13.07], abs=0.005)
    assert points.shape == (100, 3)
    assert points[0].tolist() == pytest.approx([5.0, 5.0, 0.999818 + 0.05 + 0.993307], abs=1e-5)
    assert points[-1, 1] == pytest.approx(-13.07, abs=0.005)
    assert points[-1, 1] < -7.5


def test_the_end_without_the_factor(notebook: Any) -> None:
    """Momentum without the factor (1 - momentum) ends near (-6.24, -42.26)."""

    class Unscaled(notebook.SGDMomentum):  # type: ignore[misc]
        def update_param(self, p: torch.Tensor) -> None:
            self.param_momentum[p] = self.momentum * self.param_momentum[p] + p.grad
            p -= self.lr * self.param_momentum[p]

    _, end = run_on_the_track(Unscaled, notebook)
    assert end == pytest.approx([-6.24, -42.26], abs=0.005)


def test_the_first_two_steps_by_hand(notebook: Any) -> None:
    """With a gradient of 2, lr=0.5 and momentum=0.75 the average is 0.5, then 0.875."""
    p = torch.nn.Parameter(torch.tensor([1.0]))
    optimizer = notebook.SGDMomentum([p], lr=0.5, momentum=0.75)
    for expected in (0.75, 0.3125):
        p.grad = torch.tensor([2.0])
        optimizer.step()
        assert p.item() == pytest.approx(expected)


def test_the_default_network(notebook: Any) -> None:
    """The default sizes make 3072·256 + 256·128 + 128·10 weights and 394 biases, and images are laid out as rows."""
    model = notebook.MLP()
    assert sum(p.numel() for p in model.parameters()) == 786432 + 32768 + 1280 + 394
    images = torch.randn(4, 3, 32, 32)
    assert torch.equal(model(images), model(images.reshape(4, 3072)))


def test_the_accuracy_of_unequal_batches(notebook: Any) -> None:
    """Four of five images are right, in batches of three and two; the mean of the batches would be 0.75 or 0.83."""
    scores = torch.eye(5)
    loader = DataLoader(TensorDataset(scores, torch.tensor([0, 1, 2, 3, 0])), batch_size=3)
    assert notebook.test_model(torch.nn.Identity(), loader) == pytest.approx(0.8)


def test_the_template_is_up_to_date() -> None:
    """The students' kit is what the reference gives today."""
    assignment = read_assignment(COURSE, "uva-mlp")
    assert is_stale(assignment, COURSE / "student_template" / "uva-mlp") == ()


def test_the_notebook_is_one() -> None:
    """The notebook that the script makes has a cell for each task's check."""
    tree = json.loads(write_ipynb(script_cells(SCRIPT)))
    checks = {cell["id"]: "".join(cell["source"]) for cell in tree["cells"] if cell["id"].startswith("check-")}
    tasks = [task.name for task in read_assignment(COURSE, "uva-mlp").tasks]
    assert [name.removeprefix("check-") for name in checks] == tasks
    assert all(f"%check {name.removeprefix('check-')}" in source for name, source in checks.items())


@pytest.mark.parametrize("name", ["my_mlp", "SGDMom_points"])
def test_cells_are_found_without_ids(name: str) -> None:
    """The states in which MLP and the optimizer are checked are found in notebooks that lack the course's ids."""
    cells = script_cells(VARIANTS / "plain" / "uva_mlp.py")
    found = find_check_cell(cells, name, reference=script_cells(SCRIPT))
    assert found is not None
    assert f"{name} = " in found.source


def test_points_make_a_hundred() -> None:
    """The tasks are worth 100 points."""
    assert sum(task.points for task in read_assignment(COURSE, "uva-mlp").tasks) == 100


def test_the_colab_notebook_is_read() -> None:
    """The variant from Colab is a notebook with outputs, and one of its cells is wholly indented."""
    cells = read_notebook((VARIANTS / "colab" / "uva_mlp.ipynb").read_bytes(), name="uva_mlp.ipynb").cells
    assert any(cell.source.startswith("    class MLP") for cell in cells)


def test_no_note_about_the_images(grade_many: Any, tmp_path: Path) -> None:
    """Where CIFAR-10 is not downloaded, a stand-in lets the cells around the definitions run: no note tells of them."""
    students = {"reference": {SCRIPT.name: SCRIPT.read_bytes()}}
    assignment = read_assignment(COURSE, "uva-mlp")
    result = grade_many(assignment, students, folder=tmp_path, tasks=("checkpoints",))["reference"]
    assert [check.verdict for check in result.tasks[0].checks] == [Verdict.PASSED] * 2
    assert [note for note in result.notes if "did not run" in note] == []
