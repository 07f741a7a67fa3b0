"""`grader status`: how far a run has got, asked from another terminal.

`grader.runs.progress_file` reads what the run writes; nothing here touches the run or its results.
"""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.commands.options import ResultsArgument

if TYPE_CHECKING:
    from grader.runs.progress_file import Report

_EVERY_S = 2.0


def status(
    results: ResultsArgument,
    *,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Show it again and again until the run ends.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, one line.")] = False,
) -> None:
    """Say how far the run in RESULTS has got: what is done, what is under way, when it will probably end.

    Exit code 1: the run ended before it was done (stopped, failed or died); the same `grader grade` goes on.
    """
    from grader.report.terminal import results_console
    from grader.runs.progress_file import RunState, read_report

    report = read_report(results)
    if watch and not as_json and results_console().is_terminal:
        report = _show_live(results, report)
    while watch and report.state is RunState.RUNNING:
        _print(report, results, as_json=as_json)
        time.sleep(_EVERY_S)
        report = read_report(results)
    _print(report, results, as_json=as_json)
    raise typer.Exit(0 if report.state in (RunState.RUNNING, RunState.FINISHED) else 1)


def _show_live(results: Path, report: "Report") -> "Report":
    from rich.live import Live

    from grader.report.terminal import results_console
    from grader.runs.progress_file import RunState, read_report
    from grader.runs.view import run_view

    with Live(run_view(report.progress), console=results_console(), auto_refresh=False, transient=True) as live:
        while report.state is RunState.RUNNING:
            time.sleep(_EVERY_S)
            report = read_report(results)
            live.update(run_view(report.progress), refresh=True)
    return report


def _print(report: "Report", results: Path, *, as_json: bool) -> None:
    import json
    from dataclasses import asdict

    from rich.text import Text

    from grader.report.terminal import results_console
    from grader.results.plain_text import visible

    console = results_console()
    if as_json:
        console.print(json.dumps(asdict(report)), markup=False, soft_wrap=True)
        return
    for line in _lines(report, results):
        console.print(Text(visible(line)), soft_wrap=True)


def _lines(report: "Report", results: Path) -> list[str]:
    from grader.runs.progress_file import RunState
    from grader.runs.view import lines_of, span

    where = f"{report.assignment} on {report.host}, process {report.pid}"
    ago = span(max(0.0, time.time() - report.heartbeat))
    shown = report.progress
    heads = {
        RunState.RUNNING: f"Running for {span(shown.elapsed_s)}: {where}.",
        RunState.FINISHED: f"Finished {ago} ago, in {span(shown.elapsed_s)}: {where}.",
        RunState.STOPPED: f"Stopped {ago} ago: {where}.",
        RunState.FAILED: f"Ended by an error {ago} ago: {where}.",
        RunState.DIED: f"Died: {where} was killed, or its machine went down; it has said nothing for {ago}.",
    }
    lines = [heads[report.state], *lines_of(shown, has_ended=report.state is not RunState.RUNNING)]
    if report.dashboard and report.state is RunState.RUNNING:
        lines.append(f"Dashboard: {report.dashboard}")
    if report.state in (RunState.STOPPED, RunState.FAILED, RunState.DIED):
        lines.append("What was graded is stored: the same `grader grade` goes on.")
    if shown.not_graded:
        lines.append(f"{results / 'logs'} says where the grader failed.")
    return lines
