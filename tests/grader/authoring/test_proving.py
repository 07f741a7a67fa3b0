"""Promises of `proving`, `wrong_replies` and `proof_rules`: a check compares something, and fails in words."""

import zlib
from contextlib import nullcontext
from dataclasses import replace

import numpy
import pytest
import torch

from grader.authoring.audit_rules import advise_on_checks
from grader.authoring.mistakes import Mistake
from grader.authoring.proof_rules import judge_kit_files, judge_mistakes, judge_names, judge_proof
from grader.authoring.proving import prove_checks
from grader.authoring.wrong_replies import plainly_wrong, wrong_replies
from grader.compare import Expectation
from grader.compare.assertion import compare
from grader.courses.course import read_assignment
from grader.courses.personal import NOBODY, drawn_for
from grader.grading.check_session import collect_checks
from grader.results.verdict import Verdict
from grader.submissions.submission import read_reference

HEAD = """\
import random

import numpy
import pytest
import torch

from grader.compare import Context, Spec, assert_kinds, assert_matches
"""
CHECK = '''

@pytest.mark.graded(task="double")
def {name}(probe, rng):
    """doubles"""
    x = torch.randn(4, 3, generator=rng)
    {body}
'''
SOUND = {
    "test_values": 'assert_matches(probe("double", x=x), {"y": 2 * x})',
    "test_shape_only": 'assert_matches(probe("double", x=x), {"y": Spec((4, 3))})',
    "test_kinds_first": (
        'y = probe("double", x=x)\n    assert_kinds(y, {"y": Spec((4, 3))})\n'
        '    assert bool((y["y"] - 2 * x).abs().max() < 1e-5), "Not twice."'
    ),
    "test_both_calls": (
        'assert_matches(probe("double", x=x), {"y": 2 * x})\n    assert_matches(probe("triple", x=x), {"y": 3 * x})'
    ),
}
FAULTY = {
    "test_expects_nothing": ('assert_matches(probe("double", x=x), {})', "passes whatever comes back"),
    "test_asserts_nothing": ('probe("double", x=x)', "passes whatever comes back"),
    "test_reads_only": ('print(probe("double", x=x)["y"])', "passes whatever comes back"),
    "test_asserts_what_it_sent": (
        'probe("double", x=x)\n    assert_matches({"y": 2 * x}, {"y": 2 * x})',
        "passes whatever comes back",
    ),
    "test_asks_nobody": ("assert_matches({'y': x}, {'y': x})", "compares nothing"),
    "test_second_call": (
        'assert_matches(probe("double", x=x), {"y": 2 * x})\n    probe("triple", x=x)',
        "passes whatever the probe `triple` returns",
    ),
    "test_computes_first": (
        'y = probe("double", x=x)["y"]\n    assert bool((y - 2 * x).abs().max() < 1e-5), "Not twice."',
        "breaks where",
    ),
    "test_late_context": (
        'y = probe("double", x=x)\n    if not (isinstance(y["y"], torch.Tensor) and torch.equal(y["y"], 2 * x)):\n'
        '        assert_matches(y, {"y": 2 * x}, context=Context(others={"the input": [1.0]}))',
        "`others` holds a list under 'the input'",
    ),
    "test_misspelt_name": (
        'y = probe("double", x=x)\n    try:\n        assert_matches(y, {"y": 2 * x})\n    except AssertionError:\n'
        '        pytest.fail(f"Got {yy}.")',
        "NameError: name 'yy' is not defined",
    ),
    "test_stuck": (
        'assert_matches(probe("stuck"), {"y": x})',
        "could not be tried on wrong replies: of the reference it says timed_out: ",
    ),
    "test_refused_reference": (
        'assert_matches(probe("double", x=x), {"y": 5 * x})',
        "could not be tried on wrong replies: of the reference it says wrong: `y` differs",
    ),
    "test_global_torch": (
        'x = torch.randn(3)\n    assert_matches(probe("double", x=x), {"y": 2 * x})',
        "draws from torch's global generator",
    ),
    "test_python_random": (
        'x = torch.full((3,), random.random())\n    assert_matches(probe("double", x=x), {"y": 2 * x})',
        "draws from Python's `random`",
    ),
    "test_numpy_random": (
        'x = torch.tensor(numpy.random.rand(3))\n    assert_matches(probe("double", x=x), {"y": 2 * x})',
        "draws from NumPy's global generator",
    ),
    "test_no_seed": (
        "x = torch.tensor(numpy.random.default_rng().random(3))\n"
        '    assert_matches(probe("double", x=x), {"y": 2 * x})',
        "draws from a generator without a seed",
    ),
}
STUCK = """

@probe(needs=["student"])
def stuck():
    while True:
        pass
"""


