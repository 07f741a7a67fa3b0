"""What the command line prints of results: a scorecard as lines, a run as a table.

`grader.commands` chooses when; the words of each explanation come from the feedback itself.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from rich.console import Console, Group
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from grader.report.causes import causes_of
from grader.report.curve_view import curve_words
from grader.results.earned import earned_points, points_cell, why_ungraded
from grader.results.notes import told_notes
from grader.results.plain_text import number, visible, visible_line
from grader.results.verdict import Adjusted, CheckResult, Status, SubmissionResult, TaskResult, Verdict
from grader.results.verdict_words import explanation_of, mark_of_check, status_word, title_of, why_uncounted

_STYLES = {
    Verdict.PASSED: "green",
    Verdict.WRONG: "red",
    Verdict.NOT_IMPLEMENTED: "yellow",
    Verdict.MISSING: "yellow",
    Verdict.SKIPPED: "dim",
    Verdict.NOT_GRADED: "bold magenta",
}
_MAX_PRINTED_LINES = 15
_MOST_NAMED = 3
_MOST_UNDER_WAY = 8


def results_console() -> Console:
    """Return where results go: stdout, without colour when it is no terminal or NO_COLOR is set."""
    return Console(highlight=False, soft_wrap=False, width=None if os.isatty(1) else 100)


def progress_console() -> Console:
    """Return where progress and problems go: stderr."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def print_scorecard(console: Console, result: SubmissionResult, *, brief: bool = False) -> None:
    """Print one submission's result: a line a check, feedback below it, the sum in words at the end.

    Tasks with something to fix come first; `brief` leaves out the checks of tasks that have nothing to fix.
    """
    for note in told_notes(result.notes):
        console.print(Text(f"note: {visible(note)}", style="dim"))
    for task in sorted(result.tasks, key=lambda task: not _is_open(task)):
        is_short = brief and bool(task.checks) and all(check.verdict is Verdict.PASSED for check in task.checks)
        if not is_short:
            console.print()
        heading = Text("✓ ", style="green") if is_short else Text()
        heading.append(f"{visible_line(title_of(task))}  ", style="bold default")
        console.print(heading.append(f"{number(task.points)}/{number(task.max_points)}", style="not bold default"))
        for check in () if is_short else task.checks:
            _print_check(console, check)
    console.print()
    console.print(Text(sum_in_words(result), style="bold"))


@contextlib.contextmanager
def checks_as_they_end(console: Console) -> Iterator[Callable[[CheckResult], None]]:
    """Show on a terminal how each check has ended, for as long as others run; what is yielded takes each result."""
    if not console.is_terminal:
        yield lambda _check: None
        return
    lines: list[Text] = []
    with Live(console=console, auto_refresh=False, transient=True) as live:

        def show(check: CheckResult) -> None:
            lines.append(_line_of(check))
            live.update(Group(*lines[-_MOST_UNDER_WAY:]), refresh=True)

        yield show


def _line_of(check: CheckResult) -> Text:
    mark = mark_of_check(check)
    is_mild = (check.advice or check.carried) and check.verdict is not Verdict.PASSED
    style = "yellow" if is_mild else _STYLES.get(check.verdict, "red")
    line = Text("  ").append(mark.symbol, style=style).append(f" {visible_line(check.title)}")
    if check.verdict is not Verdict.PASSED:
        line.append(f"  {mark.word}", style=style)
    return line


def _print_check(console: Console, check: CheckResult) -> None:
    console.print(_line_of(check))
    if check.verdict is Verdict.PASSED:
        if check.credit is not None:
            print_below(console, check.credit.words, style="dim")
        return
    feedback = check.feedback
    for words in filter(None, (why_uncounted(check) if check.carried or check.adjusted else "", explanation_of(check))):
        print_below(console, words)
    for curve in feedback.curves:
        print_below(console, f"{curve.name}: {' '.join(curve_words(curve))}", style="dim")
    for frame in feedback.traceback[-4:]:
        inside = f" in {frame.function}" if frame.function else ""  # a line that is no Python is in nothing
        print_below(console, f"{frame.place}{inside}: {frame.source}", style="dim")
    if feedback.output.strip() and check.verdict is not Verdict.NOT_IMPLEMENTED:  # nothing of the check's own ran
        lines = visible(feedback.output).strip().splitlines()
        cut = len(lines) - _MAX_PRINTED_LINES
        shown = lines[-_MAX_PRINTED_LINES:]
        print_below(
            console,
            f"it printed{f' (last {len(shown)} of {len(lines)} lines)' if cut > 0 else ''}:",
            style="dim",
        )
        for text in shown:
            print_below(console, f"  {text[:200]}", style="dim")
    if feedback.hint:
        print_below(console, f"Hint: {feedback.hint}", style="cyan")


