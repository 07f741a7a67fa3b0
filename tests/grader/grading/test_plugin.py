"""Tests of grader.grading.plugin under an ordinary pytest, which a developer of checks runs by hand."""

import sys

import pytest

from grader.grading import check_run
from grader.results.verdict import Status, Verdict

GOOD = "def double(x): return 2 * x\ndef triple(x): return 3 * x\n"
WRONG = "def double(x):\n    return x\ndef triple(x):\n    return x.nothing\n"
CHECKS = '''\
import pytest
import torch
from grader.compare import assert_matches

@pytest.mark.graded(task="triple", after="test_double")
def test_after(probe):
    """comes after"""
    probe("triple", x=torch.ones(1))

@pytest.mark.graded(task="double")
def test_double(probe, rng):
    """double returns twice its input

    Multiply by two.
    """
    x = torch.randn(4, generator=rng)
    print("first drawn", x[0].item())
    assert_matches(probe("double", x=x), {"y": 2 * x})

@pytest.mark.graded(task="triple")
def test_triple(probe):
    """triple returns three times its input"""
    x = torch.ones(2)
    assert_matches(probe("triple", x=x), {"y": 3 * x})
'''
SLOW = '''\
import pytest
import time
import torch
from grader.compare import assert_matches

@pytest.mark.graded(task="double")
def test_asks_for_ever(probe):
    """asks for ever"""
    while True:
        probe("double", x=torch.ones(1))

@pytest.mark.graded(task="double")
def test_sleeps(probe):
    """sleeps"""
    time.sleep(60)

@pytest.mark.graded(task="triple")
def test_triple(probe):
    """triple returns three times its input"""
    assert_matches(probe("triple", x=torch.ones(2)), {"y": 3 * torch.ones(2)})
'''


_OURS = ("student", "test_tiny", "helpers")


class _Witness:
    """Keep the results of a pytest run."""

    results = ()

    def pytest_sessionfinish(self, session):
        subject = session.config.stash.get(check_run.SUBJECT, None)
        self.results = {name: result.verdict for name, result in subject.results.items()} if subject else {}


@pytest.fixture(autouse=True)
def _no_modules_left():
    """Import checks and the student's code anew in each test, and leave neither behind."""
    for name in _OURS:
        sys.modules.pop(name, None)
    yield
    for name in _OURS:
        sys.modules.pop(name, None)


@pytest.fixture
def course(make_course, write_files, tmp_path):
    write_files(tmp_path / "good", {"student.py": GOOD})
    write_files(tmp_path / "wrong", {"student.py": WRONG})
    return make_course(tmp_path, checks=CHECKS)


@pytest.fixture
def run_inside(course, monkeypatch, capsys, process_server):
    """Return a function that runs pytest on the checks in this process: its exit code, verdicts and output."""
    monkeypatch.setattr("grader.grading.plugin.start_server", lambda *_args, **_settings: _Kept(process_server))

    def run(submission, *arguments, wall="inline"):
        for name in _OURS:
            sys.modules.pop(name, None)
        monkeypatch.chdir(course)
        witness = _Witness()
        options = ["-p", "no:cacheprovider", "-c", "/dev/null", "--assignment", "tiny", "--wall", wall, "--color=no"]
        code = pytest.main([*options, "--submission", submission, *arguments], plugins=[witness])
        return int(code), witness.results, "".join(capsys.readouterr())

    return run


class _Kept:
    """Lend a fork server that goes on running."""

    def __init__(self, server):
        self._server = server

    def __enter__(self):
        return self._server

    def __exit__(self, *_error):
        return None


def test_the_plugin_runs_in_a_plain_pytest(course, run_pytest):
    """`pytest --assignment SLUG --submission PATH` runs the checks with its own options and exit code 0 for a pass."""
    ended = run_pytest("--assignment", "tiny", "--submission", course / "good", "-v", "--course", course, cwd="/")
    assert ended.returncode == 0, ended.stdout
    order = [line.split("::")[1].split()[:2] for line in ended.stdout.splitlines() if "::" in line]
    assert order == [["test_double", "PASSED"], ["test_after", "PASSED"], ["test_triple", "PASSED"]]


