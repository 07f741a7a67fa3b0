"""Tests of grader.grading.grade: whole submissions against real checks, several in one session."""

import json
import os
from contextlib import nullcontext

import pytest
import torch

from grader.authoring.record import record_assets
from grader.courses.assets import Asset, write_assets
from grader.errors import CourseError
from grader.grading.grade import grade_all
from grader.grading.job import Job, Order
from grader.results.verdict import Status, Verdict
from grader.submissions.submission import Found

TOML = """\
title = "Rich"
[submission]
required = ["student.py"]
editable = ["*.py"]
[limits]
wall_s = 0.5
import_s = 3.0
[tasks.double]
title = "Doubling"
points = 10
[tasks.triple]
title = "Tripling"
points = 6
scoring = "all-or-nothing"
[tasks.odd]
title = "Odd ends"
points = 8
"""
PROBES = """\
import os
import sys
import torch
from grader.probes import probe

@probe(needs=["student"])
def double(*, x):
    import student
    return {"y": student.double(x)}

@probe(needs=["student"])
def triple(*, x):
    import student
    return {"y": student.triple(x)}

@probe()
def surroundings(*, name):
    import random
    return {
        "environment": os.environ.get(name) or sys.modules.get("this_was_here"),
        "drawn": torch.rand(3),
        "random": random.random(),
        "threads": torch.get_num_threads(),
        "dtype": str(torch.get_default_dtype()),
    }
"""
CHECKS = '''\
import pytest
import torch
from grader.compare import assert_matches

@pytest.mark.graded(task="double", weight=3)
def test_double(probe, rng):
    """double returns twice its input

    Multiply by two.
    """
    x = torch.randn(4, generator=rng)
    assert_matches(probe("double", x=x), {"y": 2 * x})

@pytest.mark.graded(task="double", after="test_double", strict=True)
def test_double_of_nothing(probe):
    """double keeps the empty tensor"""
    assert_matches(probe("double", x=torch.ones(0)), {"y": torch.ones(0)})

@pytest.mark.graded(task="triple")
def test_triple(probe, expected, rng):
    """triple returns three times its input"""
    x = torch.randn(4, generator=rng)
    assert_matches(probe("triple", x=x), expected("triple", x=x))

@pytest.mark.graded(task="triple")
def test_triple_of_zero(probe):
    """triple of zero is zero"""
    assert probe("triple", x=torch.zeros(1))["y"].item() == 0, "Three times zero is zero."

@pytest.mark.graded(task="odd")
def test_surroundings(probe, rng):
    """surroundings are as in a fresh process"""
    found = probe("surroundings", name="LEAK")
    again = probe("surroundings", name="LEAK")
    assert torch.equal(found["drawn"], again["drawn"]), "The seed is not set anew."
    assert (found["environment"], found["threads"], found["dtype"]) == (None, 1, "torch.float32"), str(dict(found))
    assert torch.equal(torch.rand(3), torch.rand(3, generator=rng)), "The global seed is not the check's."
'''
GOOD = "def double(x): return 2 * x\ndef triple(x): return 3 * x\n"
LEAKING = """\
import os, random, sys, torch
os.environ["LEAK"] = "leaked"
torch.manual_seed(1)
random.seed(1)
torch.set_default_dtype(torch.float64)
torch.set_num_threads(2)
torch.equal = torch.allclose = lambda *_args, **_kwargs: True
sys.modules["this_was_here"] = torch
calls = []
def double(x):
    calls.append(x)
    return 2 * x if len(calls) == 1 else None
def triple(x):
    return 3 * x
"""
SUBMISSIONS = {
    "leaking": LEAKING,
    "good": GOOD,
    "half": "def double(x): return 2 * x\ndef triple(x): return 3 * x + (x == 0)\n",
    "wrong": "def double(x): return x\ndef triple(x): return x\n",
    "stub": "def double(x): raise NotImplementedError\ndef triple(x): raise NotImplementedError\n",
    "none": "def double(x): pass\ndef triple(x): pass\n",
    "loop": "def double(x):\n    while True: pass\ndef triple(x): return 3 * x\n",
    "exits": "def double(x): exit(1)\ndef triple(x): import os; os._exit(0)\n",
    "crash": "import nowhere\n",
    "good again": GOOD,
}


