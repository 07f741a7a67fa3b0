"""Watch which forbidden functions and layers a student's code really calls, however it got hold of them.

`grader.sandbox.inside.probe_process` wraps it around a probe; `grader.sandbox.inside.forbidden.names` knows what is
forbidden. It runs beside the student's code and can be fooled by code that means to: what it saw was called, what it
didn't may have been.

Why: docs/decisions.md#forbidden-names
"""

import _thread
import functools
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

import torch
from torch._ops import OpOverload, OpOverloadPacket
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.optim.optimizer import register_optimizer_step_pre_hook
from torch.overrides import TorchFunctionMode, resolve_name

from grader.probes import is_probes_file
from grader.sandbox.inside import engine_watch
from grader.sandbox.inside.forbidden.names import ForbiddenNames
from grader.sandbox.wire.protocol import UNRECORDED

# Modules that only pass a call on: who called them is who calls.
_PASS_ON = frozenset(
    {
        "torch.nn.modules.module", "torch.nn.modules.container", "torch.nn.functional", "torch.functional",
        "torch.optim.optimizer", "torch.optim.lr_scheduler", "torch.overrides", "torch._tensor", "torch._jit_internal",
        "torch.utils._contextlib", "torch._ops",
    }
)  # fmt: skip
_OURS = (globals(), vars(engine_watch))
# These pass on what they are asked to differentiate; whatever else they compute is their own.
_PASS_ON_AUTOGRAD = _PASS_ON | {
    "torch.autograd", "torch.autograd.graph", "torch._functorch.apis", "torch._functorch.eager_transforms",
    "torch._functorch.vmap", "torch._functorch.predispatch",
}  # fmt: skip
_AUTOGRAD = ForbiddenNames(["torch.autograd"])
_MOST_PARTS = 20
# What runs or hides calls that the watch can't see.
_DOORS: tuple[tuple[Any, str], ...] = (
    (torch._C, "DisableTorchFunction"),
    (torch._C, "_pop_torch_function_stack"),
    (torch.jit, "CompilationUnit"),
    (torch.jit, "load"),
)
_ENGINE = "torch.autograd.Variable._execution_engine.run_backward"


@dataclass(frozen=True, slots=True)
class CallSite:
    """Say where a call stands: file and line, and the classes and functions at the top of that file that led there."""

    file: str
    line: int
    parts: tuple[str, ...]


@dataclass(slots=True)
class RecordCalls:
    """Hold the forbidden names, as declared, of which something was called, each with its first call.

    `UNRECORDED` is among them where a student's code opened a door behind which calls are not seen, or took the watch
    away.
    """

    seen: dict[str, CallSite] = field(default_factory=dict)


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
    watch = _Watch(record, ForbiddenNames(names))
    with ExitStack() as stack:
        for kind in (torch.nn.Module, torch.optim.Optimizer):
            stack.enter_context(_watched_making(kind, watch))
        stack.callback(register_module_forward_pre_hook(lambda layer, _inputs: watch.object_used(layer)).remove)
        stack.callback(register_optimizer_step_pre_hook(lambda rule, _args, _kwargs: watch.object_used(rule)).remove)
        stack.enter_context(engine_watch.watched_engine(lambda *_args, **_kwargs: watch.engine_run()))
        stack.enter_context(_watched_threads(watch))
        stack.enter_context(_watched_doors(watch))
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


@contextmanager
def _watched_threads(watch: "_Watch") -> Iterator[None]:
    """Watch in the threads that are started meanwhile as well: a mode is its thread's own."""
    start, start_plain = threading.Thread.start, _thread.start_new_thread

    @functools.wraps(start_plain)
    def start_plain_watched(function: Callable[..., Any], *arguments: Any) -> int:
        def run_watched(*args: Any, **kwargs: Any) -> None:
            with _Mode(watch):
                function(*args, **kwargs)

        return start_plain(run_watched, *arguments)

    @functools.wraps(start)
    def start_watched(thread: threading.Thread) -> None:
        run = thread.run

        def run_watched() -> None:
            with _Mode(watch):
                run()

        setattr(thread, "run", run_watched)  # noqa: B010 - mypy forbids the assignment
        start(thread)

    setattr(threading.Thread, "start", start_watched)  # noqa: B010
    setattr(_thread, "start_new_thread", start_plain_watched)  # noqa: B010
    try:
        yield
    finally:
        setattr(threading.Thread, "start", start)  # noqa: B010
        setattr(_thread, "start_new_thread", start_plain)  # noqa: B010


@contextmanager
def _watched_doors(watch: "_Watch") -> Iterator[None]:
    """Note who opens what hides calls from the watch, such as `torch._C.DisableTorchFunction`."""
    with ExitStack() as stack:
        for owner, name in _DOORS:
            stack.enter_context(_watched_door(owner, name, watch))
        yield


