"""Remember the names of a module and what their values hold, and put all of it back.

`grader.sandbox.inside.leftovers` does so between two probes of one process, `grader.live.state` around a check in the
student's own.

Why: docs/decisions.md#one-fork-for-a-task
"""

import sys
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn

from grader.sandbox.inside.notebook_modules import NotebookLoader, NotebookModule
from grader.sandbox.inside.student_files import StudentLoader, StudentModule

_MOST_ITEMS = 100_000
_MOST_ELEMENTS = 16_000_000
_CONTAINERS = (list, dict, set)


class KeptNames:
    """Keep what the modules of a submission and the `files` of probes hold while no probe has run yet.

    What a stopped statement of a notebook has set, run to its end for one probe, stays for the next.
    """

    def __init__(self, root: Path, files: Sequence[MutableMapping[str, Any]]) -> None:
        self._root = f"{root}/"
        self._files = files
        self._students: dict[str, ModuleType] | None = None
        self._restorers: list[Callable[[], None]] = []
        self._modules_seen = -1

    def remember(self) -> None:
        """Remember what there is now, if a module of the submission has been imported since this was called last.

        To import one may fill what the files of probes hold.
        """
        if len(sys.modules) == self._modules_seen:
            return
        self._modules_seen = len(sys.modules)
        students = {name: module for name, module in sys.modules.items() if self._is_students(module)}
        if self._students is None or students.keys() != self._students.keys():
            self._students = students
            spaces = [*self._files, *map(vars, students.values())]
            self._restorers = [one for space in spaces for one in keep_values(space, numbers=False)]

    def put_back(self) -> None:
        """Give all that is remembered back what it held."""
        for restore in self._restorers:
            restore()
        for module in (self._students or {}).values():
            loader = vars(module).get("__loader__")
            if isinstance(loader, StudentLoader | NotebookLoader):
                vars(module).update(loader.completed)

    def _is_students(self, module: object) -> bool:
        """Tell whether a module is the submission's; what else stands among the modules is none."""
        if type(module) in (StudentModule, NotebookModule):
            return True
        file = vars(module).get("__file__") if type(module) is ModuleType else None
        return isinstance(file, str) and file.startswith(self._root)


def keep_values(namespace: MutableMapping[str, Any], *, numbers: bool = True) -> Iterator[Callable[[], None]]:
    """Yield what restores the names, the attributes of their values, and what lists, dictionaries and sets hold.

    With `numbers`, it also copies and restores those in tensors.
    """
    before = dict(namespace)

    def restore() -> None:
        for name in [name for name in namespace if name not in before]:
            del namespace[name]
        namespace.update(before)

    yield restore
    for value in {id(value): value for value in before.values() if value is not namespace}.values():
        if isinstance(value, type) and value.__module__ == namespace.get("__name__"):
            yield _keep_class(value)
        elif type(value) in _CONTAINERS and len(value) <= _MOST_ITEMS:
            yield _keep_items(value)
        elif isinstance(value, torch.Tensor):
            yield from [_keep_tensor(value)] if numbers else []
        elif isinstance(value, nn.Module):
            yield from _keep_layers(value, numbers=numbers)
        elif not isinstance(value, type | ModuleType) and isinstance(own := getattr(value, "__dict__", None), dict):
            yield _keep_items(own)


def _keep_items(container: Any) -> Callable[[], None]:
    before = container.copy()

    def restore() -> None:
        same = len(container) == len(before)
        if same and isinstance(container, list):
            same = all(one is other for one, other in zip(container, before, strict=True))
        elif same and isinstance(container, dict):
            same = all(key in container and container[key] is value for key, value in before.items())
        elif same:
            same = container == before
        if not same:
            container.clear()
            container.extend(before) if isinstance(container, list) else container.update(before)

    return restore


def _keep_class(owner: type) -> Callable[[], None]:
    before = dict(vars(owner))

    def restore() -> None:
        after = dict(vars(owner))
        for name in after.keys() - before.keys():
            delattr(owner, name)
        for name, value in before.items():
            if after.get(name) is not value:
                setattr(owner, name, value)

    return restore


def _keep_layers(model: nn.Module, *, numbers: bool) -> Iterator[Callable[[], None]]:
    """Yield what restores each layer's settings and, with `numbers`, its parameters and buffers."""
    for layer in model.modules():
        for own in (vars(layer), *(kept for kept in vars(layer).values() if type(kept) is dict)):
            yield _keep_items(own)
    for tensor in (*model.parameters(), *model.buffers()) if numbers else ():
        yield _keep_tensor(tensor)


def _keep_tensor(tensor: torch.Tensor) -> Callable[[], None]:
    """Restore a tensor's gradient and, unless the tensor is very large, its values."""
    gradient = tensor.grad if tensor.is_leaf else None
    if (
        type(tensor) not in (torch.Tensor, nn.Parameter)
        or tensor.numel() > _MOST_ELEMENTS
        or tensor.layout is not torch.strided
    ):
        return lambda: None
    before = tensor.detach().clone()

    def restore() -> None:
        if tensor.is_leaf and tensor.grad is not gradient:
            tensor.grad = gradient
        if not torch.equal(tensor.detach(), before):
            tensor.data.copy_(before)  # unnoticed by graphs that the student has made

    return restore
