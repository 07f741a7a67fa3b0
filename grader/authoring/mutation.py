"""Make small faults in Python source, one at a time and on the text itself, so that comments and cells stay.

`grader.authoring.mutants` says where, and turns what is found here into submissions.

Why: docs/decisions.md#mutants-of-the-text
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from grader.authoring.stated_defaults import says_default

_ARITHMETIC = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"), ast.FloorDiv: ("//", "/"),
    ast.Mod: ("%", "*"), ast.Pow: ("**", "*"), ast.MatMult: ("@", "*"),
}  # fmt: skip
_COMPARISONS = {
    ast.Lt: ("<", "<=", ">"), ast.LtE: ("<=", "<", ">"), ast.Gt: (">", ">=", "<"), ast.GtE: (">=", ">", "<"),
    ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.Is: ("is", "is not"), ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"), ast.NotIn: ("not in", "in"),
}  # fmt: skip
_PAIRS = (
    ("sum", "mean"), ("max", "min"), ("amax", "amin"), ("argmax", "argmin"), ("softmax", "log_softmax"), ("var", "std"),
    ("zeros", "ones"), ("zeros_like", "ones_like"), ("rand", "randn"), ("rand_like", "randn_like"),
    ("add_", "sub_"), ("mul_", "div_"), ("sin", "cos"), ("exp", "log"), ("no_grad", "enable_grad"), ("train", "eval"),
    ("ceil", "floor"), ("Softmax", "LogSoftmax"), ("BatchNorm2d", "InstanceNorm2d"), ("MaxPool2d", "AvgPool2d"),
)  # fmt: skip
_OTHER = {one: other for pair in _PAIRS for one, other in (pair, pair[::-1])}
_DROPPED_METHODS = frozenset(
    {
        "abs", "clamp", "clip", "clone", "copy", "detach", "double", "exp", "flatten", "float", "int",
        "log", "long", "mean", "norm", "permute", "relu", "reshape", "round", "sigmoid", "softmax", "sqrt", "square",
        "squeeze", "sum", "t", "tanh", "to", "transpose", "unsqueeze", "view",
    }
)  # fmt: skip
_DROPPED_ATTRIBUTES = frozenset({"T", "mT", "data"})
_NO_FAULT_LEFT_OUT = frozenset({"verbose", "desc", "leave", "device", "map_location"})  # keywords: talk, and cards
_TALK = frozenset({"verbose", "desc", "leave"})


@dataclass(frozen=True, slots=True)
class Edit:
    """Hold one fault: `text` in place of the bytes [start, end) of a source, and what kind of fault it is."""

    start: int
    end: int
    text: str
    kind: str

    def apply(self, source: bytes) -> bytes:
        """Return the source with the fault in it."""
        return source[: self.start] + self.text.encode() + source[self.end :]


class Source:
    """Hold a Python source with its tree, and find nodes in its bytes. Raises SyntaxError if it is no Python."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.tree = ast.parse(source)
        lines = source.split(b"\n")
        self._starts = [0]
        for line in lines:
            self._starts.append(self._starts[-1] + len(line) + 1)

    def span(self, node: ast.expr | ast.stmt | ast.keyword) -> tuple[int, int]:
        """Return the bytes [start, end) of a node."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = self._starts[node.lineno - 1] + node.col_offset
        return start, self._starts[node.end_lineno - 1] + node.end_col_offset

    def text(self, node: ast.expr | ast.stmt | ast.keyword) -> str:
        """Return the source of a node."""
        start, end = self.span(node)
        return self.source[start:end].decode()

    def dot_of(self, node: ast.Attribute) -> int:
        """Return the byte at which an attribute's dot stands, behind the brackets around what it belongs to."""
        return self.source.index(b".", self.span(node.value)[1])

    def lines(self, first: int, last: int) -> bytes:
        """Return lines, counted from 1."""
        return self.source[self._starts[first - 1] : self._starts[last] - 1]

    def line_of(self, offset: int) -> int:
        """Return the line, counted from 1, in which a byte stands."""
        return self.source.count(b"\n", 0, offset) + 1


