"""Read on the trusted side what students handed in beside their code: predictions, and how many weights there are.

`grader.grading.artifacts` hands the files to checks; `grader.datasets.accuracy` scores predictions for data sets.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from grader.datasets.accuracy import UnusablePredictions
from grader.errors import CourseError, ProtocolError
from grader.sandbox.wire.unpacking import checked_header

_MOST_NAMED = 5
_MOST_TEXT = 40
_SEPARATORS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class ArtifactFile:
    """Hold a file that a student handed in beside the code, with its path in the submission's folder."""

    path: str
    content: bytes = field(repr=False)


def count_parameters(weights: ArtifactFile) -> int:
    """Return how many numbers a safetensors file holds. Only its header is read.

    Raises AssertionError for a file that is none, CourseError for what can only be opened behind the wall.
    """
    if not weights.path.lower().endswith(".safetensors"):
        raise CourseError(
            f"`{weights.path}` can't be opened on the trusted side.", remedy="Ask students for a safetensors file."
        )
    try:
        header = checked_header(weights.content, what="The file")
    except ProtocolError as err:
        raise AssertionError(f"`{weights.path}` is no usable safetensors file. {err}") from err
    return sum(math.prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__")


def read_predictions(
    file: ArtifactFile, *, rows: int, classes: Sequence[object] = (), header: str = ""
) -> torch.Tensor:
    """Return the predictions (rows,) of a text file with one on each line, in the order of the inputs.

    With `classes`, each line is the text of one of them, and what is returned are indices, of dtype int64; without,
    lines are finite numbers, of dtype float64. A `header` has to be the first line. Raises UnusablePredictions for
    everything else.
    """
    lines = _lines(file)
    number = 1
    if header:
        _refuse_other_header(file.path, lines[0], header)
        lines, number = lines[1:], 2
    known = {str(one): index for index, one in enumerate(classes)}
    values = [_value(line, known) for line in lines]
    if len(lines) == rows + 1 and values[0] is None and None not in values[1:]:
        raise UnusablePredictions(
            f"Line {number} of `{file.path}` is `{_shown(lines[0])}`; expected the first prediction. Leave out "
            "the header line."
        )
    if len(lines) != rows:
        raise UnusablePredictions(
            f"`{file.path}` holds {len(lines):,} predictions; expected {rows:,}, one on each line in the order of the "
            "inputs."
        )
    unusable = [at for at, value in enumerate(values) if value is None]
    if unusable:
        raise UnusablePredictions(_explain_unusable(file.path, lines, unusable, classes=classes, first=number))
    return torch.tensor(values, dtype=torch.int64 if classes else torch.float64)


def _lines(file: ArtifactFile) -> list[str]:
    """Return the lines of a text, without blank ones at the end."""
    try:
        text = file.content.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        raise UnusablePredictions(
            f"`{file.path}` is not UTF-8 (byte {err.start}). Save it as CSV in UTF-8, as plain text."
        ) from err
    lines = [line.strip() for line in text.rstrip().split("\n")]
    if lines == [""]:
        raise UnusablePredictions(f"`{file.path}` is empty; expected one prediction on each line.")
    return [_unquoted(line) for line in lines]


def _unquoted(line: str) -> str:
    return line[1:-1].strip() if len(line) > 1 and line[0] == line[-1] == '"' else line


def _refuse_other_header(path: str, line: str, header: str) -> None:
    if line.casefold() != header.strip().casefold():
        raise UnusablePredictions(f"Line 1 of `{path}` is `{_shown(line)}`; expected the header line `{header}`.")


def _value(line: str, known: dict[str, int]) -> int | float | None:
    """Return a class's index or a finite number, None for what is neither."""
    if known:
        return known.get(line)
    try:
        value = float(line)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _explain_unusable(
    path: str, lines: Sequence[str], unusable: Sequence[int], *, classes: Sequence[object], first: int
) -> str:
    """Name the lines that are no prediction; `first` is the number of the first line of all."""
    line = lines[unusable[0]]
    if not line:
        what = "is blank"
    elif any(mark in line for mark in _SEPARATORS):
        what = f"is `{_shown(line)}`, which has several columns"
    else:
        what = f"is `{_shown(line)}`"
    wanted = f"one of the classes {_listed(classes)}" if classes else "a finite number"
    count = f" ({len(unusable):,} of {len(lines):,} lines are none)" if len(unusable) > 1 else ""
    return f"Line {unusable[0] + first} of `{path}` {what}; expected {wanted}{count}."


def _listed(classes: Sequence[object]) -> str:
    texts = [f"`{one}`" for one in classes]
    return ", ".join(texts) if len(texts) <= 2 * _MOST_NAMED else f"{', '.join(texts[:_MOST_NAMED])}, … {texts[-1]}"


def _shown(line: str) -> str:
    """Return a stranger's line, short and printable."""
    text = "".join(letter if letter.isprintable() else "�" for letter in line)
    return f"{text[:_MOST_TEXT]}…" if len(text) > _MOST_TEXT else text
