"""Which values of a notebook are older than its cells make them, since a statement was stopped where it trains.

`grader.sandbox.inside.definitions` runs those statements to their end where a check did not pass on such a value.

Why: docs/decisions.md#values-from-before-a-training
"""

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence
from types import CodeType, FunctionType
from typing import Any

import torch

from grader.sandbox.inside.half_done import half_done_by
from grader.sandbox.inside.statements import Statement


def find_stale(
    statements: Sequence[Statement],
    *,
    stopped: Collection[ast.stmt],
    failed: Collection[ast.stmt],
    namespace: Mapping[str, Any],
) -> dict[str, frozenset[int]]:
    """Return by name which of the `statements`, by their places, have to run for its value to be the notebook's.

    A stopped statement makes stale what it would set or fill, and the models that it would train; a statement below
    passes that on to what it computes from them.
    """
    stale: dict[str, frozenset[int]] = {}
    for place, statement in enumerate(statements):
        if statement.node in failed:
            continue
        read = {name for name in statement.loaded_names() if name in stale}
        behind = frozenset({place}).union(*(stale[name] for name in read))
        if statement.node in stopped:
            stale |= dict.fromkeys(_changed_by(statement, namespace), behind)
        elif read and not statement.is_definition:
            stale |= dict.fromkeys(statement.names, behind)
        else:
            for name in statement.names:
                stale.pop(name, None)
    return stale


def reached_from(name: str, namespace: Mapping[str, Any]) -> set[str]:
    """Return the names of a module that a value of it may look up: its own, and those in the code that it leads to."""
    reached: set[str] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one not in reached and one in namespace:
            reached.add(one)
            waiting += _names_behind(namespace[one], namespace)
    return reached


def _changed_by(statement: Statement, namespace: Mapping[str, Any]) -> set[str]:
    """Return the names whose values a statement would have set or filled, and those of models that it works on."""
    models = {name for name in statement.read_names() if isinstance(namespace.get(name), torch.nn.Module)}
    return {*half_done_by(statement, namespace).names, *models}


def _names_behind(value: Any, namespace: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names in the code of a function or class of this module, or of the class of a value."""
    parts: list[Any] = [value]
    kind = value if isinstance(value, type) else type(value)
    if kind.__module__ == namespace.get("__name__"):
        parts += [part for one in kind.__mro__ if one.__module__ == kind.__module__ for part in vars(one).values()]
    for part in parts:
        inner = part.__func__ if isinstance(part, staticmethod | classmethod) else part
        for function in (inner.fget, inner.fset) if isinstance(inner, property) else (inner,):
            if isinstance(function, FunctionType) and function.__globals__ is namespace:
                yield from _names_in_code(function.__code__)


def _names_in_code(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_in_code(constant)
