"""Find where a submission uses what its assignment forbids, from the source alone: nothing of it is executed.

`grader.sandbox.inside.probe_process` calls it in a bounded child before any of the student's code runs. It finds what
students write: imports, aliases, `getattr` and `import_module` with literals; what is put together while the program
runs is left to the recorder, which watches the calls.

Why: docs/decisions.md#forbidden-names
"""

import ast
import importlib.util
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grader.notebooks.newer_python import readable
from grader.sandbox.inside.forbidden.names import ForbiddenNames, is_unseen
from grader.sandbox.inside.forbidden.parts import LineParts
from grader.sandbox.inside.forbidden.resolve import resolve
from grader.sandbox.inside.forbidden.scopes import Scopes
from grader.sandbox.inside.forbidden.walk import Binding, Mention, Walk

MAX_FILE_BYTES = 1 << 20
MAX_USES = 200
_MAX_PASSES = 8
_MAX_SPELLED = 120


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """Point at a use: `name` is the forbidden name as declared, `spelled` what the source says there.

    `parts` are those of the parts that were asked about to which the line belongs.
    """

    file: str
    line: int
    name: str
    spelled: str
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Unread:
    """Name a file of which not everything could be looked at, and why: what it uses there is not known."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class Scan:
    """Hold the uses of forbidden names in order of file and line, one a name and line, and the files not scanned."""

    uses: tuple[Use, ...] = ()
    unread: tuple[Unread, ...] = ()


@dataclass(slots=True)
class _Notes:
    """Collect uses, with the lines of each file to say how they are spelled."""

    forbidden: ForbiddenNames
    parts: dict[str, LineParts] = field(default_factory=dict)
    lines: dict[str, list[bytes]] = field(default_factory=dict)
    uses: dict[tuple[str, int, str], Use] = field(default_factory=dict)
    unread: set[Unread] = field(default_factory=set)

    def take(self, file: str, node: ast.AST, name: str) -> None:
        """Keep the uses that a name at a node makes of forbidden names."""
        if is_unseen(name):
            self.unread.add(Unread(file, f"it uses `{name}`, inside which no call can be seen"))
        for found in sorted(self.forbidden.matching(name)):
            key = (file, getattr(node, "lineno", 0), found)
            if key not in self.uses and len(self.uses) >= MAX_USES:
                continue
            use = Use(*key, _spelled(self.lines[file], node), self.parts[file].of_line(key[1]))
            self.uses[key] = max(use, self.uses.get(key, use), key=lambda use: len(use.spelled))


def find_forbidden(files: Mapping[str, bytes], names: Sequence[str], *, parts: Sequence[str] = ()) -> Scan:
    """Return where Python files use forbidden names, under whatever name they are imported, assigned or passed on.

    `files` maps paths inside the submission to contents; give all of them, for a name may be passed on from one file
    to another. A name stands for itself and all below it, `torch.nn.functional.*` only for what is below. A mention in
    a comment, a text or an annotation is no use, nor is something of the student's own with the same last name.
    `parts` are names of classes and functions of which each use tells whether it belongs to them.

    Raises CourseError for a name that is no dotted name.
    """
    notes = _Notes(ForbiddenNames(names))
    if not names:
        return Scan()
    scopes = Scopes(notes.forbidden.roots)
    walk = Walk()
    trees = {path: tree for path in sorted(files) if (tree := _read(path, files[path], notes)) is not None}
    notes.parts = {path: LineParts(tree, parts) for path, tree in trees.items()}
    modules = [(tree, scopes.open_module(path)) for path, tree in trees.items()]
    for tree, scope in modules:
        try:
            walk.over(tree, scope)
        except RecursionError:
            notes.unread.add(Unread(scope.file, "it is nested too deeply"))
    _follow(walk.bindings, scopes)
    for mention in walk.mentions:
        _note(mention, scopes, notes)
    return Scan(tuple(sorted(notes.uses.values())), tuple(sorted(notes.unread)))


def _read(path: str, content: bytes, notes: _Notes) -> ast.Module | None:
    """Parse a Python file and keep its lines; note why it can't be."""
    if not path.endswith(".py"):
        return None
    try:
        if len(content) > MAX_FILE_BYTES:
            raise ValueError(f"it has {len(content)} bytes, more than {MAX_FILE_BYTES}")
        code = importlib.util.decode_source(readable(content))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(code)
    except SyntaxError as err:  # also an unknown encoding
        line = f" (line {err.lineno})" if err.lineno else ""
        reason = f"it is not valid Python: {str(err.msg)[:200]}{line}"
    except UnicodeDecodeError:
        reason = "it is not text in the encoding that it claims"
    except ValueError as err:  # null bytes
        reason = str(err)[:200]
    except (MemoryError, RecursionError):
        reason = "it is nested too deeply"
    else:
        notes.lines[path] = code.encode().split(b"\n")
        return tree
    notes.unread.add(Unread(path, reason))
    return None


def _follow(bindings: Sequence[Binding], scopes: Scopes) -> None:
    """Bind names to what they stand for, again and again until no name stands for more."""
    for _ in range(_MAX_PASSES):
        before = scopes.changes
        for binding in bindings:
            values = resolve(binding.source, binding.where, scopes)
            if binding.scope is None:
                scopes.set_attribute(binding.name, values)
            else:
                scopes.bind(binding.scope, binding.name, values)
        if scopes.changes == before:
            return


def _note(mention: Mention, scopes: Scopes, notes: _Notes) -> None:
    values = resolve(mention.source, mention.scope, scopes)
    for name in sorted(value for value in values if isinstance(value, str)):
        notes.take(mention.scope.file, mention.node, name)


def _spelled(lines: Sequence[bytes], node: ast.AST) -> str:
    """Return the source of a node, its first line where it has several."""
    number, end = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0)
    if not 1 <= number <= len(lines):
        return ""
    line, start = lines[number - 1], getattr(node, "col_offset", 0)
    stop = getattr(node, "end_col_offset", len(line)) if end == number else len(line)
    spelled = line[start : min(stop, start + 4 * _MAX_SPELLED)].decode("utf-8", "replace").strip()
    if end != number or len(spelled) > _MAX_SPELLED:
        return f"{spelled[:_MAX_SPELLED]} …"
    return spelled
