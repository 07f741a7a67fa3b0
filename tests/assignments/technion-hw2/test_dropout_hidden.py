"""Hidden checks of Dropout and of the MLP that uses it: gradients, repeated passes, p = 0.

Both conventions of the document are right: scale by 1 / (1 - p) while training, or by (1 - p) while testing.
test_dropout.py holds the public checks.
"""

import math

import pytest
import torch
import torch.nn.functional as F
from helpers_dropout import assert_fraction, assert_some_dropped, fraction_dropped

from grader.compare import Context, Expectation, Spec, Tolerance, assert_any, assert_matches, measured


@pytest.mark.graded(
    task="dropout", weight=2, grounds="document, line 1081: gradients go back into what was not dropped"
)
def test_dropout_backward_training(probe, rng):
    """Dropout.backward uses the mask of the forward pass

    Gradients go back into elements that were kept, with the factor that forward gave them.
    """
    x = 1 + torch.rand(50, 40, generator=rng)
    dout = torch.randn(50, 40, generator=rng)
    actual = probe("dropout", x=x, p=0.4, training=True, dout=dout)
    assert_matches(actual, {"z": Spec((50, 40))})
    factor = actual["z"] / x
    assert_matches(actual, {"grad of x": Spec((50, 40))})
    other_mask = (actual["grad of x"] != 0) * factor.max()
    others = {
        "dout itself": dout,
        "the factor that forward gave to what it kept": factor.max(),
        "dout under another mask than forward's": dout * other_mask,
    }
    assert_matches(actual, {"grad of x": factor * dout}, context=Context(others=others))


@pytest.mark.graded(
    task="dropout",
    weight=1,
    grounds="document, lines 1080 and 1119 to 1121: in testing nothing is dropped, and the gradients are right",
)
def test_dropout_backward_test_mode(probe, rng):
    """Dropout.backward passes gradients on in test mode as forward passed the elements

    A training pass has gone before: its mask must not be used again.
    """
    before, x = torch.ones(30, 20), 1 + torch.rand(30, 20, generator=rng)
    dout = torch.randn(30, 20, generator=rng)
    actual = probe("dropout", x=x, p=0.5, training=False, dout=dout, before=before)
    assert_matches(actual, {"z": Spec((30, 20)), "grad of x": Spec((30, 20))})
    others = {
        "dout itself": dout,
        "dout under the mask of the training pass": (actual["grad of x"] != 0) * dout,
        "dout under the mask of the training pass, scaled": (actual["grad of x"] != 0) * dout / 0.5,
    }
    assert_matches(actual, {"grad of x": actual["z"] / x * dout}, context=Context(others=others))


def assert_agreement(same, chance, *, sigmas, name):
    """Ask that two draws agree as often as independent ones, within some standard deviations."""
    tolerance = Tolerance(rtol=0, atol=sigmas * math.sqrt(chance * (1 - chance) / same.numel()))
    expected = Expectation({name: torch.tensor(chance)}, {name: tolerance})
    assert_matches({name: same.float().mean()}, expected)


@pytest.mark.graded(task="dropout", weight=1, grounds="document, line 1076: every forward pass drops at random")
def test_dropout_new_mask(probe):
    """Dropout draws a new mask in every forward pass

    Two masks of independent draws agree in a known fraction of the elements, which follows from how many each drops.
    """
    ones = torch.ones(100, 200)
    actual = probe("dropout", x=ones, p=0.3, training=True, before=ones)
    assert_matches(actual, {"z": Spec((100, 200)), "earlier z": Spec((100, 200))})
    assert_some_dropped(actual["z"])
    p, earlier_p = fraction_dropped(actual["z"]), fraction_dropped(actual["earlier z"])
    same = (actual["z"] == 0) == (actual["earlier z"] == 0)
    chance = p * earlier_p + (1 - p) * (1 - earlier_p)
    assert_agreement(same, chance, sigmas=5, name="fraction of elements with the same fate in both passes")


@pytest.mark.graded(
    task="dropout", weight=1, grounds="document, line 1076: each neuron's activation is dropped with probability p"
)
def test_dropout_element_by_element(probe):
    """Dropout decides for every element on its own

    One mask for all samples, or one for all features, drops whole columns or rows at once.
    """
    actual = probe("dropout", x=torch.ones(200, 100), p=0.4, training=True)
    assert_matches(actual, {"z": Spec((200, 100))})
    assert_some_dropped(actual["z"])
    p, dropped = fraction_dropped(actual["z"]), actual["z"] == 0
    agreements = {
        "fraction of elements with the fate of their neighbour in the next row": dropped[1:] == dropped[:-1],
        "fraction of elements with the fate of their neighbour in the next column": dropped[:, 1:] == dropped[:, :-1],
    }
    for name, same in agreements.items():  # neighbouring pairs share elements; ten deviations leave room for that
        assert_agreement(same, p**2 + (1 - p) ** 2, sigmas=10, name=name)


