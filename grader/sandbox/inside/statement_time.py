"""Stop a statement that computes or waits for too long, as far as Python code can be interrupted.

`grader.sandbox.inside.definitions` runs every statement of a notebook under it.

Why: docs/decisions.md#time-of-a-statement
"""

import contextlib
import ctypes
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import Any

_AGAIN_S = 0.25  # a statement that catches its own time-out gets another one
_LOOK_S = 0.05


class StatementTooLong(BaseException):
    """Interrupt a statement that has used up its time; no `except Exception` of a student's stops it."""


class NoTimeLeft(StatementTooLong):
    """Stand for a statement that was not run, since those before it had used up the time for all."""


@contextlib.contextmanager
def time_limit(*, cpu_s: float, wall_s: float) -> Iterator[None]:
    """Raise StatementTooLong in the body after `cpu_s` seconds of this process's computing, or `wall_s` by the clock.

    Computing time is what counts, since a busy machine makes an honest statement wait; the clock ends what only waits.
    Outside the main thread there are no signals, and no limit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    if not hasattr(signal, "setitimer"):
        with _watched(cpu_s=cpu_s, wall_s=wall_s):
            yield
        return
    words: dict[int, str] = {
        signal.SIGPROF: f"it computed for longer than {cpu_s:g} s",
        signal.SIGALRM: f"it took longer than {wall_s:g} s",
    }
    is_active = True

    def stop(number: int, _frame: FrameType | None) -> None:
        if is_active:
            raise StatementTooLong(words[number])

    computing = _set_alarm(signal.ITIMER_PROF, signal.SIGPROF, cpu_s, stop, clock=time.process_time)
    waiting = _set_alarm(signal.ITIMER_REAL, signal.SIGALRM, wall_s, stop, clock=time.monotonic)
    try:
        try:
            yield
        finally:
            is_active = False
    finally:
        waiting()
        computing()


def _set_alarm(
    timer: int,
    number: int,
    seconds: float,
    stop: Callable[[int, FrameType | None], Any],
    *,
    clock: Callable[[], float],
) -> Callable[[], None]:
    """Start a timer with its handler; return a function that gives both back to whoever had them before."""
    before = signal.signal(number, stop)
    started = clock()
    left_s, interval_s = signal.setitimer(timer, seconds, _AGAIN_S)

    def give_back() -> None:
        others_s = max(0.01, left_s - (clock() - started)) if left_s else 0.0
        signal.setitimer(timer, 0)
        signal.signal(number, before)
        signal.setitimer(timer, others_s, interval_s)

    return give_back


@contextlib.contextmanager
def _watched(*, cpu_s: float, wall_s: float) -> Iterator[None]:
    """Limit the body by a thread that interrupts this one, where the system has no timers that send signals."""
    watcher = _Watcher(cpu_s=cpu_s, wall_s=wall_s)
    try:
        with watcher:
            yield
    except StatementTooLong as err:
        raise StatementTooLong(watcher.words) from err


class _Watcher:
    """Raise StatementTooLong in the thread that makes it, again and again, from the end of its time until it leaves."""

    def __init__(self, *, cpu_s: float, wall_s: float) -> None:
        self.words = ""
        self._limits = (cpu_s, wall_s)
        self._watched = ctypes.c_ulong(threading.get_ident())
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
        cpu_s, wall_s = self._limits
        computed, began = time.process_time(), time.monotonic()
        while not self._has_left.wait(_LOOK_S):
            if time.process_time() - computed >= cpu_s:
                self.words = f"it computed for longer than {cpu_s:g} s"
            elif time.monotonic() - began >= wall_s:
                self.words = f"it took longer than {wall_s:g} s"
            else:
                continue
            with self._lock:
                if not self._has_left.is_set():
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(self._watched, ctypes.py_object(StatementTooLong))
            self._has_left.wait(_AGAIN_S)
