"""Put the reference's definitions in place of a student's, so that what builds on them can be judged.

`grader.grading.carrying` grades what comes out, in a sandbox of its own; `grader.grading.sound_cells` does the same in
the cells of a notebook.
"""

import ast
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from grader.notebooks.newer_python import readable


@dataclass(frozen=True, slots=True)
class ModuleText:
    """Hold a module's lines, and the statements at its top that bind each name, the last one of a name last."""

    lines: list[str]
    bound: Mapping[str, ast.stmt]

    def text_of(self, node: ast.stmt) -> list[str]:
        """Return the lines of a statement, decorators included."""
        return self.lines[first_line(node) - 1 : node.end_lineno]


def with_sound_parts(
    files: Mapping[str, bytes], reference: Mapping[str, bytes], *, parts: Collection[str], own: Collection[str] = ()
) -> dict[str, bytes] | None:
    """Return a package's files with the reference's classes and functions of these dotted names in place of its own.

    What they use of the reference's own module, and the student's lacks, comes along. A part that was not handed in at
    all is added to the end of its file. None where a part's name stands for something else than a class or function
    at the top of its file, a file can't be parsed, or one of the parts `own` to the judged task would come along: then
    nothing is put in place.
    """
    changed = dict(files)
    for part in parts:
        module, _, name = part.rpartition(".")
        path = find_module(module, reference)
        theirs, ours = _read(changed.get(path, b"")), _read(reference.get(path, b""))
        kept = {one.rpartition(".")[2] for one in own if one.rpartition(".")[0] == module}
        text = _replaced(theirs, ours, name, own=kept) if theirs is not None and ours is not None else None
        if text is None:
            return None
        changed[path] = text
    return changed


def find_module(module: str, files: Collection[str]) -> str:
    """Return the path of a module among these files, "" where it isn't there."""
    path = module.replace(".", "/")
    return next((one for one in (f"{path}.py", f"{path}/__init__.py") if one in files), "")


def _replaced(theirs: ModuleText, ours: ModuleText, name: str, *, own: Collection[str]) -> bytes | None:
    old, new = theirs.bound.get(name), definition_of(name, ours, known=theirs.bound, own=own)
    if not isinstance(old, ast.ClassDef | ast.FunctionDef | None) or new is None:
        return None
    start, end = (len(theirs.lines), len(theirs.lines)) if old is None else (first_line(old) - 1, old.end_lineno)
    return "\n".join([*theirs.lines[:start], *new, *theirs.lines[end:]]).encode() + b"\n"


def definition_of(
    name: str, ours: ModuleText, *, known: Collection[str], own: Collection[str] = ()
) -> list[str] | None:
    """Return the lines that define a name as the reference does, behind all that they use and that is not `known`.

    None where the reference doesn't define it, or one of the names of `own` would come along.
    """
    node = ours.bound.get(name)
    if node is None:
        return None
    needed = list(_needed(node, ours, known))
    if {bound for one in needed for bound in bound_by(one)} & {*own}:
        return None
    return [line for one in (*needed, node) for line in ours.text_of(one)]


def _needed(node: ast.stmt, ours: ModuleText, known: Collection[str]) -> Iterator[ast.stmt]:
    """Yield the reference's statements that a definition uses and the student's module has nothing like."""
    found: dict[int, ast.stmt] = {}
    waiting = [node]
    while waiting:
        for name in _used(waiting.pop()):
            other = ours.bound.get(name)
            if other is not None and other is not node and name not in known and other.lineno not in found:
                found[other.lineno] = other
                waiting.append(other)
    yield from (found[line] for line in sorted(found))


def _used(node: ast.stmt) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def _read(content: bytes) -> ModuleText | None:
    try:
        return source_of(readable(content).decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n"))
    except UnicodeDecodeError:
        return None


def source_of(text: str) -> ModuleText | None:
    """Read Python whose lines end in line feeds; None where it can't be parsed."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return ModuleText(text.split("\n"), {name: node for node in tree.body for name in bound_by(node)})


def bound_by(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement at the top of a module binds, as far as its own words tell."""
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            yield from ((alias.asname or alias.name).partition(".")[0] for alias in names)
        case ast.Assign() | ast.AnnAssign():
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name))


def first_line(node: ast.stmt) -> int:
    """Return the number of a statement's first line, decorators included."""
    decorators = node.decorator_list if isinstance(node, ast.ClassDef | ast.FunctionDef) else []
    return min([node.lineno, *(one.lineno for one in decorators)])
