"""Tests of attempts: the best one counts, all are told, and luck is told from a program that is wrong."""

import pytest

from grader.datasets.accuracy import Accuracy, DivergedPredictions, UnusablePredictions
from grader.datasets.attempts import Attempts, best_of


def scripted(*outcomes):
    """Return a training that gives these outcomes one after the other, and the list of attempts that were made."""
    made = []

    def train(attempt):
        made.append(attempt)
        outcome = outcomes[attempt]
        if isinstance(outcome, Exception):
            raise outcome
        return Accuracy(outcome, 100)

    return train, made


DIVERGED = DivergedPredictions("The scores hold NaN.")


@pytest.mark.parametrize(
    ("outcomes", "tried", "best", "succeeded"),
    [
        ((90,), 1, 90, True),
        ((70,), 1, 70, True),  # the target itself
        ((10, 75), 2, 75, True),
        ((10, 20, 71), 3, 71, True),
        ((DIVERGED, 80), 2, 80, True),
        ((DIVERGED, 30, DIVERGED), 3, 30, False),
        ((30, DIVERGED, DIVERGED), 3, 30, False),
        ((0, DIVERGED, DIVERGED), 3, 0, False),
        ((69, 40, 60), 3, 69, False),
    ],
)
def test_the_best_attempt_counts_and_none_is_made_in_vain(outcomes, tried, best, succeeded):
    """Attempts end with the first that reaches the target; a training that diverged is one attempt."""
    train, made = scripted(*outcomes)
    attempts = best_of(train, target=70.0, chance=10.0)
    assert made == list(range(tried))
    assert (attempts.best.percent, attempts.succeeded) == (best, succeeded)


def test_the_number_of_attempts_can_be_set():
    """No more attempts are made than asked for."""
    train, made = scripted(10, 10, 90)
    assert not best_of(train, target=70.0, chance=10.0, attempts=2).succeeded
    assert made == [0, 1]


def test_where_all_diverge_the_reason_is_told():
    """Nothing can be scored, so the sentence about NaN is the student's."""
    train, made = scripted(DIVERGED, DIVERGED, DIVERGED)
    with pytest.raises(DivergedPredictions, match="NaN"):
        best_of(train, target=70.0, chance=10.0)
    assert made == [0, 1, 2]


def test_what_does_not_hang_on_luck_is_raised_at_once():
    """Predictions of a wrong shape stay wrong: nobody waits for two more trainings."""
    train, made = scripted(UnusablePredictions("The predictions have shape (3,)."), 90)
    with pytest.raises(UnusablePredictions, match="shape"):
        best_of(train, target=70.0, chance=10.0)
    assert made == [0]


def test_every_attempt_is_told_and_guessing_is_named():
    """10.9 % of a thousand can't be told from 10 %; 14 % can."""
    told = str(Attempts((Accuracy(109, 1000), Accuracy(140, 1000), None), target=70.0, chance=10.0))
    assert told == (
        "The best of 3 attempts counts; they reached 10.9 % (no better than guessing: it stood still), 14.0 % and "
        "nothing (it ended with NaN: the training diverged)."
    )
    assert str(Attempts((Accuracy(40, 100),), target=70.0, chance=10.0)) == "One attempt was made: 40.0 %."


def test_accuracies_of_no_rows_are_told_too():
    """An empty test set divides by nothing."""
    assert "0.0 %" in str(Attempts((Accuracy(0, 0), None), target=70.0, chance=0.0))
