"""Wrong replies: what a probe returned for the reference, changed in the ways in which submissions are wrong.

`grader.authoring.proving` hands them to the checks, none of which may pass all of them, or break over one.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from grader.compare.arrays import like_tensor
from grader.sandbox.wire.tensors import Opaque

_FAR = 1e30
_WILD = -(10**9)  # an integer that is nobody's index
_MOST_OUTPUTS = 8  # changed one by one


@dataclass(frozen=True, slots=True)
class WrongReply:
    """Hold outputs that no right submission returns, and in words what is wrong with them."""

    how: str
    outputs: Mapping[str, Any]


def plainly_wrong(outputs: Mapping[str, Any]) -> Iterator[WrongReply]:
    """Yield a few of the wrong replies, which no check accepts that looks at what came back."""
    yield from (reply for reply in wrong_replies(outputs) if reply.how in _PLAINLY)


def wrong_replies(outputs: Mapping[str, Any]) -> Iterator[WrongReply]:
    """Yield the outputs with all of them changed, in each way, then one by one; ways that change nothing are left out.

    A reply with one output more than the reference's is among them: it is not wrong, but no check may break over it.
    """
    for how, change in _CHANGES.items():
        changed = {name: like_tensor(change, value) for name, value in outputs.items()}
        yield WrongReply(f"every output is {how}", changed)
    yield WrongReply("nothing comes back", {})
    yield WrongReply("there is one output more", {**outputs, "something else": 1})
    if len(outputs) < 2:
        return
    for name, value in list(outputs.items())[:_MOST_OUTPUTS]:
        yield WrongReply(f"`{name}` is missing", {other: outputs[other] for other in outputs if other != name})
        for how in _ONE_BY_ONE:
            yield WrongReply(f"`{name}` is {how}", {**outputs, name: like_tensor(_CHANGES[how], value)})


def _each(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function that changes every value in lists and dicts, however deep they lie."""

    def apply(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: apply(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [apply(inner) for inner in value]
        return like_tensor(change, value)

    return apply


def _longer(value: Any) -> Any:
    match value:
        case Mapping():
            return {**value, "something else": 1}
        case list() | tuple():
            return [*value, *value[:1]]
        case torch.Tensor():
            return value.unsqueeze(0)
        case str():
            return f"{value}, and more"
    return [value]


def _shorter(value: Any) -> Any:
    match value:
        case Mapping():
            return dict(list(value.items())[1:])
        case list() | tuple():
            return list(value[1:])
        case torch.Tensor():
            return value.flatten()[1:]
        case str():
            return value[1:]
    return []


def _shifted(value: Any) -> Any:
    match value:
        case torch.Tensor() if value.dtype == torch.bool:
            return ~value
        case torch.Tensor():
            return value * 3 + 7 if value.is_floating_point() else value + 1
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return f"{value}s"
        case Exception():
            return EOFError("something else") if not isinstance(value, EOFError) else ValueError("something else")
    return value


def _wild(value: Any) -> Any:
    match value:
        case torch.Tensor() if value.dtype in (torch.bool, torch.uint8):
            return ~value
        case torch.Tensor():
            return torch.full_like(value, _FAR if value.is_floating_point() else max(_WILD, _least(value.dtype)))
        case bool() | str() | Exception():
            return _shifted(value)
        case int() | float():
            return type(value)(_WILD)
    return value


def _least(dtype: torch.dtype) -> int:
    return int(torch.iinfo(dtype).min)


def _zero(value: Any) -> Any:
    match value:
        case torch.Tensor():
            return torch.zeros_like(value)
        case bool() | int() | float() | str():
            return type(value)()
    return value


def _nan(value: Any) -> Any:
    match value:
        case torch.Tensor() if value.is_floating_point():
            return torch.full_like(value, torch.nan)
        case torch.Tensor():
            return torch.full(value.shape, torch.nan)
        case bool() | str():
            return value
        case int() | float():
            return float("nan")
    return value


def _other_dtype(value: Any) -> Any:
    match value:
        case torch.Tensor():
            return value.double() if value.dtype == torch.float32 else value.float()
        case bool() | int() | float():
            return str(value)
        case str():
            return 0
    return value


_CHANGES: dict[str, Callable[[Any], Any]] = {
    "None": lambda _value: None,
    "a text": lambda _value: "something else",
    "an empty dict": lambda _value: {},
    "of a kind that can't be sent": lambda _value: Opaque("object"),
    "too long, or has an axis more": _longer,
    "too short": _shorter,
    "another value": _each(_shifted),
    "far off": _each(_wild),
    "zero": _each(_zero),
    "NaN": _each(_nan),
    "of another dtype": _each(_other_dtype),
    "full of values of another shape": _each(_shorter),
}
_PLAINLY = ("every output is None", "every output is another value", "nothing comes back")
_ONE_BY_ONE = ("None", "too long, or has an axis more", "NaN")  # what costs little to compare
