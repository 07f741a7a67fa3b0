"""Public checks of the layers: activations, Linear and the cross-entropy loss.

test_layers_hidden.py asks the same of other shapes, of a batch of one and of a second pass.
"""

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from helpers_layers import draw_clear_of_zero

from grader.compare import Context, Spec, assert_matches, measured


def gradient_of(function, x, dout):
    """Return autograd's gradient of `function` at x, times dout."""
    x = x.detach().requires_grad_()
    return torch.autograd.grad((function(x) * dout).sum(), x)[0]


leaky = partial(F.leaky_relu, negative_slope=0.1)


@pytest.mark.graded(task="leaky-relu", weight=1, grounds="document, line 200: the larger of alpha x and x")
def test_leaky_relu_forward(matches_recorded, rng):
    """LeakyReLU.forward keeps positive elements and multiplies the others by alpha

    Try it by hand on x = [-2, 3] with alpha = 0.1. The result has the shape of x.
    """
    x = draw_clear_of_zero(20, 30, rng=rng)
    others = {
        "the input": x,
        "ReLU of the input": F.relu(x),
        "the result for the default, alpha = 0.01": F.leaky_relu(x, 0.01),
    }
    matches_recorded("leaky_relu", lambda x: {"z": leaky(x)}, context=Context(others=others), x=x, alpha=0.1)


@pytest.mark.graded(
    task="leaky-relu",
    weight=2,
    grounds="document, lines 186, 202 and 223: the gradient follows from the sign of the input",
)
def test_leaky_relu_backward(matches_recorded, rng):
    """LeakyReLU.backward returns the gradient for the input

    The slope at an element depends on the sign of the input there, not on the sign of dout.
    """
    x = draw_clear_of_zero(20, 30, rng=rng)
    dout = torch.randn(20, 30, generator=rng)
    slope = gradient_of(leaky, x, torch.ones_like(x))
    others = {
        "dout itself": dout,
        "the slope, without dout": slope,
        "dout times a slope that follows the sign of dout": leaky(dout),
        "dout times alpha on the wrong side of zero": dout * gradient_of(leaky, -x, torch.ones_like(x)),
        "dout where x is positive and zero elsewhere: the slope alpha is missing": dout * (x > 0),
    }
    matches_recorded(
        "leaky_relu",
        lambda x, dout: {"grad of x": gradient_of(leaky, x, dout)},
        context=Context(batch_size=20, others=others),
        x=x,
        alpha=0.1,
        dout=dout,
    )


@pytest.mark.graded(task="relu", weight=1, grounds="document, lines 227 and 239: ReLU as torch has it")
def test_relu_forward(matches_recorded, rng):
    """ReLU.forward replaces negative elements by zero

    It is a LeakyReLU whose slope for negative elements is special.
    """
    x = draw_clear_of_zero(20, 30, rng=rng)
    default_leaky = F.leaky_relu(x, 0.01)
    matches_recorded(
        "relu",
        lambda x: {"z": F.relu(x)},
        context=Context(others={"the input": x, "LeakyReLU with alpha 0.01": default_leaky}),
        x=x,
    )


@pytest.mark.graded(task="relu", weight=2, grounds="document, lines 227 and 242: the gradient of ReLU")
def test_relu_backward(matches_recorded, rng):
    """ReLU.backward lets gradients through where the input was positive

    Backward needs to know the input that forward has seen.
    """
    x = draw_clear_of_zero(20, 30, rng=rng)
    dout = torch.randn(20, 30, generator=rng)
    others = {"dout itself": dout, "the slope, without dout": (x > 0).float(), "ReLU of dout": F.relu(dout)}
    matches_recorded(
        "relu",
        lambda x, dout: {"grad of x": gradient_of(F.relu, x, dout)},
        context=Context(batch_size=20, others=others),
        x=x,
        dout=dout,
    )


@pytest.mark.graded(task="sigmoid", weight=1, grounds="document, lines 252 and 261: 1 / (1 + exp(-x))")
def test_sigmoid_forward(matches_recorded, rng):
    """Sigmoid.forward squashes every element into (0, 1)

    Compare your formula with the one in the text, first of all the sign in the exponent.
    """
    x = 2 * torch.randn(20, 30, generator=rng)
    others = {
        "the sigmoid of -x": torch.sigmoid(-x),
        "tanh of the input": torch.tanh(x),
        "the softmax of the input, which makes rows add up to 1": torch.softmax(x, dim=-1),
    }
    matches_recorded("sigmoid", lambda x: {"z": torch.sigmoid(x)}, context=Context(others=others), x=x)


