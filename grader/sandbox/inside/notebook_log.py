"""What became of a notebook's statements: where each name was defined last, and what failed, was stopped, or was late.

`grader.sandbox.inside.definitions` keeps it; `grader.sandbox.inside.notebook_names` and
`grader.sandbox.inside.notebook_modules` tell of it.
"""

import ast
from dataclasses import dataclass, field

from grader.sandbox.inside.failure_words import is_download
from grader.sandbox.inside.statement_time import NoTimeLeft, StatementTooLong
from grader.sandbox.inside.statements import Statement
from grader.sandbox.inside.unwanted import what_stopped


@dataclass(frozen=True, slots=True)
class Event:
    """Say what became of a statement that did not run to its end; `error` is what it raised, if it was run at all.

    `statement` is None for a cell that is no Python, and for what is newer than the Python that runs (`is_newer`).
    """

    cell: int
    line: int
    names: tuple[str, ...]
    why: str
    error: BaseException | None = None
    statement: Statement | None = None
    is_newer: bool = False

    @property
    def node(self) -> ast.stmt | None:
        """Return its syntax tree, the same however often the statement runs."""
        return self.statement.node if self.statement is not None else None

    @property
    def was_stopped(self) -> bool:
        """Tell whether it was stopped at something that is not wanted while a notebook is imported."""
        return bool(what_stopped(self.error))

    @property
    def is_too_slow(self) -> bool:
        """Tell whether time was too short for it: to run to its end, or to begin."""
        return isinstance(self.error, StatementTooLong)

    @property
    def is_unfinished(self) -> bool:
        """Tell whether it would have gone on, had nobody stopped it."""
        return self.was_stopped or self.is_too_slow

    @property
    def was_run(self) -> bool:
        """Tell whether it was begun."""
        return self.error is not None and not isinstance(self.error, NoTimeLeft)

    @property
    def is_download(self) -> bool:
        """Tell whether it failed on a download, which nothing here can do."""
        return is_download(self.error)


@dataclass(slots=True)
class Log:
    """Hold what became of a notebook: where each name was defined last, and what failed or was stopped.

    `late` are (name, cell) of definitions that were used although they stand below the cell where the run ends.
    """

    defined: dict[str, int] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    late: list[tuple[str, int]] = field(default_factory=list)

    def last_event(self, name: str) -> Event | None:
        """Return what last happened to a statement that would have bound this name."""
        return next((event for event in reversed(self.events) if name in event.names), None)

    def first_cause(self, event: Event) -> Event:
        """Return what failed first of a chain of names that were missing: each link stands above the one before."""
        while isinstance(event.error, NameError) and event.error.name:
            name, place = event.error.name, (event.cell, event.line)
            above = [one for one in self.events if name in one.names and (one.cell, one.line) < place]
            if not above:
                return event
            event = above[-1]
        return event
