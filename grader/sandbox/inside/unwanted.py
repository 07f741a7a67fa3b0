"""Stop code that does at import what is not wanted then: it trains, downloads, asks, serves, or ends the process.

`grader.sandbox.inside.definitions` runs a notebook's statements under it and `grader.sandbox.inside.student_files` a
package's files. What happens counts, not what it is called: a function `train_defaults` that returns a number runs.

Why: docs/decisions.md#stopped-where-it-happens
"""

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch.optim.optimizer import register_optimizer_step_pre_hook

from grader.sandbox.inside.engine_watch import watched_engine
from grader.sandbox.inside.nobody import NobodyAnswers, nobody_answers

_MOST_NODES = 20_000  # of a graph that is searched for parameters; a larger one belongs to a network
ENDS_THE_PROCESS = "it ends the process"
_FATAL = frozenset(  # Windows has few of them
    getattr(signal, name)
    for name in ("SIGKILL", "SIGTERM", "SIGABRT", "SIGSEGV", "SIGHUP", "SIGQUIT")
    if hasattr(signal, name)
)
_NO_NETWORK = "there is no network while this is graded"


class StatementStopped(BaseException):
    """End a statement at what is not wanted; the text says what. No `except Exception` of a student's stops it."""


class NoNetwork(socket.gaierror):
    """Say that a host was looked up."""


@contextmanager
def stopped_at_unwanted(*, may_train: bool = False) -> Iterator[None]:
    """Stop the body at its first training step and its first server, and let look-ups of hosts and questions fail.

    A training step is a run of `backward` that reaches parameters, or an optimizer's step on what has gradients.
    """
    with ExitStack() as stack:
        if not may_train:
            stack.enter_context(watched_engine(_before_backward))
            stack.callback(register_optimizer_step_pre_hook(_before_step).remove)
        stack.enter_context(nobody_answers())
        for owner, name, stand_in in (
            (socket, "getaddrinfo", _refuse_host),
            (socket.socket, "listen", _refuse_server(socket.socket.listen)),
            (sys.modules["grader"], "check", _check_nothing),
            *_ways_out(),
        ):
            stack.enter_context(_replaced(owner, name, stand_in))
        yield


def what_stopped(error: BaseException | None) -> str:
    """Return in a few words what unwanted thing an error stopped, "" for any other error."""
    if isinstance(error, StatementStopped):
        return str(error)
    return error.doing if isinstance(error, NobodyAnswers) else ""


def asked_a_host(error: BaseException | None) -> bool:
    """Tell whether an error comes from a host that was looked up, however often it was raised again."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, NoNetwork):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def _before_backward(roots: Any, *_args: Any, accumulate_grad: bool = False, **_kwargs: Any) -> None:
    if accumulate_grad and _reaches_parameter(roots):
        raise StatementStopped("it trains")


def _reaches_parameter(roots: Any) -> bool:
    """Tell whether gradients would flow into parameters of a model, and not only into plain tensors."""
    roots = roots if isinstance(roots, tuple | list) else (roots,)
    if any(isinstance(root, torch.nn.Parameter) for root in roots):
        return True
    waiting = [getattr(root, "grad_fn", None) or getattr(root, "node", None) for root in roots]
    seen: set[Any] = set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        if len(seen) >= _MOST_NODES or isinstance(getattr(node, "variable", None), torch.nn.Parameter):
            return True
        seen.add(node)
        waiting += [following for following, _index in node.next_functions]
    return False


def _before_step(optimizer: torch.optim.Optimizer, _args: Any, _kwargs: Any) -> None:
    if any(one.grad is not None for group in optimizer.param_groups for one in group["params"]):
        raise StatementStopped("it trains")


def _refuse_host(*_args: Any, **_kwargs: Any) -> Any:
    raise NoNetwork(socket.EAI_FAIL, _NO_NETWORK)


def _refuse_server(listen: Callable[..., None]) -> Callable[..., None]:
    def refuse(own: socket.socket, *args: Any) -> None:
        """Listen on a socket in the file system: worker processes of a loader hand their results over on one."""
        if own.family in (socket.AF_INET, socket.AF_INET6):
            raise StatementStopped("it starts a server")
        listen(own, *args)

    return refuse


def _ways_out() -> Iterator[tuple[Any, str, Any]]:
    """Yield what stands in for the functions that end a process: this one is stopped, a worker of its own may end."""
    own = os.getpid()

    def leaving(original: Callable[..., Any], is_meant: Callable[..., bool]) -> Callable[..., Any]:
        def leave(*args: Any, **kwargs: Any) -> Any:
            if os.getpid() == own and is_meant(*args):
                raise StatementStopped(ENDS_THE_PROCESS)
            return original(*args, **kwargs)

        return leave

    for name in ("_exit", "abort", "execv", "execve"):
        yield os, name, leaving(getattr(os, name), lambda *_args: True)
    yield os, "kill", leaving(os.kill, lambda pid, number: pid in (own, 0, -1) and number in _FATAL)
    if hasattr(os, "killpg"):  # Windows knows no groups of processes
        yield os, "killpg", leaving(os.killpg, lambda _group, number: number in _FATAL)
    yield signal, "raise_signal", leaving(signal.raise_signal, lambda number: number in _FATAL)


def _check_nothing(*_tasks: str, **_options: Any) -> None:
    """Stand in for `grader.check`: a notebook that is graded is not checked by itself."""


@contextmanager
def _replaced(owner: Any, name: str, stand_in: Any) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, stand_in)
    try:
        yield
    finally:
        setattr(owner, name, before)
