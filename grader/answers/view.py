"""Computes what the page for grading answers shows, as data: per question a card for each answer.

`grader.answers.backend` renders it with the templates in `page` and stores what comes back.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grader.answers.marks import AnswerMark, Key, text_digest
from grader.answers.store import Remark
from grader.courses.assignment import Question
from grader.results.plain_text import number
from grader.results.verdict import Answer


@dataclass(frozen=True, slots=True)
class AnswerCard:
    """Show one answer; `key` stands for its submission, `earlier` says what was given for another text of it."""

    key: str
    label: str
    text: str
    note: str
    points: str
    comment: str
    earlier: str


@dataclass(frozen=True, slots=True)
class QuestionPage:
    """Show all answers to one question; `most` is empty if the course sets no points."""

    number: int
    name: str
    title: str
    most: str
    order: str
    has_names: bool
    cards: tuple[AnswerCard, ...]
    graded: int
    remarks: tuple[Remark, ...]


def opaque_key(submission: str, *, token: str) -> str:
    """Return what stands for a submission where its name is hidden."""
    name = submission.encode("utf-8", "surrogatepass")
    return hmac.new(token.encode(), name, hashlib.sha256).hexdigest()[:20]


def page_of(
    position: int,
    questions: Sequence[Question],
    answers: Mapping[Key, Answer],
    *,
    marks: Mapping[Key, AnswerMark],
    remarks: Sequence[Remark],
    token: str,
    order: str,
    has_names: bool,
) -> QuestionPage:
    """Return the page of one question; answers that nobody wrote come last."""
    question = questions[position]
    names = [submission for submission, name in answers if name == question.name]
    if order == "name":
        names.sort()
    else:
        names.sort(key=lambda name: opaque_key(name + question.name, token=question.name))
    names.sort(key=lambda name: not answers[name, question.name].text)
    cards = tuple(
        _card(
            answers[name, question.name],
            marks.get((name, question.name)),
            key=opaque_key(name, token=token),
            label=name if has_names else f"Answer {place}",
        )
        for place, name in enumerate(names, 1)
    )
    return QuestionPage(
        number=position,
        name=question.name,
        title=question.title,
        most=number(question.points) if question.points else "",
        order=order,
        has_names=has_names,
        cards=cards,
        graded=sum(card.points != "" for card in cards),
        remarks=tuple(remarks),
    )


def points_text(points: float | None) -> str:
    """Return points as a person would write them, "" for none."""
    return "" if points is None else repr(points).removesuffix(".0")


def _card(answer: Answer, mark: AnswerMark | None, *, key: str, label: str) -> AnswerCard:
    is_current = mark is not None and mark.answer == text_digest(answer)
    earlier = ""
    if mark is not None and not is_current:
        given = "no points" if mark.points is None else f"{number(mark.points)} points"
        earlier = f"An earlier text of this answer was given {given}. {mark.comment}".strip()
    return AnswerCard(
        key=key,
        label=label,
        text=answer.text,
        note=answer.note,
        points=points_text(mark.points) if mark is not None and is_current else "",
        comment=mark.comment if mark is not None and is_current else "",
        earlier=earlier,
    )