@pytest.fixture(scope="module")
def rich(make_course, read_tiny, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rich")
    assignment = read_tiny(make_course(folder, toml=TOML, probes=PROBES, checks=CHECKS, reference=GOOD))
    assert not record_assets(assignment, write=True).is_blocked
    return assignment


@pytest.fixture(scope="module")
def graded(rich, grade_many, tmp_path_factory):
    submissions = {name: {"student.py": source} for name, source in SUBMISSIONS.items()} | {"empty": {}}
    return grade_many(rich, submissions, folder=tmp_path_factory.mktemp("submissions"))


def _verdicts(result):
    return {check.name.removeprefix("test_"): check.verdict for task in result.tasks for check in task.checks}


def _points(result):
    return [task.points for task in result.tasks]


def _check(result, name):
    return next(check for task in result.tasks for check in task.checks if check.name == name)


def test_a_right_submission_earns_everything(graded):
    """A submission that does what the assignment says passes every check and earns all points."""
    good = graded["good"]
    assert set(_verdicts(good).values()) == {Verdict.PASSED}
    assert (good.points, good.max_points, good.status, good.wall) == (24.0, 24.0, Status.GRADED, "process")


def test_points_follow_the_scoring(graded):
    """Proportional tasks give points by weight; all-or-nothing gives none where one check fails."""
    assert _points(graded["half"]) == [10.0, 0.0, 8.0]
    assert _check(graded["half"], "test_triple_of_zero").feedback.message == "Three times zero is zero."


def test_what_depends_on_a_failed_check_is_skipped_and_counts(graded):
    """A check whose precondition failed is skipped, says which one, and earns nothing."""
    wrong = graded["wrong"]
    skipped = _check(wrong, "test_double_of_nothing")
    assert (skipped.verdict, skipped.counted) == (Verdict.SKIPPED, True)
    assert skipped.feedback.message == "Not run: “double returns twice its input” has to pass first."
    assert skipped.because == "test_double"
    assert _points(wrong) == [0.0, 0.0, 8.0]
    assert wrong.max_points == 24.0


def test_a_wrong_check_has_the_hint(graded):
    """A wrong result comes with an explanation, the failing items and the check's own hint."""
    feedback = _check(graded["wrong"], "test_double").feedback
    assert feedback.hint == "Multiply by two."
    assert [item.name for item in feedback.items] == ["y"]
    assert "2 times" in feedback.message or "half" in feedback.message


@pytest.mark.parametrize("name", ["stub", "none"])
def test_a_stub_is_not_implemented(graded, name):
    """Code that is still to be written gets the verdict not_implemented, raised or returned."""
    assert _verdicts(graded[name])["double"] is Verdict.NOT_IMPLEMENTED
    assert graded[name].points == 8.0


def test_a_loop_costs_one_check(graded):
    """An endless loop is stopped; what does not loop is graded all the same."""
    assert _verdicts(graded["loop"])["double"] is Verdict.TIMED_OUT
    assert _points(graded["loop"]) == [0.0, 6.0, 8.0]


def test_leaving_the_process_costs_one_check(graded):
    """Code that exits, politely or not, is a crash and nothing more."""
    verdicts = _verdicts(graded["exits"])
    assert (verdicts["double"], verdicts["triple"], verdicts["surroundings"]) == (
        Verdict.CRASHED,
        Verdict.CRASHED,
        Verdict.PASSED,
    )


def test_an_import_that_fails_costs_what_needs_it(graded):
    """A module that can't be imported fails every check that needs it and no other."""
    assert _points(graded["crash"]) == [0.0, 0.0, 8.0]


def test_a_submission_without_files_is_unreadable(graded):
    """A submission that holds nothing gradable earns nothing of everything, and its note says why."""
    empty = graded["empty"]
    assert (empty.status, empty.points, empty.max_points) == (Status.UNREADABLE, 0.0, 24.0)
    assert "student.py" in empty.notes[0]


def test_submissions_do_not_influence_each_other(graded):
    """What one submission does to its modules, generators, environment or torch is gone for the next and for probes."""
    assert _points(graded["leaking"])[:2] == [10.0, 6.0]
    assert graded["good again"].points == 24.0
    assert "LEAK" not in os.environ


def test_equal_submissions_get_equal_results(graded):
    """The same submission, graded twice in a session, gets the same points, verdicts and words."""
    one, other = graded["good"], graded["good again"]
    assert (_points(one), _verdicts(one)) == (_points(other), _verdicts(other))


def test_only_chosen_tasks_are_graded(rich, grade_many, tmp_path):
    """With tasks chosen, only their checks run and only their points can be earned, also where nothing is readable."""
    submissions = {"good": {"student.py": GOOD}, "empty": {}}
    results = grade_many(rich, submissions, folder=tmp_path, tasks=("triple",))
    assert set(_verdicts(results["good"])) == {"triple", "triple_of_zero"}
    assert (results["good"].points, results["good"].max_points) == (6.0, 6.0)
    assert (results["empty"].points, results["empty"].max_points) == (0.0, 6.0)


def test_only_the_checks_named_for_a_submission_run(rich, process_server, write_files, tmp_path):
    """A job that names checks runs those and what they come after; one that names tasks yields only those."""
    founds = [Found(name, write_files(tmp_path / name, {"student.py": GOOD})) for name in ("some", "all", "one task")]
    results = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("grader.grading.grade.start_server", lambda *_args, **_settings: nullcontext(process_server))
        grade_all(
            Order(rich.folder, rich, wall="process"),
            [Job(founds[0], checks=("test_double_of_nothing",)), Job(founds[1]), Job(founds[2], tasks=("triple",))],
            report=lambda result, _digest: results.__setitem__(result.submission, result),
        )
    assert list(_verdicts(results["some"])) == ["double", "double_of_nothing"]
    assert len(_verdicts(results["all"])) == 5
    assert {task.name for task in results["one task"].tasks} == {"triple"}


FAULTY = '''\
import pytest
import torch

@pytest.mark.graded(task="double")
def test_own_bug(probe):
    """has a bug of its own"""
    {}["nothing"]

@pytest.mark.graded(task="double", after="test_own_bug")
def test_after_the_bug(probe):
    """comes after the bug"""

@pytest.mark.graded(task="double", after="test_after_the_bug")
def test_after_that(probe):
    """comes after what comes after the bug"""

@pytest.mark.graded(task="double")
def test_no_fixture(nothing):
    """asks for a fixture that does not exist"""

@pytest.fixture
def late():
    yield
    raise RuntimeError("too late")

@pytest.mark.graded(task="double")
def test_teardown(late):
    """fails when all is over"""

@pytest.mark.graded(task="double")
def test_no_probe(probe):
    """asks for a probe that does not exist"""
    probe("nothing")

@pytest.mark.graded(task="double")
def test_not_recorded(probe, expected):
    """asks for what was not recorded"""
    expected("double", x=torch.ones(1))

@pytest.mark.graded(task="double", weight=3)
def test_double(probe):
    """doubles"""
    assert probe("double", x=torch.ones(1))["y"].item() == 2.0
    assert torch.equal(probe("double", x=torch.ones(1))["y"], torch.ones(1))

@pytest.mark.graded(task="triple")
def test_without_data():
    """needs data"""
    pytest.skip("Fashion-MNIST is not on this machine.")

@pytest.mark.graded(task="triple", device="cuda")
def test_on_a_gpu(probe):
    """needs a GPU"""
    raise AssertionError

@pytest.mark.graded(task="triple")
def test_said_wrong():
    """is told by pytest.fail"""
    pytest.fail("The loss went up.")
'''


@pytest.fixture(scope="module")
def faulty(make_course, read_tiny, grade_many, tmp_path_factory):
    folder = tmp_path_factory.mktemp("faulty")
    course = make_course(folder / "course", toml=TOML, probes=PROBES, checks={"test_faulty.py": FAULTY})
    return grade_many(read_tiny(course), {"good": {"student.py": GOOD}}, folder=folder)["good"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("test_own_bug", "KeyError: 'nothing'"),
        ("test_no_fixture", "nothing"),
        ("test_teardown", "RuntimeError: too late"),
        ("test_no_probe", "no probe 'nothing'"),
        ("test_not_recorded", "tiny has no recorded asset for `test_not_recorded`. Run `grader record tiny`"),
    ],
)
def test_the_graders_own_faults_cost_nothing(faulty, name, words):
    """A fault of a check, a fixture, a probe's name or an asset is not_graded, says so, and counts for nobody."""
    check = _check(faulty, name)
    assert (check.verdict, check.counted) == (Verdict.NOT_GRADED, False)
    assert check.feedback.message.startswith("The grader failed here, not your code: ")
    assert words in check.feedback.message
    assert check.feedback.message.endswith(" This check costs no points; the instructor is told.")


