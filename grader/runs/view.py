"""Shows how far a run has got: live on a terminal, as plain lines elsewhere.

`grader.commands.grade` shows its own run with it, `grader.commands.status` that of another process.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from grader.results.earned import earned_points, points_cell
from grader.results.plain_text import number, visible_line
from grader.results.verdict import SubmissionResult
from grader.runs.progress import JobUnderWay, Snapshot

_MOST_SHOWN = 16
_MOST_TASKS = 4
_BAR = 40

Advance = Callable[[SubmissionResult], None]


@contextmanager
def grading_progress(console: Console, snapshot: Callable[[], Snapshot]) -> Iterator[Advance]:
    """Show a run while it goes on; what is yielded takes each result, after it was counted."""
    if not console.is_terminal:
        yield lambda result: console.print(Text(_line_of(result, snapshot())))
        return
    with Live(console=console, get_renderable=lambda: run_view(snapshot()), refresh_per_second=2, transient=True):
        yield lambda _result: None


def run_view(shown: Snapshot) -> RenderableType:
    """Return a bar with the figures of a run, and a row for each job under way."""
    table = Table.grid(padding=(0, 2))
    bar = ProgressBar(total=max(1, shown.total), completed=shown.done, width=_BAR)
    table.add_row(Text("grading"), bar, Text(_figures(shown)))
    for job in shown.under_way[:_MOST_SHOWN]:
        table.add_row(Text(job.where, style="dim"), Text(visible_line(job.submission)), Text(_at(job), style="dim"))
    if len(shown.under_way) > _MOST_SHOWN:
        table.add_row(Text(""), Text(f"and {len(shown.under_way) - _MOST_SHOWN} more", style="dim"))
    return table


def lines_of(shown: Snapshot, *, has_ended: bool = False) -> Sequence[str]:
    """Return the same figures as plain lines; nobody asks how long a run will take that has ended."""
    return [
        _figures(shown, has_ended=has_ended),
        *(f"  {job.where}: {visible_line(job.submission)}, {_at(job)}" for job in shown.under_way),
    ]


def span(seconds: float) -> str:
    """Return a time as people say it: `8 s`, `3 min 05 s`, `2 h 10 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def _figures(shown: Snapshot, *, has_ended: bool = False) -> str:
    words = [f"{shown.done} of {shown.total} jobs done"]
    if shown.done < shown.total and not has_ended:
        words.append("time left unknown" if shown.left_s is None else f"about {span(shown.left_s)} left")
    if shown.reused:
        words.append(f"{shown.reused} of {shown.submissions} submissions had their result")
    if shown.dearest and max(shown.cpu_s, shown.waited_s) >= 1:
        waiting = f" and waited {span(shown.waited_s)}" if shown.waited_s >= 1 else ""
        words.append(
            f"students' code computed {span(shown.cpu_s)}{waiting}, most of it {visible_line(shown.dearest)}'s"
        )
    if shown.not_graded:
        words.append(f"the grader failed on {shown.not_graded}")
    return ", ".join(words)


def _at(job: JobUnderWay) -> str:
    return f"{_tasks(job.tasks)}, for {span(job.seconds)}"


def _tasks(names: Sequence[str] | None) -> str:
    if names is None:
        return "all tasks"
    more = len(names) - _MOST_TASKS
    return ", ".join(names[:_MOST_TASKS]) + (f" and {more} more" if more > 0 else "")


def _line_of(result: SubmissionResult, shown: Snapshot) -> str:
    points = f"{points_cell(earned_points(result)) or '–'}/{number(result.max_points)}"
    left = f", {len(result.pending)} tasks to come" if result.pending else ""
    name = visible_line(result.submission)
    return f"[{shown.done}/{shown.total}] {name}: {points} ({result.seconds:.1f} s{left})"
