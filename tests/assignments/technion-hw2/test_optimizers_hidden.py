"""Hidden checks of the optimizers: several parameters, torch's own ones, cleared gradients, a large eps.

test_optimizers.py holds the public ones.
"""

import pytest
import torch
from helpers_optimizers import (
    FIRST_STEP_OF_MOMENTUM,
    FIRST_STEP_OF_RMSPROP,
    MEMORY_OF_MOMENTUM,
    MEMORY_OF_RMSPROP,
    assert_steps,
    forgetful_momentum,
    forgetful_rmsprop,
)

from grader.compare import Context, assert_matches

RULES_OF_MOMENTUM = FIRST_STEP_OF_MOMENTUM + MEMORY_OF_MOMENTUM
RULES_OF_RMSPROP = FIRST_STEP_OF_RMSPROP + MEMORY_OF_RMSPROP


def draw_two_parameters(*, steps, rng):
    """Draw a matrix and a vector, and gradients for both at every step."""
    shapes = [(5, 3), (5,)]
    params = [torch.randn(*shape, generator=rng) for shape in shapes]
    gradients = [[torch.randn(*shape, generator=rng) for shape in shapes] for _ in range(steps)]
    return params, [[gradient + 0.5 * torch.sign(gradient) for gradient in step] for step in gradients]


@pytest.mark.graded(
    task="vanilla-sgd",
    weight=1,
    after="test_vanilla_sgd_step",
    grounds="document, line 658: all registered parameters are updated",
)
def test_vanilla_sgd_two_parameters(probe, expected, rng):
    """VanillaSGD moves all parameters, over three steps

    Every parameter has its own gradient, and the gradients change from step to step.
    """
    params, gradients = draw_two_parameters(steps=3, rng=rng)
    inputs = {"params": params, "gradients": gradients, "learn_rate": 0.1, "reg": 0.0}
    actual = probe("vanilla_sgd", **inputs)
    assert_matches(actual, expected("vanilla_sgd", **inputs))


@pytest.mark.graded(
    task="vanilla-sgd",
    weight=1,
    after="test_vanilla_sgd_step",
    grounds="document, lines 653 to 655: a list of torch tensors, whose gradients are taken from them",
)
def test_vanilla_sgd_torch_parameters(probe, expected, rng):
    """VanillaSGD also moves plain torch parameters

    Loop over self.params: it gives (parameter, gradient) pairs in both cases.
    """
    params, gradients = draw_two_parameters(steps=1, rng=rng)
    inputs = {"params": params, "gradients": gradients, "learn_rate": 0.1, "reg": 0.0}
    actual = probe("vanilla_sgd_torch_parameters", **inputs)
    assert_matches(actual, expected("vanilla_sgd_torch_parameters", **inputs))


@pytest.mark.graded(
    task="vanilla-sgd",
    weight=1,
    after="test_vanilla_sgd_step",
    grounds="document, line 661: gradients are set to zero in place",
)
def test_vanilla_sgd_after_zero_grad(probe, rng):
    """After zero_grad a step without regularization moves nothing

    zero_grad clears all gradients in place, and a step uses the gradients of that moment.
    """
    params, steps = draw_two_parameters(steps=1, rng=rng)
    actual = probe("vanilla_sgd_zero_grad", params=params, gradients=steps[0], learn_rate=0.1, reg=0.0)
    expected, others = {}, {}
    for i, (p, dp) in enumerate(zip(params, steps[0], strict=True), start=1):
        expected |= {f"dp{i} after zero_grad": torch.zeros_like(p), f"p{i} after step 2": p - 0.1 * dp}
        others[f"two steps with the same gradient of p{i}"] = p - 0.2 * dp
        others[f"dp{i} before zero_grad"] = dp
    assert_matches(actual, expected, context=Context(others=others))


@pytest.mark.graded(
    task="momentum-sgd",
    weight=2,
    after="test_momentum_sgd_first_step",
    grounds="document, lines 658 and 974: each parameter has its own velocity",
)
def test_momentum_sgd_two_parameters(probe, expected, rng):
    """MomentumSGD keeps one velocity for each parameter

    Two parameters of different shapes, four steps.
    """
    params, gradients = draw_two_parameters(steps=4, rng=rng)
    inputs = {"params": params, "gradients": gradients, "learn_rate": 0.1, "reg": 0.0, "momentum": 0.9}
    actual = probe("momentum_sgd", **inputs)
    others = [rule for rule in RULES_OF_MOMENTUM if rule is not forgetful_momentum]  # it has no velocity of any
    assert_steps(actual, expected("momentum_sgd", **inputs), inputs, others=others)


