"""Lookalikes of bools, whole numbers and masks: each told for its own mistake, and none where it may be chance."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.compare import Context
from grader.compare.about_discrete import is_mixed
from grader.compare.assertion import compare
from grader.compare.hypotheses import SHOWN_BY_TESTS

CAUSAL = torch.ones(5, 5).tril().bool()
PADDED = torch.arange(7) < torch.tensor([[3], [7], [5], [1]])
LABELS = torch.tensor([2, 0, 1, 1, 2, 0, 2, 1])


def found(actual, expected, **others):
    """Return the name and the sentence of the lookalike of one value, also where both are arrays."""
    told = compare({"z": actual}, {"z": expected}, context=Context(others=others)).lookalike
    arrays = compare({"z": actual.numpy()}, {"z": expected.numpy()}, context=Context(others=others)).lookalike
    assert told == arrays
    return (told.name, told.sentence) if told else (None, "")


@pytest.mark.parametrize("mask", [CAUSAL, PADDED, LABELS > 0], ids=["causal", "padded", "row"])
def test_inverted(mask):
    """A mask that is turned round is named."""
    name, sentence = found(~mask, mask)
    assert name == "inverted"
    assert (
        sentence == "Every element is the opposite: is the condition turned round, or a `~` missing, or one too many?"
    )


@pytest.mark.parametrize("mask", [CAUSAL, CAUSAL.long(), PADDED], ids=["bools", "numbers", "another shape"])
def test_transposed_mask(mask):
    """A mask that is transposed is named, whether it is square or not."""
    assert found(mask.T, mask) == ("transposed mask", "That is the transpose: check which axis is which.")


@pytest.mark.parametrize(
    ("actual", "expected", "axis", "word"),
    [
        (torch.ones(6, 6).tril(-1).bool(), torch.ones(6, 6).tril().bool(), 0, "late"),
        (torch.ones(6, 6).tril(1).bool(), torch.ones(6, 6).tril().bool(), 0, "early"),
        (LABELS.roll(1), LABELS, 0, "late"),
        (torch.tensor([0, 1, 1, 0, 1, 1, 0, 1]), torch.tensor([0, 0, 1, 1, 0, 1, 1, 0]), 0, "early"),
    ],
)
def test_shifted_labels(actual, expected, axis, word):
    """Labels, and the diagonal of a mask, that are one place off are named with their axis."""
    name, sentence = found(actual, expected)
    assert name == "shifted labels"
    assert sentence.startswith(f"Along axis {axis}, every element stands one place too {word}: is an index")


@pytest.mark.parametrize(("step", "word"), [(1, "large"), (-1, "small")])
def test_off_by_one(step, word):
    """Whole numbers that are all one off are named, bools never."""
    assert found(LABELS + step, LABELS) == (
        "off by one",
        f"Every element is one too {word}: does counting begin with 0 or with 1?",
    )


@pytest.mark.parametrize(
    ("actual", "expected", "value"),
    [
        (torch.zeros_like(CAUSAL), CAUSAL, "False"),
        (torch.ones_like(PADDED), PADDED, "True"),
        (torch.full_like(LABELS, 2), LABELS, "2"),
        (torch.zeros(8, dtype=torch.int64), torch.tensor([0, 1, 0, 1, 1, 1, 0, 1]), "0"),
    ],
)
def test_all_equal(actual, expected, value):
    """One value for everything is named with the value."""
    name, sentence = found(actual, expected)
    assert name == "all equal"
    assert sentence.startswith(f"Every element is {value}, where they should differ")


@pytest.mark.parametrize(
    ("wanted", "came", "told"),
    [(0.0, -1e9, ("0", "-1e+09")), (-1e9, 0.0, ("-1e+09", "0")), (0.0, float("-inf"), ("0", "-inf"))],
)
def test_wrong_fill(wanted, came, told):
    """Scores that are right but for what stands at masked places are named with both fillings."""
    scores = torch.randn(5, 5, generator=torch.Generator().manual_seed(0))
    name, sentence = found(scores.masked_fill(~CAUSAL, came), scores.masked_fill(~CAUSAL, wanted))
    assert name == "wrong fill"
    assert sentence == (
        f"It is right except where {told[0]} is expected: there it is {told[1]} everywhere. Is that what is filled in?"
    )


def test_wrong_fill_of_labels():
    """Whole numbers that are right but for one of them are named with both."""
    padded = torch.tensor([1, 2, 1, 2, 2, 0, 0, 0, 3])
    name, sentence = found(padded.masked_fill(padded == 0, -1), padded)
    assert name == "wrong fill"
    assert "except where 0 is expected: there it is -1" in sentence


@pytest.mark.parametrize("fill", ["zeros", "uniform", "mean"])
@pytest.mark.parametrize("rows", [[1], [3], [0, 2], [2, 3]])
def test_masked_rows(fill, rows):
    """Rows that became nan since all of them is masked are named, the last ones too, and not called unfinished."""
    expected = torch.randn(4, 5, generator=torch.Generator().manual_seed(1)).softmax(dim=-1)
    mask = torch.ones(4, 5, dtype=torch.bool)
    mask[rows] = False
    if fill != "mean":
        expected[rows] = 0.0 if fill == "zeros" else 0.2
    actual = expected.clone()
    actual[rows] = torch.nan
    name, sentence = found(actual, expected, **({"the mask": mask} if fill == "mean" else {}))
    assert name == "masked rows"
    assert sentence.startswith(
        f"{'1 row is' if len(rows) == 1 else '2 rows are'} nan as a whole, the first at [{rows[0]}]"
    )


def test_rows_that_no_mask_explains():
    """Where values differ within the rows and no mask says that all of them is masked, nothing is told of masks."""
    expected = torch.randn(6, 5, generator=torch.Generator().manual_seed(1))
    actual = expected.clone()
    actual[3] = torch.nan
    other = torch.ones(6, 5, dtype=torch.bool)
    assert found(actual, expected, mask=other)[0] is None
    actual[0, 0] += 1
    assert found(actual, expected.index_fill(0, torch.tensor([3]), 0.0))[0] is None


def test_what_no_mistake_shows_is_shown_here():
    """Each lookalike that is said to be shown by tests is told, as tensors and as arrays."""
    scores = torch.randn(5, 5, generator=torch.Generator().manual_seed(0))
    shown = {
        "all equal": (torch.zeros_like(CAUSAL), CAUSAL),
        "inverted": (~CAUSAL, CAUSAL),
        "masked rows": (scores.index_fill(0, torch.tensor([4]), torch.nan), scores.index_fill(0, torch.tensor([4]), 0)),
        "off by one": (LABELS + 1, LABELS),
        "shifted labels": (LABELS.roll(1), LABELS),
        "transposed mask": (CAUSAL.T, CAUSAL),
        "wrong fill": (scores.masked_fill(~CAUSAL, 1e9), scores.masked_fill(~CAUSAL, 0)),
    }
    assert set(shown) == SHOWN_BY_TESTS
    assert {name: found(*pair)[0] for name, pair in shown.items()} == {name: name for name in shown}


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(0, 2), min_size=1, max_size=12), st.integers(0, 11))
def test_one_slip_is_no_lookalike(labels, place):
    """One wrong element among right ones is told with its place alone, never as an inversion, a shift or a filling."""
    expected = torch.tensor(labels)
    actual = expected.clone()
    actual[place % len(labels)] += 7
    told = compare({"z": actual}, {"z": expected}).lookalike
    assert told is None or told.name in ("unfinished",), told


@pytest.mark.parametrize(
    ("values", "is_it"),
    [([0, 1], False), ([0] * 9 + [1], False), ([0] * 8 + [1, 1], True), ([0, 1, 2, 0, 1, 2], True), ([1] * 20, False)],
)
def test_mixed(values, is_it):
    """Few elements, or nearly all alike, show nothing."""
    assert is_mixed(torch.tensor(values, dtype=torch.float64)) is is_it


def test_few_bools_show_nothing():
    """A handful of bools may be inverted by chance."""
    few = torch.tensor([True, False, True])
    assert found(~few, few)[0] is None
    assert np.array_equal((~few).numpy(), ~few.numpy())
