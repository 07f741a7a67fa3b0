"""The `probe` decorator: how an instructor's `probes.py` declares what exercises the student's code.

`grader.sandbox.worker` reads the declarations inside the sandbox and calls them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

ProbeFunction = Callable[..., dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Probe:
    """Hold a probe: `function` takes keyword inputs and returns a dict; `needs` are the student's modules it uses."""

    name: str
    function: ProbeFunction
    needs: tuple[str, ...]


def probe(*, needs: Sequence[str] = ()) -> Callable[[ProbeFunction], Probe]:
    """Declare a function as a probe that needs the named modules of the student imported first."""

    def declare(function: ProbeFunction) -> Probe:
        return Probe(name=function.__name__, function=function, needs=tuple(needs))

    return declare


def find_probes(namespace: dict[str, Any]) -> dict[str, Probe]:
    """Return the probes declared in a module's namespace, by name."""
    return {value.name: value for value in namespace.values() if isinstance(value, Probe)}
