"""Tests of technion-hw2 as a course: its sample submissions are explained in words."""

import runpy
import shutil
from pathlib import Path

import pytest

from grader.courses.course import read_assignment
from grader.grading.grade import grade_all
from grader.grading.job import Job, Order
from grader.results.verdict import Status, Verdict
from grader.submissions.submission import Found, find_submissions

COURSE = Path(__file__).resolve().parents[3]
WORDS = {
    "transposed gradient": "`grad of w` has shape (30, 10); expected (10, 30). That is the transpose",
    "summed loss gradient": "Yours is 20 times too large, and the batch has 20 rows: average, don't sum.",
    "momentum with (1-beta)": "It equals the step with the gradient scaled by (1 - momentum).",
    "no weight decay": "It equals the step without regularization.",
    "syntax error": "`hw2/optimizers.py`, line 46, is not valid Python: expected ':'.",
    "missing file": "`hw2/optimizers.py` is not in the submission, or its folder has another name.",
    "crash": "`hw2/layers.py`, line 179, raised `IndexError: Dimension out of range",
}


@pytest.fixture(scope="module")
def assignment():
    return read_assignment(COURSE, "technion-hw2")


@pytest.fixture(scope="module")
def results(assignment, tmp_path_factory):
    """Return the results of the sample submissions by name, but for the one that loops."""
    folder = tmp_path_factory.mktemp("samples") / "in"
    runpy.run_path(str(COURSE / "tests" / "submissions" / "samples.py"))["write_samples"](folder)
    found = [one for one in find_submissions(folder, assignment).found if one.name != "infinite loop"]
    quick = tuple(task.name for task in assignment.tasks if not task.long)
    graded = {}
    grade_all(
        Order(COURSE, assignment, wall="bubblewrap", tasks=quick),
        map(Job, found),
        report=lambda result, _digest: graded.__setitem__(result.submission, result),
    )
    return graded


@pytest.mark.parametrize("name", ["perfect", "Ada Lovelace"])
def test_perfect_samples_earn_everything(results, name):
    """The reference earns every point, also zipped one folder deeper as an LMS packs it."""
    assert all(task.points == task.max_points for task in results[name].tasks)
    assert results[name].points > results[name].max_points  # with the bonus


def test_the_template_earns_nothing(results):
    """The bare template earns no point, and each of its checks says what is still to be written."""
    verdicts = {check.verdict for task in results["template"].tasks for check in task.checks}
    assert results["template"].points == 0
    assert verdicts == {Verdict.NOT_IMPLEMENTED, Verdict.SKIPPED}


@pytest.mark.parametrize("name", WORDS)
def test_each_sample_is_told_its_mistake(results, name):
    """Each sample's feedback names its mistake, its points are lost, and the grader itself fails on nothing."""
    told = [check.feedback.message for task in results[name].tasks for check in task.checks]
    assert any(WORDS[name] in message for message in told)
    assert any(task.points < task.max_points for task in results[name].tasks)
    assert results[name].status is Status.GRADED


def test_experiments_without_a_network_of_their_own(assignment, tmp_path):
    """Whoever wrote no YourCNN loses it, and of the experiments only the one that would run it."""
    package = shutil.copytree(assignment.reference, tmp_path / "ann")
    for name, old, new in (("cnn", "class YourCNN(", "class _Unused("), ("experiments", ", YourCNN", "")):
        file = package / "hw2" / f"{name}.py"
        text = file.read_text(encoding="utf-8").replace(old, new)
        file.write_text(text.replace('"ycn": YourCNN', ""), encoding="utf-8")
    graded = []
    order = Order(COURSE, assignment, wall="process", tasks=("your-cnn", "cnn-experiment"))
    grade_all(order, [Job(Found("ann", package))], report=lambda result, _digest: graded.append(result))
    lost = {task.name: [check.name for check in task.checks if check.is_lost] for task in graded[0].tasks}
    assert set(lost["your-cnn"]) == {"test_your_cnn_document", "test_your_cnn_small_images"}
    assert lost["cnn-experiment"] == ["test_experiment_with_your_network"]
