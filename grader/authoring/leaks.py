"""Finds what a students' kit would give away: solutions, hidden checks, and what hints at either.

`grader.authoring.template` refuses to write a kit that leaks; `grader.commands.template` lists what it gives away.
"""

import ast
import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from grader.authoring.mistakes import may_be_edited
from grader.authoring.regions import Region, find_regions, has_marker
from grader.courses.assignment import Assignment, check_files, helper_files, is_hidden_file, probe_files
from grader.errors import CourseError
from grader.submissions.artifacts import without_artifacts
from grader.submissions.submission import KIT_FOLDER, read_reference

_WORD = re.compile(r"[a-z]+|[A-Z][a-z]*")
_SEPARATOR = re.compile(r"[^A-Za-z0-9]+")
_ALIKE = 0.72  # of the letters of `hidden`
_MANY_LINES = 3
_MANY_LETTERS = 80


def find_leaks(assignment: Assignment, plan: Mapping[str, bytes]) -> list[CourseError]:
    """Return why a kit may not be written: each error names what leaks, and what to do about it."""
    assert assignment.reference is not None, "kits are made of references"
    whole = read_reference(assignment.reference)
    reference = without_artifacts(whole, assignment)
    regions = list(_regions(reference, assignment))
    return [
        *_copied_artifacts(whole, plan, assignment),
        *_without_markers(reference, regions, assignment),
        *_misspelled(assignment),
        *_solutions_elsewhere(regions, plan, assignment),
    ]


def gifts_in(assignment: Assignment, plan: Mapping[str, bytes]) -> list[str]:
    """Return in sentences what a kit shows that an author may not expect it to."""
    whole = [path for path, content in plan.items() if _is_given_whole(path, content, assignment)]
    told = [f"{path}: students may change it, and get it whole, as the reference has it" for path in whole]
    hinting = sorted(_only_hidden_call(assignment))
    if hinting:
        names = ", ".join(f"`{name}`" for name in hinting)
        told.append(f"the probes {names}, which only hidden checks call, since all probes run beside students' code")
    return told


def _regions(reference: Mapping[str, bytes], assignment: Assignment) -> Iterator[tuple[str, list[str], Region]]:
    """Yield each solution region with its file and the file's lines; of a notebook, with its cell."""
    for path, content in reference.items():
        if may_be_edited(path, assignment.handed_in.editable):
            for name, text in _sources(path, content):
                lines = text.split("\n")
                for region in find_regions(lines, name=name) if has_marker(text) else ():
                    yield path, lines, region


def _sources(path: str, content: bytes) -> Iterator[tuple[str, str]]:
    """Yield the code of a file: as it is, or cell by cell."""
    text = content.decode("utf-8", "replace")
    if path.endswith(".ipynb"):
        for number, cell in enumerate(_cells(text), start=1):
            yield f"cell {number} of {path}", _joined(cell.get("source", ""))
    elif path.endswith(".py"):
        yield path, text


def _cells(text: str) -> list[dict[str, Any]]:
    try:
        cells = json.loads(text)["cells"]
    except (ValueError, KeyError, TypeError):
        return []
    return [cell for cell in cells if isinstance(cell, dict)] if isinstance(cells, list) else []


def _joined(source: object) -> str:
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def _without_markers(
    reference: Mapping[str, bytes], regions: list[tuple[str, list[str], Region]], assignment: Assignment
) -> Iterator[CourseError]:
    """Yield an error where nothing would be cut out of the reference."""
    editable = [path for path in reference if may_be_edited(path, assignment.handed_in.editable)]
    if editable and not regions:
        yield CourseError(
            f"reference/{assignment.slug} has no solution region, so the kit would hold the solution: "
            f"{', '.join(editable[:3])}.",
            remedy="Put `# <solution> What to do.` and `# </solution>` around what students write.",
        )


