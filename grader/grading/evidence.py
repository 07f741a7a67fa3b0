"""Collect what a person is shown of a student's runs: outputs of cells, files, figures; checked, bounded, not judged.

`grader.grading.grade` puts it into the result, as answers without a text; `grader.submissions.evidence` kept it.

Why: docs/decisions.md#evidence-of-runs
"""

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from grader.courses.assignment import Assignment, Question
from grader.courses.evidence import Evidence
from grader.errors import SubmissionError
from grader.grading.run_files import view_runs
from grader.notebooks.picture_check import check_picture
from grader.notebooks.saved_outputs import SavedCell
from grader.results.exhibit import Exhibit, Picture
from grader.results.plain_text import shortened
from grader.results.verdict import Answer
from grader.submissions.evidence import SavedEvidence, evidence_paths, saved_outputs, unpack_evidence
from grader.submissions.paths import list_names, printable
from grader.submissions.submission import Submission

_PICTURES = (".png", ".jpg", ".jpeg")
_TEXTS = (".txt", ".log", ".csv", ".json", ".md")
_MOST_FILES = 20
_MOST_EXHIBITS = 24
_MOST_FILE_TEXT = 6_000
_MOST_PICTURES = 24  # of one submission
_MOST_BYTES = 3 << 20  # of all its pictures, in base64


@dataclass(slots=True)
class _Room:
    """Count what may still be shown of a submission's pictures."""

    pictures: int = _MOST_PICTURES
    size: int = _MOST_BYTES

    def take(self, picture: Picture) -> bool:
        """Tell whether a picture fits, and count it."""
        fits = self.pictures > 0 and len(picture.data) <= self.size
        if fits:
            self.pictures -= 1
            self.size -= len(picture.data)
        return fits


def with_evidence(
    answers: Sequence[Answer], assignment: Assignment, submission: Submission, *, executed: bytes = b""
) -> tuple[Answer, ...]:
    """Return a submission's answers and what there is to look at of its runs, in the order of the questions.

    `executed` is the executed copy of the notebook, where it was run as a whole: its outputs stand beside those that
    were handed in.
    """
    asked = [question for question in assignment.questions if question.evidence is not None]
    if not asked:
        return tuple(answers)
    handed_in, room = unpack_evidence(submission.evidence), _Room()
    numbers = sorted({number for cells in handed_in.cells.values() for number in cells})
    run_here = saved_outputs(executed, numbers) if executed else {}
    shown = (_answer(question, submission.files, handed_in, run_here, room) for question in asked)
    names = [question.name for question in assignment.questions]
    return tuple(sorted([*answers, *shown], key=lambda answer: names.index(answer.name)))


def _answer(
    question: Question,
    files: Mapping[str, bytes],
    handed_in: SavedEvidence,
    run_here: Mapping[int, SavedCell],
    room: _Room,
) -> Answer:
    evidence = question.evidence or Evidence()
    shown = [*_of_cells(evidence, handed_in, room), *_of_files(evidence, files, room)]
    if run_here:
        again = SavedEvidence({name: handed_in.cells.get(name, ()) for name in evidence.cells}, run_here)
        shown += _of_cells(evidence, again, room, words=", run by the grader")
    views = [(f"`{runs.file}`", view_runs(runs, files)) for runs in evidence.runs]
    shown += [Exhibit(place, view.text, " ".join(view.notes)) for place, view in views if view.text or view.notes]
    notes = [*_notes_on_cells(evidence, handed_in), *_notes_on_files(evidence, files)]
    notes += [view.missing for _, view in views if view.missing]
    return Answer(
        question.title,
        "",
        points=question.points,
        note=" ".join(notes),
        name=question.name,
        is_run=True,
        exhibits=tuple(shown[:_MOST_EXHIBITS]),
        curves=tuple(curve for _, view in views for curve in view.curves),
        tasks=evidence.tasks,
        questions=evidence.questions,
    )


