"""The pages on which a person changes automatic marks, one submission at a time, into overrides.csv.

`grader.commands.manual` serves them beside those for text answers; `grader.marking.override_file` writes the rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.answers.backend import PAGE_FOLDER
from grader.errors import ManualError
from grader.marking.memory import Memory
from grader.marking.override_file import (
    FILE,
    VERDICTS,
    OverrideRow,
    drop_override,
    put_override,
    read_overrides,
    row_of,
)
from grader.marking.overriding import overridden
from grader.report.page_templates import page_templates
from grader.results.cells import text_cell
from grader.results.earned import is_ungraded
from grader.results.override import Override
from grader.results.plain_text import number, shortened
from grader.results.shares import shares
from grader.results.verdict import SubmissionResult, TaskResult
from grader.results.verdict_words import automatic_mark, explanation_of, status_word, title_of

_MOST_LETTERS = 600


@dataclass(frozen=True, slots=True)
class MarkView:
    """Show one check or task: the grader's own mark, and what a person gave in its place, "" where nobody did."""

    target: str
    title: str
    is_task: bool
    automatic: str
    explanation: str
    most: str
    takes_points: bool
    given: str
    points: str
    verdict: str
    reason: str
    who: str


class OverridePages:
    """Show automatic marks and write what a person gives in their place; may be called from several threads.

    `results` are those before any override, in the order of the pages.
    """

    def __init__(self, folder: Path, results: Sequence[SubmissionResult], *, title: str, who: str) -> None:
        self._folder = folder
        self._results = tuple(sorted(results, key=lambda result: result.submission))
        self._title = title
        self._who = who
        self._environment = page_templates(PAGE_FOLDER)

    def index(self) -> str:
        """Return the page that lists all submissions with their points, and what of overrides.csv can't be used."""
        rows, unread = read_overrides(self._folder)
        placed = overridden(self._results, rows)
        listed = [
            (place, one.submission, number(one.points), number(one.max_points), status_word(one.status), _count(one))
            for place, one in enumerate(placed.results)
        ]
        problems = (*unread, *placed.problems)
        page = self._environment.get_template("marks.html")
        return page.render(title=self._title, rows=listed, problems=problems, file=FILE)

    def submission(self, position: int) -> str:
        """Return the page of one submission. Raises ManualError if there is none."""
        before = self._find(position)
        rows = [row for row in read_overrides(self._folder)[0] if _is_for(row, before)]
        now = overridden([before], rows).results[0]
        page = self._environment.get_template("submission.html")
        return page.render(
            title=self._title,
            position=position,
            count=len(self._results),
            result=now,
            points=number(now.points),
            max_points=number(now.max_points),
            marks=list(_marks(before, now, rows)),
            verdicts=VERDICTS,
            who=self._who,
        )

    def give(self, sent: Mapping[str, Any]) -> dict[str, Any]:
        """Write what was given for one check or task, or take it back where nothing is. Raises ManualError."""
        result = self._find(_place(sent))
        points, verdict, reason, who = (_text(sent, name) for name in ("points", "verdict", "reason", "who"))
        target = _text(sent, "target")
        with Memory(self._folder).held():
            if not points and not verdict:
                drop_override(self._folder, result.submission, target)
            else:
                row = row_of(0, [result.submission, target, points, verdict, reason, who])
                others, _ = read_overrides(self._folder)
                self._refuse_unusable(row, result, others)
                put_override(self._folder, row)
                self._who = who
        return {"given": bool(points or verdict)}

    def _refuse_unusable(self, row: OverrideRow, result: SubmissionResult, others: Sequence[OverrideRow]) -> None:
        """Raise ManualError where the row would count for nothing beside the others, with the reason."""
        beside = [one for one in others if _is_for(one, result) and one.target != row.target]
        problems = overridden([result], [*beside, row]).problems
        own = [problem for problem in problems if problem.startswith(f"{FILE}, line {row.line}: ")]
        if own:
            raise ManualError(own[0].removeprefix(f"{FILE}, line {row.line}: "))

    def _find(self, position: int) -> SubmissionResult:
        if not 0 <= position < len(self._results):
            raise ManualError(f"There is no submission {position}.", remedy="Load the page again.")
        return self._results[position]


def _is_for(row: OverrideRow, result: SubmissionResult) -> bool:
    return row.submission in (result.submission, text_cell(result.submission))


def _count(result: SubmissionResult) -> int:
    """Return how many marks of a result are a person's."""
    checks = sum(check.override is not None for task in result.tasks for check in task.checks)
    return checks + sum(task.override is not None for task in result.tasks)


def _marks(before: SubmissionResult, now: SubmissionResult, rows: Sequence[OverrideRow]) -> Iterator[MarkView]:
    """Yield each task and its checks, with the mark before any override and what counts now."""
    said = {row.target: row for row in rows}
    for old, new in zip(before.tasks, now.tasks, strict=True):
        if is_ungraded(before):
            return
        yield _mark(old.name, title_of(old), _of_task(old), new.override, said.get(old.name), task=old, is_task=True)
        for check, changed, share in zip(old.checks, new.checks, shares(old), strict=True):
            if check.advice or check.adjusted:
                continue
            words = f"{automatic_mark(check).word}, {number(share.points)} of {number(share.max_points)} points"
            row, title = said.get(check.name), check.title or check.name
            explanation = shortened(explanation_of(check), _MOST_LETTERS)
            yield _mark(check.name, title, words, changed.override, row, task=old, explanation=explanation)


def _of_task(task: TaskResult) -> str:
    return f"{number(task.points)} of {number(task.max_points)} points"


def _mark(
    target: str,
    title: str,
    automatic: str,
    given: Override | None,
    row: OverrideRow | None,
    *,
    task: TaskResult,
    explanation: str = "",
    is_task: bool = False,
) -> MarkView:
    return MarkView(
        target=target,
        title=title,
        is_task=is_task,
        automatic=automatic,
        explanation=explanation,
        most=number(task.max_points) if is_task else "",
        takes_points=is_task or not task.all_or_nothing,
        given="" if given is None else f"{number(given.points)} of {number(given.max_points)} points",
        points="" if row is None else row.points,
        verdict="" if row is None or row.verdict is None else row.verdict.value,
        reason="" if row is None else row.reason,
        who="" if row is None else row.who,
    )


def _place(sent: Mapping[str, Any]) -> int:
    place = sent.get("submission")
    if isinstance(place, bool) or not isinstance(place, int):
        raise ManualError("`submission` is not a number.")
    return place


def _text(sent: Mapping[str, Any], name: str) -> str:
    value = sent.get(name, "")
    if not isinstance(value, str):
        raise ManualError(f"`{name}` is not text.")
    return value.strip()
