"""Hidden checks of the polynomial features: the document's degree of 50, the lowest degree, and the classifier."""

import pytest
from test_poly import check_count, check_features, check_recorded, draw

from grader.compare import assert_kinds


@pytest.mark.graded(
    task="poly", weight=2, after="test_poly_features", grounds="tutorial 2, lines 680 and 784: degree 50, 1325 features"
)
def test_poly_degree_50(probe, expected, rng):
    """There are 1325 features of degree 50"""
    inputs = draw(rng, degree=50)
    actual = probe("polynomials", **inputs)
    check_count(actual, expected, degree=50, inputs=inputs)
    check_features(actual, inputs["train"], degree=50, part="training")


@pytest.mark.graded(
    task="poly", weight=1, after="test_poly_features", grounds="tutorial 2, lines 680 and 719: the same for degree 1"
)
def test_poly_degree_1(probe, expected, rng):
    """The features of degree 1 are the two coordinates"""
    inputs = draw(rng, degree=1)
    actual = probe("polynomials", **inputs)
    check_count(actual, expected, degree=1, inputs=inputs)
    check_features(actual, inputs["train"], degree=1, part="training")
    check_recorded(actual, expected, inputs, part="training")


@pytest.mark.graded(
    task="poly", weight=1, after="test_poly_features", grounds="tutorial 2, lines 678 and 756: a single linear layer"
)
def test_poly_classifier(probe, expected, rng):
    """The classifier is one linear layer from all features to the classes"""
    inputs = draw(rng, degree=6)
    actual = probe("polynomials", **inputs)
    assert_kinds(actual, {"network": [int]})
    network = actual["network"]
    assert network == expected("polynomials", lambda: {"network": [27, 4]}, **inputs).values["network"], (
        f"The network that is trained has layers of {network} units; expected [27, 4]: the 27 features of degree 6, "
        "no hidden layer, 4 classes."
    )
