"""What the command line prints: results as lines, runs as a table, progress while grading.

`grader.cli` chooses when; the words of each explanation come from the feedback itself.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from grader.plain_text import number, visible, visible_line
from grader.report.curve_view import curve_words
from grader.report.marks import explanation_of, mark_of, status_word
from grader.verdict import CheckResult, Status, SubmissionResult, TaskResult, Verdict

if TYPE_CHECKING:
    from grader.audit import Audit
    from grader.record import Recording

_STYLES = {
    Verdict.PASSED: "green",
    Verdict.WRONG: "red",
    Verdict.NOT_IMPLEMENTED: "yellow",
    Verdict.MISSING: "yellow",
    Verdict.SKIPPED: "dim",
    Verdict.NOT_GRADED: "bold magenta",
}
_MAX_PRINTED_LINES = 15
_TELL_EVERY_S = 10.0


def results_console() -> Console:
    """Return where results go: stdout, without colour when it is no terminal or NO_COLOR is set."""
    return Console(highlight=False, soft_wrap=False, width=None if os.isatty(1) else 100)


def progress_console() -> Console:
    """Return where progress and problems go: stderr."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def print_scorecard(console: Console, result: SubmissionResult, *, brief: bool = False) -> None:
    """Print one submission's result: a line a check, feedback below it, the sum in words at the end.

    Tasks with something to mend come first; `brief` leaves out the lines of checks of those that have nothing.
    """
    for note in result.notes:
        console.print(Text(f"note: {visible(note)}", style="dim"))
    for task in sorted(result.tasks, key=lambda task: not _is_open(task)):
        is_short = brief and bool(task.checks) and all(check.verdict is Verdict.PASSED for check in task.checks)
        if not is_short:
            console.print()
        heading = Text("✓ ", style="green") if is_short else Text()
        heading.append(f"{visible_line(task.title)}  ", style="bold default")
        console.print(heading.append(f"{number(task.points)}/{number(task.max_points)}", style="not bold default"))
        for check in () if is_short else task.checks:
            _print_check(console, check)
    console.print()
    console.print(Text(sum_in_words(result), style="bold"))


def _print_check(console: Console, check: CheckResult) -> None:
    mark = mark_of(check.verdict)
    style = _STYLES.get(check.verdict, "red")
    line = Text("  ").append(mark.symbol, style=style).append(f" {visible_line(check.title)}")
    if check.verdict is not Verdict.PASSED:
        line.append(f"  {mark.word}", style=style)
    console.print(line)
    if check.verdict is Verdict.PASSED:
        return
    feedback = check.feedback
    _print_below(console, explanation_of(check))
    for curve in feedback.curves:
        _print_below(console, f"{curve.name}: {' '.join(curve_words(curve))}", style="dim")
    for frame in feedback.traceback[-4:]:
        _print_below(console, f"{frame.file}:{frame.line} in {frame.function}: {frame.source}", style="dim")
    if feedback.output.strip():
        lines = visible(feedback.output).strip().splitlines()
        cut = len(lines) - _MAX_PRINTED_LINES
        shown = lines[-_MAX_PRINTED_LINES:]
        _print_below(
            console,
            f"it printed{f' (last {len(shown)} of {len(lines)} lines)' if cut > 0 else ''}:",
            style="dim",
        )
        for text in shown:
            _print_below(console, f"  {text[:200]}", style="dim")
    if feedback.hint:
        _print_below(console, f"Hint: {feedback.hint}", style="cyan")


def _print_below(console: Console, text: str, *, style: str = "") -> None:
    console.print(Padding(Text(visible(text), style=style), (0, 0, 0, 6)))


def has_passed(result: SubmissionResult) -> bool:
    """Tell whether the submission could be read and every check that counts passed."""
    checks = [check for task in result.tasks for check in task.checks if check.counted]
    return result.status is Status.GRADED and all(check.verdict is Verdict.PASSED for check in checks)


def sum_in_words(result: SubmissionResult) -> str:
    """Say the points and what is left to do."""
    checks = [check for task in result.tasks for check in task.checks]
    open_ones = [check for check in checks if check.verdict is not Verdict.PASSED and check.counted]
    not_graded = sum(check.verdict is Verdict.NOT_GRADED for check in checks)
    points = f"{number(result.points)} of {number(result.max_points)} points"
    if result.status is Status.UNREADABLE:
        return f"{points}: the submission can't be read."
    if not checks:
        return "Nothing of this can be checked here: it is looked at when your work is graded."
    passed = sum(check.verdict is Verdict.PASSED for check in checks)
    told = f"{passed} of {len(checks)} checks" if open_ones or passed == 1 else f"all {passed} checks"
    words = f"{points}: {told if len(checks) != 1 or open_ones else 'the check'} passed."
    if not_graded:
        words = f"{points}; the grader failed on {not_graded} checks, which cost no points."
    elif left_out := len(checks) - passed - len(open_ones):
        words += f" {left_out} could not run here and cost no points."
    following = next_step(result.tasks)
    return f"{words} {following}".strip()


