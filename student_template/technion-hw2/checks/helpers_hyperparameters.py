"""What hyperparameters have to be, before a training begins with them, and the seeds of its attempts.

test_overfit.py, test_optimizer_comparison.py and the helpers beside them import it.
"""

import math

SEEDS = (42, 43, 44)  # of the attempts at a training; the document's own first


def refuse_unusable(hyperparameters, *, function, positive, at_least_zero):
    """Fail with a sentence unless a dict of finite numbers came back, with all keys and in their ranges."""
    keys = [*positive, *at_least_zero]
    assert isinstance(hyperparameters, dict), (
        f"`{function}` returned a {type(hyperparameters).__name__}; expected a dict with the keys {', '.join(keys)}."
    )
    missing = [key for key in keys if key not in hyperparameters]
    assert not missing, f"`{function}` returned no `{missing[0]}`; expected the keys {', '.join(keys)}."
    for key in keys:
        value = hyperparameters[key]
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        assert is_number, f"`{key}` of `{function}` is a {type(value).__name__}; expected a number."
        low = "above 0" if key in positive else "of at least 0"
        in_range = math.isfinite(value) and (value > 0 or (key in at_least_zero and value == 0))
        assert in_range, f"`{key}` of `{function}` is {value:.6g}; expected a finite number {low}."
