"""Tests of opening: probes, limits and preloaded modules of an assignment, and a submission that is opened."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from grader.courses.assignment import SandboxSettings
from grader.errors import CourseError
from grader.grading.check_session import in_session
from grader.grading.opening import (
    limits_of,
    open_sandbox,
    refuse_failed_preload,
    shims_note,
    widest_limits,
    with_patience,
)
from grader.grading.probe_sources import needed_by_probes, read_probes
from grader.probes import places_of_probes
from grader.sandbox.wire.protocol import ProbeCall
from grader.submissions.submission import Found, read_submission


@pytest.fixture
def assignment(make_course, read_tiny, tmp_path):
    return read_tiny(make_course(tmp_path / "course"))


def test_what_probe_files_import_is_needed_by_every_submission(assignment):
    """What probe files import where they begin is imported at the start, and what a function imports when it is."""
    preload = ("torch", "matplotlib.pyplot", "torchvision", "torch._dynamo", "tqdm.auto", "colorsys")
    given = replace(assignment, sandbox=SandboxSettings(preload=preload))
    assert needed_by_probes(given) == ()
    imports = "import torchvision.datasets\nfrom matplotlib import pyplot as plt\nfrom torch import nn\nimport tqdm\n"
    (assignment.folder / "probes_more.py").write_text(f"{imports}def later():\n    import colorsys\n")
    (assignment.folder / "probes_worse.py").write_text("import colorsys\nthis is no Python\n")
    assert needed_by_probes(given) == ("torch", "matplotlib.pyplot", "torchvision")


def test_an_assignment_needs_probes(assignment):
    """A missing probes.py is a mistake in the course."""
    (assignment.folder / "probes.py").unlink()
    with pytest.raises(CourseError, match=r"tiny has no probes\. Add a file `probes\.py`"):
        read_probes(assignment)


def test_a_probe_file_that_cannot_be_read_is_named(assignment):
    """A probe file that nobody may read is a mistake in the course."""
    (assignment.folder / "probes_more.py").mkdir()
    (assignment.folder / "probes.py").unlink()
    (assignment.folder / "probes.py").symlink_to("/proc/self/mem")  # even root can't read it from its start
    with pytest.raises(CourseError, match=r"probes\.py can't be read: .* An assignment needs its probes\."):
        read_probes(assignment)


def test_all_probe_files_are_read(assignment):
    """Every file `probes*.py` belongs to the assignment, sorted by name; nothing else does."""
    for name in ("probes_part2.py", "probes_a.py", "more_probes.py"):
        (assignment.folder / name).write_text("X = 1\n")
    assert list(read_probes(assignment)) == ["probes.py", "probes_a.py", "probes_part2.py"]


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (
            "probes_2.py",
            r"Two probes are called `double`: probes\.py, line 5, and probes_2\.py, line 5\. Give each a name",
        ),
        ("probes.py", r"Two probes are called `double`: probes\.py, line 5, and probes\.py, line 19\. Give each"),
        ("probes-2.py", r"probes-2\.py can't be imported by its name\. Use letters, digits and `_` only\."),
    ],
)
def test_mistakes_in_probe_files(assignment, file, words):
    """A name used twice, or a file that can't be imported, is told before anything is graded."""
    path = assignment.folder / file
    double = '\n\n@probe(needs=["student"])\ndef double(*, x):\n    return {}\n'
    path.write_text((path.read_text() if path.exists() else "from grader.probes import probe\n") + double)
    with pytest.raises(CourseError, match=words):
        in_session(assignment, lambda _session: pytest.fail("it began to grade"))