@pytest.mark.parametrize("mode", ["prepend", "importlib"])
def test_helpers_and_a_students_module_of_that_name(run_inside, course, write_files, mode):
    """Checks import the helpers beside them; a student's own `helpers`, in the same process, is another module."""
    theirs = {"student.py": f"from helpers import TWO\n{GOOD.replace('2 *', 'TWO *')}", "helpers.py": "TWO = 2\n"}
    write_files(course / "own", theirs)
    checks = CHECKS.replace("import pytest\n", "import pytest\nfrom helpers import FACTOR\n", 1)
    checks = checks.replace('{"y": 2 * x}', '{"y": FACTOR * x}')
    write_files(course / "tests/assignments/tiny", {"test_tiny.py": checks, "helpers.py": "FACTOR = 2\n"})
    code, verdicts, _output = run_inside("own", f"--import-mode={mode}")
    assert (code, {*verdicts.values()}) == (0, {Verdict.PASSED})


def test_a_helper_that_no_import_can_name(run_inside, course):
    """A mistake in the helpers' names is told before anything is collected."""
    (course / "tests/assignments/tiny/helpers-2.py").touch()
    code, _verdicts, output = run_inside("good")
    assert code == 4
    assert "helpers-2.py can't be imported by its name." in output


def test_failures_read_as_a_student_would_read_them(run_inside):
    """A failure shows the title, the explanation, the student's own lines and the hint; none of the grader's."""
    code, verdicts, output = run_inside("wrong")
    assert (code, verdicts["test_double"], verdicts["test_triple"]) == (1, Verdict.WRONG, Verdict.CRASHED)
    assert "double returns twice its input: wrong" in output
    assert "Hint: Multiply by two." in output
    assert "`student.py`, line 4, raised `AttributeError: 'Tensor' object has no attribute 'nothing'`" in output
    assert "student.py:4 in triple: return x.nothing" in output
    for ours in ("grader/", "assert_matches", "def test_"):
        assert ours not in output.partition("FAILURES")[2].partition("short test summary")[0]


def test_what_depends_on_a_failed_check_is_skipped(run_inside):
    """Dependants run after what they depend on, and are skipped where that failed."""
    _code, verdicts, output = run_inside("wrong", "-v", "-rs")
    assert list(verdicts) == ["test_double", "test_after", "test_triple"]
    assert verdicts["test_after"] is Verdict.SKIPPED
    assert "Not run: “double returns twice its input” has to pass first." in output


def test_checks_are_chosen_by_keyword(run_inside):
    """`-k` chooses checks; one whose precondition was not chosen runs all the same."""
    code, verdicts, _output = run_inside("good", "-k", "after")
    assert (code, verdicts) == (0, {"test_after": Verdict.PASSED})


def test_checks_are_chosen_by_name(run_inside):
    """`file::name` chooses a check, and what it comes after need not be there."""
    code, verdicts, _output = run_inside("good", "tests/assignments/tiny/test_tiny.py::test_after")
    assert (code, verdicts) == (0, {"test_after": Verdict.PASSED})


def test_the_first_failure_stops(run_inside):
    """`-x` stops at the first failure."""
    code, verdicts, output = run_inside("wrong", "-x")
    assert (code, list(verdicts)) == (1, ["test_double"])
    assert "stopping after 1 failures" in output


def test_collecting_needs_no_submission(run_inside):
    """`--collect-only` lists the checks without reading a submission."""
    code, _verdicts, output = run_inside("nowhere", "--collect-only", "-q")
    assert code == 0
    assert "test_after" in output


def test_random_inputs_are_repeatable(run_inside):
    """`rng` draws the same numbers for a check in each run, and others for another check."""
    first = [line for line in run_inside("good", "-s")[2].splitlines() if "first drawn" in line]
    again = [line for line in run_inside("good", "-s")[2].splitlines() if "first drawn" in line]
    assert first == again != []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--assignment", "tinny"], "has no assignment `tinny`. Did you mean `tiny`?"),
        (["--submission", "nowhere"], "`nowhere` is neither a file nor a folder. Is the path right?"),
        (["--wall", "paper"], "There is no wall 'paper'. Choose one of bubblewrap, user, process, inline."),
        (["--course", "/"], "/ is not in a course"),
    ],
)
def test_a_wrong_option_is_a_usage_error(course, monkeypatch, capsys, arguments, words):
    """An assignment, submission, wall or course that does not exist is a usage error in one sentence: exit code 4."""
    monkeypatch.chdir(course)
    options = ["-p", "no:cacheprovider", "-c", "/dev/null", "--assignment", "tiny", "--submission", "good"]
    code = pytest.main([*options, "--wall", "inline", *arguments])
    output = capsys.readouterr()
    assert code == pytest.ExitCode.USAGE_ERROR
    assert words in output.err
    assert "Traceback" not in output.err + output.out


