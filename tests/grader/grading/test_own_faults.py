"""Promises of `own_faults`: an author's bug costs no student anything, and a student's bug is never the author's."""

from contextlib import nullcontext

import pytest

from grader.grading.grade import grade_all
from grader.grading.job import Job, Order
from grader.grading.own_faults import never_defined
from grader.results.verdict import Status, Verdict
from grader.sandbox.wire.protocol import ErrorReport
from grader.submissions.submission import Found

PROBES = """\
from grader.probes import probe

@probe(needs=["student"])
def value():
    import student
    found = student.value()
    if found != 3:
        print(fuond)
    return {"y": found}

@probe(needs=["student"])
def misspelt():
    import student
    return {"y": student.valeu()}

@probe(needs=["student"])
def too_many():
    import student
    return {"y": student.value(1, 2)}

@probe(needs=["student"])
def halves():
    import student
    return {"y": [one / 2 for one in student.values()]}
"""
CHECKS = '''\
import pytest
from grader.compare import assert_matches

def mark(**settings):
    return pytest.mark.graded(task="double", **settings)

@pytest.mark.graded(task="double")
def test_value(probe):
    """value is three"""
    assert_matches(probe("value"), {"y": 3})

@pytest.mark.graded(task="double", after="test_value")
def test_value_again(probe):
    """value is three again"""
    assert_matches(probe("value"), {"y": 3})

@pytest.mark.graded(task="double")
def test_misspelt(probe):
    """asks for a name that nothing has"""
    assert_matches(probe("misspelt"), {"y": 3})

@pytest.mark.graded(task="double")
def test_too_many(probe):
    """calls with too many arguments"""
    assert_matches(probe("too_many"), {"y": 3})

@pytest.mark.graded(task="triple")
def test_halves(probe):
    """halves what values returns"""
    y = probe("halves")["y"]
    if y != [1.0, 2.0]:
        pytest.fail(f"Got {yy}.")
'''
GOOD = "def value(): return 3\ndef values(): return [2, 4]\n"


@pytest.fixture(scope="module")
def grade(make_course, read_tiny, process_server, write_files, tmp_path_factory):
    """Return a function that grades one source and returns its status and its checks' results by name."""
    folder = tmp_path_factory.mktemp("course")
    course = make_course(folder, checks={"test_it.py": CHECKS}, probes=PROBES, reference={"student.py": GOOD})

    def one(source):
        assignment, results = read_tiny(course), []
        found = Found("me", write_files(tmp_path_factory.mktemp("me"), {"student.py": source}))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("grader.grading.grade.start_server", lambda *_args, **_settings: nullcontext(process_server))
            order = Order(course, assignment, wall="process")
            grade_all(order, [Job(found)], report=lambda result, _digest: results.append(result))
        return results[0].status, {check.name: check for task in results[0].tasks for check in task.checks}

    return one


@pytest.fixture(scope="module")
def good(grade):
    """Return what a right submission gets."""
    return grade(GOOD)


@pytest.fixture(scope="module")
def wrong(grade):
    """Return what a submission gets whose value and values are wrong."""
    return grade("def value(): return 4\ndef values(): return [2, 6]\n")


@pytest.mark.parametrize("who", ["good", "wrong"])
@pytest.mark.parametrize(
    ("check", "words"),
    [
        ("test_misspelt", "AttributeError: module 'student' has no attribute 'valeu'"),
        ("test_too_many", "TypeError: value() takes 0 positional arguments but 2 were given"),
    ],
)
def test_what_fails_for_the_reference_too_is_the_authors(request, who, check, words):
    """A probe that ends in the same way for the reference costs nobody points, and is told with its line."""
    status, checks = request.getfixturevalue(who)
    result = checks[check]
    assert (result.verdict, result.counted, status) == (Verdict.NOT_GRADED, False, Status.NOT_GRADED)
    assert "ends in the same way for the course's own solution" in result.feedback.message
    assert words in result.feedback.message
    assert "(probes.py, line " in result.feedback.message


def test_a_name_that_no_probe_defines_is_the_authors(good, wrong):
    """A misspelt name is the author's bug even where only a wrong answer reaches it; what depends on it stays open."""
    assert good[1]["test_value"].verdict is Verdict.PASSED
    result = wrong[1]["test_value"]
    assert result.verdict is Verdict.NOT_GRADED
    assert "`fuond` is not defined (probes.py, line 8" in result.feedback.message
    following = wrong[1]["test_value_again"]
    assert (following.verdict, following.is_unjudged, following.is_lost) == (Verdict.SKIPPED, True, False)


def test_a_name_that_a_check_never_defines_is_the_authors(good, wrong):
    """A check that breaks over a name of its own is not graded, and told with file, line and code."""
    assert good[1]["test_halves"].verdict is Verdict.PASSED
    result = wrong[1]["test_halves"]
    assert (result.verdict, result.counted) == (Verdict.NOT_GRADED, False)
    assert "NameError: name 'yy' is not defined" in result.feedback.message
    assert "(test_it.py, line 32: `pytest.fail(f" in result.feedback.message


@pytest.mark.parametrize(
    ("source", "check", "verdict", "words"),
    [
        ("def value(): return nothing\n", "test_value", Verdict.CRASHED, "NameError: name 'nothing' is not defined"),
        ("def value(): return 1 / 0\n", "test_value", Verdict.CRASHED, "ZeroDivisionError"),
        ("def values(): return ['a']\n", "test_halves", Verdict.CRASHED, "Using what your code returned failed"),
        ("def valuse(): return [2, 4]\n", "test_halves", Verdict.MISSING, "There is `valuse`: is that meant to be it?"),
        ("x = 1\n", "test_halves", Verdict.MISSING, "`student` has no `values`"),
    ],
)
def test_what_a_student_causes_stays_theirs(grade, source, check, verdict, words):
    """An exception in a student's line, over what they returned, or for a name they lack is theirs, and counted."""
    result = grade(source)[1][check]
    assert (result.verdict, result.counted) == (verdict, True)
    assert words in result.feedback.message


def test_an_imported_module_is_no_misspelling(grade):
    """Modules that a file imports are not offered in place of a name that it lacks."""
    result = grade("import math as valuse\n")[1]["test_halves"]
    assert result.verdict is Verdict.MISSING
    assert "There is" not in result.feedback.message


def test_a_claim_of_the_sandbox_is_not_believed(read_tiny, make_course, tmp_path):
    """That a probe lacks a name is looked up in its source: no submission makes its own bug the author's."""
    assignment = read_tiny(make_course(tmp_path, probes=PROBES))
    claimed = ErrorReport("NameError", "name 'found' is not defined", ("NameError", "Exception"), raised_in="probe")
    assert never_defined(claimed, assignment) == ""
    assert never_defined(None, assignment) == ""
    true = ErrorReport("NameError", "name 'fuond' is not defined", ("NameError", "Exception"), raised_in="probe")
    assert "(probes.py, line 8" in never_defined(true, assignment)
