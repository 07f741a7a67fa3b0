"""The reference of technion-hw2's convolutional networks, tested directly against known figures.

The graded checks of the same code are in tests/assignments/technion-hw2/. The figures depend on the order in which the
parameters are drawn, and those of networks with dropout on torch's stream of random numbers in training mode, too:
graded checks must never ask for them.
"""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

REFERENCE = Path(__file__).parents[3] / "reference" / "technion-hw2"

CNN_OPTIONS: tuple[dict[str, Any], ...] = (
    {
        "out_classes": 10,
        "channels": [32] * 4,
        "pool_every": 2,
        "hidden_dims": [100] * 2,
        "conv_params": {"kernel_size": 3, "stride": 1, "padding": 1},
        "activation_type": "relu",
        "activation_params": {},
        "pooling_type": "max",
        "pooling_params": {"kernel_size": 2},
    },
    {
        "out_classes": 10,
        "channels": [32] * 4,
        "pool_every": 2,
        "hidden_dims": [100] * 2,
        "conv_params": {"kernel_size": 5, "stride": 2, "padding": 3},
        "activation_type": "lrelu",
        "activation_params": {"negative_slope": 0.05},
        "pooling_type": "avg",
        "pooling_params": {"kernel_size": 3},
    },
    {
        "out_classes": 3,
        "channels": [16] * 5,
        "pool_every": 3,
        "hidden_dims": [100],
        "conv_params": {"kernel_size": 2, "stride": 2, "padding": 2},
        "activation_type": "lrelu",
        "activation_params": {"negative_slope": 0.1},
        "pooling_type": "max",
        "pooling_params": {"kernel_size": 2},
    },
)
CNN_FIGURES = (
    [0.0745, -0.1058, 0.0928, 0.0476, 0.0057, 0.0051, 0.0938, -0.0582, 0.0573, 0.0583],
    [0.0724, -0.0030, 0.0637, -0.0073, 0.0932, -0.0662, -0.0656, 0.0076, 0.0193, 0.0241],
    [-0.0004, -0.0094, 0.0817],
)
RESNET_OPTIONS: tuple[dict[str, Any], ...] = (
    {
        "out_classes": 10,
        "channels": [32, 64] * 3,
        "pool_every": 4,
        "hidden_dims": [100] * 2,
        "activation_type": "lrelu",
        "activation_params": {"negative_slope": 0.01},
        "pooling_type": "avg",
        "pooling_params": {"kernel_size": 2},
        "batchnorm": True,
        "dropout": 0.1,
        "bottleneck": False,
    },
    {
        "out_classes": 5,
        "channels": [64, 16, 64] * 4,
        "pool_every": 3,
        "hidden_dims": [64],
        "activation_type": "tanh",
        "pooling_type": "max",
        "pooling_params": {"kernel_size": 2},
        "batchnorm": True,
        "dropout": 0.1,
        "bottleneck": True,
    },
)
# Seen with torch 2.13 on Linux x86-64, in training mode: other builds may draw other numbers for dropout.
RESNET_FIGURES = (
    [0.0584, 0.0433, 0.2024, -0.0422, -0.0641, 0.1364, -0.0659, -0.0478, 0.0872, 0.0456],
    [-0.0611, -0.0235, -0.0145, -0.3832, -0.2793],
)
BLOCK_NORM = 19.9991


def _forget() -> None:
    for name in [name for name in sys.modules if name.split(".")[0] in ("hw2", "cs236781")]:
        del sys.modules[name]


