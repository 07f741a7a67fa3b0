"""Public checks of the optimizers' update rules.

test_optimizers_hidden.py adds several parameters, torch's own parameters and other settings.
"""

import pytest
import torch
from helpers_optimizers import (
    FIRST_STEP_OF_MOMENTUM,
    FIRST_STEP_OF_RMSPROP,
    MEMORY_OF_MOMENTUM,
    MEMORY_OF_RMSPROP,
    assert_steps,
)

from grader.compare import Context, Expectation, Spec, Tolerance, assert_matches


def draw_gradients(*shape, steps, rng):
    """Draw one gradient a step, with elements that stay clear of zero."""
    gradients = [torch.randn(*shape, generator=rng) for _ in range(steps)]
    return [[gradient + 0.5 * torch.sign(gradient)] for gradient in gradients]


@pytest.mark.graded(
    task="vanilla-sgd",
    weight=1,
    grounds="document, lines 612 and 657: each parameter moves against its gradient, in place",
)
def test_vanilla_sgd_step(probe, expected, rng):
    """VanillaSGD.step moves each parameter against its gradient

    The parameter has to change in place: `p = p - …` makes a new tensor that nobody else sees.
    """
    p, gradients = torch.randn(6, 4, generator=rng), draw_gradients(6, 4, steps=2, rng=rng)
    inputs = {"params": [p], "gradients": gradients, "learn_rate": 0.3, "reg": 0.0}
    actual = probe("vanilla_sgd", **inputs)
    others = {"the parameter before the step": p, "a step in the wrong direction": p + 0.3 * gradients[0][0]}
    assert_matches(actual, expected("vanilla_sgd", **inputs), context=Context(others=others))


@pytest.mark.graded(
    task="vanilla-sgd",
    weight=1,
    grounds="document, lines 684 to 686: the gradient of half lambda times the squared norm is added",
)
def test_vanilla_sgd_regularization(probe, expected, rng):
    """VanillaSGD adds the gradient of the penalty to the parameter's gradient

    The penalty is ½ · reg · ‖p‖². What is its derivative by p?
    """
    p, gradients = torch.randn(6, 4, generator=rng), draw_gradients(6, 4, steps=1, rng=rng)
    inputs = {"params": [p], "gradients": gradients, "learn_rate": 0.3, "reg": 0.2}
    actual = probe("vanilla_sgd", **inputs)
    gradient = gradients[0][0]
    others = {
        "the step without regularization": p - 0.3 * gradient,
        "the step with twice the regularization": p - 0.3 * (gradient + 0.4 * p),
        "the step with half the regularization": p - 0.3 * (gradient + 0.1 * p),
        "the step with the penalty itself in place of its gradient": p - 0.3 * (gradient + 0.1 * (p**2).sum()),
        "the step with the penalty's gradient subtracted": p - 0.3 * (gradient - 0.2 * p),
        "the step with a penalty that the learning rate doesn't scale": p - 0.3 * gradient - 0.2 * p,
    }
    assert_matches(actual, expected("vanilla_sgd", **inputs), context=Context(others=others))


@pytest.mark.graded(
    task="vanilla-sgd", weight=1, grounds="document, lines 692 to 703: the parameters after a step with seed 42"
)
def test_vanilla_sgd_course_figure(probe):
    """VanillaSGD reaches the document's parameters: seed 42, learn_rate=0.5, reg=0.1

    The same tensors as in the document's test; the norm of the parameters after the step is known.
    """
    course_rng = torch.Generator().manual_seed(42)
    p = torch.randn(500, 10, generator=course_rng)
    dp = torch.randn(500, 10, generator=course_rng) * 2
    actual = probe("vanilla_sgd", params=[p], gradients=[[dp]], learn_rate=0.5, reg=0.1)
    assert_matches(actual, {"p after step 1": Spec((500, 10))})
    norm = {"norm of p": torch.linalg.vector_norm(actual["p after step 1"])}
    expected = Expectation({"norm of p": torch.tensor(98.3053)}, {"norm of p": Tolerance(rtol=0, atol=1e-3)})
    others = {"the norm without regularization": torch.linalg.vector_norm(p - 0.5 * dp)}
    assert_matches(norm, expected, context=Context(others=others))


