"""Keep what the cells that a course asks to run showed when a notebook was handed in, before its outputs are dropped.

`grader.submissions.notebook_intake` calls it; `grader.grading.evidence` checks what is kept and shows it.

Why: docs/decisions.md#evidence-of-runs
"""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from grader.courses.assignment import Assignment
from grader.courses.evidence import Evidence
from grader.courses.evidence_table import runs_of
from grader.courses.globs import is_matched
from grader.notebooks.document import Cell
from grader.notebooks.run_cells import find_run_cells
from grader.notebooks.saved_outputs import SavedCell, as_rows, from_rows, read_saved
from grader.sandbox.wire.child_python import python_command

READ_HERE = 8 << 20  # bytes; a larger notebook is read by a process of its own, whose memory is bounded
_READ_S = 120
_MOST_KEPT = 6 << 20  # characters of one submission


@dataclass(frozen=True, slots=True)
class SavedEvidence:
    """Hold the numbers of the cells that were found for each name, and what these cells showed."""

    cells: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    saved: Mapping[int, SavedCell] = field(default_factory=dict)


def evidence_paths(files: Mapping[str, bytes], evidence: Evidence) -> list[str]:
    """Return the paths of the files that evidence names, in whatever folder of an upload they lie, sorted."""
    globs = [found for glob in evidence.files for found in (glob, f"**/{glob}")]
    return sorted(path for path in files if is_matched(path, globs))


def with_evidence_files(
    files: Mapping[str, bytes], uploaded: Mapping[str, bytes], assignment: Assignment
) -> dict[str, bytes]:
    """Return the files of a submission with those of the upload that evidence names and that lie elsewhere in it."""
    kept = set(files.values())
    left = {path: content for path, content in uploaded.items() if content not in kept}
    evidence = [question.evidence for question in assignment.questions if question.evidence is not None]
    names = {PurePosixPath(file).name for one in evidence for runs in one.runs for file in runs_of(runs)}
    wanted = {path for one in evidence for path in evidence_paths(left, one)}
    wanted |= {path for path in left if PurePosixPath(path).name in names}
    return {**files, **{path: left[path] for path in sorted(wanted) if path not in files}}


def keep_evidence(content: bytes, cells: Sequence[Cell], *, given: Sequence[Cell], assignment: Assignment) -> str:
    """Return as JSON what a notebook's file holds of the cells that the assignment's evidence names, "" for none."""
    evidence = [question.evidence for question in assignment.questions if question.evidence is not None]
    names = list(dict.fromkeys(name for one in evidence for name in one.cells))
    if not names or not given:
        return ""
    found = find_run_cells(cells, names, given)
    wanted = sorted({number for numbers in found.values() for number in numbers})
    saved = _within_bounds(saved_outputs(content, wanted))
    return json.dumps({"cells": found, "saved": as_rows(saved)})


def unpack_evidence(kept: str) -> SavedEvidence:
    """Return what `keep_evidence` kept."""
    if not kept:
        return SavedEvidence()
    tree = json.loads(kept)
    cells = {str(name): tuple(numbers) for name, numbers in tree["cells"].items()}
    return SavedEvidence(cells, from_rows(tree["saved"]))


def saved_outputs(content: bytes, numbers: Sequence[int] | None = None) -> dict[int, SavedCell]:
    """Return what a notebook's cells showed, all code cells where `numbers` is None; of a large one within bounds."""
    if len(content) <= READ_HERE:
        return read_saved(content, numbers)
    which = "all" if numbers is None else ",".join(map(str, numbers))
    command = python_command("grader.notebooks.reader", "notebook", f"--outputs={which}")
    try:
        ended = subprocess.run(command, input=content, capture_output=True, timeout=_READ_S, check=False)
        return from_rows(json.loads(ended.stdout)) if ended.returncode == 0 else {}
    except (subprocess.TimeoutExpired, ValueError):
        return {}


def _within_bounds(saved: Mapping[int, SavedCell]) -> dict[int, SavedCell]:
    """Return saved cells, without pictures once they are too much together."""
    kept, total = {}, 0
    for number, cell in saved.items():
        total += len(cell.text) + sum(map(len, cell.pictures))
        too_much = total > _MOST_KEPT
        left_out = cell.left_out + len(cell.pictures) if too_much else cell.left_out
        kept[number] = SavedCell(cell.was_run, cell.text, () if too_much else cell.pictures, left_out)
    return kept
