"""A batch of submissions: what decides their grades, and which of them have to be graded.

An executor (`grader.executor`) grades them; `grader.commands.grade` stores each result and shows the progress.
"""

import hashlib
import importlib.metadata
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import grader
from grader.assignment import Assignment, grading_files
from grader.errors import SubmissionError
from grader.executor import Order
from grader.results_file import RunInfo
from grader.store import Store
from grader.submission import Found, read_reference, read_submission


def run_info(order: Order) -> RunInfo:
    """Describe the run, without importing torch."""
    return RunInfo(
        assignment=order.assignment.slug,
        title=order.assignment.title,
        course_digest=course_digest(order),
        grader_version=importlib.metadata.version("torchgrade"),
        torch_version=importlib.metadata.version("torch"),
        wall=order.wall,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def course_digest(order: Order) -> str:
    """Return a digest of all that decides a grade beside the submission: checks, probes, assets, support files, us."""
    assignment = order.assignment
    total = hashlib.sha256(json.dumps([sorted(set(order.tasks)), order.executed is not None]).encode())
    files = {f"checks/{path.name}": path.read_bytes() for path in grading_files(assignment)}
    files |= {f"assets/{path.name}": path.read_bytes() for path in _files_in(assignment.assets)}
    if assignment.reference is not None:
        files |= {f"reference/{name}": data for name, data in read_reference(assignment.reference).items()}
    for path in sorted(Path(grader.__file__).parent.rglob("*.py")):
        files[f"grader/{path.relative_to(Path(grader.__file__).parent)}"] = path.read_bytes()
    for name in sorted(files):
        total.update(name.encode() + b"\0" + hashlib.sha256(files[name]).digest())
    total.update(importlib.metadata.version("torch").encode())
    return total.hexdigest()


def _files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.is_file()) if folder.is_dir() else []


def still_to_grade(founds: Sequence[Found], *, assignment: Assignment, store: Store) -> list[Found]:
    """Return the submissions that have no result yet for what they hold now."""
    left = []
    for found in founds:
        try:
            digest = read_submission(found, assignment).digest
        except SubmissionError:
            digest = ""
        if not digest or not store.graded(found.name, digest=digest):
            left.append(found)
    return left
