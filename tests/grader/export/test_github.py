"""Tests of grader.export.github."""

import html
import re
from dataclasses import replace

import pytest

from grader.export.final_points import final_points
from grader.export.github import github_annotations, github_summary, markdown
from grader.results.verdict import Frame, Status


def _summary(results, run):
    return github_summary(results, final=final_points(results), run=run)


def test_the_summary_is_a_table_of_tasks(make_result, run_info):
    """One submission: title, sum, tasks, then what failed and why."""
    assert _summary([make_result("ann", message="Use `x @ w`.")], run_info) == (
        "## A small MLP\n"
        "\n"
        "### ann: 5 of 10 points\n"
        "\n\n"
        "| task | points | checks |\n"
        "| :--- | ---: | :--- |\n"
        "| Linear layer | 5 / 10 | 1 of 3 passed |\n"
        "\n"
        "- ✗ **The public one** (wrong)<br>Use <code>x &#64; w</code>.<br>Look at the shapes.\n"
        "- ✗ **The hidden one** (wrong)<br>Look at the shapes.\n"
    )


def test_hidden_findings_stay_out(make_result, run_info, secret):
    """Neither summary nor annotations tell what a hidden check found."""
    results = [make_result("ann")]
    assert secret not in _summary(results, run_info) + github_annotations(results)


def test_a_provisional_result_has_no_points(make_result, run_info):
    """Where the grader failed the summary says so instead of points."""
    text = _summary([make_result("ann", points=0, status=Status.NOT_GRADED)], run_info)
    assert "### ann: no final points" in text
    assert "Not final: the grader failed on it" in text


def test_an_unreadable_submission_says_why(make_result, run_info):
    """It has its notes instead of tasks."""
    text = _summary([make_result("ann", points=0, status=Status.UNREADABLE, notes=["No zip."])], run_info)
    assert "### ann: no final points\n\nNot final: it could not be read.\n\n- Note: No zip.\n" in text
    assert "| task" not in text


def test_a_class_too_large_for_a_summary_is_counted(make_result, run_info):
    """What would exceed GitHub's limit is left out, and the summary says how many."""
    text = _summary([make_result(f"s{i:04}", notes=["x" * 900] * 3) for i in range(400)], run_info)
    assert len(text.encode()) <= 2**20
    left_out = int(re.search(r"\n(\d+) more submissions do not fit into a job summary\.\n$", text)[1])
    assert text.count("\n### ") == 400 - left_out


def test_text_is_shown_as_it_is(hostile_texts):
    """No letter of a text is markup, and none of its lines a workflow command; only backticks make code."""
    for text in hostile_texts:
        shown = markdown(text)
        assert "\n" not in shown
        assert not re.search(r"[\\`*_\[\]|~@:$]|##\[|www\.", shown)
        assert set(re.findall(r"<[^>]*>?", shown)) <= {"<code>", "</code>"}
    assert html.unescape(markdown("a*b_c[d](e) <f> & #1 www.g.h")) == "a*b_c[d](e) <f> & #1 www.g.h"


def test_no_line_of_the_summary_is_a_command(make_result, run_info, hostile_texts):
    """Printed to a log, the summary can't set outputs, mask words or stop commands."""
    hostile = [*hostile_texts, "x\n::stop-commands::t", "x\r\n  ::add-mask::a", "##[set-env name=A]b"]
    results = [make_result(text, message=text, notes=[text]) for text in hostile]
    text = _summary(results, run_info)
    assert not any(line.lstrip().startswith("::") or "##[" in line for line in text.splitlines())


def test_annotations_point_at_the_students_line(make_result):
    """A failing public check is an error at its innermost frame; a hidden one has no annotation."""
    assert github_annotations([make_result("ann", message="50% off:\nsee x, y")]) == (
        "::error file=hw/layers.py,line=12,title=The public one::50%25 off:%0Asee x, y%0ALook at the shapes.\n"
    )


@pytest.mark.parametrize(
    ("notebook", "below", "file"),
    [("hw.ipynb", "", "file=hw.ipynb,"), ("hw.ipynb", "a/b", "file=a/b/hw.ipynb,"), ("", "", "")],
)
def test_a_cell_is_no_file(make_result, notebook, below, file):
    """What failed in a cell is told of the notebook, with the cell in words: GitHub knows no file `cell 3`."""
    result = make_result("ann")
    (task,) = result.tasks
    feedback = replace(task.checks[1].feedback, traceback=(Frame("cell 3", 12, "forward", "x"),))
    task = replace(task, checks=(replace(task.checks[1], feedback=feedback),))
    shown = github_annotations([replace(result, tasks=(task,))], below=below, notebook=notebook)
    assert shown == f"::error {file}title=The public one::cell 3, line 12:%0AIt is wrong.%0ALook at the shapes.\n"


def test_annotations_of_several_name_the_submission(make_result):
    """With more than one submission, the title says whose it is; properties are escaped."""
    lines = github_annotations([make_result("a:b,c%\n"), make_result("bob")]).splitlines()
    assert lines[0].startswith("::error file=hw/layers.py,line=12,title=a%3Ab%2Cc%25%0A%3A The public one::")
    assert len(lines) == 2


@pytest.mark.parametrize(("count", "more"), [(10, ""), (11, "1 more line has"), (30, "20 more lines have")])
def test_github_gets_no_more_annotations_than_it_shows(make_result, count, more):
    """A line is told once, whatever fails there; of more lines than GitHub shows the rest is counted."""
    results = [make_result(f"s{i:02}") for i in range(count)]
    lines = github_annotations([one for one in results for _again in range(3)]).splitlines()
    assert sum(line.startswith("::error ") for line in lines) == min(count, 10)
    assert lines[10:] == (
        [
            f"::notice::{more} {'its' if count == 11 else 'their'} failed "
            f"{'check' if count == 11 else 'checks'} in the log and the summary."
        ]
        if more
        else []
    )


def test_an_annotation_is_one_line(make_result, hostile_texts):
    """Whatever the student's code said, an annotation is one command on one line."""
    for text in hostile_texts:
        lines = github_annotations([make_result(text, message=text)]).split("\n")
        assert len(lines) == 2
        assert lines[0].startswith("::error file=hw/layers.py,line=12,title=The public one::")
        assert "\r" not in lines[0]


def test_given_points_are_rows_of_the_table(make_result, with_answers, run_info):
    """Text answers that a person graded have a row each, and the comment below; the sum holds them."""
    text = _summary([with_answers(make_result("ann"), why=3.0, how=1.0, comment="Well *said*.\n::error::x")], run_info)
    assert "### ann: 9 of 14 points: 5 of 10 for the checks, 4 of 4 for text answers\n" in text
    assert "| Why? | 3 / 4 | graded by a person |\n| How? | 1 points | graded by a person |\n" in text
    assert "- **Why?**<br>Well &#42;said&#42;.<br>&#58;&#58;error&#58;&#58;x\n" in text
    assert "Why?" not in _summary([with_answers(make_result("ann"))], run_info)
    waiting = _summary([with_answers(make_result("ann"), why=3.0)], run_info)
    assert "### ann: no final points" in waiting
    assert "| How? | not graded yet | waits for a person |" in waiting
