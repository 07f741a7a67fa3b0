"""Public checks of shuffle_and_split_data: nothing is lost, nothing is mixed up, and a seed gives one split.

Which order a seed gives is open: another way to draw one is as right as torch.randperm.
"""

import pytest
import torch

from grader.compare import Spec, assert_matches

PARTS = ("X_test", "y_test", "X_train", "y_train")


def numbered(rows, *, columns=2):
    """Return data whose label is the number of its row, which also stands in each of its columns."""
    y = torch.arange(rows).float()
    return {"X": y[:, None] * torch.arange(1, columns + 1), "y": y}


def check_parts(actual, *, call, rows, columns=2):
    """Return the four parts of a call by name, checked for shapes, and for being made of the samples given.

    A sample that is there twice is asked for elsewhere; here most of them have to be there.
    """
    parts = actual.get(call)
    count = len(parts) if isinstance(parts, list) else "no"
    assert count == 4, f"shuffle_and_split_data returned {count} values; expected {', '.join(PARTS)}."
    test = rows // 5
    named = dict(zip(PARTS, parts, strict=True))
    sizes = [len(part) if isinstance(part, torch.Tensor) and part.ndim else None for part in parts]
    assert sizes != [rows - test, rows - test, test, test], (
        f"The first two tensors have {rows - test} rows and the last two {test}: the test part comes first, "
        f"{', '.join(PARTS)}, and holds 20 % of the samples."
    )
    shapes = [(test, columns), (test,), (rows - test, columns), (rows - test,)]
    assert_matches(named, {name: Spec(shape) for name, shape in zip(PARTS, shapes, strict=True)})
    present = {number for part in ("X_test", "X_train") for number in named[part][:, 0].tolist()}
    found = len(present & {float(number) for number in range(rows)})
    assert found > rows // 2, (
        f"The two parts hold {found} of the {rows} samples given, and are filled with something else; expected each "
        "sample in one of them."
    )
    return named


@pytest.mark.graded(
    task="split", weight=2, grounds="tutorial 2, lines 265 to 273 and 291: 20 % for the test, which is returned first"
)
def test_split_sizes(probe):
    """shuffle_and_split_data sets 20 % of the samples apart and returns the test part first"""
    check_parts(probe("split", **numbered(50), seeds=[3]), call="call 1", rows=50)


@pytest.mark.graded(
    task="split",
    weight=2,
    after="test_split_sizes",
    grounds="tutorial 2, lines 281 and 282: one order for samples and labels",
)
def test_split_keeps_pairs(probe):
    """Each label stays with its sample, and no sample is lost or doubled"""
    parts = check_parts(probe("split", **numbered(50), seeds=[3]), call="call 1", rows=50)
    for part in ("test", "train"):
        apart = (parts[f"X_{part}"][:, 0] != parts[f"y_{part}"]).sum()
        assert apart == 0, (
            f"{apart} samples of the {part} part have the label of another one: X and y need the same order."
        )
    present = torch.cat([parts["y_test"], parts["y_train"]]).sort().values
    missing = [number for number in range(50) if number not in present.tolist()]
    assert not missing, (
        f"{len(missing)} of 50 samples are in neither part and others are there twice: cut one order in two."
    )


@pytest.mark.graded(
    task="split", weight=1, after="test_split_sizes", grounds="tutorial 2, lines 279 and 280: shuffle, then split"
)
def test_split_shuffles(probe):
    """The samples come in random order, in both parts"""
    parts = check_parts(probe("split", **numbered(200), seeds=[3]), call="call 1", rows=200)
    for part in ("test", "train"):
        steps = parts[f"X_{part}"][:, 0].diff()
        assert (steps != 1).any(), f"The {part} part is a run of the data as it was given: shuffle before you cut."
        assert not (steps > 0).all(), f"The {part} part is in the order of the data: shuffle it."


@pytest.mark.graded(
    task="split",
    weight=1,
    after="test_split_sizes",
    grounds="tutorial 2, lines 262 and 276: the seed makes it repeatable",
)
def test_split_is_repeatable(probe):
    """The same seed gives the same split, whatever random numbers were drawn before"""
    actual = probe("split", **numbered(60), seeds=[7, 7])
    first, again = (check_parts(actual, call=f"call {number}", rows=60) for number in (1, 2))
    assert all(torch.equal(first[name], again[name]) for name in PARTS), (
        "Two calls with the seed 7 gave different splits. Seed the generator inside of the function."
    )
