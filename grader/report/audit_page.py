"""Computes what an author's page of an audit shows: figures, what is violated, margins, mistakes, mutants.

`grader.commands.audit_page` hands over what an audit found; the template escapes all of it. `grader.report.margin_plot`
draws the margins.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from grader.report.html import report_templates
from grader.report.margin_plot import MarginPlot, margin_plot
from grader.results.atomic import replace_file
from grader.results.plain_text import number
from grader.results.verdict_words import VerdictMark, mark_of

if TYPE_CHECKING:
    from grader.authoring.audit import Audit
    from grader.authoring.explanations import ToldMistake
    from grader.authoring.grounds import Ground
    from grader.authoring.margins import Margin, Stretched
    from grader.authoring.mutant_audit import MutantAudit
    from grader.courses.assignment import Assignment

_NOT_MEASURED = "–"


@dataclass(frozen=True, slots=True)
class Audited:
    """Hold what the page is made of: an assignment, its audit, what its checks rest on, what was said over mistakes."""

    assignment: "Assignment"
    audit: "Audit"
    grounds: Collection["Ground"]
    told: Collection["ToldMistake"]
    mutants: "MutantAudit | None" = None


@dataclass(frozen=True, slots=True)
class AuditFooter:
    """Name what was audited, and by which version of the grader."""

    title: str
    assignment: str
    grader_version: str


@dataclass(frozen=True, slots=True)
class AuditCheckView:
    """Show one check: what it rests on, and how near right and wrong work come to what it allows."""

    name: str
    title: str
    worth: str
    grounds: str
    right: str
    wrong: str
    is_near: bool


@dataclass(frozen=True, slots=True)
class AuditTaskView:
    """Show the checks of one task."""

    title: str
    points: str
    checks: tuple[AuditCheckView, ...]


@dataclass(frozen=True, slots=True)
class MistakeView:
    """Show what a student reads who makes a known mistake, and what it costs beside what it may cost."""

    name: str
    check: str
    mark: VerdictMark
    words: str
    cause: str
    naming: str
    price: str
    may_cost: str


@dataclass(frozen=True, slots=True)
class SurvivorView:
    """Show a mutant that no check told from the reference, line by line."""

    place: str
    kind: str
    old: tuple[str, ...]
    new: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MutantsView:
    """Show how many mutants of each task were caught, and those that were not; `sums` are those of all tasks."""

    scores: tuple[tuple[str, int, int, int, str], ...]
    sums: tuple[int, int, int, str]
    made: int
    survivors: tuple[SurvivorView, ...]
    violations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AuditSection:
    """Show one assignment; `figures` are names and numbers."""

    anchor: str
    slug: str
    title: str
    figures: tuple[tuple[str, str], ...]
    violations: tuple[str, ...]
    suggestions: tuple[str, ...]
    tasks: tuple[AuditTaskView, ...]
    plot: MarginPlot
    mistakes: tuple[MistakeView, ...]
    mutants: MutantsView | None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Show all assignments of an audit; `unproven` are violations of the course as a whole."""

    run: AuditFooter
    parts: tuple[AuditSection, ...]
    unproven: tuple[str, ...]

    @property
    def count(self) -> int:
        """Return how many violations there are."""
        mutants = [part.mutants for part in self.parts if part.mutants is not None]
        own = sum(len(part.violations) for part in self.parts)
        return len(self.unproven) + own + sum(len(one.violations) for one in mutants)


def write_audit_page(path: Path, found: Collection[Audited], *, version: str, unproven: Collection[object]) -> None:
    """Write the page of an audit as one file that needs no other."""
    title = next(iter(found)).assignment.title if len(found) == 1 else f"{len(found)} assignments"
    footer = AuditFooter(title, ", ".join(one.assignment.slug for one in found), version)
    parts = tuple(_part(one, f"part-{at}") for at, one in enumerate(found, start=1))
    page = AuditPage(footer, parts, tuple(map(str, unproven)))
    replace_file(path, report_templates().get_template("audit.html").render(page=page))


