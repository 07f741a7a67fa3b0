"""Read which names a submission's files bind at their top, and with which words, without running anything.

`grader.grading.given` compares what comes out with handouts; `grader.authoring.template` records it in a kit.
"""

import ast
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from grader.errors import SubmissionError
from grader.notebooks.cell_source import to_python
from grader.notebooks.document import CellKind, read_notebook

GIVEN_FILE = "given.json"  # beside the assets
MOST_READ = 2_000_000  # characters of one file
Definitions = Mapping[str, frozenset[str]]
"""Digests of the statements that bind a name, by its dotted name (`hw2.layers.Linear`; in notebooks `MLP`)."""


def bindings_in(files: Mapping[str, bytes]) -> dict[str, frozenset[str]]:
    """Return what binds each name at the top of Python files and notebooks; what can't be parsed binds nothing."""
    found: dict[str, set[str]] = {}
    for path, content in files.items():
        for prefix, text in _sources(path, content):
            for name, digest in _bound_in(text):
                found.setdefault(f"{prefix}{name}", set()).add(digest)
    return {name: frozenset(digests) for name, digests in sorted(found.items())}


def write_definitions(definitions: Definitions) -> bytes:
    """Return definitions as JSON."""
    rows = {name: sorted(digests) for name, digests in definitions.items()}
    return (json.dumps({"schema": 1, "definitions": rows}, indent=1) + "\n").encode()


def read_definitions(content: bytes) -> dict[str, frozenset[str]]:
    """Read what `write_definitions` wrote; nothing where it is no such file."""
    try:
        tree: Any = json.loads(content)
        return {str(name): frozenset(map(str, digests)) for name, digests in tree["definitions"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _sources(path: str, content: bytes) -> Iterator[tuple[str, str]]:
    """Yield (prefix of its names, Python) for a file, or for each code cell of a notebook."""
    if path.endswith(".py"):
        module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        yield f"{module}.", content.decode("utf-8", "replace")
    elif path.endswith(".ipynb"):
        try:
            cells = read_notebook(content, name=path).cells
        except SubmissionError:
            return
        yield from (("", to_python(cell.source).python) for cell in cells if cell.kind is CellKind.CODE)


def _bound_in(text: str) -> Iterator[tuple[str, str]]:
    """Yield (name, digest of its statement) for what a source binds at its top: classes, functions and variables."""
    try:
        tree = ast.parse(text) if len(text) <= MOST_READ else ast.Module([], [])
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    lines = text.splitlines()
    for node in tree.body:
        names = list(_names_of(node))
        digest = _digest(lines[_first_line(node) - 1 : node.end_lineno]) if names else ""
        yield from ((name, digest) for name in names)


def _names_of(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name
        case ast.Assign(targets=targets):
            for target in targets:
                yield from (one.id for one in ast.walk(target) if isinstance(one, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
            yield name


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(one.lineno for one in decorators)])


def _digest(lines: list[str]) -> str:
    """Digest a statement's lines without comments of their own, empty lines, and spaces at their ends."""
    kept = [line.rstrip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    return hashlib.sha256("\n".join(kept).encode("utf-8", "replace")).hexdigest()[:16]
