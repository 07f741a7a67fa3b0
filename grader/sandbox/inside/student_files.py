"""Import the Python files of a submission: a statement that trains, asks or serves is left out, the rest counts.

`grader.sandbox.inside.preparing` and the sandboxes in a user's own process install it;
`grader.sandbox.inside.unwanted` says at what a statement is stopped. A notebook's own modules, `%%writefile` included,
are such files as well.
"""

import __future__

import ast
import sys
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import Any

from grader.notebooks.newer_python import older_file, readable
from grader.sandbox.inside.cell_code import future_flags
from grader.sandbox.inside.dependence import set_since
from grader.sandbox.inside.import_watch import UNWATCHED, ImportWatch
from grader.sandbox.inside.nobody import NobodyAnswers
from grader.sandbox.inside.statements import Statement, statements_in
from grader.sandbox.inside.unwanted import StatementStopped, stopped_at_unwanted, what_stopped

_STOPS = (StatementStopped, NobodyAnswers, MemoryError, RuntimeError)
_NO_MEMORY = "can't allocate memory"  # torch's words, in a RuntimeError


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Hold a statement of a file that has not run to its end, with the file's path below the submission and why."""

    file: str
    statement: Statement
    why: str
    fate: str = "was stopped"


class StudentFinder(MetaPathFinder):
    """Find the modules below a folder, and have them imported by `StudentLoader`."""

    def __init__(self, root: Path, *, watch: ImportWatch = UNWATCHED) -> None:
        self.root = root.resolve()
        self.watch = watch

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return how to load a file of the submission, None for every other module."""
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or spec.origin is None or type(spec.loader) is not SourceFileLoader:
            return None
        file = Path(spec.origin).resolve()
        if not file.is_relative_to(self.root) or "site-packages" in file.parts:
            return None
        shown = file.relative_to(self.root).as_posix()
        spec.loader = StudentLoader(name, spec.origin, shown=shown, watch=self.watch)
        return spec


class StudentModule(ModuleType):
    """Hold a file of the submission; a name that is missing since its statement was stopped is made when asked for."""

    def __getattr__(self, name: str) -> Any:
        """Return what a stopped statement sets once it has run to its end. Raises AttributeError like any module."""
        loader = self.__dict__.get("__loader__")
        if isinstance(loader, StudentLoader) and loader.complete(name, self):
            return self.__dict__[name]
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")


class StudentLoader(SourceFileLoader):
    """Run a file as Python does, but pass over the top-level statements that do what is not wanted."""

    def __init__(self, name: str, path: str, *, shown: str, watch: ImportWatch = UNWATCHED) -> None:
        super().__init__(name, path)
        self.watch = watch
        self.shown = shown
        self.left_out: list[LeftOut] = []
        self.never_run: list[LeftOut] = []
        self.completed: dict[str, Any] = {}  # by name, what statements have set that were run to their end

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return a module that can make what is missing."""
        return StudentModule(spec.name)

    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> CodeType:  # type: ignore[override]
        """Compile a file; what is newer than this Python is read in older words, or left out a statement at a time.

        Raises SyntaxError where it is no Python of any version.
        """
        try:
            return compile(data, path, "exec", dont_inherit=True, optimize=_optimize)
        except SyntaxError:
            older = older_file(data)
            if older is None:
                raise
        self.never_run = [
            LeftOut(
                self.shown,
                next(statements_in(ast.Module([one.node], type_ignores=[]), cell=0)),
                one.why,
                "was not read",
            )
            for one in older.lost
        ]
        return compile(older.text, path, "exec", dont_inherit=True, optimize=_optimize)

    def exec_module(self, module: ModuleType) -> None:
        """Run the file; whatever its statements raise is raised, except where one was stopped."""
        body: CodeType | None = self.get_code(module.__name__)
        if self.watch.is_watching:
            self._run_each(module)
            return
        with stopped_at_unwanted():
            while body is not None:
                try:
                    exec(body, module.__dict__)  # noqa: S102 - behind the wall
                except _STOPS as err:
                    body = self._rest_after(err, body)
                else:
                    body = None

    def _run_each(self, module: ModuleType) -> None:
        """Run a file statement by statement, without those that have ended the process before."""
        tree = ast.parse(readable(self.get_data(self.path)))
        module.__doc__, flags = ast.get_docstring(tree, clean=False), 0
        with stopped_at_unwanted():
            for one in statements_in(tree, cell=0):
                place = one.place_in(self.shown)
                if why_not := self.watch.why_not(place):
                    self.never_run.append(LeftOut(self.shown, one, why_not, "was left out"))
                    continue
                flags |= future_flags(one.node)
                try:
                    with self.watch.at(place):
                        exec(self._compiled([one.node], flags=flags), module.__dict__)  # noqa: S102 - behind the wall
                except _STOPS as err:
                    if not _stop_of(err):
                        raise
                    self.left_out.append(LeftOut(self.shown, one, _stop_of(err)))

    def complete(self, name: str, module: ModuleType) -> bool:
        """Run to their end the stopped statements up to the one that sets a name; tell whether it is there then."""
        binding = [place for place, one in enumerate(self.left_out) if name in one.statement.names]
        if not binding:
            return False
        done, self.left_out = self.left_out[: binding[-1] + 1], self.left_out[binding[-1] + 1 :]
        before = dict(module.__dict__)
        with stopped_at_unwanted(may_train=True):
            for one in done:
                try:
                    exec(self._compiled([one.statement.node], flags=0), module.__dict__)  # noqa: S102
                except NobodyAnswers:
                    self.left_out.append(one)
        self.completed |= set_since(before, module.__dict__)
        return name in module.__dict__

    def _rest_after(self, err: BaseException, body: CodeType) -> CodeType | None:
        """Note the top-level statement that was stopped and return the code below it; raise the error if none was."""
        if not _stop_of(err):
            raise err
        place = _place_in(body, err.__traceback__)
        statements = list(statements_in(ast.parse(readable(self.get_data(self.path))), cell=0))
        for number, one in enumerate(statements):
            end = (one.node.end_lineno or 0, one.node.end_col_offset or 0)
            if (one.line, 0 if one.line < one.node.lineno else one.node.col_offset) <= place < end:
                self.left_out.append(LeftOut(self.shown, one, _stop_of(err)))
                rest = [following.node for following in statements[number + 1 :]]
                return self._compiled(rest, flags=body.co_flags) if rest else None
        raise err

    def _compiled(self, nodes: list[ast.stmt], *, flags: int) -> CodeType:
        kept = flags & __future__.annotations.compiler_flag
        code = compile(ast.Module(nodes, type_ignores=[]), self.path, "exec", kept, dont_inherit=True)
        assert isinstance(code, CodeType)
        return code