@pytest.mark.graded(task="sigmoid", weight=2, grounds="document, line 264: the gradient of the sigmoid")
def test_sigmoid_backward(matches_recorded, rng):
    """Sigmoid.backward returns the gradient for the input

    Derive the function once on paper; two factors of its slope come from the output. Then the chain rule.
    """
    x = 2 * torch.randn(20, 30, generator=rng)
    dout = torch.randn(20, 30, generator=rng)
    z = torch.sigmoid(x)
    others = {
        "the slope, without dout": z * (1 - z),
        "dout times the output": dout * z,
        "dout times (1 - output)": dout * (1 - z),
        "the formula with the input in place of the output": dout * x * (1 - x),
    }
    matches_recorded(
        "sigmoid",
        lambda x, dout: {"grad of x": gradient_of(torch.sigmoid, x, dout)},
        context=Context(batch_size=20, others=others),
        x=x,
        dout=dout,
    )


@pytest.mark.graded(task="tanh", weight=1, grounds="document, lines 274 and 283: the hyperbolic tangent")
def test_tanh_forward(matches_recorded, rng):
    """TanH.forward squashes every element into (-1, 1)

    It is an odd function: tanh(-x) = -tanh(x), and tanh(0) = 0.
    """
    x = torch.randn(20, 30, generator=rng)
    matches_recorded(
        "tanh", lambda x: {"z": torch.tanh(x)}, context=Context(others={"the sigmoid of x": torch.sigmoid(x)}), x=x
    )


@pytest.mark.graded(task="tanh", weight=2, grounds="document, line 286: the gradient of the hyperbolic tangent")
def test_tanh_backward(matches_recorded, rng):
    """TanH.backward returns the gradient for the input

    The slope is 1 where the input is zero and falls to 0 on both sides.
    """
    x = torch.randn(20, 30, generator=rng)
    dout = torch.randn(20, 30, generator=rng)
    z = torch.tanh(x)
    others = {
        "the slope, without dout": 1 - z**2,
        "dout times (1 - output)": dout * (1 - z),
        "dout times z * (1 - z), the sigmoid's formula": dout * z * (1 - z),
    }
    matches_recorded(
        "tanh",
        lambda x, dout: {"grad of x": gradient_of(torch.tanh, x, dout)},
        context=Context(batch_size=20, others=others),
        x=x,
        dout=dout,
    )


@pytest.mark.graded(
    task="linear", weight=1, grounds="document, line 296: W has a row for each output, b a number for each"
)
def test_linear_structure(probe, rng):
    """Linear has a weight w of shape (out_features, in_features) and a bias b with one number for each output

    How you fill them is not checked here, their shapes are. A bias of one row, (1, out_features), is fine as well.
    """
    actual = probe("linear", x=torch.randn(4, 7, generator=rng), in_features=7, out_features=5)
    assert_matches(actual, {"w": Spec((5, 7)), "b": Spec((5,)), "z": Spec((4, 5))})


@pytest.mark.graded(task="linear", after="test_linear_structure", advice=True)
def test_linear_bias_is_a_vector(probe, rng):
    """Linear's bias is a vector of shape (out_features,)

    One row, (1, out_features), adds up to the same; the text's b has one axis.
    """
    actual = probe("linear", x=torch.randn(4, 7, generator=rng), in_features=7, out_features=5)
    shape = actual.get("shape of b")
    assert shape == [5], f"`b` has the shape {shape}; expected [5]. One row adds up to the same: no points are lost."


@pytest.mark.graded(task="linear", weight=2, grounds="document, lines 296 and 318: Z = X W^T + b")
def test_linear_forward(probe, expected, rng):
    """Linear.forward computes x @ w.T + b

    The expected values are computed from the w and b that your layer holds.
    """
    x = torch.randn(20, 30, generator=rng)
    actual = probe("linear", x=x, in_features=30, out_features=10)
    assert_matches(actual, {"w": Spec((10, 30)), "b": Spec((10,))})
    wanted = expected(
        "linear",
        lambda: measured(lambda x, w, b: {"z": F.linear(x, w, b)}, x=x, w=actual["w"], b=actual["b"]),
        x=x,
        in_features=30,
        out_features=10,
    )
    others = {"x @ w.T without the bias": F.linear(x, actual["w"])}
    assert_matches(actual, wanted, context=Context(batch_size=20, others=others))


def linear_gradients(x, w, b, dout):
    x, w, b = (tensor.detach().requires_grad_() for tensor in (x, w, b))
    dx, dw, db = torch.autograd.grad((F.linear(x, w, b) * dout).sum(), (x, w, b))
    return {"grad of x": dx, "grad of w": dw, "grad of b": db}


@pytest.mark.graded(
    task="linear",
    weight=4,
    after="test_linear_structure",
    grounds="document, lines 148 and 321: the gradients of the input, of W and of b",
)
def test_linear_backward(probe, expected, rng):
    """Linear.backward gives the gradients for x, w and b

    Each gradient has the shape of what it belongs to; that leaves few ways to multiply dout, x and w.
    The ones for w and b are read from params() after backward.
    """
    x = torch.randn(20, 30, generator=rng)
    dout = torch.randn(20, 10, generator=rng)
    actual = probe("linear", x=x, in_features=30, out_features=10, dout=dout)
    assert_matches(actual, {"w": Spec((10, 30)), "b": Spec((10,))})
    wanted = expected(
        "linear",
        lambda: measured(linear_gradients, x=x, w=actual["w"], b=actual["b"], dout=dout),
        x=x,
        in_features=30,
        out_features=10,
        dout=dout,
    )
    assert_matches(actual, wanted, context=Context(batch_size=20, others={"dout": dout}))


