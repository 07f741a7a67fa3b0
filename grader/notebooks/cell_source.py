"""Turn a cell as a notebook knows it into Python: magics, shell lines and help requests out, line numbers kept.

`grader.sandbox.inside.definitions` compiles what comes out. Our own, since a grading machine need not have IPython and
the same notebook has to give the same module everywhere.

Why: docs/decisions.md#own-cell-transformation
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from grader.notebooks.magic_effects import captured, in_python
from grader.notebooks.newer_python import NewerStatement, in_older_words

TOP_LEVEL_AWAIT = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
_PYTHON_CELLS = frozenset({"time", "timeit", "capture", "prun", "python", "python3", "py", "check"})
_RUN_THE_REST = re.compile(r"([ \t]*)%(?:time|timeit|prun)\b(?:[ \t]+-\S+(?:[ \t]+\d+)?)*[ \t]+(.+)")
_LINE = re.compile(r"[ \t]*(?:%{1,2}[A-Za-z_]|!|\?{1,2}\w)")
_ASSIGNED = re.compile(r"([ \t]*)(?P<names>[A-Za-z_][\w., \t]*=)[ \t]*(?:!|%{1,2}[A-Za-z_])")
_HELP = re.compile(r"[ \t]*%{0,2}[\w.*\[\]'\"]+\?{1,2}[ \t]*")
_WRITES = re.compile(
    r"%%(?:writefile|file)[ \t]+(?P<append>(?:-a|--append)[ \t]+)?(?P<quote>[\"']?)(?P<name>[\w./-]+)(?P=quote)[ \t]*"
)
_INDENT = re.compile(r"[ \t]*")


@dataclass(frozen=True, slots=True)
class CellSource:
    """Hold a cell's Python, with as many lines as the cell; `left_out` are (line, text) that were no Python.

    `written` is the name and text of the file that a `%%writefile` cell makes, or adds to if it `appends`. `lost` are
    the statements, blank in `python`, that are newer than the Python that runs.
    """

    python: str
    left_out: tuple[tuple[int, str], ...] = ()
    written: tuple[str, str] | None = None
    lost: tuple[NewerStatement, ...] = ()
    appends: bool = False


def to_python(source: str) -> CellSource:
    """Return a cell's Python: what IPython would run, without magics and shell commands, in words that run here."""
    lines = source.split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    head = lines[first].strip()
    if head.startswith("%%") and head[2:3].isalpha():
        return _read_cell_magic(lines, first)
    dedented = _dedent(lines, first)
    if _parses("\n".join(dedented)):
        return CellSource("\n".join(dedented))
    older = in_older_words("\n".join(dedented))
    if older is not None:
        return CellSource(older.text, lost=older.lost)
    taken_out = _take_out_magics(dedented)
    older = None if _parses(taken_out.python) else in_older_words(taken_out.python)
    return replace(taken_out, python=older.text, lost=older.lost) if older is not None else taken_out


def _read_cell_magic(lines: list[str], first: int) -> CellSource:
    head, body = lines[first].strip(), lines[first + 1 :]
    name = head[2:].split(maxsplit=1)[0]
    if name in _PYTHON_CELLS:
        inner = to_python("\n".join([""] * (first + 1) + body))
        rows = inner.python.split("\n")
        rows[first] = captured(head)
        return replace(inner, python="\n".join(rows), written=None)
    writes = _WRITES.fullmatch(head)
    written = (writes["name"], "\n".join(body) + "\n") if writes else None
    appends = bool(writes and writes["append"])
    return CellSource("\n" * (len(lines) - 1), ((first + 1, head),), written, appends=appends)


def _dedent(lines: list[str], first: int) -> list[str]:
    """Take the first line's indentation off every line that has it, as IPython does for a pasted cell."""
    indent = _match(_INDENT, lines[first])
    return [line.removeprefix(indent) for line in lines] if indent else lines


def _match(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.match(text)
    return found[0] if found else ""


def _parses(text: str) -> bool:
    try:
        compile(text, "<cell>", "exec", ast.PyCF_ONLY_AST | TOP_LEVEL_AWAIT, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _take_out_magics(lines: list[str]) -> CellSource:
    """Replace lines that only IPython understands by what they do in Python, where a statement can begin."""
    scanner = _Scanner()
    python: list[str] = []
    left_out: list[tuple[int, str]] = []
    continued = False
    for number, line in enumerate(lines, start=1):
        if continued or (scanner.at_statement and _is_no_python(line)):
            rest = None if continued else _RUN_THE_REST.fullmatch(line)
            if rest:
                python.append(rest[1] + rest[2])
                scanner.read(python[-1])
                continue
            effect = "" if continued else "pass" if line.endswith("\\") else in_python(line.strip())
            if effect in ("", "pass"):
                left_out.append((number, line.strip()))
            python.append(_match(_INDENT, line) + effect if effect else "")
            continued = line.endswith("\\")
        else:
            python.append(line)
            scanner.read(line)
    return CellSource("\n".join(python), tuple(left_out))


def statement_begins(lines: Sequence[str]) -> Iterator[bool]:
    """Yield for each line whether a statement can begin there: not inside brackets, strings or joined lines."""
    scanner = _Scanner()
    for line in lines:
        yield scanner.at_statement
        scanner.read(line)


def _is_no_python(line: str) -> bool:
    return bool(_LINE.match(line) or _ASSIGNED.match(line) or _HELP.fullmatch(line))


class _Scanner:
    """Follow brackets, strings and backslashes from line to line, to tell where a statement can begin."""

    def __init__(self) -> None:
        self._depth = 0
        self._quote = ""
        self._joined = False

    @property
    def at_statement(self) -> bool:
        """Tell whether the next line begins a statement."""
        return not (self._depth or self._quote or self._joined)

    def read(self, line: str) -> None:
        """Take in one line."""
        position = 0
        self._joined = False
        while position < len(line):
            position = self._read_string(line, position) if self._quote else self._read_code(line, position)
        if len(self._quote) == 1 and not self._joined:
            self._quote = ""  # a string of one line that never closes: the cell is no Python anyway

    def _read_string(self, line: str, position: int) -> int:
        if line[position] == "\\":
            self._joined = position + 1 == len(line)
            return position + 2
        if line.startswith(self._quote, position):
            position += len(self._quote)
            self._quote = ""
            return position
        return position + 1

    def _read_code(self, line: str, position: int) -> int:
        letter = line[position]
        if letter == "#":
            return len(line)
        if letter in "\"'":
            self._quote = letter * 3 if line.startswith(letter * 3, position) else letter
            return position + len(self._quote)
        if letter in "([{":
            self._depth += 1
        elif letter in ")]}":
            self._depth = max(0, self._depth - 1)
        elif letter == "\\" and position + 1 == len(line):
            self._joined = True
        return position + 1