@pytest.mark.graded(
    task="momentum-sgd", weight=2, grounds="document, line 972: v is mu v minus eta times the gradient, and is added"
)
def test_momentum_sgd_first_step(probe, expected, rng):
    """MomentumSGD's first step is a plain step: the velocity starts at zero

    With v = 0 only the gradient's part of the rule is left, and nothing scales it but the learning rate.
    """
    p, gradients = torch.randn(6, 4, generator=rng), draw_gradients(6, 4, steps=1, rng=rng)
    inputs = {"params": [p], "gradients": gradients, "learn_rate": 0.3, "reg": 0.0, "momentum": 0.8}
    actual = probe("momentum_sgd", **inputs)
    others = {
        "the parameter before the step": p,
        "the step with the gradient scaled by (1 - momentum)": p - (1 - 0.8) * 0.3 * gradients[0][0],
        "a step in the wrong direction": p + 0.3 * gradients[0][0],
        "0.3 (`learn_rate`)": torch.tensor(0.3),
    }
    assert_matches(actual, expected("momentum_sgd", **inputs), context=Context(others=others))


@pytest.mark.graded(
    task="momentum-sgd",
    weight=2,
    after="test_momentum_sgd_first_step",
    grounds="document, lines 972 and 976: earlier gradients stay in the velocity",
)
def test_momentum_sgd_four_steps(probe, expected, rng):
    """MomentumSGD remembers earlier gradients over four steps

    The velocity belongs to the optimizer and survives from one step to the next.
    """
    p, gradients = torch.randn(6, 4, generator=rng), draw_gradients(6, 4, steps=4, rng=rng)
    inputs = {"params": [p], "gradients": gradients, "learn_rate": 0.2, "reg": 0.0, "momentum": 0.8}
    actual = probe("momentum_sgd", **inputs)
    first, second = (step[0] for step in gradients[:2])
    others = {
        "two plain steps, without any momentum": p - 0.2 * (first + second),
        "the velocity applied with the sign of its old part flipped": p - 0.2 * (first + second - 0.8 * first),
        "the second step with (1 - momentum) in place of momentum": p - 0.2 * (first + second + (1 - 0.8) * first),
    }
    known = expected("momentum_sgd", **inputs)
    assert_steps(actual, known, inputs, others=FIRST_STEP_OF_MOMENTUM, context=Context(others=others))


@pytest.mark.graded(
    task="momentum-sgd",
    weight=1,
    after="test_momentum_sgd_first_step",
    grounds="document, line 631: the optimizer adds the penalty's gradient to the gradient",
)
def test_momentum_sgd_regularization(probe, expected, rng):
    """MomentumSGD adds the gradient of the penalty before it updates the velocity

    The regularized gradient takes the place of the plain one in the rule, at every step.
    """
    p, gradients = torch.randn(6, 4, generator=rng), draw_gradients(6, 4, steps=3, rng=rng)
    inputs = {"params": [p], "gradients": gradients, "learn_rate": 0.2, "reg": 0.3, "momentum": 0.8}
    actual = probe("momentum_sgd", **inputs)
    first, second = (step[0] for step in gradients[:2])
    after_one = p - 0.2 * (first + 0.3 * p)
    others = {
        "the first step without regularization": p - 0.2 * first,
        "the first step with twice the regularization": p - 0.2 * (first + 0.6 * p),
        "the second step with a penalty that the velocity doesn't remember": after_one
        - 0.2 * (0.8 * first + second + 0.3 * after_one),
    }
    known, rules = expected("momentum_sgd", **inputs), FIRST_STEP_OF_MOMENTUM + MEMORY_OF_MOMENTUM
    assert_steps(actual, known, inputs, others=rules, context=Context(others=others))


