"""Lookalikes of wrong values: each told for its own mistake, on several shapes."""

import pytest
import torch

from grader.compare import Context, Expectation, Tolerance
from grader.compare.assertion import compare
from grader.compare.wording import feedback_for

SHAPES = [(7,), (2, 2), (4, 4), (7, 5), (5, 1), (2, 3, 4), (3, 3, 3), (4, 2, 3, 3)]


def noise(shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def found(actual, expected, **facts):
    """Return the (name, sentence) of the lookalike of one value."""
    lookalike = compare({"z": actual}, {"z": expected}, context=Context(**facts)).lookalike
    return (lookalike.name, lookalike.sentence) if lookalike else (None, "")


@pytest.mark.parametrize("shape", SHAPES)
def test_all_zeros(shape):
    """A tensor of zeros is named."""
    assert found(torch.zeros(shape), noise(shape)) == (
        "all zeros",
        "Every element is zero: was the result ever written into it?",
    )


def test_zeros_are_not_told_where_most_are_expected():
    """Where most expected values are zero, a tensor of zeros is no lookalike."""
    expected = torch.zeros(10)
    expected[3] = 0.7
    assert found(torch.zeros(10), expected)[0] is None


@pytest.mark.parametrize("filler", [0.0, float("nan")])
@pytest.mark.parametrize(("shape", "axis"), [((8,), 0), ((8, 3), 0), ((3, 8), 1), ((2, 3, 8), 2)])
def test_unfinished(shape, axis, filler):
    """Zeros or nan from an index on are named with axis and index."""
    x = noise(shape)
    actual = x.index_fill(axis, torch.arange(5, 8), filler)
    name, sentence = found(actual, x)
    assert name == "unfinished"
    word = "zero" if filler == 0 else "nan"
    assert sentence == (
        f"It is right up to index 4 along axis {axis} and {word} from index 5 on: does the loop stop too early?"
    )


def test_a_relu_is_not_unfinished():
    """Zeros in place of negative values may come from a ReLU, so they aren't called unfinished or unwritten."""
    x = torch.tensor([1.1, 2.3, -0.4, -3.2])
    assert found(x.relu(), x)[0] not in ("unfinished", "all zeros")
    assert found((-x.abs()).relu(), -x.abs())[0] is None


def test_scattered_zeros_are_not_unfinished():
    """Zeros here and there, or a wrong start, are not called unfinished."""
    x = noise((8, 3))
    assert found(torch.where(noise((8, 3), seed=1) > 0, x, 0), x)[0] is None
    late = x.index_fill(0, torch.arange(5, 8), 0.0)
    late[0, 0] += 1
    assert found(late, x)[0] is None


@pytest.mark.parametrize("shape", SHAPES)
def test_equals_another(shape):
    """A tensor that is one of the context's others is named by its words."""
    x, step = noise(shape), noise(shape, seed=1)
    words = "the weights before the step"
    assert found(x, x - step, others={"the input": step, words: x}) == ("equals another", f"It equals {words}.")


def test_plain_others_are_no_explanation():
    """Others of zeros or ones, or full of nan, explain nothing."""
    others = {"ones": torch.ones(3), "nothing": torch.full((3,), float("nan")), "one": torch.tensor(float("inf"))}
    assert found(torch.ones(3), torch.tensor([2.0, 2.0, 3.0]), others=others)[0] is None


def test_complex_and_huge_others_are_left_out():
    """Others that can't be compared are passed over."""
    others = {"complex": torch.ones(3) * 1j, "huge": torch.ones(1).expand(10**9)}
    assert found(noise(3), noise(3, seed=1), others=others)[0] is None


@pytest.mark.parametrize("shape", SHAPES)
def test_nearly_right(shape):
    """Errors of a few tolerances are called lost precision, not a factor."""
    x = noise(shape)
    name, sentence = found(x * (1 + 2e-4 * torch.sin(50 * x)) + 2e-6 * x.sign(), x)
    assert name == "nearly right"
    assert sentence.startswith("That is nearly right, off by at most ")
    assert "look for lost precision" in sentence


def test_a_loose_tolerance_makes_nothing_nearly_right():
    """Where the tolerance is a tenth, an error of one is not lost precision."""
    expectation = Expectation({"z": noise(20)}, tolerances={"z": Tolerance(0.0, 0.1)})
    assert compare({"z": noise(20) + 0.3 * noise(20, seed=1)}, expectation).lookalike is None


@pytest.mark.parametrize("shape", [(), *SHAPES])
def test_sign_flipped(shape):
    """The opposite sign is named, of a single number as well."""
    x = noise(shape)
    assert found(-x, x) == (
        "sign flipped",
        "Yours has the opposite sign everywhere: look for a minus sign that is missing, or for one too many.",
    )


@pytest.mark.parametrize("shape", [(), *SHAPES])
def test_batch_size(shape):
    """A factor of the batch size is named as a sum or an average."""
    x = noise(shape)
    assert found(10 * x, x, batch_size=10) == (
        "summed instead of averaged",
        "Yours is 10 times too large, and the batch has 10 rows: average, don't sum.",
    )
    assert found(x / 10, x, batch_size=10) == (
        "averaged instead of summed",
        "Yours is 10 times too small, and the batch has 10 rows: sum, don't average.",
    )


def test_the_loss_of_the_style_guide():
    """A summed cross-entropy is told with both numbers and the batch size, as a tensor or a Python float."""
    for actual, expected in ((torch.tensor(23.02585), torch.tensor(2.302585)), (23.02585, 2.302585)):
        comparison = compare({"loss": actual}, {"loss": expected}, context=Context(batch_size=10))
        message = feedback_for(comparison).message
        assert message.startswith("`loss` is 23.02")
        assert message.endswith("Yours is 10 times too large, and the batch has 10 rows: average, don't sum.")


def test_the_size_of_the_tensor_itself():
    """Without a batch size, a factor of the rows or elements is asked about, not asserted."""
    x = noise((7, 5))
    assert found(7 * x, x) == (
        "perhaps summed instead of averaged",
        "Yours is 7 times too large, and it has 7 rows: is it summed where it should be averaged?",
    )
    assert found(x / 35, x) == (
        "perhaps averaged instead of summed",
        "Yours is 35 times too small, and it has 35 elements: is it averaged where it should be summed?",
    )


@pytest.mark.parametrize("shape", [(), *SHAPES])
def test_doubled_and_halved(shape):
    """A factor of 2 or ½ is named with its usual causes."""
    x = noise(shape)
    assert found(2 * x, x)[0] == "doubled"
    assert found(2 * x, x)[1].startswith("Yours is twice what is expected: is a factor ½ missing")
    assert found(x / 2, x)[0] == "halved"
    assert "as in the derivative of a square" in found(x / 2, x)[1]


@pytest.mark.parametrize("factor", [0.9, 0.1, -3.5, 1.05, 50.0])
@pytest.mark.parametrize("shape", SHAPES)
def test_scaled(shape, factor):
    """Any other constant factor is told as a number."""
    x = noise(shape)
    name, sentence = found(factor * x, x)
    assert name == "scaled"
    assert sentence.startswith(f"Yours is {factor:g} times what is expected, everywhere")


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (1.0, 0.5),
        (0.48, 0.96),
        (-1.0, 1.0),
        (4.0, 2.0),
        (torch.full((5,), 2.0), torch.ones(5)),
        (torch.tensor([3.0, 6.0]), torch.tensor([1.0, 2.0])),
        (torch.tensor(3 * 2.302585), torch.tensor(2.302585)),
        (4, 2),
        (torch.tensor([2, 4, 6]), torch.tensor([1, 2, 3])),
    ],
)
def test_plain_numbers_are_no_evidence(actual, expected):
    """Round numbers, counts and single numbers with an odd factor get no hint, which may be a coincidence."""
    assert found(actual, expected)[0] is None