def test_the_outer_time_limit_is_the_graders_fault(make_course, run_inside, tmp_path):
    """A check that the outer guard stops is not_graded, and the next one still gets its own answer."""
    make_course(tmp_path, checks=SLOW)
    code, verdicts, _output = run_inside("good", "--timeout", "0.5", "--timeout-method", "signal", wall="process")
    assert code == 1
    assert verdicts == {
        "test_asks_for_ever": Verdict.NOT_GRADED,
        "test_sleeps": Verdict.NOT_GRADED,
        "test_triple": Verdict.PASSED,
    }


def test_the_marker_is_registered(course, run_pytest):
    """`pytest --markers` explains the marker, so that --strict-markers accepts it."""
    ended = run_pytest("--markers", cwd=course)
    marker = (
        "@pytest.mark.graded(task, weight=1, after=(), device='cpu', grounds='', advice=False, dtype='', strict=False)"
    )
    assert f"{marker}: a check that earns points" in " ".join(ended.stdout.split())


def test_tests_without_the_marker_are_left_alone(run_pytest, tmp_path):
    """Without --assignment the plugin changes nothing in anybody's test run."""
    (tmp_path / "test_ordinary.py").write_text("def test_fails():\n    assert 1 == 2\ndef test_a(): pass\n")
    ended = run_pytest("-q", cwd=tmp_path)
    assert ended.returncode == 1
    assert "assert 1 == 2" in ended.stdout


def test_a_data_set_is_the_same_for_everybody(make_course, read_tiny, grade_many, tmp_path):
    """The fixture `dataset` gives the first set that is here, the same to all; predictions are scored outside."""
    probes = PROBES_OF_A_CLASSIFIER
    checks = CHECKS_OF_A_CLASSIFIER
    course = make_course(tmp_path / "course", probes=probes, checks=checks)
    students = {"good": {"student.py": "def classify(data): return (data['test_x'][:, 1] < 0.25).long()"}}
    students["guesses"] = {"student.py": "def classify(data): return 0 * data['test_x'][:, 0].long()"}
    students["asks"] = {"student.py": "def classify(data): return data['test_y']"}
    results = grade_many(read_tiny(course), students, folder=tmp_path / "in")
    verdicts = {name: [check.verdict for check in result.tasks[0].checks] for name, result in results.items()}
    assert verdicts["good"] == [Verdict.PASSED, Verdict.SKIPPED]
    assert verdicts["guesses"] == [Verdict.WRONG, Verdict.SKIPPED]
    assert verdicts["asks"] == [Verdict.CRASHED, Verdict.SKIPPED]
    skipped = results["good"].tasks[0].checks[1]
    assert not skipped.counted
    assert "cifar10" in skipped.feedback.message.lower().replace("-", "")
    assert results["good"].points + results["good"].unjudged == results["good"].max_points
    assert (results["good"].status, results["good"].tasks[0].unjudged > 0) == (Status.PROVISIONAL, True)
    (accuracy,) = {result.tasks[0].checks[0].feedback.message for result in [results["guesses"]]}
    assert "50" in accuracy


def test_a_check_with_data_names_them(make_course, read_tiny, grade_many, tmp_path):
    """The message of a check says which data set stood in, whatever came out; other checks say nothing."""
    course = make_course(tmp_path / "course", probes=PROBES_OF_A_CLASSIFIER, checks=CHECKS_OF_A_CLASSIFIER)
    students = {"good": {"student.py": "def classify(data): return (data['test_x'][:, 1] < 0.25).long()"}}
    students["asks"] = {"student.py": "def classify(data): return data['test_y']"}
    results = grade_many(read_tiny(course), students, folder=tmp_path / "in")
    assert results["good"].tasks[0].checks[0].feedback.message == "Data: moons."
    assert results["asks"].tasks[0].checks[0].feedback.message.endswith(" Data: moons.")
    assert results["good"].tasks[1].checks[0].feedback.message == ""


