"""Hidden checks of SGDMomentum: several parameters, defaults, and a hundred steps on the course's curve."""

import pytest
import torch
from test_optimizer import RIGHT, draw_gradients, matches_a_rule, run_of, way

from grader.compare import Expectation, Spec, Tolerance, assert_matches


@pytest.mark.graded(
    task="optimizer",
    weight=2,
    after="test_momentum_first_step",
    grounds="practical 1, lines 180 and 204: an average for each parameter, none moves without a gradient",
)
def test_momentum_several_parameters(probe, expected, rng):
    """SGDMomentum keeps an average for each parameter

    Parameters of one shape must not share it. One without a gradient stays as it is.
    """
    params = [torch.randn(3, 4, generator=rng) for _ in range(3)]
    first, second = (draw_gradients(rng, 3, 4, steps=3) for _ in range(2))
    rows = [[one, None, other] for one, other in zip(first, second, strict=True)]
    inputs = {"params": params, "gradients": rows, "lr": 0.5, "momentum": 0.6}
    shared = 0.6 * 0.4 * first[0] + 0.4 * second[0]
    others = {"what an average that all parameters share gives": params[2] - 0.5 * shared}
    matches_a_rule(probe, expected, "momentum", way, others=others, **inputs)


@pytest.mark.graded(
    task="optimizer",
    weight=1,
    after="test_momentum_first_step",
    grounds="practical 1, lines 188 to 194: the step for any learning rate and momentum",
)
def test_momentum_other_values(probe, expected, rng):
    """SGDMomentum takes lr and momentum as they are given

    With momentum 0 it is plain gradient descent.
    """
    for lr, momentum in ((0.05, 0.0), (1.5, 0.95)):
        start, gradients = torch.randn(5, generator=rng), draw_gradients(rng, 5, steps=3)
        matches_a_rule(probe, expected, "momentum", way, **run_of(start, gradients, lr=lr, momentum=momentum))


@pytest.mark.graded(
    task="optimizer", weight=1, after="test_momentum_first_step", grounds="practical 1, line 201: momentum=0.9"
)
def test_momentum_default(probe, expected, rng):
    """SGDMomentum's momentum is 0.9 unless another one is given

    The default stands in __init__.
    """
    start, gradients = torch.randn(4, 3, generator=rng), draw_gradients(rng, 4, 3, steps=2)
    inputs = {"start": start, "gradients": gradients, "lr": 0.4}
    matches_a_rule(probe, expected, "momentum_default", way_by_default, **inputs)


def way_by_default(start, gradients, lr, rule=RIGHT):
    steps = way(**run_of(start, gradients, lr=lr, momentum=0.9), rule=rule)
    return {"p": steps[f"p1 after step {len(gradients)}"]}


@pytest.mark.graded(task="optimizer", after="test_momentum_first_step", advice=True)
def test_momentum_leaves_gradients_alone(matches_recorded, rng):
    """SGDMomentum leaves the gradients as they are

    Whoever looks at a gradient after the step, to clip or to draw it, expects what backward() left there.
    """
    start, gradients = torch.randn(4, 3, generator=rng), draw_gradients(rng, 4, 3, steps=2)
    matches_recorded("momentum_default", unchanged, start=start, gradients=gradients, lr=0.4)


def unchanged(gradients):
    name = "gradient after the step"
    return Expectation({name: gradients[-1]}, {name: Tolerance(0, 0)})


NEAR = 2e-3  # rounding moves the end by 0.0003 at most; the other ends are more than 3 away


def descend(*, start, lr, momentum, factor):
    """Return where 100 updates on the course's curve end: the gradients are written out, `factor` scales them."""
    w1, w2 = start
    average = torch.zeros_like(start)
    for _ in range(100):
        squashed, share = torch.tanh(w1), torch.sigmoid(w2)
        slope = 2 * squashed * (1 - squashed**2) + 0.01 * torch.sign(w1)
        average = momentum * average + factor * torch.stack([slope, share * (1 - share)])
        w1, w2 = torch.stack([w1, w2]) - lr * average
    return torch.stack([w1, w2])


@pytest.mark.graded(
    task="optimizer",
    weight=1,
    grounds="practical 1, lines 275 and 289: the course's run ends at a very low w2 and w1 near 0",
)
def test_momentum_course_figure(probe, expected):
    """On the course's curve, 100 updates from (5, 5) with lr=10 and momentum=0.9 end in the ravine

    At a very low w2 and a w1 of nearly 0, as the course text says: near (-0.0119, -13.07).
    """
    start = torch.tensor([5.0, 5.0])
    run = {"start": start, "lr": 10.0, "momentum": 0.9, "updates": 100}
    actual = probe("momentum_on_the_track", **run)
    inputs = {"start": start.double(), "lr": 10.0}
    end = descend(**inputs, momentum=0.9, factor=1 - 0.9).float()
    assert_matches(actual, {"w1 and w2": Spec((2,))})
    found = actual["w1 and w2"]
    others = {
        "where momentum without the factor (1 - momentum) ends": descend(**inputs, momentum=0.9, factor=1.0),
        "where plain gradient descent ends": descend(**inputs, momentum=0.0, factor=1.0),
        "where it began": start,
    }
    for words, other in others.items():  # w2 alone tells: plain descent bounces in w1, where rounding adds up
        assert (found - other)[1].abs() > NEAR, (
            f"After 100 updates w1 and w2 are ({found[0]:.4g}, {found[1]:.4g}); expected ({end[0]:.3g}, {end[1]:.4g}). "
            f"That is {words}."
        )
    right = Expectation({"w1 and w2": end}, {"w1 and w2": Tolerance(rtol=0, atol=NEAR)})
    assert_matches(actual, expected("momentum_on_the_track", lambda: right, **run))
