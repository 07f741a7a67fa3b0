"""Makes text fit for a cell of a CSV file that people open in a spreadsheet.

Every CSV file that is written, such as that of `grader.export.grades_csv`, gets its texts from here.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence

from grader.results.plain_text import visible_line

# What makes a spreadsheet read a cell as a formula (OWASP, "CSV Injection"), full-width forms included.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_HARMLESS = re.compile(r"-|[+-]?\d+([.,]\d+)*\s?%?")


def text_cell(text: str) -> str:
    """Return `text` on one line, in a form that no spreadsheet takes for a formula."""
    return f"'{visible_line(text)}" if _is_formula(text) else visible_line(text)


def kept_cell(text: str) -> str:
    """Return a cell of somebody else's file as it is, with a `'` before it where it would be a formula.

    A number or a lone dash is not a formula.
    """
    return f"'{text}" if _is_formula(text) and not _HARMLESS.fullmatch(text) else text


def csv_text(rows: Iterable[Sequence[str]], *, delimiter: str = ",") -> str:
    """Return rows of ready cells as CSV."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _is_formula(text: str) -> bool:
    return text.startswith(_FORMULA_STARTS) or text.lstrip().startswith(_FORMULA_STARTS)
