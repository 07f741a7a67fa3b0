"""Trees of uploads, graded for real in one session, and the gradebooks that come of them."""

import csv
import io
from dataclasses import dataclass, replace
from pathlib import Path

from grader.export.finished_run import export_run
from grader.export.job import ExportRequest
from grader.results.results_file import RunInfo
from grader.results.store import open_store
from grader.results.verdict import Status, SubmissionResult
from grader.submissions.submission import find_submissions

RUN = RunInfo("hw2", "HW2", "checks-1", "0.1.0", "2.13.0", "process", "2026-05-01T10:00:00Z")


@dataclass(frozen=True)
class Graded:
    """Hold the results of one tree of uploads, by name."""

    results: dict[str, SubmissionResult]

    def export(self, folder: Path, *, format: str, roster: str) -> list[list[str]]:
        """Return the rows of the gradebook that an export of these results writes."""
        with open_store(folder / "results", run=RUN) as store:
            for result in self.results.values():
                store.save(result, digest="d")
        file = folder / "roster.csv"
        file.write_text(roster, encoding="utf-8")
        option = {"worksheet": file} if format == "moodle" else {"roster": file}
        done = export_run(folder / "results", ExportRequest(format=format, **option))
        assert [problem for problem in done.problems if problem.startswith("no student")] == []
        return list(csv.reader(io.StringIO(done.files[0].read_text(encoding="utf-8"))))

    def told(self, name: str) -> tuple[Status, float, str]:
        """Return status, points and notes of one submission."""
        result = self.results[name]
        return result.status, result.points, " ".join(result.notes)


def grade_folders(grade_found, assignment, folders: dict[str, Path], **settings) -> dict[str, Graded]:
    """Grade the submissions in folders, called by a key each, in one session."""
    owners, founds = {}, []
    for key, folder in folders.items():
        for found in find_submissions(folder, assignment).found:
            owners[f"{key}/{found.name}"] = found
            founds.append(replace(found, name=f"{key}/{found.name}"))
    graded = {key: Graded({}) for key in folders}

    def keep(result, digest):
        found = owners[result.submission]
        key = result.submission.partition("/")[0]
        origin = replace(found.origin, content=digest)
        graded[key].results[found.name] = replace(result, submission=found.name, origin=origin)

    grade_found(assignment, founds, report=keep, **settings)
    return graded
