"""Public checks of the polynomial features, as the training of run_poly_classification gets them.

Each column is recognised by its values, so their order is free; make_poly_features may be a function inside of
run_poly_classification, and return its two values in any order.
"""

import pytest
import torch

from grader.compare import Expectation, Spec, Tolerance, assert_matches

NAMED = 4


def draw(rng, *, degree, train=9, test=6):
    """Return points whose monomials are all different, far from rounding."""
    return {
        "degree": degree,
        "train": 0.6 + torch.rand(train, 2, generator=rng),
        "test": 0.6 + torch.rand(test, 2, generator=rng),
    }


def pairs_of(degree):
    """Return the powers of all features that are expected."""
    return [(n, m) for n in range(degree + 1) for m in range(degree + 1 - n) if n + m]


def recognise(column, points, *, top):
    """Return the powers n, m <= top of the monomial that a column (N,) is, None where it is none."""
    powers = torch.arange(top + 1).double()
    first, second = (points[:, axis, None].double() ** powers for axis in (0, 1))  # (N, top + 1) each
    table = first[:, :, None] * second[:, None, :]  # (N, n, m)
    error = ((column.double()[:, None, None] - table) / table).abs().amax(dim=0)
    best = int(error.argmin())
    return divmod(best, top + 1) if error.flatten()[best] < 1e-4 else None


def monomials(points, *, degree):
    """Return the columns (N, F) of all pairs of powers, in the order of `pairs_of`."""
    first, second = points.double().T
    columns = [first**n * second**m for n, m in pairs_of(degree)]
    return torch.stack(columns, dim=1).to(points.dtype)


def check_recorded(actual, expected, inputs, *, part):
    """Compare the features of training or test points with the recorded ones, whatever the order of columns is.

    They were recognised before, each once.
    """
    name, degree = f"{part} features", inputs["degree"]
    points = inputs["train" if part == "training" else "test"]
    right = Expectation({name: monomials(points, degree=degree)}, {name: Tolerance(rtol=1e-4, atol=0)})
    recorded = expected("polynomials", lambda: right, **inputs)
    found = [recognise(column, points, top=degree + 1) for column in actual[name].T]
    ordered = actual[name][:, [found.index(pair) for pair in pairs_of(degree)]]
    assert_matches({name: ordered.to(points.dtype)}, recorded)


def check_features(actual, points, *, degree, part):
    """Ask for one column for each pair of powers, in any order."""
    wanted, name = pairs_of(degree), f"{part} features"
    features = actual.get(name)
    shape = tuple(features.shape) if isinstance(features, torch.Tensor) else ()
    assert_matches(actual, {name: Spec(shape or (len(points), len(wanted)), dtype=None)})
    assert len(shape) == 2 and shape[0] == len(points), (  # noqa: PT018 - one sentence for both
        f"The features of {len(points)} {part} points have shape {shape}; expected ({len(points)}, {len(wanted)}): one "
        "row for each point."
    )
    assert shape[1] < 4 * len(wanted), f"There are {shape[1]} features up to degree {degree}; expected {len(wanted)}."
    found = [recognise(features[:, number], points, top=degree + 1) for number in range(features.shape[1])]
    missing = [pair for pair in wanted if pair not in found]
    extra = [pair for pair in found if pair is not None and pair not in wanted]
    twice = sorted({pair for pair in found if pair in wanted and found.count(pair) > 1})
    empty = sum(not bool(features[:, number].any()) for number in range(features.shape[1]))
    strange = found.count(None) - empty
    faults = [
        f"{empty} columns hold only zeros" * bool(empty),
        f"{strange} columns are no product of powers of x1 and x2" * bool(strange),
        "the constant is among them, which the bias does already" * ((0, 0) in extra),
        f"of a degree that is too high: {in_words(extra)}" * any(sum(pair) > degree for pair in extra),
        f"missing: {in_words(missing)}" * bool(missing),
        f"more than once: {in_words(twice)}" * bool(twice),
    ]
    told = "; ".join(fault for fault in faults if fault)
    assert not told, f"The features of the {part} points up to degree {degree}: {told}."
    count = features.shape[1]
    assert count == len(wanted), f"There are {count} features up to degree {degree}; expected {len(wanted)}."


def in_words(pairs):
    """Name the first few monomials."""
    named = [f"x1^{n} x2^{m}" for n, m in sorted(set(pairs), key=lambda pair: (sum(pair), pair))]
    more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
    return ", ".join(named[:NAMED]) + more


def count_of(degree):
    return {"number of features": (degree + 1) * (degree + 2) // 2 - 1}


def check_count(actual, expected, *, degree, inputs):
    expected = expected("polynomials", count_of, **inputs).values["number of features"]
    found = actual.get("number of features")
    is_number = isinstance(found, int | float) or (isinstance(found, torch.Tensor) and found.numel() == 1)
    assert is_number and found == expected, (  # noqa: PT018 - one sentence for both
        f"run_poly_classification({degree}) returned {found!r:.40}; expected the number of features, {expected}."
    )


@pytest.mark.graded(
    task="poly",
    weight=4,
    grounds="tutorial 2, lines 680 and 722 to 729: all products up to the degree but the constant",
)
def test_poly_features(probe, expected, rng):
    """make_poly_features gives one column for each product of powers up to the degree

    All x1^n x2^m with n + m from 1 to the degree, in any order.
    """
    inputs = draw(rng, degree=4)
    actual = probe("polynomials", **inputs)
    check_features(actual, inputs["train"], degree=4, part="training")
    check_recorded(actual, expected, inputs, part="training")


@pytest.mark.graded(task="poly", weight=2, grounds="tutorial 2, lines 682 and 719: (P+1)(P+2)/2 - 1 features")
def test_poly_count(probe, expected, rng):
    """There are 20 features of degree 5, as (P+1)(P+2)/2 - 1 says"""
    inputs = draw(rng, degree=5)
    check_count(probe("polynomials", **inputs), expected, degree=5, inputs=inputs)


@pytest.mark.graded(
    task="poly", weight=2, after="test_poly_features", grounds="tutorial 2, line 732: features of the test points"
)
def test_poly_test_features(probe, expected, rng):
    """The test points get features of their own"""
    inputs = draw(rng, degree=3)
    actual = probe("polynomials", **inputs)
    check_features(actual, inputs["test"], degree=3, part="test")
    check_recorded(actual, expected, inputs, part="test")
