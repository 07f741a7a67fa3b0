"""Run a notebook's cells as a module, statement by statement: what defines something is run, whatever else fails.

`grader.sandbox.inside.notebook_modules` makes it importable; `grader.sandbox.inside.statement_choice` says what is left
out. Every statement is compiled under its cell's name, so that a traceback says "cell 12, line 4".
"""

import __future__

import ast
import asyncio
import contextlib
import inspect
import linecache
import os
import socket
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from grader.notebooks.cell_source import TOP_LEVEL_AWAIT, CellSource, to_python
from grader.notebooks.document import Cell, CellKind
from grader.sandbox.inside.statement_choice import Statement, choose_statements, find_training
from grader.sandbox.inside.statement_time import StatementTooLong, time_limit

_PATIENCE = 5.0  # while time is left for the rest, a statement may take this many times its computing time by the clock
_LEAST_PATIENCE = 1.5


@dataclass(frozen=True, slots=True)
class Pace:
    """Bound the run, in seconds: one statement's computing, and the time by the clock of all non-definitions."""

    statement_s: float = 2.0
    total_s: float = 15.0


@dataclass(frozen=True, slots=True)
class Event:
    """Say what became of a statement that did not run to its end; `error` is what it raised, if it was run at all."""

    cell: int
    line: int
    names: tuple[str, ...]
    why: str
    error: BaseException | None = None


@dataclass(slots=True)
class Log:
    """Hold what became of a notebook: where each name was defined last, and what failed or was left out.

    `late` are (name, cell) of definitions that were used although they stand below the cell where the run ends.
    """

    defined: dict[str, int] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    late: list[tuple[str, int]] = field(default_factory=list)

    def last_event(self, name: str) -> Event | None:
        """Return what last happened to a statement that would have bound this name."""
        return next((event for event in reversed(self.events) if name in event.names), None)


def cell_file(number: int, *, root: Path) -> str:
    """Return the name under which a cell is compiled: a file of the submission called `cell 12`."""
    return str(root / f"cell {number}")


def execute_statement(
    statement: Statement, namespace: dict[str, Any], *, root: Path, flags: int = TOP_LEVEL_AWAIT
) -> None:
    """Execute a statement under its cell's name, and let through whatever it raises."""
    tree = ast.Module([statement.node], type_ignores=[])
    code = compile(tree, cell_file(statement.cell, root=root), "exec", flags, dont_inherit=True)
    if code.co_flags & inspect.CO_COROUTINE:
        asyncio.run(FunctionType(code, namespace)())
    else:
        exec(code, namespace)  # noqa: S102 - behind the wall


def run_cells(cells: Sequence[Cell], module: ModuleType, *, root: Path, end: int | None, pace: Pace) -> Log:
    """Run the code cells before cell `end` (None: all) in the module's namespace and return what happened.

    What a definition lacks because the cells are out of order is tried again at the end, and a name that is only
    defined below cell `end` is taken from there.
    """
    run = _Run(module.__dict__, root=root, pace=pace)
    statements = run.read(cells)
    above = [statement for statement in statements if end is None or statement.cell < end]
    here = Path.cwd()
    try:
        with _no_network():
            failed = [statement for statement in above if not run.run(statement)]
            while failed:
                left = [statement for statement in failed if not run.run_again(statement)]
                failed = left if len(left) < len(failed) else []
            for statement in statements[len(above) :]:
                run.run_late(statement)
    finally:
        os.chdir(here)
        _close_figures()
    return run.log


