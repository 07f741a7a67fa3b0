"""Proposes what students write of a solved notebook: a solution region in each function, a task for each definition.

`grader.authoring.from_notebook` makes an assignment of it. Nothing of the notebook is run.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from grader.authoring.regions import has_marker
from grader.notebooks.cell_source import to_python
from grader.notebooks.document import Cell, CellKind

Function = ast.FunctionDef | ast.AsyncFunctionDef
_BEGIN = re.compile(r"(?P<indent>[ \t]*)#+ *BEGIN SOLUTION.*")
_END = re.compile(r"(?P<indent>[ \t]*)#+ *END SOLUTION.*")
_MOST_CALLS = 3
_MOST_LETTERS = 100
_MAKERS = ("tensor", "array", "asarray", "ones", "zeros", "full", "eye", "arange", "linspace")


class _Called(NamedTuple):
    """Hold a call of a part outside of definitions, and its cell."""

    cell: int
    call: ast.Call


@dataclass(frozen=True, slots=True)
class ProposedPart:
    """Hold a function or class that students write: where it is defined, and how the notebook calls it.

    `arguments` are the names that a call has to give, of the constructor for a class; `method` is the method that is
    called then, "" for a function, with `method_arguments`. `example` are the arguments of such a call that stand in
    the notebook themselves, by name as source: of a function, with numbers, texts and small tensors and arrays.
    """

    name: str
    cell: int
    arguments: tuple[str, ...]
    method: str = ""
    method_arguments: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    example: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """Hold the cells with solution regions, the parts that students write, and what could not be proposed."""

    cells: tuple[Cell, ...]
    parts: tuple[ProposedPart, ...]
    unsolved: tuple[str, ...]


def propose(cells: Sequence[Cell]) -> Proposal:
    """Return what a solved notebook's functions and classes become."""
    marked: list[Cell] = []
    parts: dict[str, ProposedPart] = {}
    unsolved: list[str] = []
    for cell in cells:
        tree = _parse(cell)
        if tree is None:
            marked.append(cell)
            continue
        source, found = _with_regions(cell, tree, unsolved)
        marked.append(replace(cell, source=source))
        for part in found:
            if part.name in parts:
                unsolved.append(f"`{part.name}` is defined in cell {part.cell} again: its task is about the first.")
            parts.setdefault(part.name, part)
    calls = _calls(cells, set(parts))
    unsolved += _given_away(cells)
    return Proposal(tuple(marked), tuple(_with_calls(parts.values(), calls)), tuple(unsolved))


def _with_calls(parts: Iterable[ProposedPart], calls: Mapping[str, Sequence[_Called]]) -> Iterator[ProposedPart]:
    for part in parts:
        own = calls.get(part.name, ())
        told = tuple(f"cell {one.cell}: {ast.unparse(one.call)[:_MOST_LETTERS]}" for one in own)[:_MOST_CALLS]
        examples = (_example(part, one.call) for one in own)
        yield replace(part, calls=told, example=next(filter(None, examples), ()))


def _example(part: ProposedPart, call: ast.Call) -> tuple[tuple[str, str], ...]:
    """Return the arguments of a call by name, () where one is missing or is made elsewhere in the notebook."""
    if part.method or len(call.args) > len(part.arguments) or not part.arguments:
        return ()
    given = dict(zip(part.arguments, call.args, strict=False)) | {
        one.arg: one.value for one in call.keywords if one.arg is not None
    }
    is_whole = set(given) == set(part.arguments) and len(call.args) + len(call.keywords) == len(given)
    if not is_whole or not all(map(_stands_alone, given.values())):
        return ()
    return tuple((name, ast.unparse(given[name])) for name in part.arguments)


def _stands_alone(value: ast.expr) -> bool:
    """Tell whether an expression is made of numbers, texts, lists, dicts, and tensors and arrays of those."""
    match value:
        case ast.Constant(value=bool() | int() | float() | str() | None):
            return True
        case ast.UnaryOp(operand=operand):
            return _stands_alone(operand)
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return all(map(_stands_alone, items))
        case ast.Dict(keys=keys, values=values):
            return all(key is not None and _stands_alone(key) for key in keys) and all(map(_stands_alone, values))
        case ast.Call(func=ast.Attribute(value=ast.Name(id="torch" | "np" | "numpy"), attr=name)) if name in _MAKERS:
            named = [one.value for one in value.keywords if one.arg != "dtype"]
            return all(map(_stands_alone, [*value.args, *named]))
    return False


def _parse(cell: Cell) -> ast.Module | None:
    if cell.kind is not CellKind.CODE:
        return None
    try:
        return ast.parse(to_python(cell.source).python)
    except (SyntaxError, ValueError):
        return None


