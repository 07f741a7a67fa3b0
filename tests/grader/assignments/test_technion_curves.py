"""Tests of the curves that technion-hw2's trainings draw, on the reference and on one whose fit returns oddities."""

from pathlib import Path

import pytest

from grader.courses.course import read_assignment
from grader.grading.grade import grade_all
from grader.grading.job import Job, Order
from grader.results.verdict import Verdict
from grader.submissions.submission import Found

COURSE = Path(__file__).resolve().parents[3]
ODD_FIT = """

class Odd:
    train_loss, test_loss, train_acc = [object()], "losses", [float("nan")] * 3

    @property
    def test_acc(self):
        raise RuntimeError("not told")


ordinary_fit = Trainer.fit


def fit(self, *arguments, **options):
    ordinary_fit(self, *arguments, **options)
    return Odd()


Trainer.fit = fit
"""


def _graded(folder, *tasks):
    """Return the results of a submission's checks by name."""
    assignment, results = read_assignment(COURSE, "technion-hw2"), []
    grade_all(
        Order(COURSE, assignment, wall="bubblewrap", tasks=tasks),
        [Job(Found("one", folder))],
        report=lambda result, _digest: results.append(result),
    )
    return {check.name: check for task in results[0].tasks for check in task.checks}


def test_the_reference_draws_how_it_learned():
    """Twenty epochs of right images rise to the target and losses fall, counted by the grader from scores."""
    check = _graded(COURSE / "reference" / "technion-hw2", "overfit")["test_overfit"]
    images, loss = check.feedback.curves
    assert check.verdict is Verdict.PASSED
    assert (images.lines[0].epochs[-1], len(images.lines[0].values)) == (20.0, 20)
    assert images.lines[0].values[-1] >= images.target > images.lines[0].values[0]
    assert loss.lines[0].values[-1] < 0.5 * loss.lines[0].values[0]
    assert (loss.falls, loss.target) == (True, None)


@pytest.mark.slow
def test_odd_numbers_of_a_fit_cost_nothing(write_files, tmp_path):
    """Where fit returns no lists of numbers, the classifier is judged all the same, and nothing is drawn."""
    reference = COURSE / "reference" / "technion-hw2"
    files = {path.relative_to(reference).as_posix(): path.read_text() for path in reference.rglob("*.py")}
    files["hw2/training.py"] += ODD_FIT
    check = _graded(write_files(tmp_path / "in", files), "moons")["test_moons"]
    assert check.verdict is Verdict.PASSED
    values = {curve.name: curve.lines[0].values for curve in check.feedback.curves}
    assert values == {
        "Accuracy on the training points as fit returned it": (None, None, None),
        "Accuracy on the validation points as fit returned it": (),
        "Loss on the training points as fit returned it": (),
    }
