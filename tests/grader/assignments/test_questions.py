"""Every question of the five courses has a rubric and a model answer, on the instructor's side only."""

import re
from pathlib import Path

import pytest

from grader.answers.rubric_file import read_rubric
from grader.courses.course import list_slugs, read_assignment
from grader.grading.text_answers import written_questions

COURSE = Path(__file__).parents[3]


@pytest.mark.parametrize("slug", list_slugs(COURSE))
def test_each_question_has_a_rubric(slug: str) -> None:
    """The remarks can be loaded into manual grading, two or more for each question, and none costs more than all."""
    assignment = read_assignment(COURSE, slug)
    remarks = read_rubric(assignment.folder / "rubric.toml", assignment.questions)
    assert list(remarks) == [question.name for question in assignment.questions]
    assert all(len(ones) >= 2 and all(0 < one.deduction <= 10 for one in ones) for ones in remarks.values())


@pytest.mark.parametrize("slug", [slug for slug in list_slugs(COURSE) if slug != "technion-hw2"])
def test_each_question_has_a_model_answer(slug: str) -> None:
    """A section for each question in words, in their order; those of technion-hw2 are the reference's own answers."""
    assignment = read_assignment(COURSE, slug)
    text = (assignment.folder / "model_answers.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [one.name for one in written_questions(assignment)]


def test_the_reference_answers_technions_questions() -> None:
    """No answer of the reference is the placeholder, and the kit has none of them."""
    assignment = read_assignment(COURSE, "technion-hw2")
    place = "technion-hw2/hw2/answers.py"
    told = (COURSE / "reference" / place).read_text(encoding="utf-8")
    kit = (COURSE / "student_template" / place).read_text(encoding="utf-8")
    for question in written_questions(assignment):
        assert f'{question.name} = r"""' in told
        assert f'{question.name} = "Write your answer here"' in kit


@pytest.mark.parametrize("slug", list_slugs(COURSE))
def test_rubrics_and_model_answers_are_not_in_the_kit(slug: str) -> None:
    """Students get questions, not what is looked for."""
    kit = COURSE / "student_template" / slug
    assert [path for name in ("rubric*", "model_answers*") for path in kit.rglob(name)] == []
