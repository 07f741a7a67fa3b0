"""Computes what the page for grading answers shows, as data: per question a card for each answer.

`grader.answers.backend` renders it with the templates in `page` and stores what comes back.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from grader.answers.marks import AnswerMark, Key, text_digest
from grader.answers.store import Remark
from grader.courses.assignment import Question
from grader.report.evidence_view import EvidenceView, evidence_view
from grader.results.exhibit import Picture
from grader.results.plain_text import number
from grader.results.verdict import Answer

_LONGEST_TEXT = 20_000
_NOTHING_MEASURED: Mapping[Key, tuple[str, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class AnswerCard:
    """Show one answer; `key` stands for its submission, `earlier` says what was given for another text of it.

    `shown` is what runs have left that the answer is about.
    """

    key: str
    label: str
    text: str
    note: str
    points: str
    comment: str
    earlier: str
    shown: EvidenceView | None


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
    measured: Mapping[Key, tuple[str, ...]] = _NOTHING_MEASURED,
) -> QuestionPage:
    """Return the page of one question; answers that nobody wrote come last.

    `measured` is what the grader has measured of the runs that an answer is about.
    """
    question = questions[position]
    about = [one.name for one in questions if one.evidence is not None and question.name in one.evidence.questions]
    names = [submission for submission, name in answers if name == question.name]
    if order == "name":
        names.sort()
    else:
        names.sort(key=lambda name: opaque_key(name + question.name, token=question.name))
    names.sort(key=lambda name: answers[name, question.name].is_blank)
    cards = tuple(
        _card(
            answers[name, question.name],
            marks.get((name, question.name)),
            key=opaque_key(name, token=token),
            label=name if has_names else f"Answer {place}",
            shown=evidence_view(
                [answers[key] for other in (question.name, *about) if (key := (name, other)) in answers],
                source=_address,
                longest=_LONGEST_TEXT,
                measured=tuple(words for other in (question.name, *about) for words in measured.get((name, other), ())),
            ),
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


def _address(picture: Picture) -> str:
    """Return where the page's server has a picture."""
    return f"../picture/{picture.digest}"


def _card(answer: Answer, mark: AnswerMark | None, *, key: str, label: str, shown: EvidenceView | None) -> AnswerCard:
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
        shown=shown,
    )