def faults_in(source: Source, *, first: int, last: int) -> Iterator[Edit]:
    """Yield every fault between two lines, counted from 1, in the order of the text; texts and annotations stay."""
    found: dict[tuple[int, int, str], Edit] = {}
    for node, function in _nodes(source.tree, None):
        if not isinstance(node, ast.expr | ast.stmt) or not first <= node.lineno <= (node.end_lineno or 0) <= last:
            continue
        for make in _MAKERS:
            for edit in make(node, source, function):
                found.setdefault((edit.start, edit.end, edit.text), edit)
    yield from (found[place] for place in sorted(found))


_Function = ast.FunctionDef | ast.AsyncFunctionDef | None


def _nodes(node: ast.AST, function: _Function) -> Iterator[tuple[ast.AST, _Function]]:
    """Yield all nodes but annotations and what only words an error or is printed, each with the function around it."""
    if isinstance(node, ast.Raise | ast.Assert | ast.JoinedStr) or _is_talk(node):
        return
    yield node, function
    inner = node if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else function
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _nodes(child, inner)


def _is_talk(node: ast.AST) -> bool:
    call = node.value if isinstance(node, ast.Expr) else node
    is_printed = isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "print"
    return is_printed or (isinstance(node, ast.keyword) and node.arg in _TALK)


def _arithmetic(node: ast.AST, source: Source, _function: _Function) -> Iterator[Edit]:
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        symbol, other = _ARITHMETIC[type(node.op)]
        yield from _between(source, node.left, node.right, symbol, (other,), "another operation")
    elif isinstance(node, ast.AugAssign) and type(node.op) in _ARITHMETIC:
        symbol, other = _ARITHMETIC[type(node.op)]
        yield from _between(source, node.target, node.value, f"{symbol}=", (f"{other}=", "="), "another operation")
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not | ast.Invert):
        start, end = source.span(node)
        kind = "a sign turned" if isinstance(node.op, ast.USub) else "a condition turned"
        yield Edit(start, end, f"({source.text(node.operand)})", kind)


def _comparison(node: ast.AST, source: Source, _function: _Function) -> Iterator[Edit]:
    if isinstance(node, ast.Compare):
        for left, op, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
            symbol, *others = _COMPARISONS[type(op)]
            yield from _between(source, left, right, symbol, others, "another comparison")
    elif isinstance(node, ast.BoolOp):
        symbol, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        yield from _between(source, node.values[0], node.values[1], symbol, (other,), "and for or")
    elif isinstance(node, ast.If | ast.IfExp):
        start, end = source.span(node.test)
        yield Edit(start, end, f"(not ({source.text(node.test)}))", "a condition turned")


def _constant(node: ast.AST, source: Source, _function: _Function) -> Iterator[Edit]:
    if not isinstance(node, ast.Constant):
        return
    start, end = source.span(node)
    if isinstance(node.value, bool):
        yield Edit(start, end, str(not node.value), "a switch turned")
    elif isinstance(node.value, int):
        yield Edit(start, end, str(node.value + 1), "another number")
        if node.value > 0:
            yield Edit(start, end, str(node.value - 1), "another number")
    elif isinstance(node.value, float):
        yield Edit(start, end, repr(node.value * 2 if node.value else 1.0), "another number")


def _call(node: ast.AST, source: Source, function: _Function) -> Iterator[Edit]:
    if not isinstance(node, ast.Call):
        return
    end = source.span(node)[1]
    name = node.func
    for at, keyword in enumerate(node.keywords):
        if keyword.arg not in (None, *_NO_FAULT_LEFT_OUT) and not says_default(source.text(name), keyword):
            yield from _without(source, node, at)
    plain = [one for one in node.args if not isinstance(one, ast.Starred)]
    if len(plain) > 1 and plain == node.args and source.text(plain[0]) != source.text(plain[1]):
        (one_start, one_end), (two_start, two_end) = source.span(plain[0]), source.span(plain[1])
        between = source.source[one_end:two_start].decode()
        yield Edit(one_start, two_end, source.text(plain[1]) + between + source.text(plain[0]), "arguments swapped")
    if isinstance(name, ast.Attribute):
        if name.attr in _DROPPED_METHODS and not _is_module(name.value) and not _moves(node):
            yield Edit(source.dot_of(name), end, "", "a call left out")
        if name.attr.endswith("_") and not name.attr.endswith("__") and not source.text(name.value).endswith("init"):
            yield _renamed(source, name, name.attr.rstrip("_"), "not in place")
    if isinstance(name, ast.Name) and name.id == "range" and node.args:
        last = node.args[min(len(node.args), 2) - 1]
        yield Edit(*source.span(last), f"{source.text(last)} - 1", "a loop one shorter")


