"""Say why a check stumbled over what came back: an output that is missing, or of a kind that nobody can use.

`grader.grading.judging` asks it where a check raised something else than its own words, while it held outputs.

Why: docs/decisions.md#a-reply-is-the-students-word
"""

import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from grader.compare.spelling import is_there_instead
from grader.compare.texts import safe_text
from grader.compare.wording import kind_in_words
from grader.results.verdict import Frame
from grader.sandbox.wire.tensors import Opaque

_MOST_NAMED = 5
_MOST_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Stumble:
    """Tell that a check ended over what came back: with which exception, and at which of the course's own lines.

    `is_in_words`: what the student reads names what came back, and no exception.
    """

    error: str
    place: Frame | None
    is_in_words: bool


class MissingOutput(KeyError):
    """Report that a check asked for an output that did not come back."""


def stumble_of(error: BaseException, outputs: Mapping[str, Any], *, left_blank: bool, folder: Path) -> Stumble:
    """Return how a check whose files lie in `folder` ended; `left_blank` tells whether a probe returned a None."""
    told = isinstance(error, MissingOutput) or any(_opaque_in(outputs, path="", depth=0))
    return Stumble(named_error(error), line_ended_at(error, folder), told or (left_blank and meets_a_blank(error)))


def meets_a_blank(error: BaseException) -> bool:
    """Tell whether a check computed with a None."""
    return isinstance(error, TypeError | AttributeError) and "NoneType" in str(error)


def is_authors(error: BaseException) -> bool:
    """Tell whether no reply can cause an exception in a check, only the check itself: a name that nothing defines."""
    if isinstance(error, AttributeError):
        return isinstance(error.obj, ModuleType | FunctionType | type)
    return isinstance(error, NameError | ImportError | SyntaxError)


def named_error(error: BaseException) -> str:
    """Return the type and the words of an exception."""
    return safe_text(f"{type(error).__name__}: {error}", limit=200)


def line_ended_at(error: BaseException, folder: Path) -> Frame | None:
    """Return the innermost line in the files of `folder` that an exception went through, None where there is none."""
    inside = [
        line
        for line in traceback.extract_tb(error.__traceback__)
        if Path(line.filename).parent == folder and Path(line.filename).suffix == ".py"
    ]
    if not inside:
        return None
    return Frame(Path(inside[-1].filename).name, inside[-1].lineno or 0, inside[-1].name, inside[-1].line or "")


def explain_stumble(error: BaseException, outputs: Mapping[str, Any]) -> str:
    """Return a sentence for the student: what came back, and how the check ended over it."""
    ended = f"The check ended with `{named_error(error)}`"
    if isinstance(error, MissingOutput):
        wanted = str(error.args[0])
        came = ", ".join(f"`{safe_text(name, limit=60)}`" for name in list(outputs)[:_MOST_NAMED]) or "nothing"
        missing = f"`{safe_text(wanted, limit=60)}` is missing from what came back: {came}."
        return f"{missing} {is_there_instead(wanted, [str(name) for name in outputs])}".rstrip()
    odd = [_told(path, value) for path, value in _opaque_in(outputs, path="", depth=0)]
    told = odd or [_told(name, value) for name, value in outputs.items()]
    if not told:
        return f"Nothing came back that can be checked. {ended}."
    more = f", and {len(told) - _MOST_NAMED} more" if len(told) > _MOST_NAMED else ""
    came = f"{', '.join(told[:_MOST_NAMED])}{more}"
    if odd:
        return f"What came back can't be checked: {came}. Return the kind that the assignment asks for."
    return (
        f"What came back can't be checked: {came}. {ended}. Compare kinds and sizes with what the assignment asks for."
    )


def _told(path: str, value: Any) -> str:
    return f"`{safe_text(path, limit=60)}` is {kind_in_words(value)}"


def _opaque_in(value: Any, *, path: str, depth: int) -> Iterator[tuple[str, Opaque]]:
    """Yield the values that could not cross the wall, with their places."""
    if isinstance(value, Opaque):
        yield path, value
    elif depth < _MOST_DEPTH and isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _opaque_in(inner, path=f"{path}.{name}" if path else str(name), depth=depth + 1)
    elif depth < _MOST_DEPTH and isinstance(value, list | tuple):
        for place, inner in enumerate(value):
            yield from _opaque_in(inner, path=f"{path}[{place}]", depth=depth + 1)
