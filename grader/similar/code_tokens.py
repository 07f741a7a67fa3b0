"""Read Python code as a row of tokens without names, numbers and texts: what remains is how it is built.

`grader.similar.similarity` looks for equal rows. The code may be anything: one pass of a pattern that never goes back
reads it.
"""

import hashlib
import keyword
import re
from dataclasses import dataclass, field
from functools import lru_cache

_TOKEN = re.compile(
    r"""(?P<nothing>\#[^\n]*+|\\\n|\s++)
    |(?P<text>(?:[rbuf]|rb|br|rf|fr)?
        (?:"{3}(?:[^"\\]|\\.|"(?!""))*+(?:"{3})?
        |'{3}(?:[^'\\]|\\.|'(?!''))*+(?:'{3})?
        |"(?:[^"\\\n]|\\.)*+"?
        |'(?:[^'\\\n]|\\.)*+'?))
    |(?P<name>[^\W\d]\w*+)
    |(?P<number>\.?\d[\w.]*+)
    |(?P<sign>.)""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_KEYWORDS = frozenset(keyword.kwlist)
_OWN = ("self", "cls")


@dataclass(frozen=True, slots=True)
class Tokens:
    """Hold the tokens of some code: numbers (64 bits, signed) that are equal for tokens that count as equal, and the
    line of each, from 1.
    """

    kinds: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)


def tokens_of(code: str, *, most: int) -> Tokens:
    """Return the first `most` tokens of some code.

    A name counts as any other name, a number as any other number, a text as any other text. Keywords and signs count as
    they are, and so do names behind a dot, most of which belong to libraries, but for those of `self` and `cls`. A text
    that begins its line, as docstrings do, is left out.
    """
    tokens = Tokens()
    line, before, owner = 1, "", ""
    for found in _TOKEN.finditer(code):
        text, group = found[0], found.lastgroup
        if group != "nothing" and not (group == "text" and tokens.lines[-1:] != [line]):
            if len(tokens.kinds) == most:
                break
            is_kept = group == "sign" or (group == "name" and (text in _KEYWORDS or _is_foreign(before, owner)))
            tokens.kinds.append(_kind_of(text) if is_kept else _kind_of(f"any {group}"))
            tokens.lines.append(line)
            owner, before = before, text
        line += text.count("\n")
    return tokens


def _is_foreign(before: str, owner: str) -> bool:
    """Tell whether a name that follows these two tokens is an attribute of something that students don't name."""
    return before == "." and owner not in _OWN


@lru_cache(maxsize=10_000)
def _kind_of(word: str) -> int:
    data = word[:200].encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), signed=True)