def _close_figures() -> None:
    """Close what cells have drawn, as a kernel does after each: else a function would plot into the last axes."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        with contextlib.suppress(Exception):
            pyplot.close("all")


class _Run:
    """Hold the namespace, the clock and the log of one run."""

    def __init__(self, namespace: dict[str, Any], *, root: Path, pace: Pace) -> None:
        self.namespace = namespace
        self.root = root
        self.pace = pace
        self.left_s = pace.total_s
        self.flags = TOP_LEVEL_AWAIT
        self.log = Log()

    def read(self, cells: Sequence[Cell]) -> list[Statement]:
        """Parse the code cells; one that is not Python becomes an event, but tracebacks can still show its lines."""
        trees: dict[int, ast.Module] = {}
        for cell in cells:
            if cell.kind is CellKind.CODE:
                tree = self._parse(cell, to_python(cell.source))
                if tree is not None:
                    trees[cell.number] = tree
        training = find_training(trees.values())
        return [
            statement
            for number, tree in trees.items()
            for statement in choose_statements(tree, cell=number, training=training)
        ]

    def _parse(self, cell: Cell, source: CellSource) -> ast.Module | None:
        file = cell_file(cell.number, root=self.root)
        text = source.python
        linecache.cache[file] = (len(text), None, cell.source.splitlines(keepends=True), file)
        for line, left_out in source.left_out:
            self.log.events.append(Event(cell.number, line, (), f"`{left_out[:60]}` is no Python"))
        if source.written:
            self._write(*source.written)
        try:
            tree = compile(text, file, "exec", ast.PyCF_ONLY_AST | TOP_LEVEL_AWAIT, dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as err:
            line = getattr(err, "lineno", None) or 1
            names = tuple(_names_in_text(text))
            self.log.events.append(Event(cell.number, line, names, "the cell is not valid Python", err))
            return None
        assert isinstance(tree, ast.Module)
        return tree

    def _write(self, name: str, text: str) -> None:
        """Write the file of a `%%writefile` cell, where it stays inside the submission."""
        path = (self.root / name).resolve()
        if path.is_relative_to(self.root.resolve()):
            with contextlib.suppress(OSError):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")

    def run(self, statement: Statement) -> bool:
        """Run a statement, or note why not; return False if it lacked a name that a later cell may define."""
        if statement.skipped:
            self._note(statement, statement.skipped)
            return True
        if not statement.is_definition and self.left_s <= 0:
            self._note(statement, f"the statements before it have used up {self.pace.total_s:g} s")
            return True
        error = self._execute(statement)
        if error is not None:
            self._note(statement, _describe(error), error)
            return not isinstance(error, NameError)
        self.log.defined.update(dict.fromkeys(statement.names, statement.cell))
        return True

    def run_again(self, statement: Statement) -> bool:
        """Run a statement that lacked a name when its turn came, unless its names have come from elsewhere.

        Return False if it still lacks a name, which the second try of another statement may define.
        """
        is_missing = statement.names and not any(name in self.namespace for name in statement.names)
        error = self._execute(statement) if is_missing else None
        if is_missing and error is None:
            self._take_late(statement)
        return not isinstance(error, NameError)

    def run_late(self, statement: Statement) -> None:
        """Run a definition below the end, if the name is not there yet."""
        missing = [name for name in statement.names if name not in self.namespace]
        if not missing:
            return
        if not statement.is_definition:
            self._note(statement, statement.skipped or "it stands below the cell where this task is checked")
        elif self._execute(statement) is None:
            self._take_late(statement)

    def _take_late(self, statement: Statement) -> None:
        self.log.defined.update(dict.fromkeys(statement.names, statement.cell))
        self.log.late += [(name, statement.cell) for name in statement.names]

    def _execute(self, statement: Statement) -> BaseException | None:
        """Execute a statement within its time and return what it raised."""
        started = time.monotonic()
        cpu_s = self.pace.statement_s * (5 if statement.is_definition else 1)
        left_s = self.pace.total_s if statement.is_definition else self.left_s
        wall_s = max(_LEAST_PATIENCE * cpu_s, min(_PATIENCE * cpu_s, left_s))
        try:
            with time_limit(cpu_s=cpu_s, wall_s=wall_s):
                self._execute_now(statement)
        except KeyboardInterrupt:
            raise
        except BaseException as err:
            traceback.clear_frames(err.__traceback__)
            return err
        finally:
            if not statement.is_definition:
                self.left_s -= time.monotonic() - started
        return None

    def _execute_now(self, statement: Statement) -> None:
        execute_statement(statement, self.namespace, root=self.root, flags=self.flags)
        node = statement.node
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            self.flags |= _future_flags(node)

    def _note(self, statement: Statement, why: str, error: BaseException | None = None) -> None:
        self.log.events.append(Event(statement.cell, statement.line, statement.names, why, error))


def _describe(error: BaseException) -> str:
    if isinstance(error, StatementTooLong):
        return str(error)
    try:
        return f"`{type(error).__name__}: {error}`"[:300]
    except BaseException:
        return type(error).__name__


def _future_flags(node: ast.ImportFrom) -> int:
    flags = 0
    for alias in node.names:
        feature = getattr(__future__, alias.name, None)
        flags |= getattr(feature, "compiler_flag", 0)
    return flags


def _names_in_text(text: str) -> Iterator[str]:
    """Yield the names that a text that is not Python would define, judged by the beginnings of its lines."""
    for line in text.splitlines():
        keyword, _, rest = line.partition(" ")
        if keyword in {"class", "def"}:
            name = rest.strip().split("(")[0].split(":")[0].strip()
            if name.isidentifier():
                yield name


@contextlib.contextmanager
def _no_network() -> Iterator[None]:
    """Let every look-up of a host fail at once: a download must not eat the time of the definitions."""
    original = socket.getaddrinfo

    def refuse(*_arguments: Any, **_options: Any) -> Any:
        raise socket.gaierror(socket.EAI_FAIL, "there is no network while a notebook is graded")

    socket.getaddrinfo = refuse
    try:
        yield
    finally:
        socket.getaddrinfo = original