def _without(source: Source, call: ast.Call, at: int) -> Iterator[Edit]:
    """Yield the call without one keyword, and without the comma before or behind it."""
    start, end = source.span(call.keywords[at])
    before = re.search(rb",\s*\Z", source.source[:start])
    behind = re.match(rb"\s*,\s*", source.source[end:])
    if before is not None:
        start = before.start()
    elif behind is not None:
        end += behind.end()
    yield Edit(start, end, "", "an argument left out")


def _name(node: ast.AST, source: Source, function: _Function) -> Iterator[Edit]:
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
        if node.attr in _OTHER:
            yield _renamed(source, node, _OTHER[node.attr], f"{_OTHER[node.attr]} for {node.attr}")
        if node.attr in _DROPPED_ATTRIBUTES:
            yield Edit(source.dot_of(node), source.span(node)[1], "", "not transposed")
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and function is not None:
        names = [one.arg for one in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
        names = [name for name in names if name not in ("self", "cls")]
        if node.id in names and len(names) > 1:
            other = names[(names.index(node.id) + 1) % len(names)]
            yield Edit(*source.span(node), other, "another variable")


def _statement(node: ast.AST, source: Source, _function: _Function) -> Iterator[Edit]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield Edit(*source.span(node), "pass", "a call left out")
    elif isinstance(node, ast.AugAssign) or (
        isinstance(node, ast.Assign) and not any(isinstance(one, ast.Name) for one in _targets(node))
    ):
        yield Edit(*source.span(node), "pass", "a statement left out")
    elif isinstance(node, ast.Break | ast.Continue):
        yield Edit(*source.span(node), "pass", "a loop that goes on")
    elif isinstance(node, ast.For) and not _is_range(node.iter):
        yield Edit(*source.span(node.iter), f"list({source.text(node.iter)})[:-1]", "a loop one shorter")
    elif isinstance(node, ast.IfExp):
        start, end = source.span(node)
        swapped = f"({source.text(node.orelse)} if {source.text(node.test)} else {source.text(node.body)})"
        yield Edit(start, end, swapped, "a condition turned")


_MAKERS: tuple[Callable[[ast.AST, Source, _Function], Iterator[Edit]], ...] = (
    _arithmetic, _comparison, _constant, _call, _name, _statement,
)  # fmt: skip


def _between(
    source: Source, left: ast.expr, right: ast.expr, symbol: str, others: tuple[str, ...] | list[str], kind: str
) -> Iterator[Edit]:
    """Yield the operator between two operands, which comments and brackets may stand beside, as others."""
    start, end = source.span(left)[1], source.span(right)[0]
    gap = re.sub(rb"#[^\n]*", lambda comment: b" " * len(comment[0]), source.source[start:end])
    spaced = re.escape(symbol.encode()).replace(rb"\ ", rb"\s+")
    if found := re.search(spaced, gap):
        for other in others:
            yield Edit(start + found.start(), start + found.end(), other, kind)


def _renamed(source: Source, node: ast.Attribute, name: str, kind: str) -> Edit:
    end = source.span(node)[1]
    return Edit(end - len(node.attr.encode()), end, name, kind)


def _targets(node: ast.Assign) -> Iterator[ast.expr]:
    for target in node.targets:
        yield from target.elts if isinstance(target, ast.Tuple | ast.List) else [target]


def _moves(call: ast.Call) -> bool:
    """Tell whether a call brings something to a device: without a graphics card that can't be told from nothing."""
    return any("device" in ast.unparse(one).lower() for one in call.args)


def _is_module(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("torch", "F", "np", "numpy", "nn", "math", "optim")


def _is_range(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range"
