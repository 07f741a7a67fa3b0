"""Read the texts that students wrote into variables of their modules, without believing that the modules work.

`grader.sandbox.inside.probe_process` runs it as a probe; `grader.grading.text_answers` asks for it and reads what comes
back.
"""

import ast
import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from grader.notebooks.newer_python import readable

MAX_TEXT = 20_000


def read_texts(
    *, wanted: Mapping[str, Sequence[str]], files: Mapping[str, bytes], by_import: bool
) -> dict[str, list[list[str]]]:
    """Return rows (name, text, note) for the variables `wanted` of each module; `files` are the modules' sources.

    Where a module can't be imported, or may not be, what its source assigns as plain text is taken.
    """
    rows: list[list[str]] = []
    for module, names in wanted.items():
        values, reason = _import(module) if by_import else ({}, "it ran too long")
        if not reason:
            rows += [[name, *_text_of(values, name, module)] for name in names]
            continue
        texts, problem = _assigned_texts(files.get(module, b""))
        told = problem or f"Taken from the source: `{module}` could not be imported ({reason})."
        rows += [[name, texts.get(name, "")[:MAX_TEXT], told] for name in names]
    return {"rows": rows}


def _import(module: str) -> tuple[Mapping[str, Any], str]:
    """Return a module's variables, or the name of the exception that its import raised."""
    try:
        return vars(importlib.import_module(module)), ""
    except BaseException as err:
        return {}, type(err).__name__[:80]


def _text_of(values: Mapping[str, Any], name: str, module: str) -> tuple[str, str]:
    """Return a variable's text and what is to be said about it."""
    if name not in values:
        return "", f"`{name}` is not in `{module}`."
    value = values[name]
    if type(value) is not str:
        return "", f"`{name}` is not text: it holds a value of the type `{type(value).__name__[:80]}`."
    return value[:MAX_TEXT], f"Only the first {MAX_TEXT:,} characters are shown." if len(value) > MAX_TEXT else ""


def _assigned_texts(source: bytes) -> tuple[dict[str, str], str]:
    """Return the texts that a source assigns at its top level, by name, and why it could not be read."""
    try:
        tree = ast.parse(readable(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as err:
        place = f", line {err.lineno}" if isinstance(err, SyntaxError) and err.lineno else ""
        return {}, f"The file can't be read: {type(err).__name__}{place}."
    texts: dict[str, str] = {}
    for node in tree.body:
        match node:
            case ast.Assign(targets=targets, value=value):
                names = [target.id for target in targets if isinstance(target, ast.Name)]
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                names = [name]
            case _:
                continue
        text = _joined(value)
        texts |= {name: text for name in names if text is not None}
    return texts, ""


def _joined(value: ast.expr) -> str | None:
    """Return the text that an expression of literals, added together, stands for."""
    parts: list[str] = []
    waiting = [value]
    while waiting:
        match waiting.pop():
            case ast.Constant(value=str(text)):
                parts.append(text)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                waiting += [right, left]
            case _:
                return None
    return "".join(parts)