@pytest.mark.parametrize("name", ["test_after_the_bug", "test_after_that"])
def test_what_depends_on_the_graders_fault_costs_nothing(faulty, name):
    """A check that is skipped because of the grader's own fault, however indirectly, counts for nobody."""
    check = _check(faulty, name)
    assert (check.verdict, check.counted) == (Verdict.SKIPPED, False)


def test_what_is_not_graded_stays_open(faulty):
    """Checks that could not be judged leave their points open, and the maximum as it is; the status is not_graded."""
    double, triple = faulty.tasks
    assert (double.points, double.unjudged, double.max_points) == (0.0, 7.0, 10.0)
    assert (triple.points, triple.unjudged, triple.max_points) == (0.0, 0.0, 6.0)  # all or nothing, and one is wrong
    assert faulty.status is Status.NOT_GRADED


def test_missing_data_and_devices_cost_nothing(faulty):
    """A check that needs data which this machine lacks, or a GPU, is skipped, says why, and counts for nobody."""
    check = _check(faulty, "test_without_data")
    assert (check.verdict, check.counted) == (Verdict.SKIPPED, False)
    assert check.feedback.message == "Fashion-MNIST is not on this machine."
    check = _check(faulty, "test_on_a_gpu")
    assert (check.verdict, check.counted) == (Verdict.SKIPPED, False)
    assert check.feedback.message == (
        "Needs a CUDA device, which it gets from `grader grade --device cuda`; its points stay open."
    )


