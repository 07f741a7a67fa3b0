"""Nobody sits at the keyboard while code is graded: whatever asks is told so at once, and the error says what to do.

`grader.sandbox.inside.serving` sets it up behind the wall, `grader.sandbox.inside.unwanted` wherever students'
code is imported.
"""

import bdb
import builtins
import getpass
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_NOBODY = "nobody is there while this is graded"


class NobodyAnswers(EOFError):
    """Say that code waits for somebody; `doing` is what it does, in a few words."""

    def __init__(self, doing: str, remedy: str) -> None:
        super().__init__(f"{doing.removeprefix('it ')}, and {_NOBODY}: {remedy}")
        self.doing = doing


@contextmanager
def nobody_answers() -> Iterator[None]:
    """Let `input`, `getpass`, the standard input and debuggers raise NobodyAnswers in the body."""
    replaced = ((builtins, "input", _ask), (getpass, "getpass", _ask), (bdb.Bdb, "set_trace", _debug))
    before = [(owner, name, getattr(owner, name)) for owner, name, _stand_in in replaced]
    before.append((sys, "stdin", sys.stdin))
    for owner, name, stand_in in (*replaced, (sys, "stdin", _Keyboard())):
        setattr(owner, name, stand_in)
    try:
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)


def _ask(*_args: Any, **_kwargs: Any) -> str:
    raise NobodyAnswers("it asks for input", "write the value into the code instead.")


def _debug(*_args: Any, **_kwargs: Any) -> None:
    raise NobodyAnswers("it stops in the debugger", "delete `breakpoint()` or `set_trace()` before you hand in.")


class _Keyboard(io.TextIOBase):
    """Stand in for the standard input: whoever reads from it waits for somebody."""

    def readable(self) -> bool:
        """Pass for a file that can be read."""
        return True

    def read(self, *_args: Any) -> str:
        """Raise NobodyAnswers."""
        return _ask()

    def readline(self, *_args: Any) -> str:  # type: ignore[override]
        """Raise NobodyAnswers."""
        return _ask()