def _copied_artifacts(
    reference: Mapping[str, bytes], plan: Mapping[str, bytes], assignment: Assignment
) -> Iterator[CourseError]:
    """Yield an error for each file of the kit that is an artifact of the reference under another name."""
    for artifact in assignment.handed_in.artifacts:
        for path, content in plan.items():
            if content and content == reference.get(artifact.path):
                yield CourseError(
                    f"{path} of the kit is the reference's `{artifact.path}`, which students hand in.",
                    remedy="Take the copy out of the reference.",
                )


def _misspelled(assignment: Assignment) -> Iterator[CourseError]:
    """Yield an error for each file of checks, helpers or probes whose name all but says that it is hidden."""
    for file in (*check_files(assignment), *helper_files(assignment), *probe_files(assignment)):
        if not is_hidden_file(file) and any(map(_is_like_hidden, _words_of(file))):
            yield CourseError(
                f"{file.name} would be in the students' kit: only files whose names end in `_hidden.py` are kept back.",
                remedy="Rename it so that it ends in `_hidden.py`, or so that it does not speak of hiding.",
            )


def _words_of(file: Path) -> list[str]:
    parts = _SEPARATOR.split(file.stem)
    return [word.lower() for part in parts for word in (part, *_WORD.findall(part)) if word]


def _is_like_hidden(word: str) -> bool:
    return difflib.SequenceMatcher(None, word, "hidden").ratio() >= _ALIKE


def _solutions_elsewhere(
    regions: Iterable[tuple[str, list[str], Region]], plan: Mapping[str, bytes], assignment: Assignment
) -> Iterator[CourseError]:
    """Yield an error for each solution region whose code stands in some file of the kit."""
    kit = {path: _code_of(_text_of(path, content)) for path, content in plan.items()}
    for path, lines, region in regions:
        body = _code_of("\n".join(lines[region.start : region.end]), without=region.stub)
        if body.count("\n") < _MANY_LINES and len(body) < _MANY_LETTERS:
            continue
        for other, code in kit.items():
            if f"\n{body}\n" in f"\n{code}\n":
                yield CourseError(
                    f"{other} of the kit holds the solution of reference/{assignment.slug}/{path}, line "
                    f"{region.start + 1}.",
                    remedy="Take it out of that file, or keep the file from students.",
                )


def _text_of(path: str, content: bytes) -> str:
    """Return what a person can read in a file of the kit: of a notebook, its cells and their outputs."""
    text = content.decode("utf-8", "replace")
    if not path.endswith(".ipynb"):
        return text
    parts = [_joined(cell.get("source", "")) for cell in _cells(text)]
    parts += [_joined(output.get("text", "")) for cell in _cells(text) for output in cell.get("outputs", ())]
    return "\n".join(parts)


def _code_of(text: str, *, without: Iterable[str] = ()) -> str:
    """Return the lines of code, without comments, blank lines and what differs only in space."""
    stub = {" ".join(line.split()) for line in without}
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line and not line.startswith("#") and line not in stub)


def _is_given_whole(path: str, content: bytes, assignment: Assignment) -> bool:
    """Tell whether a student's file reaches them as it is, with code that defines something."""
    source = (assignment.reference / path) if assignment.reference is not None else Path(path)
    if path.startswith(KIT_FOLDER) or PurePosixPath(path).suffix != ".py" or not source.is_file():
        return False
    if not may_be_edited(path, assignment.handed_in.editable) or source.read_bytes() != content:
        return False
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError):
        return False
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for node in tree.body)


def _only_hidden_call(assignment: Assignment) -> set[str]:
    """Return the probes that hidden checks and helpers name, and public ones don't."""
    named: dict[bool, set[str]] = {True: set(), False: set()}
    for file in (*check_files(assignment), *helper_files(assignment)):
        try:
            tree = ast.parse(file.read_bytes())
        except (SyntaxError, ValueError):
            continue
        texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
        named[is_hidden_file(file)] |= {text for text in texts if isinstance(text, str)}
    defined = {
        node.name
        for file in probe_files(assignment)
        for node in ast.walk(ast.parse(file.read_bytes()))
        if isinstance(node, ast.FunctionDef) and node.decorator_list
    }
    return (named[True] - named[False]) & defined
