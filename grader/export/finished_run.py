"""Exports a finished run: reads its store, matches names, writes what an LMS or GitHub takes.

`grader.commands.export` prints what is returned here; the formats are in `grader.export`.
"""

from dataclasses import fields
from pathlib import Path

from grader.answers.marks import with_stored_marks
from grader.answers.store import read_marks
from grader.courses.course import read_assignment
from grader.courses.toml_table import suggest
from grader.errors import ExportError, StoreError
from grader.export.canvas import NO_TASKS, canvas_csv
from grader.export.canvas_feedback import canvas_feedback
from grader.export.final_points import final_points
from grader.export.github import github_annotations, github_summary
from grader.export.github_check import append_for_github
from grader.export.gradescope import VISIBILITIES, gradescope_json
from grader.export.job import (
    STDOUT,
    Exported,
    ExportJob,
    ExportRequest,
    chosen_results,
    match_run,
    tell_of_points,
    tell_of_unmatched,
    told_results,
)
from grader.export.moodle import moodle_feedback, moodle_worksheet, refuse_other_maximum
from grader.export.named_csv import named_csv
from grader.export.roster import Roster, read_roster
from grader.export.worksheet import read_worksheet
from grader.marking.changes import changed_since, find_changes, hand_out, with_change_notes
from grader.marking.final_results import final_results
from grader.results.atomic import replace_bytes, replace_file
from grader.results.file_names import scorecard_files
from grader.results.plain_text import visible_line
from grader.results.store import read_store

_USED = {
    "csv": ("roster",),
    "canvas": ("roster", "assignment_id", "out_of", "checks_only", "per_task"),
    "moodle": ("worksheet", "out_of", "checks_only"),
    "gradescope": ("submission", "hidden_as", "checks_only"),
    "github": ("submission", "annotate", "step_summary", "checks_only"),
}


def export_run(folder: Path, request: ExportRequest, *, course: Path | None = None) -> Exported:
    """Export the run in `folder`, without grading anything, as the `course` adjusts it now (None: as it is stored).

    What overrides.csv gives counts. Raises CourseError for a course that can't adjust it, ExportError for options,
    rosters and worksheets that can't be used, ManualError for an overrides.csv that is no table, StoreError for a
    folder without a run.
    """
    _refuse_unused(request)
    with read_store(folder) as store:
        run, stored = store.run, list(store.results())
    assignment = None if course is None else read_assignment(course, run.assignment)
    if assignment is None and any(result.origin.clock for result in stored):
        raise ExportError("This run has a deadline, which the course holds.", remedy="Name the course with --course.")
    marked = final_results(folder, stored, assignment, remember=False)
    results = {result.submission: result for result in marked.results}
    if any(result.answers for result in results.values()):
        marks = read_marks(folder)
        results = {name: with_stored_marks(result, marks) for name, result in results.items()}
    changes = find_changes(folder, list(results.values()), by=request.format)
    results = {result.submission: result for result in with_change_notes(results.values(), changes)}
    if not results:
        raise ExportError(f"{folder} holds no result yet.", remedy=f"Grade first: `grader grade {run.assignment} …`.")
    final = final_points(
        list(results.values()),
        out_of=request.out_of,
        with_answers=request.format != "csv" and not request.checks_only,
        may_exceed=request.format != "moodle",
    )
    only = changed_since(folder, list(results.values()), by=request.format) if request.only_changed else None
    final = final if only is None else final.only(only)
    job = ExportJob(
        folder, request, run, results, final, Exported(remarks=list(marked.remarks), problems=list(marked.problems))
    )
    if only is not None and not only & final.points.keys():
        job.exported.remarks.append(f"Nothing has changed since the last export in the format {request.format}.")
        return job.exported
    _export(job)
    chosen = chosen_results(job)
    tell_of_points(job, chosen)
    try:
        hand_out(folder, [result for result in chosen if result.submission in final.points], by=request.format)
    except StoreError as error:
        job.exported.remarks.append(f"Not remembered, so `--only-changed` won't know of this export: {error.message}")
    return job.exported


def _export(job: ExportJob) -> None:
    match job.request.format:
        case "csv":
            _export_csv(job)
        case "canvas":
            _export_canvas(job)
        case "moodle":
            _export_moodle(job)
        case "gradescope":
            _export_gradescope(job)
        case _:
            _export_github(job)


