"""Read Python that is newer than the one that runs: what means the same in older words is written in them.

What can't be is blanked and named with the version that it needs, one statement each; the rest of the text stays, line
by line. `grader.notebooks.cell_source` asks for it where a cell is not valid Python here, and
`grader.sandbox.inside.student_files` where a file isn't.

Why: docs/decisions.md#newer-python-in-older-words
"""

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import decode_source

from grader.notebooks.string_groups import Field, Layout, Literal, UnreadableText, read_layout

_FLAGS = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
_EXCEPT = re.compile(r"except\*?[ \t]+(?P<types>[^:#\n'\"\\]*,[^:#\n'\"\\]*)[ \t]*:")
_GENERIC = re.compile(r"(?:(?:async[ \t]+)?def|class)[ \t]+\w+[ \t]*(?=\[)")
_TYPE = re.compile(r"type[ \t]+(?P<name>\w+)[ \t]*(?=\[|=[^=])")
_BRACES = re.compile(r"\\N\{[^}]*\}|[{}]")
_MOST_TEXT = 1 << 20
NEEDS = "it needs Python"
GRADES = f"{sys.version_info[0]}.{sys.version_info[1]}"


@dataclass(frozen=True, slots=True)
class NewerStatement:
    """Hold a top-level statement that this Python can't read: `node` says where it stands and which names it binds.

    `needs` is the first version that can: "3.12".
    """

    node: ast.stmt
    needs: str

    @property
    def line(self) -> int:
        """Return its first line, decorators included."""
        decorators: list[ast.expr] = getattr(self.node, "decorator_list", [])
        return min([self.node.lineno, *(one.lineno for one in decorators)])

    @property
    def why(self) -> str:
        """Say why it can't be run."""
        return f"{NEEDS} {self.needs}, and Python {GRADES} grades"


@dataclass(frozen=True, slots=True)
class OlderText:
    """Hold a text that this Python reads, with as many lines as before, and the statements that are blank in it."""

    text: str
    lost: tuple[NewerStatement, ...] = ()


@dataclass(frozen=True, slots=True)
class _Edit:
    """Put `text` in place of a part of the source; where it does not mean the same, `needs` is the version it needs."""

    start: int
    end: int
    text: str
    needs: str = ""


