"""Notice that code which watches a submission is no longer what it was when the fork server imported it.

`grader.sandbox.inside.probe_process` asks after each probe in which forbidden names are watched. It shares a process
with the student's code, so it shows who changes the recorder, and not who changes this module as well.
"""

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any


def remember(*modules: ModuleType) -> Callable[[], bool]:
    """Return a function that tells whether the functions, classes and methods of modules are still what they are now.

    Their code counts as well: a function whose code was exchanged is another one.
    """
    known = [(owner, name, value, _code(value)) for module in modules for owner, name, value in _definitions(module)]

    def is_intact() -> bool:
        return all(vars(owner).get(name) is value and _code(value) is code for owner, name, value, code in known)

    return is_intact


def _definitions(owner: Any) -> Iterator[tuple[Any, str, Any]]:
    """Yield the functions and classes in a module, those that it imported among them, and the methods of its own."""
    for name, value in list(vars(owner).items()):
        if callable(value) and not name.startswith("__"):
            yield owner, name, value
        if isinstance(value, type) and value.__module__ == getattr(owner, "__name__", None):
            yield from ((value, name, method) for name, method in list(vars(value).items()) if callable(method))


def _code(value: Any) -> Any:
    return getattr(value, "__code__", None)
