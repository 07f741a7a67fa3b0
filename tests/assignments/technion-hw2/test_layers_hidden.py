"""Hidden checks of the layers: other shapes, a batch of one, a second pass.

test_layers.py holds the public ones.
"""

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from helpers_layers import assert_second_batch_alike, draw_clear_of_zero

from grader.compare import Context, Expectation, Spec, Tolerance, assert_matches, measured


def pass_through(function, x, dout):
    """Return a function's output and autograd's gradient for its input."""
    x = x.detach().requires_grad_()
    z = function(x)
    return {"z": z.detach(), "grad of x": torch.autograd.grad((z * dout).sum(), x)[0]}


@pytest.mark.graded(
    task="leaky-relu",
    weight=1,
    after="test_leaky_relu_forward",
    grounds="document, lines 200 and 214: alpha is the caller's choice",
)
def test_leaky_relu_other_slope(probe, expected, rng):
    """LeakyReLU works with another alpha

    alpha is an argument of the layer.
    """
    x, dout = draw_clear_of_zero(6, 5, rng=rng), torch.randn(6, 5, generator=rng)
    inputs = {"x": x, "alpha": 0.3, "dout": dout}
    actual = probe("leaky_relu", **inputs)
    wanted = expected("leaky_relu", partial(pass_through, partial(F.leaky_relu, negative_slope=0.3)), **inputs)
    gradient = actual.get("grad of x")
    kept = isinstance(gradient, torch.Tensor) and torch.equal(gradient.float(), dout * (x > 0))
    if kept:  # the slope is missing whatever alpha is: test_leaky_relu_backward charges that
        wanted = Expectation({"z": wanted.values["z"]}, {"z": wanted.tolerances["z"]})
    assert_matches(actual, wanted)


@pytest.mark.graded(
    task="leaky-relu",
    weight=1,
    grounds="document, lines 138 and 861: a layer goes forward and back for one batch after the other",
)
def test_leaky_relu_second_pass(probe, rng):
    """LeakyReLU.backward belongs to the latest forward

    A layer is used for many batches, and a batch may have another size than the one before.
    """
    before, x = draw_clear_of_zero(6, 5, rng=rng), draw_clear_of_zero(1, 5, rng=rng)
    dout = torch.randn(1, 5, generator=rng)
    shapes = {"z": (1, 5), "grad of x": (1, 5)}
    assert_second_batch_alike(probe, "leaky_relu", before=before, shapes=shapes, x=x, alpha=0.1, dout=dout)


@pytest.mark.graded(
    task="relu",
    weight=1,
    grounds="document, lines 138 and 861: a layer goes forward and back for one batch after the other",
)
def test_relu_second_pass(probe, rng):
    """ReLU.backward belongs to the latest forward

    A layer is used for many batches: what forward keeps has to be replaced every time.
    """
    before, x = draw_clear_of_zero(8, 5, rng=rng), draw_clear_of_zero(8, 5, rng=rng)
    dout = torch.randn(8, 5, generator=rng)
    shapes = {"z": (8, 5), "grad of x": (8, 5)}
    assert_second_batch_alike(probe, "relu", before=before, shapes=shapes, x=x, dout=dout)


@pytest.mark.graded(
    task="sigmoid",
    weight=1,
    after="test_sigmoid_backward",
    grounds="document, line 256: an input with three axes works",
)
def test_sigmoid_3d(matches_recorded, rng):
    """Sigmoid works on inputs with three axes

    Nothing in an element-by-element function depends on the number of axes.
    """
    x, dout = torch.randn(4, 3, 5, generator=rng), torch.randn(4, 3, 5, generator=rng)
    matches_recorded("sigmoid", partial(pass_through, torch.sigmoid), x=x, dout=dout)


@pytest.mark.graded(
    task="sigmoid",
    weight=1,
    grounds="document, lines 138 and 861: a layer goes forward and back for one batch after the other",
)
def test_sigmoid_second_pass(probe, rng):
    """Sigmoid.backward belongs to the latest forward

    A layer is used for many batches: what forward keeps has to be replaced every time.
    """
    before, x = torch.randn(6, 5, generator=rng), torch.randn(1, 5, generator=rng)
    dout = torch.randn(1, 5, generator=rng)
    shapes = {"z": (1, 5), "grad of x": (1, 5)}
    assert_second_batch_alike(probe, "sigmoid", before=before, shapes=shapes, x=x, dout=dout)


@pytest.mark.graded(
    task="tanh",
    weight=1,
    after="test_tanh_backward",
    grounds="document, lines 274 and 278: more axes than two work, element by element",
)
def test_tanh_4d(matches_recorded, rng):
    """TanH works on inputs with four axes

    Nothing in an element-by-element function depends on the number of axes.
    """
    x, dout = torch.randn(2, 3, 4, 5, generator=rng), torch.randn(2, 3, 4, 5, generator=rng)
    matches_recorded("tanh", partial(pass_through, torch.tanh), x=x, dout=dout)


