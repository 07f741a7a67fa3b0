"""Lookalikes of steps and terms that other tensors explain: each told for its own mistake."""

import pytest
import torch

from grader.compare import Context
from grader.compare.assertion import compare

SHAPES = [(5,), (4, 4), (7, 5), (2, 3, 4)]
BEFORE = "the weights before the step"


def noise(shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def found(actual, expected, *, siblings=None, **facts):
    """Return the (name, sentence) of the lookalike of one value, with what is expected beside it."""
    lookalike = compare(
        {"z": actual, **(siblings or {})}, {"z": expected, **(siblings or {})}, context=Context(**facts)
    ).lookalike
    return (lookalike.name, lookalike.sentence) if lookalike else (None, "")


@pytest.mark.parametrize("shape", SHAPES)
def test_another_outputs_value(shape):
    """A tensor that is what another output should be is told with that output's name."""
    x, y = noise(shape), noise(shape, seed=1)
    assert found(y, x, siblings={"p after step 1": y}) == (
        "equals another output",
        "It equals what is expected of `p after step 1`: are the two mixed up, or is it one step off?",
    )


def test_another_outputs_value_in_another_shape():
    """Two gradients that are mixed up are told, though their shapes differ; also where they are items of a list."""
    dw, db = noise((5, 3)), noise(5)
    comparison = compare({"grads": [db, dw]}, {"grads": [dw, db]})
    sentences = [difference.lookalike.sentence for difference in comparison.differences]
    assert [sentence.split(":")[0] for sentence in sentences] == [
        "It equals what is expected of `grads[1]`",
        "It equals what is expected of `grads[0]`",
    ]


def test_plain_values_of_another_output_are_no_explanation():
    """Zeros, ones and round numbers that another output has as well explain nothing."""
    x = torch.tensor([2.0, 2.0, 3.0])
    assert found(torch.ones(3), x, siblings={"mask": torch.ones(3)})[0] is None
    assert found(torch.tensor(1.0), torch.tensor(0.5), siblings={"accuracy": torch.tensor(1.0)})[0] is None


@pytest.mark.parametrize(("word", "by"), [("late", 1), ("early", -1)])
@pytest.mark.parametrize(("shape", "axis"), [((9,), 0), ((6, 3), 0), ((3, 6), 1)])
def test_one_step_late(shape, axis, word, by):
    """Values that stand one place too late or too early along an axis are told with the axis."""
    x = noise(shape)
    actual = x.roll(by, dims=axis)
    actual.select(axis, 0 if by > 0 else -1).fill_(7.7)
    assert found(actual, x) == (
        "shifted",
        f"Along axis {axis}, every value stands one place too {word}: check what comes first in a round of the loop.",
    )


def test_a_ramp_is_not_called_late():
    """A sequence of equal steps that starts elsewhere is off by a constant; a constant one is nothing at all."""
    ramp = torch.arange(6.0) / 7
    assert found(ramp + 0.05, ramp)[0] == "constant offset"
    flat = torch.ones(6)
    assert found(torch.cat([torch.zeros(1), flat[1:]]), flat)[0] is None


@pytest.mark.parametrize("shape", [(), *SHAPES])
def test_a_factor_with_a_name(shape):
    """A factor that the check names is told by its name, too much or missing."""
    x, others = noise(shape), {"(1 - momentum)": torch.tensor(0.3)}
    assert found(0.3 * x, x, others=others) == (
        "named factor too much",
        "Yours is (1 - momentum) times what is expected: leave that factor out.",
    )
    assert found(x / 0.3, x, others=others) == (
        "named factor missing",
        "Yours is what is expected divided by (1 - momentum): that factor is missing.",
    )


def test_numbers_that_change_nothing_are_no_factor():
    """Zero, one, minus one and infinity are never told as a factor."""
    others = {f"n{n}": torch.tensor(float(n)) for n in (0, 1, -1, float("inf"))}
    assert found(-noise(5), noise(5), others=others)[0] == "sign flipped"


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("factor", "name", "words"),
    [
        (-1.0, "opposite step", "it moves as far as it should in the opposite direction: check the sign of the step."),
        (0.1, "scaled step", "it moves 0.1 times as far as it should: look for a factor in the step, such as"),
        (3.5, "scaled step", "it moves 3.5 times as far as it should"),
    ],
)
def test_a_step_of_another_length(shape, factor, name, words):
    """A parameter that moved along the right line by another length is told, seen from where it was."""
    p, step = noise(shape), 0.01 * noise(shape, seed=1)
    told = found(p + factor * step, p + step, others={BEFORE: p})
    assert told[0] == name
    assert told[1].startswith(f"Seen from {BEFORE}, {words}")


def test_a_step_with_a_named_factor():
    """A step that is scaled by a number that the check names is told by that name."""
    p, step = noise((4, 3)), 0.3 * noise((4, 3), seed=1)
    others = {BEFORE: p, "(1 - momentum)": torch.tensor(0.1)}
    assert found(p + 0.1 * step, p + step, others=others) == (
        "named step",
        f"Seen from {BEFORE}, it moves (1 - momentum) times as far as it should.",
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_weight_decay_missing_or_doubled(shape):
    """A term with another tensor that is missing or doubled is told with its factor."""
    p, gradient = noise(shape), noise(shape, seed=1)
    expected = p - 0.1 * (gradient + 0.2 * p)
    for decay, factor in ((0.0, "0.02"), (0.4, "-0.02")):
        actual = p - 0.1 * (gradient + decay * p)
        assert found(actual, expected, others={"the parameter": p}) == (
            "multiple added",
            f"It is what is expected plus {factor} times the parameter: "
            "is a term with that missing, doubled, or of another sign?",
        )


@pytest.mark.parametrize("shape", SHAPES)
def test_gradients_that_accumulate(shape):
    """A gradient that was added to the one before is told, whether that is in the context or expected as well."""
    first, second = noise(shape), noise(shape, seed=1)
    told = "is it added to what was there, instead of overwriting it?"
    assert found(first + second, second, others={"the gradient before": first}) == (
        "accumulated",
        f"It is what is expected plus the gradient before: {told}",
    )
    assert found(first + second, second, siblings={"dw of the first batch": first}) == (
        "accumulated",
        f"It is what is expected plus what is expected of `dw of the first batch`: {told}",
    )


def test_others_of_another_shape_are_not_added():
    """What could not be added to the value is passed over, and what comes after it is tried all the same."""
    first, second = noise((4, 3)), noise((4, 3), seed=1)
    others = {"the bias": noise((5,)), "a row": noise((3,)), "the gradient before": first}
    assert found(first + second, second, others=others)[0] == "accumulated"
    assert found(noise((3,)) + second, second, others={"a row": noise((3,))})[0] != "accumulated"
