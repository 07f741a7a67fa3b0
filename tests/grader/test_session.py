"""Tests of grader.session: one check's conversation with a submission behind a real fork server."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch

from grader.assignment import WorkerSettings
from grader.check_session import in_session
from grader.checks import Check
from grader.errors import AssetError, CourseError, SandboxError
from grader.outcome import ProbeFailed
from grader.probes import names_of_probes
from grader.session import (
    Conversation,
    ProbeOutput,
    RecordedAssets,
    Subject,
    limits_of,
    open_sandbox,
    read_probes,
    shims_note,
    widest_limits,
)
from grader.submission import Found, read_submission
from grader.verdict import CheckResult, Verdict

STUDENT = """\
import torch
def double(x):
    print("doubling", torch.initial_seed())
    return 2 * x
def triple(x):
    print("tripling")
    raise NotImplementedError
"""


def _check(name="test_a", *after):
    return Check(name, "A", "", "double", 1.0, after, "cpu", hidden=False)


@pytest.fixture
def assignment(make_course, read_tiny, tmp_path):
    return read_tiny(make_course(tmp_path / "course"))


@pytest.fixture
def sandbox(assignment, write_files, process_server, tmp_path):
    folder = write_files(tmp_path / "me", {"student.py": STUDENT})
    submission = read_submission(Found("me", folder), assignment)
    with open_sandbox(assignment, submission, server=process_server) as sandbox:
        yield sandbox


@pytest.fixture
def talk(sandbox):
    return Conversation(Subject(sandbox, lambda *_args, **_kwargs: None), _check())


def test_outputs_are_a_mapping_that_cannot_be_changed():
    """A probe's outputs are read by name, and no check can change them."""
    outputs = ProbeOutput({"y": 1}, devices={"y": "cuda"})
    assert isinstance(outputs, Mapping)
    assert (outputs["y"], list(outputs), len(outputs), outputs.devices) == (1, ["y"], 1, {"y": "cuda"})
    with pytest.raises(TypeError):
        outputs["y"] = 2


def test_a_probe_returns_the_students_outputs(talk):
    """`probe` runs the student's code on the inputs and returns what came back."""
    outputs = talk.probe("double", x=torch.tensor([1.0, 2.0]))
    assert outputs["y"].tolist() == [2.0, 4.0]


def test_printed_text_adds_up(talk):
    """What the student's code prints in all probes of a check is kept in order, with the check's own seed set."""
    talk.probe("double", x=torch.ones(1))
    with pytest.raises(ProbeFailed):
        talk.probe("triple", x=torch.ones(1))
    assert talk.printed == f"doubling {_check().seed}\ntripling\n"


def test_a_probe_that_fails_carries_its_verdict(talk):
    """A probe that did not return raises ProbeFailed with the verdict."""
    with pytest.raises(ProbeFailed) as raised:
        talk.probe("triple", x=torch.ones(1))
    assert raised.value.verdict is Verdict.NOT_IMPLEMENTED


def test_a_probe_that_does_not_exist_is_the_graders_fault(talk):
    """A name that probes.py lacks raises SandboxError, so that it costs no student points."""
    with pytest.raises(SandboxError, match="no probe 'quadruple'"):
        talk.probe("quadruple", x=1)


def test_expectations_are_numbered_by_check(sandbox):
    """The first expectation of a check has the check's name, the next ones a number."""
    asked = []
    talk = Conversation(Subject(sandbox, lambda name, *, probe, inputs: asked.append((name, probe, inputs))), _check())
    talk.expected("double", x=1)
    talk.expected("triple", x=2)
    assert asked == [("test_a", "double", {"x": 1}), ("test_a.2", "triple", {"x": 2})]


def test_the_seed_can_be_moved(sandbox):
    """A subject's offset moves the seed of its checks: recording draws other inputs with it."""
    assert Conversation(Subject(sandbox, dict, seed_offset=2), _check()).seed == _check().seed + 2


def test_what_failed_before_is_found(sandbox):
    """failed_before returns the first result that a check depends on and that did not pass, ignoring unknown ones."""
    subject = Subject(sandbox, dict)
    for name, verdict in (("test_p", Verdict.PASSED), ("test_w", Verdict.WRONG), ("test_s", Verdict.SKIPPED)):
        subject.results[name] = CheckResult(name, "", "double", verdict)
    assert subject.failed_before(_check("test_a", "test_p", "test_elsewhere")) is None
    assert subject.failed_before(_check("test_a", "test_p", "test_w", "test_s")).name == "test_w"
    assert subject.failed_before(_check("test_a", "test_s")).verdict is Verdict.SKIPPED


def test_recorded_assets_are_missing_with_a_remedy(tmp_path):
    """Where nothing was recorded, `expected` raises AssetError with the command that records."""
    with pytest.raises(AssetError, match=r"tiny has no recorded asset for `test_a`\. Run `grader record tiny`"):
        RecordedAssets(tmp_path / "tiny").expect("test_a", probe="double", inputs={})


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
        ("probes_2.py", r"Two probes are called `double`, in probes\.py and in probes_2\.py\. Give each a name"),
        ("probes.py", r"Two probes are called `double`, in probes\.py\. Give each a name of its own\."),
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
    assert names_of_probes(b"def broken(:") == names_of_probes(b"\0") == ()


def test_what_was_given_back_is_told(assignment):
    """A scorecard names the removed names that old code found, and says nothing where there are none."""
    assert shims_note(assignment) == ()
    given = replace(assignment, worker=WorkerSettings(shims=("numpy.*", "iterator.next")))
    told = "Given back for older code, where the installed versions lack them: `numpy.*`, `iterator.next`."
    assert shims_note(given) == (told,)


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
    folder = write_files(tmp_path / "here", {"student.py": STUDENT})
    submission = read_submission(Found("here", folder), assignment)
    with open_sandbox(assignment, submission, server=None, folder=folder) as sandbox:
        talk = Conversation(Subject(sandbox, dict), _check())
        assert talk.probe("double", x=torch.ones(1))["y"].tolist() == [2.0]
