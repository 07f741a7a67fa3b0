"""`grader audit --html` and `--plots`: what an audit found as a page for the course's author, and as pictures.

`grader.report.audit_page` computes the page, `grader.report.margin_plot` the pictures; `grader.commands.audit` has
audited.
"""

import importlib.metadata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from grader.commands.audit_bar import audit_progress
from grader.commands.mutants import print_mutants
from grader.commands.telling import tell

if TYPE_CHECKING:
    from rich.console import Console

    from grader.authoring.audit import Audit
    from grader.authoring.audit_rules import Violation
    from grader.authoring.mutant_audit import MutantAudit, MutantRequest


@dataclass(slots=True)
class AuditFiles:
    """Say which files an audit writes: a page, a folder of plots, figures; `mutants` are tried for the page as well."""

    page: Path | None = None
    plots: Path | None = None
    figures: Path | None = None
    mutants: "MutantRequest | None" = None
    tried: "dict[str, MutantAudit]" = field(default_factory=dict)

    def try_mutants(self, course: Path, slug: str, console: "Console") -> int:
        """Try the mutants of an assignment where they were asked for, and print them; return how many rules fail."""
        from grader.authoring.mutant_audit import audit_mutants
        from grader.report.terminal import progress_console

        if self.mutants is None:
            return 0
        tell(f"mutants of {slug}; what is known already is kept if you stop this")
        progress = partial(audit_progress, progress_console())
        self.tried[slug] = audit_mutants(course, slug, request=self.mutants, progress=progress)
        print_mutants(console, self.tried[slug])
        return len(self.tried[slug].violations)

    def write(self, course: Path, audits: "list[Audit]", unproven: "Iterable[Violation]") -> None:
        """Write what was asked for."""
        from grader.authoring.audit import write_figures
        from grader.courses.course import read_assignment
        from grader.report.audit_page import plot_of
        from grader.report.margin_plot import draw_margins
        from grader.results.atomic import replace_file

        if self.figures is not None:
            write_figures(self.figures, audits, unproven)
        if self.page is not None:
            self._write_page(self.page, course, audits, unproven)
        if self.plots is not None:
            for audit in audits:
                plot = plot_of(read_assignment(course, audit.slug), audit)
                picture = draw_margins(plot, f"{audit.slug}: deviations in tolerances")
                replace_file(self.plots / f"margins-{audit.slug}.svg", picture)

    def _write_page(self, path: Path, course: Path, audits: "list[Audit]", unproven: "Iterable[Violation]") -> None:
        from grader.authoring.audit import grounds_of
        from grader.authoring.explanations import explanations_in
        from grader.authoring.mistakes import read_mistakes
        from grader.courses.course import read_assignment
        from grader.report.audit_page import Audited, write_audit_page

        found = []
        for audit in audits:
            assignment = read_assignment(course, audit.slug)
            told = explanations_in(audit, read_mistakes(assignment))
            grounds = grounds_of(course, audit.slug)
            found.append(Audited(assignment, audit, grounds, told, self.tried.get(audit.slug)))
        write_audit_page(path, found, version=importlib.metadata.version("torchgrade"), unproven=list(unproven))