@pytest.mark.graded(
    task="tanh",
    weight=1,
    grounds="document, lines 138 and 861: a layer goes forward and back for one batch after the other",
)
def test_tanh_second_pass(probe, rng):
    """TanH.backward belongs to the latest forward

    A layer is used for many batches: what forward keeps has to be replaced every time.
    """
    before, x = torch.randn(6, 5, generator=rng), torch.randn(1, 5, generator=rng)
    dout = torch.randn(1, 5, generator=rng)
    shapes = {"z": (1, 5), "grad of x": (1, 5)}
    assert_second_batch_alike(probe, "tanh", before=before, shapes=shapes, x=x, dout=dout)


def linear_pass(x, w, b, dout):
    x, w, b = (tensor.detach().requires_grad_() for tensor in (x, w, b))
    z = F.linear(x, w, b)
    dx, dw, db = torch.autograd.grad((z * dout).sum(), (x, w, b))
    return {"z": z.detach(), "grad of x": dx, "grad of w": dw, "grad of b": db}


@pytest.mark.graded(
    task="linear",
    weight=2,
    after="test_linear_structure",
    strict=True,
    grounds="document, lines 323 to 327: a second batch goes forward and back",
)
def test_linear_second_pass(probe, rng):
    """Linear gives the right gradients for a second batch

    Between the two batches the gradients that params() holds are set to zero in place, as an optimizer does.
    What is left of the first batch must not leak into the second.
    """
    before, x = torch.randn(9, 6, generator=rng), torch.randn(7, 6, generator=rng)
    dout = torch.randn(7, 4, generator=rng)
    first_dout = torch.ones(9, 4)
    others = {
        "the sum of both batches' gradients of w": first_dout.T @ before + dout.T @ x,
        "the sum of both batches' gradients of b": first_dout.sum(dim=0) + dout.sum(dim=0),
    }
    shapes, gradients = {"z": (7, 4), "grad of x": (7, 6)}, {"grad of w": (4, 6), "grad of b": (4,)}
    inputs = {"in_features": 6, "out_features": 4, "x": x, "dout": dout}
    assert_second_batch_alike(
        probe, "linear", before=before, shapes=shapes, gradients=gradients, others=others, **inputs
    )


@pytest.mark.graded(
    task="linear",
    weight=1,
    after="test_linear_backward",
    grounds="document, lines 296 and 301: N samples, whatever N, and any sizes",
)
def test_linear_one_sample(probe, expected, rng):
    """Linear works for a batch of one and for a square w

    With as many outputs as inputs a transposed w has the right shape and the wrong values.
    """
    x, dout = torch.randn(1, 5, generator=rng), torch.randn(1, 5, generator=rng)
    actual = probe("linear", x=x, in_features=5, out_features=5, dout=dout)
    assert_matches(actual, {"w": Spec((5, 5)), "b": Spec((5,))})
    wanted = expected(
        "linear",
        lambda: measured(linear_pass, x=x, w=actual["w"], b=actual["b"], dout=dout),
        x=x,
        in_features=5,
        out_features=5,
        dout=dout,
    )
    assert_matches(actual, wanted, context=Context(batch_size=1))


@pytest.mark.graded(
    task="linear",
    weight=1,
    after="test_linear_structure",
    strict=True,
    grounds="document, lines 109 to 111 and 856: params pairs each tensor with its gradient; an optimizer asks once",
)
def test_linear_hands_out_its_gradients(probe, rng):
    """Linear.params gives the tensors in which backward leaves its gradients

    An optimizer gets the pairs once, before the first batch: a backward that makes new tensors would leave it with the
    old ones.
    """
    x, dout = torch.randn(6, 5, generator=rng), torch.randn(6, 4, generator=rng)
    actual = probe("linear_early_pairs", x=x, dout=dout, out_features=4)
    names = ("w", "b")
    row = (1, 4) if getattr(actual.get("grad of b"), "shape", ()) == (1, 4) else (4,)  # a bias of one row is right
    assert_matches(actual, {"grad of w": Spec((4, 5)), "grad of b": Spec(row)})
    for name in names:
        early = actual.get(f"early grad of {name}")
        is_zero = isinstance(early, torch.Tensor) and not bool(early.any())
        assert not is_zero, (
            f"`early grad of {name}`, the tensor that params() handed out before backward, is still zero: backward "
            "makes a new tensor; write into the old one, in place."
        )
    assert_matches(actual, {f"early grad of {name}": actual[f"grad of {name}"] for name in names})


def linear_sum(x1, dout1, x2, dout2):
    return {"grad of w": dout1.T @ x1 + dout2.T @ x2, "grad of b": dout1.sum(dim=0) + dout2.sum(dim=0)}


