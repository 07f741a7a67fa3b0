"""Remember a kernel's own names and what their values hold, and put all of it back.

`grader.live.state` does so around a check in the student's own process.
"""

from collections.abc import Callable, Iterator, MutableMapping
from types import ModuleType
from typing import Any

import torch
from torch import nn

_MOST_ITEMS = 100_000
_MOST_ELEMENTS = 16_000_000
_CONTAINERS = (list, dict, set)


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
