"""Exports a finished run: reads its store, matches names, writes what an LMS or GitHub takes.

`grader.cli` prints what is returned here; the formats are in `grader.export`.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

from grader.atomic import replace_bytes, replace_file
from grader.errors import ExportError
from grader.export.canvas import canvas_csv
from grader.export.final_points import FinalPoints, final_points
from grader.export.github import github_annotations, github_summary
from grader.export.gradescope import VISIBILITIES, gradescope_json
from grader.export.matching import Matching, match
from grader.export.moodle import moodle_feedback, moodle_worksheet, refuse_other_maximum
from grader.export.named_csv import named_csv
from grader.export.roster import Roster, Student, read_roster
from grader.export.unmatched import unmatched_csv
from grader.export.worksheet import read_worksheet
from grader.manual import manual_sum, with_stored_marks
from grader.manual_store import read_marks
from grader.plain_text import visible_line
from grader.report.file_names import scorecard_files
from grader.results_file import RunInfo
from grader.store import read_store
from grader.toml_table import suggest
from grader.verdict import Status, SubmissionResult

STDOUT = Path("-")

_USED = {
    "csv": ("roster",),
    "canvas": ("roster", "assignment_id", "out_of", "checks_only"),
    "moodle": ("worksheet", "out_of", "checks_only"),
    "gradescope": ("submission", "hidden_as", "checks_only"),
    "github": ("submission", "annotate", "step_summary", "checks_only"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Hold the options of the command line; None or False where one was not given."""

    format: str
    out: Path | None = None
    roster: Path | None = None
    worksheet: Path | None = None
    assignment_id: str | None = None
    out_of: float | None = None
    submission: str | None = None
    hidden_as: str | None = None
    checks_only: bool = False
    annotate: bool = False
    step_summary: bool = False


@dataclass(slots=True)
class Exported:
    """Collect what an export gives: text for stdout, files, remarks, and problems that a person has to solve."""

    printed: str = ""
    files: list[Path] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Job:
    folder: Path
    request: Request
    run: RunInfo
    results: dict[str, SubmissionResult]
    final: FinalPoints
    exported: Exported

    def write(self, text: str, *, default: str) -> None:
        """Write to --out, or below the results folder, or keep the text for stdout."""
        path = self.path(default)
        if path == STDOUT:
            self.exported.printed += text
        else:
            self.keep(path, text)

    def path(self, default: str) -> Path:
        """Return the path of --out, `default` below the results folder without it."""
        return self.request.out or self.folder / "export" / default

    def keep(self, path: Path, text: str) -> None:
        """Write a file and remember it."""
        replace_file(path, text)
        self.exported.files.append(path)


def export(folder: Path, request: Request) -> Exported:
    """Export the run in `folder`, without grading anything.

    Raises ExportError for options, rosters and worksheets that can't be used, StoreError for a folder without a run.
    """
    _refuse_unused(request)
    with read_store(folder) as store:
        run, results = store.run, {result.submission: result for result in store.results()}
    if any(result.answers for result in results.values()):
        marks = read_marks(folder)
        results = {name: with_stored_marks(result, marks) for name, result in results.items()}
    if not results:
        raise ExportError(f"{folder} holds no result yet.", remedy=f"Grade first: `grader grade {run.assignment} …`.")
    final = final_points(
        list(results.values()),
        out_of=request.out_of,
        with_answers=request.format != "csv" and not request.checks_only,
        may_exceed=request.format != "moodle",
    )
    job = _Job(folder, request, run, results, final, Exported())
    match request.format:
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
    _tell_of_points(job, _chosen(job))
    return job.exported


def _refuse_unused(request: Request) -> None:
    if request.format not in _USED:
        raise ExportError(f"There is no format `{request.format}`.", remedy=suggest(request.format, list(_USED)))
    for option in fields(request):
        is_given = getattr(request, option.name) not in (None, False)
        if is_given and option.name not in ("format", "out", *_USED[request.format]):
            name = f"--{option.name.replace('_', '-')}"
            formats = ", ".join(known for known, used in _USED.items() if option.name in used)
            raise ExportError(f"{name} is not for {request.format}.", remedy=f"Leave it out; it is for {formats}.")
    if request.out_of is not None and not 0 < request.out_of < 1e6:
        raise ExportError(f"--out-of {request.out_of:g} is no maximum.", remedy="Give a number above 0, such as 100.")


def _export_csv(job: _Job) -> None:
    if job.request.roster is None:
        job.write(named_csv(job.results, job.final), default="grades.csv")
        return
    roster = read_roster(job.request.roster)
    matching = _match(job, roster.students)
    job.write(named_csv(job.results, job.final, roster=roster, matching=matching), default="grades.csv")
    _tell_of_unmatched(job, matching, roster.students)


def _export_canvas(job: _Job) -> None:
    roster = _needed_roster(job.request)
    matching = _match(job, roster.students)
    gradebook = canvas_csv(
        roster, matching, final=job.final, title=job.run.title, assignment_id=job.request.assignment_id
    )
    job.write(gradebook, default="canvas.csv")
    _tell_of_unmatched(job, matching, roster.students)


