"""Stop a statement that computes or waits for too long, as far as Python code can be interrupted.

`grader.sandbox.inside.definitions` runs every statement of a notebook under it.

Why: docs/decisions.md#time-of-a-statement
"""

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

_AGAIN_S = 0.25  # a statement that catches its own time-out gets another one
_LOOK_S = 0.05
_EARLY_S = 0.05  # timers may ring a little before the clock says so
_IMPORTING = "<frozen importlib._bootstrap>"
_NOWHERE = "\0"  # no path begins so


class StatementTooLong(BaseException):
    """Interrupt a statement that has used up its time; no `except Exception` of a student's stops it."""


class NoTimeLeft(StatementTooLong):
    """Stand for a statement that was not run, since those before it had used up the time for all."""


@dataclass(slots=True)
class _Clock:
    """Hold one of the two limits of a statement: its seconds, by which clock, and what is said at its end.

    An import is not cut off in half, which would leave a library that nothing can use any more. It has `import_s`, and
    the statement its own seconds from there on.
    """

    seconds: float
    time: Callable[[], float]
    words: str
    import_s: float
    own: str
    began: float = 0.0
    end: float = 0.0
    has_imported: bool = False

    def start(self) -> None:
        """Begin to count."""
        self.began = self.time()
        self.end = self.began + self.seconds

    def is_over(self, frame: FrameType | None) -> bool:
        """Tell whether the seconds are over, for a statement that runs in this frame."""
        now = self.time()
        if now < self.end - _EARLY_S:
            return False
        if _is_importing(frame, own=self.own):
            self.has_imported = now - self.began < self.import_s
            return not self.has_imported
        if self.has_imported:
            self.has_imported, self.end = False, now + self.seconds
            return False
        return True


def _is_importing(frame: FrameType | None, *, own: str) -> bool:
    """Tell whether a module is being imported that is not the student's own, which lie below the path `own`."""
    while frame is not None and not frame.f_code.co_filename.startswith(own):
        if frame.f_code.co_filename == _IMPORTING:
            return True
        frame = frame.f_back
    return False


@contextlib.contextmanager
def time_limit(*, cpu_s: float, wall_s: float, import_s: float = 0.0, root: Path | None = None) -> Iterator[None]:
    """Raise StatementTooLong in the body after `cpu_s` seconds of this process's computing, or `wall_s` by the clock.

    Computing time is what counts, since a busy machine makes an honest statement wait; the clock ends what only waits.
    A module that the body is importing by then is imported first, within `import_s`, unless it lies below `root`.
    Outside the main thread there are no signals, and no limit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    own = f"{root}{os.sep}" if root is not None else _NOWHERE
    clocks = (
        _Clock(cpu_s, time.process_time, f"it computed for longer than {cpu_s:g} s", import_s, own),
        _Clock(wall_s, time.monotonic, f"it took longer than {wall_s:g} s", import_s, own),
    )
    for clock in clocks:
        clock.start()
    with _signalled(*clocks) if hasattr(signal, "setitimer") else _watched(clocks):
        yield


@contextlib.contextmanager
def _signalled(computing: _Clock, waiting: _Clock) -> Iterator[None]:
    """Limit the body by timers that send signals."""
    clocks: dict[int, _Clock] = {signal.SIGPROF: computing, signal.SIGALRM: waiting}
    is_active = True

    def stop(number: int, frame: FrameType | None) -> None:
        if is_active and clocks[number].is_over(frame):
            raise StatementTooLong(clocks[number].words)

    no_computing = _set_alarm(signal.ITIMER_PROF, signal.SIGPROF, computing, stop)
    no_waiting = _set_alarm(signal.ITIMER_REAL, signal.SIGALRM, waiting, stop)
    try:
        try:
            yield
        finally:
            is_active = False
    finally:
        no_waiting()
        no_computing()


def _set_alarm(
    timer: int, number: int, clock: _Clock, stop: Callable[[int, FrameType | None], Any]
) -> Callable[[], None]:
    """Start a timer with its handler; return a function that gives both back to whoever had them before."""
    before = signal.signal(number, stop)
    started = clock.time()
    left_s, interval_s = signal.setitimer(timer, clock.seconds, _AGAIN_S)

    def give_back() -> None:
        others_s = max(0.01, left_s - (clock.time() - started)) if left_s else 0.0
        signal.setitimer(timer, 0)
        signal.signal(number, before)
        signal.setitimer(timer, others_s, interval_s)

    return give_back


@contextlib.contextmanager
def _watched(clocks: Sequence[_Clock]) -> Iterator[None]:
    """Limit the body by a thread that interrupts this one, where the system has no timers that send signals."""
    watcher = _Watcher(clocks)
    try:
        with watcher:
            yield
    except StatementTooLong as err:
        raise StatementTooLong(watcher.words) from err


class _Watcher:
    """Raise StatementTooLong in the thread that makes it, again and again, from the end of its time until it leaves."""

    def __init__(self, clocks: Sequence[_Clock]) -> None:
        self.words = ""
        self._clocks = clocks
        self._number = threading.get_ident()
        self._watched = ctypes.c_ulong(self._number)
        self._has_left = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while True:
            try:
                with self._lock:
                    self._has_left.set()
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(self._watched, None)
            except StatementTooLong:  # it came in these very lines
                continue
            return

    def _watch(self) -> None:
        while not self._has_left.wait(_LOOK_S):
            frame = sys._current_frames().get(self._number)
            over = next((clock for clock in self._clocks if clock.is_over(frame)), None)
            if over is None:
                continue
            self.words = over.words
            with self._lock:
                if not self._has_left.is_set():
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(self._watched, ctypes.py_object(StatementTooLong))
            self._has_left.wait(_AGAIN_S)
