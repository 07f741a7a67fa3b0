"""Run a notebook's cells as a module, statement by statement: what defines something is run, whatever else fails.

`grader.sandbox.inside.notebook_modules` makes it importable; `grader.sandbox.inside.unwanted` says at what a statement
is stopped, and `grader.sandbox.inside.dependence` which ones are run to their end where a name is missing.
"""

import ast
import contextlib
import os
import sys
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from grader.notebooks.cell_source import TOP_LEVEL_AWAIT, to_python
from grader.notebooks.document import Cell, CellKind
from grader.notebooks.newer_python import NewerStatement
from grader.sandbox.inside.cell_code import execute_statement, future_flags, names_in_text, parse_cell, write_file
from grader.sandbox.inside.cuda_on_cpu import with_card_played
from grader.sandbox.inside.dependence import follows_a_stop, needed_for, set_since, with_followers
from grader.sandbox.inside.failure_words import describe_failure
from grader.sandbox.inside.half_done import beginnings_of, half_done_by
from grader.sandbox.inside.import_watch import UNWATCHED, ImportWatch, ProcessEnded
from grader.sandbox.inside.notebook_log import Event, Log
from grader.sandbox.inside.stale_values import find_stale, reached_from
from grader.sandbox.inside.statement_time import NoTimeLeft, StatementTooLong, time_limit
from grader.sandbox.inside.statements import Statement, statements_in
from grader.sandbox.inside.unwanted import stopped_at_unwanted, what_stopped

_PATIENCE = 5.0  # while time is left for the rest, a statement may take this many times its computing time by the clock
_LEAST_PATIENCE = 1.5


@dataclass(frozen=True, slots=True)
class Pace:
    """Bound the run, in seconds: one statement's computing, and the time by the clock of all non-definitions."""

    statement_s: float = 2.0
    total_s: float = 15.0


