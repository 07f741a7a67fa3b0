"""Tests of grader.grading.session: one check's conversation with a submission behind a real fork server."""

from collections.abc import Mapping

import numpy
import pytest
import torch

from grader.compare import Context, Expectation, Mismatch
from grader.courses.assets import Asset, write_assets
from grader.courses.checks import Check
from grader.courses.personal import Personal, drawn_for
from grader.errors import AssetError, CourseError, OtherInputsError, SandboxError
from grader.grading.opening import open_sandbox
from grader.grading.outcome import ProbeFailed
from grader.grading.session import Conversation, ProbeOutput, RecordedAssets, Subject
from grader.results.verdict import CheckResult, Verdict
from grader.submissions.submission import Found, read_submission

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
    assert talk.printed == f"doubling {talk.sandbox_seed}\ntripling\n"


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
    expect = lambda name, *, probe, inputs, **_: asked.append((name, probe, inputs))  # noqa: E731
    talk = Conversation(Subject(sandbox, expect), _check())
    talk.expected("double", x=1)
    talk.expected("triple", x=2)
    assert asked == [("test_a", "double", {"x": 1}), ("test_a.2", "triple", {"x": 2})]


def test_a_probe_is_compared_with_what_was_recorded(sandbox):
    """`matches_recorded` asks probe and expectation the same; it returns the outputs, or says what differs."""

    def expect(_name, *, inputs, **_):
        return Expectation({"y": 2 * inputs["x"] + wrong})

    talk, wrong = Conversation(Subject(sandbox, expect), _check()), 0
    x = torch.tensor([1.0, 3.0])
    assert talk.matches_recorded("double", x=x)["y"].tolist() == [2.0, 6.0]
    wrong, context = x, Context(others={"three times the input": 3 * x})
    with pytest.raises(Mismatch, match="`y` differs at all 2 elements"):
        talk.matches_recorded("double", context=context, x=torch.tensor([1.0, 3.0]))


def test_the_seed_can_be_moved(sandbox):
    """A subject's offset moves the seed of its checks: recording draws other inputs with it."""
    moved = Conversation(Subject(sandbox, dict, seed_offset=2), _check())
    assert moved.seed == _check().seed + 2
    assert moved.sandbox_seed != Conversation(Subject(sandbox, dict), _check()).sandbox_seed


def test_student_code_draws_apart_from_the_inputs(sandbox):
    """The sandbox's seed is not the inputs', follows the run's key, and is the same for a check in the same run."""
    one, same, other = (Conversation(Subject(sandbox, dict, key=key), _check()) for key in ("a", "a", "b"))
    assert one.sandbox_seed == same.sandbox_seed
    assert len({one.seed, one.sandbox_seed, other.sandbox_seed}) == 3
    assert other.seed == one.seed == _check().seed
    assert Conversation(Subject(sandbox, dict, key="a"), _check("test_b")).sandbox_seed != one.sandbox_seed


def test_what_failed_before_is_found(sandbox):
    """failed_before tells what keeps a check from running, else what failed before it, ignoring unknown ones."""
    subject = Subject(sandbox, dict)
    for name, verdict in (("test_p", Verdict.PASSED), ("test_w", Verdict.WRONG), ("test_s", Verdict.SKIPPED)):
        subject.results[name] = CheckResult(name, "", "double", verdict)
    assert subject.failed_before(_check("test_a", "test_p", "test_elsewhere")) is None
    assert subject.failed_before(_check("test_a", "test_p", "test_w")).failed.name == "test_w"
    assert subject.failed_before(_check("test_a", "test_p", "test_w", "test_s")).failed.name == "test_s"
    assert subject.failed_before(_check("test_a", "test_s")).failed.verdict is Verdict.SKIPPED


def test_recorded_assets_are_missing_with_a_remedy(tmp_path):
    """Where nothing was recorded, `expected` raises AssetError with the command that records."""
    with pytest.raises(AssetError, match=r"tiny has no recorded asset for `test_a`\. Run `grader record tiny`"):
        RecordedAssets(tmp_path / "tiny").expect("test_a", probe="double", inputs={})


