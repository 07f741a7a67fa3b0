"""Hidden checks of PreActResNetBlock: c_out without subsampling, equal channels, training mode, gradients.

test_block.py has the public ones, and says what is free.
"""

from functools import partial

import pytest
import torch
from test_block import (
    ask_for_paths,
    assert_block,
    assert_one_of,
    block_output,
    draw_block,
    is_usual,
    main_paths,
    other_path,
    without_unused,
)

from grader.compare import Context, Spec, assert_matches, measured


@pytest.mark.graded(
    task="block",
    weight=2,
    after="test_block_shape",
    grounds="practical 2, line 265: c_out matters only where the block subsamples",
)
def test_block_ignores_c_out(probe, rng):
    """Without subsampling c_out doesn't matter

    There are as many channels behind the block as before, whatever c_out says.
    """
    x = torch.randn(2, 6, 8, 8, generator=rng)
    actual = probe("block_paths", c_in=6, x=x, c_out=9)
    path = str(actual["main path"])
    if "conv(6→6" not in path or "→9" in path:  # what else is wrong with the path is charged elsewhere
        assert_one_of(actual, "main path", main_paths(6, 6, subsample=False))
    assert_matches(probe("block_shape", c_in=6, x=x, c_out=9), {"output": Spec((2, 6, 8, 8))})


@pytest.mark.graded(
    task="block",
    weight=2,
    after="test_block_shape_subsampled",
    grounds="practical 2, lines 255 and 264: subsampling needs the 1x1 convolution, whatever c_out is",
)
def test_block_subsampled_same_width(probe, expected, rng):
    """A block that subsamples needs the 1×1 convolution also where the number of channels stays the same"""
    assert_block(probe, expected, rng, a=5, b=5, size=(8, 12), subsample=True)


@pytest.mark.graded(
    task="block",
    weight=2,
    after="test_block_output",
    grounds="practical 2, lines 245 and 325: the normalizations of F are batch norms",
)
def test_block_in_training(probe, expected, rng):
    """In training mode the norms use the mean and the variance of the batch"""
    assert_block(probe, expected, rng, a=8, b=8, size=(6, 6), subsample=False, training=True)


@pytest.mark.graded(
    task="block",
    weight=3,
    after=["test_block_output", "test_block_output_subsampled"],
    grounds="practical 2, line 247: the gradient is the identity plus that of F",
)
def test_block_gradients(probe, expected, rng):
    """Gradients reach the input on both paths, and the weights of all layers"""
    for a, b, subsample in ((5, 5, False), (3, 6, True)):
        x = torch.randn(3, a, 8, 8, generator=rng)
        dout = torch.randn(3, b, *((4, 4) if subsample else (8, 8)), generator=rng)
        call = {"c_in": a, "x": x, "subsample": subsample, **({"c_out": b} if subsample else {})}
        paths = ask_for_paths(probe, call, rng, a=a, b=b, subsample=subsample)
        weights = without_unused(draw_block(rng, a, b, subsample=subsample), paths["shortcut"])
        call |= {"weights": weights, "dout": dout}
        if not paths["main"]:
            assert_gradients_of_sum(probe, call, paths["shortcut"])
            continue
        actual = probe("block_pass", **call)
        formula = partial(measured, partial(gradients, paths=paths), x=x, w=weights, dout=dout)
        usual = is_usual(paths, a=a, b=b, subsample=subsample)
        wanted = expected("block_pass", lambda formula=formula: formula(), **call) if usual else formula()
        assert_matches(actual, wanted, context=Context(batch_size=3))


def assert_gradients_of_sum(probe, call, shortcut):
    """Ask for the gradients of both paths, whatever the main path consists of."""
    actual, x, dout = probe("block_sum", **call), call["x"], call["dout"]
    assert_matches(actual, {"grad of x on the main path": Spec(tuple(x.shape))})
    leaf = x.clone().requires_grad_()
    (around,) = torch.autograd.grad(other_path(leaf * 1, call["weights"], shortcut, training=False), leaf, dout)
    wanted = {"grad of x": actual["grad of x on the main path"] + around, "layers that get no gradient": []}
    assert_matches(actual, wanted, context=Context(batch_size=len(x)))


def gradients(x, w, dout, paths):
    """Return autograd's gradients of x and of the weights."""
    leaves = {name: tensor for name, tensor in {"x": x, **w}.items() if "running" not in name}
    leaves = {name: tensor.detach().requires_grad_() for name, tensor in leaves.items()}
    z = block_output(leaves["x"], w | leaves, **paths)
    values = torch.autograd.grad(z, tuple(leaves.values()), dout)
    return {f"grad of {name}": value for name, value in zip(leaves, values, strict=True)}
