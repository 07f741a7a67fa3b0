"""Tests of answer_texts: what a cell says in words, and a question's own words taken out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.grading.answer_texts import is_blank, is_prose, likeness, text_of_cell, without_question
from grader.notebooks.document import Cell, CellKind

QUESTION = "**Question 1.** Which of the two networks would you take, and why? Give\nthe accuracies of three seeds."


def code(source):
    return Cell(1, CellKind.CODE, source)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("# The second one.\n#\n# It is smaller.", "The second one.\n\nIt is smaller."),
        ('"""The second one."""', "The second one."),
        ('answer = """The second one."""', "The second one."),
        ("print('The second one.')", "The second one."),
        ("display(Markdown('**The second** one.'))", "**The second** one."),
        ("%%markdown\nThe *second* one.", "The *second* one."),
        ("The second one, since it is smaller", "The second one, since it is smaller"),
    ],
)
def test_words_in_a_code_cell(source, text):
    """Comments, strings, what is printed, a Markdown magic and words that are no code are an answer."""
    assert text_of_cell(code(source)) == text
    assert is_prose(code(source))


@pytest.mark.parametrize("source", ["print(1)", "x = 3  # three", "train(model)", "def f():\n    'A docstring.'"])
def test_code_is_no_prose(source):
    """A cell that does something is code, whatever it says beside it."""
    assert not is_prose(code(source))


@pytest.mark.parametrize("source", ["# check-mlp\n!grader check", "%check mlp", "# Takes minutes.\n%check training"])
def test_checks_say_nothing(source):
    """A cell of magics and shell lines is no answer, and neither are the remarks in it."""
    assert not is_prose(code(source))
    assert text_of_cell(code(source)) == ""


def test_comments_beside_code():
    """Of code the comments and the printed texts are what it says; short strings are labels."""
    source = "acc = test(model, 'MLP')  # 56 % with seed 1\nprint('The second one is better:', acc)"
    assert text_of_cell(code(source)) == "56 % with seed 1\nThe second one is better:"


@pytest.mark.parametrize("text", ["", " \n", "*Your answer here.*", "Answer:", "TODO", "_____", "…"])
def test_blank(text):
    """What a template says where an answer is due is no answer."""
    assert is_blank(text)


@pytest.mark.parametrize("text", ["No.", "7", "The answer is no"])
def test_not_blank(text):
    """Whatever a student says is an answer, however short."""
    assert not is_blank(text)


def test_question_broken_otherwise():
    """A question is taken out however its lines are broken and marked."""
    text = "Question 1. Which of the two\nnetworks would you take, and why? Give the accuracies of three seeds. Last."
    assert without_question(text, QUESTION) == "Last."


def test_answer_that_speaks_of_the_question():
    """Single words that a question has, too, stay in an answer."""
    answer = "Of the two networks I would take the second; see question 1 above."
    assert without_question(answer, QUESTION) == answer


def test_answer_between_sentences():
    """What stands between the sentences of a question is the answer."""
    asked = "**Question 1.** Which of the two networks would you take, and why?"
    text = f"{asked}\n\nThe second.\n\nGive the accuracies of three seeds.\n\n51, 52, 53"
    assert without_question(text, QUESTION) == "The second.\n\n\n\n51, 52, 53"


words = st.text(st.sampled_from("abc, .\n*#-ä"), max_size=60)


@settings(max_examples=200, deadline=None)
@given(words, st.sampled_from(["above", "below", "both"]))
def test_nothing_of_an_answer_is_lost(answer, side):
    """However an answer looks, its letters are all there once the question is taken out."""
    parts = {"above": (answer, QUESTION), "below": (QUESTION, answer), "both": (answer, QUESTION, answer)}[side]
    left = without_question("\n\n".join(parts), QUESTION)
    letters = [letter for letter in answer * (2 if side == "both" else 1) if letter.isalpha()]
    assert [letter for letter in left if letter.isalpha()] == letters


def test_likeness():
    """A question that was typed anew is known by its words, another text isn't."""
    assert likeness("Question 1: which of the networks would you take and why? The second.", QUESTION) > 0.6
    assert likeness("I took the second, since it is smaller and as good.", QUESTION) < 0.4
    assert likeness("", QUESTION) == 0 == likeness("a", "")
