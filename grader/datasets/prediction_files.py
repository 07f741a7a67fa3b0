"""Read predictions from files that students handed in: one on each line, or a table with ids or a column per class.

They are read as text on the trusted side, strictly: nothing in them is guessed. `grader.datasets.prediction_tables`
reads tables; `grader.datasets.accuracy` scores predictions for data sets.

Why: docs/decisions.md#prediction-files
"""

from collections.abc import Mapping, Sequence

import torch

from grader.datasets.accuracy import UnusablePredictions
from grader.datasets.artifact_files import ArtifactFile
from grader.datasets.prediction_tables import TableRow, column_names, rows_by_id, rows_in_order
from grader.datasets.prediction_text import indices_of, shown, text_of, value_of, wanted_value
from grader.errors import CourseError

_SEPARATORS = (",", ";", "\t")
_SUM_MAY_DIFFER = 0.05  # of probabilities that were rounded to two places


def read_predictions(
    file: ArtifactFile,
    *,
    rows: int | None = None,
    ids: Sequence[object] = (),
    classes: Sequence[object] = (),
    header: str = "",
) -> torch.Tensor:
    """Return one prediction for each input (N,): classes as indices of dtype int64, else finite numbers as float64.

    With `rows` the file has one prediction on each line, in the order of the inputs. With `ids` it has two columns, an
    id and a prediction, whose lines may stand in any order; what comes back is in the order of `ids`. A `header` has
    to be the first line. Raises UnusablePredictions for everything else, CourseError unless there is one of `rows` and
    `ids`.
    """
    _refuse_unclear(rows, ids)
    if rows is not None:
        return _read_lines(file, rows=rows, classes=classes, header=header)
    names = column_names(header) or ["id", "prediction"]
    if len(names) != 2:
        raise CourseError(f"The header `{header}` has {len(names)} names.", remedy="Write two, as `id,label`.")
    found = rows_by_id(file, names, _texts(ids), has_header=bool(header))
    known = indices_of(classes)
    values = [_cell_value(file.path, names[1], row, 1, known=known, classes=classes) for row in found]
    return torch.tensor(values, dtype=torch.int64 if classes else torch.float64)


def read_prediction_table(
    file: ArtifactFile,
    *,
    header: str,
    rows: int | None = None,
    ids: Sequence[object] = (),
    probabilities: bool = False,
) -> torch.Tensor:
    """Return a table of finite numbers (N, C) as float64, such as one probability for each class, or several targets.

    `header` names the columns, as `id,cat,dog`; a file may have them in any order. With `ids` the first of them is the
    id, and rows may stand in any order; with `rows` there is no such column. `probabilities` have to be from 0 to 1,
    each row's sum about 1. Raises UnusablePredictions for everything else, CourseError unless there is one of `rows`
    and `ids`.
    """
    _refuse_unclear(rows, ids)
    names = column_names(header)
    first = 0 if rows is not None else 1
    if len(names) <= first or len({name.casefold() for name in names}) < len(names):
        raise CourseError(f"The header `{header}` names no columns.", remedy="Write one as `id,cat,dog`.")
    if rows is not None:
        found = rows_in_order(file, names, has_header=True, rows=rows)
    else:
        found = rows_by_id(file, names, _texts(ids), has_header=True)
    wanted = range(first, len(names))
    values = [[_cell_value(file.path, names[at], row, at) for at in wanted] for row in found]
    table = torch.tensor(values, dtype=torch.float64).reshape(len(found), len(wanted))
    if probabilities:
        _refuse_improbable(file.path, table, found, names[first:])
    return table


def _refuse_unclear(rows: int | None, ids: Sequence[object]) -> None:
    if (rows is None) == (not len(ids)):
        raise CourseError("Predictions are read by `rows` or by `ids`.", remedy="Give one of the two.")
    if len(set(_texts(ids))) < len(ids):
        raise CourseError("Some of the `ids` are there twice.", remedy="Give each input an id of its own.")


def _texts(ids: Sequence[object]) -> list[str]:
    return [str(one) for one in ids]


