"""Tests of grader.export.github_check: what a step of GitHub Actions gets of a student's own check."""

from dataclasses import replace

import pytest

from grader.errors import ExportError
from grader.export.final_points import final_points
from grader.export.github import own_summary
from grader.export.github_check import append_for_github, github_step, refuse_outside_github
from grader.results.verdict import Status


@pytest.fixture
def step(tmp_path, monkeypatch):
    """Set what a step has, and return its folder."""
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / "repository"))
    (tmp_path / "repository" / "hw 2").mkdir(parents=True)
    return tmp_path


def test_a_step(step, make_result, run_info):
    """Summary, outputs and notices say the points; a note lies in the folder of the repository that holds the work."""
    result = make_result("ann")
    commands = github_step(result, run=run_info, work=(step / "repository" / "hw 2").resolve())
    possible = f"{result.max_points:g}"
    assert f"::notice title=Autograding complete::Points {result.points:g}/{possible}\n" in commands
    assert (step / "GITHUB_OUTPUT").read_text() == f"points={result.points:g}\nmax_points={possible}\n"
    summary = (step / "GITHUB_STEP_SUMMARY").read_text()
    assert summary.startswith("## A small MLP: 5 of 10 points\n\n| task | points | checks |\n")
    assert "### ann" not in summary, "a student knows whose work it is"
    assert all("file=hw 2/" in line for line in commands.splitlines() if line.startswith("::error"))


def test_what_was_not_checked_is_told(step, make_result, run_info, hostile_texts):
    """Sentences stand above the table, as text and not as markup."""
    told = ["Not run (`--quick`): Training.", "Grading runs further checks.", *hostile_texts]
    github_step(make_result("ann"), run=run_info, work=step, told=told)
    summary = (step / "GITHUB_STEP_SUMMARY").read_text()
    above, _, below = summary.partition("| task | points | checks |")
    assert "\n\nNot run (<code>--quick</code>)&#58; Training.\n\nGrading runs further checks.\n\n" in above
    assert "<script>" not in above
    assert below.count("\n| ") == 2


def test_a_result_too_large_for_a_summary(step, make_result, run_info):
    """GitHub takes 1 MiB: what is larger is in the log, and the summary says so beside the points."""
    (task,) = make_result("ann", message="x" * 900).tasks
    large = replace(make_result("ann"), tasks=(replace(task, checks=task.checks * 1000),))
    summary = own_summary(large, final=final_points([large]), run=run_info)
    assert summary == (
        "## A small MLP: 5 of 10 points\n\nWhat was found does not fit into a job summary: it is in the log.\n"
    )


def test_points_that_are_not_final(step, make_result, run_info):
    """Where the grader failed no points are told, so none can be taken for a grade."""
    result = replace(make_result("ann"), status=Status.NOT_GRADED)
    commands = github_step(result, run=run_info, work=step)
    assert "::notice" not in commands
    assert not (step / "GITHUB_OUTPUT").exists()
    assert "Not final" in (step / "GITHUB_STEP_SUMMARY").read_text()


def test_outside_github(monkeypatch, tmp_path):
    """Elsewhere `--github` is refused before anything runs, with what to use."""
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    with pytest.raises(ExportError, match=r"GITHUB_STEP_SUMMARY is not set.*Leave out `--github`"):
        refuse_outside_github()
    with pytest.raises(ExportError, match=r"GITHUB_STEP_SUMMARY is not set.*Use --out"):
        append_for_github("GITHUB_STEP_SUMMARY", "")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    with pytest.raises(ExportError, match="can't be written: Is a directory"):
        append_for_github("GITHUB_STEP_SUMMARY", "")
