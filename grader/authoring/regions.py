"""Cut the solution regions out of reference code and leave stubs in their place.

    # <solution> What to do, in one sentence.
    # Further comment lines directly below are part of the instruction.
    #| answer = None          (optional: lines to leave instead of `raise NotImplementedError`)
    … the solution …
    # </solution>

`grader.authoring.template` writes the files that come out; everything outside the regions is kept byte for byte.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.errors import CourseError

_OPENING = re.compile(r"(?P<indent>[ \t]*)# <solution>(?P<text>.*)", re.DOTALL)
_CLOSING = re.compile(r"[ \t]*# </solution>\s*")
_COMMENT = re.compile(r"[ \t]*#(?!\|) ?(?P<text>.*)", re.DOTALL)
_STUB = re.compile(r"[ \t]*#\| ?(?P<code>.*)", re.DOTALL)
_MARKER = re.compile(r"<\s*/?\s*solution\b", re.IGNORECASE)
_FORMS = "A region opens with `# <solution> …` and closes with `# </solution>`, each on a line of its own."

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True)
class Region:
    """Hold one solution region: lines [start, end), counted from 0, the markers among them."""

    start: int
    end: int
    indent: str
    instruction: tuple[str, ...]
    stub: tuple[str, ...]


def has_marker(text: str) -> bool:
    """Say whether a text holds anything that looks like a marker of a solution region."""
    return bool(_MARKER.search(text))


def cut_regions(text: str, *, name: str, only: Region | None = None) -> str:
    """Return Python source with each region, or `only` one, replaced by its stub; raise CourseError naming the line."""
    lines = text.split("\n")
    regions = find_regions(lines, name=name)
    if only is not None:
        regions = [region for region in regions if region == only]
    if not regions:
        return text
    tree = _parse(text, name=name, what="The reference")
    kept: list[str] = []
    position = 0
    for region in regions:
        kept += lines[position : region.start]
        kept += _write_stub(region, _qualify(tree, region.start + 1), name=name, like=lines[region.start])
        position = region.end
    template = "\n".join(kept + lines[position:])
    _parse(template, name=name, what="The template")
    return template


def find_regions(lines: Sequence[str], *, name: str) -> list[Region]:
    """Find the regions in order; raise CourseError for unbalanced, nested and misspelt markers."""
    regions: list[Region] = []
    opened: int | None = None
    for number, line in enumerate(lines):
        if _OPENING.fullmatch(line):
            if opened is not None:
                raise _refuse(name, number, f"a region opens inside the one of line {opened + 1}")
            opened = number
        elif _CLOSING.fullmatch(line):
            if opened is None:
                raise _refuse(name, number, "a region closes that never opened")
            regions.append(_read_region(lines, opened, number + 1))
            opened = None
        elif has_marker(line):
            raise _refuse(name, number, f"`{line.strip()}` is not a marker of a region")
    if opened is not None:
        raise _refuse(name, opened, "a region opens that never closes")
    return regions


def _read_region(lines: Sequence[str], start: int, end: int) -> Region:
    opening = _OPENING.fullmatch(lines[start])
    assert opening is not None, "a region starts at its opening marker"
    instruction = [opening["text"].strip()]
    position = start + 1
    while (comment := _COMMENT.fullmatch(lines[position])) and position < end - 1:
        instruction.append(comment["text"].rstrip())
        position += 1
    stub = []
    while code := _STUB.fullmatch(lines[position]):
        stub.append(code["code"].rstrip())
        position += 1
    return Region(start, end, opening["indent"], tuple(instruction), tuple(stub))


def _write_stub(region: Region, qualified: str, *, name: str, like: str) -> Iterator[str]:
    ending = "\r" if like.endswith("\r") else ""
    if not region.stub and not qualified:
        raise CourseError(
            f"{name}, line {region.start + 1}: a region is in no function, so a raise would stop the import.",
            remedy="Say what to leave there in lines `#| answer = None` below the marker.",
        )
    body = region.stub or (f'raise NotImplementedError("{qualified}")',)
    first, *more = region.instruction
    comments = [f"# TODO: {first or 'Write this part.'}", *(f"#       {line}".rstrip() for line in more)]
    for line in (*comments, *body):
        yield (region.indent + line if line else "") + ending


def _qualify(tree: ast.Module, line: int) -> str:
    """Return the dotted name of the function around a line, or "" if there is none."""
    around = [*_descend(tree, line)]
    return ".".join(node.name for node in around) if around and not isinstance(around[-1], ast.ClassDef) else ""


def definition_around(tree: ast.Module, line: int) -> str:
    """Return the dotted name of the class or function around a line, "" at the top of the module."""
    return ".".join(node.name for node in _descend(tree, line))


def _descend(node: ast.AST, line: int) -> Iterator[Definition]:
    for child in ast.iter_child_nodes(node):
        if getattr(child, "lineno", line) <= line <= (getattr(child, "end_lineno", line) or line):
            if isinstance(child, Definition):
                yield child
            yield from _descend(child, line)


def _parse(text: str, *, name: str, what: str) -> ast.Module:
    try:
        return ast.parse(_hide_magics(text.encode()) if name.endswith(".ipynb") else text.encode())
    except (SyntaxError, ValueError) as err:
        line = getattr(err, "lineno", None) or 1
        raise CourseError(
            f"{name}: {what.lower()} does not parse at line {line}: {err}.",
            remedy="A region holds whole statements, with its markers at their indentation.",
        ) from err


def _hide_magics(source: bytes) -> bytes:
    """Replace a notebook's `%magic` and `!command` lines, which are no Python, by `pass`."""
    return re.sub(rb"(?m)^([ \t]*)[%!?].*$", rb"\1pass", source)


def _refuse(name: str, number: int, problem: str) -> CourseError:
    return CourseError(f"{name}, line {number + 1}: {problem}.", remedy=_FORMS)