def _needed_roster(request: Request) -> Roster:
    if request.roster is None:
        raise ExportError(
            "Canvas knows students by their ids: the export needs a roster.",
            remedy="Export the gradebook in Canvas and give that file with --roster.",
        )
    return read_roster(request.roster)


def _export_moodle(job: _Job) -> None:
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
    matching = _match(job, students)
    job.keep(out, moodle_worksheet(sheet, matching, results=job.results, final=job.final))
    feedback = out.with_name(f"{out.stem}-feedback.zip")
    replace_bytes(feedback, moodle_feedback(students, matching, results=job.results, final=job.final, run=job.run))
    job.exported.files.append(feedback)
    for place, submission in matching.submissions.items():
        if sheet.is_locked(place):
            job.exported.problems.append(f"no grade: {_said(submission)}: Moodle has locked the grade of the student")
    _tell_of_unmatched(job, matching, students)


def _export_gradescope(job: _Job) -> None:
    hidden_as = job.request.hidden_as or VISIBILITIES[0]
    if hidden_as not in VISIBILITIES:
        raise ExportError(f"Hidden checks can't be `{hidden_as}`.", remedy=suggest(hidden_as, VISIBILITIES))
    if job.request.out == STDOUT and job.request.submission is None:
        raise ExportError("Several results.json do not fit into stdout.", remedy="Choose one with --submission.")
    files = scorecard_files(job.results)
    for result in _chosen(job):
        text = gradescope_json(result, final=job.final, run=job.run, hidden_as=hidden_as)
        name = files[result.submission].removesuffix(".html") + ".json"
        if job.request.submission is not None:
            job.write(text, default=f"gradescope/{name}")
        else:
            replace_file(job.path("gradescope") / name, text)
    if job.request.submission is None:
        job.exported.files.append(job.path("gradescope"))


def _export_github(job: _Job) -> None:
    chosen = _chosen(job)
    summary = github_summary(chosen, final=job.final, run=job.run)
    if job.request.step_summary:
        _append_step_summary(summary)
    if job.request.out not in (None, STDOUT):
        job.write(summary, default="")
    elif job.request.out == STDOUT or not job.request.step_summary:
        job.exported.printed += summary
    if job.request.annotate:
        job.exported.printed += github_annotations(chosen)


def _append_step_summary(summary: str) -> None:
    path = os.environ.get("GITHUB_STEP_SUMMARY", "")
    if not path:
        raise ExportError(
            "GITHUB_STEP_SUMMARY is not set: this is no step of GitHub Actions.", remedy="Use --out instead."
        )
    try:
        with Path(path).open("a", encoding="utf-8", errors="replace") as file:
            file.write(summary)
    except OSError as error:
        raise ExportError(f"{path} can't be written: {error.strerror}.", remedy="Use --out instead.") from error


def _chosen(job: _Job) -> list[SubmissionResult]:
    name = job.request.submission
    if name is None:
        return list(job.results.values())
    if name not in job.results:
        raise ExportError(f"The run has no submission `{name}`.", remedy=suggest(name, list(job.results)[:2000]))
    return [job.results[name]]


def _match(job: _Job, students: Sequence[Student]) -> Matching:
    return match(list(job.results), students)


def _tell_of_unmatched(job: _Job, matching: Matching, students: Sequence[Student]) -> None:
    """List who is left over on both sides, and write them beside the output."""
    without = [student.label for place, student in enumerate(students) if place not in matching.submissions]
    job.exported.problems += [f"no student: {_said(name)}: {why}" for name, why in matching.unmatched.items()]
    job.exported.remarks += [f"no submission: {_said(label)}" for label in without]
    out = job.folder / "export" if job.request.out in (None, STDOUT) else job.path("").parent
    job.keep(out / "unmatched.csv", unmatched_csv(matching, without, results=job.results))


def _tell_of_points(job: _Job, chosen: Sequence[SubmissionResult]) -> None:
    for result in chosen:
        name = result.submission
        if name in job.final.withheld:
            job.exported.problems.append(f"no grade: {_said(name)}: {job.final.withheld[name]}")
        elif result.status is Status.UNREADABLE:
            job.exported.remarks.append(f"0 points: {_said(name)}: it could not be read")
    _tell_of_answers(job, chosen)


def _tell_of_answers(job: _Job, chosen: Sequence[SubmissionResult]) -> None:
    answered = [result for result in chosen if result.answers]
    if not answered:
        return
    if not job.final.has_answers:
        where = "in columns of their own" if job.request.format == "csv" else "not counted"
        words = f"{len(answered)} of {len(chosen)} have text answers, which a person grades: {where}"
        job.exported.remarks.append(words)
    elif any(manual_sum(result).pending for result in answered):
        remedy = f"grade them with `grader manual {job.folder}`, or leave all of them out with --checks-only"
        job.exported.remarks.append(f"text answers wait: {remedy}")


def _said(name: str) -> str:
    return visible_line(name)
