"""Tests of the names of operations: the table agrees with the torch that is installed."""

import importlib
import pkgutil
import warnings

import pytest
import torch
from torch import nn
from torch.nn import functional

from grader.sandbox.inside.forbidden.names import SPELLINGS, ForbiddenNames

PLACES = {
    "torch": torch,
    "torch.Tensor": torch.Tensor,
    "torch.special": torch.special,
    "torch._C._nn": torch._C._nn,
    "torch.ops.aten": torch.ops.aten,
}
OTHERS = {"unfold"}  # `x.unfold` cuts windows along one axis, `functional.unfold` takes patches of an image


def _exists(path):
    owner, _, name = path.rpartition(".")
    try:
        return hasattr(pkgutil.resolve_name(owner), name)
    except AttributeError:  # torch.optim hides its modules behind its classes
        return hasattr(importlib.import_module(owner), name)


@pytest.mark.parametrize("operation", SPELLINGS)
def test_each_spelling_exists(operation):
    """Every name in the table is one of the installed torch, so that a name that torch drops is noticed."""
    assert [name for name in sorted(SPELLINGS[operation]) if not _exists(name)] == []


def _functionals():
    own = (nn.functional.__name__, "torch", "torch._C._nn", None)
    for name in dir(functional):
        value = getattr(functional, name)
        if callable(value) and name[0].islower() and getattr(value, "__module__", None) in own:
            yield name


def test_no_spelling_is_left_out():
    """Wherever torch has a name of torch.nn.functional as well, the table says so."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        there = {name: [place for place, owner in PLACES.items() if hasattr(owner, name)] for name in _functionals()}
    assert len(there) > 100
    pairs = [
        (f"torch.nn.functional.{name}", f"{place}.{name}") for name in there.keys() - OTHERS for place in there[name]
    ]
    missing = [
        written
        for one, other in pairs
        for forbidden, written in [(one, other), (other, one)]
        if not ForbiddenNames([forbidden]).matching(written)
    ]
    assert missing == []


def test_transformations_are_spellings_of_autograd():
    """Everything in torch.func that differentiates is forbidden with torch.autograd, and nothing else of it."""
    forbidden = ForbiddenNames(["torch.autograd"])
    found = {name for name in torch.func.__all__ if forbidden.matching(f"torch.func.{name}")}
    assert found == {"grad", "grad_and_value", "vjp", "jvp", "jacrev", "jacfwd", "hessian", "linearize"}


def test_lazy_layers_are_the_layers_they_become():
    """A lazy layer is forbidden with the layer that it becomes."""
    lazy = [kind for name, kind in vars(nn).items() if name.startswith("Lazy")]
    assert lazy
    for kind in lazy:
        assert ForbiddenNames([f"torch.nn.{kind.cls_to_become.__name__}"]).matching(f"torch.nn.{kind.__name__}")
