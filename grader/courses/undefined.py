"""Finds names that a source uses and nothing defines: slips that show only when the line is reached.

`grader.grading.own_faults` tells by them whose bug a NameError is; `grader.authoring.proof_rules` tells them before.
"""

import ast
import builtins
import symtable
from collections.abc import Iterator

_OF_MODULES = {"__name__", "__file__", "__doc__", "__builtins__", "__spec__", "__loader__", "__package__"}


def undefined_names(source: str) -> dict[str, int]:
    """Return the names that are read in a source and defined nowhere, each with its first line.

    Returns nothing for a source that is no Python, or that takes names from elsewhere unseen (`import *`).
    """
    try:
        tree = ast.parse(source)
        table = symtable.symtable(source, "source", "exec")
    except (SyntaxError, ValueError):
        return {}
    if any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in ast.walk(tree)):
        return {}
    tables = list(_all_tables(table))
    known = {*dir(builtins), *_OF_MODULES}
    known |= {symbol.get_name() for symbol in table.get_symbols() if _is_set(symbol)}
    known |= {
        symbol.get_name()
        for one in tables
        for symbol in one.get_symbols()
        if symbol.is_declared_global() and _is_set(symbol)
    }
    missing = {
        symbol.get_name()
        for one in tables
        for symbol in one.get_symbols()
        if symbol.is_referenced() and (symbol.is_global() or one is table) and symbol.get_name() not in known
    }
    lines: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in missing:
            lines[node.id] = min(node.lineno, lines.get(node.id, node.lineno))
    return lines


def _is_set(symbol: symtable.Symbol) -> bool:
    return symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()


def _all_tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _all_tables(child)
