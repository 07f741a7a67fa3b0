"""Find in a student's notebook the cells that a course asks to run, also where they were rewritten or split.

`grader.submissions.evidence` keeps what they showed.
"""

import re
from collections.abc import Mapping, Sequence

from grader.notebooks.cells import squeezed
from grader.notebooks.document import Cell, CellKind, find_cell

_WORD = re.compile(r"[A-Za-z_]\w+")
_ALIKE = 0.6  # of the words of the cell that is looked for
_FEWEST_WORDS = 4
_MOST_CELLS = 12  # for one that is looked for
_MOST_COMPARED = 500


def find_run_cells(cells: Sequence[Cell], names: Sequence[str], given: Sequence[Cell]) -> dict[str, tuple[int, ...]]:
    """Return the numbers of the student's cells for each name, () where there is none; `given` is the reference.

    A cell is known by its name, then by its text, then by most of its words. The student's own code cells right below
    belong to it; where it is gone, those that stand in its place do.
    """
    known = _known(cells, given)
    for name in names:
        place = _place_of(name, given)
        if place is not None and place not in known.values():
            best = _most_alike(cells, given[place], known)
            known |= {best: place} if best is not None else {}
    return {name: _numbers(cells, _place_of(name, given), known) for name in names}


def _known(cells: Sequence[Cell], given: Sequence[Cell]) -> dict[int, int]:
    """Return the place in the reference of each of the student's cells that comes from it, by its own place."""
    by_name = {name: place for place, cell in enumerate(given) for name in cell.names if name}
    by_text = {squeezed(cell.source): place for place, cell in enumerate(given) if cell.source.strip()}
    known = {}
    for at, cell in enumerate(cells):
        places = [by_name[name] for name in cell.names if name in by_name]
        place = places[0] if places else by_text.get(squeezed(cell.source))
        if place is not None:
            known[at] = place
    return known


def _place_of(name: str, given: Sequence[Cell]) -> int | None:
    found = find_cell(tuple(given), name)
    return None if found is None else found.number - 1


def _most_alike(cells: Sequence[Cell], original: Cell, known: Mapping[int, int]) -> int | None:
    wanted = set(_WORD.findall(original.source))
    free = [at for at, cell in enumerate(cells) if at not in known and cell.kind is CellKind.CODE][:_MOST_COMPARED]
    if len(wanted) < _FEWEST_WORDS or not free:
        return None
    shares = {at: len(wanted & set(_WORD.findall(cells[at].source))) / len(wanted) for at in free}
    best = max(free, key=lambda at: shares[at])
    return best if shares[best] >= _ALIKE else None


def _numbers(cells: Sequence[Cell], place: int | None, known: Mapping[int, int]) -> tuple[int, ...]:
    own = [at for at, other in known.items() if other == place]
    if place is None:
        return ()
    if own:
        start = max(own) + 1
        end = next((at for at in range(start, len(cells)) if at in known), len(cells))
    else:
        before = [at for at, other in known.items() if other < place]
        start = max(before) + 1 if before else 0
        end = next((at for at in range(start, len(cells)) if at in known), len(cells))
    beside = [at for at in range(start, end) if cells[at].kind is CellKind.CODE and cells[at].source.strip()]
    return tuple(cells[at].number for at in (*sorted(own), *beside))[:_MOST_CELLS]
