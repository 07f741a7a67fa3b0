"""The command line: the only place that prints or exits.

Each verb hands over to the module of its name; heavy imports wait until a verb needs them.
"""

import io
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.errors import CourseError, GraderError, SandboxError, StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.assignment import Assignment
    from grader.batch import Order
    from grader.store import Store
    from grader.submission import Found

app = typer.Typer(
    name="grader",
    help="Grade PyTorch course assignments: the verdict is made outside the student's process.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

CourseOption = Annotated[
    Path | None, typer.Option("--course", help="The course's folder.", show_default="found from here upwards")
]
TaskOption = Annotated[list[str] | None, typer.Option("--task", "-t", help="Only this task (may be repeated).")]
WallOption = Annotated[str, typer.Option("--wall", help="bubblewrap, or process for code that you trust.")]
AssignmentArgument = Annotated[str, typer.Argument(metavar="ASSIGNMENT", help="Its slug, such as technion-hw2.")]
ResultsArgument = Annotated[Path, typer.Argument(metavar="RESULTS", help="The folder given to `grader grade --out`.")]


def main() -> None:
    """Run the command line and turn errors into sentences and exit codes (2: yours, 3: the grader's)."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal may know few letters
    try:
        app(standalone_mode=True)
    except GraderError as err:
        _complain(err.message, err.remedy)
        sys.exit(3 if isinstance(err, SandboxError | StoreError) else 2)
    except Exception:  # a mistake of ours, which must not look like exit code 1: some checks failed
        traceback.print_exc()
        _complain("The grader itself failed.", "Please report the lines above.")
        sys.exit(3)


def _complain(message: str, remedy: str = "") -> None:
    from rich.text import Text

    from grader.console import progress_console
    from grader.plain_text import visible

    console = progress_console()
    console.print(Text("error: ", style="bold red").append(visible(message), style="not bold default"))
    if remedy:
        console.print(Text(f"  → {visible(remedy)}"))


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="The folder you work in.")] = Path(),
    *,
    task: TaskOption = None,
    quick: Annotated[bool, typer.Option("--quick", help="Leave out the tasks that train for long.")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Run in this process, so that breakpoint() works. No limits.")
    ] = False,
    assignment: Annotated[
        str | None, typer.Option("--assignment", "-a", help="Its slug.", show_default="found by the files")
    ] = None,
    course: CourseOption = None,
) -> None:
    """Check your own work: what is right, what is wrong and why.

    Run it in the assignment's folder. Exit code 0: all passed, 1: not yet, 3: the grader failed.
    """
    from grader.check import find_assignment
    from grader.console import has_passed, print_scorecard, results_console
    from grader.grade import Selection, grade_all
    from grader.sandbox.walls import Wall
    from grader.submission import Found
    from grader.verdict import Status, SubmissionResult

    chosen = find_assignment(path, slug=assignment, course=course)
    tasks = _known_tasks(chosen, task)
    _tell_of_other_torch(chosen)
    selection = Selection(tasks, quick=quick)
    left_out = [one.title for one in chosen.tasks if quick and one.long and one.name in (tasks or (one.name,))]
    if not any(map(selection.includes, chosen.tasks)):
        raise CourseError("`--quick` leaves out every task that was chosen.", remedy="Leave out `--quick`.")
    results: list[SubmissionResult] = []
    grade_all(
        chosen,
        [Found(path.resolve().name, path.resolve())],
        wall=Wall.INLINE if debug else Wall.PROCESS,
        report=lambda result, _digest: results.append(result),
        selection=selection,
    )
    print_scorecard(results_console(), results[0])
    if left_out:
        results_console().print(f"Not run (`--quick`): {', '.join(left_out)}.", markup=False, soft_wrap=True)
    if results[0].status is Status.NOT_GRADED:
        raise typer.Exit(3)
    raise typer.Exit(0 if has_passed(results[0]) else 1)


def _tell_of_other_torch(assignment: "Assignment") -> None:
    from grader.manifest import version_note

    note = version_note(assignment.assets)
    if note:
        _tell(note)


def _known_tasks(assignment: "Assignment", tasks: list[str] | None) -> tuple[str, ...]:
    from grader.toml_table import suggest

    known = [task.name for task in assignment.tasks]
    for name in tasks or []:
        if name not in known:
            raise CourseError(f"{assignment.slug} has no task `{name}`.", remedy=suggest(name, known))
    return tuple(tasks or ())


@app.command()
def grade(
    assignment: AssignmentArgument,
    submissions: Annotated[
        Path, typer.Argument(help="One submission, or a folder of many (also as an LMS packs them).")
    ],
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where results go; an earlier run there is continued.")],
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, help="Grading processes.", show_default="one per core"),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume/--fresh", help="Keep results of unchanged submissions, or grade all again."),
    ] = True,
    execute: Annotated[
        bool, typer.Option("--execute", help="Also run each notebook as a whole and keep the executed copy.")
    ] = False,
    wall: WallOption = "bubblewrap",
    task: TaskOption = None,
    course: CourseOption = None,
) -> None:
    """Grade submissions of strangers, in parallel, and write their scorecards.

    Each result is stored at once: stopped or killed, the same command goes on where it was. RESULTS then holds
    index.html, scorecards/, grades.csv, results.json and run.sqlite. Exit code 3: the grader failed on some.
    """
    from grader.batch import Order, run_info
    from grader.course import find_course, read_assignment
    from grader.sandbox.walls import Wall, wall_named
    from grader.store import open_store
    from grader.submission import find_submissions

    outer = wall_named(wall)
    if outer is Wall.INLINE:
        raise SandboxError(
            "`inline` is no wall: it runs the code of strangers in the grader's own process.",
            remedy="Choose bubblewrap, or process for code that you trust.",
        )
    folder = find_course(course or Path())
    chosen = read_assignment(folder, assignment)
    intake = find_submissions(submissions, chosen)
    executed = (out / "notebooks").resolve() if execute else None
    order = Order(folder, chosen, wall=str(outer), tasks=_known_tasks(chosen, task), executed=executed)
    for name in intake.ignored:
        _tell(f"ignored: {name}")
    _tell_of_other_torch(chosen)
    with open_store(out, run=run_info(order)) as store:
        _grade_into(store, order, intake.found, jobs=jobs, resume=resume)
        failed = _write_results(out, store, chosen)
    if failed:
        _complain(
            f"The grader failed on {failed} submissions; their points are provisional and cost nobody anything.",
            "Run the same command again: only those are graded. `grader doctor` looks for the cause.",
        )
        raise typer.Exit(3)


def _tell(text: str) -> None:
    from rich.text import Text

    from grader.console import progress_console
    from grader.plain_text import visible

    progress_console().print(Text(visible(text), style="dim"))


def _grade_into(store: "Store", order: "Order", founds: "Sequence[Found]", *, jobs: int | None, resume: bool) -> None:
    """Grade what has no result yet, storing each result as it comes."""
    from grader.batch import grade_batch, processes_for, still_to_grade
    from grader.console import grading_progress, progress_console
    from grader.verdict import SubmissionResult

    if store.stale:
        _tell(f"The checks have changed: {len(store.stale)} earlier results are graded again.")
        store.forget(store.stale)
    if not resume:
        store.forget([result.submission for result in store.results()])
    left = still_to_grade(founds, assignment=order.assignment, store=store)
    if len(left) < len(founds):
        _tell(f"{len(founds) - len(left)} of {len(founds)} submissions have their result already.")
    if not left:
        return
    try:
        with grading_progress(progress_console(), total=len(left)) as advance:

            def keep(result: SubmissionResult, digest: str) -> None:
                store.save(result, digest=digest)
                advance(result)

            grade_batch(order, left, jobs=processes_for(len(left), wanted=jobs), report=keep)
    except KeyboardInterrupt:
        _complain("Stopped. What was graded is stored.", "Run the same command to go on.")
        raise typer.Exit(130) from None


def _write_results(out: Path, store: "Store", assignment: "Assignment") -> int:
    """Write the files of a results folder from its store; return on how many submissions the grader failed."""
    from grader.console import print_run, results_console
    from grader.export.grades_csv import write_grades_csv
    from grader.export.results_json import write_results_json
    from grader.report.html import write_pages
    from grader.verdict import Status

    results = list(store.results())
    write_grades_csv(out / "grades.csv", results, tasks=[task.name for task in assignment.tasks])
    write_results_json(out / "results.json", store.run, results=results)
    page = write_pages(out, store.run, results=results)
    console = results_console()
    print_run(console, results)
    console.print(f"\n{len(results)} submissions. Open {page}", soft_wrap=True)
    return sum(result.status is Status.NOT_GRADED for result in results)


@app.command()
def report(results: ResultsArgument, *, course: CourseOption = None) -> None:
    """Write the pages, grades.csv and results.json again from what is stored in RESULTS."""
    from grader.course import find_course, read_assignment
    from grader.store import read_store

    with read_store(results) as store:
        assignment = read_assignment(find_course(course or Path()), store.run.assignment)
        _write_results(results, store, assignment)


@app.command()
def record(
    assignment: AssignmentArgument,
    *,
    dry_run: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 where something would change.")
    ] = False,
    course: CourseOption = None,
) -> None:
    """Record the reference's outputs as assets/ASSIGNMENT, with measured tolerances.

    An asset whose reference has not changed keeps every byte.
    """
    from grader.console import print_recording, results_console
    from grader.course import find_course, read_assignment
    from grader.record import record as record_assets

    chosen = read_assignment(find_course(course or Path()), assignment)
    recording = record_assets(chosen, write=not dry_run)
    print_recording(results_console(), recording, slug=assignment, written=not (dry_run or recording.is_blocked))
    raise typer.Exit(1 if recording.is_blocked or (dry_run and not recording.is_clean) else 0)


@app.command()
def template(
    assignment: AssignmentArgument,
    *,
    dry_run: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 where the template is not up to date.")
    ] = False,
    course: CourseOption = None,
) -> None:
    """Generate student_template/ASSIGNMENT from the reference: stubs, public checks, instructions."""
    from grader.console import results_console
    from grader.course import find_course, read_assignment
    from grader.template import is_stale, write_template

    folder = find_course(course or Path())
    chosen = read_assignment(folder, assignment)
    target = folder / "student_template" / assignment
    console = results_console()
    if not dry_run:
        written = write_template(chosen, target)
        console.print(f"{target}: {len(written)} files written.", markup=False)
        return
    stale = is_stale(chosen, target)
    for name in stale:
        console.print(f"not up to date: {name}", markup=False)
    if stale:
        _complain(f"{target} is not what the reference gives.", f"Run `grader template {assignment}`.")
        raise typer.Exit(1)


@app.command()
def audit(
    assignments: Annotated[
        list[str] | None, typer.Argument(metavar="[ASSIGNMENT]...", help="Slugs.", show_default="all")
    ] = None,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Leave out the tasks that train for long.")] = False,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="mistakes, variants, reference, template or assets (may be repeated)."),
    ] = None,
    mistake: Annotated[
        list[str] | None, typer.Option("--mistake", help="Only this mistake, and what its check says.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="Grading processes.", show_default="one per core")
    ] = None,
    json_path: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
    course: CourseOption = None,
) -> None:
    """Prove that a course is sound.

    The reference earns every point, the template none; each known mistake is caught and told in the right words; each
    variant earns every point; assets and template are fresh. Without ASSIGNMENT, all of the course, and each lookalike
    has to be shown by some mistake. Exit code 1: something is violated.
    """
    from functools import partial

    from grader.audit import audit as audit_one
    from grader.audit import find_unproven, request_for, write_figures
    from grader.console import audit_progress, print_audit, progress_console, results_console
    from grader.course import find_course, list_slugs

    folder = find_course(course or Path())
    request = request_for(only or (), mistakes=mistake or (), quick=quick, jobs=jobs)
    console, audits = results_console(), []
    for slug in assignments or list_slugs(folder):
        _tell(f"auditing {slug}")
        found = audit_one(folder, slug, request=request, progress=partial(audit_progress, progress_console()))
        print_audit(console, found, with_words=bool(mistake))
        audits.append(found)
    unproven = find_unproven(audits) if not assignments and request.has_all_mistakes else []
    for violation in unproven:
        console.print(f"✗ {violation}", markup=False, soft_wrap=True)
    if json_path is not None:
        write_figures(json_path, audits, unproven)
    raise typer.Exit(1 if unproven or any(found.violations for found in audits) else 0)


@app.command()
def export(
    results: ResultsArgument,
    *,
    format: Annotated[str, typer.Option("--format", "-f", help="csv, canvas, moodle, gradescope or github.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Where to write; - is stdout.", show_default="below RESULTS/export"),
    ] = None,
    roster: Annotated[Path | None, typer.Option("--roster", help="CSV of the students (csv, canvas).")] = None,
    worksheet: Annotated[Path | None, typer.Option("--worksheet", help="Moodle's grading worksheet.")] = None,
    assignment_id: Annotated[str | None, typer.Option("--assignment-id", help="The assignment's id in Canvas.")] = None,
    out_of: Annotated[float | None, typer.Option("--out-of", help="Convert points (canvas, moodle).")] = None,
    submission: Annotated[str | None, typer.Option("--submission", help="Only this one (gradescope, github).")] = None,
    hidden_as: Annotated[
        str | None,
        typer.Option("--hidden-as", help="When Gradescope shows hidden checks.", show_default="after_published"),
    ] = None,
    annotate: Annotated[bool, typer.Option("--annotate", help="Print GitHub annotations.")] = False,
    step_summary: Annotated[
        bool, typer.Option("--step-summary", help="Append to $GITHUB_STEP_SUMMARY (github).")
    ] = False,
) -> None:
    """Export stored results for a spreadsheet, Canvas, Moodle, Gradescope or GitHub; nothing is graded again.

    Points that are not final are left empty. Exit code 1: some submission got no grade or no student.
    """
    from grader.console import results_console
    from grader.export_command import Request
    from grader.export_command import export as export_run

    request = Request(
        format=format,
        out=out,
        roster=roster,
        worksheet=worksheet,
        assignment_id=assignment_id,
        out_of=out_of,
        submission=submission,
        hidden_as=hidden_as,
        annotate=annotate,
        step_summary=step_summary,
    )
    done = export_run(results, request)
    typer.echo(done.printed, nl=False)
    for path in done.files:
        if done.printed:
            _tell(f"written: {path}")
        else:
            results_console().print(f"written: {path}", markup=False, soft_wrap=True)
    for remark in (*done.remarks, *done.problems):
        _tell(remark)
    if done.problems:
        count = len(done.problems)
        _complain(f"{count} submission{' needs' if count == 1 else 's need'} a person, as listed above.")
        raise typer.Exit(1)


@app.command()
def doctor() -> None:
    """Try which walls and devices work on this machine, and say what to do about those that don't."""
    from grader.console import results_console
    from grader.doctor import examine

    console = results_console()
    bad = 0
    for finding in examine():
        bad += not finding.is_good
        console.print(
            f"{'✓' if finding.is_good else '✗'} {finding.subject}: {finding.message}", markup=False, soft_wrap=True
        )
        if not finding.is_good and finding.remedy:
            console.print(f"    → {finding.remedy}", markup=False, soft_wrap=True)
    raise typer.Exit(3 if bad else 0)


if __name__ == "__main__":
    main()