def _refuse_unused(request: ExportRequest) -> None:
    if request.format not in _USED:
        raise ExportError(f"There is no format `{request.format}`.", remedy=suggest(request.format, list(_USED)))
    for option in fields(request):
        is_given = getattr(request, option.name) not in (None, False)
        if is_given and option.name not in ("format", "out", "only_changed", *_USED[request.format]):
            name = f"--{option.name.replace('_', '-')}"
            formats = ", ".join(known for known, used in _USED.items() if option.name in used)
            raise ExportError(f"{name} is not for {request.format}.", remedy=f"Leave it out; it is for {formats}.")
    if request.per_task and (request.assignment_id or request.out_of):
        raise ExportError(
            "--per-task makes an assignment of each task, with its own points.",
            remedy="Leave out --assignment-id and --out-of.",
        )
    if request.out_of is not None and not 0 < request.out_of < 1e6:
        raise ExportError(
            f"--out-of {request.out_of:g} can't be a maximum.", remedy="Give a number above 0, such as 100."
        )


def _export_csv(job: ExportJob) -> None:
    if job.request.roster is None:
        job.write(named_csv(told_results(job), job.final), default="grades.csv")
        return
    roster = read_roster(job.request.roster)
    matching = match_run(job, roster.students, lms=roster.lms)
    text = named_csv(told_results(job), job.final, roster=roster, matching=matching)
    job.write(text, default="grades.csv")
    tell_of_unmatched(job, matching, roster.students)


def _export_canvas(job: ExportJob) -> None:
    roster = _needed_roster(job.request)
    matching = match_run(job, roster.students, lms=roster.lms)
    gradebook = canvas_csv(
        roster,
        matching,
        final=job.final,
        title=job.run.title,
        assignment_id=job.request.assignment_id,
        by_task=job.results if job.request.per_task else NO_TASKS,
    )
    job.write(gradebook, default="canvas.csv")
    feedback = canvas_feedback(job.results, final=job.final, run=job.run) if job.path("canvas.csv") != STDOUT else None
    if feedback is not None:
        path = job.path("canvas.csv").with_name(f"{job.path('canvas.csv').stem}-feedback.zip")
        replace_bytes(path, feedback)
        job.exported.files.append(path)
    tell_of_unmatched(job, matching, roster.students)


def _needed_roster(request: ExportRequest) -> Roster:
    if request.roster is None:
        raise ExportError(
            "Canvas knows students by their ids: the export needs a roster.",
            remedy="Export the gradebook in Canvas and give that file with --roster.",
        )
    return read_roster(request.roster)


def _export_moodle(job: ExportJob) -> None:
    if job.request.worksheet is None:
        raise ExportError(
            "Moodle takes back only its own worksheet, filled in.",
            remedy="Choose “Download grading worksheet” in Moodle and give that file with --worksheet.",
        )
    out = job.path("moodle.csv")
    if out == STDOUT:
        raise ExportError("--out - is not for moodle, which gets two files.", remedy="Give the path of a CSV file.")
    sheet = read_worksheet(job.request.worksheet)
    refuse_other_maximum(sheet, possible=job.final.possible)
    students = sheet.students
    matching = match_run(job, students, lms="moodle")
    job.keep(out, moodle_worksheet(sheet, matching, results=job.results, final=job.final))
    feedback = out.with_name(f"{out.stem}-feedback.zip")
    replace_bytes(feedback, moodle_feedback(students, matching, results=job.results, final=job.final, run=job.run))
    job.exported.files.append(feedback)
    for place, submission in matching.submissions.items():
        if sheet.is_locked(place):
            job.exported.problems.append(
                f"no grade: {visible_line(submission)}: Moodle has locked the grade of the student"
            )
    tell_of_unmatched(job, matching, students)


def _export_gradescope(job: ExportJob) -> None:
    hidden_as = job.request.hidden_as or VISIBILITIES[0]
    if hidden_as not in VISIBILITIES:
        raise ExportError(f"Hidden checks can't be `{hidden_as}`.", remedy=suggest(hidden_as, VISIBILITIES))
    if job.request.out == STDOUT and job.request.submission is None:
        raise ExportError("Several results.json do not fit into stdout.", remedy="Choose one with --submission.")
    files = scorecard_files(job.results)
    for result in chosen_results(job):
        text = gradescope_json(result, final=job.final, run=job.run, hidden_as=hidden_as)
        name = files[result.submission].removesuffix(".html") + ".json"
        if job.request.submission is not None:
            job.write(text, default=f"gradescope/{name}")
        else:
            replace_file(job.path("gradescope") / name, text)
    if job.request.submission is None:
        job.exported.files.append(job.path("gradescope"))


def _export_github(job: ExportJob) -> None:
    results = chosen_results(job)
    summary = github_summary(results, final=job.final, run=job.run)
    if job.request.step_summary:
        append_for_github("GITHUB_STEP_SUMMARY", summary)
    if job.request.out not in (None, STDOUT):
        job.write(summary, default="")
    elif job.request.out == STDOUT or not job.request.step_summary:
        job.exported.printed += summary
    if job.request.annotate:
        job.exported.printed += github_annotations(results)
