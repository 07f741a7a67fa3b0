"""Run a submission's whole notebook behind the wall and keep a clean copy of it, with its outputs and its errors.

`grader.grading.grade` calls it for `grader grade --execute`; `grader.sandbox.inside.execution` runs the cells. What
comes back was written by strangers: it is read piece by piece, and nothing that a browser would run is kept.

Why: docs/decisions.md#executed-notebooks-are-rebuilt
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from grader.courses.assignment import Assignment, SubmissionKind
from grader.notebooks.document import Cell, CellKind, read_stripped
from grader.notebooks.plan import PLAN_FILE, read_plan
from grader.results.atomic import replace_bytes
from grader.results.file_names import notebook_file
from grader.results.plain_text import visible
from grader.sandbox.inside.execution_bounds import MAX_IMAGE, MAX_OUTPUTS, MAX_TEXT, MAX_TOTAL
from grader.sandbox.outside.forkserver_client import ForkServer
from grader.sandbox.outside.host import WalledSandbox
from grader.sandbox.wire.limits import Limits, limits_from
from grader.sandbox.wire.protocol import EXECUTE, Ending, ProbeCall, ProbeOutcome
from grader.submissions.submission import Submission

_START_S = 90.0  # for the kernel to start and to end
_PROCESSES = 128  # a kernel is a dozen threads
_MOST_TOLD = 5
_MOST_BYTES = 4 * MAX_TOTAL
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_WORD = re.compile(r"\w+")
_LACKING = re.compile(r"name '(\w+)' is not defined")
_NO_NETWORK = re.compile(r"Temporary failure in name resolution|Name or service not known|Network is unreachable")
_NO_DATA = re.compile(r"Dataset not found|No such file or directory")
_DATA = (
    " Data that a notebook downloads is not there in this run. The checks had data: where none was given, stand-ins of "
    "the right sizes; `grader data` tells how to have the real ones."
)
_IMAGES = {"image/png": b"\x89PNG", "image/jpeg": b"\xff\xd8\xff"}
_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


@dataclass(frozen=True, slots=True)
class Executed:
    """Hold the executed copy, a valid notebook file, and sentences on what happened; no copy where nothing ran."""

    notebook: bytes
    notes: tuple[str, ...]


def make_executed_copy(
    server: ForkServer, assignment: Assignment, submission: Submission, *, limits: Limits
) -> Executed:
    """Run the notebook in a sandbox of its own and return its executed copy."""
    settings = assignment.notebook
    cells = _cells_of(submission)
    if not cells:
        return Executed(b"", ())
    wide = replace(limits, processes=max(limits.processes, _PROCESSES), sessions=1)
    longest_s = settings.execute_s + _START_S
    call = ProbeCall(
        EXECUTE,
        {"cell_s": settings.cell_s, "total_s": settings.execute_s},
        limits={"wall_s": longest_s, "cpu_s": longest_s},
    )
    with WalledSandbox(server, files=submission.files, probes={}, limits=wide, shims=assignment.sandbox.shims) as box:
        return _read(box.run(call), cells)


def keep_executed(server: ForkServer, assignment: Assignment, submission: Submission, *, folder: Path) -> Executed:
    """Run the notebook as a whole, write its executed copy into `folder`, and return it with sentences on how it went.

    Raises StoreError if the copy can't be written.
    """
    if assignment.handed_in.kind is not SubmissionKind.NOTEBOOK:
        return Executed(b"", ())
    executed = make_executed_copy(server, assignment, submission, limits=limits_from(assignment.limits))
    if executed.notebook:
        replace_bytes(folder / notebook_file(submission.name), executed.notebook)
    return executed


def _cells_of(submission: Submission) -> Sequence[Cell]:
    plan = submission.files.get(PLAN_FILE)
    content = submission.files.get(read_plan(plan).file) if plan is not None else None
    return read_stripped(content) if content is not None else ()


def _read(outcome: ProbeOutcome, cells: Sequence[Cell]) -> Executed:
    if outcome.ending is Ending.SANDBOX_FAILED:
        return Executed(b"", ("The whole notebook was not run: the grader failed there. It costs no points.",))
    if outcome.ending is not Ending.OK:
        why = outcome.detail or (outcome.error.message if outcome.error is not None else str(outcome.ending))
        return Executed(b"", (f"Running the whole notebook failed: {visible(why)[:300]}.",))
    rows, ended = _parse(outcome.outputs.get("executed"))
    notes = [*_tell(rows, cells)]
    failed = [cell.number for cell in cells if _problem(row := rows.get(cell.number, {}), _errors(row))]
    if failed:
        run = sum(cell.kind is CellKind.CODE and bool(cell.source.strip()) for cell in cells)
        asks = _DATA if any(_lacks_data(rows.get(number, {})) for number in failed) else ""
        notes.insert(0, f"Run as a whole: {len(failed)} of {run} cells failed, cell {failed[0]} first.{asks}")
    if ended:
        notes.append(f"The run of the whole notebook ended early: {ended}.")
    told = tuple(notes) or ("The whole notebook ran without an error.",)
    return Executed(_write(cells, rows), told)


def _parse(value: Any) -> tuple[dict[int, Mapping[str, Any]], str]:
    """Read what the sandbox sent: rows by the number of their cell, and why the run ended early."""
    try:
        content = bytes(value.numpy().tobytes())
        tree = json.loads(content) if len(content) <= _MOST_BYTES else {}
    except (AttributeError, TypeError, ValueError, RecursionError):
        tree = {}
    match tree:
        case {"cells": list(rows), "ended": str(ended)}:
            found: dict[int, Mapping[str, Any]] = {
                row["cell"]: row for row in rows if isinstance(row, dict) and type(row.get("cell")) is int
            }
            return found, visible(ended)[:500]
    return {}, "what came back could not be read"


def _tell(rows: Mapping[int, Mapping[str, Any]], cells: Sequence[Cell]) -> Iterator[str]:
    """Yield a sentence for each cell that failed when the whole notebook was run, and a count of what only followed."""
    told, followed = 0, 0
    words = set[str]()  # of the cells that failed so far
    for cell in cells:
        row = rows.get(cell.number, {})
        errors = _errors(row)
        problem = _problem(row, errors)
        lacking = _LACKING.fullmatch(errors[-1]["evalue"]) if errors and errors[-1]["ename"] == "NameError" else None
        if lacking and lacking[1] in words:
            followed += 1
        elif problem:
            told += 1
            if told <= _MOST_TOLD:
                yield f"Run as a whole: cell {cell.number} {problem}."
        if problem:
            words.update(_WORD.findall(cell.source))
    if told > _MOST_TOLD:
        yield f"Run as a whole: {told - _MOST_TOLD} more cells failed."
    if followed:
        yield f"Run as a whole: {followed} more cells lack what cells that failed would have set."


def _errors(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [output for output in _outputs(row) if output["output_type"] == "error"]


def _lacks_data(row: Mapping[str, Any]) -> bool:
    """Tell whether a cell failed for want of data that it would have downloaded."""
    return any(_NO_NETWORK.search(one["evalue"]) or _NO_DATA.search(one["evalue"]) for one in _errors(row))


def _problem(row: Mapping[str, Any], errors: Sequence[Mapping[str, Any]]) -> str:
    """Say what a cell did wrong; return "" if nothing."""
    if row.get("state") == "died":
        return "ended the kernel: a crash, or too little memory"
    if row.get("state") in ("interrupted", "stuck"):
        return "ran too long and was stopped"
    if errors and _NO_NETWORK.search(errors[-1]["evalue"]):
        return "asks for something from the network, and there is none while a notebook is graded"
    return f"raised `{errors[-1]['ename']}: {errors[-1]['evalue'][:200]}`" if errors else ""


def _write(cells: Sequence[Cell], rows: Mapping[int, Mapping[str, Any]]) -> bytes:
    """Return a notebook of version 4.5: the student's cells and the outputs that are fit to keep."""
    written = [_write_cell(cell, rows.get(cell.number, {}), count) for count, cell in enumerate(cells, start=1)]
    tree = {"cells": written, "metadata": {"kernelspec": _KERNEL}, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(tree, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def _write_cell(cell: Cell, row: Mapping[str, Any], count: int) -> dict[str, Any]:
    own: dict[str, Any] = {
        "cell_type": str(cell.kind),
        "id": f"cell-{cell.number}",
        "metadata": {},
        "source": cell.source,
    }
    if cell.kind is CellKind.CODE:
        was_run = row.get("state") in ("ok", "interrupted", "stuck")
        own |= {"outputs": list(_outputs(row)), "execution_count": count if was_run else None}
    return own


def _outputs(row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    outputs = row.get("outputs")
    for output in outputs[: MAX_OUTPUTS + 1] if isinstance(outputs, list) else ():
        match output:
            case {"output_type": "stream", "name": ("stdout" | "stderr") as name, "text": str(text)}:
                yield {"output_type": "stream", "name": name, "text": _text(text)}
            case {"output_type": "error", "ename": str(name), "evalue": str(value), "traceback": list(trace)}:
                lines = [_text(line) for line in trace[:40] if isinstance(line, str)]
                told = {"ename": _text(name)[:200], "evalue": _text(value)[:2000], "traceback": lines}
                yield {"output_type": "error", **told}
            case {"output_type": "display_data", "data": dict(data)}:
                yield {"output_type": "display_data", "metadata": {}, "data": _data(data)}


def _data(data: Mapping[Any, Any]) -> dict[str, str]:
    """Return the forms of an output that hold nothing to run: plain text and images."""
    plain = data.get("text/plain")
    kept = {"text/plain": _text(plain)} if isinstance(plain, str) else {}
    for kind, start in _IMAGES.items():
        content = data.get(kind)
        if isinstance(content, str) and len(content) <= MAX_IMAGE and _begins(content, start):
            kept[kind] = content
    return kept


def _begins(content: str, start: bytes) -> bool:
    """Tell whether a text is base64, and begins as its kind of image does."""
    try:
        return base64.b64decode("".join(content.split()), validate=True).startswith(start)
    except (binascii.Error, ValueError):
        return False


def _text(text: str) -> str:
    return visible(_COLOURS.sub("", text))[: 2 * MAX_TEXT]
