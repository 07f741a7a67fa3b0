"""Tells which part of the checks' source belongs to which task, without importing or running it.

`grader.grading.keys` digests the parts, so that a changed check costs its own task only.
"""

import ast
import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from grader.courses.assignment import Assignment, check_files, helper_files

_MARKER = "pytest.mark.graded"
_DECIDES_NO_VERDICT = ("grounds",)
_UNSEEN = {"exec", "eval", "globals", "locals", "vars", "__import__", "import_module"}


@dataclass(frozen=True, slots=True)
class CheckSource:
    """Hold one check: its source without comments and grounds, the task it names, the checks it names in `after`."""

    name: str
    task: str
    file: str
    after: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class CheckSources:
    """Hold an assignment's checks in their order, and by file all else: imports, helpers, constants, fixtures.

    `imported` names, by file, the files of checks and helpers that it imports from. `is_certain` is False where some
    check's task, or what it uses, can't be read off the source; then everything belongs to every task.
    """

    checks: tuple[CheckSource, ...]
    shared: Mapping[str, str]
    imported: Mapping[str, frozenset[str]]
    is_certain: bool

    def own(self, task: str) -> list[str]:
        """Return what decides a task's own checks: their sources, and what they share with others of their files."""
        return self._texts([check for check in self.checks if check.task == task])

    def covering(self, task: str, *, chosen: Sequence[str]) -> list[str]:
        """Return what decides a task: its own checks, and those of chosen tasks that they come after, transitively."""
        return self._texts([self.checks[place] for place in sorted(self._reached(task, chosen))])

    def _reached(self, task: str, chosen: Sequence[str]) -> set[int]:
        places: dict[str, list[int]] = {}
        for place, check in enumerate(self.checks):
            if check.task in chosen:
                places.setdefault(check.name, []).append(place)
        waiting = [place for place, check in enumerate(self.checks) if check.task == task]
        reached: set[int] = set()
        while waiting:
            place = waiting.pop()
            if place not in reached:
                reached.add(place)
                waiting += [other for name in self.checks[place].after for other in places.get(name, [])]
        return reached

    def _texts(self, checks: Sequence[CheckSource]) -> list[str]:
        wanted = checks if self.is_certain else self.checks
        files = self._with_imported({check.file for check in checks}) if self.is_certain else set(self.shared)
        shared = [f"{file}\n{self.shared[file]}" for file in sorted(files)]
        return [*shared, *(f"{check.file}\n{check.text}" for check in wanted)]

    def _with_imported(self, files: set[str]) -> set[str]:
        waiting, reached = list(files), set()
        while waiting:
            file = waiting.pop()
            if file not in reached:
                reached.add(file)
                waiting += self.imported.get(file, ())
        return reached


def read_check_sources(assignment: Assignment) -> CheckSources:
    """Read the assignment's `test_*.py` and `helpers*.py`.

    What can't be parsed is kept as it is, and nothing is certain then.
    """
    helpers = helper_files(assignment)
    files = (*((file, False) for file in check_files(assignment)), *((file, True) for file in helpers))
    return _sources_of(tuple((file.name, file.read_bytes(), is_helper) for file, is_helper in files))


@functools.lru_cache(maxsize=2)  # keys and seeds ask for the same files, and parsing a large course takes long
def _sources_of(files: tuple[tuple[str, bytes, bool], ...]) -> CheckSources:
    """Return what is read off these files: the name of each, its content, and whether it is a helper."""
    checks: list[CheckSource] = []
    shared: dict[str, str] = {}
    named: dict[str, frozenset[str]] = {}
    is_certain = True
    for file, source, is_helper in files:
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError):
            shared[file] = source.decode(errors="surrogateescape")
            is_certain = False
            continue
        found = {node: None if is_helper else _read_check(node, file) for node in tree.body}
        rest = [node for node, check in found.items() if check is None]
        own = {check.name: check for check in found.values() if check is not None}
        checks += own.values()
        shared[file] = "\n".join(map(ast.dump, rest))
        is_certain &= not any(_may_define_checks(inner) for node in rest for inner in _with_its_methods(node))
        nodes = _nodes_of(tree)
        is_certain &= not _mentions(nodes, {*own, *_UNSEEN})
        named[file] = frozenset(f"{name}.py" for name in _imported_by(nodes))
    imported = {file: names & set(named) for file, names in named.items()}
    return CheckSources(tuple(checks), shared, imported, is_certain)


