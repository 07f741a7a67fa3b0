"""`grader audit --lazy`: what submissions earn that do no work.

`grader.authoring.lazy_audit` grades them.
"""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from grader.commands.audit_bar import audit_progress
from grader.commands.telling import tell

if TYPE_CHECKING:
    from rich.console import Console

    from grader.authoring.lazy_audit import LazyRequest


def print_laziness(console: "Console", course: Path, slugs: Iterable[str], request: "LazyRequest") -> int:
    """Grade lazy submissions and print what they earned; return the exit code, 1 if they earned anything."""
    from rich.text import Text

    from grader.authoring.lazy_audit import audit_laziness
    from grader.report.terminal import progress_console
    from grader.results.plain_text import visible

    violated = 0
    for slug in slugs:
        tell(f"grading lazy submissions of {slug}")
        progress = partial(audit_progress, progress_console())
        found = audit_laziness(course, slug, request=request, progress=progress)
        for violation in found.violations:
            console.print(Text("✗ ", style="red").append(visible(str(violation)), style="default"), soft_wrap=True)
        count = len(found.violations)
        words = f"{slug}: {found.parts} parts, {found.tried} lazy submissions, {found.granted} checks granted, "
        words += f"{count or 'no'} violation{'' if count == 1 else 's'}, {found.seconds:.0f} s."
        console.print(Text(words, style="bold"), soft_wrap=True)
        violated += count
    return 1 if violated else 0