def test_a_check_may_say_itself_what_is_wrong(faulty):
    """pytest.fail in a check means wrong, in the check's words."""
    check = _check(faulty, "test_said_wrong")
    assert (check.verdict, check.feedback.message) == (Verdict.WRONG, "The loss went up.")


def test_a_bare_assert_has_a_sentence(faulty):
    """An assert without words shows the student a sentence, not pytest's rewritten expression."""
    check = _check(faulty, "test_double")
    assert (check.verdict, check.feedback.message) == (Verdict.WRONG, "The result is not what the assignment asks for.")


def test_assignments_do_not_share_checks(make_course, read_tiny, grade_many, tmp_path):
    """Two assignments whose checks lie in files of the same name are graded by their own checks in one process."""
    points = {}
    for name in ("one", "two"):
        check = f'import pytest\n@pytest.mark.graded(task="double")\ndef test_{name}():\n    "{name}"\n'
        course = make_course(tmp_path / name, checks={"test_same.py": check})
        result = grade_many(read_tiny(course), {"me": {"student.py": GOOD}}, folder=tmp_path / "submissions")["me"]
        points[name] = list(_verdicts(result))
    assert points == {"one": ["one"], "two": ["two"]}


def test_the_environments_pytest_settings_change_nothing(rich, grade_many, tmp_path, monkeypatch):
    """PYTEST_ADDOPTS, which a developer may have set for their own tests, neither selects checks nor breaks grading."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k nothing --no-such-option")
    assert grade_many(rich, {"me": {"student.py": GOOD}}, folder=tmp_path)["me"].points == 24.0
    assert os.environ["PYTEST_ADDOPTS"] == "-k nothing --no-such-option"


def test_a_changed_asset_is_noticed(rich, grade_many, tmp_path):
    """A manifest that doesn't fit its files makes the checks that need it not_graded, and only those."""
    manifest = rich.assets / "manifest.json"
    text = manifest.read_text()
    entries = json.loads(text)
    entries["assets"]["test_triple"]["sha256"] = "0" * 64
    manifest.write_text(json.dumps(entries))
    try:
        result = grade_many(rich, {"me": {"student.py": GOOD}}, folder=tmp_path)["me"]
    finally:
        manifest.write_text(text)
    assert [name for name, verdict in _verdicts(result).items() if verdict is Verdict.NOT_GRADED] == ["triple"]
    assert (result.status, result.points, result.max_points) == (Status.NOT_GRADED, 18.0, 24.0)
    assert result.unjudged == 6.0


def test_an_assignment_without_a_reference_folder_is_refused(make_course, read_tiny, grade_many, tmp_path):
    """A course whose reference is gone can't restore its files: CourseError, not a grade."""
    course = make_course(tmp_path / "course")
    (course / "reference" / "tiny" / "student.py").unlink()
    (course / "reference" / "tiny").rmdir()
    with pytest.raises(CourseError, match=r"reference/tiny is missing\. Add a reference"):
        grade_many(read_tiny(course), {"me": {"student.py": GOOD}}, folder=tmp_path)