@pytest.mark.graded(
    task="momentum-sgd",
    weight=1,
    after="test_momentum_sgd_first_step",
    grounds="document, line 974: mu is a hyperparameter that may be 0",
)
def test_momentum_sgd_without_momentum(probe, expected, rng):
    """MomentumSGD with momentum=0 takes plain steps

    All settings come from the arguments of __init__.
    """
    params, gradients = draw_two_parameters(steps=2, rng=rng)
    inputs = {"params": params, "gradients": gradients, "learn_rate": 0.3, "reg": 0.0, "momentum": 0.0}
    actual = probe("momentum_sgd", **inputs)
    assert_steps(actual, expected("momentum_sgd", **inputs), inputs, others=RULES_OF_MOMENTUM)


@pytest.mark.graded(
    task="momentum-sgd",
    weight=1,
    after="test_momentum_sgd_first_step",
    grounds="document, lines 653 to 655: a list of torch tensors, whose gradients are taken from them",
)
def test_momentum_sgd_torch_parameters(probe, expected, rng):
    """MomentumSGD also moves plain torch parameters

    An optimizer is given (parameter, gradient) pairs, or plain tensors with a `.grad`. Only self.params has pairs in
    both cases, not the argument; its tensors may be new objects each time, so keep a velocity by its place in the list.
    """
    params, gradients = draw_two_parameters(steps=2, rng=rng)
    inputs = {"params": params, "gradients": gradients, "learn_rate": 0.1, "reg": 0.0, "momentum": 0.9}
    actual = probe("momentum_sgd_torch_parameters", **inputs)
    assert_steps(actual, expected("momentum_sgd_torch_parameters", **inputs), inputs, others=RULES_OF_MOMENTUM)


@pytest.mark.graded(
    task="rmsprop",
    weight=1,
    after="test_rmsprop_first_step",
    grounds="document, lines 653 to 655: a list of torch tensors, whose gradients are taken from them",
)
def test_rmsprop_torch_parameters(probe, expected, rng):
    """RMSProp also moves plain torch parameters

    An optimizer is given (parameter, gradient) pairs, or plain tensors with a `.grad`. Only self.params has pairs in
    both cases, not the argument; its tensors may be new objects each time, so keep an average by its place in the list.
    """
    params, gradients = draw_two_parameters(steps=2, rng=rng)
    inputs = {"params": params, "gradients": gradients, "learn_rate": 0.02, "reg": 0.0, "decay": 0.9, "eps": 1e-8}
    actual = probe("rmsprop_torch_parameters", **inputs)
    assert_steps(actual, expected("rmsprop_torch_parameters", **inputs), inputs, others=RULES_OF_RMSPROP)


@pytest.mark.graded(
    task="rmsprop",
    weight=2,
    after="test_rmsprop_first_step",
    grounds="document, lines 658 and 1026: each parameter has its own average, gamma is the caller's choice",
)
def test_rmsprop_two_parameters(probe, expected, rng):
    """RMSProp keeps one average for each parameter

    Two parameters of different shapes, four steps, and another decay.
    """
    params, gradients = draw_two_parameters(steps=4, rng=rng)
    settings = {"learn_rate": 0.02, "reg": 0.0, "decay": 0.7, "eps": 1e-8}
    inputs = {"params": params, "gradients": gradients, **settings}
    actual = probe("rmsprop", **inputs)
    others = [rule for rule in RULES_OF_RMSPROP if rule is not forgetful_rmsprop]  # it has no average of any
    assert_steps(actual, expected("rmsprop", **inputs), inputs, others=others)


@pytest.mark.graded(
    task="rmsprop",
    weight=1,
    after="test_rmsprop_first_step",
    grounds="document, line 1026: epsilon stands under the root",
)
def test_rmsprop_eps_inside_root(probe, expected, rng):
    """RMSProp adds eps where the rule says, under the root

    With eps = 0.5 its place in the formula matters; with the usual 1e-8 it hardly does.
    """
    params, gradients = draw_two_parameters(steps=2, rng=rng)
    settings = {"learn_rate": 0.1, "reg": 0.0, "decay": 0.9, "eps": 0.5}
    inputs = {"params": params, "gradients": gradients, **settings}
    actual = probe("rmsprop", **inputs)
    first = gradients[0][0]
    outside = params[0] - 0.1 * first / ((0.1 * first**2).sqrt() + 0.5)
    context = Context(others={"the first step with eps added after the root": outside})
    assert_steps(actual, expected("rmsprop", **inputs), inputs, others=RULES_OF_RMSPROP, context=context)