def _with_regions(cell: Cell, tree: ast.Module, unsolved: list[str]) -> tuple[str, list[ProposedPart]]:
    """Return a code cell's source with its regions marked, and the parts that have one."""
    definitions = [node for node in tree.body if isinstance(node, Function | ast.ClassDef)]
    lines = cell.source.split("\n")
    if any(map(_BEGIN.fullmatch, lines)):
        lines = [_converted(line) for line in lines]
    if has_marker("\n".join(lines)):
        return "\n".join(lines), [_part_of(node, cell) for node in definitions]
    found = []
    for node in reversed(definitions):
        functions = [node] if isinstance(node, Function) else [one for one in node.body if isinstance(one, Function)]
        owner = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        regions = [one for one in reversed(functions) if _mark(lines, one, owner, cell, unsolved)]
        if regions:
            found.append(_part_of(node, cell))
    return "\n".join(lines), found[::-1]


def _converted(line: str) -> str:
    """Return a line with nbgrader's markers written as ours."""
    opening, closing = _BEGIN.fullmatch(line), _END.fullmatch(line)
    if opening:
        return f"{opening['indent']}# <solution> Write this part."
    return f"{closing['indent']}# </solution>" if closing else line


def _mark(lines: list[str], node: Function, owner: str, cell: Cell, unsolved: list[str]) -> bool:
    """Put a function's body between markers; return False where it has none that could be written."""
    body = _own_work(node)
    if not body:
        return False
    start, end = min(one.lineno for one in (body[0], *getattr(body[0], "decorator_list", ()))), body[-1].end_lineno
    assert end is not None, "parsed code has ends"
    before = lines[start - 1][: body[0].col_offset]
    if before.strip() or start <= node.lineno:
        unsolved.append(
            f"`{owner}{node.name}` in cell {cell.number} stands on one line: put its body below, between markers."
        )
        return False
    words = (ast.get_docstring(node) or "").strip().split("\n")[0][:_MOST_LETTERS]
    lines.insert(end, f"{before}# </solution>")
    lines.insert(start - 1, f"{before}# <solution> {words or f'Write the body of `{owner}{node.name}`.'}")
    return True


def _own_work(node: Function) -> list[ast.stmt]:
    """Return what students write of a function: neither its docstring nor the call of `super().__init__`."""
    body = list(node.body)
    if ast.get_docstring(node) is not None:
        body = body[1:]
    if body and isinstance(body[0], ast.Expr) and ast.unparse(body[0]).startswith(("super().__init__(", "super(")):
        body = body[1:]
    is_stub = all(
        isinstance(one, ast.Pass | ast.Raise) or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
        for one in body
    )
    return [] if is_stub else body


def _part_of(node: Function | ast.ClassDef, cell: Cell) -> ProposedPart:
    if isinstance(node, Function):
        return ProposedPart(node.name, cell.number, _required(node))
    methods = {one.name: one for one in node.body if isinstance(one, Function)}
    own = _required(methods["__init__"])[1:] if "__init__" in methods else ()
    public = [name for name in methods if not name.startswith("_")]
    method = next((name for name in ("forward", "__call__", *public) if name in methods), "")
    taken = _required(methods[method])[1:] if method else ()
    return ProposedPart(node.name, cell.number, own, method, taken)


def _required(node: Function) -> tuple[str, ...]:
    """Return the names of the arguments without a default."""
    plain = [*node.args.posonlyargs, *node.args.args]
    needed = plain[: len(plain) - len(node.args.defaults)]
    named = [one for one, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if default is None]
    return tuple(one.arg for one in (*needed, *named))


def _calls(cells: Sequence[Cell], names: set[str]) -> dict[str, list[_Called]]:
    """Return how the notebook itself calls its parts, outside of definitions."""
    found: dict[str, list[_Called]] = {}
    for cell in cells:
        tree = _parse(cell)
        outside = [node for node in tree.body if not isinstance(node, Function | ast.ClassDef)] if tree else []
        for node in (inner for one in outside for inner in ast.walk(one)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                found.setdefault(node.func.id, []).append(_Called(cell.number, node))
    return found


def _given_away(cells: Sequence[Cell]) -> Iterator[str]:
    """Yield what reaches students as it is and may hold answers."""
    outside, asked = [], []
    for cell in cells:
        tree = _parse(cell)
        plain = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        if tree is not None and not all(isinstance(node, plain) for node in tree.body):
            outside.append(str(cell.number))
        if cell.kind is CellKind.MARKDOWN and ("?" in cell.source or "answer" in cell.source.lower()):
            asked.append(str(cell.number))
    if outside:
        yield f"Code outside of functions reaches students as it is: cells {', '.join(outside)}."
    if asked:
        yield (
            f"Text cells reach students as they are, answers too: cells {', '.join(asked)} look like questions. Take "
            "answers out, and name questions in `[answers]`."
        )
