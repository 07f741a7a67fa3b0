"""Public check of the wide linear classifier, trained by run_poly_classification as the document does it.

The document's own figures, 69.88 % and 72.62 %, hang on the order in which random numbers are drawn and columns are
written, so nobody is asked for them here.
"""

import pytest

from grader.datasets import Limit, score

LIMIT = Limit(train=3200, valid=400, test=1000)
TARGET = 60.0  # percent; the reference reaches 70.9 ± 1.1 with degree 50 and 70.8 ± 1.4 with 30, untrained 28


def check_wide(probe, data, *, degree, seed):
    """Train and ask for the accuracy on the test points."""
    actual = probe("wide_classifier", degree=degree, seed=seed, **data.for_probe())
    accuracy = score(actual.get("scores"), data)
    assert accuracy.percent >= TARGET, (
        f"The linear classifier of features up to degree {degree} is right for {accuracy} of new points; expected at "
        f"least {TARGET:.0f} %. The two coordinates alone give 35 %."
    )


@pytest.mark.graded(task="poly-training")
def test_wide_classifier(probe, dataset):
    """A linear classifier of 1325 features learns the spirals in part"""
    check_wide(probe, dataset("spirals", limit=LIMIT), degree=50, seed=2021)
