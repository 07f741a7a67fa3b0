"""What a probe leaves behind in its process: settings and names are put back, what can't be ends the process.

`grader.sandbox.inside.serving` asks after each probe whose process answers more than one. It shares that process with
the student's code, so it serves honest code; what is decided against a student is asked again in a fresh process.

Why: docs/decisions.md#one-fork-for-a-task
"""

import contextlib
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from grader.sandbox.inside.kept_values import KeptNames
from grader.sandbox.inside.memory import resident_mib

_MOST_DESCRIPTORS = 100
_MOST_GROWTH_MIB = 200
_OWN = Path("/proc/self")
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Surroundings:
    """Remember the settings of a process, and its `names`, as they are before probes run in it."""

    def __init__(self, names: KeptNames | None = None) -> None:
        self._names = names
        self._before = dict(_settings())
        self._put_back = dict(_restorers())
        self._size_mib = resident_mib("self")
        self._is_kept = True

    def remember(self) -> None:
        """Remember what has been imported since, before a probe uses it."""
        if self._names is not None:
            try:
                self._names.remember()
            except Exception:  # whatever a student's values do when they are asked what they hold
                self._names, self._is_kept = None, False

    def put_back(self) -> bool:
        """Put back what the probe changed; tell whether the process is now as good as a fresh one.

        It is not where threads or open contexts were left, or much memory or many files are held.
        """
        try:
            self._close_figures()
            if self._names is not None:
                self._names.put_back()
            changed = self._changed()
            for name in changed:
                self._put_back[name](self._before[name])
            is_as_before = not changed or not self._changed()
            return self._is_kept and is_as_before and not _holds_threads() and not self._has_grown()
        except Exception:  # whatever the student's code has done to what is asked here
            return False

    def _changed(self) -> list[str]:
        return [name for name, value in _settings() if self._before.get(name, value) != value]

    def _has_grown(self) -> bool:
        return resident_mib("self") - self._size_mib > _MOST_GROWTH_MIB or _descriptor_count() > _MOST_DESCRIPTORS

    def _close_figures(self) -> None:
        pyplot = sys.modules.get("matplotlib.pyplot")
        if pyplot is not None and pyplot.get_fignums():
            pyplot.close("all")


def _settings() -> Iterator[tuple[str, Any]]:
    """Yield the settings of a process that code may change, by name."""
    yield "dtype", torch.get_default_dtype()
    yield "device", torch.get_default_device()
    yield "threads", torch.get_num_threads()
    yield "gradients", torch.is_grad_enabled()
    yield "inference", torch.is_inference_mode_enabled()
    yield "anomalies", torch.is_anomaly_enabled()
    yield "function modes", torch._C._len_torch_function_stack()
    yield (
        "deterministic",
        (
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
        ),
    )
    yield "matmul", torch.get_float32_matmul_precision()
    yield "cudnn", (torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark)
    yield "print options", dict(vars(torch._tensor_str.PRINT_OPTS))
    yield "warnings", list(warnings.filters)
    yield "environment", dict(os.environ)
    yield "folder", _current_folder()
    yield "path", list(sys.path)
    yield "arguments", list(sys.argv)
    yield "streams", (sys.stdin, sys.stdout, sys.stderr)
    yield "recursion", sys.getrecursionlimit()
    yield "tracing", (sys.gettrace(), sys.getprofile(), threading.gettrace(), threading.getprofile())
    yield "signals", tuple(signal.getsignal(one) for one in _SIGNALS)
    yield "timer", signal.getitimer(signal.ITIMER_REAL)[0] > 0
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        yield "numpy errors", numpy.geterr()
        yield "numpy print options", numpy.get_printoptions()
    matplotlib = sys.modules.get("matplotlib")
    if matplotlib is not None:
        yield "plots", dict.copy(matplotlib.rcParams)


def _restorers() -> Iterator[tuple[str, Callable[[Any], object]]]:
    """Yield how a setting is put back, for each name that `_settings` yields; some can't be."""
    yield "dtype", torch.set_default_dtype
    yield "device", lambda before: torch.set_default_device(before if before.type != "cpu" else None)
    yield "threads", torch.set_num_threads
    yield "gradients", torch.set_grad_enabled
    yield "inference", _leave
    yield "anomalies", torch.autograd.set_detect_anomaly
    yield "function modes", _leave
    yield "deterministic", lambda before: torch.use_deterministic_algorithms(before[0], warn_only=before[1])
    yield "matmul", torch.set_float32_matmul_precision
    yield "cudnn", _put_back_cudnn
    yield "print options", lambda before: vars(torch._tensor_str.PRINT_OPTS).update(before)
    yield "warnings", _put_back_filters
    yield "environment", _put_back_environment
    yield "folder", os.chdir
    yield "path", lambda before: sys.path.__setitem__(slice(None), before)
    yield "arguments", lambda before: sys.argv.__setitem__(slice(None), before)
    yield "streams", _put_back_streams
    yield "recursion", sys.setrecursionlimit
    yield "tracing", _put_back_tracing
    yield "signals", _put_back_signals
    yield "timer", lambda _before: signal.setitimer(signal.ITIMER_REAL, 0)
    yield "numpy errors", lambda before: sys.modules["numpy"].seterr(**before)
    yield "numpy print options", lambda before: sys.modules["numpy"].set_printoptions(**before)
    yield "plots", lambda before: dict.update(sys.modules["matplotlib"].rcParams, before)


def _leave(_before: Any) -> None:
    """Do nothing: the process ends where such a setting is not what it was."""


def _put_back_cudnn(before: tuple[bool, bool]) -> None:
    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = before


def _put_back_filters(before: list[Any]) -> None:
    warnings.resetwarnings()  # also tells Python that they have changed
    filters: Any = warnings.filters  # a list, which typeshed shows as a sequence
    filters.extend(before)


def _put_back_environment(before: dict[str, str]) -> None:
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    os.environ.update(before)


def _put_back_streams(before: tuple[Any, Any, Any]) -> None:
    sys.stdin, sys.stdout, sys.stderr = before


def _put_back_tracing(before: tuple[Any, Any, Any, Any]) -> None:
    sys.settrace(before[0])
    sys.setprofile(before[1])
    threading.settrace(before[2])
    threading.setprofile(before[3])


def _put_back_signals(before: tuple[Any, ...]) -> None:
    for one, handler in zip(_SIGNALS, before, strict=True):
        signal.signal(one, handler)


def _current_folder() -> str:
    with contextlib.suppress(OSError):
        return os.getcwd()  # noqa: PTH109 - compared as text, after each probe
    return ""  # it was removed


def _holds_threads() -> bool:
    """Tell whether a thread of the student's still runs."""
    return len(sys._current_frames()) > 1


def _descriptor_count() -> int:
    folder = _OWN / "fd"
    return len(os.listdir(folder)) if folder.is_dir() else 0  # noqa: PTH208 - only counted