def _cell_value(
    path: str, name: str, row: TableRow, place: int, *, known: Mapping[str, int] = {}, classes: Sequence[object] = ()
) -> int | float:
    """Return what one cell says. Raises UnusablePredictions where it is no prediction."""
    text = row.cells[place]
    value = value_of(text, known)
    if value is None:
        what = f"is `{shown(text)}`" if text else "is blank"
        raise UnusablePredictions(f"In line {row.line} of `{path}`, `{name}` {what}; {wanted_value(classes, text)}.")
    return value


def _refuse_improbable(path: str, table: torch.Tensor, found: Sequence[TableRow], names: Sequence[str]) -> None:
    """Raise UnusablePredictions for the first row (of N, C) that is no probabilities."""
    outside = (table < 0) | (table > 1)
    if outside.any():
        row, column = outside.nonzero()[0].tolist()
        raise UnusablePredictions(
            f"In line {found[row].line} of `{path}`, `{names[column]}` is {float(table[row, column]):g}; expected a "
            "probability from 0 to 1."
        )
    off = (table.sum(dim=1) - 1).abs() > _SUM_MAY_DIFFER
    if off.any():
        row = int(off.int().argmax())
        raise UnusablePredictions(
            f"The probabilities in line {found[row].line} of `{path}` sum up to {float(table[row].sum()):g}; expected "
            "1."
        )


def _read_lines(file: ArtifactFile, *, rows: int, classes: Sequence[object], header: str) -> torch.Tensor:
    """Return the predictions (rows,) of a file with one on each line."""
    text = text_of(file)
    text = text if "\n" in text else text.replace("\r", "\n")
    number = 1
    if header:
        first, _, text = text.partition("\n")
        _refuse_other_header(file.path, _unquoted(first), header)
        number = 2
    count = text.count("\n") + 1 if text else 0
    if not rows <= count <= rows + 1:  # one more may be a header; what is longer is not even split
        raise _other_length(file.path, count, rows)
    lines = [_unquoted(line) for line in text.split("\n")] if count else []
    known = indices_of(classes)
    values = [value_of(line, known) for line in lines]
    if len(lines) == rows + 1:
        if values[0] is None and None not in values[1:]:
            raise UnusablePredictions(
                f"Line {number} of `{file.path}` is `{shown(lines[0])}`; expected the first prediction. Leave out "
                "the header line."
            )
        raise _other_length(file.path, count, rows)
    unusable = [at for at, value in enumerate(values) if value is None]
    if unusable:
        raise UnusablePredictions(_explain_unusable(file.path, lines, unusable, classes=classes, first=number))
    return torch.tensor(values, dtype=torch.int64 if classes else torch.float64)


def _unquoted(line: str) -> str:
    line = line.strip()
    return line[1:-1].strip() if len(line) > 1 and line[0] == line[-1] == '"' else line


def _refuse_other_header(path: str, line: str, header: str) -> None:
    if line.casefold() != header.strip().casefold():
        raise UnusablePredictions(f"Line 1 of `{path}` is `{shown(line)}`; expected the header line `{header}`.")


def _other_length(path: str, count: int, rows: int) -> UnusablePredictions:
    return UnusablePredictions(
        f"`{path}` holds {count:,} predictions; expected {rows:,}, one on each line in the order of the inputs."
    )


def _explain_unusable(
    path: str, lines: Sequence[str], unusable: Sequence[int], *, classes: Sequence[object], first: int
) -> str:
    """Name the lines that are no prediction; `first` is the number of the first line of all."""
    line = lines[unusable[0]]
    if not line:
        what = "is blank"
    elif any(mark in line for mark in _SEPARATORS):
        what = f"is `{shown(line)}`, which has several columns"
    else:
        what = f"is `{shown(line)}`"
    count = f" ({len(unusable):,} of {len(lines):,} lines are none)" if len(unusable) > 1 else ""
    return f"Line {unusable[0] + first} of `{path}` {what}; {wanted_value(classes, line)}{count}."
