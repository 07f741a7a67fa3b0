"""Tell which top-level statement is being run, so that the one which ends the process can be left out the next time.

`grader.sandbox.inside.preparing` makes one where a submission's process has died while it was imported;
`grader.sandbox.inside.definitions` and `grader.sandbox.inside.student_files` run their statements under it.

Why: docs/decisions.md#what-ends-the-process-is-left-out
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

Place = tuple[str, int, int]
"""A file below the submission, or "cell 5", and where in it a statement begins: line and column."""


class ProcessEnded(Exception):
    """Say of a statement that was left out what it did when it was run before."""


class ImportWatch:
    """Know which statements are left out, by place and why, and tell each one that is about to run."""

    def __init__(
        self, tell: Callable[[Place], None] | None = None, left_out: Mapping[Place, str] | None = None
    ) -> None:
        self._tell = tell
        self._left_out = dict(left_out or {})
        self._places: list[Place] = []

    @property
    def is_watching(self) -> bool:
        """Tell whether somebody listens; else files may run as a whole."""
        return self._tell is not None

    def why_not(self, place: Place) -> str:
        """Return why a statement is left out, "" where it is to be run."""
        return self._left_out.get(place, "")

    @contextmanager
    def at(self, place: Place) -> Iterator[None]:
        """Tell that the body runs a statement; what it imports may have statements of its own."""
        if self._tell is None:
            yield
            return
        self._places.append(place)
        self._tell(place)
        try:
            yield
        finally:
            self._places.pop()
            if self._places:
                self._tell(self._places[-1])


UNWATCHED = ImportWatch()
