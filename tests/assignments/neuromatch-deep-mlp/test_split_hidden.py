"""Hidden checks of shuffle_and_split_data: other seeds, odd numbers of samples, and the data given stay as they are."""

import pytest
import torch
from test_split import check_parts, numbered

from grader.compare import Spec, assert_matches


@pytest.mark.graded(
    task="split",
    weight=1,
    after="test_split_is_repeatable",
    grounds="tutorial 2, lines 262 and 276: the seed is the one given",
)
def test_split_depends_on_the_seed(probe):
    """Another seed gives another split"""
    actual = probe("split", **numbered(60), seeds=[1, 2])
    first, other = (check_parts(actual, call=f"call {number}", rows=60) for number in (1, 2))
    assert not torch.equal(first["X_test"], other["X_test"]), (
        "The seeds 1 and 2 gave the same split: use the seed that the function is given."
    )


@pytest.mark.graded(
    task="split", weight=1, after="test_split_sizes", grounds="tutorial 2, line 285: int(0.2 N) samples for the test"
)
def test_split_rounds_down(probe):
    """20 % of the samples is rounded down, and samples may have any number of columns"""
    actual = probe("split", **numbered(23, columns=5), seeds=[4])
    check_parts(actual, call="call 1", rows=23, columns=5)


@pytest.mark.graded(task="split", after="test_split_sizes", advice=True)
def test_split_leaves_data_alone(probe, expected):
    """The data that is split stays as it was"""
    data = numbered(40)
    actual = probe("split", **data, seeds=[4])
    recorded = expected("split", lambda X, y: {"X afterwards": X, "y afterwards": y}, **data, seeds=[4])
    check_parts(actual, call="call 1", rows=40)
    assert_matches(actual, {"X afterwards": Spec((40, 2)), "y afterwards": Spec((40,))})
    for name in ("X", "y"):
        assert torch.equal(actual[f"{name} afterwards"], recorded.values[f"{name} afterwards"]), (
            f"`{name}` itself is changed by the split: make new tensors, `{name} = {name}[order]`."
        )
