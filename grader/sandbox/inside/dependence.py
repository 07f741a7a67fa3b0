"""Tell which statements that were stopped or have failed another statement, or a name, depends on.

`grader.sandbox.inside.definitions` runs them to their end where a name is missing, and knows by it what only failed
since something above it was stopped.
"""

import inspect
from collections.abc import Collection, Mapping, Sequence
from types import ModuleType
from typing import Any

from grader.sandbox.inside.statements import Statement


def needed_for(
    name: str, *, pending: Sequence[Statement], stopped: Collection[Statement], namespace: Mapping[str, Any]
) -> list[Statement]:
    """Return those of the `pending` statements, in order, that have to run to their end for a name to be there.

    Empty where no `stopped` statement is among them: then running them again would change nothing.
    """
    binding = [place for place, statement in enumerate(pending) if name in statement.names]
    if not binding:
        return []
    wanted, chosen = {name}, list[Statement]()
    for statement in reversed(pending[: binding[-1] + 1]):
        works_on = set(statement.names) | (_values(statement, namespace) if statement in stopped else set())
        if works_on & wanted:
            chosen.insert(0, statement)
            wanted |= statement.read_names()
    return chosen if any(statement in stopped for statement in chosen) else []


def follows_a_stop(
    statement: Statement, *, before: Sequence[Statement], stopped: Collection[Statement], namespace: Mapping[str, Any]
) -> bool:
    """Tell whether a statement works on what one above it had not finished when it was stopped.

    `before` are the statements above it that were stopped or have failed.
    """
    wanted = statement.read_names()
    for other in reversed(before):
        works_on = set(other.names) | (_values(other, namespace) if other in stopped else set())
        if works_on & wanted:
            if other in stopped:
                return True
            wanted |= other.read_names()
    return False


def with_followers(
    unfinished: Collection[Statement], *, pending: Sequence[Statement], namespace: Mapping[str, Any]
) -> list[Statement]:
    """Return the `unfinished` statements and those of the `pending` ones that only failed since these are above."""
    chosen = list[Statement]()
    for statement in pending:
        if statement in unfinished or follows_a_stop(statement, before=chosen, stopped=unfinished, namespace=namespace):
            chosen.append(statement)
    return chosen


def _values(statement: Statement, namespace: Mapping[str, Any]) -> set[str]:
    """Return the names by which a statement reaches values that it may change: no modules, functions or classes."""
    return {name for name in statement.read_names() if name in namespace and not is_code(namespace[name])}


def set_since(before: Mapping[str, Any], namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a namespace holds now under names that were not there before, or stood for something else."""
    missing = object()
    return {name: value for name, value in namespace.items() if before.get(name, missing) is not value}


def is_code(value: Any) -> bool:
    """Tell whether a value is a module, a class or a function."""
    return isinstance(value, ModuleType | type) or inspect.isroutine(value)