def _stop_of(err: BaseException) -> str:
    """Return in a few words why a statement is passed over, "" for an error that its author would see as well."""
    is_memory = isinstance(err, MemoryError) or _NO_MEMORY in str(err)
    return "it asks for more memory than a submission has" if is_memory else what_stopped(err)


def _place_in(body: CodeType, trace: TracebackType | None) -> tuple[int, int]:
    """Return the line and column where a file's own code was when something was raised."""
    while trace is not None and trace.tb_frame.f_code is not body:
        trace = trace.tb_next
    if trace is None:
        return 0, 0
    line, _end, column, _end_column = list(body.co_positions())[trace.tb_lasti // 2]
    return line or trace.tb_lineno, column or 0


def install_student_files(root: Path, *, watch: ImportWatch = UNWATCHED) -> None:
    """Have the modules below a folder imported by `StudentLoader`, in place of those of another folder before."""
    remove_student_files()
    sys.meta_path.insert(0, StudentFinder(root, watch=watch))


def remove_student_files() -> None:
    """Let Python import everything by itself again."""
    for finder in [finder for finder in sys.meta_path if isinstance(finder, StudentFinder)]:
        sys.meta_path.remove(finder)


def left_out_of_files() -> list[LeftOut]:
    """Return the statements of the files imported so far that have not run to their end, by file and line."""
    loaders = [vars(module).get("__loader__") for module in list(sys.modules.values()) if type(module) is StudentModule]
    own = [loader for loader in loaders if isinstance(loader, StudentLoader)]
    found = [one for loader in own for one in (*loader.left_out, *loader.never_run)]
    return sorted(found, key=lambda one: (one.file, one.statement.line))


def who_sets(module: str, name: str) -> LeftOut | None:
    """Return the statement of a module's file that sets a name and has not run to its end, None if there is none."""
    loader = getattr(sys.modules.get(module), "__loader__", None)
    left_out = [*loader.never_run, *loader.left_out] if isinstance(loader, StudentLoader) else []
    return next((one for one in reversed(left_out) if name in one.statement.names), None)
