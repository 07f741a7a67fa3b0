"""Tests of notebook_answers: what students wrote below a question, and nothing of the question itself."""

import pytest

from grader.grading.notebook_answers import MAX_ANSWER, read_answer_cells
from grader.notebooks.document import Cell, CellKind

QUESTION = "**Question 1.** Which of the two networks would you take, and why?"


def notebook(*cells):
    kinds = {"code": CellKind.CODE, "text": CellKind.MARKDOWN}
    return tuple(
        Cell(number, kinds[kind], source, (name,)) for number, (kind, name, source) in enumerate(cells, start=1)
    )


REFERENCE = notebook(("code", "setup", "import torch"), ("text", "q1", QUESTION), ("text", "end", "# The end"))


def answer(*cells, reference=REFERENCE):
    return read_answer_cells(notebook(*cells), {"q1": "q1"}, reference=reference)["q1"]


@pytest.mark.parametrize(
    "cells",
    [
        [("text", "q1", f"{QUESTION}\n\nThe second.")],
        [("text", "q1", "The second.")],
        [("text", "q1", f"{QUESTION} The second.")],
        [("text", "q1", QUESTION), ("text", "x1", "The second."), ("text", "end", "# The end")],
        [("text", "q1", QUESTION), ("text", "x1", "The second."), ("text", "", "# The end")],
        [("text", "other", f"{QUESTION}\nThe second."), ("code", "x", "1 + 1")],
    ],
    ids=["below", "overwritten", "behind", "cell below", "cell below, ids lost", "found by its words"],
)
def test_answer(cells):
    """An answer is found in the question's cell and in text cells that the student put below it."""
    assert answer(*cells) == "The second."


def test_answer_in_both_places():
    """What stands in the question's cell and below it is one answer."""
    assert answer(("text", "q1", f"{QUESTION}\nFirst."), ("text", "x", "Second.")) == "First.\n\nSecond."


@pytest.mark.parametrize("cells", [[("text", "q1", QUESTION)], [], [("code", "a", "1")]])
def test_no_answer(cells):
    """A question that was left as it was, and one that was deleted, have no answer."""
    assert answer(*cells) == ""


def test_answer_without_reference():
    """Without a reference the question's cell is the answer as a whole."""
    assert answer(("text", "q1", f"{QUESTION}\nFirst."), ("text", "x", "Other."), reference=()) == f"{QUESTION}\nFirst."


def test_long_answer():
    """An answer is cut where nobody would read on."""
    assert len(answer(("text", "q1", "a" * (MAX_ANSWER + 5)))) == MAX_ANSWER
