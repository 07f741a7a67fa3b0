"""Tests of notebook_answers: what students wrote near a question, and nothing of the question itself."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.grading.notebook_answers import MAX_ANSWER, read_answer_cells
from grader.notebooks.document import Cell, CellKind

QUESTION = "**Question 1.** Which of the two networks would you take, and why?"
SECOND = "**Question 2.** What do shuffled pixels cost? Say it in numbers."


def notebook(*cells):
    kinds = {"code": CellKind.CODE, "text": CellKind.MARKDOWN, "raw": CellKind.RAW}
    return tuple(
        Cell(number, kinds[kind], source, (name,)) for number, (kind, name, source) in enumerate(cells, start=1)
    )


TEMPLATE = [
    ("text", "intro", "# Networks\n\nSome words."),
    ("code", "setup", "import torch  # the library"),
    ("text", "q1", QUESTION),
    ("text", "middle", "## Pixels"),
    ("code", "stub", "def shuffle(x):\n    raise NotImplementedError"),
    ("text", "q2", SECOND),
    ("text", "end", "# The end"),
]
GIVEN = notebook(*TEMPLATE)


def read(*cells, given=GIVEN):
    return read_answer_cells(notebook(*cells), {"q1": "q1", "q2": "q2"}, given=given)


def with_cells(*changes, without=()):
    """Return the template's cells with others put in: (position, cell), counted in the template."""
    made = []
    for number, cell in enumerate(TEMPLATE):
        made += [new for place, new in changes if place == number]
        if number not in without:
            made.append(cell)
    return [*made, *(new for place, new in changes if place == len(TEMPLATE))]


@pytest.mark.parametrize(
    "cells",
    [
        with_cells((2, ("text", "q1", f"{QUESTION}\n\nThe second.")), without=[2]),
        with_cells((2, ("text", "q1", "The second.")), without=[2]),
        with_cells((2, ("text", "q1", f"{QUESTION} The second.")), without=[2]),
        with_cells((2, ("text", "other", f"{QUESTION}\nThe second.")), without=[2]),
        with_cells((2, ("code", "q1", "# The second.")), without=[2]),
        with_cells((2, ("raw", "q1", "The second.")), without=[2]),
        with_cells(
            (2, ("text", "", "Question 1: Which of the two networks would you take, and why? The second.")), without=[2]
        ),
    ],
    ids=["below", "overwritten", "behind", "by its words", "made code", "made raw", "typed anew"],
)
def test_in_the_question_itself(cells):
    """An answer in the question's own cell needs no place."""
    found = read(*cells)
    assert (found["q1"].text, found["q1"].place) == ("The second.", "")
    assert found["q2"].text == ""


@pytest.mark.parametrize(
    ("cells", "place"),
    [
        (with_cells((3, ("text", "x", "The second."))), "cell 4 (below)"),
        (with_cells((3, ("code", "x", "1 + 1")), (3, ("text", "", "The second."))), "cell 5 (below)"),
        (with_cells((2, ("text", "x", "The second."))), "cell 3 (above)"),
        (with_cells((3, ("code", "x", "# The second."))), "cell 4 (below)"),
        (with_cells((3, ("code", "x", "%%markdown\nThe second."))), "cell 4 (below)"),
        (with_cells((3, ("raw", "", "The second."))), "cell 4 (below)"),
        (with_cells((2, ("text", "", "The second.")), without=[2]), "cell 3 (where the question would be)"),
        (with_cells((3, ("code", "x", "print(1)  # The second."))), "cell 4 (below)"),
        (with_cells((3, ("text", "middle", "## Pixels\nThe second.")), without=[3]), "cell 4 (which the course gives)"),
        (
            with_cells((1, ("code", "setup", "import torch  # the library\n# The second.")), without=[1]),
            "cell 2 (which the course gives)",
        ),
        (with_cells((3, ("code", "x", "%%script false\nThe second."))), "cell 4 (below)"),
        (with_cells((4, ("text", "", "The second."))), "cell 5 (further down)"),
    ],
)
def test_beside_the_question(cells, place):
    """An answer beside its question is shown with the cell it stood in."""
    found = read(*cells)
    assert (found["q1"].text, found["q1"].place) == ("The second.", f"Found in {place}.")


def test_several_places():
    """What stands in the question's cell and around it is one answer, in the notebook's order."""
    cells = with_cells(
        (2, ("text", "x", "One.")),
        (2, ("text", "q1", f"{QUESTION}\nTwo.")),
        (3, ("code", "y", "# Three.")),
        without=[2],
    )
    found = read(*cells)["q1"]
    assert found.text == "One.\n\nTwo.\n\nThree."
    assert found.place == "Found in cell 3 (above) and cell 5 (below)."