# The kit's text says in two places (Layer.backward, Linear.backward) that gradients are added to what is there.
@pytest.mark.graded(task="linear", after="test_linear_backward", advice=True)
def test_linear_adds_gradients(matches_recorded, rng):
    """Linear.backward adds to the gradients that are there

    Two batches go forward and back and nothing clears the gradients between them: that is zero_grad's work.
    """
    x1, x2 = torch.randn(6, 5, generator=rng), torch.randn(8, 5, generator=rng)
    dout1, dout2 = torch.randn(6, 4, generator=rng), torch.randn(8, 4, generator=rng)
    others = {
        "the second batch's gradient alone: add to the gradient, don't overwrite it": dout2.T @ x2,
        "the bias gradient of the second batch alone: add to the gradient, don't overwrite it": dout2.sum(dim=0),
        "the first batch's gradient alone: does backward make a new tensor?": dout1.T @ x1,
        "the bias gradient of the first batch alone: does backward make a new tensor?": dout1.sum(dim=0),
    }
    matches_recorded(
        "linear_gradients_of_two_batches",
        lambda: measured(linear_sum, x1=x1, dout1=dout1, x2=x2, dout2=dout2),
        context=Context(others=others),
        xs=[x1, x2],
        douts=[dout1, dout2],
        out_features=4,
    )


# Any distribution with the right spread passes, and the bias may hold anything: only wstd is asked for.
@pytest.mark.graded(task="linear", after="test_linear_structure", advice=True)
def test_linear_wstd(probe):
    """Linear draws w with the standard deviation wstd

    wstd is an argument of the layer, 10,000 weights are drawn with wstd = 0.5, and a tenth of it is allowed.
    """
    actual = probe("drawn_weights", in_features=100, out_features=100, hidden_features=None, wstd=0.5)
    assert_matches(actual, {"w": Spec((100, 100))})
    name = "standard deviation of w"
    expected = Expectation({name: torch.tensor(0.5)}, {name: Tolerance(rtol=0, atol=0.05)})
    others = {"wstd squared, the variance": torch.tensor(0.25), "the default of wstd": torch.tensor(0.1)}
    assert_matches({name: actual["w"].std()}, expected, context=Context(others=others))


def loss_pass(scores, labels):
    scores = scores.detach().requires_grad_()
    loss = F.cross_entropy(scores, labels)
    return {"loss": loss.detach(), "grad of scores": torch.autograd.grad(loss, scores)[0]}


@pytest.mark.graded(
    task="cross-entropy",
    weight=1,
    after="test_cross_entropy_backward",
    strict=True,
    grounds="document, lines 96 to 98 and 138: backward goes on from the gradient of the output, which it is handed",
)
def test_cross_entropy_takes_dout(probe, rng):
    """CrossEntropyLoss.backward multiplies its gradient by dout

    dout is what follows from whatever comes after the loss: the chain rule holds for a loss as for any other layer.
    """
    scores, labels = torch.randn(6, 4, generator=rng), torch.randint(0, 4, (6,), generator=rng)
    one, two = (
        probe("cross_entropy", scores=scores, labels=labels, backward=True, dout=torch.tensor(dout))
        for dout in (1.0, -2.5)
    )
    assert_matches(one, {"grad of scores": Spec((6, 4))})
    others = {"the gradient for dout = 1: backward does not use dout": one["grad of scores"]}
    expected = {"grad of scores": -2.5 * one["grad of scores"]}
    assert_matches(two, expected, context=Context(batch_size=6, others=others))


@pytest.mark.graded(
    task="cross-entropy",
    weight=1,
    after="test_cross_entropy_forward",
    grounds="document, lines 347 and 363: for any number of samples as torch computes it",
)
def test_cross_entropy_one_sample(matches_recorded, rng):
    """CrossEntropyLoss works for a batch of one

    The scores of one sample are still a matrix, of shape (1, C).
    """
    scores, labels = torch.randn(1, 4, generator=rng), torch.tensor([2])
    matches_recorded("cross_entropy", loss_pass, scores=scores, labels=labels, backward=True)


@pytest.mark.graded(
    task="cross-entropy",
    weight=1,
    after="test_cross_entropy_backward",
    grounds="document, lines 138 and 861: a layer goes forward and back for one batch after the other",
)
def test_cross_entropy_second_pass(matches_recorded, rng):
    """CrossEntropyLoss gives the right loss and gradient for a second batch

    backward belongs to the latest forward. Here samples share labels, and some classes have no sample.
    """
    before, scores = torch.randn(8, 5, generator=rng), 3 * torch.randn(8, 5, generator=rng)
    labels = torch.tensor([0, 0, 0, 2, 2, 4, 4, 4])
    matches_recorded(
        "cross_entropy",
        loss_pass,
        context=Context(batch_size=8),
        scores=scores,
        labels=labels,
        backward=True,
        before=before,
    )
