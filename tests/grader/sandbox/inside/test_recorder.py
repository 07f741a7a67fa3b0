"""Tests of watching calls: what the student's code calls is seen, what torch calls inside is not."""

import functools

import pytest
import torch
from torch import nn

from grader.errors import CourseError
from grader.sandbox.inside.recorder import record_calls

X = torch.randn(2, 3)
LAYER = nn.Linear(3, 3)


def _loss():
    w = torch.ones(3, requires_grad=True)
    return (w * w).sum(), w


def _seen(function, *names):
    with record_calls(names) as record:
        function()
    return record.seen


class Mine(nn.Linear):
    """A layer of the student's own that is a Linear."""

    def __init__(self):
        super().__init__(3, 3)


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("torch.relu", lambda: torch.relu(X)),
        ("torch.relu", lambda: getattr(torch, "relu")(X)),  # noqa: B009 - as a student hides it
        ("torch.nn.functional.relu", lambda: nn.functional.relu(X)),
        ("torch.nn.functional.*", lambda: nn.functional.relu(X)),
        ("torch.nn.functional.*", lambda: nn.functional.max_pool2d(X[None, None], 2)),
        ("torch.nn.functional.*", lambda: nn.functional.cross_entropy(X, torch.tensor([0, 1]))),
        ("torch.nn.functional.linear", lambda: nn.functional.linear(X, X)),
        ("torch.nn.functional.linear", lambda: torch._C._nn.linear(X, X)),
        ("torch.Tensor.matmul", lambda: X @ X.T),
        ("torch.einsum", lambda: torch.einsum("ij,ij->", X, X)),
        ("torch.zeros", lambda: torch.zeros(3)),
        ("torch.autograd", lambda: _loss()[0].backward()),
        ("torch.autograd.backward", lambda: _loss()[0].backward()),
        ("torch.Tensor.backward", lambda: _loss()[0].backward()),
        ("torch.autograd.backward", lambda: torch.autograd.backward(_loss()[0])),
        ("torch.autograd.grad", lambda: torch.autograd.grad(*_loss())),
        ("torch.autograd", lambda: torch.autograd.functional.jacobian(torch.sin, X)),
        ("torch.nn.Linear", lambda: LAYER(X)),
        ("torch.nn.Linear", lambda: nn.Linear(3, 3)),
        ("torch.nn.Linear", lambda: nn.Sequential(nn.ReLU(), LAYER)(X)),
        ("torch.nn.Linear", Mine),
        ("torch.nn.Linear", lambda: functools.reduce(getattr, ["nn", "Linear"], torch)(3, 3)),
        ("torch.nn.modules.linear.Linear", lambda: LAYER(X)),
        ("torch.nn", lambda: nn.ReLU()(X)),
        ("torch.optim", lambda: torch.optim.SGD([_loss()[1]], lr=0.1)),
        ("torch.optim.SGD", lambda: torch.optim.SGD([_loss()[1]], lr=0.1).step()),
    ],
)
def test_a_call_is_seen(name, function):
    """A forbidden function that is called, or layer or optimizer that is made or used, is seen as declared."""
    assert _seen(function, "torch.fft", name) == {name}


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("torch.nn.functional.*", lambda: LAYER(X)),
        ("torch.nn.functional.linear", lambda: LAYER(X)),
        ("torch.nn.Linear", lambda: nn.functional.linear(X, X)),
        ("torch.nn.Linear", lambda: nn.Bilinear(3, 3, 3)),
        ("torch.nn.Linear", lambda: nn.TransformerEncoderLayer(4, 2, 4)(torch.zeros(1, 2, 4))),
        ("torch.nn.functional.relu", lambda: torch.relu(X)),
        ("torch.Tensor.add_", lambda: torch.optim.SGD([_loss()[1]], lr=0.1).step()),
        ("torch.optim.SGD", lambda: torch.optim.Adam([_loss()[1]]).step()),
        ("torch.autograd", lambda: X @ X.T),
        ("torch.nn.Linear", lambda: type("Linear", (nn.Module,), {})()),
        ("torch.softmax", lambda: nn.Softmax(1)(X)),
    ],
)
def test_what_torch_calls_inside_is_not_seen(name, function):
    """What an allowed layer or optimizer calls to do its work, and what has a similar name, is not seen."""
    assert _seen(function, name) == set()


def test_a_step_after_a_scheduler_is_seen():
    """An optimizer that was made before is seen when it steps, also through a scheduler's wrapper."""
    loss, w = _loss()
    loss.backward()
    optimizer = torch.optim.SGD([w], lr=0.1)
    torch.optim.lr_scheduler.StepLR(optimizer, 1)
    assert _seen(optimizer.step, "torch.optim.SGD") == {"torch.optim.SGD"}


def test_what_the_probe_calls_is_ignored():
    """The instructor's probe may call what the student may not; what the student's code makes for it is seen."""
    space = {"torch": torch, "X": X, "make": lambda: nn.Linear(3, 3)}
    own = compile("torch.relu(X); torch.nn.Linear(3, 3)(X)", "probes.py", "exec")
    with record_calls(["torch.relu", "torch.nn.Linear"]) as record:
        exec(own, space)
    assert record.seen == set()
    with record_calls(["torch.nn.Linear"]) as record:
        exec(compile("make()(X)", "probes.py", "exec"), space)
    assert record.seen == {"torch.nn.Linear"}


def test_results_stay_the_same():
    """Watching changes no result and no gradient."""

    def step():
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(), nn.Linear(4, 1))
        loss = model(X).square().mean()
        loss.backward()
        return loss.item(), model[0].weight.grad

    plain = step()
    with record_calls(["torch.nn.Linear"]):
        again = step()
    assert again[0] == plain[0]
    assert torch.equal(again[1], plain[1])


def test_everything_is_put_back():
    """Afterwards nothing is watched, also after an exception."""
    before = (nn.Module.__init__, torch.optim.Optimizer.__init__)
    with pytest.raises(ZeroDivisionError), record_calls(["torch.relu", "torch.nn.Linear"]) as record:
        raise ZeroDivisionError
    torch.relu(X)
    LAYER(X)
    assert record.seen == set()
    assert (nn.Module.__init__, torch.optim.Optimizer.__init__) == before


def test_without_names_nothing_is_watched():
    """No forbidden name installs nothing at all."""
    before = nn.Module.__init__
    with record_calls([]) as record:
        assert nn.Module.__init__ is before
        assert torch._C._len_torch_function_stack() == 0
        torch.relu(X)
    assert record.seen == set()


def test_a_malformed_name_is_the_courses_mistake():
    """A forbidden name that is no dotted name is refused."""
    with pytest.raises(CourseError, match="it is not a dotted name"), record_calls(["torch.nn."]):
        pass
