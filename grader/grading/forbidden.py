"""What a submission uses although its task forbids it: asked of the sandbox before the student's code runs.

The probe `SCAN` (`grader.sandbox.wire.protocol`) reads the source there; `grader.grading.plugin` turns a use into a
verdict.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import torch

from grader.courses.assignment import Assignment, SubmissionKind, Task
from grader.courses.forbidden_places import is_in_place, parts_of
from grader.results.verdict import Feedback, Frame
from grader.sandbox.wire.protocol import SCAN, UNRECORDED, Ending, ProbeCall, Sandbox, WatchedCall

_MOST_TOLD = 5
_MOST_SPELLED = 120


@dataclass(frozen=True, slots=True)
class ForbiddenUse:
    """Point at a use of a forbidden name: the name as declared, and what the source says there.

    `cell` is the number of a notebook's cell, in which `line` is counted; 0 in a Python file. `parts` are the classes
    and functions to which the line belongs, of those that some task names in `forbidden_in`.
    """

    file: str
    line: int
    name: str
    spelled: str
    cell: int = 0
    parts: frozenset[str] = frozenset()

    @property
    def place(self) -> str:
        """Return where students find it."""
        return f"cell {self.cell}" if self.cell else self.file


@dataclass(frozen=True, slots=True)
class ForbiddenUses:
    """Hold what each task forbids and where, the uses that were found, and sentences about what could not be looked at.

    `files` are the sources that were searched, by path.
    """

    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    places: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    by_task: Mapping[str, tuple[ForbiddenUse, ...]] = field(default_factory=dict)
    flags: tuple[str, ...] = ()


def find_uses(sandbox: Sandbox, *, assignment: Assignment, files: Mapping[str, bytes]) -> ForbiddenUses:
    """Return where a submission uses what its tasks forbid; call it before any probe.

    A source that can't be read costs nobody points: it is flagged, and usually can't be imported either.
    """
    names = sorted({name for task in assignment.tasks for name in task.forbidden})
    if not names:
        return ForbiddenUses()
    tasks = [task for task in assignment.tasks if task.forbidden]
    declared = {task.name: task.forbidden for task in tasks}
    places = {task.name: task.forbidden_in for task in tasks}
    suffixes = (".py", ".ipynb") if assignment.handed_in.kind is SubmissionKind.NOTEBOOK else (".py",)
    sources = {path: data for path, data in files.items() if path.endswith(suffixes) and data}
    tensors = {path: torch.frombuffer(bytearray(data), dtype=torch.uint8) for path, data in sources.items()}
    parts = sorted({part for task in assignment.tasks for part in parts_of(task.forbidden_in)})
    outcome = sandbox.run(ProbeCall(SCAN, {"files": tensors, "names": names, "parts": parts}))
    if outcome.ending is not Ending.OK:
        flag = f"Its source could not be searched for forbidden names: {outcome.detail or outcome.ending}."
        return ForbiddenUses(declared, places, sources, flags=(flag,))
    uses = [use for use in map(_read_use, _rows(outcome.outputs.get("uses"))) if use is not None]
    unread = [row for row in _rows(outcome.outputs.get("unread")) if len(row) == 2]
    return ForbiddenUses(
        declared,
        places,
        sources,
        {task.name: _of_task(task, uses) for task in tasks},
        tuple(f"`{row[0]}` could not be searched for forbidden names: {row[1]}." for row in unread[:_MOST_TOLD]),
    )


def _rows(value: object) -> list[list[object]]:
    return [row for row in value if isinstance(row, list)] if isinstance(value, list) else []


def _read_use(row: list[object]) -> ForbiddenUse | None:
    match row:
        case [str(file), int(cell), int(line), str(name), str(spelled), list(parts)]:
            texts = frozenset(part for part in parts if isinstance(part, str))
            return ForbiddenUse(file, line, name, spelled, cell, texts)
    return None


def _of_task(task: Task, uses: list[ForbiddenUse]) -> tuple[ForbiddenUse, ...]:
    return tuple(
        use for use in uses if use.name in task.forbidden and is_in_place(use.file, use.parts, task.forbidden_in)
    )


def shown_calls(calls: Iterable[WatchedCall], *, forbidden: ForbiddenUses, task: str) -> tuple[ForbiddenUse, ...]:
    """Return the calls that a task forbids and that the student's own line shows, such as `loss.backward()`.

    Whose method that is only shows when it runs. A call that was put together at run time is not among them.
    """
    shown = []
    for call in calls:
        if is_in_place(call.file, call.parts, forbidden.places.get(task, ())):
            line = _line_of(forbidden.files.get(call.file, b""), call.line)
            if re.search(rf"\b{re.escape(call.name.rpartition('.')[2])}\b", line):
                shown.append(ForbiddenUse(call.file, call.line, call.name, line[:_MOST_SPELLED]))
    return tuple(shown)


def _line_of(source: bytes, number: int) -> str:
    lines = source.split(b"\n")
    return lines[number - 1].decode("utf-8", "replace").strip() if 1 <= number <= len(lines) else ""


def explain_uses(uses: tuple[ForbiddenUse, ...]) -> Feedback:
    """Tell a student which lines use what the task forbids."""
    first = uses[0]
    spelled = f" (as `{first.spelled}`)" if first.spelled != first.name else ""
    more = len(uses) - 1
    others = f" So do {more} more places." if more > 1 else " So does one more place." if more else ""
    message = (
        f"`{first.place}`, line {first.line}, uses `{first.name}`{spelled}, which this task forbids.{others} "
        "Write that part yourself."
    )
    frames = tuple(Frame(use.place, use.line, "", use.spelled) for use in uses[:_MOST_TOLD])
    return Feedback(message=message, traceback=frames)


def flag_calls(called: Mapping[str, set[str]], forbidden: ForbiddenUses) -> dict[str, tuple[str, ...]]:
    """Return a sentence, by task, where forbidden names were called though the source doesn't show them.

    A name whose use the source does show may have been called by another task's part: nothing is said of it.
    """
    known = {use.name for uses in forbidden.by_task.values() for use in uses}
    if forbidden.flags:
        known.add(UNRECORDED)  # a person is told to look at the source already
    return {
        task: tuple(_flags_of(task, names - known))
        for task, names in sorted(called.items())
        if names - known and not forbidden.by_task.get(task)
    }


def _flags_of(task: str, names: set[str]) -> Iterator[str]:
    called = names - {UNRECORDED}
    if called:
        yield (
            f"Task `{task}`: {', '.join(f'`{name}`' for name in sorted(called))} was called at run time, which "
            "the task forbids, and the source does not show where. Look at it; no points were taken."
        )
    if UNRECORDED in names:
        yield (
            f"Task `{task}`: its code hides what it calls: it changes what records calls, or runs code that can't be "
            "recorded. Look at it; no points were taken."
        )