@pytest.mark.parametrize("shape", SHAPES)
def test_constant_offset(shape):
    """The same amount everywhere is told as a number."""
    x = noise(shape)
    assert found(x + 1.5, x) == (
        "constant offset",
        "Every element is too large by 1.5: is a constant missing, or added twice?",
    )
    assert found(x - 0.25, x)[1].startswith("Every element is too small by 0.25")


@pytest.mark.parametrize("shape", [(7, 5), (4, 4), (3, 2), (2, 3, 4)])
def test_missing_bias(shape):
    """The same vector in every row is called a missing bias."""
    x = noise(shape)
    name, sentence = found(x, x + noise(shape[-1:], seed=1))
    assert name == "offset per column"
    assert sentence == "Every row is off by the same vector: is the bias missing, or added twice?"


def test_missing_bias_of_a_convolution():
    """The same amount in every channel is called a missing bias."""
    x = noise((2, 3, 4, 4))
    name, sentence = found(x, x + noise((3, 1, 1), seed=1))
    assert name == "offset per channel"
    assert sentence.startswith("Every channel (axis 1) is off by an amount of its own: is the bias missing")


def test_missing_normaliser():
    """An amount of its own in every row is called a missing normaliser."""
    x = noise((6, 5))
    name, sentence = found(x, x - noise((6, 1), seed=1))
    assert name == "offset per row"
    assert sentence.endswith("such as a normaliser?")


def test_rows_that_are_all_alike():
    """Rows that are all the same, where they should differ, are told; equal rows that are expected are no sign."""
    x, row = noise((7, 5)), noise((5,), seed=1)
    sentence = "All 7 rows are the same: does the result depend on the input at all?"
    assert found(row.expand(7, 5), x) == ("rows alike", sentence)
    assert found(torch.full((7,), 0.3), x[:, 0])[0] is None
    assert found(row.expand(7, 5), (row + 1).expand(7, 5))[0] == "constant offset"
    assert found(row.expand(7, 5), torch.cat([row.expand(6, 5), x[:1]]))[0] != "rows alike"
