"""Lazy submissions: the reference with one part, or all of them, replaced by code that does no work.

`grader.authoring.regions` says which parts students write; `grader.authoring.lazy_audit` has what is made here graded.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from grader.authoring.regions import Region, find_regions
from grader.courses.assignment import Assignment
from grader.courses.globs import is_matched

UNWRITTEN = "unwritten"
SILENT = "computes, and returns None"
LEFT_OUT = "left out"
_CONSTANTS = {
    "None": "None",
    "0": "0",
    "1": "1",
    "NaN": 'float("nan")',
    "True": "True",
    "an empty text": '""',
    "an empty list": "[]",
}
_OF_FIRST = {
    "its first argument": "{}",
    "zeros like its first argument": "{} * 0",
    "ones like its first argument": "{} * 0 + 1",
}
_OF_SECOND = {"its second argument": "{}"}
_OF_RESULT = {
    "zeros of the right shape": "{} * 0",
    "ones of the right shape": "{} * 0 + 1",
    "NaN of the right shape": '{} * float("nan")',
    "no rows of the right shape": "{}[:0]",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class LazyPart:
    """Name one part that students write: its file, its function or the line of its region, and what may replace it.

    `is_returning` says whether the solution returns something, `arguments` are names that it may hand back, `bound`
    the names that its regions set for what follows.
    """

    file: str
    name: str
    regions: tuple[Region, ...]
    is_returning: bool
    in_function: bool
    arguments: tuple[str, ...]
    bound: tuple[str, ...]

    def __str__(self) -> str:
        return self.name

    @property
    def ways(self) -> dict[str, str]:
        """Return the ways to do nothing here, by name: a constant, an argument, or what is left of the result."""
        if self.is_returning:
            handed_back = {
                way: code.format(name)
                for name, ways in zip(self.arguments, (_OF_FIRST, _OF_SECOND), strict=False)
                for way, code in ways.items()
            }
            return {f"returns {way}": code for way, code in (_CONSTANTS | handed_back | _OF_RESULT).items()}
        return {LEFT_OUT: "", **({f"sets {way}": code for way, code in _CONSTANTS.items()} if self.bound else {})}


def keeps_the_work(way: str) -> bool:
    """Say whether a lazy part of this kind still does its work and only spoils what comes out."""
    return way in {f"returns {one}" for one in _OF_RESULT}


def all_ways(parts: Sequence[LazyPart]) -> list[str]:
    """Return every way in which some part can do nothing, each once."""
    return list(dict.fromkeys(way for part in parts for way in part.ways))


def find_parts(files: Mapping[str, bytes], assignment: Assignment) -> list[LazyPart]:
    """Return every part of a reference's Python files that students write, in order. Answers in words are no part."""
    return [
        part
        for path, content in files.items()
        if is_matched(path, assignment.handed_in.editable) and path.endswith(".py")
        for part in _parts_of(path, content.decode("utf-8"))
    ]


def make_lazy(files: Mapping[str, bytes], parts: Sequence[LazyPart], way: str) -> dict[str, bytes]:
    """Return the reference's files with parts replaced in one way, those that can't be done so in their own first.

    `UNWRITTEN` raises NotImplementedError, `SILENT` does the work and returns nothing.
    """
    made = dict(files)
    for path in dict.fromkeys(part.file for part in parts):
        own = [part for part in parts if part.file == path]
        made[path] = _replace(files[path].decode("utf-8"), own, way).encode()
    return made


def _parts_of(path: str, text: str) -> Iterator[LazyPart]:
    tree = ast.parse(text)
    grouped: dict[str, list[Region]] = {}
    functions: dict[str, Function | None] = {}
    for region in find_regions(text.split("\n"), name=path):
        name, function = _around(tree, region)
        key = name or f"line {region.start + 1}"
        grouped.setdefault(key, []).append(region)
        functions[key] = function
    for key, regions in grouped.items():
        function = functions[key]
        returns = bool(function and _returns_in(function, regions))
        for spans in [regions] if returns else [[region] for region in regions]:
            bound = tuple(dict.fromkeys(name for one in spans for name in _bound_in(function or tree, one)))
            if function or bound or not _is_text(tree, spans[0]):
                line = f", line {spans[0].start + 1}" if function and len(spans) < len(regions) else ""
                at = f"{path}: {key}{line}"
                yield LazyPart(path, at, tuple(spans), returns, function is not None, _arguments(function), bound)


