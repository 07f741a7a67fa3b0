"""The command line: it and its verbs are the only place that prints or exits.

Each verb is a function in the module of its name in `grader.commands`; heavy imports wait until a verb needs them.
"""

import importlib.metadata
import io
import sys
import traceback
from typing import Annotated

import typer

from grader.commands.audit import audit
from grader.commands.bundle import bundle
from grader.commands.check import check
from grader.commands.data import data
from grader.commands.doctor import doctor
from grader.commands.export import export
from grader.commands.grade import grade
from grader.commands.leaderboard import leaderboard
from grader.commands.manual import manual
from grader.commands.new import new
from grader.commands.options import AUTHORS, INSTRUCTORS, STUDENTS
from grader.commands.record import record
from grader.commands.report import report
from grader.commands.similar import similar
from grader.commands.status import status
from grader.commands.telling import complain
from grader.commands.template import template
from grader.errors import GraderError

_VERBS = {
    STUDENTS: (check, data, doctor),
    INSTRUCTORS: (grade, status, manual, report, export, leaderboard, similar, bundle),
    AUTHORS: (new, record, template, audit),
}

app = typer.Typer(
    name="grader",
    help="Grade PyTorch course assignments: the verdict is made outside the student's process.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _reader, _verbs in _VERBS.items():
    for _verb in _verbs:
        app.command(rich_help_panel=_reader)(_verb)


def _tell_version(is_asked: bool) -> None:
    """Print the version and end, where it is asked for."""
    if is_asked:
        try:
            version = importlib.metadata.version("torchgrade")
        except importlib.metadata.PackageNotFoundError:
            version = "from its source, not installed"
        typer.echo(f"torchgrade {version}")
        raise typer.Exit


@app.callback()
def options(
    *,
    version: Annotated[
        bool, typer.Option("--version", "-V", help="Show the version and exit.", is_eager=True, callback=_tell_version)
    ] = False,
) -> None:
    """Grade PyTorch course assignments: the verdict is made outside the student's process."""


def main() -> None:
    """Run the command line and turn errors into sentences and exit codes (2: yours, 3: the grader's)."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal may know few letters
    if sys.flags.optimize > 1:
        complain(
            "Python leaves out docstrings here, and the titles and hints that students read are docstrings.",
            "Run it without `-OO`, and without PYTHONOPTIMIZE=2.",
        )
        sys.exit(2)
    try:
        app(standalone_mode=True)
    except GraderError as err:
        complain(err.message, err.remedy)
        sys.exit(err.exit_code)
    except Exception:  # a mistake of ours, which must not look like exit code 1: some checks failed
        traceback.print_exc()
        complain("The grader itself failed.", "Please report the lines above.")
        sys.exit(3)