@pytest.mark.graded(
    task="rmsprop", weight=2, grounds="document, lines 1024 to 1026: the gradient over the root of its average square"
)
def test_rmsprop_first_step(probe, expected, rng):
    """RMSProp's first step divides the gradient by the root of its average square

    The average starts at zero, so after one step it is (1 - decay) times the squared gradient.
    """
    p, gradients = torch.randn(6, 4, generator=rng), draw_gradients(6, 4, steps=1, rng=rng)
    inputs = {
        "params": [p],
        "gradients": gradients,
        "learn_rate": 0.01,
        "reg": 0.0,
        "decay": 0.9,
        "eps": 1e-8,
    }
    actual = probe("rmsprop", **inputs)
    gradient = gradients[0][0]
    others = {
        "the parameter before the step": p,
        "the step without the root": p - 0.01 * gradient / (0.1 * gradient**2),
        "the step with decay and (1 - decay) swapped": p - 0.01 * gradient / (0.9 * gradient**2).sqrt(),
        "the step without the factor (1 - decay)": p - 0.01 * gradient / (gradient**2).sqrt(),
        "the step with the average of the step before": p - 0.01 * gradient / 1e-4,
        "a step in the wrong direction": p + 0.01 * gradient / (0.1 * gradient**2).sqrt(),
        "a plain step": p - 0.01 * gradient,
    }
    assert_matches(actual, expected("rmsprop", **inputs), context=Context(others=others))


@pytest.mark.graded(
    task="rmsprop",
    weight=2,
    after="test_rmsprop_first_step",
    grounds="document, line 1024: a decaying average of earlier squares",
)
def test_rmsprop_four_steps(probe, expected, rng):
    """RMSProp keeps its moving average over four steps

    The average of squares belongs to the optimizer and survives from one step to the next.
    """
    p, gradients = torch.randn(6, 4, generator=rng), draw_gradients(6, 4, steps=4, rng=rng)
    inputs = {
        "params": [p],
        "gradients": gradients,
        "learn_rate": 0.01,
        "reg": 0.0,
        "decay": 0.9,
        "eps": 1e-8,
    }
    actual = probe("rmsprop", **inputs)
    first, second = (step[0] for step in gradients[:2])
    after_one = p - 0.01 * first / (0.1 * first**2).sqrt()
    others = {
        "the second step with an average that forgets earlier steps": after_one
        - 0.01 * second / (0.1 * second**2).sqrt(),
        "the second step with an average that doesn't decay": after_one
        - 0.01 * second / (0.1 * first**2 + 0.1 * second**2).sqrt(),
    }
    known = expected("rmsprop", **inputs)
    assert_steps(actual, known, inputs, others=FIRST_STEP_OF_RMSPROP, context=Context(others=others))


@pytest.mark.graded(
    task="rmsprop",
    weight=1,
    after="test_rmsprop_first_step",
    grounds="document, line 631: the optimizer adds the penalty's gradient to the gradient",
)
def test_rmsprop_regularization(probe, expected, rng):
    """RMSProp adds the gradient of the penalty before it squares and divides

    The regularized gradient appears twice in the rule: in the average and in the step.
    """
    p, gradients = torch.randn(6, 4, generator=rng), draw_gradients(6, 4, steps=3, rng=rng)
    inputs = {
        "params": [p],
        "gradients": gradients,
        "learn_rate": 0.05,
        "reg": 0.3,
        "decay": 0.9,
        "eps": 1e-8,
    }
    actual = probe("rmsprop", **inputs)
    plain, second = (step[0] for step in gradients[:2])

    def second_step(reg):
        r1, g1 = 0.1 * (plain + reg * p) ** 2, plain + reg * p
        after_one = p - 0.05 * g1 / r1.sqrt()
        g2 = second + reg * after_one
        return after_one - 0.05 * g2 / (0.9 * r1 + 0.1 * g2**2).sqrt()

    regularized = plain + 0.3 * p
    others = {
        "the second step without regularization": second_step(0.0),
        "the second step with twice the regularization": second_step(0.6),
        "a step whose average ignores the regularization": p - 0.05 * regularized / (0.1 * plain**2).sqrt(),
        "a step with the penalty's gradient added after the division": p
        - 0.05 * (plain / (0.1 * plain**2).sqrt() + 0.3 * p),
        "a step that is regularized in the average only": p - 0.05 * plain / (0.1 * regularized**2).sqrt(),
    }
    known, rules = expected("rmsprop", **inputs), FIRST_STEP_OF_RMSPROP + MEMORY_OF_RMSPROP
    assert_steps(actual, known, inputs, others=rules, context=Context(others=others))
