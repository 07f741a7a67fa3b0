"""Find where a submission uses what its assignment forbids, from the source alone: nothing of it is executed.

`grader.sandbox.inside.worker` calls it in a bounded child before any of the student's code runs; what can't be told
from the source (`getattr(torch.nn, input())`) is left to the recorder, which watches the calls.
"""

import ast
import importlib.util
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from grader.sandbox.inside.forbidden.expressions import EXPRESSIONS
from grader.sandbox.inside.forbidden.functions import FUNCTIONS
from grader.sandbox.inside.forbidden.names import Forbidden
from grader.sandbox.inside.forbidden.scopes import Kind, Scope, Scopes
from grader.sandbox.inside.forbidden.statements import walk_statements
from grader.sandbox.inside.forbidden.walk import Walker

MAX_FILE_BYTES = 1 << 20
MAX_USES = 200
_MAX_PASSES = 8
_MAX_SPELLED = 120
_DEEP = 60_000


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """Point at a use: `name` is the forbidden name as declared, `spelled` what the source says there."""

    file: str
    line: int
    name: str
    spelled: str


@dataclass(frozen=True, slots=True, order=True)
class Unread:
    """Name a file that could not be scanned, and why: whatever it uses is not known."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class Scan:
    """Hold the uses of forbidden names in order of file and line, one a name and line, and the files not scanned."""

    uses: tuple[Use, ...] = ()
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True, slots=True)
class _Source:
    """Hold a parsed module."""

    tree: ast.Module
    lines: list[str]
    scope: Scope


@dataclass(slots=True)
class _Notes:
    """Collect uses while the last pass walks; before, there is nobody to tell."""

    forbidden: Forbidden
    lines: Mapping[str, list[str]]
    listening: bool = False
    uses: dict[tuple[str, int, str], Use] = field(default_factory=dict)

    def take(self, file: str, node: ast.AST, names: Sequence[str]) -> None:
        """Keep the uses of forbidden names at a node."""
        if not self.listening or len(self.uses) >= MAX_USES:
            return
        for found in {match for name in names for match in self.forbidden.matching(name)}:
            line = getattr(node, "lineno", 0)
            use = Use(file, line, found, _spelled(self.lines[file], node))
            known = self.uses.setdefault((file, line, found), use)
            if len(use.spelled) > len(known.spelled):
                self.uses[file, line, found] = use


def find_forbidden(files: Mapping[str, bytes], names: Sequence[str]) -> Scan:
    """Return where Python files use forbidden names, however they are imported, renamed or fetched by name.

    `files` maps paths inside the submission to contents; give all of them, for a name may be passed on from one file
    to another. A name stands for itself and all below it, `torch.nn.functional.*` only for what is below. A mention in
    a comment, a text or an annotation is no use, nor is something of the student's own with the same last name.

    Raises CourseError for a name that is no dotted name.
    """
    forbidden = Forbidden(names)
    if not names:
        return Scan()
    scopes = Scopes(forbidden.roots)
    unread: list[Unread] = []
    sources = [source for source in (_read(path, files[path], scopes, unread) for path in sorted(files)) if source]
    notes = _Notes(forbidden, {source.scope.file: source.lines for source in sources})
    walker = Walker(scopes, EXPRESSIONS, FUNCTIONS, walk_statements, notes.take)
    with _deep_recursion():
        sources = [source for source in sources if _walk(walker, source, unread)]
        scopes.forget_values()
        for _ in range(_MAX_PASSES):
            before = scopes.changes
            sources = [source for source in sources if _walk(walker, source, unread)]
            if scopes.changes == before:
                break
        notes.listening = True
        for source in sources:
            _walk(walker, source, unread)
    return Scan(tuple(sorted(notes.uses.values())), tuple(sorted(unread)))


def _read(path: str, content: bytes, scopes: Scopes, unread: list[Unread]) -> _Source | None:
    """Parse a Python file and give it a module scope; note why it can't be."""
    if not path.endswith(".py"):
        return None
    try:
        if len(content) > MAX_FILE_BYTES:
            raise ValueError(f"it has {len(content)} bytes, more than {MAX_FILE_BYTES}")
        code = importlib.util.decode_source(content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(code)
    except SyntaxError as err:  # also an unknown encoding
        unread.append(
            Unread(path, f"it is not valid Python: {str(err.msg)[:200]}{f' (line {err.lineno})' if err.lineno else ''}")
        )
    except UnicodeDecodeError:
        unread.append(Unread(path, "it is not text in the encoding that it claims"))
    except ValueError as err:  # null bytes
        unread.append(Unread(path, str(err)[:200]))
    except (MemoryError, RecursionError):
        unread.append(Unread(path, "it is nested too deeply"))
    else:
        return _Source(tree, code.split("\n"), _open_module(path, scopes))
    return None


def _open_module(path: str, scopes: Scopes) -> Scope:
    """Return the scope of a file's module, and make its packages known even where they have no __init__.py."""
    parts = path.removesuffix(".py").split("/")
    is_package = parts[-1] == "__init__"
    parts = parts[:-1] if is_package else parts
    for end in range(1, len(parts)):
        package = ".".join(parts[:end])
        if package not in scopes.modules:
            scopes.modules[package] = scopes.open(Kind.MODULE, file="", name=package)
            scopes.modules[package].is_package = True
    name = ".".join(parts)
    scope = scopes.modules.get(name)
    if scope is None or scope.file:
        scope = scopes.open(Kind.MODULE, file=path, name=name)
        scopes.modules[name] = scope
    scope.file, scope.is_package = path, is_package
    return scope


def _walk(walker: Walker, source: _Source, unread: list[Unread]) -> bool:
    """Walk over one module; tell whether it could be done."""
    try:
        walk_statements(walker, source.tree.body, source.scope)
    except (RecursionError, MemoryError):
        unread.append(Unread(source.scope.file, "it is nested too deeply"))
        return False
    return True


@contextmanager
def _deep_recursion() -> Iterator[None]:
    """Let Python functions call each other as deeply as the deepest tree that the parser makes."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _DEEP))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


def _spelled(lines: Sequence[str], node: ast.AST) -> str:
    """Return the source of a node, its first line where it has several."""
    number, end = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0)
    if not 1 <= number <= len(lines):
        return ""
    line = lines[number - 1].encode()
    stop = getattr(node, "end_col_offset", len(line)) if end == number else len(line)
    spelled = line[getattr(node, "col_offset", 0) : stop].decode("utf-8", "replace").strip()
    if end != number or len(spelled) > _MAX_SPELLED:
        return f"{spelled[:_MAX_SPELLED]} …"
    return spelled
