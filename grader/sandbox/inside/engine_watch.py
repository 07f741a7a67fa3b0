"""Show every run of autograd's engine before it happens: whatever door leads there, it is autograd.

`grader.sandbox.inside.recorder` looks for forbidden calls with it, `grader.sandbox.inside.unwanted` for training.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch.autograd import Variable


@contextmanager
def watched_engine(before: Callable[..., None]) -> Iterator[None]:
    """Call `before` with the arguments of each run of the engine; what it raises keeps the run from happening."""
    engine = Variable._execution_engine
    setattr(Variable, "_execution_engine", _Engine(engine, before))  # noqa: B010 - mypy forbids the assignment
    try:
        yield
    finally:
        setattr(Variable, "_execution_engine", engine)  # noqa: B010


class _Engine:
    """Stand in for autograd's engine."""

    def __init__(self, engine: Any, before: Callable[..., None]) -> None:
        self._engine = engine
        self._before = before

    def run_backward(self, *args: Any, **kwargs: Any) -> Any:
        """Show the run and do it."""
        self._before(*args, **kwargs)
        return self._engine.run_backward(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)
