"""Steps by rules that are wrong in one place: the check of that place charges it, the others take the rule as it is.

test_optimizers.py and test_optimizers_hidden.py import it. A rule turns what it keeps of a parameter, and the gradient,
into what it keeps from now on and the step. Only the recorded steps are right.
"""

from functools import partial

import torch

from grader.compare import Expectation, assert_any, assert_matches


def forgetful_rmsprop(_, g, decay, eps):
    """Keep nothing of earlier steps: the average is the latest square's share."""
    average = (1 - decay) * g**2
    return average, g / (average + eps).sqrt()


def forgetful_momentum(_, g, momentum, rate):
    """Keep nothing of earlier steps: every step is a plain one."""
    return rate * g, g


FIRST_STEP_OF_RMSPROP = (
    lambda r, g, decay, eps: ((r := decay * r + (1 - decay) * g**2), g / (r + eps)),
    lambda r, g, decay, eps: ((r := (1 - decay) * r + decay * g**2), g / (r + eps).sqrt()),
    lambda r, g, decay, eps: ((r := decay * r + g**2), g / (r + eps).sqrt()),
    lambda r, g, decay, eps: ((r := decay * r + (1 - decay) * g**2), -g / (r + eps).sqrt()),
    lambda r, g, decay, eps: ((r := decay * r + (1 - decay) * g.abs()), g / (r + eps).sqrt()),
    lambda r, g, decay, eps: (decay * r + (1 - decay) * g**2, g / (r + eps).sqrt()),
)
MEMORY_OF_RMSPROP = (
    forgetful_rmsprop,
    lambda r, g, decay, eps: ((r := r + (1 - decay) * g**2), g / (r + eps).sqrt()),
)
FIRST_STEP_OF_MOMENTUM = (
    lambda v, g, momentum, rate: ((v := momentum * v + (1 - momentum) * rate * g), v / rate),
    lambda v, g, momentum, rate: ((v := momentum * v + rate * g), -v / rate),
    lambda v, g, momentum, rate: ((v := momentum * v + rate * g), v),
    lambda v, g, momentum, rate: (momentum * v + rate * g, v / rate),
)
MEMORY_OF_MOMENTUM = (
    forgetful_momentum,
    lambda v, g, momentum, rate: ((v := (1 - momentum) * v + rate * g), v / rate),
    lambda v, g, momentum, rate: ((v := rate * g - momentum * v), v / rate),
)


def steps_by(rule, *, params, gradients, learn_rate, reg, **settings):
    """Return the parameters after each step by a rule, under the names that the probes give them."""
    if "momentum" in settings:
        settings = {"momentum": settings["momentum"], "rate": learn_rate}
    params, kept, steps = list(params), [torch.zeros_like(p) for p in params], {}
    for number, row in enumerate(gradients, start=1):
        for i, gradient in enumerate(row):
            kept[i], step = rule(kept[i], gradient + reg * params[i], **settings)
            params[i] = params[i] - learn_rate * step
            steps[f"{'p' if len(params) == 1 else f'p{i + 1}'} after step {number}"] = params[i]
    return steps


def assert_steps(actual, expected, inputs, *, others, context=None):
    """Compare with the recorded steps, then with those by each of the `others`, which are charged elsewhere."""

    def attempt(rule):
        assert_matches(actual, Expectation(steps_by(rule, **inputs)))

    assert_any(partial(assert_matches, actual, expected, context=context), *(partial(attempt, rule) for rule in others))