_NAMING = (ast.Name, ast.Attribute, ast.Import, ast.ImportFrom, ast.Constant)


def _nodes_of(tree: ast.Module) -> list[ast.AST]:
    """Return the nodes that name something, in no order; `ast.walk` takes three times as long."""
    waiting: list[ast.AST] = [tree]
    found: list[ast.AST] = []
    while waiting:
        node = waiting.pop()
        if isinstance(node, _NAMING):
            found.append(node)
        for value in vars(node).values():
            if isinstance(value, ast.AST):
                waiting.append(value)
            elif isinstance(value, list):
                waiting += [inner for inner in value if isinstance(inner, ast.AST)]
    return found


def _mentions(nodes: Iterable[ast.AST], names: set[str]) -> bool:
    """Tell whether code uses one of the names, or something that can reach a name without spelling it."""
    return any(
        (node.id if isinstance(node, ast.Name) else node.attr) in names
        for node in nodes
        if isinstance(node, ast.Name | ast.Attribute)
    )


def imported_modules(tree: ast.Module) -> dict[str, int]:
    """Return the top modules that a source imports, each with the line where it does so first.

    Helpers count as imported where a text names them, too: `"helpers"` in `pytest_plugins`, `"helpers.py"` as a path.
    """
    return _imported_by(sorted(_nodes_of(tree), key=lambda node: getattr(node, "lineno", 0)))


def _imported_by(nodes: Iterable[ast.AST]) -> dict[str, int]:
    found: dict[str, int] = {}
    for node in nodes:
        match node:
            case ast.Import(names=aliases):
                names = [alias.name for alias in aliases]
            case ast.ImportFrom(module=str(module)):
                names = [module]
            case ast.Constant(value=str(text)) if text.startswith("helpers"):
                names = [text]
            case _:
                continue
        for name in names:
            found.setdefault(name.partition(".")[0], node.lineno)
    return found


def _read_check(node: ast.stmt, file: str) -> CheckSource | None:
    """Return a function that is marked as a check of a task it names, None for anything else."""
    if not isinstance(node, ast.FunctionDef) or not _is_collected(node.name):
        return None
    marks = [mark for mark in node.decorator_list if "graded" in ast.dump(mark)]
    if len(marks) != 1 or not isinstance(marks[0], ast.Call) or ast.unparse(marks[0].func) != _MARKER:
        return None
    settings = {keyword.arg: _literal(keyword.value) for keyword in marks[0].keywords}
    task, after = settings.get("task"), settings.get("after", ())
    names = (after,) if isinstance(after, str) else after
    if None in settings or not isinstance(task, str) or not isinstance(names, tuple | list):
        return None
    if not all(isinstance(name, str) for name in names):
        return None
    marks[0].keywords = [keyword for keyword in marks[0].keywords if keyword.arg not in _DECIDES_NO_VERDICT]
    return CheckSource(node.name, task, file, tuple(name.partition("[")[0] for name in names), ast.dump(node))


def _literal(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def _with_its_methods(node: ast.stmt) -> Iterator[ast.stmt]:
    """Yield a statement, and those in the body of a class: pytest collects methods, too."""
    yield node
    if isinstance(node, ast.ClassDef):
        yield from node.body


def _may_define_checks(node: ast.stmt) -> bool:
    """Tell whether a statement that isn't a check of a named task could still be, or make, one that pytest collects."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return _is_collected(name)
        case ast.ClassDef(name=name, bases=bases):
            return _is_collected(name) or any("Test" in ast.dump(base) for base in bases)
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return any(alias.name == "*" or _is_collected(alias.asname or alias.name) for alias in names)
        case ast.Assign() | ast.AnnAssign():
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            named = [inner for target in targets for inner in ast.walk(target) if isinstance(inner, ast.Name)]
            return any(_is_collected(name.id) for name in named)
        case ast.Expr(value=ast.Constant()) | ast.Pass():
            return False
    return True


def _is_collected(name: str) -> bool:
    """Tell whether pytest looks at this name: by default at functions `test…` and classes `Test…`."""
    return name.startswith(("test", "Test"))
