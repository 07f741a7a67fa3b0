"""Put the reference's definitions in place of a student's, so that what builds on them can be judged.

`grader.grading.carrying` grades what comes out, in a sandbox of its own.
"""

import ast
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from grader.notebooks.newer_python import readable


@dataclass(frozen=True, slots=True)
class _Source:
    """Hold a module's lines, and the statements at its top that bind each name, the last one of a name last."""

    lines: list[str]
    bound: Mapping[str, ast.stmt]

    def text_of(self, node: ast.stmt) -> list[str]:
        """Return the lines of a statement, decorators included."""
        return self.lines[_first_line(node) - 1 : node.end_lineno]


def with_sound_parts(
    files: Mapping[str, bytes], reference: Mapping[str, bytes], *, parts: Collection[str]
) -> dict[str, bytes] | None:
    """Return a package's files with the reference's classes and functions of these dotted names in place of its own.

    What they use of the reference's own module, and the student's lacks, comes along. A part that was not handed in at
    all is added to the end of its file. None where a part's name stands for something else than a class or function
    at the top of its file, or a file can't be parsed: then nothing is put in place.
    """
    changed = dict(files)
    for part in parts:
        module, _, name = part.rpartition(".")
        path = find_module(module, reference)
        theirs, ours = _read(changed.get(path, b"")), _read(reference.get(path, b""))
        text = _replaced(theirs, ours, name) if theirs is not None and ours is not None else None
        if text is None:
            return None
        changed[path] = text
    return changed


def find_module(module: str, files: Collection[str]) -> str:
    """Return the path of a module among these files, "" where it isn't there."""
    path = module.replace(".", "/")
    return next((one for one in (f"{path}.py", f"{path}/__init__.py") if one in files), "")


def _replaced(theirs: _Source, ours: _Source, name: str) -> bytes | None:
    old, new = theirs.bound.get(name), ours.bound.get(name)
    if not isinstance(old, ast.ClassDef | ast.FunctionDef | None) or new is None:
        return None
    needed = [line for node in _needed(new, ours, theirs) for line in ours.text_of(node)]
    start, end = (len(theirs.lines), len(theirs.lines)) if old is None else (_first_line(old) - 1, old.end_lineno)
    lines = [*theirs.lines[:start], *needed, *ours.text_of(new), *theirs.lines[end:]]
    return "\n".join(lines).encode() + b"\n"


def _needed(node: ast.stmt, ours: _Source, theirs: _Source) -> Iterator[ast.stmt]:
    """Yield the reference's statements that a definition uses and the student's module has nothing like."""
    found: dict[int, ast.stmt] = {}
    waiting = [node]
    while waiting:
        for name in _used(waiting.pop()):
            other = ours.bound.get(name)
            if other is not None and other is not node and name not in theirs.bound and other.lineno not in found:
                found[other.lineno] = other
                waiting.append(other)
    yield from (found[line] for line in sorted(found))


def _used(node: ast.stmt) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def _read(content: bytes) -> _Source | None:
    try:
        text = readable(content).decode("utf-8-sig")
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    bound = {name: node for node in tree.body for name in _bound_by(node)}
    return _Source(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), bound)


def _bound_by(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            yield from ((alias.asname or alias.name).partition(".")[0] for alias in names)
        case ast.Assign() | ast.AnnAssign():
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name))


def _first_line(node: ast.stmt) -> int:
    decorators = node.decorator_list if isinstance(node, ast.ClassDef | ast.FunctionDef) else []
    return min([node.lineno, *(one.lineno for one in decorators)])