def _of_cells(evidence: Evidence, found: SavedEvidence, room: _Room, *, words: str = "") -> Iterator[Exhibit]:
    numbers = dict.fromkeys(number for name in evidence.cells for number in found.cells.get(name, ()))
    for number in numbers:
        cell = found.saved.get(number)
        if cell is not None and (cell.text or cell.pictures or cell.left_out):
            yield _exhibit(f"cell {number}{words}", cell, room)


def _exhibit(place: str, cell: SavedCell, room: _Room) -> Exhibit:
    pictures, notes = [], []
    for packed in cell.pictures:
        try:
            picture = check_picture(_unpacked(packed))
        except SubmissionError as err:
            notes.append(err.message)
            continue
        pictures += [picture] if room.take(picture) else []
    left_out = cell.left_out + len(cell.pictures) - len(pictures) - len(notes)
    words = "of another kind, or too many or too large"
    notes += [f"{left_out} of its outputs are not shown: {words}."] if left_out else []
    return Exhibit(place, cell.text, " ".join(dict.fromkeys(notes)), tuple(pictures))


def _unpacked(packed: str) -> bytes:
    """Return what stands in base64. Raises SubmissionError where it is none."""
    try:
        return base64.b64decode("".join(packed.split()), validate=True)
    except (binascii.Error, ValueError) as err:
        raise SubmissionError("A picture is damaged.") from err


def _notes_on_cells(evidence: Evidence, found: SavedEvidence) -> Iterator[str]:
    """Yield sentences on the cells that are missing, on those that were not run, and on those that show nothing."""
    cells = {name: [found.saved[n] for n in found.cells.get(name, ()) if n in found.saved] for name in evidence.cells}
    places = {name: ", ".join(map(str, found.cells.get(name, ()))) for name in cells}
    missing = [f"`{name}`" for name, saved in cells.items() if not saved]
    unrun = {name: saved for name, saved in cells.items() if saved and not any(one.was_run for one in saved)}
    silent = [name for name, saved in cells.items() if saved and name not in unrun and not any(map(_shows, saved))]
    if missing:
        yield f"Cell missing: {', '.join(missing)}."
    if unrun:
        yield f"Not run: {', '.join(f'`{name}` (cell {places[name]})' for name in unrun)}."
    if silent:
        yield f"Run, and shows nothing: {', '.join(f'`{name}` (cell {places[name]})' for name in silent)}."


def _shows(cell: SavedCell) -> bool:
    return bool(cell.text or cell.pictures or cell.left_out)


def _of_files(evidence: Evidence, files: Mapping[str, bytes], room: _Room) -> Iterator[Exhibit]:
    for path in evidence_paths(files, evidence)[:_MOST_FILES]:
        suffix, content, place = PurePosixPath(path).suffix.lower(), files[path], f"`{printable(path)}`"
        if suffix == ".ipynb":
            for number, cell in saved_outputs(content).items():
                if cell.text or cell.pictures:
                    yield _exhibit(f"{place}, cell {number}", cell, room)
        elif suffix in _PICTURES:
            packed = base64.b64encode(content).decode("ascii")
            yield _exhibit(place, SavedCell(was_run=True, pictures=(packed,)), room)
        elif suffix in _TEXTS:
            text = content[: 4 * _MOST_FILE_TEXT].decode("utf-8", "replace")
            yield Exhibit(place, shortened(text, _MOST_FILE_TEXT))
        else:
            yield Exhibit(place, note=f"A file of {len(content):,} bytes, of a kind that is not shown.")


def _notes_on_files(evidence: Evidence, files: Mapping[str, bytes]) -> Iterator[str]:
    found = evidence_paths(files, evidence)
    if evidence.files and not found:
        yield f"No file was handed in for this: {' or '.join(f'`{glob}`' for glob in evidence.files)}."
    silent = [
        path for path in found if path.endswith(".ipynb") and not any(map(_shows, saved_outputs(files[path]).values()))
    ]
    if silent:
        yield f"Handed in without outputs: {list_names(silent)}."
