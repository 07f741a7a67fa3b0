"""Public checks of SGDMomentum. test_optimizer_hidden.py has several parameters and the course's own figures."""

from functools import partial
from types import MappingProxyType

import pytest
import torch

from grader.compare import Context, assert_any, assert_matches, measured


def draw_gradients(rng, *shape, steps):
    """Draw one gradient a step, with elements that stay clear of zero."""
    gradients = [torch.randn(*shape, generator=rng) for _ in range(steps)]
    return [gradient + 0.5 * torch.sign(gradient) for gradient in gradients]


# What scales the old average, the gradient and the step, and whether the step takes the average of the one before; the
# first rule is right. The faults of the first step are charged by its check, those of the memory by that of four steps,
# and the other checks take the rule as it is.
RIGHT = lambda momentum, lr: (momentum, 1 - momentum, lr, False)  # noqa: E731
OF_FIRST_STEP = (
    lambda momentum, lr: (momentum, 1.0, lr, False),
    lambda momentum, lr: (1 - momentum, momentum, lr, False),
    lambda momentum, lr: (momentum, 1 - momentum, -lr, False),
    lambda momentum, lr: (momentum, 1 - momentum, 1.0, False),
    lambda momentum, lr: (momentum, 1 - momentum, lr**2, False),
    lambda momentum, lr: (momentum, 1 - momentum, lr, True),
)
OF_MEMORY = (
    lambda momentum, lr: (0.0, 1 - momentum, lr, False),
    lambda momentum, lr: (1.0, 1 - momentum, lr, False),
    lambda momentum, lr: (0.0, 1.0, lr, False),
)


def way(params, gradients, lr, momentum, rule=RIGHT):
    """Return the parameters after each step by the rule m = momentum * m + (1 - momentum) * g, or by another one."""
    old, new, pace, is_late = rule(momentum, lr)
    params, steps = list(params), {}
    averages = [torch.zeros_like(one) for one in params]
    for number, row in enumerate(gradients, start=1):
        for i, gradient in enumerate(row):
            if gradient is not None:
                before, averages[i] = averages[i], old * averages[i] + new * gradient
                params[i] = params[i] - pace * (before if is_late else averages[i])
        steps |= {f"p{i} after step {number}": one for i, one in enumerate(params, start=1)}
    return steps


def run_of(start, gradients, **settings):
    """Return the inputs of a run with one parameter."""
    return {"params": [start], "gradients": [[gradient] for gradient in gradients], **settings}


def matches_a_rule(
    probe, expected, name, formula, *, rules=OF_FIRST_STEP + OF_MEMORY, others=MappingProxyType({}), **inputs
):
    """Compare with what was recorded, then with what `formula(rule=…, **inputs)` gives by each of other rules."""
    actual, context = probe(name, **inputs), Context(others=others)

    def attempt(rule):
        assert_matches(actual, measured(partial(formula, rule=rule), **inputs), context=context)

    right = partial(assert_matches, actual, expected(name, formula, **inputs), context=context)
    assert_any(right, *(partial(attempt, rule) for rule in rules))


@pytest.mark.graded(
    task="optimizer", weight=2, grounds="practical 1, line 194: m = beta m + (1 - beta) g, w = w - lr m"
)
def test_momentum_first_step(matches_recorded, rng):
    """SGDMomentum's first step is lr · (1 - momentum) · gradient

    The average begins at zero. The parameter has to change in place: `p = p - …` makes a tensor that nobody else sees.
    """
    start, (gradient,) = torch.randn(6, 4, generator=rng), draw_gradients(rng, 6, 4, steps=1)
    inputs = run_of(start, [gradient], lr=0.3, momentum=0.8)
    others = {
        "the parameter before the step: it did not move": start,
        "the step without the factor (1 - momentum)": start - 0.3 * gradient,
        "the step with momentum in place of (1 - momentum)": start - 0.3 * 0.8 * gradient,
        "a step in the wrong direction": start + 0.3 * 0.2 * gradient,
        "the step without the learning rate": start - 0.2 * gradient,
        "the step with the learning rate applied twice": start - 0.3 * 0.3 * 0.2 * gradient,
    }
    matches_recorded("momentum", way, context=Context(others=others), **inputs)


@pytest.mark.graded(
    task="optimizer",
    weight=3,
    after="test_momentum_first_step",
    grounds="practical 1, lines 192 and 194: the average of all past gradients",
)
def test_momentum_four_steps(probe, expected, rng):
    """SGDMomentum remembers earlier gradients over four steps

    The average belongs to the optimizer and survives from one step to the next.
    """
    start, gradients = torch.randn(6, 4, generator=rng), draw_gradients(rng, 6, 4, steps=4)
    inputs = run_of(start, gradients, lr=0.2, momentum=0.8)
    first, second = gradients[:2]
    after_one = start - 0.2 * 0.2 * first
    others = {
        "two steps that both begin with an average of zero: the new average is not kept": after_one
        - 0.2 * 0.2 * second,
        "two steps in which the old average doesn't fade: `momentum` in front of it is missing": after_one
        - 0.2 * 0.2 * (first + second),
        "the second step with the average of the step before": after_one - 0.2 * 0.2 * first,
        "two steps in which the learning rate is part of the average as well": after_one
        - 0.2 * (0.8 * 0.2 * 0.2 * first + 0.2 * second),
        "two steps with the factors momentum and (1 - momentum) swapped from the second one on": after_one
        - 0.2 * (0.2 * 0.2 * first + 0.8 * second),
    }
    matches_a_rule(probe, expected, "momentum", way, rules=OF_FIRST_STEP, others=others, **inputs)
