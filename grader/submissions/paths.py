"""Paths and names that strangers chose: judged before use, made fit to print.

`grader.submissions.archives` and `grader.submissions.folders` judge every path here before a byte is read.
"""

import re
import unicodedata
from collections.abc import Iterable

_DRIVE = re.compile(r"[A-Za-z]:")
_DIRECTION_MARKS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})


def printable(name: str) -> str:
    """Replace what would break a line, a terminal or the reading direction by `�`."""
    return "".join("�" if _is_unprintable(letter) else letter for letter in name)


def _is_unprintable(letter: str) -> bool:
    return letter in _DIRECTION_MARKS or unicodedata.category(letter) in _UNPRINTABLE


def list_names(names: Iterable[str], *, most: int = 5) -> str:
    """Return the names in backticks, sorted, the first `most` and then a count."""
    ordered = sorted(set(names))
    shown = ", ".join(f"`{printable(name)}`" for name in ordered[:most])
    return f"{shown} and {len(ordered) - most} more" if len(ordered) > most else shown


def normalise(path: str) -> str:
    """Drop empty and `.` parts, so that `./hw2//layers.py` is `hw2/layers.py`."""
    return "/".join(part for part in path.split("/") if part not in {"", "."})


def find_path_fault(path: str) -> str:
    """Return why a path of an archive may lead out of its folder, or "" if it can't."""
    if "\0" in path:
        return "has a NUL character in its name"
    if "\\" in path:
        return "has a backslash in its name"
    if path.startswith("/"):
        return "is an absolute path"
    if any(_DRIVE.match(part) for part in path.split("/")):
        return "names a drive"
    if ".." in path.split("/"):
        return "leads out of the archive by `..`"
    return ""


def is_utf8(path: str) -> bool:
    """Say whether a name can be written as UTF-8, which every later step relies on."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