def test_a_probe_file_with_a_syntax_error_declares_nothing():
    """Source that is no Python is left to the sandbox, which says what is wrong."""
    assert places_of_probes(b"def broken(:") == places_of_probes(b"\0") == ()


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("y = np.float(x)", "`numpy.float`"),
        ("import numpy\ny = numpy.float(x) + np.in1d(x, x)", "`numpy.float`, `numpy.in1d`"),
        ("from numpy import array, float", "`numpy.float`"),
        ("x, y = iter(loader).next()", "`iterator.next`"),
        ("x = torch.float(y.bool()) + np.floating + next(it) + float(x)", ""),
        ("from matplotlib.cm import get_cmap", ""),  # this assignment gives back no such name
    ],
)
def test_what_was_given_back_is_told(assignment, source, told):
    """A scorecard names the removed names that its own code uses, and says nothing where it uses none."""
    files = {"a.py": source.encode(), "b.py": b"x = 1"}
    assert shims_note(assignment, files) == ()
    given = replace(assignment, sandbox=SandboxSettings(shims=("numpy.*", "iterator.next")))
    note = f"Newer versions no longer have {told}: given back here, for code written for older ones."
    assert shims_note(given, files) == ((note,) if told else ())


def test_the_widest_limits_are_those_of_any_task(assignment):
    """Where a task has limits of its own, probes may run as long as the most patient task lets them."""
    double, triple = assignment.tasks
    trained = replace(assignment, tasks=(double, replace(triple, long=True, limits={"wall_s": 60})))
    assert widest_limits(trained).wall_s == 60


def test_limits_come_from_the_assignment(assignment):
    """Limits that assignment.toml states replace the defaults, the others stay."""
    limits = limits_of(assignment)
    assert (limits.wall_s, limits.import_s, limits.memory_mib) == (1.0, 3.0, 2048)


def test_without_a_server_probes_run_here(assignment, write_files, tmp_path, monkeypatch):
    """Without a fork server the submission is opened inline, in the folder that is given."""
    monkeypatch.delitem(__import__("sys").modules, "student", raising=False)
    folder = write_files(tmp_path / "here", {"student.py": "def double(x):\n    return 2 * x\n"})
    submission = read_submission(Found("here", folder), assignment)
    with open_sandbox(assignment, submission, server=None, folder=folder) as sandbox:
        assert sandbox.run(ProbeCall("double", {"x": torch.ones(1)})).outputs["y"].tolist() == [2.0]


def test_what_a_student_lacks_is_told_to_a_student(assignment):
    """In a kit a package that is missing is to be installed as its README says; assignment.toml is not spoken of."""
    server = SimpleNamespace(
        problems=("seaborn could not be imported: ModuleNotFoundError: No module named 'seaborn'",)
    )
    with pytest.raises(
        CourseError, match=r"The assignment needs what is not installed: seaborn .*“Set up”\."
    ) as caught:
        refuse_failed_preload(server, replace(assignment, reference=None))
    assert "toml" not in str(caught.value)
    with pytest.raises(CourseError, match=r"`preload` in assignment\.toml: seaborn could not be imported"):
        refuse_failed_preload(server, assignment)
    refuse_failed_preload(SimpleNamespace(problems=()), assignment)


def test_patience_is_with_the_clock_alone(assignment):
    """Four times as long by the clock, tasks with limits of their own included; no more computing than before."""
    task = assignment.tasks[0]
    given = replace(
        assignment,
        limits={"wall_s": 2, "cpu_s": 30, "memory_mib": 512},
        tasks=(task, replace(task, name="long", limits={"wall_s": 60, "cpu_s": 40}), replace(task, name="threads")),
    )
    patient = with_patience(given)
    limits = limits_of(patient)
    assert (limits.wall_s, limits.import_s, limits.cpu_s) == (8, 4 * limits_of(given).import_s, 2)
    assert limits.memory_mib == 512
    own = [task.limits for task in patient.tasks]
    assert own[0] == own[2] == {}
    assert (own[1]["wall_s"], own[1]["cpu_s"]) == (240, 40)
    several = limits_of(with_patience(replace(given, limits={"wall_s": 2, "cpu_s": 30, "threads": 3})))
    assert several.cpu_s == 6
