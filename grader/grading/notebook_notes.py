"""What a student should know about how their notebook was read: cells that failed, names defined twice.

`grader.grading.grade` asks for it once a submission, before the checks; the sandbox that answers is not trusted.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from grader.courses.assignment import Assignment, SubmissionKind
from grader.notebooks.newer_python import NEEDS
from grader.sandbox.wire.protocol import NOTEBOOK, Ending, ProbeCall, Sandbox

_MOST_TOLD = 5
_BELOW_MAIN = 'Delete it, or put it below `if __name__ == "__main__":`.'
_IN_OLDER_WORDS = "Write it in words that both versions have."
ON_PROCESSOR = (
    "Your code asks for a graphics card even where there is none; here `cuda` meant the processor. Choose with "
    '`device = "cuda" if torch.cuda.is_available() else "cpu"`, so that it runs everywhere.'
)


def notebook_notes(sandbox: Sandbox, assignment: Assignment) -> tuple[str, ...]:
    """Return sentences on how the notebook became a module, none for a submission of another kind."""
    if assignment.handed_in.kind is not SubmissionKind.NOTEBOOK:
        return ()
    outcome = sandbox.run(ProbeCall(NOTEBOOK, {}))
    if outcome.ending is not Ending.OK:
        return ("Running the notebook's definitions did not finish; each check says what happened.",)
    return (
        *_tell_failed(_rows(outcome.outputs, "failed")),
        *_tell_late(_rows(outcome.outputs, "late")),
        *_tell_twice(_rows(outcome.outputs, "twice"), outcome.outputs),
        *_tell_left_out(_rows(outcome.outputs, "left_out")),
    )


def file_notes(sandbox: Sandbox, assignment: Assignment) -> tuple[str, ...]:
    """Return sentences on what only the checks have shown: what was left out of files, and that a card was wanted."""
    outcome = sandbox.run(ProbeCall(NOTEBOOK, {}))
    if outcome.ending is not Ending.OK:
        return ()
    is_notebook = assignment.handed_in.kind is SubmissionKind.NOTEBOOK
    told = () if is_notebook else tuple(_tell_left_out(_rows(outcome.outputs, "left_out")))
    return (*told, ON_PROCESSOR) if outcome.outputs.get("on processor") is True else told


def _tell_left_out(rows: list[Any]) -> Iterator[str]:
    for row in rows[:_MOST_TOLD]:
        match row:
            case [str(file), int(line), str(why)]:
                remedy = _IN_OLDER_WORDS if why.startswith(NEEDS) else _BELOW_MAIN
                yield f"`{file[:200]}`, line {line}, was left out when the file was imported: {why[:100]}. {remedy}"


def _rows(outputs: Mapping[str, Any], key: str) -> list[Any]:
    value = outputs.get(key)
    return value if isinstance(value, list) else []


def _tell_twice(rows: list[Any], outputs: Mapping[str, Any]) -> Iterator[str]:
    states = [state for state in map(_read_state, _rows(outputs, "states")) if state is not None]
    for row in rows[:_MOST_TOLD]:
        match row:
            case [str(name), [*cells], int(last)] if cells and all(isinstance(cell, int) for cell in cells):
                taken: dict[int, list[str]] = {}
                for task, cell in _taken(cells, states):
                    taken.setdefault(cell, []).append(f"`{task}`")
                following = dict(itertools.pairwise(cells))
                counts = [
                    f"the checks above cell {following[cell]} ({_join(tasks)}) use cell {cell}"
                    for cell, tasks in taken.items()
                ]
                told = "the last one counts" if last == cells[-1] else f"the one in cell {last} counts"
                if last not in cells:
                    told = f"cell {last} sets it anew, and that counts"
                told = f"{', '.join(counts)}, all others the last one" if counts else told
                yield f"`{name[:60]}` is defined in cells {_join(cells[:10])}: {told}."


def _read_state(row: Any) -> tuple[str, int] | None:
    match row:
        case [str(task), int(end)]:
            return task[:60], end
    return None


def _taken(cells: list[int], states: list[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    """Yield (task, cell) where a task's check cell makes another definition count than the last."""
    for task, end in states:
        above = [cell for cell in cells if cell < end]
        if above and above[-1] != cells[-1]:
            yield task, above[-1]


def _tell_late(rows: list[Any]) -> Iterator[str]:
    for row in rows[:_MOST_TOLD]:
        match row:
            case [str(name), int(cell)]:
                yield (
                    f"`{name[:60]}` (cell {cell}) uses what is only defined further down: it was run after that. "
                    "Restart the kernel and run all cells in order before you hand in."
                )


def _tell_failed(rows: list[Any]) -> Iterator[str]:
    """Yield what failed; the last sentence says what that costs, for all of them."""
    causes: dict[str, list[str]] = {}
    for row in rows:
        match row:
            case [int(cell), int(line), str(why)]:
                causes.setdefault(why[:300].rstrip("."), []).append(f"cell {cell}, line {line}")
    told = [f"{_with_others(places)} did not run: {why}." for why, places in [*causes.items()][:_MOST_TOLD]]
    if len(causes) > _MOST_TOLD:
        more = sum(len(places) for places in [*causes.values()][_MOST_TOLD:])
        told.append(f"{more} more statements of the notebook did not run.")
    if told:
        told[-1] += " Such lines cost points only where a task needs what they would have defined."
    yield from told


def _with_others(places: Sequence[str]) -> str:
    """Return the first place, and how many others failed for the same reason."""
    others = f" and {len(places) - 1} more {'statement' if len(places) == 2 else 'statements'}" if places[1:] else ""
    return f"{places[0]},{others}"


def _join(things: Sequence[object]) -> str:
    *first, last = map(str, things)
    return f"{', '.join(first)} and {last}" if first else last
