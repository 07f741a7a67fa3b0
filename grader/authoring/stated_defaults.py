"""Tell whether an argument only says what torch would do without it: leaving it out is no fault.

`grader.authoring.mutation` asks.
"""

import ast
import importlib
import inspect
from functools import cache

_MODULES = (
    "torch", "torch.nn", "torch.nn.functional", "torch.nn.init", "torch.optim", "torch.optim.lr_scheduler",
    "torch.utils.data",
)  # fmt: skip
_NOTHING = object()


def says_default(called: str, keyword: ast.keyword) -> bool:
    """Tell whether a keyword of a call, such as `nn.Linear` or `x.softmax`, states the default of torch's own name."""
    try:
        value = ast.literal_eval(keyword.value)
    except ValueError:
        return False
    defaults = [defaults.get(keyword.arg or "", _NOTHING) for defaults in _signatures(called.rpartition(".")[2])]
    return bool(defaults) and all(_is_same(one, value) for one in defaults)


def _is_same(default: object, value: object) -> bool:
    """Tell whether a value says the default; `shuffle=None` of a DataLoader is False."""
    return (type(default) is type(value) and default == value) or (default is None and value is False)


@cache
def _signatures(name: str) -> tuple[dict[str, object], ...]:
    """Return the defaults of everything in torch that has this name, by parameter."""
    found = []
    for module in _MODULES:
        try:
            parameters = inspect.signature(getattr(importlib.import_module(module), name)).parameters
        except (AttributeError, TypeError, ValueError):
            continue
        found.append({one.name: one.default for one in parameters.values()})
    return tuple(found)
