"""Find what students wrote in answer to a question: in its cell, and beside it up to the next cell of the template.

`grader.grading.text_answers` passes the answers on; a person grades them. `grader.grading.answer_texts` reads the words
of one cell.

Why: docs/decisions.md#answers-beside-their-question
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from grader.grading.answer_texts import is_blank, is_prose, likeness, text_of_cell, without_question
from grader.notebooks.cells import squeezed
from grader.notebooks.document import Cell, CellKind

MAX_ANSWER = 20_000
_ALIKE = 0.6  # of a question's words; a cell that has so many of them, in order, is the question typed anew

_MOST_COMPARED = 500  # cells


@dataclass(frozen=True, slots=True)
class FoundAnswer:
    """Hold what was written in answer to a question, and in which cells it stood where that is not the question's."""

    text: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class _Part:
    cell: Cell
    text: str
    place: str


def read_answer_cells(
    cells: Sequence[Cell], questions: Mapping[str, str], *, given: Sequence[Cell] = (), blank: Sequence[Cell] = ()
) -> dict[str, FoundAnswer]:
    """Return the answer to each question, with an empty text if there is none; `questions` maps names to ids of cells.

    `given` are the cells of the reference, `blank` those of the notebook that students got. The question's own words
    are taken out. Without `given` only the question's cell is read, as a whole.
    """
    if not given:
        return {name: _whole(cells, cell) for name, cell in questions.items()}
    page = _Page(cells, given, questions, blank=blank)
    found = {name: page.parts_of(cell) for name, cell in questions.items()}
    return {name: _join(parts or page.spare_parts_of(questions[name])) for name, parts in found.items()}


def _whole(cells: Sequence[Cell], name: str) -> FoundAnswer:
    return FoundAnswer(next((cell.source for cell in cells if name in cell.names), "")[:MAX_ANSWER])


def _join(parts: Sequence[_Part]) -> FoundAnswer:
    text = "\n\n".join(part.text for part in parts)[:MAX_ANSWER]
    places = [f"cell {part.cell.number} ({part.place})" for part in parts if part.place]
    return FoundAnswer(text, f"Found in {' and '.join(places[:5])}." if places else "")


class _Page:
    """Hold a student's cells, and which cell of the template each of them is."""

    def __init__(
        self, cells: Sequence[Cell], given: Sequence[Cell], questions: Mapping[str, str], *, blank: Sequence[Cell]
    ) -> None:
        self.cells = cells
        self.given = given
        self.originals = [[cell, *(other for other in blank if set(other.names) & set(cell.names))] for cell in given]
        self.asked = {place for place, cell in enumerate(given) if set(cell.names) & set(questions.values())}
        self.known = self._match()

    def parts_of(self, name: str) -> list[_Part]:
        """Return what stands in the question's cell, and above and below it where no other question is nearer."""
        return self._read(self._span_of(self._place_of(name)), self._place_of(name), is_shared=False)

    def spare_parts_of(self, name: str) -> list[_Part]:
        """Return what else is near an unanswered question.

        That is what stands below the question before it, what code beside it says in comments and texts, and what was
        written into the template's cells around it; else the text cells further down, before the next question.
        """
        place = self._place_of(name)
        start, end = self._span_of(place)
        near = self._read((start, end), place, is_shared=True) or [
            _Part(self.cells[number], text, "which the course gives")
            for number in (start - 1, end)
            if 0 <= number < len(self.cells) and (text := self._added(number, is_above=number < start))
        ]
        return near or [
            _Part(cell, cell.source.strip(), "further down") for cell in self._texts_below(end, self._next_asked(place))
        ]

    def _next_asked(self, place: int) -> int:
        """Return where the cells begin that belong to the next question."""
        return min((self._span_of(other)[0] for other in self.asked if other > place), default=len(self.cells))

    def _texts_below(self, start: int, end: int) -> list[Cell]:
        """Return the student's own text cells within a span."""
        own = [self.cells[number] for number in range(start, end) if number not in self.known]
        return [cell for cell in own if cell.kind is not CellKind.CODE and not is_blank(cell.source)]

    def _match(self) -> dict[int, int]:
        """Return the place in the template of each of the student's cells that comes from it.

        Cells are known by their name, then by their text; a question also by most of its words.
        """
        by_name = {name: place for place, cell in enumerate(self.given) for name in cell.names if name}
        by_text = {squeezed(c.source): n for n, cells in enumerate(self.originals) for c in cells if c.source.strip()}
        known: dict[int, int] = {}
        for number, cell in enumerate(self.cells):
            places = [by_name[name] for name in cell.names if name in by_name]
            place = places[0] if places else by_text.get(squeezed(cell.source))
            if place is not None:
                known[number] = place
        for place in sorted(self.asked - set(known.values())):
            asked = self.given[place].source
            free = [number for number in range(len(self.cells)) if number not in known][:_MOST_COMPARED]
            scores = {number: likeness(self.cells[number].source, asked) for number in free}
            best = max(scores, key=lambda number: scores[number], default=-1)
            if best >= 0 and scores[best] >= _ALIKE:
                known[best] = place
        return known

    def _place_of(self, name: str) -> int:
        return next((place for place, cell in enumerate(self.given) if name in cell.names), -1)

    def _span_of(self, place: int) -> tuple[int, int]:
        """Return the cells around a question as (start, end), without the template's cells above and below them.

        Where the question's cell is gone, these are the cells between what came before and what came after it.
        """
        own = [number for number, known in self.known.items() if known == place]
        if own:
            start, end = own[0], own[-1] + 1
        else:
            before = [number for number, known in self.known.items() if known < place]
            start = end = max(before) + 1 if before and place >= 0 else 0
        while start > 0 and start - 1 not in self.known:
            start -= 1
        while end < len(self.cells) and end not in self.known:
            end += 1
        return start, end

    def _read(self, span: tuple[int, int], place: int, *, is_shared: bool) -> list[_Part]:
        """Return the parts within a span; `is_shared` tells whether to take what may as well be another's, or code."""
        own = [number for number, known in self.known.items() if known == place]
        first, last = (own[0], own[-1]) if own else (-1, -1)
        parts = []
        for number in range(*span):
            cell = self.cells[number]
            is_own = self.known.get(number) == place
            if number in self.known and not is_own:
                continue
            is_others = number < first and self.known.get(span[0] - 1) in self.asked
            if not is_shared and (is_others or not (is_own or is_prose(cell))):
                continue
            text = text_of_cell(cell, is_question=is_own)
            text = without_question(text, self.given[place].source) if is_own else text
            if not is_blank(text):
                side = "where the question would be" if not own else "above" if number < first else "below"
                parts.append(_Part(cell, text, "" if first <= number <= last and is_own else side))
        return parts

    def _added(self, number: int, *, is_above: bool) -> str:
        """Return what a student wrote into a cell of the template: text, or comments on the side of the question."""
        cell, place = self.cells[number], self.known[number]
        if place in self.asked:
            return ""
        lines = cell.source.splitlines()
        if cell.kind is CellKind.CODE:
            ordered = reversed(lines) if is_above else iter(lines)
            near = list(itertools.takewhile(lambda line: line.startswith("#") or not line.strip(), ordered))
            lines = near[::-1] if is_above else near
        original = set(map(squeezed, "\n".join(cell.source for cell in self.originals[place]).splitlines()))
        text = "\n".join(line for line in lines if squeezed(line) not in original)
        text = text_of_cell(replace(cell, source=text))
        return "" if is_blank(text) else text
