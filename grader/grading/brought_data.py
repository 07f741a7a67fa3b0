"""Find data that a submission brings along: packed texts and long lists of numbers in its source, and files of data.

`grader.grading.grade` flags them for the instructor: whoever brings labels along can look up what a training should
learn. It costs no points, for saved weights and tables may be honest.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from grader.courses.assignment import Assignment
from grader.notebooks.document import CellKind, read_stripped

_MOST_READ = 4_000_000
_LONG = 120
_MOST_PACKED = 4_000
_FEWEST_KINDS = 16
_MOST_NUMBERS = 500
_MOST_IN_A_FILE = 2_000
_MOST_TOLD = 5
_WORD = re.compile(r"[^\s\"',\[\]]{120,}")
_NUMBER = re.compile(r"(?<![\d.eE+-])[-+]?\d[\d.eE+-]*[\s\[\]()]*,[\s\[\]()]*")
_OF_DATA = frozenset(
    f".{suffix}"
    for suffix in (
        "npy", "npz", "pt", "pth", "ckpt", "pkl", "pickle", "bin", "dat", "csv", "tsv", "gz", "bz2", "xz", "zip", "tar",
        "parquet", "h5", "hdf5", "mat", "safetensors", "onnx", "joblib", "arrow", "feather", "sqlite", "db",
    )
)  # fmt: skip


def find_brought_data(files: Mapping[str, bytes], assignment: Assignment) -> tuple[str, ...]:
    """Return a sentence for each file of a submission, not the course's own, that is data or holds much of it."""
    flags = [*_in_sources(files), *_in_files(files, assignment)]
    more = len(flags) - _MOST_TOLD
    return (*flags[:_MOST_TOLD], *([f"{more} more of its files are data or hold data."] if more > 0 else ()))


def _in_sources(files: Mapping[str, bytes]) -> Iterator[str]:
    for path, content in files.items():
        code = _code_of(path, content)
        packed, numbers = _packed(code), _longest_list(code)
        if packed > _MOST_PACKED:
            yield f"`{path}` holds {packed / 1000:.0f} kB of text that looks like packed data. Look at what it is for."
        if numbers > _MOST_NUMBERS:
            yield f"`{path}` holds a list of {numbers} numbers. Look at what it is for."


def _in_files(files: Mapping[str, bytes], assignment: Assignment) -> Iterator[str]:
    asked_for = {artifact.path for artifact in assignment.handed_in.artifacts}
    for path, content in files.items():
        is_ours = assignment.reference is not None and (assignment.reference / path).is_file()
        if (
            not is_ours
            and path not in asked_for
            and PurePosixPath(path).suffix.lower() in _OF_DATA
            and len(content) > _MOST_IN_A_FILE
        ):
            kb = len(content) / 1000
            yield f"`{path}` is a file of data ({kb:.0f} kB), which its code can read. Look at what it is for."


def _code_of(path: str, content: bytes) -> str:
    """Return the Python of a file, "" where it holds none."""
    if path.endswith(".py"):
        return content[:_MOST_READ].decode("utf-8", "replace")
    if not path.endswith(".ipynb"):
        return ""
    try:
        cells = read_stripped(content)
    except (ValueError, KeyError, TypeError):  # another notebook than the one that is graded, as it was handed in
        return ""
    return "\n".join(cell.source for cell in cells if cell.kind is CellKind.CODE)[:_MOST_READ]


def _packed(code: str) -> int:
    """Return how many characters stand in words that are too long and too varied to be read."""
    words = _WORD.findall(code)
    return sum(len(word) for word in words if len(set(word[: 10 * _LONG])) >= _FEWEST_KINDS)


def _longest_list(code: str) -> int:
    """Return how many numbers follow each other, with nothing but commas and brackets between them, at the most."""
    longest = count = end = 0
    for match in _NUMBER.finditer(code):
        count = count + 1 if match.start() == end else 1
        longest, end = max(longest, count), match.end()
    return longest
