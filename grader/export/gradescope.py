"""Writes results.json as Gradescope's autograder harness reads it.

The format and where it was looked up: docs/exports.md. `grader.export.finished_run` calls it.
"""

import json
from typing import Any

from grader.export.final_points import FinalPoints
from grader.export.given_points import answers_told, in_words
from grader.results.earned import is_ungraded
from grader.results.plain_text import shortened, visible, visible_line
from grader.results.results_file import RunInfo
from grader.results.shares import Share, shares
from grader.results.student_view import is_hidden_check, student_view
from grader.results.verdict import Answer, CheckResult, Feedback, SubmissionResult, TaskResult, Verdict
from grader.results.verdict_words import explanation_of, mark_of_check, title_of, why_uncounted

VISIBILITIES = ("after_published", "after_due_date", "hidden")  # of hidden checks, the default first

_MOST_LETTERS = 10_000


def gradescope_json(result: SubmissionResult, *, final: FinalPoints, run: RunInfo, hidden_as: str) -> str:
    """Return the results of one submission; where its points are withheld there is no score at all.

    `hidden_as` is the visibility of hidden checks, one of `VISIBILITIES`.
    """
    shown = student_view(result)
    is_final = result.submission in final.points
    document: dict[str, Any] = {"score": round(final.points[result.submission], 2)} if is_final else {}
    document |= {
        "execution_time": round(result.seconds),
        "output": _output(shown, withheld=final.withheld.get(result.submission, "")),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "stdout_visibility": "hidden",
        "extra_data": _about(shown, run, final=final),
        "tests": [
            _test(check, task, share=share if is_final else None, number=f"{i}.{k}", hidden_as=hidden_as)
            for i, task in enumerate(shown.tasks, 1)
            for k, (check, share) in enumerate(zip(task.checks, shares(task), strict=True), 1)
        ]
        + [
            _answer(answer, number=f"A.{i}", is_scored=is_final and final.has_answers)
            for i, answer in enumerate(answers_told(shown), 1)
        ],
    }
    return json.dumps(document, ensure_ascii=True, indent=1) + "\n"


def _test(check: CheckResult, task: TaskResult, *, share: Share | None, number: str, hidden_as: str) -> dict[str, Any]:
    possible = 0.0 if task.bonus or share is None else share.max_points  # what a bonus earns stands beside the sum
    scores = {"score": round(share.points, 4), "max_score": round(possible, 4)} if share else {}
    has_passed = check.verdict is Verdict.PASSED if check.override is None else check.is_earned
    costs_nothing = check.advice or not (has_passed or check.counted)
    status = {} if costs_nothing else {"status": "passed" if has_passed else "failed"}
    return {
        **scores,
        **status,
        "name": visible_line(f"{title_of(task)}: {check.title or check.name}"),
        "number": number,
        "output": _explained(check),
        "output_format": "text",
        "name_format": "text",
        "visibility": hidden_as if is_hidden_check(check, task) else "visible",
        "extra_data": {"task": task.name, "verdict": check.verdict.value},
    }


def _answer(answer: Answer, *, number: str, is_scored: bool) -> dict[str, Any]:
    """Return an answer that a person grades as one more test; Gradescope takes one without a maximum."""
    scores = {"score": round(answer.given, 4)} if is_scored and answer.given is not None else {}
    scores |= {"max_score": round(answer.points, 4)} if scores and answer.points else {}
    words = f"{in_words(answer)}\n{answer.comment}" if answer.comment else in_words(answer)
    return {
        **scores,
        "name": visible_line(answer.title if answer.is_run else f"Text answer: {answer.title}"),
        "number": number,
        "output": shortened(visible(words), _MOST_LETTERS),
        "output_format": "text",
        "name_format": "text",
        "visibility": "visible",
        "extra_data": {"question": answer.name},
    }


def _explained(check: CheckResult) -> str:
    if check.verdict is Verdict.PASSED and check.override is None:
        return check.credit.words if check.credit is not None else ""
    lines = [mark_of_check(check).word, explanation_of(check), *_places(check.feedback)]
    lines += [f"Hint: {check.feedback.hint}"] if check.feedback.hint else []
    lines += [why_uncounted(check)]
    return shortened(visible("\n".join(line for line in lines if line)), _MOST_LETTERS)


def _places(feedback: Feedback) -> list[str]:
    return [f"{frame.place} in {frame.function}: {frame.source}" for frame in feedback.traceback[-4:]]


def _output(result: SubmissionResult, *, withheld: str) -> str:
    lines = [f"Not scored: {withheld}."] if withheld else []
    lines += ["Nothing could be graded."] if is_ungraded(result) else []
    return shortened(visible("\n".join([*lines, *result.notes])), _MOST_LETTERS)


def _about(result: SubmissionResult, run: RunInfo, *, final: FinalPoints) -> dict[str, Any]:
    of_answers = sum(answer.points for answer in result.answers) if final.has_answers else 0.0
    possible, points = result.max_points + of_answers, final.points.get(result.submission)
    return {
        "submission": visible_line(result.submission),
        "assignment": run.assignment,
        "status": result.status.value,
        "max_points": possible,
        "percent": None if points is None else round(100 * points / possible, 2) if possible else 0.0,
        "grader_version": run.grader_version,
        "torch_version": run.torch_version,
    }