class NotebookRun:
    """Run a notebook's code cells before cell `end` (None: all) in a module's namespace, and keep what happened."""

    def __init__(
        self,
        cells: Sequence[Cell],
        module: ModuleType,
        *,
        root: Path,
        end: int | None,
        pace: Pace,
        watch: ImportWatch = UNWATCHED,
    ) -> None:
        self.namespace: dict[str, Any] = module.__dict__
        self.log = Log()
        self.completed: dict[str, Any] = {}  # by name, what statements have set that were run to their end
        self._root = root
        self._watch = watch
        self._pace = pace
        self._left_s = pace.total_s
        self._flags = TOP_LEVEL_AWAIT
        statements = self._read(cells)
        self._above = [statement for statement in statements if end is None or statement.cell < end]
        self._below = statements[len(self._above) :]
        self._cell, self._has_failed = 0, False  # the cell whose turn it is, and whether a statement of it has failed
        self._continued: dict[ast.stmt, frozenset[str]] = {}  # what statements that were cut off begin with
        self._waiting: dict[str, list[Statement]] = {}  # by name, what has to run for its value to be the notebook's

    def run(self) -> None:
        """Run all statements once, whatever fails.

        What a definition lacks because the cells are out of order is tried again at the end, and a name that is only
        defined below cell `end` is taken from there.
        """
        here = Path.cwd()
        try:
            with stopped_at_unwanted():
                failed = [statement for statement in self._above if not self._run_in_turn(statement)]
                while failed:
                    left = [statement for statement in failed if not self._run_again(statement)]
                    failed = left if len(left) < len(failed) else []
                for statement in self._below:
                    self._run_late(statement)
        finally:
            os.chdir(here)
            _close_figures()

    def complete(self, name: str, *, seconds: float) -> bool:
        """Run to its end what was stopped, as far as a missing name needs it; tell whether the name is there then."""
        if name in self.namespace:
            return True
        pending, stopped = self._unfinished()
        self._finish(needed_for(name, pending=pending, stopped=stopped, namespace=self.namespace), seconds=seconds)
        return name in self.namespace

    def complete_slow(self, *, seconds: float) -> None:
        """Run to its end what the clock had stopped, and what had failed on it: whoever looks for a value needs all."""
        pending, _stopped = self._unfinished()
        slow = [event.statement for event in self.log.events if event.is_too_slow and event.statement is not None]
        self._finish(with_followers(slow, pending=pending, namespace=self.namespace), seconds=seconds)

    def is_stale(self, name: str) -> bool:
        """Tell whether a value, or what its code looks up, is older than the cells make it: a training was stopped."""
        return bool(self._behind(name))

    def refresh(self, name: str, *, seconds: float) -> None:
        """Run to their end the statements that a stale value waits for, with what they begin with and what follows."""
        statements = self._behind(name)
        for statement in statements:
            self._continued[statement.node] = half_done_by(statement, self.namespace).continued
        self._finish(statements, seconds=seconds)

    def _behind(self, name: str) -> list[Statement]:
        stopped = {event.node for event in self.log.events if event.was_stopped and event.node is not None}
        if not stopped or name in self._waiting:
            return self._waiting.get(name, [])
        failed = {event.node for event in self.log.events if event.node is not None} - stopped
        stale = find_stale(self._above, stopped=stopped, failed=failed, namespace=self.namespace)
        places = {place for one in reached_from(name, self.namespace) for place in stale.get(one, ())}
        self._waiting[name] = [self._above[place] for place in sorted(places)]
        return self._waiting[name]

    def _finish(self, statements: Sequence[Statement], *, seconds: float) -> None:
        """Run statements once more, in order, and note anew how they ended."""
        deadline = time.monotonic() + seconds
        self._waiting = {}
        before = dict(self.namespace)
        for statement in statements:
            left_s = round(deadline - time.monotonic(), 1)  # students read it
            if left_s <= 0:
                break
            with stopped_at_unwanted(may_train=True):
                for one in self._beginnings(statement):
                    self._execute(one, cpu_s=left_s, wall_s=left_s)
                error = self._execute(statement, cpu_s=left_s, wall_s=left_s)
            self.log.events = [event for event in self.log.events if event.statement is not statement]
            self._conclude(statement, error)
        self.completed |= set_since(before, self.namespace)

    def follows_a_stop(self, event: Event) -> bool:
        """Tell whether a statement failed on something that a statement above it had not finished when it stopped."""
        if event.statement is None:
            return False
        pending, stopped = self._unfinished()
        before = [one for one in pending if (one.cell, one.line) < (event.cell, event.line)]
        return follows_a_stop(event.statement, before=before, stopped=stopped, namespace=self.namespace)

    def _unfinished(self) -> tuple[list[Statement], list[Statement]]:
        """Return the statements that have not run to their end, in order, and those of them that were stopped."""
        events = [(event, event.statement) for event in self.log.events if event.statement is not None]
        pending = sorted((one for _event, one in events), key=lambda one: (one.cell, one.line))
        return pending, [one for event, one in events if event.is_unfinished]

    def _read(self, cells: Sequence[Cell]) -> list[Statement]:
        """Parse the code cells; one that is not Python becomes an event, but tracebacks can still show its lines."""
        statements: list[Statement] = []
        for cell in cells:
            if cell.kind is not CellKind.CODE:
                continue
            source = to_python(cell.source)
            for line, left_out in source.left_out:
                self.log.events.append(Event(cell.number, line, (), f"`{left_out[:60]}` is no Python"))
            if source.written:
                write_file(source.written, root=self._root, appends=source.appends)
            self.log.events += [_newer_event(one, cell) for one in source.lost]
            try:
                statements += statements_in(parse_cell(cell, source, root=self._root), cell=cell.number)
            except (SyntaxError, ValueError, RecursionError, MemoryError) as err:
                line = getattr(err, "lineno", None) or 1
                names = tuple(names_in_text(source.python))
                self.log.events.append(Event(cell.number, line, names, "the cell is not valid Python", err))
        return statements

    def _run_in_turn(self, statement: Statement) -> bool:
        """Run a statement, or note why not; return False if it lacked a name that a later cell may define."""
        if statement.cell != self._cell:
            _close_figures()
            self._cell, self._has_failed = statement.cell, False
        if not statement.is_definition and self._left_s <= 0:
            why = f"the statements before it have used up {self._pace.total_s:g} s"
            self._note(statement, why, NoTimeLeft(why))
            return True
        with _without_warnings() if self._has_failed else contextlib.nullcontext():
            error = self._execute_in_turn(statement)
        self._has_failed |= error is not None
        self._conclude(statement, error)
        return not isinstance(error, NameError)

    def _run_again(self, statement: Statement) -> bool:
        """Run a statement that lacked a name when its turn came, unless its names have come from elsewhere.

        Return False if it still lacks a name, which the second try of another statement may define.
        """
        is_missing = statement.names and not any(name in self.namespace for name in statement.names)
        error = self._execute_in_turn(statement) if is_missing else None
        if is_missing and error is None:
            self._take_late(statement)
        return not isinstance(error, NameError)

    def _run_late(self, statement: Statement) -> None:
        """Run a definition below the end, if the name is not there yet."""
        missing = [name for name in statement.names if name not in self.namespace]
        if not missing:
            return
        if not statement.is_definition:
            self._note(statement, "it stands below the cell where this task is checked")
        elif self._execute_in_turn(statement) is None:
            self._take_late(statement)

    def _take_late(self, statement: Statement) -> None:
        self.log.defined.update(dict.fromkeys(statement.names, statement.cell))
        self.log.late += [(name, statement.cell) for name in statement.names]

    def _execute_in_turn(self, statement: Statement) -> BaseException | None:
        """Execute a statement within its share of the time and return what it raised."""
        started = time.monotonic()
        cpu_s = self._pace.statement_s * (5 if statement.is_definition else 1)
        left_s = self._pace.total_s if statement.is_definition else self._left_s
        wall_s = max(_LEAST_PATIENCE * cpu_s, min(_PATIENCE * cpu_s, left_s))
        error = self._execute(statement, cpu_s=cpu_s, wall_s=wall_s)
        if not statement.is_definition:
            self._left_s -= time.monotonic() - started
        return error

    def _execute(self, statement: Statement, *, cpu_s: float, wall_s: float) -> BaseException | None:
        place = statement.place_in(f"cell {statement.cell}")
        if why_not := self._watch.why_not(place):
            return ProcessEnded(why_not)
        try:
            with (
                self._watch.at(place),
                time_limit(cpu_s=cpu_s, wall_s=wall_s, import_s=self._pace.total_s, root=self._root),
            ):
                with_card_played(
                    lambda: execute_statement(statement, self.namespace, root=self._root, flags=self._flags)
                )
        except KeyboardInterrupt:
            raise
        except BaseException as err:
            traceback.clear_frames(err.__traceback__)
            return err
        self._flags |= future_flags(statement.node)
        return None

    def _beginnings(self, statement: Statement) -> list[Statement]:
        """Return the statements that have to run again before one does that the clock had cut off."""
        names = self._continued.get(statement.node)
        if not names:
            return []
        pending = {event.node for event in self.log.events}
        completed = [one for one in self._above if one.node not in pending]
        return beginnings_of(statement, names=names, completed=completed)

    def _take_back(self, statement: Statement) -> Statement:
        """Take away what a statement has only made in part; return the statement as the one that sets all of it."""
        half_done = half_done_by(statement, self.namespace)
        for name in half_done.names:
            self.namespace.pop(name, None)
        self._continued[statement.node] = half_done.continued
        return replace(statement, names=tuple(dict.fromkeys([*statement.names, *sorted(half_done.names)])))

    def _conclude(self, statement: Statement, error: BaseException | None) -> None:
        """Note how a statement ended."""
        if isinstance(error, StatementTooLong):
            statement = self._take_back(statement)
        if error is not None:
            self._note(statement, describe_failure(error, statement.node), error)
        if error is None or what_stopped(error):
            names = [name for name in statement.names if name in self.namespace]
            self.log.defined.update(dict.fromkeys(names, statement.cell))

    def _note(self, statement: Statement, why: str, error: BaseException | None = None) -> None:
        self.log.events.append(Event(statement.cell, statement.line, statement.names, why, error, statement))


@contextlib.contextmanager
def _without_warnings() -> Iterator[None]:
    """Let nobody read warnings of what runs below a statement that failed: a kernel would have ended the cell there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _newer_event(one: NewerStatement, cell: Cell) -> Event:
    (statement,) = statements_in(ast.Module([one.node], type_ignores=[]), cell=cell.number)
    return Event(cell.number, one.line, statement.names, one.why, is_newer=True)


def _close_figures() -> None:
    """Close what cells have drawn, as a kernel does after each: else a function would plot into the last axes."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        with contextlib.suppress(Exception):
            pyplot.close("all")