@contextmanager
def _watched_door(owner: Any, name: str, watch: "_Watch") -> Iterator[None]:
    door = getattr(owner, name)

    @functools.wraps(door, updated=())
    def open_door(*args: Any, **kwargs: Any) -> Any:
        watch.door_opened()
        if name == "CompilationUnit" and len(args) < 2:  # it looks names up in the frame of who calls it
            kwargs["_frames_up"] = kwargs.get("_frames_up", 0) + 1
        return door(*args, **kwargs)

    setattr(owner, name, open_door)
    try:
        yield
    finally:
        setattr(owner, name, door)


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


@dataclass(frozen=True, slots=True)
class _Match:
    """Hold the forbidden names that a call uses, and the modules of torch that only pass such a call on."""

    names: frozenset[str]
    passes_on: frozenset[str]


@dataclass(slots=True)
class _Watch:
    """Decide which calls count, remembering what each function and class is forbidden as."""

    record: RecordCalls
    forbidden: ForbiddenNames
    known: dict[Any, "_Match"] = field(default_factory=dict)

    def function_called(self, function: Callable[..., Any]) -> None:
        if function not in self.known:
            self.known[function] = self._match(_names_of_function(function))
        self._count(self.known[function], called=getattr(function, "__code__", None))

    def door_opened(self) -> None:
        self._count(_Match(frozenset({UNRECORDED}), _PASS_ON))

    def engine_run(self) -> None:
        self._count(self._match([_ENGINE]))

    def object_used(self, used: object) -> None:
        if type(used) not in self.known:
            names = [f"{kind.__module__}.{kind.__qualname__}" for kind in type(used).__mro__]
            self.known[type(used)] = self._match(names)
        self._count(self.known[type(used)], used=used)

    def _match(self, names: Sequence[str]) -> "_Match":
        found = frozenset(match for name in names for match in self.forbidden.matching(name))
        return _Match(found, _PASS_ON_AUTOGRAD if any(map(_AUTOGRAD.matching, names)) else _PASS_ON)

    def _count(self, match: "_Match", *, called: CodeType | None = None, used: object = None) -> None:
        if match.names <= self.record.seen.keys():
            return
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and not _asks(frame, match, called=called, used=used):
            frame = frame.f_back
        if frame is None or self._is_students(frame, match.names):
            for name in match.names - self.record.seen.keys():
                self.record.seen[name] = _site_of(frame)

    def _is_students(self, caller: FrameType, matches: frozenset[str]) -> bool:
        """Tell whether a caller is outside torch, or a part of torch that is itself forbidden."""
        module = _torch_module(caller)
        if module:
            return bool(matches & self.forbidden.matching(module))
        return not is_probes_file(caller.f_code.co_filename)


def _site_of(frame: FrameType | None) -> CallSite:
    """Return where a frame is, with the parts of its file that are on the way to it."""
    if frame is None:
        return CallSite("", 0, ())
    file, line, parts = frame.f_code.co_filename, frame.f_lineno, dict[str, None]()
    caller: FrameType | None = frame
    while caller is not None and len(parts) < _MOST_PARTS:
        if caller.f_code.co_filename == file:
            parts[caller.f_code.co_qualname.split(".")[0]] = None
        caller = caller.f_back
    return CallSite(file, line, tuple(parts))


def _asks(frame: FrameType, match: _Match, *, called: CodeType | None, used: object) -> bool:
    """Tell whether a frame is who calls: not the function itself, nor the making of the object, nor one in between."""
    is_ours = any(frame.f_globals is names for names in _OURS)
    if is_ours or frame.f_code is called or _torch_module(frame) in match.passes_on:
        return False
    is_making = used is not None and frame.f_code.co_name == "__init__"
    return not (is_making and frame.f_locals.get(frame.f_code.co_varnames[0]) is used)


def _torch_module(frame: FrameType) -> str:
    """Return the module of torch whose code a frame runs, "" for any other: a file's name can be made up."""
    name = str(frame.f_globals.get("__name__"))
    module = sys.modules.get(name) if name.split(".")[0] == "torch" else None
    return name if module is not None and vars(module) is frame.f_globals else ""


def _names_of_function(function: Callable[..., Any]) -> list[str]:
    """Return the dotted names by which a torch function is known."""
    resolved = resolve_name(function)
    if isinstance(function, OpOverload | OpOverloadPacket):
        return [f"torch.ops.{resolved}"]
    owner, own = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
    return [name for name in (resolved, f"{owner}.{own}" if owner and own else None) if name]
