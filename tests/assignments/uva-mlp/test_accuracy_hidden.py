"""Hidden checks of test_model: other batches, the ends of the scale, and a model that stays as it was."""

import pytest
from test_accuracy import check_accuracy, draw_scores

from grader.compare import Expectation, Tolerance, assert_matches


@pytest.mark.graded(
    task="test-model",
    weight=1,
    after="test_accuracy_of_whole_batches",
    grounds="practical 1, line 317: the accuracy over whatever loader is given",
)
def test_accuracy_of_other_batches(probe, expected, rng):
    """test_model works with one batch and with batches of one image"""
    scores, labels = draw_scores(rng, (13, 9))
    for batch_size in (13, 50, 1, 5):
        check_accuracy(probe, expected, scores, labels, batch_size=batch_size)


@pytest.mark.graded(
    task="test-model",
    weight=1,
    after="test_accuracy_of_whole_batches",
    grounds="practical 1, lines 315 and 317: a test returns the accuracy, and nothing learns from it",
)
def test_accuracy_extremes(probe, expected, rng):
    """test_model returns 0 where nothing is right and 1 (or 100) where everything is, and leaves the model alone"""
    for right in (0, 10):
        scores, labels = draw_scores(rng, (10, right))
        actual = check_accuracy(probe, expected, scores, labels, batch_size=4)
        unchanged = Expectation({"model afterwards": scores}, {"model afterwards": Tolerance(0, 0)})
        assert_matches(actual, unchanged)
