"""One export of a finished run: its options, what it gives, and what is told of submissions that are left out.

`grader.export.finished_run` does it; `grader.commands.export` prints what is collected here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader.answers.marks import manual_sum
from grader.courses.toml_table import suggest
from grader.errors import ExportError
from grader.export.final_points import FinalPoints
from grader.export.matching import Matching, match
from grader.export.roster import Student
from grader.export.unmatched import unmatched_csv
from grader.results.atomic import replace_file
from grader.results.earned import why_ungraded
from grader.results.plain_text import visible_line
from grader.results.results_file import RunInfo
from grader.results.verdict import Status, SubmissionResult

STDOUT = Path("-")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """Hold the options of the command line; None or False stands for one that was not given."""

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
    per_task: bool = False
    only_changed: bool = False


@dataclass(slots=True)
class Exported:
    """Collect what an export gives: text for stdout, files, remarks, and problems that a person has to solve."""

    printed: str = ""
    files: list[Path] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ExportJob:
    """Hold a run's results and final points, what is asked for, and what has come out so far."""

    folder: Path
    request: ExportRequest
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


def told_results(job: ExportJob) -> dict[str, SubmissionResult]:
    """Return the results that the export is about: with `--only-changed` those with final points that have changed."""
    return {name: one for name, one in job.results.items() if job.final.is_told(name)}


def chosen_results(job: ExportJob) -> list[SubmissionResult]:
    """Return the result that `--submission` names, all that are told without it.

    Raises ExportError for an unknown one.
    """
    name = job.request.submission
    if name is None:
        return list(told_results(job).values())
    if name not in job.results:
        raise ExportError(f"The run has no submission `{name}`.", remedy=suggest(name, list(job.results)[:2000]))
    return [job.results[name]]


def match_run(job: ExportJob, students: Sequence[Student], *, lms: str) -> Matching:
    """Match the run's submissions to students; those that are no longer there are nobody's."""
    there = {name: result.origin for name, result in job.results.items() if result.status is not Status.GONE}
    return match(list(there), students, origins=there, lms=lms)


def tell_of_unmatched(job: ExportJob, matching: Matching, students: Sequence[Student]) -> None:
    """List who is left over on both sides, and write them beside the output."""
    without = [student.label for place, student in enumerate(students) if place not in matching.submissions]
    job.exported.problems += [f"no student: {visible_line(name)}: {why}" for name, why in matching.unmatched.items()]
    job.exported.problems += [
        f"no submission `{visible_line(student.submission)}`, which the roster names for {visible_line(student.label)}"
        for student in students
        if student.submission and student.submission not in job.results
    ]
    job.exported.remarks += [f"not counted: {visible_line(name)}: {why}" for name, why in matching.replaced.items()]
    job.exported.remarks += [f"no submission: {visible_line(label)}" for label in without]
    out = job.folder / "export" if job.request.out in (None, STDOUT) else job.path("").parent
    job.keep(out / "unmatched.csv", unmatched_csv(matching, without, results=job.results))


def tell_of_points(job: ExportJob, chosen: Sequence[SubmissionResult]) -> None:
    """Tell whose points are withheld and why, and whose text answers wait for a person."""
    for result in chosen:
        name = result.submission
        if name in job.final.withheld:
            words = f"no grade: {visible_line(name)}: {job.final.withheld[name]}"
            why = visible_line(why_ungraded(result))
            job.exported.problems.append(f"{words}: {why}" if why else words)
    _tell_of_answers(job, chosen)


def _tell_of_answers(job: ExportJob, chosen: Sequence[SubmissionResult]) -> None:
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
