"""Public check of the wide linear classifier, trained by run_poly_classification as the document does it.

The document's own figures, 69.88 % and 72.62 %, hang on the order in which random numbers are drawn and columns are
written, so nobody is asked for them here.
"""

import pytest

from grader.datasets import Limit, best_of, score

LIMIT = Limit(train=3200, valid=400, test=1000)
TARGET = 60.0  # percent; the reference reaches 70.9 ± 1.1 with degree 50 and 70.8 ± 1.4 with 30, untrained 28


def check_wide(probe, data, *, degree, seeds):
    """Train and ask for the accuracy on the test points, of the best attempt."""

    def train(attempt):
        options = {"degree": degree, "seed": seeds[attempt]}
        return score(probe("wide_classifier", **options, **data.for_probe()).get("scores"), data)

    attempts = best_of(train, target=TARGET, chance=100 / len(data.classes), attempts=len(seeds))
    assert attempts.succeeded, (
        f"The linear classifier of features up to degree {degree} is right for {attempts.best} of new points; expected "
        f"at least {TARGET:.0f} %. The two coordinates alone give 35 %. {attempts}"
    )


@pytest.mark.graded(
    task="poly-training", grounds="tutorial 2, lines 756 to 763 and 782: the wide linear model gets to 70 %"
)
def test_wide_classifier(probe, dataset):
    """A linear classifier of 1325 features learns the spirals in part"""
    check_wide(probe, dataset("spirals", limit=LIMIT), degree=50, seeds=(2021, 1, 2))