@pytest.fixture
def recorded(tmp_path):
    """Return the recorded assets of a call of `double` with x = 1, which say that y is 2."""
    asset = Asset("test_a", "double", {"x": torch.ones(1)}, {"y": torch.tensor([2.0])})
    write_assets(tmp_path / "tiny", {"test_a": asset})
    return RecordedAssets(tmp_path / "tiny")


def _never(x):
    raise AssertionError("a formula is computed")


def test_an_asset_counts_and_its_formula_is_not_computed(recorded):
    """Where a check draws what was recorded, the asset is expected and no formula runs."""
    found = recorded.expect("test_a", probe="double", inputs={"x": torch.ones(1)}, formula=_never)
    assert found.values["y"].tolist() == [2.0]
    assert recorded.replaced == []


def test_what_was_recorded_is_read_once_for_the_same_inputs(recorded, tmp_path):
    """The next submission's check gets the same, whatever a check has written to it; other inputs are looked at."""
    found = recorded.expect("test_a", probe="double", inputs={"x": torch.ones(1)})
    found.values["y"].zero_()
    (tmp_path / "tiny" / "test_a.safetensors").unlink()
    for _ in range(2):
        again = recorded.expect("test_a", probe="double", inputs={"x": torch.ones(1)})
        assert again.values["y"].tolist() == [2.0]
        again.values["y"].zero_()
    for inputs, probe in (({"x": torch.zeros(1)}, "double"), ({"x": torch.ones(1)}, "triple")):
        with pytest.raises(AssetError, match="can't be read"):
            recorded.expect("test_a", probe=probe, inputs=inputs)


def test_a_formula_stands_in_where_other_inputs_are_drawn(recorded):
    """Where a machine draws other inputs, the formula is expected of them, and the asset is named once."""
    for _ in range(2):
        inputs = {"x": torch.tensor([5.0])}
        found = recorded.expect("test_a", probe="double", inputs=inputs, formula=lambda x: {"y": 2 * x})
        assert found.values["y"].tolist() == [10.0]
    assert recorded.replaced == ["test_a"]


def test_without_a_formula_other_inputs_are_an_error(recorded):
    """Without a formula, an asset of other inputs can't be used, and the error ends with the command."""
    with pytest.raises(OtherInputsError, match=r"test_a was recorded for other inputs .* Run `grader record tiny`"):
        recorded.expect("test_a", probe="double", inputs={"x": torch.zeros(1)})


def test_a_formula_mends_no_other_fault(recorded):
    """An asset of another probe, or a missing one, is an error with a formula, too."""
    with pytest.raises(AssetError, match="was recorded for the probe `double`, not `triple`"):
        recorded.expect("test_a", probe="triple", inputs={"x": torch.ones(1)}, formula=_never)
    with pytest.raises(AssetError, match="no recorded asset for `test_b`"):
        recorded.expect("test_b", probe="double", inputs={"x": torch.ones(1)}, formula=_never)


def test_a_check_that_draws_for_each_student_needs_a_formula(sandbox):
    """What was recorded for one draw is expected of nobody else: without a formula the check can't be judged."""
    talk = Conversation(Subject(sandbox, lambda *_args, **_kwargs: Expectation({}), personal=Personal("a")), _check())
    rng = torch.Generator().manual_seed(1)
    assert talk.personal(rng).initial_seed() == drawn_for(Personal("a"), seed=1)
    with pytest.raises(CourseError, match="Give a formula as well"):
        talk.expected("double", x=2)
    assert talk.expected("double", lambda *, x: {"y": 2.0 * x}, x=2).values == {"y": 4.0}


@pytest.mark.parametrize(
    ("value", "words", "remedy"),
    [
        (
            numpy.array(["a", "b"]),
            "is an array of texts of shape (2,), which no submission can be given",
            "`.tolist()`",
        ),
        ([1, {"z": 1j}], "is a complex number, which no submission can be given", "`.imag`"),
        (len, "is a builtin_function_or_method, which no submission can be given", "the probe can make the rest"),
    ],
)
def test_inputs_that_cannot_be_sent_are_the_courses_mistake(talk, value, words, remedy):
    """Nobody's code is given a stand-in for an input: the check is told which one, what it is, and what to do."""
    with pytest.raises(CourseError) as caught:
        talk.probe("double", x=value)
    assert words in str(caught.value)
    assert "of the probe `double`" in str(caught.value)
    assert remedy in caught.value.remedy