def test_a_training_is_drawn_however_it_ends(make_course, read_tiny, grade_many, tmp_path):
    """The fixture `curve` keeps what it drew of a check that passes, fails or stops; odd numbers harm nothing."""
    course = make_course(tmp_path / "course", probes=PROBES_OF_A_CLASSIFIER, checks=CHECKS_OF_A_TRAINING)
    bodies = {"good": "[1, 95.0]", "low": "[5.0, float('nan')]", "odd": "{'a': 1}", "stops": "1 / 0"}
    students = {
        name: {"student.py": f"def classify(data): return [0.5] if data else {body}"} for name, body in bodies.items()
    }
    results = grade_many(read_tiny(course), students, folder=tmp_path / "in")
    found = {name: result.tasks[0].checks[0] for name, result in results.items()}
    verdicts = {name: check.verdict for name, check in found.items()}
    wrong = Verdict.WRONG
    assert verdicts == {"good": Verdict.PASSED, "low": wrong, "odd": wrong, "stops": Verdict.CRASHED}
    drawn = {name: [curve.lines[0].values for curve in check.feedback.curves] for name, check in found.items()}
    assert drawn == {
        "good": [(0.5,), (1.0, 95.0)],
        "low": [(0.5,), (5.0, None)],
        "odd": [(0.5,), ()],
        "stops": [(0.5,)],
    }
    assert found["low"].feedback.curves[1].target == 90
    assert results["good"].tasks[0].checks[1].feedback.curves == (), "each check draws for itself"


CHECKS_OF_A_TRAINING = '''\
import pytest

@pytest.mark.graded(task="double")
def test_learns(probe, curve):
    """It learns"""
    curve("Loss", {"training": probe("predictions", data={"x": 1})["labels"]}, falls=True)
    numbers = probe("predictions", data={})["labels"]
    curve("Accuracy", {"training": numbers}, target=90, unit="%")
    assert isinstance(numbers, list), "No list came back."
    assert numbers[-1] >= 90, "Not enough."

@pytest.mark.graded(task="double")
def test_nothing():
    """Asks for nothing"""
'''


def test_missing_data_comes_before_forbidden_names(make_course, read_tiny, grade_many, tmp_path):
    """A forbidden use costs the checks whose data is here, and those without data; a check without its data is free."""
    checks = CHECKS_OF_A_CLASSIFIER + CHECKS_OF_FORBIDDEN_NAMES
    course = make_course(tmp_path / "course", probes=PROBES_OF_A_CLASSIFIER, checks=checks)
    toml = course / "tests/assignments/tiny/assignment.toml"
    toml.write_text(toml.read_text().replace("[tasks.double]", '[tasks.double]\nforbidden = ["torch.sort"]'))
    students = {"sorts": {"student.py": "import torch\ndef classify(data): return torch.sort(data['test_x'])[1]"}}
    checks = grade_many(read_tiny(course), students, folder=tmp_path / "in")["sorts"].tasks[0].checks
    verdicts = {check.name: (check.verdict, check.counted) for check in checks}
    assert verdicts == {
        "test_accuracy": (Verdict.FORBIDDEN, True),
        "test_on_images": (Verdict.SKIPPED, False),
        "test_plain": (Verdict.FORBIDDEN, True),
        "test_probes_first": (Verdict.FORBIDDEN, True),
    }
    assert "torch.sort" in checks[0].feedback.message


CHECKS_OF_FORBIDDEN_NAMES = '''
@pytest.mark.graded(task="double")
def test_plain():
    """Asks for nothing"""

@pytest.mark.graded(task="double")
def test_probes_first(probe, dataset):
    """Runs the submission before it looks for data"""
    probe("predictions", data={})
'''
PROBES_OF_A_CLASSIFIER = """\
from grader.probes import probe

@probe(needs=["student"])
def predictions(*, data):
    import student
    return {"labels": student.classify(data)}
"""
CHECKS_OF_A_CLASSIFIER = '''\
import pytest

from grader.datasets import score

@pytest.mark.graded(task="double")
def test_accuracy(probe, dataset):
    """The classifier is right about most points"""
    data = dataset("cifar10", "moons")
    actual = probe("predictions", data=data.for_probe())
    accuracy = score(actual["labels"], data)
    assert accuracy.percent >= 75, f"{accuracy} on {data.name}; at least 75 % are asked for."

@pytest.mark.graded(task="double")
def test_on_images(probe, dataset):
    """The classifier is right about images"""
    dataset("cifar10")

@pytest.mark.graded(task="triple")
def test_nothing():
    """Nothing is asked"""
'''
