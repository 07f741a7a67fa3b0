"""Stop a statement that computes or waits for too long, as far as Python code can be interrupted.

`grader.sandbox.inside.definitions` runs every statement of a notebook under it.

Why: docs/decisions.md#time-of-a-statement
"""

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

_AGAIN_S = 0.25  # a statement that catches its own time-out gets another one


class StatementTooLong(BaseException):
    """Interrupt a statement that has used up its time; no `except Exception` of a student's stops it."""


@contextlib.contextmanager
def time_limit(*, cpu_s: float, wall_s: float) -> Iterator[None]:
    """Raise StatementTooLong in the body after `cpu_s` seconds of this process's computing, or `wall_s` by the clock.

    Computing time is what counts, since a busy machine makes an honest statement wait; the clock ends what only waits.
    Outside the main thread there are no signals, and no limit.
    """
    if threading.current_thread() is not threading.main_thread():
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
