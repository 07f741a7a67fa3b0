"""A student's own check as a step of GitHub Actions: a summary, annotations, and points for GitHub Classroom.

`grader.commands.check` prints what comes back; the texts themselves are `grader.export.github`'s.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from grader.errors import ExportError
from grader.export.final_points import final_points
from grader.export.github import github_annotations, own_summary
from grader.results.plain_text import number
from grader.results.results_file import RunInfo
from grader.results.verdict import SubmissionResult

_SUMMARY, _OUTPUT, _WORKSPACE = "GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "GITHUB_WORKSPACE"


def github_step(
    result: SubmissionResult, *, run: RunInfo, work: Path, notebook: str = "", told: Sequence[str] = ()
) -> str:
    """Append a summary and outputs to the step's files, and return the workflow commands that the step has to print.

    Sentences `told` stand above the summary's table, such as what was not checked. `notebook` is the file that is
    handed in, where it is one.
    Where points are not final, no points are told. Raises ExportError outside a step of GitHub Actions.
    """
    final = final_points([result])
    append_for_github(_SUMMARY, own_summary(result, final=final, run=run, told=told))
    commands = github_annotations([result], below=_below(work), notebook=notebook)
    if result.submission not in final.points:
        return commands
    points, possible = final.points[result.submission], final.possible
    append_for_github(_OUTPUT, f"points={number(points)}\nmax_points={number(possible)}\n")
    report = json.dumps({"totalPoints": points, "maxPoints": possible})
    # What GitHub Classroom's own reporter prints, and Classroom reads: docs/exports.md
    commands += f"::notice title=Autograding complete::Points {number(points)}/{number(possible)}\n"
    return f"{commands}::notice title=Autograding report::{report}\n"


def append_for_github(variable: str, text: str) -> None:
    """Append to the file that a variable of GitHub Actions names. Raises ExportError where there is none."""
    path = os.environ.get(variable, "")
    if not path:
        raise ExportError(f"{variable} is not set: this is not a step of GitHub Actions.", remedy="Use --out instead.")
    try:
        with Path(path).open("a", encoding="utf-8", errors="replace") as file:
            file.write(text)
    except OSError as error:
        raise ExportError(f"{path} can't be written: {error.strerror}.", remedy="Use --out instead.") from error


def refuse_outside_github() -> None:
    """Raise ExportError where this is no step of GitHub Actions."""
    missing = [name for name in (_SUMMARY, _OUTPUT) if not os.environ.get(name)]
    if missing:
        raise ExportError(
            f"{missing[0]} is not set: this is not a step of GitHub Actions.",
            remedy="Leave out `--github`; `--html PATH` writes a page.",
        )


def _below(work: Path) -> str:
    """Return the folder of a work in its repository, "" where that is the repository or is not known."""
    workspace = os.environ.get(_WORKSPACE, "")
    folder = work if work.is_dir() else work.parent
    if not workspace or not folder.is_relative_to(Path(workspace).resolve()):
        return ""
    below = folder.relative_to(Path(workspace).resolve()).as_posix()
    return "" if below == "." else below
