"""Tests of importing torchvision beside a CPU-only torch, each in a process of its own."""

import subprocess
import sys

import pytest


def _run(code):
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.split()


START = "from grader.sandbox.inside.torchvision_ops import make_torchvision_importable as make; "


def test_torchvision_imports_and_works():
    """After the call torchvision imports, and its transforms, data sets and models work."""
    code = START + (
        "make(); import torch, torchvision; torchvision.datasets.CIFAR10; "
        "print(tuple(torchvision.transforms.RandomCrop(24)(torch.rand(3, 32, 32)).shape)); "
        "print(tuple(torchvision.models.resnet18().eval()(torch.zeros(1, 3, 32, 32)).shape))"
    )
    assert _run(code) == ["(3,", "24,", "24)", "(1,", "1000)"]


def test_it_may_be_called_any_number_of_times():
    """A second call, before or after the import, does nothing and answers the same."""
    first, second, third = _run(START + "print(make()); print(make()); import torchvision; print(make())")
    assert first == second == third


def test_it_does_not_import_torchvision():
    """The call itself leaves torchvision unimported, which costs seconds."""
    assert _run(START + "make(); import sys; print('torchvision' in sys.modules)") == ["False"]


def test_real_operators_are_left_alone():
    """Where the operators are declared already, nothing is declared again."""
    code = (
        "import torch; real = torch.library.Library('torchvision', 'DEF'); "
        "real.define('nms(Tensor a, Tensor b, float c) -> Tensor'); "
        "real.define('qnms(Tensor a, Tensor b, float c) -> Tensor'); "
    )
    assert _run(code + START + "print(make()); import torchvision") == ["False"]


def test_without_torchvision_nothing_is_done():
    """Where torchvision is not installed the call declares nothing."""
    nothing = "from types import SimpleNamespace; own.PathFinder = SimpleNamespace(find_spec=lambda name: None); "
    code = f"{START}import grader.sandbox.inside.torchvision_ops as own; {nothing}"
    assert _run(code + "import torch; print(make(), hasattr(torch.ops.torchvision, 'nms'))") == ["False", "False"]


def test_it_is_needed_exactly_where_the_import_fails():
    """The answer is True where a plain `import torchvision` fails for want of the operators, else False."""
    plain = subprocess.run([sys.executable, "-c", "import torchvision"], capture_output=True, text=True, timeout=120)
    if plain.returncode and "torchvision::nms" not in plain.stderr:
        pytest.skip("torchvision fails for another reason")
    assert _run(START + "print(make())") == [str(plain.returncode != 0)]
