"""Wait for a student to save, and give the same folder to the grader again each time.

`grader.commands.check` grades one of `rounds` after another in a single session, so that the fork server stays warm.

Why: docs/decisions.md#watching-is-one-session
"""

import queue
import threading
from collections.abc import Collection, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from grader.errors import UsageError
from grader.submissions.submission import Found

_POLL_S = 0.5  # Windows can't interrupt a wait without an end
_FIRST_LOOK_MS = 100  # after a first look that found nothing, the folders are surely watched
_BEGINS_S = 5.0


class Changes:
    """Collect what is saved below some folders; a context manager that ends the watching.

    `ignored` are files that we write ourselves. Once entered, nothing that is saved is lost, also while checks run.
    """

    def __init__(self, folders: Collection[Path], *, ignored: Collection[Path] = ()) -> None:
        self._folders = [folder.resolve() for folder in folders]
        self._ignored = {path.resolve() for path in ignored}
        self._saved: queue.SimpleQueue[frozenset[Path] | Exception] = queue.SimpleQueue()
        self._begun = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        """Begin to watch. Raises UsageError if the package for it is not installed."""
        try:
            import watchfiles  # noqa: F401
        except ImportError as err:
            raise UsageError(
                "`--watch` needs the package watchfiles, which is not installed.",
                remedy="Run `pip install 'torchgrade[watch]'`, or leave out `--watch`.",
            ) from err
        self._thread.start()
        self._begun.wait(_BEGINS_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(timeout=2)

    def wait(self) -> frozenset[Path]:
        """Return the files that were saved, made or removed since the last call, as soon as there are any."""
        found = self._next()
        while not self._saved.empty():
            found |= self._next()
        return found

    def _next(self) -> frozenset[Path]:
        while True:
            try:
                found = self._saved.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            if isinstance(found, Exception):
                raise UsageError(
                    f"The folder can't be watched: {found}.",
                    remedy="Set WATCHFILES_FORCE_POLLING=1, or leave out `--watch`.",
                ) from found
            return found

    def _watch(self) -> None:
        import watchfiles

        only_files = watchfiles.DefaultFilter()

        def is_of_interest(change: watchfiles.Change, name: str) -> bool:
            return only_files(change, name) and not self._is_ours(Path(name))

        try:
            for saved in watchfiles.watch(
                *self._folders,
                watch_filter=is_of_interest,
                stop_event=self._ended,
                rust_timeout=_FIRST_LOOK_MS,
                yield_on_timeout=True,
                raise_interrupt=False,
            ):
                self._begun.set()
                if saved:
                    self._saved.put(frozenset(Path(name) for _, name in saved))
        except Exception as err:  # whatever ends this thread has to reach the thread that waits
            self._saved.put(err)
            self._begun.set()

    def _is_ours(self, path: Path) -> bool:
        hidden = any(part.startswith(".") for folder in self._folders for part in _below(path, folder))
        return hidden or path in self._ignored


def _below(path: Path, folder: Path) -> tuple[str, ...]:
    return path.relative_to(folder).parts if path.is_relative_to(folder) else ()


def rounds(found: Found, changes: Changes, *, checks: Path) -> Iterator[Found]:
    """Yield a student's folder now and after each save, until a file in the folder `checks` changes.

    Then checks and probes have to be read again, so the session has to end.
    """
    yield found
    while not any(path.is_relative_to(checks) for path in changes.wait()):
        yield found
