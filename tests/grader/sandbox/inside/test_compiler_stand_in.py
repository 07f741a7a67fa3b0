"""Promises of what stands in for the compiler of torch: numbers are the same, and nothing has to be imported."""

import json
import subprocess
import sys

import pytest

STEPS = """
import json, sys
import torch
from grader.sandbox.inside import compiler_stand_in
from grader.sandbox.inside.torchvision_ops import make_torchvision_importable

make_torchvision_importable()
DYNAMO, SHAPES = "torch._dynamo", "torch.fx.experimental.symbolic_shapes"
if sys.argv[1] == "here":
    compiler_stand_in.stand_in_for_compiler()

def trained(make):
    torch.manual_seed(7)
    model = torch.nn.Linear(4, 4, bias=False)
    optimizer = make(model.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 2)
    x = torch.ones(3, 4)
    for _step in range(3):
        def loss():
            optimizer.zero_grad()
            value = model(x).square().mean()
            value.backward()
            return value
        loss()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step(loss)
        schedule.step()
    return model.weight.tolist()

def refused(x):
    try:
        x.square().backward(torch.ones(3, 3))
    except RuntimeError as error:
        return str(error)

names = sorted(set(dir(torch.optim)) - {"Optimizer", "SparseAdam"})
kinds = {name: getattr(torch.optim, name) for name in names}
kinds = {name: kind for name, kind in kinds.items() if isinstance(kind, type)}
told = {"weights": {name: trained(kind) for name, kind in kinds.items()}}
x = torch.ones(3, 4, requires_grad=True)
x.square().backward(torch.full((3, 4), 2.0))
told["gradient"] = x.grad.tolist()
told["refused"] = refused(x)
import torchvision.models
compiler_stand_in.import_really("torchvision")  # is learned so, and takes no stand-in away
told["imported"] = [name for name in (DYNAMO, SHAPES) if compiler_stand_in.is_imported(name)]
print(json.dumps(told))
"""
MORE = """
import sys
import torch
from grader.sandbox.inside import compiler_stand_in as stand_in

stand_in.stand_in_for_compiler()
import torch._dynamo

before = torch._dynamo
assert not stand_in.is_imported("torch._dynamo") and not hasattr(before, "__all__") and before.__file__
import torch._dynamo.config
assert stand_in.is_imported("torch._dynamo") and sys.modules["torch._dynamo"] is torch._dynamo is not before
assert before.OptimizedModule is torch._dynamo.OptimizedModule and before.config is torch._dynamo.config
stand_in.stand_in_for_compiler()
assert stand_in.is_imported("torch._dynamo")

from torch.fx.experimental.symbolic_shapes import ShapeEnv, sym_eq
assert stand_in.is_imported("torch.fx.experimental.symbolic_shapes") and sym_eq((1, 2), (1, 2))
from torch._dynamo.utils import is_compile_supported
assert is_compile_supported("cpu") == stand_in._HERE["torch._dynamo.utils"]["is_compile_supported"]("cpu")
unknown = ShapeEnv().create_unbacked_symint()
here = stand_in.StandIn("torch.fx.experimental.symbolic_shapes", stand_in._HERE[sym_eq.__module__])
assert isinstance(here.sym_eq((unknown,), (2,)), torch.SymBool) and here.expect_true(here.sym_eq((unknown,), (2,)))
"""


def _printed(code, *arguments):
    command = [sys.executable, "-W", "ignore", "-c", code, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def with_stand_ins():
    return json.loads(_printed(STEPS, "here"))


def test_optimizers_and_gradients_import_no_compiler(with_stand_ins):
    """Optimizers step, a gradient flows and torchvision is there without the compiler; a wrong shape is refused."""
    assert with_stand_ins["imported"] == []
    assert len(with_stand_ins["weights"]) >= 10
    assert with_stand_ins["gradient"] == [[4.0] * 4] * 3
    assert "Mismatch in shape: grad_output[0] has a shape of torch.Size([3, 3])" in with_stand_ins["refused"]


def test_numbers_are_those_of_torch_with_its_compiler(with_stand_ins):
    """What stands in changes no number and no message."""
    assert json.loads(_printed(STEPS, "")) | {"imported": []} == with_stand_ins


def test_whoever_asks_for_more_has_the_real_module():
    """Whatever else is asked for of these modules comes from the real one, which takes the place from then on."""
    _printed(MORE)
