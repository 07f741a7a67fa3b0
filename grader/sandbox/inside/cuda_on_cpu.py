"""Let code that insists on a graphics card run on the processor, on a machine that has none.

`grader.sandbox.inside.probe_process` and `grader.sandbox.inside.definitions` run what failed once more with it. Nothing
is replaced for code that asks first whether there is a card, and goes without.

Why: docs/decisions.md#cuda-on-the-processor
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch.overrides import TorchFunctionMode

from grader.sandbox.wire.protocol import USED_PROCESSOR

T = TypeVar("T")


@dataclass(slots=True)
class _State:
    """Hold whether code has asked for a card, and whether the processor plays one."""

    asked: bool = False
    plays: bool = False
    root: Path | None = None
    stop_playing: Callable[[], None] | None = None


_state = _State()


def watch_for_cuda(root: Path | None = None) -> Callable[[], None]:
    """See from now on when code asks for a card and there is none; return what puts everything back as it was.

    Below `root` other processes of the submission learn that the processor has played a card.
    """
    _state.root = root
    if torch.cuda.is_available():
        return lambda: None
    names = () if hasattr(torch.cuda._lazy_init, "watched") else ("_lazy_init", "is_available", "device_count")
    restore = _replace({(torch.cuda, name): _noted(getattr(torch.cuda, name)) for name in names})

    def forget() -> None:
        if _state.stop_playing is not None:
            _state.stop_playing()
        _state.asked, _state.plays, _state.root, _state.stop_playing = False, False, None, None
        restore()

    return forget


def _noted(original: Callable[..., Any]) -> Callable[..., Any]:
    def noted(*args: Any, **kwargs: Any) -> Any:
        _state.asked = True
        return original(*args, **kwargs)

    noted.watched = True  # type: ignore[attr-defined]
    return noted


def has_used_processor() -> bool:
    """Tell whether the processor has played a card, here or in a probe before."""
    return _state.plays or (_state.root is not None and (_state.root / USED_PROCESSOR).exists())


def with_card_played(run: Callable[[], T]) -> T:
    """Return what `run` returns; where it fails after asking for a card, run it again with the processor as the card.

    Then there seems to be a card, and if it ends well what asks for one afterwards gets the processor, too. If it fails
    again, the first error is raised.
    """
    _state.asked = False
    try:
        return run()
    except (Exception, SystemExit) as err:
        if not _state.asked or _state.plays:
            raise
        first = err
    stop_playing = _play()
    seeming = _replace({(torch.cuda, "is_available"): lambda: True, (torch.cuda, "device_count"): lambda: 1})
    try:
        returned = run()
    except (Exception, SystemExit):
        stop_playing()
        raise first from None
    except BaseException:  # it was stopped at something else, so it got further than without a card
        _note_use(stop_playing)
        raise
    finally:
        seeming()
    _note_use(stop_playing)
    return returned


def _play() -> Callable[[], None]:
    """Let the processor be the card from now on; return what ends that."""
    mode, restore = _OnProcessor(), _replace(_STAND_INS)
    mode.__enter__()  # type: ignore[no-untyped-call]

    def stop() -> None:
        mode.__exit__(None, None, None)  # type: ignore[no-untyped-call]
        restore()

    return stop


def _note_use(stop_playing: Callable[[], None]) -> None:
    _state.plays, _state.stop_playing = True, stop_playing
    if _state.root is not None:
        with contextlib.suppress(OSError):
            (_state.root / USED_PROCESSOR).touch()


def _replace(stand_ins: Mapping[tuple[Any, str], Any]) -> Callable[[], None]:
    before = {place: getattr(*place) for place in stand_ins}
    for (owner, name), value in stand_ins.items():
        setattr(owner, name, value)

    def restore() -> None:
        for (owner, name), value in before.items():
            setattr(owner, name, value)

    return restore


class _OnProcessor(TorchFunctionMode):
    """Call torch's functions with the processor wherever they are given a card."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func in (torch.Tensor.cuda, torch.Tensor.pin_memory):
            return args[0]
        return func(*map(_placed, args), **{name: _placed(value) for name, value in (kwargs or {}).items()})


def _placed(value: Any) -> Any:
    """Return the processor for a card, anything else as it is."""
    is_card = value.type == "cuda" if isinstance(value, torch.device) else _names_card(value)
    return torch.device("cpu") if is_card else value


def _names_card(value: Any) -> bool:
    return isinstance(value, str) and (value == "cuda" or value.startswith("cuda:"))


class _Generator(torch.Generator):
    """Make a generator on the processor, whatever device is asked for."""

    def __new__(cls, device: Any = "cpu") -> "_Generator":
        return super().__new__(cls, device=_placed(device))  # type: ignore[call-arg]


def _with_placed(function: Callable[..., Any]) -> Callable[..., Any]:
    def placed(*args: Any, **kwargs: Any) -> Any:
        return function(*map(_placed, args), **{name: _placed(value) for name, value in kwargs.items()})

    return placed


def _nothing(*_args: Any, **_kwargs: Any) -> None:
    """Do nothing: there is no card to wait for, or to choose."""


_STAND_INS: Mapping[tuple[Any, str], Any] = {
    (torch, "Generator"): _Generator,
    (torch, "set_default_device"): _with_placed(torch.set_default_device),
    (torch, "load"): _with_placed(torch.load),
    (torch.cuda, "synchronize"): _nothing,
    (torch.cuda, "set_device"): _nothing,
    (torch.cuda, "empty_cache"): _nothing,
    (torch.cuda, "current_device"): lambda: 0,
    (torch.cuda, "get_device_name"): lambda *_args: "no graphics card",
    (torch.cuda, "memory_allocated"): lambda *_args: 0,
    (torch.cuda, "max_memory_allocated"): lambda *_args: 0,
}