def _around(tree: ast.Module, region: Region) -> tuple[str, Function | None]:
    """Return the dotted name of the function around a region, and the function."""
    names: list[str] = []
    node: ast.AST = tree
    function: Function | None = None
    line = region.start + 1
    while inner := next((one for one in _definitions(node) if one.lineno <= line <= (one.end_lineno or line)), None):
        names.append(inner.name)
        node = inner
        if isinstance(inner, Function):
            function = inner
    return (".".join(names), function) if function else ("", None)


def _definitions(node: ast.AST) -> Iterator[Function | ast.ClassDef]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield child
        else:
            yield from _definitions(child)


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield all nodes below one, without those of functions and classes inside it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            yield child
            yield from _own_nodes(child)


def _within(node: ast.AST, region: Region) -> bool:
    return region.start < getattr(node, "lineno", 0) <= region.end


def _returns_in(function: Function, regions: Sequence[Region]) -> list[ast.Return]:
    found = [node for node in _own_nodes(function) if isinstance(node, ast.Return) and node.value is not None]
    return [node for node in found if any(_within(node, region) for region in regions)]


def _bound_in(scope: ast.AST, region: Region) -> Iterator[str]:
    """Yield the names that a region sets and that the code around it reads."""
    names = [node for node in _own_nodes(scope) if isinstance(node, ast.Name)]
    read = {node.id for node in names if isinstance(node.ctx, ast.Load) and not _within(node, region)}
    for node in names:
        if isinstance(node.ctx, ast.Store) and _within(node, region) and node.id in read:
            yield node.id


def _is_text(tree: ast.Module, region: Region) -> bool:
    """Say whether a region of a module holds nothing but texts that are given names."""
    nodes = [node for node in tree.body if _within(node, region)]
    return all(isinstance(getattr(node, "value", None), (ast.Constant, ast.JoinedStr)) for node in nodes)


def _arguments(function: Function | None) -> tuple[str, ...]:
    names = [one.arg for one in (*function.args.posonlyargs, *function.args.args)] if function else []
    return tuple(name for name in names if name not in ("self", "cls"))


def _replace(text: str, parts: Sequence[LazyPart], way: str) -> str:
    """Return a file's text with parts replaced, the last first, so that lines keep their numbers until then."""
    lines = text.split("\n")
    for part in sorted(parts, key=lambda one: one.regions[0].start, reverse=True):
        fitting = way if way in part.ways or way in (UNWRITTEN, SILENT) else next(iter(part.ways))
        if part.is_returning and (fitting == SILENT or keeps_the_work(fitting)):
            lines = _spoil("\n".join(lines), part, fitting).split("\n")
            continue
        for region in reversed(part.regions):
            code = _statement(part, region, fitting)
            lines[region.start : region.end] = [region.indent + line for line in code]
    return "\n".join(lines)


def _statement(part: LazyPart, region: Region, way: str) -> list[str]:
    """Return the lines that stand in for a region."""
    if way == UNWRITTEN:
        return list(region.stub) or ([f"raise NotImplementedError({part.name!r})"] if part.in_function else ["pass"])
    value = part.ways.get(way, "")
    if part.is_returning:
        return [f"return {value}"]
    return [f"{name} = {value}" for name in part.bound if value] or ["pass"]


def _spoil(text: str, part: LazyPart, way: str) -> str:
    """Return a text in which a part does its work and returns what a way makes of it."""
    tree = ast.parse(text)
    function = _around(tree, part.regions[0])[1]
    assert function is not None, "only a function returns"
    lines = [line.encode() for line in text.split("\n")]
    for node in sorted(_returns_in(function, part.regions), key=lambda one: one.lineno, reverse=True):
        value = node.value
        assert value is not None, "it returns something"
        assert value.end_lineno is not None, "it was read from a text"
        first, last = value.lineno - 1, value.end_lineno - 1
        start, end = lines[first][: value.col_offset], lines[last][value.end_col_offset :]
        kept = b"\n".join([*lines[first:last], lines[last][: value.end_col_offset]])[value.col_offset :]
        spoilt = b"(" + _spoiling(part, way).encode() + b")((" + kept + b"))"
        lines[first : last + 1] = [start + spoilt + end]
    return b"\n".join(lines).decode()


def _spoiling(part: LazyPart, way: str) -> str:
    if way == SILENT:
        return "lambda made: None"
    each, whole = (part.ways[way].format(name) for name in ("one", "made"))
    return (
        f"lambda made: type(made)(*[{each} for one in made]) if hasattr(made, '_fields') else "
        f"type(made)([{each} for one in made]) if isinstance(made, (tuple, list)) else {whole}"
    )
