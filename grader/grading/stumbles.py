"""Say why a check stumbled over what came back: an output that is missing, or of a kind that nobody can use.

`grader.grading.judging` asks it where a check raised something else than its own words, while it held outputs.

Why: docs/decisions.md#a-reply-is-the-students-word
"""

from collections.abc import Iterator, Mapping
from typing import Any

from grader.compare.texts import safe_text
from grader.compare.wording import kind_in_words
from grader.sandbox.wire.tensors import Opaque

_MOST_NAMED = 5
_MOST_DEPTH = 8


class MissingOutput(KeyError):
    """Report that a check asked for an output that did not come back."""


def explain_stumble(error: BaseException, outputs: Mapping[str, Any]) -> str:
    """Return a sentence for the student: what came back, and how the check ended over it."""
    ended = f"The check ended with `{safe_text(f'{type(error).__name__}: {error}', limit=200)}`"
    if isinstance(error, MissingOutput):
        came = ", ".join(f"`{safe_text(name, limit=60)}`" for name in list(outputs)[:_MOST_NAMED]) or "nothing"
        return f"`{safe_text(str(error.args[0]), limit=60)}` is missing from what came back: {came}."
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
