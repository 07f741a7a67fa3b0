"""Find what students wrote in answer to a question: the text cell of the question and the text cells they put below it.

`grader.grading.text_answers` passes the answers on; a person grades them.
"""

from collections.abc import Mapping, Sequence

from grader.notebooks.cells import squeezed
from grader.notebooks.document import Cell, CellKind, find_cell

MAX_ANSWER = 20_000


def read_answer_cells(
    cells: Sequence[Cell], questions: Mapping[str, str], *, reference: Sequence[Cell] = ()
) -> dict[str, str]:
    """Return the answer to each question, or "" if there is none; `questions` maps names to ids of cells.

    The question's own words, as the reference has them, are taken out. Without a reference the whole cell is returned.
    """
    given = {squeezed(cell.source) for cell in reference}
    return {name: _read_answer(cells, cell, reference, given)[:MAX_ANSWER] for name, cell in questions.items()}


def _read_answer(cells: Sequence[Cell], name: str, reference: Sequence[Cell], given: set[str]) -> str:
    original = find_cell(tuple(reference), name)
    asked = find_cell(tuple(cells), name) or (_find_by_words(cells, original.source) if original else None)
    if asked is None:
        return ""
    parts = [_without(asked.source, original.source if original else "")]
    for cell in cells[asked.number :]:
        if not reference or cell.kind is not CellKind.MARKDOWN or squeezed(cell.source) in given:
            break
        if any(find_cell(tuple(reference), known) for known in cell.names if known):
            break
        parts.append(cell.source.strip())
    return "\n\n".join(part for part in parts if part)


def _find_by_words(cells: Sequence[Cell], question: str) -> Cell | None:
    """Return the first text cell that begins as the question does."""
    start = squeezed(next((line for line in question.splitlines() if line.strip()), ""))
    texts = [cell for cell in cells if cell.kind is not CellKind.CODE and start]
    return next((cell for cell in texts if squeezed(cell.source).startswith(start)), None)


def _without(text: str, question: str) -> str:
    """Return a text without the lines of the question, in order: students write below, between and behind them."""
    left = [line.strip() for line in question.splitlines() if line.strip()]
    kept: list[str] = []
    for line in text.splitlines():
        if left and line.strip().startswith(left[0]):
            line = line.strip().removeprefix(left.pop(0))
        kept.append(line.rstrip())
    return "\n".join(kept).strip()
