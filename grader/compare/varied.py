"""Ask that outputs depend on what went in: whoever returns the same for every row has computed nothing.

Checks that ask for a shape, or compare outputs with each other, call it as well; `grader.compare.texts` makes the name
of an output safe to show.
"""

from collections.abc import Mapping

import torch

from grader.compare.arrays import tensor_of
from grader.compare.texts import safe_text


def assert_varied(actual: Mapping[str, object], *names: str) -> None:
    """Pass where each named output, a tensor, an array or a list of those, is not the same in all its rows.

    Tensors with fewer than two rows and values of other kinds pass: ask for shapes first. Raises AssertionError with a
    sentence for the student.
    """
    for name in names:
        value = actual.get(name)
        for one in value if isinstance(value, list | tuple) else [value]:
            one = tensor_of(one)
            if isinstance(one, torch.Tensor) and one.ndim and len(one) > 1 and bool((one == one[:1]).all()):
                is_zero = " 0 everywhere" if not one.any() else " the same in every row"
                raise AssertionError(
                    f"`{safe_text(name, limit=60)}` is{is_zero}; expected values that depend on what went in."
                )
