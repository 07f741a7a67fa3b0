"""Turn the bytes of a prediction file into text, and a stranger's words back into sentences.

`grader.datasets.prediction_files` and `grader.datasets.prediction_tables` read what is in the text.
"""

import codecs
import math
import re
from collections.abc import Mapping, Sequence

from grader.datasets.accuracy import UnusablePredictions
from grader.datasets.artifact_files import ArtifactFile

_MOST_NAMED = 5
_MOST_TEXT = 40
_LONGEST = 400  # letters of one value; what is longer is no number, and is not worth trying
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as UTF-16's does
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


def text_of(file: ArtifactFile) -> str:
    """Return a file as text without blank lines at its end; its first bytes may mark it as UTF-16, as Windows does.

    Raises UnusablePredictions for other encodings, and where nothing is left.
    """
    encoding = next((name for mark, name in _MARKS if file.content.startswith(mark)), "utf-8-sig")
    try:
        text = file.content.decode(encoding).rstrip()
    except UnicodeDecodeError as err:
        raise UnusablePredictions(
            f"`{file.path}` is not UTF-8 (byte {err.start}). Save it as CSV in UTF-8, as plain text."
        ) from err
    if not text:
        raise UnusablePredictions(f"`{file.path}` is empty; expected one prediction on each line.")
    return text


def value_of(text: str, known: Mapping[str, int]) -> int | float | None:
    """Return the index of a class of `known`, a finite number where there are none, None for what is neither."""
    if known:
        return known.get(text)
    try:
        value = float(text) if len(text) <= _LONGEST else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def indices_of(classes: Sequence[object]) -> dict[str, int]:
    """Return the place of each class by its text."""
    return {str(one): index for index, one in enumerate(classes)}


def wanted_value(classes: Sequence[object], text: str) -> str:
    """Say what was expected where `text` stands, with what to do about it if that shows."""
    if classes:
        return f"expected one of the classes {_listed(classes)}"
    point = ", with a decimal point" if _DECIMAL_COMMA.fullmatch(text) else ""
    return f"expected a finite number{point}"


def shown(text: str) -> str:
    """Return a stranger's text, short and printable."""
    short = "".join(letter if letter.isprintable() else "�" for letter in text[:_MOST_TEXT])
    return f"{short}…" if len(text) > _MOST_TEXT else short


def _listed(classes: Sequence[object]) -> str:
    texts = [f"`{one}`" for one in classes]
    return ", ".join(texts) if len(texts) <= 2 * _MOST_NAMED else f"{', '.join(texts[:_MOST_NAMED])}, … {texts[-1]}"
