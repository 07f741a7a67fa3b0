"""Hidden checks of calculate_accuracy: other sizes, all or none right. That it is in percent costs once, in public."""

import pytest
from test_accuracy import check_share, draw


@pytest.mark.graded(
    task="accuracy",
    weight=1,
    after="test_accuracy",
    grounds="notebook, lines 157 to 161: right answers over the number of labels",
)
def test_accuracy_other_sizes(probe, expected, rng):
    """calculate_accuracy works for any number of rows and classes"""
    check_share(probe, expected, draw(rng, n=7, classes=3, right=2), or_percent=True)
    check_share(probe, expected, draw(rng, n=1, classes=10, right=1), or_percent=True)


@pytest.mark.graded(
    task="accuracy",
    weight=1,
    after="test_accuracy",
    grounds="notebook, lines 157 to 161: right answers over the number of labels",
)
def test_accuracy_all_and_none(probe, expected, rng):
    """calculate_accuracy returns 1 where all answers are right, and 0 where none is"""
    check_share(probe, expected, draw(rng, n=12, classes=10, right=12), or_percent=True)
    check_share(probe, expected, draw(rng, n=12, classes=10, right=0), or_percent=True)
