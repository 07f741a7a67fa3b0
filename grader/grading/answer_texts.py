"""Read the words of one cell: as text, as comments or strings of code, and without the words of the question itself.

`grader.grading.notebook_answers` puts together what stands in several of them; `grader.notebooks.cell_source` makes
Python of a cell.
"""

import ast
import io
import re
import string
import tokenize
from collections.abc import Iterator

from grader.notebooks.cell_source import to_python
from grader.notebooks.document import Cell, CellKind

_PLACEHOLDERS = frozenset(
    {"", "write your answer here", "your answer here", "your answer", "type your answer here", "answer", "todo"}
)
_TEXT_MAGIC = re.compile(r"\s*%%(?:markdown|html|latex)\b[^\n]*\n?", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_SENTENCE_END = re.compile(r"(?<=[.?!:])[\s*_]+|\n\s*\n|\n(?=\s*(?:[-*+#>]|\d+[.)])\s)")
_FEWEST_WORDS = 4  # a shorter piece of a question is taken out only at the start of a line, or behind another piece
_MARKS = string.punctuation + string.whitespace  # what may be left of a sentence that was taken out
_LONGEST_CODE = 100_000  # characters of a cell that is parsed
_OF_TEXTS = (ast.Constant, ast.JoinedStr, ast.BinOp, ast.List, ast.Tuple, ast.Set, ast.Dict)
_LEAST_TEXT = 12  # characters; shorter strings in code are labels and names


def is_blank(text: str) -> bool:
    """Tell whether a text is empty, or what the template says where an answer is due."""
    return " ".join(text.split()).strip(" .:…*_-#\"'`").casefold() in _PLACEHOLDERS


def text_of_cell(cell: Cell, *, is_question: bool = False) -> str:
    """Return what a cell says to people: its text, or the comments and the texts that its code prints or holds.

    A question's own cell that became code, and is no Python, is returned as it is.
    """
    if cell.kind is not CellKind.CODE:
        return cell.source.strip()
    magic = _TEXT_MAGIC.match(cell.source)
    if magic is not None or len(cell.source) > _LONGEST_CODE:
        return cell.source[magic.end() if magic is not None else 0 :].strip()
    try:
        read = to_python(cell.source)
        python, tree = read.python, ast.parse(read.python)
        if read.left_out and all(isinstance(node, ast.Pass) for node in tree.body):
            head, _, rest = cell.source.strip().partition("\n")
            return rest.strip() if head.startswith("%%") else ""  # lines such as those that check say nothing
        comments = list(_comments(python))
    except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError):
        return cell.source.strip()
    strings = [(line, text) for line, text in _strings(tree) if is_question or len(text) >= _LEAST_TEXT]
    return "\n".join(text for _line, text in sorted([*comments, *strings], key=lambda one: one[0])).strip()


def is_prose(cell: Cell) -> bool:
    """Tell whether a cell holds nothing but words: text, comments, strings and what shows them."""
    if cell.kind is not CellKind.CODE or _TEXT_MAGIC.match(cell.source):
        return True
    if len(cell.source) > _LONGEST_CODE:
        return False
    try:
        read = to_python(cell.source)
        return not read.left_out and all(_is_words(node) for node in ast.parse(read.python).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        words = _WORD.findall(cell.source)
        return bool(words) and not re.search(r"[=()\[\]{}]", cell.source)  # an answer typed into a code cell


def without_question(text: str, question: str) -> str:
    """Return a text without the question's sentences, each taken out once, in order, however its lines are broken."""
    cuts: list[tuple[int, int]] = []
    words = [(found[0].casefold(), found.start(), found.end()) for found in _WORD.finditer(text)]
    begin = 0
    for sentence in _SENTENCE_END.split(question):
        wanted = [word.casefold() for word in _WORD.findall(sentence)]
        for start in range(begin, len(words) - len(wanted) + 1) if wanted else ():
            is_adjoining = start == begin > 0 or not _WORD.search(text[: words[start][1]].rpartition("\n")[2])
            is_enough = len(wanted) >= _FEWEST_WORDS or is_adjoining
            if is_enough and [word for word, _, _ in words[start : start + len(wanted)]] == wanted:
                cuts.append(_with_marks(text, words[start][1], words[start + len(wanted) - 1][2]))
                begin = start + len(wanted)
                break
    pieces, kept_to = [], 0
    for start, end in cuts:
        pieces.append(text[kept_to:start] if start > kept_to else "")
        kept_to = end
    lines = [line.rstrip() for line in ("".join(pieces) + text[kept_to:]).splitlines()]
    kept = "\n".join(line for line in lines if not line.strip(" *_#>") or line.strip(_MARKS)).strip()
    is_whole = kept.strip(" *_\n") and all(kept.count(mark) % 2 == 0 for mark in ("**", "__"))
    return kept if is_whole else kept.strip(" *_\n")


def likeness(text: str, question: str) -> float:
    """Return which share of a question's words a text begins with or has in order, between 0 and 1."""
    wanted = [word.casefold() for word in _WORD.findall(question)]
    has = [word.casefold() for word in _WORD.findall(text)][: 2 * len(wanted) + 20]
    row = [0] * (len(wanted) + 1)  # the length of the longest common subsequence
    for word in has:
        above = row[:]
        for place, other in enumerate(wanted):
            row[place + 1] = above[place] + 1 if word == other else max(above[place + 1], row[place])
    return row[-1] / len(wanted) if wanted else 0.0


def _with_marks(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen a span by the punctuation and markup that belongs to it."""
    while start > 0 and text[start - 1] in "*_#>-`\"'([ \t":
        start -= 1
    while end < len(text) and text[end] in ".?!:,;*_`\"')] \t":
        end += 1
    return start, end


def _is_words(node: ast.stmt) -> bool:
    match node:
        case ast.Expr(value=ast.Constant(value=str())) | ast.Assign(value=ast.Constant(value=str())) | ast.Pass():
            return True
        case ast.Expr(value=ast.Call(args=parts)) if parts:
            return all(isinstance(part, ast.Constant | ast.Call) for part in parts) and any(
                isinstance(part, ast.Constant) and isinstance(part.value, str) for part in ast.walk(node)
            )
    return False


def _comments(python: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(python).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.lstrip("#").strip()


def _strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the strings that stand alone, that names hold or functions return, and that are shown at the top level."""
    shown = [node.value for node in tree.body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
    said = [_said(node) for node in ast.walk(tree)]
    for value in [*shown, *(value for value in said if value is not None)]:
        yield from _texts(value)


def _said(node: ast.AST) -> ast.expr | None:
    """Return the value of a statement by which code may say something: a text by itself, an assignment, a return."""
    match node:
        case ast.Expr(value=ast.Constant(value=str()) as value):
            return value
        case ast.Assign(value=value) | ast.AnnAssign(value=value) | ast.Return(value=value):
            return value if isinstance(value, _OF_TEXTS) else None
    return None


def _texts(value: ast.expr) -> Iterator[tuple[int, str]]:
    """Yield the strings within an expression; of one with values in it the source, for these are not known here."""
    match value:
        case ast.Constant(value=str(text)):
            yield value.lineno, text.strip()
        case ast.JoinedStr():
            yield value.lineno, "".join(map(_written, value.values)).strip()
        case _:
            for part in ast.iter_child_nodes(value):
                yield from _texts(part.value if isinstance(part, ast.keyword) else part)  # type: ignore[arg-type]


def _written(part: ast.expr) -> str:
    return str(part.value) if isinstance(part, ast.Constant) else f"{{{ast.unparse(part.value)}}}"  # type: ignore[attr-defined]
