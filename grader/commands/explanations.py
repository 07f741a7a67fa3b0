"""`grader audit --explanations`: what students read over each known mistake.

`grader.authoring.explanations` makes the table.
"""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from grader.commands.audit_bar import audit_progress
from grader.commands.telling import tell

if TYPE_CHECKING:
    from rich.console import Console

    from grader.authoring.audit import AuditRequest


def print_explanations(console: "Console", course: Path, slugs: Iterable[str], request: "AuditRequest") -> int:
    """Grade the known mistakes and print what was said of each; return the exit code, 1 if one is not told rightly."""
    from grader.authoring.audit import audit_assignment
    from grader.authoring.explanations import explanations_in, write_explanations
    from grader.authoring.mistakes import read_mistakes
    from grader.courses.course import read_assignment
    from grader.report.terminal import progress_console
    from grader.results.plain_text import visible

    faults = 0
    for slug in slugs:
        tell(f"grading the mistakes of {slug}")
        mistakes = read_mistakes(read_assignment(course, slug))
        audit = audit_assignment(course, slug, request=request, progress=partial(audit_progress, progress_console()))
        page = write_explanations(explanations_in(audit, mistakes), slug)
        console.print(page, end="", markup=False, highlight=False, soft_wrap=True)
        for violation in audit.violations:
            tell(f"✗ {visible(str(violation))}")
        faults += len(audit.violations)
    return 1 if faults else 0
