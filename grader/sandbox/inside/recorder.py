"""Watch which forbidden functions and layers a student's code really calls, however it got hold of them.

`grader.sandbox.inside.worker` wraps it around a probe. It runs beside the student's code and can be fooled by code
that means to: what it saw was called; what it didn't see may have been called all the same.
"""

import functools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import torch
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.optim.optimizer import register_optimizer_step_pre_hook
from torch.overrides import TorchFunctionMode, resolve_name

from grader.probes import is_probes_file
from grader.sandbox.inside.forbidden.names import Forbidden

_TORCH = f"{Path(torch.__file__).parent}/"
# Modules that only pass a call on: their caller is the one who counts.
_PASS_ON = frozenset(
    {
        "torch.nn.modules.module", "torch.nn.modules.container", "torch.nn.functional", "torch.functional",
        "torch.optim.optimizer", "torch.optim.lr_scheduler", "torch.overrides", "torch._tensor", "torch._jit_internal",
        "torch.utils._contextlib", __name__,
    }
)  # fmt: skip
_ALSO = {"torch.Tensor.backward": "torch.autograd.backward"}


@dataclass(slots=True)
class RecordCalls:
    """Hold the forbidden names, as declared, of which something was called."""

    seen: set[str] = field(default_factory=set)


@contextmanager
def record_calls(names: Sequence[str]) -> Iterator[RecordCalls]:
    """Record calls of forbidden torch functions, and layers and optimizers that are made or used.

    What torch calls inside (`nn.Linear` calls `functional.linear`) is not the student's use of it, nor is what a
    probe calls: its file is known by the name that the code was compiled under. `loss.backward()` counts as
    `torch.autograd.backward`. Does nothing where no name is given.

    Raises CourseError for a name that is no dotted name.
    """
    record = RecordCalls()
    if not names:
        yield record
        return
    watch = _Watch(record, Forbidden(names))
    with ExitStack() as stack:
        for kind in (torch.nn.Module, torch.optim.Optimizer):
            stack.enter_context(_watched_making(kind, watch))
        stack.callback(register_module_forward_pre_hook(lambda layer, _inputs: watch.object_used(layer)).remove)
        stack.callback(register_optimizer_step_pre_hook(lambda rule, _args, _kwargs: watch.object_used(rule)).remove)
        stack.enter_context(_Mode(watch))
        yield record


@contextmanager
def _watched_making(kind: type, watch: "_Watch") -> Iterator[None]:
    """Show every object of a class, or of one below, to the watch when it is made."""
    original: Callable[..., None] = kind.__dict__["__init__"]

    @functools.wraps(original)
    def make(self: object, *args: Any, **kwargs: Any) -> None:
        watch.object_used(self)
        original(self, *args, **kwargs)

    setattr(kind, "__init__", make)  # noqa: B010 - mypy forbids the assignment
    try:
        yield
    finally:
        setattr(kind, "__init__", original)  # noqa: B010


class _Mode(TorchFunctionMode):
    """Show every torch function that is called to the watch."""

    def __init__(self, watch: "_Watch") -> None:
        super().__init__()
        self.watch = watch

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        self.watch.function_called(func)
        return func(*args, **(kwargs or {}))


@dataclass(slots=True)
class _Watch:
    """Decide which calls count, remembering what each function and class is forbidden as."""

    record: RecordCalls
    forbidden: Forbidden
    known: dict[Any, frozenset[str]] = field(default_factory=dict)

    def function_called(self, function: Callable[..., Any]) -> None:
        if function not in self.known:
            self.known[function] = self._matches(_names_of_function(function))
        self._count(self.known[function], called=getattr(function, "__code__", None))

    def object_used(self, used: object) -> None:
        if type(used) not in self.known:
            names = [f"{kind.__module__}.{kind.__qualname__}" for kind in type(used).__mro__]
            self.known[type(used)] = self._matches(names)
        self._count(self.known[type(used)], used=used)

    def _matches(self, names: Sequence[str]) -> frozenset[str]:
        return frozenset(match for name in names for match in self.forbidden.matching(name))

    def _count(self, matches: frozenset[str], *, called: CodeType | None = None, used: object = None) -> None:
        if matches <= self.record.seen:
            return
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and _passes_on(frame, called=called, used=used):
            frame = frame.f_back
        if frame is None or self._is_students(frame, matches):
            self.record.seen |= matches

    def _is_students(self, caller: FrameType, matches: frozenset[str]) -> bool:
        """Tell whether a caller is outside torch, or a part of torch that is itself forbidden."""
        if caller.f_code.co_filename.startswith(_TORCH):
            return bool(matches & self.forbidden.matching(str(caller.f_globals.get("__name__"))))
        return not is_probes_file(caller.f_code.co_filename)


def _passes_on(frame: FrameType, *, called: CodeType | None, used: object) -> bool:
    """Tell whether a frame is the called function itself, the making of the used object, or only passes a call on."""
    if frame.f_code is called or frame.f_globals.get("__name__") in _PASS_ON:
        return True
    is_making = used is not None and frame.f_code.co_name == "__init__"
    return is_making and frame.f_locals.get(frame.f_code.co_varnames[0]) is used


def _names_of_function(function: Callable[..., Any]) -> list[str]:
    """Return the dotted names by which a torch function is known."""
    resolved = resolve_name(function)
    owner, own = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
    names = [name for name in (resolved, f"{owner}.{own}" if owner and own else None) if name]
    return [*names, *[_ALSO[name] for name in names if name in _ALSO]]
