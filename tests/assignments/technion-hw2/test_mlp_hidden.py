"""Hidden checks of Sequential and MLP: order, modes, keyword arguments, other architectures.

test_mlp.py holds the public ones.
"""

import pytest
import torch
import torch.nn.functional as F
from helpers_mlp import gradients

from grader.compare import Context, Expectation, Spec, Tolerance, assert_matches, measured


@pytest.mark.graded(
    task="sequential",
    weight=1,
    grounds="document, lines 109 to 111 and 377: layers in sequence, and the pairs of all of them",
)
def test_sequential_order_and_params(matches_recorded, rng):
    """Sequential runs simple layers in the given order and hands out the parameters of all of them

    The layers here are ours (each computes factor * x + shift), so nothing depends on your other layers.
    """
    x = torch.randn(3, 4, generator=rng)
    factors, shifts = [2.0, -0.5, 3.0], [1.0, 4.0, -5.0]
    backwards = 2 * (-0.5 * (3 * x - 5) + 4) + 1
    others = {"the layers in reverse order": backwards, "the output of the last layer alone": 3 * x - 5}
    matches_recorded("sequential_order", in_order, context=Context(others=others), x=x, factors=factors, shifts=shifts)


def in_order(x, factors, shifts):
    """Return what x → factor * x + shift, one after the other, makes of x, and all numbers sorted."""
    for factor, shift in zip(factors, shifts, strict=True):
        x = factor * x + shift
    return {"z": x, "parameters, sorted": torch.tensor(sorted(factors + shifts))}


@pytest.mark.graded(
    task="sequential",
    weight=1,
    grounds="document, lines 113 to 117 and 479: the mode is switched, and y reaches the loss at the end",
)
def test_sequential_mode_and_keywords(matches_recorded, rng):
    """Sequential switches all its layers to test mode and hands keyword arguments to the last one

    The layers here are ours: x → factor * x + shift, the shift in training mode only.
    """
    x, extra = torch.randn(3, 4, generator=rng), torch.randn(3, 4, generator=rng)
    inputs = {"x": x, "factors": [2.0, 0.5], "shifts": [1.0, 4.0], "training": False, "extra": extra}
    others = {
        "the output in training mode": 0.5 * (2 * x + 1) + 4 + extra,
        "the output without the keyword argument": x,
    }
    context = Context(others=others)
    matches_recorded("sequential_order", lambda x, extra: {"z": 2.0 * x * 0.5 + extra}, context=context, **inputs)


@pytest.mark.graded(
    task="sequential",
    weight=1,
    after="test_sequential_backward",
    grounds="document, lines 138 and 861: one batch after the other goes forward and back",
)
def test_sequential_second_pass(probe, expected, rng):
    """Sequential gives the right gradients for a second batch

    Between the two batches the gradients that params() holds are set to zero in place.
    """
    sizes = (4, 6, 3, 2)
    before, x = torch.randn(5, 4, generator=rng), torch.randn(1, 4, generator=rng)
    dout = torch.randn(1, 2, generator=rng)
    specs = {f"w{i}": Spec((sizes[i], sizes[i - 1])) for i in (1, 2, 3)}
    specs |= {f"b{i}": Spec((sizes[i],)) for i in (1, 2, 3)}

    def output(x, w1, b1, w2, b2, w3, b3):
        h = F.relu(F.linear(F.leaky_relu(F.linear(x, w1, b1), 0.1), w2, b2))
        return torch.sigmoid(F.linear(h, w3, b3))

    actual = probe("sequential", x=x, sizes=sizes, dout=dout, before=before)
    assert_matches(actual, specs)
    weights = {name: actual[name] for name in specs}
    wanted = expected(
        "sequential",
        lambda: measured(lambda dout, **inputs: gradients(output, dout, **inputs), dout=dout, x=x, **weights),
        x=x,
        sizes=sizes,
        dout=dout,
        before=before,
    )
    assert_matches(actual, wanted)


@pytest.mark.graded(
    task="mlp",
    weight=2,
    after="test_mlp_sigmoid_structure",
    grounds="document, lines 457 and 484: all gradients with sigmoids, too",
)
def test_mlp_sigmoid_backward(probe, expected, rng):
    """An MLP with sigmoids gives the scores and all gradients, also for a second batch

    Between the two batches the gradients that params() holds are set to zero in place.
    """
    before, x = torch.randn(5, 4, generator=rng), torch.randn(3, 4, generator=rng)
    dout = torch.randn(3, 2, generator=rng)
    inputs = {"num_classes": 2, "hidden_features": [6], "options": {"activation": "sigmoid"}}
    specs = {"w1": Spec((6, 4)), "b1": Spec((6,)), "w2": Spec((2, 6)), "b2": Spec((2,))}

    def output(x, w1, b1, w2, b2):
        return F.linear(torch.sigmoid(F.linear(x, w1, b1)), w2, b2)

    def both(dout, **inputs):
        return {"z": output(**inputs)} | gradients(output, dout, **inputs)

    actual = probe("mlp", x=x, dout=dout, before=before, **inputs)
    assert_matches(actual, specs)
    weights = {name: actual[name] for name in specs}
    assert_matches(
        actual,
        expected("mlp", lambda: measured(both, dout=dout, x=x, **weights), x=x, dout=dout, before=before, **inputs),
        context=Context(batch_size=3),
    )


@pytest.mark.graded(
    task="mlp", weight=1, after="test_mlp_structure", grounds="document, lines 427 to 433: any number of hidden layers"
)
def test_mlp_one_hidden_layer(probe, expected, rng):
    """An MLP with one hidden layer works for a batch of one

    The sizes of all Linear layers follow from in_features, hidden_features and num_classes.
    """
    x, dout = torch.randn(1, 7, generator=rng), torch.randn(1, 4, generator=rng)
    inputs = {"num_classes": 4, "hidden_features": [9], "options": {}}
    specs = {"w1": Spec((9, 7)), "b1": Spec((9,)), "w2": Spec((4, 9)), "b2": Spec((4,))}

    def output(x, w1, b1, w2, b2):
        return F.linear(F.relu(F.linear(x, w1, b1)), w2, b2)

    def both(dout, **inputs):
        return {"z": output(**inputs)} | gradients(output, dout, **inputs)

    actual = probe("mlp", x=x, dout=dout, **inputs)
    assert_matches(actual, specs)
    weights = {name: actual[name] for name in specs}
    assert_matches(actual, expected("mlp", lambda: measured(both, dout=dout, x=x, **weights), x=x, dout=dout, **inputs))


# Any distribution with the right spread passes: only wstd is asked for.
@pytest.mark.graded(task="mlp", after="test_mlp_structure", advice=True)
def test_mlp_wstd(probe):
    """MLP hands wstd on to all its Linear layers

    What MLP gets in **kw is meant for them. The weights are drawn with wstd = 0.5, and a tenth of it is allowed.
    """
    actual = probe("drawn_weights", in_features=60, out_features=60, hidden_features=[60, 60], wstd=0.5)
    assert_matches(actual, {f"w{i}": Spec((60, 60)) for i in (1, 2, 3)})
    names = {f"w{i}": f"standard deviation of w{i}" for i in (1, 2, 3)}
    spread = Tolerance(rtol=0, atol=0.05)
    expected = Expectation(dict.fromkeys(names.values(), torch.tensor(0.5)), dict.fromkeys(names.values(), spread))
    assert_matches({names[w]: actual[w].std() for w in names}, expected)
