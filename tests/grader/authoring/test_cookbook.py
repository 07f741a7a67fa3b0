"""Promises of docs/cookbook.md: its recipes are one assignment, which its reference passes and each mistake fails."""

import re
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from grader.authoring.mistakes import explain_edit, make_mistake, read_mistakes
from grader.authoring.proof_rules import judge_names
from grader.authoring.record import record_assets
from grader.courses.course import read_assignment
from grader.submissions.submission import read_reference

PAGE = (Path(__file__).parents[3] / "docs" / "cookbook.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(?:python|toml)\n# ([\w.]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TRAINED = {"layer.weight": torch.tensor([[-1.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]]), "layer.bias": torch.zeros(2)}
ARTIFACTS = {"best.safetensors": save(TRAINED), "predictions.csv": "cat\ndog\ndog\ncat\n"}


def _file(name):
    """Return a file of the page: its blocks one after another."""
    blocks = [text for file, text in BLOCK.findall(PAGE) if file == name]
    assert blocks, name
    return "\n\n".join(blocks)


@pytest.fixture(scope="module")
def graded(make_course, grade_many, process_server, tmp_path_factory):
    """Return the assignment of the page, its mistakes, and the checks of the reference and of each mistake by name."""
    course = make_course(
        tmp_path_factory.mktemp("course"),
        toml=_file("assignment.toml"),
        probes=_file("probes.py"),
        checks={"test_cookbook.py": _file("test_cookbook.py"), "mistakes.toml": _file("mistakes.toml")},
        reference={"student.py": _file("student.py"), **ARTIFACTS},
        slug="cookbook",
    )
    assignment = read_assignment(course, "cookbook")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("grader.authoring.record.start_server", lambda *_args, **_settings: nullcontext(process_server))
        recording = record_assets(assignment, write=True)
    assert not recording.is_blocked, recording.failed or recording.refused
    assignment = read_assignment(course, "cookbook")
    files, mistakes = read_reference(assignment.reference), read_mistakes(assignment)
    assert not [why for one in mistakes if (why := explain_edit(one, files, editable=assignment.handed_in.editable))]
    submissions = {"reference": files} | {one.name: make_mistake(one, files) for one in mistakes}
    results = grade_many(assignment, submissions, folder=tmp_path_factory.mktemp("in"))
    checks = {name: {check.name: check for task in one.tasks for check in task.checks} for name, one in results.items()}
    return assignment, mistakes, checks, results


def test_the_reference_passes_every_recipe(graded):
    """Each recipe's check passes on the reference, which earns every point."""
    assignment, _mistakes, checks, results = graded
    told = {name: check.feedback.message for name, check in checks["reference"].items() if check.verdict != "passed"}
    assert told == {}
    assert results["reference"].points == sum(task.points for task in assignment.tasks)
    assert list(judge_names(assignment)) == []


def test_each_mistake_is_caught_in_its_words(graded):
    """Each recipe's mistake fails the check that is named, with the words that are told."""
    _assignment, mistakes, checks, _results = graded
    for mistake in mistakes:
        check = checks[mistake.name][mistake.check]
        assert check.verdict is mistake.verdict, (mistake.name, check.feedback.message)
        for words in mistake.words:
            assert words in check.feedback.message, (mistake.name, check.feedback.message)


def test_every_task_of_the_page_has_a_mistake(graded):
    """No recipe is left without a mistake that its check catches."""
    assignment, mistakes, checks, _results = graded
    caught = {checks["reference"][mistake.check].task for mistake in mistakes}
    assert caught == {task.name for task in assignment.tasks}


def test_a_fault_is_charged_once(graded):
    """The recipe of follow-on errors holds: a wrong softmax costs its own task, and not the entropy's points."""
    _assignment, _mistakes, checks, results = graded
    points = {task.name: task.points for task in results["over-columns"].tasks}
    assert (points["softmax"], points["entropy"]) == (0.0, 1.0)
    assert checks["over-columns"]["test_entropy"].carried == "“Softmax”"