def in_older_words(text: str) -> OlderText | None:
    """Return a text in words that this Python knows; None where it is no Python of any version that we know."""
    if len(text) > _MOST_TEXT:
        return None
    try:
        edits = sorted(_edits(text), key=lambda edit: edit.start)
        if not edits:
            return None
        edited, places = _apply(text, edits)
        tree = compile(edited, "<older>", "exec", _FLAGS, dont_inherit=True)
        lost = tuple(_lost(tree, places)) if isinstance(tree, ast.Module) else ()
        blanked = _without(edited, lost)
        compile(blanked, "<older>", "exec", _FLAGS, dont_inherit=True)
    except (UnreadableText, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return OlderText(blanked, lost)


def readable(source: bytes) -> bytes:
    """Return a file's source as this Python can parse it; unchanged where it can't be made so."""
    try:
        ast.parse(source)
    except SyntaxError:
        older = older_file(source)
        return older.text.encode() if older is not None else source
    except (ValueError, RecursionError, MemoryError):
        return source
    return source


def older_file(source: bytes) -> OlderText | None:
    """Return a file's text in words that this Python knows; None where it is no Python, or no text."""
    try:
        return in_older_words(decode_source(source))
    except (SyntaxError, UnicodeDecodeError):  # of an encoding that is not known, or not kept to
        return None


def _edits(text: str) -> Iterator[_Edit]:
    layout = read_layout(text)
    for group in layout.groups:
        source = text[group[0].start : group[-1].end]
        if any(one.fields or one.is_template for one in group) and not _is_valid(f"({source})"):
            yield _rewritten(text, group)
    yield from _edits_of_lines(text, layout)


def _edits_of_lines(text: str, layout: Layout) -> Iterator[_Edit]:
    for start in layout.line_starts:
        if found := _EXCEPT.match(text, start):
            if not _is_valid(f"try: pass\n{found[0]} pass") and _is_valid(f"({found['types']})"):
                yield _Edit(found.start("types"), found.end("types"), f"({found['types'].rstrip()})")
        elif found := _GENERIC.match(text, start):
            yield from _type_parameters(text, found.end())
        elif (found := _TYPE.match(text, start)) and not _is_valid("type X = int"):
            end = _after_bracket(text, found.end())
            yield _Edit(start, end, found["name"] + "\n" * text.count("\n", start, end), "3.12")


def _type_parameters(text: str, start: int) -> Iterator[_Edit]:
    end = _after_bracket(text, start)
    parameters = text[start:end]
    if not _is_valid(f"def f{parameters}(): pass"):
        needs = "3.13" if re.search(r"(?<![=!<>:])=(?!=)", parameters) else "3.12"
        yield _Edit(start, end, "" if "\n" not in parameters else "\\\n" * parameters.count("\n"), needs)


def _after_bracket(text: str, start: int) -> int:
    """Return the offset behind the bracket that opens at `start`, `start` itself where none does."""
    depth = 0
    for at in range(start, len(text)):
        depth += (text[at] in "([{") - (text[at] in ")]}")
        if depth == 0:
            return at + 1 if at > start else start
    raise UnreadableText("a bracket is never closed")


def _is_valid(text: str) -> bool:
    try:
        compile(text, "<part>", "exec", _FLAGS, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _rewritten(text: str, group: Sequence[Literal]) -> _Edit:
    """Return a group of literals as one call of `str.format`, which means the same, where it can be said so."""
    start, end = group[0].start, group[-1].end
    needs = "3.14" if any(one.is_template for one in group) else "3.12"
    arguments: list[str] = []
    pieces: list[str] = []
    before = start
    try:
        for literal in group:
            pieces += [text[before : literal.start], _template(literal, arguments)]
            before = literal.end
    except _NoOlderWords:
        return _Edit(start, end, "(0" + "\n" * text.count("\n", start, end) + ")", needs)
    return _Edit(start, end, f"({''.join(pieces)}.format({', '.join(arguments)}))")


class _NoOlderWords(Exception):
    """Say that older Pythons have no way to say it."""


def _template(literal: Literal, arguments: list[str]) -> str:
    """Return a literal as a template of `str.format`, and add what its fields hold to the `arguments`."""
    if literal.is_template:
        raise _NoOlderWords
    inside = literal.parts[0]
    if literal.is_formatted:
        for one, following in zip(literal.fields, literal.parts[1:], strict=True):
            inside += _placeholder(one, arguments) + following
    else:
        inside = _BRACES.sub(lambda found: found[0] if len(found[0]) > 1 else 2 * found[0], inside)
    return f"{literal.prefix.replace('f', '')}{literal.quote}{inside}{literal.quote}"


def _placeholder(one: Field, arguments: list[str], *, is_inner: bool = False) -> str:
    shown = ""
    if one.shown:
        arguments.append(repr(one.shown))
        shown = "{}"
    arguments.append(f"({_expression(one.expression)})")
    conversion = one.conversion or ("!r" if one.shown and not one.format_parts else "")
    if not one.format_parts:
        return f"{shown}{{{conversion}}}"
    if is_inner and one.inner:  # `str.format` has one level of formats inside formats
        raise _NoOlderWords
    spec = one.format_parts[0]
    for inner, following in zip(one.inner, one.format_parts[1:], strict=True):
        spec += _placeholder(inner, arguments, is_inner=True) + following
    return f"{shown}{{{conversion}:{spec}}}"


def _expression(text: str) -> str:
    """Return a field's expression in older words."""
    edits = [
        _rewritten(text, group)
        for group in read_layout(text).groups
        if not _is_valid(f"({text[group[0].start : group[-1].end]})")
    ]
    if any(edit.needs for edit in edits):
        raise _NoOlderWords
    return _apply(text, edits)[0]


def _apply(text: str, edits: Sequence[_Edit]) -> tuple[str, list[tuple[int, int, str]]]:
    """Return the text with all edits, and (first line, last line, version) of those that do not mean the same."""
    pieces: list[str] = []
    places: list[tuple[int, int, str]] = []
    at = 0
    for edit in edits:
        pieces += [text[at : edit.start], edit.text]
        at = edit.end
        if edit.needs:
            first = text.count("\n", 0, edit.start) + 1
            places.append((first, first + text.count("\n", edit.start, edit.end), edit.needs))
    return "".join([*pieces, text[at:]]), places


def _lost(tree: ast.Module, places: Sequence[tuple[int, int, str]]) -> Iterator[NewerStatement]:
    """Yield the top-level statements to which a place belongs."""
    for node in tree.body:
        one = NewerStatement(node, "")
        needs = [
            version for first, last, version in places if one.line <= last and first <= (node.end_lineno or node.lineno)
        ]
        if needs:
            yield NewerStatement(node, max(needs))


def _without(text: str, lost: Sequence[NewerStatement]) -> str:
    """Return the text with the lines of some statements left blank."""
    lines = text.split("\n")
    for one in lost:
        for number in range(one.line, (one.node.end_lineno or one.line) + 1):
            lines[number - 1] = ""
    return "\n".join(lines)
