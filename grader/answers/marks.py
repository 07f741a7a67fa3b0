"""What a person gives for text answers: which answers there are, which points are allowed, and what they sum up to.

`grader.answers.store` keeps it, `grader.answers.csv_file` and `grader.answers.backend` take it; reports show it.
"""

import hashlib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from grader.courses.assignment import Question
from grader.errors import ManualError
from grader.report.evidence_view import measured_words
from grader.results.plain_text import number
from grader.results.verdict import Answer, Status, SubmissionResult

MOST_WITHOUT_LIMIT = 1000.0  # for a question whose points the course doesn't say
LONGEST_COMMENT = 10_000
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)

Key = tuple[str, str]  # submission, question


@dataclass(frozen=True, slots=True)
class AnswerMark:
    """Hold the points and the comment for one answer; `points` is None if there is only a comment yet.

    `answer` is the digest of the text that was read: a mark counts for no other text.
    """

    points: float | None
    comment: str
    answer: str


@dataclass(frozen=True, slots=True)
class ManualSum:
    """Hold what a submission's answers have earned, and how many nobody has graded."""

    points: float
    pending: int


def text_digest(answer: Answer) -> str:
    """Return a digest of what a person read: an answer's text, and what runs have left."""
    shown = [(one.place, one.text, *(picture.digest for picture in one.pictures)) for one in answer.exhibits]
    rest = repr((shown, answer.curves)) if shown or answer.curves else ""
    return hashlib.sha256((answer.text + rest).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def find_answers(results: Iterable[SubmissionResult], questions: Sequence[Question]) -> dict[Key, Answer]:
    """Return every stored answer to one of the questions, with the points that the course gives for it now."""
    return {
        (result.submission, question.name): replace(answer, name=question.name, points=question.points)
        for result in results
        for question, answer in _pairs(result, questions)
    }


def measured_beside(results: Iterable[SubmissionResult]) -> dict[Key, tuple[str, ...]]:
    """Return what the grader has measured of the runs that stored answers are about, in words."""
    return {
        (result.submission, answer.name): words
        for result in results
        for answer in result.answers
        if (words := measured_words(result, answer.tasks))
    }


def _pairs(result: SubmissionResult, questions: Sequence[Question]) -> Iterable[tuple[Question, Answer]]:
    """Yield questions with their answers; one that was stored without its question's name is found by its title."""
    by_name = {answer.name: answer for answer in result.answers if answer.name}
    by_title = {answer.title: answer for answer in result.answers if not answer.name}
    for question in questions:
        answer = by_name.get(question.name) or by_title.get(question.title)
        if answer is not None:
            yield question, answer


def with_marks(
    result: SubmissionResult, questions: Sequence[Question], marks: Mapping[Key, AnswerMark]
) -> SubmissionResult:
    """Return the result with what a person gave for its answers; a mark for an earlier text is not counted."""
    if not questions:
        return result
    answers = []
    for question, answer in _pairs(result, questions):
        shown = replace(answer, name=question.name, points=question.points, given=None, comment="")
        mark = marks.get((result.submission, question.name))
        if mark is not None and mark.answer == text_digest(answer):
            shown = replace(shown, given=mark.points, comment=mark.comment)
        answers.append(shown)
    return replace(result, answers=tuple(answers))


def with_stored_marks(result: SubmissionResult, marks: Mapping[Key, AnswerMark]) -> SubmissionResult:
    """Return the result with what a person gave, for the questions as they were when it was graded."""
    questions = [Question(answer.name, answer.title, module="", points=answer.points) for answer in result.answers]
    return with_marks(result, questions, marks)


def manual_sum(result: SubmissionResult) -> ManualSum:
    """Add up what was given for a result's answers."""
    given = [answer.given for answer in result.answers]
    return ManualSum(math.fsum(points for points in given if points is not None), given.count(None))


def total_points(result: SubmissionResult) -> float | None:
    """Return the points of checks and answers together, or None as long as some of them are not final."""
    if result.status is not Status.GRADED:
        return None
    earned = manual_sum(result)
    return None if earned.pending else result.points + earned.points


def most_for(points: float) -> float:
    """Return the most that may be given for a question: what the course says, or a wide bound if it says nothing."""
    return points or MOST_WITHOUT_LIMIT


def points_from(text: str, *, most: float) -> float | None:
    """Return the points that a person wrote, or None for nothing. Raises ManualError for what can't be points."""
    written = text.strip()
    if not written:
        return None
    points = float(written.replace(",", ".")) if _NUMBER.fullmatch(written) else math.nan
    if not math.isfinite(points):
        raise ManualError(f"“{written[:40]}” is not a number of points.", remedy=f"Give 0 to {number(most)}.")
    if not 0 <= points <= most:
        raise ManualError(f"{number(points)} points are not within 0 and {number(most)}.", remedy="Mend the number.")
    return points + 0.0  # no minus zero


def comment_from(text: str) -> str:
    """Return a comment with line ends of one kind. Raises ManualError for one that is too long."""
    comment = text.replace("\r\n", "\n").replace("\r", "\n").strip().encode("utf-8", "replace").decode()
    if len(comment) > LONGEST_COMMENT:
        raise ManualError(
            f"The comment has {len(comment)} characters; {LONGEST_COMMENT} are the most.", remedy="Shorten it."
        )
    return comment.replace("\0", "")
