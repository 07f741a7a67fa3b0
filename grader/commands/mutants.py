"""`grader audit --mutants`: what the checks of a course would miss.

`grader.authoring.mutant_audit` finds it out.
"""

from collections.abc import Collection, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from grader.commands.audit_bar import audit_progress
from grader.commands.telling import tell
from grader.errors import CourseError

if TYPE_CHECKING:
    from rich.console import Console

    from grader.authoring.mutant_audit import MutantAudit, MutantRequest


def request_for_mutants(
    text: str | None, *, seed: int, quick: bool, jobs: int | None, tasks: Collection[str]
) -> "MutantRequest | None":
    """Return what the command line asks for, None for no mutants; no `tasks` means all.

    Raises CourseError for neither number nor `all`.
    """
    if text is None:
        return None
    from grader.authoring.mutant_audit import MutantRequest

    if text != "all" and not (text.isascii() and text.isdigit() and int(text) > 0):
        raise CourseError(f"`--mutants {text}` is no number of mutants.", remedy="Write a number, or `all`.")
    return MutantRequest(None if text == "all" else int(text), seed, quick, jobs, tuple(tasks) or None)


def run_mutants(course: Path, slugs: Iterable[str], *, request: "MutantRequest", json_path: Path | None) -> int:
    """Try the mutants of assignments and print what came out; return the exit code, 1 if something is violated."""
    from grader.authoring.mutant_audit import audit_mutants, write_mutant_figures
    from grader.report.terminal import progress_console, results_console

    console, audits = results_console(), []
    for slug in slugs:
        tell(f"mutants of {slug}; what is known already is kept if you stop this")
        audits.append(
            audit_mutants(course, slug, request=request, progress=partial(audit_progress, progress_console()))
        )
        print_mutants(console, audits[-1])
    if json_path is not None:
        write_mutant_figures(json_path, audits)
    return 1 if any(found.violations for found in audits) else 0


def print_mutants(console: "Console", found: "MutantAudit") -> None:
    """Print the survivors with their lines, the score of each task, violations, and the sum in words."""
    from rich.text import Text

    for mutant in found.survivors:
        console.print(Text(f"? {mutant.region.name}, line {mutant.line}: {mutant.kind}"), soft_wrap=True)
        for sign, text, style in (("-", mutant.old, "red"), ("+", mutant.new, "green")):
            for line in text.split("\n"):
                console.print(Text(f"    {sign} {line}", style=style), soft_wrap=True)
    for task, score in found.scores.items():
        declared = f", {score.declared} declared to be as good" if score.declared else ""
        line = f"{task}: {score.caught} of {score.tried} caught ({score.share:.0%}){declared}"
        console.print(Text(line), soft_wrap=True)
    for violation in found.violations:
        console.print(Text("✗ ", style="red").append(str(violation), style="default"), soft_wrap=True)
    console.print(Text(mutants_in_words(found), style="bold"), soft_wrap=True)


def mutants_in_words(found: "MutantAudit") -> str:
    """Say an audit's figures: mutants tried and caught, regions that no check reads, violations, seconds."""
    whole = found.whole
    words = f"{found.slug}: {whole.caught} of {whole.tried} mutants caught ({whole.share:.1%}), "
    words += f"{whole.tried + whole.declared} of {found.made} tried, "
    words += f"{whole.declared} declared, " if whole.declared else ""
    words += f"{found.beside} in regions that a person looks at, " if found.beside else ""
    words += f"{len(found.unread)} regions that no check reads, " if found.unread else ""
    words += f"{found.remembered} outcomes known from before, " if found.remembered else ""
    count = len(found.violations)
    return f"{words}{count or 'no'} violation{'' if count == 1 else 's'}, {found.seconds:.0f} s."