def test_a_preload_that_fails_stops_the_run(make_course, read_tiny, tmp_path):
    """A module that the assignment preloads and this machine lacks is an error of the course, not of the students."""
    toml = 'title = "Tiny"\n[submission]\nrequired = ["student.py"]\neditable = ["*.py"]\n'
    toml += '[sandbox]\npreload = ["no_such_module"]\n'
    toml += "".join(f'[tasks.{name}]\ntitle = "{name}"\npoints = 1\n' for name in ("double", "triple"))
    assignment = read_tiny(make_course(tmp_path / "course", toml=toml))
    words = r"`preload` in assignment.toml: no_such_module could not be imported: .*Install it on this machine"
    with pytest.raises(CourseError, match=words):
        grade_all(Order(assignment.folder, assignment, wall="process"), [], report=lambda _result, _digest: None)


BLANK_CHECKS = """
import pytest
import torch
from grader.compare import Spec, assert_matches

@pytest.mark.graded(task="double")
def test_shape(probe):
    "compares shapes"
    assert_matches(probe("double", x=torch.ones(2)), {"y": Spec((2,))})

@pytest.mark.graded(task="double")
def test_sum(probe):
    "does arithmetic with what came back"
    assert probe("double", x=torch.ones(2))["y"].sum() == 4

@pytest.mark.graded(task="triple")
def test_triple(probe):
    "is untouched by blanks elsewhere"
    assert_matches(probe("triple", x=torch.ones(2)), {"y": 3 * torch.ones(2)})
"""
BUG_CHECKS = """
import pytest
import torch

@pytest.mark.graded(task="double")
def test_bug(probe):
    "trips over a None of its own"
    probe("double", x=torch.ones(2))
    None + 1
"""


@pytest.mark.parametrize("body", ["pass", "...", "return None", "'only words'"])
def test_half_a_blank_module_costs_only_its_own_checks(make_course, read_tiny, grade_many, tmp_path, body):
    """A function left blank is not implemented, however its None is met; what is written beside it counts."""
    assignment = read_tiny(make_course(tmp_path / "course", checks=BLANK_CHECKS))
    source = f"def double(x):\n    {body}\ndef triple(x):\n    return 3 * x\n"
    result = grade_many(assignment, {"a": {"student.py": source}}, folder=tmp_path / "subs")["a"]
    verdicts = {check.name: check.verdict for task in result.tasks for check in task.checks}
    assert (result.points, result.max_points) == (5, 15)
    assert verdicts["test_shape"] is Verdict.NOT_IMPLEMENTED
    assert verdicts["test_sum"] is Verdict.NOT_IMPLEMENTED


def test_a_checks_own_none_is_no_blank(make_course, read_tiny, grade_many, tmp_path):
    """Where the student's code gave values, a check that trips over None is the grader's mistake."""
    assignment = read_tiny(make_course(tmp_path / "course", checks=BUG_CHECKS))
    result = grade_many(assignment, {"a": {"student.py": GOOD}}, folder=tmp_path / "subs")["a"]
    assert result.tasks[0].checks[0].verdict is Verdict.NOT_GRADED


OTHER_INPUTS = """\
import pytest
import torch
@pytest.mark.graded(task="double")
def test_formula(matches_recorded):
    \"\"\"has a formula\"\"\"
    matches_recorded("double", lambda x: {"y": 2 * x}, x=torch.ones(1))
"""


def test_a_formula_that_stands_in_is_told_once(make_course, read_tiny, grade_many, tmp_path):
    """Where assets are of other inputs, formulas grade everybody, one flag tells the instructor, and no student."""
    course = read_tiny(make_course(tmp_path / "course", checks={"test_other.py": OTHER_INPUTS}))
    zero = torch.zeros(1)
    write_assets(course.assets, {"test_formula": Asset("test_formula", "double", {"x": zero}, {"y": zero})})
    results = grade_many(course, {"one": {"student.py": GOOD}, "two": {"student.py": GOOD}}, folder=tmp_path)
    verdicts = [check.verdict for result in results.values() for task in result.tasks for check in task.checks]
    assert verdicts == [Verdict.PASSED] * 2
    (flag,) = [flag for result in results.values() for flag in result.flags]
    assert flag.startswith("About the course, not this submission: here `test_formula` draws other inputs")
    assert flag.endswith("Run `grader record tiny` and review the diff.")
    assert not [note for result in results.values() for note in result.notes]