@pytest.mark.graded(
    task="cross-entropy", weight=2, grounds="document, lines 347 and 363: the loss of class scores as torch averages it"
)
def test_cross_entropy_forward(matches_recorded, rng):
    """CrossEntropyLoss.forward averages the loss over the batch

    It works on class scores, before any softmax, and returns a tensor without axes.
    """
    scores = torch.randn(16, 10, generator=rng)
    labels = torch.randint(0, 10, (16,), generator=rng)
    label_scores = scores.gather(1, labels[:, None]).mean()
    log_sums = scores.logsumexp(dim=1).mean()
    others = {
        "the mean of log(sum(exp(x))), without the label's score": log_sums,
        "minus the mean score of the labels, without log(sum(exp(x)))": -label_scores,
        "the loss after one softmax too many": F.cross_entropy(scores.softmax(dim=1), labels),
        "the loss with the sum over the samples instead of the classes": scores.logsumexp(0)[labels].mean()
        - label_scores,
    }
    matches_recorded(
        "cross_entropy",
        lambda: measured(lambda s, y: {"loss": F.cross_entropy(s, y)}, s=scores, y=labels),
        context=Context(batch_size=16, others=others),
        scores=scores,
        labels=labels,
    )


@pytest.mark.graded(task="cross-entropy", weight=3, grounds="document, line 368: the gradient for the scores")
def test_cross_entropy_backward(matches_recorded, rng):
    """CrossEntropyLoss.backward returns the gradient for the scores

    Differentiate -x_y + log(sum(exp(x))) by each score; the label's own score has one more term than others.
    """
    scores = torch.randn(20, 10, generator=rng)
    labels = torch.randint(0, 10, (20,), generator=rng)
    one_hot = F.one_hot(labels, 10)
    others = {
        "the softmax, without the labels": scores.softmax(dim=1),
        "the softmax divided by the batch size, without the labels": scores.softmax(dim=1) / 20,
        "the gradient with a softmax over the samples instead of the classes": (scores.softmax(dim=0) - one_hot) / 20,
        "the gradient with the log-softmax in place of the softmax": (scores.log_softmax(dim=1) - one_hot) / 20,
        "the gradient with the scores in place of their softmax": (scores - one_hot) / 20,
    }
    matches_recorded(
        "cross_entropy",
        lambda: measured(
            lambda s, y: {
                "grad of scores": gradient_of(lambda s: F.cross_entropy(s, y), s, torch.ones((), dtype=s.dtype))
            },
            s=scores,
            y=labels,
        ),
        context=Context(batch_size=20, others=others),
        scores=scores,
        labels=labels,
        backward=True,
    )


@pytest.mark.graded(
    task="cross-entropy",
    weight=1,
    after="test_cross_entropy_forward",
    strict=True,
    grounds="document, lines 345 to 351: computed from the scores, with the very result that torch gives",
)
def test_cross_entropy_far_apart(matches_recorded, rng):
    """CrossEntropyLoss stays finite where a label's score is far below the largest one

    The probability of such a label is zero in floating point, and the logarithm of zero infinite. The formula without
    probabilities, -x_y + log(sum(exp(x))), has no such step.
    """
    scores = torch.where(torch.rand(20, 10, generator=rng) < 0.5, -60.0, 60.0) + torch.randn(20, 10, generator=rng)
    labels = torch.randint(0, 10, (20,), generator=rng)
    matches_recorded(
        "cross_entropy",
        lambda: measured(lambda s, y: {"loss": F.cross_entropy(s, y)}, s=scores, y=labels),
        context=Context(batch_size=20),
        scores=scores,
        labels=labels,
    )


@pytest.mark.graded(task="cross-entropy", after="test_cross_entropy_forward", advice=True)
def test_cross_entropy_large_scores(matches_recorded, rng):
    """CrossEntropyLoss stays finite for scores as large as 1000

    exp(1000) is infinite in floating point. Take the largest score of a row out of the sum first:
    log(sum(exp(x))) = m + log(sum(exp(x - m))).
    """
    scores = 1000 + 3 * torch.randn(20, 10, generator=rng)
    labels = torch.randint(0, 10, (20,), generator=rng)
    matches_recorded(
        "cross_entropy",
        scores_loss_and_gradient,
        context=Context(batch_size=20),
        scores=scores,
        labels=labels,
        backward=True,
    )


def scores_loss_and_gradient(scores, labels):
    one = torch.ones((), dtype=scores.dtype)
    gradient = gradient_of(lambda s: F.cross_entropy(s, labels), scores, one)
    return {"loss": F.cross_entropy(scores, labels), "grad of scores": gradient}