@pytest.fixture(scope="module")
def found(make_course, read_tiny, process_server, tmp_path_factory):
    """Return what the audit says of each check, by its name."""
    bodies = SOUND | {name: body for name, (body, _) in FAULTY.items()}
    checks = HEAD + "".join(CHECK.format(name=name, body=body) for name, body in bodies.items())
    course = make_course(tmp_path_factory.mktemp("course"), checks=checks)
    probes = course / "tests" / "assignments" / "tiny" / "probes.py"
    probes.write_text(probes.read_text() + STUCK)
    assignment = read_tiny(course)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("grader.authoring.proving.start_server", lambda *_args, **_settings: nullcontext(process_server))
        proofs = prove_checks(assignment)
    return {proof.check.name: [str(one) for one in judge_proof(proof, assignment)] for proof in proofs}


@pytest.mark.parametrize("name", SOUND)
def test_a_check_that_compares_is_sound(found, name):
    """A check that fails over wrong replies, in words, violates nothing."""
    assert found[name] == []


@pytest.mark.parametrize("name", FAULTY)
def test_a_check_that_proves_nothing_is_told(found, name):
    """What passes whatever comes back, breaks while it fails, or draws elsewhere is told with the check to edit."""
    told = found[name]
    assert any(FAULTY[name][1] in line for line in told), told
    assert all(line.endswith(f"Edit {name} in tests/assignments/tiny.") for line in told)


def test_a_check_that_breaks_is_told_with_its_line(found):
    """The violation names the wrong reply, the exception and the line of the check."""
    assert any("(test_tiny.py, line " in line and "`pytest.fail(f" in line for line in found["test_misspelt_name"])
    assert any("every output is a text of the probe `double`" in line for line in found["test_computes_first"])


VALUES = [
    torch.tensor([1.0, 2.0]),
    torch.tensor([1, 0]),
    torch.tensor([True, False]),
    torch.tensor(3, dtype=torch.uint8),
    2.5,
    3,
    True,
    "text",
    [torch.ones(2), 1],
    {"a": torch.ones(2), "b": [1, 2]},
    numpy.array([1.0, 2.0]),
    numpy.array([True, False]),
    [numpy.arange(3), (1, 2)],
    {("a", "b"): numpy.float32(2.5)},
    ValueError("words"),
    EOFError("words"),
]


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_wrong_replies_are_wrong(value):
    """Of every kind there are replies that differ in kind, size and value, and what is plainly wrong never matches."""
    expected = Expectation({"y": value, "z": torch.ones(2)})
    outputs = {"y": value, "z": torch.ones(2)}
    wrong = {
        reply.how: reply.outputs for reply in wrong_replies(outputs) if not compare(reply.outputs, expected).passed
    }
    assert {"every output is None", "nothing comes back", "`y` is missing", "`y` is None"} <= set(wrong)
    assert {"every output is too short", "`z` is NaN", "every output is another value"} <= set(wrong)
    assert all(not compare(reply.outputs, expected).passed for reply in plainly_wrong(outputs))
    assert torch.equal(outputs["z"], torch.ones(2))


def _mistake(find, tmp_path, check="test_double"):
    return Mistake("one", "student.py", find, "", check, Verdict.WRONG, (), "", tmp_path / "mistakes.toml")


@pytest.fixture
def tiny(make_course, read_tiny, tmp_path):
    """Return the assignment of a tiny course."""
    return read_tiny(make_course(tmp_path))


def test_tasks_and_regions_without_a_mistake_are_told(tiny, tmp_path):
    """Each task that no known mistake is for, and each solution region that none changes, is a violation."""
    checks, reference = collect_checks(tiny), read_reference(tiny.reference)
    told = list(judge_mistakes([_mistake("2 * x", tmp_path)], checks, reference, tiny))
    assert [one.message for one in told] == [
        "No known mistake shows that the checks of the task `triple` catch anything.",
        "No known mistake changes the solution region of student.py, line 8 (“Return three times x.”).",
    ]
    both = [_mistake("2 * x", tmp_path), _mistake("3 * x", tmp_path, "test_triple")]
    assert list(judge_mistakes(both, checks, reference, tiny)) == []


