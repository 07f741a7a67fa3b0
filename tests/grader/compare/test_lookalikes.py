"""What holds for all lookalikes: none is told for noise, for a part of the elements, or beyond its bounds."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.compare import Context
from grader.compare.assertion import compare
from grader.compare.hypotheses import BY_COINCIDENCE, HYPOTHESES, SHAPE_HYPOTHESES

SHAPES = [(7,), (2, 2), (4, 4), (7, 5), (5, 1), (2, 3, 4), (3, 3, 3), (4, 2, 3, 3)]


def noise(shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def found(actual, expected, **facts):
    """Return the (name, sentence) of the lookalike of one value."""
    lookalike = compare({"z": actual}, {"z": expected}, context=Context(**facts)).lookalike
    return (lookalike.name, lookalike.sentence) if lookalike else (None, "")


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_other_dtypes(dtype):
    """Lookalikes work in every floating dtype."""
    x = noise((7, 5)).to(dtype)
    assert found(x.T.clone(), x)[0] == "transposed"
    assert found(-x, x)[0] == "sign flipped"
    assert found(2 * x, x)[0] == "doubled"


def test_a_transposed_confusion_matrix():
    """Integers can be transposed, but have no factors."""
    counts = torch.tensor([[50, 3, 1], [0, 40, 7], [2, 5, 60]])
    assert found(counts.T, counts)[0] == "transposed"


@pytest.mark.parametrize(
    "kind", ["normal", "relu", "mostly zero", "softmax", "small", "large", "one hot", "bool", "int"]
)
def test_noise_looks_like_nothing(kind):
    """No hypothesis about values is told for values unrelated to what is expected, except that they are zero."""
    make = {
        "normal": lambda x: x,
        "relu": lambda x: x.relu(),
        "mostly zero": lambda x: (x - 1).relu(),
        "softmax": lambda x: x.softmax(dim=-1) if x.dim() else x,
        "small": lambda x: 1e-4 * x,
        "large": lambda x: 1e6 * x,
        "one hot": lambda x: (x == x.amax(dim=-1, keepdim=True)).float() if x.dim() else x,
        "bool": lambda x: x > 0,
        "int": lambda x: (100 * x).long(),
    }[kind]
    for seed in range(12):
        for shape in [(), (2,), (3,), *SHAPES]:
            x, y, other = (make(noise(shape, seed=100 * seed + i)) for i in range(3))
            name, sentence = found(x, y, batch_size=4, others={"the input": other})
            told_as_it_is = name == "all zeros" and not x.any()
            assert name is None or told_as_it_is, (kind, seed, shape, sentence)


KINDS = {
    "normal": lambda x: x,
    "positive": lambda x: x.abs() + 0.01,
    "relu": lambda x: x.relu(),
    "leaky": lambda x: torch.where(x > 0, x, 0.01 * x),
    "softmax": lambda x: x.softmax(dim=-1),
    "log-softmax": lambda x: x.log_softmax(dim=-1),
    "sigmoid": lambda x: x.sigmoid(),
    "rounded": lambda x: (4 * x).round() / 4,
    "small": lambda x: 1e-3 * x,
    "signs": lambda x: x.sign(),
    "ones": lambda x: torch.ones_like(x),
    "dropped": lambda x: x * (x.abs() > 0.5) * 2,
    "bool": lambda x: x > 0,
    "int": lambda x: (10 * x).long(),
}


@settings(max_examples=300, deadline=None)
@given(
    kinds=st.tuples(*[st.sampled_from(sorted(KINDS))] * 4),
    shape=st.lists(st.integers(1, 5), min_size=1, max_size=3).map(tuple),
    seed=st.integers(0, 2**31),
)
def test_unrelated_tensors_look_like_nothing(kinds, shape, seed):
    """For tensors of any kind that were drawn apart, only plain truths are told, whatever else is known."""
    actual, expected, other, sibling = (KINDS[kind](noise(shape, seed=seed + i)) for i, kind in enumerate(kinds))
    context = Context(batch_size=4, others={"the input": other, "the rate": torch.tensor(0.37)})
    values = {"z": expected, "sibling": sibling}
    lookalike = compare({"z": actual, "sibling": sibling}, values, context=context).lookalike
    if lookalike is not None and not _is_plainly_true(lookalike.name, actual, expected, others=(other, sibling)):
        raise AssertionError((kinds, shape, seed, lookalike.sentence, actual, expected))


def _is_plainly_true(name, actual, expected, *, others):
    """Tell whether a lookalike is what anyone can see: all zeros, or elements that happen to be another's."""
    if name == "all zeros":
        return not actual.any()
    return name in ("equals another", "equals another output") and any(torch.equal(actual, other) for other in others)


