"""Answers what the page for grading answers asks, and stores what it sends.

`grader.answers.server` lets in only what comes from that page; `grader.answers.view` computes what it shows.
"""

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from grader.answers.marks import AnswerMark, Key, comment_from, most_for, points_from, text_digest
from grader.answers.store import ManualStore, Remark
from grader.answers.view import opaque_key, page_of, points_text
from grader.courses.assignment import Question
from grader.errors import ManualError
from grader.report.html import code_spans
from grader.report.markdown import render_markdown
from grader.report.page_templates import page_templates
from grader.results.verdict import Answer

PAGE_FOLDER = Path(__file__).parent / "page"
_REPORT_FOLDER = Path(__file__).parents[1] / "report" / "templates"
_MOST_REMARKS = 9


class PageBackend:
    """Answer the page's questions and store what it sends; may be called from several threads.

    `has_marks` says that pages for automatic marks are served beside it. `measured` is what the grader has measured of
    the runs that answers are about.
    """

    def __init__(
        self,
        store: ManualStore,
        *,
        title: str,
        questions: Sequence[Question],
        answers: Mapping[Key, Answer],
        has_marks: bool = False,
        measured: Mapping[Key, tuple[str, ...]] = MappingProxyType({}),
    ) -> None:
        self.token = secrets.token_urlsafe(24)
        self._store = store
        self._title = title
        self._has_marks = has_marks
        self._measured = measured
        self._questions = tuple(questions)
        self._answers = dict(answers)
        self._names = {opaque_key(name, token=self.token): name for name, _ in answers}
        self._environment = page_templates(PAGE_FOLDER, _REPORT_FOLDER)
        self._environment.filters["markdown"] = render_markdown
        self._environment.filters["points"] = points_text
        self._environment.filters["code_spans"] = code_spans

    def index(self) -> str:
        """Return the page that lists the questions."""
        graded = [key for key, mark in self._store.marks().items() if self._counts(key, mark)]
        rows = [
            (
                place,
                question,
                sum(key[1] == question.name for key in graded),
                sum(key[1] == question.name for key in self._answers),
            )
            for place, question in enumerate(self._questions)
        ]
        page = self._environment.get_template("index.html")
        return page.render(title=self._title, rows=rows, has_marks=self._has_marks)

    def question(self, position: int, *, order: str, has_names: bool) -> str:
        """Return the page of one question. Raises ManualError if there is none."""
        if not 0 <= position < len(self._questions):
            raise ManualError(f"There is no question {position}.")
        page = page_of(
            position,
            self._questions,
            self._answers,
            marks=self._store.marks(),
            remarks=self._store.remarks(self._questions[position].name),
            token=self.token,
            order="name" if order == "name" else "shuffled",
            has_names=has_names,
            measured=self._measured,
        )
        return self._environment.get_template("question.html").render(
            title=self._title, page=page, count=len(self._questions)
        )

    def picture(self, digest: str) -> bytes:
        """Return a picture that some answer shows. Raises ManualError if there is none."""
        content = self._store.picture(digest)
        if content is None:
            raise ManualError("There is no such picture.")
        return content

    def give(self, sent: Mapping[str, Any]) -> dict[str, Any]:
        """Store points and comment for one answer."""
        key, answer = self._find(sent)
        points = points_from(_text(sent, "points"), most=most_for(answer.points))
        mark = AnswerMark(points, comment_from(_text(sent, "comment")), text_digest(answer))
        if self._store.marks().get(key) != mark:  # nothing to undo otherwise
            self._store.give({key: mark})
        return self._progress(key[1])

    def give_zero(self, sent: Mapping[str, Any]) -> dict[str, Any]:
        """Give 0 points to every answer to a question that nobody wrote and nobody has graded, as one step."""
        question, marks = _text(sent, "question"), self._store.marks()
        empty = {
            key: AnswerMark(0.0, "", text_digest(answer))
            for key, answer in self._answers.items()
            if key[1] == question and answer.is_blank and not self._counts(key, marks.get(key))
        }
        if empty:
            self._store.give(empty)
        return self._progress(question) | {"changed": self._as_sent(empty)}

    def undo(self, _sent: Mapping[str, Any]) -> dict[str, Any]:
        """Take back the last step."""
        return {"changed": self._as_sent(self._store.undo())}

    def keep_remarks(self, sent: Mapping[str, Any]) -> dict[str, Any]:
        """Store the common remarks on a question."""
        question, remarks = _text(sent, "question"), sent.get("remarks")
        if question not in {one.name for one in self._questions} or not isinstance(remarks, list):
            raise ManualError("There is no such question, or no list of remarks.")
        if len(remarks) > _MOST_REMARKS:
            raise ManualError(f"{_MOST_REMARKS} remarks are the most: one for each key.")
        kept = [self._remark(one, question) for one in remarks]
        self._store.keep_remarks(question, kept)
        return {"remarks": [[one.text, points_text(one.deduction)] for one in kept]}

    def _remark(self, sent: object, question: str) -> Remark:
        if not isinstance(sent, dict):
            raise ManualError("A remark has a text and a deduction.")
        text = comment_from(_text(sent, "text")).replace("\n", " ")
        if not text or len(text) > 500:
            raise ManualError("A remark has 1 to 500 characters.")
        most = next(one.points for one in self._questions if one.name == question)
        return Remark(text, points_from(_text(sent, "deduction"), most=most_for(most)) or 0.0)

    def _counts(self, key: Key, mark: AnswerMark | None) -> bool:
        answer = self._answers.get(key)
        return bool(mark and answer and mark.points is not None and mark.answer == text_digest(answer))

    def _progress(self, question: str) -> dict[str, Any]:
        marks = self._store.marks()
        return {"graded": sum(key[1] == question and self._counts(key, mark) for key, mark in marks.items())}

    def _find(self, sent: Mapping[str, Any]) -> tuple[Key, Answer]:
        key = (self._names.get(_text(sent, "key"), ""), _text(sent, "question"))
        if key not in self._answers:
            raise ManualError("There is no such answer.", remedy="Load the page again.")
        return key, self._answers[key]

    def _as_sent(self, marks: Mapping[Key, AnswerMark | None]) -> list[dict[str, str]]:
        return [
            {
                "key": opaque_key(submission, token=self.token),
                "question": question,
                "points": points_text(mark.points)
                if mark is not None and self._holds((submission, question), mark)
                else "",
                "comment": mark.comment if mark is not None else "",
            }
            for (submission, question), mark in marks.items()
        ]

    def _holds(self, key: Key, mark: AnswerMark) -> bool:
        return key in self._answers and mark.answer == text_digest(self._answers[key])


def _text(sent: Mapping[str, Any], name: str) -> str:
    value = sent.get(name, "")
    if not isinstance(value, str):
        raise ManualError(f"`{name}` is not text.")
    return value