def test_regions_that_nothing_checks_are_named(tiny, tmp_path):
    """A region named in `unchecked` needs no mistake; a name without such a region is a violation."""
    mistakes = [_mistake("2 * x", tmp_path), _mistake("def triple", tmp_path, "test_triple")]
    checks, reference = collect_checks(tiny), read_reference(tiny.reference)
    named = replace(tiny, unchecked=("Return three times x.",))
    assert list(judge_mistakes(mistakes, checks, reference, named)) == []
    (stale,) = judge_mistakes(mistakes, checks, reference, replace(named, unchecked=("Return three times x.", "Old.")))
    assert (
        stale.message == "`unchecked` names “Old.”, and no solution region without a mistake begins with these words."
    )


def test_a_third_hidden_is_advice(tiny):
    """Few hidden checks are told with the reason, and the share that is asked for can be set."""
    (advice,) = advise_on_checks(collect_checks(tiny).values(), tiny)
    assert advice.message.startswith("0 of 2 checks are hidden. What only public checks look at can be written to")
    assert list(advise_on_checks(collect_checks(tiny).values(), replace(tiny, hidden_share=0.0))) == []


def test_names_that_nothing_defines_are_told(make_course, tmp_path):
    """A name that a check or a probe uses and nothing defines is a violation with its file and line."""
    course = make_course(tmp_path)
    assert list(judge_names(read_assignment(course, "tiny"))) == []
    probes = course / "tests" / "assignments" / "tiny" / "probes.py"
    probes.write_text(f"{probes.read_text()}\n\ndef late():\n    return fuond\n")
    (violation,) = judge_names(read_assignment(course, "tiny"))
    line = len(probes.read_text().splitlines())
    assert violation.message == f"probes.py, line {line}, uses `fuond`, which nothing defines."


def test_a_kit_whose_checks_can_not_be_collected_is_told(make_course, tmp_path):
    """Public checks that import what the kit lacks are a violation with what pytest said."""
    course = make_course(tmp_path)
    assert list(judge_kit_files(read_assignment(course, "tiny"))) == []
    checks = course / "tests" / "assignments" / "tiny" / "test_tiny.py"
    checks.write_text(f"from secret_solutions import double\n{checks.read_text()}")
    (violation,) = judge_kit_files(read_assignment(course, "tiny"))
    assert "can't be collected" in violation.message
    assert "secret_solutions" in violation.message


OWN_DATA = {
    "test_own": 'x = torch.randn(4, generator=personal(rng))\n    assert_matches(probe("double", x=x), {"y": 2 * x})',
    "test_same_for_all": 'personal(rng)\n    assert_matches(probe("double", x=x), {"y": 2 * x})',
    "test_right_for_nobody": (
        "own = torch.randn(4, generator=personal(rng))\n"
        "    nobody = torch.randn(4, generator=torch.Generator().manual_seed({seed}))\n"
        '    assert_matches(probe("double", x=own), {{"y": 2 * nobody}})'
    ),
}


def test_data_of_each_student_are_tried_with_several(make_course, read_tiny, process_server, monkeypatch, tmp_path):
    """A check that draws for each student has to pass the reference for others too, and to ask something else."""
    seed = drawn_for(NOBODY, seed=zlib.crc32(b"test_right_for_nobody"))
    bodies = OWN_DATA | {"test_right_for_nobody": OWN_DATA["test_right_for_nobody"].format(seed=seed)}
    checks = HEAD + "".join(CHECK.format(name=name, body=body) for name, body in bodies.items())
    checks = checks.replace("(probe, rng)", "(probe, rng, personal)")
    assignment = read_tiny(make_course(tmp_path, checks=checks))
    monkeypatch.setattr(
        "grader.authoring.proving.start_server", lambda *_args, **_settings: nullcontext(process_server)
    )
    proofs = prove_checks(assignment)
    told = {proof.check.name: [one.message for one in judge_proof(proof, assignment)] for proof in proofs}
    assert told["test_own"] == []
    assert "asks its probes the same for every student" in told["test_same_for_all"][0]
    assert "fails the reference with the data of another student: `y` differs" in told["test_right_for_nobody"][0]