def next_step(tasks: Sequence[TaskResult]) -> str:
    """Name the first task that still has something to mend."""
    task = next(filter(_is_open, tasks), None)
    return f"Next: `grader check --task {task.name}`." if task else ""


def _is_open(task: TaskResult) -> bool:
    """Tell whether a task still has something to mend."""
    return any(check.counted and check.verdict is not Verdict.PASSED for check in task.checks)


def print_run(console: Console, results: Sequence[SubmissionResult]) -> None:
    """Print a table of a run's submissions."""
    table = Table(box=None, pad_edge=False, expand=True)
    rows = [
        (
            visible_line(result.submission),
            f"{number(result.points)}/{number(result.max_points)}",
            f"{result.percent:.0f}",
            status_word(result.status),
            _first_problem(result),
        )
        for result in results
    ]
    for place, (heading, at_most) in enumerate((("submission", 32), ("points", 16), ("%", 3), ("status", 16))):
        width = min(max([len(heading), *(len(row[place]) for row in rows)]), at_most)
        side: Literal["right", "left"] = "right" if heading in ("points", "%") else "left"
        table.add_column(heading, justify=side, no_wrap=True, overflow="ellipsis", min_width=width, max_width=width)
    table.add_column("first problem", no_wrap=True, overflow="ellipsis", ratio=1)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def _first_problem(result: SubmissionResult) -> str:
    for task in result.tasks:
        for check in task.checks:
            if check.verdict is not Verdict.PASSED and check.verdict is not Verdict.SKIPPED:
                return visible_line(explanation_of(check))
    return visible_line(result.notes[0]) if result.notes and result.status is not Status.GRADED else ""


def print_recording(console: Console, recording: "Recording", *, slug: str, written: bool) -> None:
    """Print what a recording found: each state with the command that resolves it."""
    written_or = "written" if written else f"`grader record {slug}` writes them"
    rows = (
        ("matched", recording.matched, ""),
        ("missing", recording.missing, written_or),
        ("stale", recording.stale, f"{written_or}; review the diff"),
        ("unused", recording.unused, "removed" if written else f"`grader record {slug}` removes them"),
    )
    for state, names, remedy in rows:
        console.print(f"{state}: {len(names)}{f' ({remedy})' if names and remedy else ''}", markup=False)
        if state != "matched":
            for name in names:
                console.print(f"  {name}", markup=False)
    for name, why in recording.refused.items():
        console.print(f"refused: {name}: {why}", markup=False)
    for result in recording.failed:
        console.print(f"fails on the reference: {result.name}: {explanation_of(result)}", markup=False)
    if recording.is_blocked:
        console.print("Nothing was written: mend that first.")


@contextmanager
def audit_progress(console: Console, *, total: int) -> Iterator[Callable[[str], None]]:
    """Show count and remaining time of an audit on a terminal, a line every ten seconds elsewhere."""
    if not console.is_terminal:
        done, told = 0, time.monotonic()

        def tell(subject: str) -> None:
            nonlocal done, told
            done += 1
            if done == total or time.monotonic() - told >= _TELL_EVERY_S:
                told = time.monotonic()
                console.print(f"[{done}/{total}] {visible_line(subject)}", markup=False)

        yield tell
        return
    columns = (
        TextColumn("auditing"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("", total=total)
        yield lambda subject: progress.update(bar, advance=1, description=escape(visible_line(subject)))


def print_audit(console: Console, audit: "Audit", *, with_words: bool = False) -> None:
    """Print an audit's violations and its sum in words; `with_words` also what each mistake's check said."""
    if with_words:
        for name, result in audit.said.items():
            heading = f"{name}: {visible_line(result.name)} is {result.verdict}"
            console.print(Text(heading, style="bold"))
            _print_below(console, explanation_of(result))
    for violation in audit.violations:
        console.print(Text("✗ ", style="red").append(visible(str(violation)), style="default"), soft_wrap=True)
    console.print(Text(audit_in_words(audit), style="bold"), soft_wrap=True)


def audit_in_words(audit: "Audit") -> str:
    """Say an audit's figures: checks, points, mistakes, variants, violations, seconds."""
    words = f"{audit.slug}: {audit.checks} checks, {number(audit.points)} points, "
    words += f"{audit.caught} of {audit.mistakes} mistakes caught, {audit.full} of {audit.variants} variants full, "
    if audit.not_run:
        words += f"{audit.not_run} checks could not run here, "
    count = len(audit.violations)
    return f"{words}{count or 'no'} violation{'' if count == 1 else 's'}, {audit.seconds:.0f} s."