def plot_of(assignment: "Assignment", audit: "Audit") -> MarginPlot:
    """Return the plot of an audit's margins, with the titles of its tasks."""
    return margin_plot(audit.margins.values(), titles={task.name: task.title for task in assignment.tasks})


def _part(found: Audited, anchor: str) -> AuditSection:
    audit, assignment = found.audit, found.assignment
    tasks = [
        AuditTaskView(
            task.title,
            number(task.points),
            tuple(_check(one, audit.margins) for one in found.grounds if one.task == task.name),
        )
        for task in assignment.tasks
    ]
    points = {task.name: task.points for task in assignment.tasks}
    task_of = {one.check: points[one.task] for one in found.grounds}
    return AuditSection(
        anchor=anchor,
        slug=audit.slug,
        title=assignment.title,
        figures=_figures(audit),
        violations=tuple(map(str, audit.violations)),
        suggestions=tuple(map(str, audit.suggestions)),
        tasks=tuple(task for task in tasks if task.checks),
        plot=plot_of(assignment, audit),
        mistakes=tuple(_mistake(one, audit.prices, task_of.get(one.mistake.check, 0.0)) for one in found.told),
        mutants=None if found.mutants is None else _mutants(found.mutants),
    )


def _figures(audit: "Audit") -> tuple[tuple[str, str], ...]:
    """Return the figures that were measured, each with its name."""
    kinds = list(audit.naming.values())
    named = [(str(kind), str(kinds.count(kind))) for kind in dict.fromkeys(sorted(kinds))]
    rows = [
        ("checks", str(audit.checks)),
        ("with grounds or advice", str(audit.grounded)),
        ("points", number(audit.points)),
        ("mistakes caught", f"{audit.caught} of {audit.mistakes}" if audit.mistakes else ""),
        *((f"causes: {kind}", count) for kind, count in named),
        ("variants at full marks", f"{audit.full} of {audit.variants}" if audit.variants else ""),
        ("proven on wrong replies", str(audit.proven) if audit.proven else ""),
        ("could not run here", str(audit.not_run) if audit.not_run else ""),
        ("seconds", f"{audit.seconds:.0f}"),
    ]
    return tuple(row for row in rows if row[1])


def _check(ground: "Ground", margins: Mapping[str, "Margin"]) -> AuditCheckView:
    margin = margins.get(ground.check)
    right = margin.right if margin is not None else None
    wrong = margin.wrong[0] if margin is not None and margin.wrong else None
    is_near = margin is not None and bool(margin.near_right or margin.near_wrong)
    worth = "advice" if ground.advice else number(ground.points)
    return AuditCheckView(
        ground.check, ground.title, worth, ground.grounds, _stretched(right), _stretched(wrong), is_near
    )


def _stretched(one: "Stretched | None") -> str:
    return _NOT_MEASURED if one is None else f"{one.stretch:.2g} ({one.subject})"


def _mistake(told: "ToldMistake", prices: Mapping[str, float], points: float) -> MistakeView:
    mistake = told.mistake
    may_cost = "" if mistake.costs is None else " to ".join(number(one) for one in mistake.costs.points(points))
    return MistakeView(
        mistake.name,
        mistake.check,
        mark_of(told.verdict),
        told.words,
        " … ".join(mistake.cause) or mistake.lookalike or _NOT_MEASURED,
        str(told.naming),
        number(prices[mistake.name]) if mistake.name in prices else _NOT_MEASURED,
        may_cost,
    )


def _mutants(found: "MutantAudit") -> MutantsView:
    scores = tuple(
        (task, one.caught, one.tried, one.declared, f"{one.share:.0%}") for task, one in found.scores.items()
    )
    survivors = tuple(
        SurvivorView(
            f"{one.region.name}, line {one.line}", one.kind, tuple(one.old.split("\n")), tuple(one.new.split("\n"))
        )
        for one in found.survivors
    )
    whole = found.whole
    sums = (whole.caught, whole.tried, whole.declared, f"{whole.share:.0%}")
    return MutantsView(scores, sums, found.made, survivors, tuple(map(str, found.violations)))
