"""Find the string literals of Python of any version, with the fields of f-strings and all that is nested in them.

`grader.notebooks.newer_python` writes those again that an older Python can't read. One pass over the text; what is no
Python raises `UnreadableText`.
"""

import re
from dataclasses import dataclass, field

_STRING = re.compile(r"(?P<prefix>[A-Za-z]{0,2})(?P<quote>\"{3}|'{3}|\"|')")
_NAME = re.compile(r"\w+")
_BETWEEN = re.compile(r"(?:[ \t\f]|\\\r?\n)*")
_BETWEEN_LINES = re.compile(r"(?:\s|\\\r?\n|\#[^\n]*)*")
_PREFIXES = frozenset({"", "r", "u", "b", "f", "t", "rb", "br", "rf", "fr", "rt", "tr"})
_SHOWN = re.compile(r"(?<![=!<>:])=\s*\Z")
_DEEPEST = 50
_OPENING, _CLOSING = "([{", ")]}"


class UnreadableText(ValueError):
    """Say that a text is no Python of any version."""


@dataclass(slots=True)
class Field:
    """Hold a field of an f-string: its expression, conversion (`!r`), and its format as texts with fields between.

    `format_parts` is empty where there is no format. `shown` is what a field of the kind `{x = }` prints first.
    """

    expression: str
    shown: str = ""
    conversion: str = ""
    format_parts: list[str] = field(default_factory=list)
    inner: "list[Field]" = field(default_factory=list)


@dataclass(slots=True)
class Literal:
    """Hold one string literal: `parts` are its text as it is written, and between them its fields."""

    start: int
    end: int
    prefix: str
    quote: str
    parts: list[str] = field(default_factory=list)
    fields: list[Field] = field(default_factory=list)

    @property
    def is_formatted(self) -> bool:
        """Tell whether it is an f-string."""
        return "f" in self.prefix

    @property
    def is_template(self) -> bool:
        """Tell whether it is a t-string."""
        return "t" in self.prefix


@dataclass(frozen=True, slots=True)
class Layout:
    """Hold the groups of adjacent literals that make one string, and the offsets where logical lines begin."""

    groups: list[list[Literal]]
    line_starts: list[int]


def read_layout(text: str) -> Layout:
    """Return where a text's strings and logical lines are. Raises UnreadableText."""
    reader = _Reader(text)
    reader.code(0, depth=0, in_field=False)
    return Layout(reader.groups, reader.line_starts)


class _Reader:
    """Read a text from left to right; every method takes an offset and returns the one behind what it has read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.groups: list[list[Literal]] = []
        self.line_starts: list[int] = []
        self._nested = 0

    def code(self, at: int, *, depth: int, in_field: bool) -> int:
        """Read code to its end, in a field to the `}`, `!` or `:` that ends the expression."""
        text, is_line_start = self.text, not in_field
        while at < len(text):
            letter = text[at]
            if is_line_start and letter not in " \t\f\r\n#\\":
                self.line_starts.append(at)
                is_line_start = False
            if in_field and depth == 0 and (letter in "}:" or (letter == "!" and text[at + 1 : at + 2] != "=")):
                return at
            string = _STRING.match(text, at)
            name = _NAME.match(text, at)
            if string and string["prefix"].lower() in _PREFIXES:
                at = self._group(at, string, depth=depth, in_field=in_field)
            elif name:
                at = name.end()
            elif letter == "#":
                at = self._line_end(at)
            elif letter == "\\":
                at += 3 if text.startswith("\r\n", at + 1) else 2
            else:
                depth += (letter in _OPENING) - (letter in _CLOSING)
                if depth < 0:
                    raise UnreadableText("a bracket closes that was never opened")
                is_line_start |= letter in "\n;" and depth == 0 and not in_field
                at += 1
        if in_field or depth:
            raise UnreadableText("a bracket is never closed")
        return at

    def _line_end(self, at: int) -> int:
        end = self.text.find("\n", at)
        return len(self.text) if end < 0 else end

    def _group(self, at: int, found: re.Match[str], *, depth: int, in_field: bool) -> int:
        """Read literals that follow each other: outside of brackets they stand on one line."""
        between = _BETWEEN_LINES if depth or in_field else _BETWEEN
        group: list[Literal] = []
        match: re.Match[str] | None = found
        while match is not None and match["prefix"].lower() in _PREFIXES:
            literal = self._literal(match)
            group.append(literal)
            at = literal.end
            gap = between.match(self.text, at)
            match = _STRING.match(self.text, gap.end() if gap else at)
        if not in_field and not self._nested:
            self.groups.append(group)
        return at

    def _literal(self, found: re.Match[str]) -> Literal:
        literal = Literal(found.start(), 0, found["prefix"].lower(), found["quote"])
        at = self._pieces(found.end(), literal, quote=literal.quote, parts=literal.parts, fields=literal.fields)
        literal.end = at + len(literal.quote)
        return literal

    def _pieces(self, at: int, literal: Literal, *, quote: str, parts: list[str], fields: list[Field]) -> int:
        """Read text and fields up to `quote`, or of a field's format up to the `}` where `quote` is empty."""
        text, start = self.text, at
        has_fields = literal.is_formatted or literal.is_template
        while True:
            letter = text[at : at + 1]
            if not letter or (letter == "\n" and len(literal.quote) == 1):
                raise UnreadableText("a string is never closed")
            if (quote and text.startswith(quote, at)) or (not quote and letter == "}"):
                parts.append(text[start:at])
                return at
            if letter == "\\":
                at = self._escape(at, literal)
            elif has_fields and quote and text[at : at + 2] in ("{{", "}}"):
                at += 2
            elif has_fields and letter == "{":
                parts.append(text[start:at])
                at = start = self._field(at + 1, literal, fields)
            else:
                at += 1

    def _escape(self, at: int, literal: Literal) -> int:
        has_fields = literal.is_formatted or literal.is_template
        if has_fields and self.text.startswith("\\N{", at) and "r" not in literal.prefix:
            end = self.text.find("}", at)
            return end + 1 if end > 0 else at + 2
        return at + (1 if has_fields and self.text[at + 1 : at + 2] in ("{", "}") else 2)

    def _field(self, at: int, literal: Literal, fields: list[Field]) -> int:
        if self._nested >= _DEEPEST:
            raise UnreadableText("strings are nested too deeply")
        self._nested += 1
        end = self.code(at, depth=0, in_field=True)
        expression = self.text[at:end]
        is_shown = _SHOWN.search(expression) is not None
        one = Field(_SHOWN.sub("", expression), shown=expression if is_shown else "")
        at = end
        if self.text[at] == "!":
            one.conversion = self.text[at : at + 2]
            at = _skip_blanks(self.text, at + 2)
        if self.text[at : at + 1] == ":":
            at = self._pieces(at + 1, literal, quote="", parts=one.format_parts, fields=one.inner)
        if self.text[at : at + 1] != "}":
            raise UnreadableText("a field of an f-string is never closed")
        self._nested -= 1
        fields.append(one)
        return at + 1


def _skip_blanks(text: str, at: int) -> int:
    while text[at : at + 1].isspace():
        at += 1
    return at