def test_two_questions_in_a_row():
    """What stands between two questions answers the first; the second shows it only where it has nothing else."""
    cells = [TEMPLATE[2], ("text", "x", "The second."), TEMPLATE[5], ("text", "y", "30 %.")]
    assert [read(*cells)[name].text for name in ("q1", "q2")] == ["The second.", "30 %."]
    assert [read(*cells[:3])[name].text for name in ("q1", "q2")] == ["The second.", "The second."]


@pytest.mark.parametrize(
    "answer", ["**Answer:** Yes.", "∞", "$\\uparrow$", "👍", "![plot](attachment:a.png)", "* a\n* b"]
)
def test_short_answer(answer):
    """An answer in signs counts as one in words, and is shown with its marks."""
    cells = with_cells((2, ("text", "q1", f"{QUESTION}\n\n{answer}")), without=[2])
    assert read(*cells)["q1"].text == answer


def test_values_in_an_answer():
    """Of an answer that is printed with values the source of these is shown, for they are not known."""
    cells = with_cells((3, ("code", "", "print(f'The second, by {gain:.1f} %')")))
    assert read(*cells)["q1"].text == "The second, by {gain} %"


@pytest.mark.parametrize("cells", [TEMPLATE, [], [("code", "a", "1")], with_cells((3, ("text", "x", "*Answer:*")))])
def test_no_answer(cells):
    """The template as it was, and a notebook with nothing near a question, have no answers."""
    assert {found.text for found in read(*cells).values()} == {""}


def test_answer_without_template():
    """Where the template isn't known, the question's cell is the answer as a whole."""
    found = read(("text", "q1", f"{QUESTION}\nFirst."), ("text", "x", "Other."), given=())["q1"]
    assert (found.text, found.place) == (f"{QUESTION}\nFirst.", "")


def test_long_answer():
    """An answer is cut where nobody would read on."""
    assert len(read(("text", "q1", "a" * (MAX_ANSWER + 5)))["q1"].text) == MAX_ANSWER


ANSWER = "Zebra 56 % unicorn"
FORMS = {
    "text": ("text", ANSWER),
    "raw": ("raw", ANSWER),
    "comment": ("code", f"# {ANSWER}"),
    "string": ("code", f'"""{ANSWER}"""'),
    "variable": ("code", f"answer = {ANSWER!r}"),
    "printed": ("code", f"print({ANSWER!r})"),
    "magic": ("code", f"%%markdown\n{ANSWER}"),
    "beside code": ("code", f"x = 1  # {ANSWER}"),
    "docstring": ("code", f'def answer():\n    """{ANSWER}"""'),
    "returned": ("code", f"def answer():\n    return {ANSWER!r}"),
    "in a list": ("code", f"answers = [{ANSWER!r}]"),
    "in a dict": ("code", f"answers = {{'q1': {ANSWER!r}}}"),
    "in brackets": ("code", f"answer: str = ({ANSWER!r}\n)"),
    "no Python": ("code", ANSWER),
}
between = st.lists(st.sampled_from([("code", "", "y = 2"), ("text", "", ""), ("code", "", "")]), max_size=3)


@settings(max_examples=300, deadline=None)
@given(
    question=st.sampled_from([2, 5]),
    form=st.sampled_from(sorted(FORMS)),
    side=st.sampled_from(["above", "below", "instead", "within"]),
    before=between,
    after=between,
    has_ids=st.booleans(),
    has_question_id=st.booleans(),
)
def test_nothing_near_a_question_is_lost(question, form, side, before, after, has_ids, has_question_id):
    """In whatever form and place an answer stands, up to the next cells of the template, it is shown."""
    kind, text = FORMS[form]
    asked = TEMPLATE[question]
    asked = asked if has_question_id else (asked[0], "", asked[2])
    new = (kind, "", text)
    own = {
        "above": [new, *before, asked],
        "below": [asked, *before, new],
        "instead": [new],
        "within": [("text", asked[1], f"{asked[2]}\n\n{ANSWER}")],
    }[side]
    others = [(cell[0], cell[1] if has_ids else "", cell[2]) for cell in TEMPLATE]
    found = read(*others[:question], *before, *own, *after, *others[question + 1 :])
    assert ANSWER in found[TEMPLATE[question][1]].text
    assert ANSWER not in found[TEMPLATE[7 - question][1]].text
