"""`grader audit`: the proof that a course is sound.

`grader.authoring.audit` does it.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.commands.audit_bar import audit_progress
from grader.commands.audit_page import AuditFiles
from grader.commands.explanations import print_explanations
from grader.commands.laziness import print_laziness
from grader.commands.mutants import request_for_mutants, run_mutants
from grader.commands.options import CourseOption, refuse_other_than_page
from grader.commands.rates import run_rates
from grader.commands.telling import tell

if TYPE_CHECKING:
    from rich.console import Console

    from grader.authoring.audit import Audit, AuditRequest


OnlyOption = Annotated[
    list[str] | None,
    typer.Option("--only", help="mistakes, variants, reference, template, assets, proof or order (may be repeated)."),
]
MistakeOption = Annotated[
    list[str] | None, typer.Option("--mistake", help="Only this mistake, and what its check says.")
]
GroundsOption = Annotated[
    bool, typer.Option("--grounds", help="Only list each check beside the sentence that it rests on.")
]
CoverageOption = Annotated[
    bool, typer.Option("--coverage", help="Only print what the document asks, and how each demand is treated.")
]
ExplanationsOption = Annotated[
    bool, typer.Option("--explanations", help="Only grade the mistakes, and print what students read over each.")
]
LazyOption = Annotated[
    bool,
    typer.Option(
        "--lazy",
        help="Grade submissions that do no work instead, in each part alone and in all; --only NAME chooses parts.",
    ),
]
RatesOption = Annotated[
    bool, typer.Option("--rates", help="Only run the checks on the reference with many seeds, and count false fails.")
]
SeedsOption = Annotated[int, typer.Option("--seeds", min=1, help="How many seeds `--rates` takes.")]
MutantsOption = Annotated[
    str | None,
    typer.Option(
        "--mutants",
        metavar="N|all",
        help="Only try so many small faults, --only TASK in its regions; with --html beside the audit.",
    ),
]
HtmlOption = Annotated[
    Path | None, typer.Option("--html", help="Write a page to this file: figures, margins, mistakes, mutants.")
]
PlotsOption = Annotated[
    Path | None, typer.Option("--plots", help="Draw the margins of each assignment into this folder, as SVG.")
]


def audit(
    assignments: Annotated[
        list[str] | None, typer.Argument(metavar="[ASSIGNMENT]...", help="Slugs.", show_default="all")
    ] = None,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Leave out the tasks that train for long.")] = False,
    only: OnlyOption = None,
    mistake: MistakeOption = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="Grading processes.", show_default="one per core")
    ] = None,
    grounds: GroundsOption = False,
    explanations: ExplanationsOption = False,
    lazy: LazyOption = False,
    mutants: MutantsOption = None,
    rates: RatesOption = False,
    seeds: SeedsOption = 200,
    seed: Annotated[int, typer.Option("--seed", help="Which ones `--mutants` draws; the first of `--rates`.")] = 0,
    coverage: CoverageOption = False,
    json_path: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
    html: HtmlOption = None,
    plots: PlotsOption = None,
    course: CourseOption = None,
) -> None:
    """Prove that a course is sound.

    The reference earns every point, the template none; each known mistake is caught and told in the right words; each
    variant earns every point; assets and template are fresh; checks fail, in words, over wrong replies. Without
    ASSIGNMENT, all of the course. Exit code 1: something is violated.
    """
    from grader.authoring.audit import request_for
    from grader.authoring.lazy_audit import LazyRequest
    from grader.authoring.rates import RateRequest
    from grader.courses.course import find_course, list_slugs
    from grader.report.terminal import results_console

    refuse_other_than_page(html, example="audit.html")
    folder = find_course(course or Path())
    slugs = assignments or list_slugs(folder)
    if grounds or coverage:
        raise typer.Exit((print_grounds if grounds else print_coverage)(results_console(), folder, slugs))
    if lazy:
        chosen = LazyRequest(tuple(only or ()), quick, jobs)
        raise typer.Exit(print_laziness(results_console(), folder, slugs, chosen))
    wanted = request_for_mutants(mutants, seed=seed, quick=quick, jobs=jobs, tasks=() if html else only or ())
    if wanted is not None and html is None:
        raise typer.Exit(run_mutants(folder, slugs, request=wanted, json_path=json_path))
    if rates:
        raise typer.Exit(run_rates(results_console(), folder, slugs, RateRequest(seeds, seed, quick)))
    if explanations:
        chosen_mistakes = request_for(["mistakes"], mistakes=mistake or (), quick=quick, jobs=jobs)
        raise typer.Exit(print_explanations(results_console(), folder, slugs, chosen_mistakes))
    request = request_for(only or (), mistakes=mistake or (), quick=quick, jobs=jobs)
    files = AuditFiles(html, plots, json_path, wanted)
    raise typer.Exit(run_audits(folder, slugs, request=request, is_whole=not assignments, files=files))


def run_audits(
    course: Path, slugs: Iterable[str], *, request: "AuditRequest", is_whole: bool, files: AuditFiles
) -> int:
    """Audit assignments and print what is found; return the exit code, 1 if something is violated.

    Where they are the whole course of this repository, each lookalike has to be shown by a mistake of one of them.
    """
    from functools import partial

    from grader.authoring.audit import audit_assignment, find_unproven, is_own_course
    from grader.report.terminal import progress_console, results_console

    console, audits, missed = results_console(), [], 0
    for slug in slugs:
        tell(f"auditing {slug}")
        found = audit_assignment(course, slug, request=request, progress=partial(audit_progress, progress_console()))
        print_audit(console, found, with_words=bool(request.mistakes))
        audits.append(found)
        missed += files.try_mutants(course, slug, console)
    is_asked = is_whole and request.has_all_mistakes and is_own_course(course)
    unproven = find_unproven(audits) if is_asked else []
    for violation in unproven:
        console.print(f"✗ {violation}", markup=False, soft_wrap=True)
    files.write(course, audits, unproven)
    return 1 if unproven or missed or any(found.violations for found in audits) else 0


def print_grounds(console: "Console", course: Path, slugs: Iterable[str]) -> int:
    """Print each check beside what it rests on; return the exit code, 1 if one rests on nothing."""
    from itertools import groupby

    from rich.text import Text

    from grader.authoring.audit import grounds_of
    from grader.authoring.grounds import is_grounded
    from grader.report.terminal import print_below
    from grader.results.plain_text import number

    missing = 0
    for slug in slugs:
        rows = grounds_of(course, slug)
        for task, ones in groupby(rows, key=lambda row: row.task):
            console.print(Text(f"{slug} {task}", style="bold"))
            for row in ones:
                worth = "advice" if row.advice else f"{number(row.points)} points"
                line = f"  {'·' if is_grounded(row) else '✗'} {row.title} ({row.check}, {worth})"
                console.print(Text(line), soft_wrap=True)
                print_below(console, row.grounds or ("no grounds: costs no points" if row.advice else "no grounds"))
        bare = sum(not is_grounded(row) for row in rows)
        words = f"{slug}: {len(rows) - bare} of {len(rows)} checks state grounds or are advice."
        console.print(Text(words, style="bold"), soft_wrap=True)
        missing += bare
    return 1 if missing else 0


def print_coverage(console: "Console", course: Path, slugs: Iterable[str]) -> int:
    """Print as Markdown how each demand of the documents is treated; return the exit code, 1 if one has no entry."""
    from grader.authoring.audit import coverage_of
    from grader.authoring.coverage import write_page

    faults = 0
    for slug in slugs:
        found = coverage_of(course, slug)
        console.print(write_page(found, slug), end="", markup=False, highlight=False, soft_wrap=True)
        for violation in found.violations:
            tell(f"✗ {violation}")
        faults += len(found.violations)
    return 1 if faults else 0


def print_audit(console: "Console", audit: "Audit", *, with_words: bool = False) -> None:
    """Print an audit's violations and its sum in words; `with_words` also what each mistake's check said."""
    from rich.text import Text

    from grader.report.terminal import print_below
    from grader.results.plain_text import number, visible, visible_line
    from grader.results.verdict_words import explanation_of

    if with_words:
        for name, result in audit.said.items():
            heading = f"{name}: {visible_line(result.name)} is {result.verdict}"
            console.print(Text(heading, style="bold"))
            print_below(console, explanation_of(result))
            if name in audit.prices:
                print_below(console, f"It costs {number(audit.prices[name])} points.")
    for violation in audit.violations:
        console.print(Text("✗ ", style="red").append(visible(str(violation)), style="default"), soft_wrap=True)
    for advice in audit.suggestions:
        console.print(Text("· ", style="yellow").append(visible(str(advice)), style="default"), soft_wrap=True)
    console.print(Text(audit_in_words(audit), style="bold"), soft_wrap=True)


def audit_in_words(audit: "Audit") -> str:
    """Say an audit's figures: checks, points, mistakes, variants, margins, violations, seconds."""
    from grader.authoring.margins import margins_in_words
    from grader.authoring.naming import Naming
    from grader.results.plain_text import number

    words = f"{audit.slug}: {audit.checks} checks, {number(audit.points)} points, "
    words += f"{audit.caught} of {audit.mistakes} mistakes caught, {audit.full} of {audit.variants} variants full, "
    words += f"{len(audit.prices)} priced, " if audit.prices else ""
    words += f"{audit.proven} proven on wrong replies, " if audit.proven else ""
    words += f"{audit.grounded} of {audit.checks} with grounds ({audit.advice} advice), "
    if audit.naming:
        counts = Counter(audit.naming.values())
        words += f"causes: {', '.join(f'{counts[naming]} {naming}' for naming in Naming)}, "
    margins = margins_in_words(audit.margins.values())
    words += f"{margins}, " if margins else ""
    if audit.not_run:
        words += f"{audit.not_run} checks could not run here, "
    count = len(audit.violations)
    return f"{words}{count or 'no'} violation{'' if count == 1 else 's'}, {audit.seconds:.0f} s."