def print_below(console: Console, text: str, *, style: str = "") -> None:
    """Print text indented, as what belongs to the line above."""
    console.print(Padding(Text(visible(text), style=style), (0, 0, 0, 6)))


def has_passed(result: SubmissionResult) -> bool:
    """Tell whether the submission could be read and no check costs points."""
    lost = any(check.is_lost for task in result.tasks for check in task.checks)
    return result.status in (Status.GRADED, Status.PROVISIONAL) and not lost


def sum_in_words(result: SubmissionResult) -> str:
    """Say the points and what is left to do."""
    checks = [check for task in result.tasks for check in task.checks if not check.advice]
    open_ones = [check for check in checks if check.is_lost]
    not_graded = sum(check.verdict is Verdict.NOT_GRADED for check in checks)
    points = f"{number(result.points)} of {number(result.max_points)} points"
    if result.status is Status.UNREADABLE:
        return f"{points}: the submission can't be read."
    if not checks:
        return "None of this can be checked here; it is checked when your work is graded."
    passed = sum(check.verdict is Verdict.PASSED for check in checks)
    told = f"{passed} of {len(checks)} checks" if open_ones or passed == 1 else f"all {passed} checks"
    words = f"{points}: {told if len(checks) != 1 or open_ones else 'the check'} passed."
    if not_graded:
        words = f"{points}; the grader failed on {not_graded} checks, which cost no points."
    else:
        words += _without_cost([check for check in checks if check.verdict is not Verdict.PASSED and not check.is_lost])
    following = next_step(result.tasks) if len(result.tasks) > 1 else ""  # else it is what was asked for
    return f"{words} {following}".strip()


def _without_cost(checks: Sequence[CheckResult]) -> str:
    """Say of checks that neither passed nor cost points which they are, and why: one sentence for each reason."""
    by_reason: dict[str, list[str]] = {}
    for check in checks:
        by_reason.setdefault(_why_free(check), []).append(f"“{visible_line(check.title or check.name)}”")
    sentences = [
        f" Not charged, since {reason}: {', '.join(names[:_MOST_NAMED])}"
        + (f" and {len(names) - _MOST_NAMED} more." if len(names) > _MOST_NAMED else ".")
        for reason, names in by_reason.items()
    ]
    return "".join(sentences)


def _why_free(check: CheckResult) -> str:
    if check.override is not None:
        return "a person gave the points"
    if check.adjusted is not Adjusted.NO:
        return "the course has changed what it counts for"
    if check.carried:
        return "an earlier fault explains it"
    if check.unrun:
        return "data or a device is not on this machine"
    return "the check before it has failed and paid" if check.because else "what it is about was left to you"


def next_step(tasks: Sequence[TaskResult]) -> str:
    """Name the first task that still has something to mend."""
    task = next(filter(_is_open, tasks), None)
    return f"Next: `grader check --task {task.name}`." if task else ""


def _is_open(task: TaskResult) -> bool:
    """Tell whether a task still has something to mend."""
    return any(check.is_lost for check in task.checks)


def print_run(console: Console, results: Sequence[SubmissionResult]) -> None:
    """Print a table of a run's submissions."""
    table = Table(box=None, pad_edge=False, expand=True)
    rows = [
        (
            visible_line(result.submission),
            f"{points_cell(earned_points(result)) or '–'}/{number(result.max_points)}",
            "–" if earned_points(result) is None else f"{result.percent:.0f}",
            status_word(result.status),
            _dearest_problem(result),
        )
        for result in results
    ]
    for place, (heading, at_most) in enumerate((("submission", 32), ("points", 16), ("%", 3), ("status", 16))):
        width = min(max([len(heading), *(len(row[place]) for row in rows)]), at_most)
        side: Literal["right", "left"] = "right" if heading in ("points", "%") else "left"
        table.add_column(heading, justify=side, no_wrap=True, overflow="ellipsis", min_width=width, max_width=width)
    table.add_column("dearest problem", no_wrap=True, overflow="ellipsis", ratio=1)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def _dearest_problem(result: SubmissionResult) -> str:
    for cause in causes_of(result)[:1]:
        return visible_line(explanation_of(cause.head.check))
    return visible_line(why_ungraded(result))