def test_noise_in_another_shape_looks_like_nothing_but_its_shape():
    """No hypothesis about values is told for noise of another shape."""
    about_values = {row.name for row in HYPOTHESES}
    for seed in range(10):
        for actual in SHAPES:
            for expected in [(), (2,), (3,), (4,), *SHAPES]:
                others = {"the input": noise((4, 3), seed=seed + 500)}
                if actual != expected:
                    name, _ = found(noise(actual, seed), noise(expected, seed + 1000), others=others)
                    assert name not in about_values


def test_one_wrong_element_of_a_mistake_silences_it():
    """A hypothesis that explains all elements but one is not told."""
    x = noise((7, 5))
    for mistake in (x * 2, -x, 0.9 * x, x + 1, x + noise(5, seed=1), x * 7):
        mistake[3, 2] += 0.5
        assert found(mistake, x)[0] is None


def test_non_finite_expected_values_have_no_lookalikes():
    """Where infinity is expected, no hypothesis is tried."""
    x = torch.tensor([1.1, 2.3, float("inf"), 4.7])
    assert found(-x, x)[0] is None
    assert found(2 * x, x)[0] is None


def test_large_tensors_have_no_lookalikes():
    """Beyond a million elements, or far beyond what is expected, nothing is tried."""
    x = noise(2**20 + 1)
    assert found(-x, x)[0] is None
    assert found(noise(2**17), noise(2**17).sum())[0] is None


def test_names_are_unique():
    """Every row of the tables has a name of its own."""
    names = [row.name for row in (*HYPOTHESES, *SHAPE_HYPOTHESES)]
    assert len(names) == len(set(names))


def test_what_takes_least_from_the_data_is_told():
    """A small penalty that is missing is told as that, though what is so near would pass for lost precision, too."""
    x, w = noise((7, 5)), noise((7, 5), seed=1)
    assert found(x + 4e-4 * w, x, others={"the weights": w})[0] == "multiple added"
    assert found(x * (1 + 1e-4 * noise((7, 5), seed=2)), x)[0] == "nearly right"


def test_words_of_another_domain_are_not_told():
    """A layer has no learning rate, a dropout no ReLU, and only what was there before is the start of a step."""
    x, start = noise((7, 5)), noise((7, 5), seed=1)
    moved = start + 1.1 * (x - start)
    before = {"the weights before the step": start}
    assert found(moved, x, others=before)[0] == "scaled step"
    assert found(moved, x, others=before, about="step")[0] == "scaled step"
    assert found(moved, x, others=before, about="layer")[0] is None
    assert found(moved, x, others={"the input": start})[0] is None
    assert found(x.relu(), x, about="layer")[0] == "function applied"
    assert found(x.relu(), x, about="dropout")[0] is None


def test_each_hypothesis_that_fits_numbers_comes_after_those_that_fit_none():
    """The order in which hypotheses are told is by what they take from the data, and else that of the table."""
    assert [row.fitted for row in BY_COINCIDENCE] == sorted(row.fitted for row in HYPOTHESES)
    plain = [row.name for row in HYPOTHESES if not row.fitted]
    assert [row.name for row in BY_COINCIDENCE][: len(plain)] == plain
