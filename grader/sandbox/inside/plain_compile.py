"""Let `torch.compile` return what it is given, wrapped as always, and compute it as it stands.

`grader.sandbox.inside.preparing` asks for it behind the wall. A compiled model gives the same numbers, and the
compiler takes a minute, a C++ compiler and a writable cache before the first of them.

Why: docs/decisions.md#nothing-is-compiled
"""

from collections.abc import Callable
from typing import Any

import torch


def compile_nothing() -> None:
    """Replace `torch.compile` in this process; names of backends and modes are accepted, whatever is installed here.

    That what is wrapped runs as it stands is what `TORCH_COMPILE_DISABLE` says in the environment of all walls.
    """
    original = torch.compile

    def compile_plainly(model: Callable[..., Any] | None = None, **options: Any) -> Any:
        """Return the model wrapped, or a decorator where none is given."""
        if model is None:
            return lambda function: compile_plainly(function, **options)
        return original(model, backend="eager", disable=options.get("disable", False))

    torch.compile = compile_plainly
