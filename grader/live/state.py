"""Give a kernel back as it was: the student's names, generators of random numbers, and whatever probes replaced.

`grader.live.checks` wraps it around a check, which runs in the student's own process: behind a wall each probe would
have had a fork to itself.

Why: docs/decisions.md#checks-in-a-kernel
"""

import contextlib
import importlib
import os
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from grader.live.owners import keep_public_names
from grader.sandbox.inside.kept_values import keep_values


@contextlib.contextmanager
def unharmed(namespace: MutableMapping[str, Any], *, root: Path, owners: Sequence[Any]) -> Iterator[None]:
    """Restore what the body changes of the interpreter, of `namespace` and its values, and of the `owners` of names.

    Modules below `root` are imported anew in the body. Nothing deeper than an attribute of a value is restored.
    """
    restore: list[Callable[[], None]] = [
        *_keep_generators(),
        *_keep_interpreter(),
        _keep_figures(),
        *(keep_public_names(owner) for owner in owners),
        *keep_values(namespace),
        _keep_modules(root),
    ]
    try:
        with warnings.catch_warnings():
            yield
    finally:
        for one in restore:
            one()


def _keep_generators() -> Iterator[Callable[[], None]]:
    """Yield what restores the state of each generator of random numbers."""
    python = random.getstate()
    yield lambda: random.setstate(python)
    cpu = torch.get_rng_state()
    yield lambda: torch.set_rng_state(cpu)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        gpus = torch.cuda.get_rng_state_all()
        yield lambda: torch.cuda.set_rng_state_all(gpus)
    if "numpy" in sys.modules:
        numpy = sys.modules["numpy"].random
        state = numpy.get_state()
        yield lambda: numpy.set_state(state)


def _keep_interpreter() -> Iterator[Callable[[], None]]:
    dtype, threads, gradients = torch.get_default_dtype(), torch.get_num_threads(), torch.is_grad_enabled()
    yield lambda: torch.set_default_dtype(dtype)
    yield lambda: torch.set_num_threads(threads) if torch.get_num_threads() != threads else None
    yield lambda: _set_gradients(gradients)
    here, argv, writes = Path.cwd(), sys.argv, sys.dont_write_bytecode
    sys.dont_write_bytecode = True  # a file that is saved twice within a second would look unchanged
    yield lambda: os.chdir(here)
    yield lambda: setattr(sys, "argv", argv)
    yield lambda: setattr(sys, "dont_write_bytecode", writes)
    for kept in (sys.path, sys.meta_path):
        yield _keep_contents(kept)
    yield _keep_contents(os.environ)
    if hasattr(signal, "SIGALRM") and threading.current_thread() is threading.main_thread():
        handler = signal.getsignal(signal.SIGALRM)
        yield lambda: _set_handler(handler)


def _set_gradients(enabled: bool) -> None:
    torch.set_grad_enabled(enabled)


def _set_handler(handler: Any) -> None:
    signal.signal(signal.SIGALRM, handler)


def _keep_contents(container: Any) -> Callable[[], None]:
    before = container.copy()

    def restore() -> None:
        if container == before:
            return
        container.clear()
        container.extend(before) if isinstance(container, list) else container.update(before)

    return restore


def _keep_figures() -> Callable[[], None]:
    """Restore Matplotlib's settings, and close the figures that were not open."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return lambda: None
    settings = dict.copy(pyplot.rcParams)
    figures = pyplot.get_fignums()
    current = pyplot.gcf().number if figures else None

    def restore() -> None:
        for number in pyplot.get_fignums():
            if number not in figures:
                pyplot.close(number)
        if current is not None and current in pyplot.get_fignums():
            pyplot.figure(current)
        if dict.copy(pyplot.rcParams) != settings:
            dict.update(pyplot.rcParams, settings)

    return restore


def _keep_modules(root: Path) -> Callable[[], None]:
    """Take the modules below `root` out; the kernel's own are put back when the body has ended."""
    before = dict(sys.modules)
    start = f"{root}{os.sep}"
    for name in [name for name, module in before.items() if _is_below(module, start)]:
        del sys.modules[name]
    importlib.invalidate_caches()

    def restore() -> None:
        for name in sys.modules.keys() - before.keys():
            module = sys.modules[name]
            if _is_below(module, start) or getattr(module, "__spec__", None) is None:
                del sys.modules[name]
        sys.modules.update({name: module for name, module in before.items() if sys.modules.get(name) is not module})

    return restore


def _is_below(module: Any, start: str) -> bool:
    file = vars(module).get("__file__") if isinstance(module, ModuleType) else None
    return isinstance(file, str) and file.startswith(start) and "site-packages" not in file
