"""Lookalikes of tensors of another shape: each told for its own mistake."""

import pytest
import torch

from grader.compare import Context, Spec
from grader.compare.assertion import compare
from grader.compare.wording import feedback_for

MATRICES = [(2, 2), (4, 4), (7, 5), (30, 3)]


def noise(shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def found(actual, expected, **facts):
    """Return the (name, sentence) of the lookalike of one value."""
    lookalike = compare({"z": actual}, {"z": expected}, context=Context(**facts)).lookalike
    return (lookalike.name, lookalike.sentence) if lookalike else (None, "")


@pytest.mark.parametrize("shape", MATRICES)
def test_transposed(shape):
    """A transposed matrix is named, whether its shape shows it or not."""
    x = noise(shape)
    assert found(x.T, x) == ("transposed", "That is the transpose: check the order of the factors.")


def test_the_transpose_is_told_behind_both_shapes():
    """The sentence about a transposed matrix starts with both shapes."""
    comparison = compare({"z": noise((10, 5))}, {"z": noise((10, 5)).T})
    assert feedback_for(comparison).message == (
        "`z` has shape (10, 5); expected (5, 10). That is the transpose: check the order of the factors."
    )


@pytest.mark.parametrize(
    "expected",
    [
        torch.tensor([[1.0, 2.0], [2.0, 1.0]]),
        torch.eye(3),
        torch.zeros(3, 3),
        torch.ones(3, 3),
        noise((4, 4)) + noise((4, 4)).T,
    ],
)
def test_a_symmetric_matrix_is_never_transposed(expected):
    """Where transposing changes nothing, or the values are too plain, nothing is said of a transpose."""
    actual = expected.clone()
    actual[0, 1] += 1
    assert found(actual, expected)[0] not in ("transposed", "permuted axes")


@pytest.mark.parametrize(
    ("shape", "order", "told"),
    [
        ((3, 3, 3), (1, 0, 2), "1, 0, 2"),
        ((2, 3, 4), (2, 0, 1), "1, 2, 0"),
        ((4, 2, 3, 3), (0, 2, 3, 1), "0, 3, 1, 2"),
    ],
)
def test_permuted_axes(shape, order, told):
    """Permuted axes are named with the order that mends them."""
    x = noise(shape)
    name, sentence = found(x.permute(order), x)
    assert name == "permuted axes"
    assert sentence == f"Its axes are in another order; `.permute({told})` would make it right."
    assert torch.equal(x.permute(order).permute([int(axis) for axis in told.split(", ")]), x)


@pytest.mark.parametrize("shape", [(35,), (5, 7), (7, 5, 1), (1, 7, 5)])
def test_reshaped(shape):
    """Right values in another shape are named."""
    x = noise((7, 5))
    name, sentence = found(x.reshape(shape), x)
    assert name == "reshaped"
    assert sentence.startswith("The values are right, only the shape isn't: check `reshape`, `squeeze`")


@pytest.mark.parametrize(
    ("axes", "told"), [((0,), "axis 0"), ((1,), "axis 1"), ((0, 2), "axes 0, 2"), ((0, 1, 2), "axes 0, 1, 2")]
)
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_not_reduced(axes, told, reduction):
    """A missing sum or mean is named with its axes."""
    x = noise((4, 3, 5))
    name, sentence = found(x, getattr(x, reduction)(dim=axes))
    assert name == "not reduced"
    assert sentence == f"Its {reduction} over {told} is what is expected: that reduction is missing."


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_reduced_too_much(reduction):
    """A sum or mean over an axis that should have stayed is named."""
    x = noise((4, 5))
    name, sentence = found(getattr(x, reduction)(dim=0), x)
    assert name == "reduced too much"
    assert sentence.startswith(f"It is the {reduction} of the expected tensor over axis 0: keep")


@pytest.mark.parametrize("shape", [(4, 5), (4, 4), (6, 5, 4)])
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_wrong_axis(shape, reduction):
    """A reduction of a known tensor over the wrong axis is named with both axes."""
    x = noise(shape)
    reduce = getattr(x, reduction)
    name, sentence = found(reduce(dim=1), reduce(dim=0), others={"the gradient": x})
    assert name == "wrong axis"
    assert sentence == f"It is the {reduction} of the gradient over axis 1; expected is the {reduction} over axis 0."


@pytest.mark.parametrize(
    ("actual", "expected", "name", "sentence"),
    [
        ((5, 3), (3, 5), "swapped axes", "The two axes are exchanged: check which size comes first"),
        ((5, 1), (5,), "axes of size 1", "Only axes of size 1 differ: check `squeeze`"),
        ((1,), (), "axes of size 1", "Only axes of size 1 differ"),
        ((2, 5, 3), (5, 3, 2), "axes in another order", "The axes have the right sizes in another order."),
        ((7, 2, 5), (5,), "extra axes", "The sizes (7, 2) in front should not be there: is a sum or mean missing?"),
        ((5, 7), (5,), "extra axes", "The sizes (7,) at the end should not be there"),
        ((5, 7), (5, 8), None, ""),
        ((5,), (5, 8), None, ""),
    ],
)
def test_shapes_alone(actual, expected, name, sentence):
    """Where only the shapes are known, or the values fit nothing, the shapes are explained."""
    spec = found(noise(actual), Spec(expected))
    values = found(noise(actual), noise(expected, seed=1))
    assert spec == values
    assert spec[0] == name
    assert spec[1].startswith(sentence)