@pytest.fixture
def hw2(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """Import the reference's modules for one test and forget them again."""
    _forget()
    monkeypatch.syspath_prepend(str(REFERENCE))
    names = ("answers", "cnn", "mlp")
    yield SimpleNamespace(**{name: importlib.import_module(f"hw2.{name}") for name in names})
    _forget()


def _run_seeded(create: Any, size: tuple[int, ...], **options: Any) -> torch.Tensor:
    """Create a network and run one image of ones, both from the seed 42."""
    torch.manual_seed(42)
    net = create(**options)
    torch.manual_seed(42)
    output: torch.Tensor = net(torch.ones(1, *size)).detach()
    return output


@pytest.mark.parametrize("i", range(3))
def test_cnn_gives_the_figures_of_the_document(hw2: SimpleNamespace, i: int) -> None:
    """A CNN with the document's seed gives the document's scores to four decimals."""
    scores = _run_seeded(hw2.cnn.CNN, (3, 100, 100), in_size=(3, 100, 100), **CNN_OPTIONS[i])
    assert scores[0].tolist() == pytest.approx(CNN_FIGURES[i], abs=6e-5)


@pytest.mark.parametrize("i", range(2))
def test_resnet_gives_known_figures(hw2: SimpleNamespace, i: int) -> None:
    """A ResNet with the document's arguments gives the scores that independent implementations give, too."""
    scores = _run_seeded(hw2.cnn.ResNet, (3, 100, 100), in_size=(3, 100, 100), **RESNET_OPTIONS[i])
    assert scores[0].tolist() == pytest.approx(RESNET_FIGURES[i], abs=6e-5)


def test_residual_block_gives_a_known_norm(hw2: SimpleNamespace) -> None:
    """The document's residual block returns an output whose norm is known from independent implementations."""
    options = {"in_channels": 3, "channels": [6, 4] * 2, "kernel_sizes": [3, 5] * 2, "batchnorm": True, "dropout": 0.2}
    output = _run_seeded(hw2.cnn.ResidualBlock, (3, 32, 32), **options)
    assert output.shape == (1, 4, 32, 32)
    assert output.norm().item() == pytest.approx(BLOCK_NORM, abs=6e-5)


def test_cnn_prints_as_in_the_document(hw2: SimpleNamespace) -> None:
    """A CNN shows its layers in a feature_extractor and an mlp, each a Sequential."""
    net = hw2.cnn.CNN((3, 100, 100), **CNN_OPTIONS[2])
    lines = [line.strip() for line in str(net).splitlines()]
    assert lines[1:4] == [
        "(feature_extractor): Sequential(",
        "(0): Conv2d(3, 16, kernel_size=(2, 2), stride=(2, 2), padding=(2, 2))",
        "(1): LeakyReLU(negative_slope=0.1)",
    ]
    kinds = [type(layer).__name__ for layer in net.feature_extractor]
    assert kinds == ["Conv2d", "LeakyReLU"] * 3 + ["MaxPool2d"] + ["Conv2d", "LeakyReLU"] * 2
    assert [type(layer).__name__ for layer in net.mlp.seq] == ["Linear", "LeakyReLU", "Linear", "Identity"]


def test_resnet_consists_of_blocks_and_pooling(hw2: SimpleNamespace) -> None:
    """A ResNet's groups are bottlenecks where they may be, each full one with a pooling layer behind it."""
    net = hw2.cnn.ResNet((3, 100, 100), **RESNET_OPTIONS[1])
    kinds = [type(layer).__name__ for layer in net.feature_extractor]
    assert kinds == ["ResidualBlock", "MaxPool2d"] + ["ResidualBottleneckBlock", "MaxPool2d"] * 3
    kinds = [type(layer).__name__ for layer in net.feature_extractor[0].main_path]
    assert kinds == ["Conv2d", "Dropout2d", "BatchNorm2d", "Tanh"] * 2 + ["Conv2d"]


def test_counting_features_changes_nothing(hw2: SimpleNamespace) -> None:
    """_n_features draws no random number, and leaves mode and running statistics as they are."""
    net = hw2.cnn.ResNet((3, 100, 100), **RESNET_OPTIONS[0])
    stream, state = torch.get_rng_state(), {name: value.clone() for name, value in net.state_dict().items()}
    assert net._n_features() == 160_000
    assert torch.equal(stream, torch.get_rng_state())
    assert all(torch.equal(value, state[name]) for name, value in net.state_dict().items())
    assert all(module.training for module in net.modules())
    assert not any(module.num_batches_tracked for module in net.modules() if isinstance(module, torch.nn.BatchNorm2d))


def test_residual_block_refuses_what_does_not_fit(hw2: SimpleNamespace) -> None:
    """Channels and kernel sizes come in pairs, and kernels have a middle."""
    with pytest.raises(ValueError, match=r"There are 2 channels and 1 kernel sizes: one for each\."):
        hw2.cnn.ResidualBlock(3, [4, 4], [3])
    with pytest.raises(ValueError, match=r"The kernel sizes are \[3, 4\]; they have to be odd\."):
        hw2.cnn.ResidualBlock(3, [4, 4], [3, 4])


def test_your_cnn_is_no_plain_cnn(hw2: SimpleNamespace) -> None:
    """The reference's own design has what CNN lacks, and trains all of its parameters."""
    net = hw2.cnn.YourCNN((3, 32, 32), 10, channels=[8] * 4, pool_every=2, hidden_dims=[16])
    kinds = {type(module).__name__ for module in net.modules()}
    assert {"BatchNorm2d", "Dropout2d", "ResidualBlock"} <= kinds
    net(torch.rand(4, 3, 32, 32)).sum().backward()
    assert all(parameter.grad is not None for parameter in net.parameters())


def test_deep_network_of_own_design_keeps_rows_and_columns(hw2: SimpleNamespace) -> None:
    """However many poolings are asked for, something is left of the image."""
    net = hw2.cnn.YourCNN((3, 32, 32), 10, channels=[4] * 12, pool_every=1, hidden_dims=[16])
    assert net(torch.rand(2, 3, 32, 32)).shape == (2, 10)


def test_part4_hyperparameters_fit_sgd(hw2: SimpleNamespace) -> None:
    """part4_optim_hp names a loss function and arguments of torch.optim.SGD."""
    settings = hw2.answers.part4_optim_hp()
    assert callable(settings.pop("loss_fn"))
    assert set(settings) == {"lr", "weight_decay", "momentum"}
