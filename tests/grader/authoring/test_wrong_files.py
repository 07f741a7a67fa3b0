"""Tests of audits with artifacts: nobody earns points by handing in nothing, and checks of files compare something."""

from contextlib import contextmanager, nullcontext

import pytest
from artifact_course import right, write_course

from grader.authoring.audit import AuditPart, AuditRequest, audit_assignment
from grader.authoring.lazy_audit import LazyRequest, audit_laziness
from grader.authoring.proof_rules import judge_artifacts, judge_proof
from grader.authoring.proving import prove_checks
from grader.authoring.wrong_files import wrong_files
from grader.datasets.artifact_files import ArtifactFile

CHECKS = '''

@pytest.mark.graded(task="predictions")
def test_deaf(artifact):
    """It is there"""
    artifact("predictions")


@pytest.mark.graded(task="predictions")
def test_length_only(artifact):
    """It has ten lines"""
    read_predictions(artifact("predictions"), rows=10, classes=ANIMALS)


@pytest.mark.graded(task="predictions")
def test_breaks(artifact):
    """It is compared"""
    lines = artifact("predictions").content.decode().split()
    assert [ANIMALS.index(line) for line in lines][9] == 1
'''


@pytest.fixture(scope="module")
def course(make_course, tmp_path_factory):
    return write_course(tmp_path_factory.mktemp("course"), make_course)


@contextmanager
def _silent(*, total):
    yield lambda _subject: None


def test_an_audit_with_artifacts_finds_nothing(course):
    """The reference brings its artifacts, the template needs none, and mistakes and variants bring their own."""
    parts = frozenset(
        {AuditPart.REFERENCE, AuditPart.TEMPLATE, AuditPart.MISTAKES, AuditPart.VARIANTS, AuditPart.PROOF}
    )
    audit = audit_assignment(course, "trained", request=AuditRequest(parts, jobs=1), progress=_silent)
    assert [str(one) for one in audit.violations] == []
    assert (audit.caught, audit.full, audit.proven) == (5, 1, 4)


def test_nothing_lazy_earns_by_artifacts(course):
    """Lazy replies and lazy submissions come without trained weights, so that their checks earn nothing."""
    found = audit_laziness(course, "trained", request=LazyRequest(quick=True), progress=_silent)
    assert found.earned <= {"test_layer"}


def test_checks_of_files_are_proven(make_course, read_tiny, process_server, tmp_path, monkeypatch):
    """A check that any prediction file passes is told, and one that breaks over it, with the file."""
    course = write_course(tmp_path, make_course)
    file = next(course.rglob("test_trained_hidden.py"))
    file.write_text(file.read_text(encoding="utf-8") + CHECKS, encoding="utf-8")
    monkeypatch.setattr(
        "grader.authoring.proving.start_server", lambda *_args, **_settings: nullcontext(process_server)
    )
    assignment = read_tiny(course)
    proofs = prove_checks(assignment, tasks=["predictions"])
    found = {proof.check.name: " ".join(str(one) for one in judge_proof(proof, assignment)) for proof in proofs}
    assert found["test_predictions"] == found["test_length_only"] == ""
    assert "`test_deaf` passes whatever comes back: it was tried on 4 wrong replies." in found["test_deaf"]
    assert "`test_breaks` breaks where every other line is gone of the file `predictions.csv`:" in found["test_breaks"]


def test_an_artifact_that_no_check_asks_for_is_told(make_course, read_tiny, tmp_path):
    """What students are to hand in and no check names is a violation."""
    course = write_course(tmp_path, make_course)
    toml = next(course.rglob("assignment.toml"))
    more = '[submission.artifacts]\nplot = { path = "plot.csv", mib = 1 }'
    toml.write_text(toml.read_text(encoding="utf-8").replace("[submission.artifacts]", more), encoding="utf-8")
    (told,) = judge_artifacts(read_tiny(course))
    assert str(told) == (
        "artifacts: No check asks for the artifact `plot`, which students are to hand in. Write a check with "
        '`artifact("plot")`, or take it out.'
    )


def test_weights_have_no_wrong_files():
    """Wrong weights are the business of the probe that loads them."""
    assert not list(wrong_files(ArtifactFile("w.safetensors", right()["weights/best.safetensors"])))


def test_wrong_files_differ_from_the_right_one():
    """Each wrong file of predictions is another one, and there is one also where only one line is there."""
    for lines in (b"cat\n", b"cat\ndog\ndog\n", b"label\ncat\ndog\n"):
        wrong = [one.content for _how, one in wrong_files(ArtifactFile("p.csv", lines))]
        assert wrong
        assert lines not in wrong


def test_wrong_tables_keep_their_ids():
    """In a table with ids other predictions stand beside the same ids: lines in another order would still be right."""
    wrong = dict(wrong_files(ArtifactFile("p.csv", b"id,label\n1,cat\n2,dog\n3,eel\n")))
    assert wrong["the predictions are one line off"].content == b"id,label\n1,dog\n2,eel\n3,cat\n"
    assert wrong["all predictions are the first"].content == b"id,label\n1,cat\n2,cat\n3,cat\n"
    scores = dict(wrong_files(ArtifactFile("p.csv", b"cat;dog\n1;0\n1;0\n0;1\n")))
    assert scores["the predictions are one line off"].content == b"cat;dog\n1;0\n0;1\n1;0\n"