@pytest.mark.graded(task="dropout", after="test_dropout_fraction", advice=True)
def test_dropout_zero_probability(matches_recorded, rng):
    """Dropout with p = 0 changes nothing, whatever the shape

    No element is dropped and nothing needs scaling.
    """
    x, dout = torch.randn(2, 3, 4, 5, generator=rng), torch.randn(2, 3, 4, 5, generator=rng)
    matches_recorded("dropout", lambda x, dout: {"z": x, "grad of x": dout}, x=x, p=0.0, training=True, dout=dout)


def chain(x, w1, b1, w2, b2, factor):
    """Linear, ReLU, Dropout with the given factors, Linear."""
    return F.linear(factor * F.relu(F.linear(x, w1, b1)), w2, b2)


def chain_with_gradients(factor, dout, **inputs):
    leaves = {name: tensor.detach().requires_grad_() for name, tensor in inputs.items()}
    z = chain(**leaves, factor=factor)
    values = torch.autograd.grad((z * dout).sum(), tuple(leaves.values()))
    return {"z": z.detach()} | {f"grad of {name}": value for name, value in zip(leaves, values, strict=True)}


SPECS = {"w1": Spec((40, 8)), "b1": Spec((40,)), "w2": Spec((3, 40)), "b2": Spec((3,)), "z": Spec((1, 3))}
WEIGHTS = ("w1", "b1", "w2", "b2")


@pytest.mark.graded(
    task="mlp-dropout",
    weight=1,
    after="test_mlp_dropout_structure",
    grounds="document, lines 1119 to 1121: all gradients in test mode",
)
def test_mlp_dropout_test_mode_gradients(probe, rng):
    """An MLP with dropout gives plain scores and gradients in test mode

    MLP.train(False) has to reach the Dropout layers inside the sequence.
    """
    x, dout = torch.randn(1, 8, generator=rng), torch.randn(1, 3, generator=rng)
    options = {"dropout": 0.5}

    given = {"num_classes": 3, "hidden_features": [40], "options": options, "training": False}
    actual = probe("mlp", x=x, dout=dout, **given)
    assert_matches(actual, SPECS)
    inputs = {"x": x} | {name: actual[name] for name in WEIGHTS}
    factors = (torch.tensor(1.0), torch.tensor(0.5))
    factor = min(factors, key=lambda f: float((chain(**inputs, factor=f) - actual["z"]).abs().max()))
    assert_matches(actual, measured(chain_with_gradients, factor=factor, dout=dout, **inputs))


@pytest.mark.graded(
    task="mlp-dropout",
    weight=1,
    after="test_mlp_dropout_structure",
    grounds="document, lines 1114 to 1116: all gradients in training mode",
)
def test_mlp_dropout_training_gradients(probe, rng):
    """An MLP with dropout sends gradients back through the units that were kept

    For one sample, a hidden unit that was dropped gives its weights in the next layer no gradient.
    """
    x, dout = torch.randn(1, 8, generator=rng), torch.randn(1, 3, generator=rng)
    options = {"dropout": 0.5}

    given = {"num_classes": 3, "hidden_features": [40], "options": options}
    actual = probe("mlp", x=x, dout=dout, **given)
    assert_matches(actual, SPECS | {"grad of w2": Spec((3, 40))})
    inputs = {"x": x} | {name: actual[name] for name in WEIGHTS}
    kept = (actual["grad of w2"] != 0).any(dim=0).float()
    candidates = (2 * kept, kept)
    factor = min(candidates, key=lambda f: float((chain(**inputs, factor=f) - actual["z"]).abs().max()))
    assert_matches(actual, measured(chain_with_gradients, factor=factor, dout=dout, **inputs))


@pytest.mark.graded(
    task="mlp-dropout",
    weight=1,
    after="test_mlp_dropout_structure",
    grounds="document, lines 1092 and 1099 to 1109: each Dropout has the MLP's probability",
)
def test_mlp_dropout_probability(probe, rng):
    """An MLP hands its dropout probability on to its Dropout layers

    With dropout = 0.8 four of five active hidden units are dropped while training. A unit that was dropped gives
    its weights in the next layer no gradient.
    """
    p, hidden = 0.8, 4000
    x, dout = torch.randn(1, 3, generator=rng), torch.ones(1, 1)

    def own_fraction():
        alone = probe("dropout", x=torch.ones(200, 200), p=p, training=True)
        assert_matches(alone, {"z": Spec((200, 200))})
        return fraction_dropped(alone["z"])

    given = {"num_classes": 1, "hidden_features": [hidden], "options": {"dropout": p}}
    actual = probe("mlp", x=x, dout=dout, **given)
    assert_matches(actual, {"w1": Spec((hidden, 3)), "b1": Spec((hidden,)), "grad of w2": Spec((1, hidden))})
    is_active = F.linear(x, actual["w1"], actual["b1"])[0] > 0.001
    enough = {"enough units are active": bool(is_active.sum() > hidden / 8)}
    assert_matches(enough, {"enough units are active": True})
    dropped, n = float((actual["grad of w2"][0, is_active] == 0).float().mean()), int(is_active.sum())
    name = "fraction of active hidden units that were dropped"
    assert_any(
        lambda: assert_fraction(dropped, p, n=n, name=name),
        lambda: assert_fraction(dropped, own_fraction(), n=n, name=name),  # their Dropout has paid for its own p
    )
