"""Probes of the network, the optimizer and the test track.

probes_training.py has those of test_model, save_model, load_model and train_model.
"""

import contextlib

import numpy as np
import torch
from torch import nn

from grader.probes import probe

# ---------------------------------------------------------------- the network


def make_mlp(sizes, notebook):
    """Return the notebook's MLP for (inputs, *hidden, classes), its lazy layers made, in evaluation mode."""
    model = notebook.MLP(input_size=sizes[0], num_classes=sizes[-1], hidden_sizes=list(sizes[1:-1]))
    model.eval()
    with torch.no_grad(), contextlib.suppress(Exception):  # a pass that fails is told where its scores are asked for
        model(torch.zeros(4, sizes[0]))
    return model


def stirred(model):
    """Return a model with parameters drawn anew: what it begins with is free, also where that is 0."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape) / parameter.shape[-1] ** 0.5)
    return model


def scores_in(returned):
    """Return the scores in what a model returned: they may come with more, such as the values before them."""
    several = returned if isinstance(returned, tuple | list) else (returned,)
    return next((one for one in several if isinstance(one, torch.Tensor)), returned)


def extras_of(notebook):
    """Return how many things the notebook's MLP returns beside the scores, which its own functions have to unpack."""
    with contextlib.suppress(Exception), torch.no_grad():
        returned = notebook.MLP(input_size=3072, num_classes=10, hidden_sizes=[8]).eval()(torch.zeros(2, 3072))
        if isinstance(returned, tuple | list) and isinstance(returned[0], torch.Tensor):
            return len(returned) - 1
    return 0


def with_extras(scores, extras):
    """Return scores as the notebook's own MLP returns them: alone, or with `extras` tensors behind them."""
    return (scores, *[scores.detach()] * extras) if extras else scores


def matrices(model):
    """Return the parameters that are matrices: one for each linear layer, however it is written."""
    return [parameter for parameter in model.parameters() if parameter.ndim == 2]


@probe(needs=["notebook_mlp"])
def mlp(*, sizes, x):
    """Return the sizes of all matrices and the scores of x (N, inputs)."""
    import notebook_mlp as notebook

    model = stirred(make_mlp(sizes, notebook))
    with torch.no_grad():
        scores = copied(scores_in(model(x.clone())))
    return {"matrices": [sorted(matrix.shape) for matrix in matrices(model)], "scores": scores}


@probe(needs=["notebook_mlp"])
def mlp_output(*, sizes, x, factors):
    """Return the scores of x with the last layer's matrix times each of the factors."""
    import notebook_mlp as notebook

    model = make_mlp(sizes, notebook)
    last = [matrix for matrix in matrices(model) if sizes[-1] in matrix.shape]
    if not last:
        return {"scores": []}
    before, scores = last[-1].detach().clone(), []
    with torch.no_grad():
        for factor in factors:
            last[-1].copy_(factor * before)
            scores.append(copied(scores_in(model(x.clone()))))
    return {"scores": scores}


@probe(needs=["notebook_mlp"])
def mlp_rows(*, sizes, xs):
    """Return the scores of several inputs (N, inputs) by one network in evaluation mode."""
    import notebook_mlp as notebook

    model = stirred(make_mlp(sizes, notebook))
    with torch.no_grad():
        return {"scores": [copied(scores_in(model(x.clone()))) for x in xs]}


@probe(needs=["notebook_mlp"])
def mlp_gradients(*, sizes, x):
    """Return, for each matrix, whether the scores depend on any of its elements, in training mode."""
    import notebook_mlp as notebook

    model = make_mlp(sizes, notebook)
    model.train()
    (scores_in(model(x.clone())) ** 2).sum().backward()
    reached = [bool(matrix.grad is not None and (matrix.grad != 0).any()) for matrix in matrices(model)]
    return {"matrices": [sorted(matrix.shape) for matrix in matrices(model)], "reached": reached}


@probe(needs=["notebook_mlp"])
def mlp_defaults(*, hidden_sizes):
    """Make two networks of default sizes; return their matrices, and a given list of sizes after its use."""
    import notebook_mlp as notebook

    given = list(hidden_sizes)
    notebook.MLP(input_size=12, num_classes=5, hidden_sizes=given)
    models = [notebook.MLP(), notebook.MLP()]
    for model in models:
        model.eval()
        with torch.no_grad(), contextlib.suppress(Exception):
            model(torch.zeros(2, 3072))
    sizes = [[sorted(matrix.shape) for matrix in matrices(model)] for model in models]
    return {"first": sizes[0], "second": sizes[1], "list afterwards": [int(size) for size in given]}


# ---------------------------------------------------------------- the optimizer


@probe(needs=["notebook_optimizer"])
def momentum(*, params, gradients, lr, momentum):
    """Take a step for each row of gradients (one a parameter, None for a parameter without); return the parameters."""
    from notebook_optimizer import SGDMomentum

    parameters = [nn.Parameter(p.clone()) for p in params]
    optimizer = SGDMomentum(parameters, lr=lr, momentum=momentum)
    outputs = {}
    for number, row in enumerate(gradients, start=1):
        for parameter, gradient in zip(parameters, row, strict=True):
            parameter.grad = None if gradient is None else gradient.clone()
        optimizer.step()
        outputs |= {f"p{i} after step {number}": copied(p) for i, p in enumerate(parameters, start=1)}
    return outputs


@probe(needs=["notebook_optimizer"])
def momentum_default(*, start, gradients, lr):
    """Take a step for each gradient without naming the momentum; return the parameter and the last gradient."""
    from notebook_optimizer import SGDMomentum

    parameter = nn.Parameter(start.clone())
    optimizer = SGDMomentum(iter([parameter]), lr=lr)
    for gradient in gradients:
        parameter.grad = gradient.clone()
        optimizer.step()
    return {"p": copied(parameter), "gradient after the step": copied(parameter.grad)}


@probe(needs=["notebook_optimizer"])
def momentum_on_the_track(*, start, lr, momentum, updates):
    """Let SGDMomentum run on the course's curve, in a loop of our own; return where it ends."""
    from notebook_optimizer import SGDMomentum

    weights = nn.Parameter(start.clone())
    optimizer = SGDMomentum([weights], lr=lr, momentum=momentum)
    for _ in range(updates):
        w1, w2 = weights
        loss = torch.tanh(w1) ** 2 + 0.01 * torch.abs(w1) + torch.sigmoid(w2)
        weights.grad = None
        loss.backward()
        optimizer.step()
    return {"w1 and w2": copied(weights)}


# ---------------------------------------------------------------- the test track


@probe(needs=["notebook_curve"])
def curve_as_written(*, lr, centre, slopes, updates, init):
    """Run train_curve with plain gradient descent on a bowl; points that keep their graph end it, as in a notebook."""
    return {"points": as_tensor(points_on_a_bowl(lr, centre, slopes, updates, init))}


@probe(needs=["notebook_curve"])
def curve(*, lr, centre, slopes, updates, init):
    """Do the same, also with points that keep their graph; without `updates` and `init` it takes its defaults."""
    with graphs_left_behind():
        return {"points": as_tensor(points_on_a_bowl(lr, centre, slopes, updates, init))}


def points_on_a_bowl(lr, centre, slopes, updates, init):
    from notebook_curve import train_curve

    def bowl(w1, w2):
        return slopes[0] * (w1 - centre[0]) ** 2 + slopes[1] * (w2 - centre[1]) ** 2 + 0.3 * w1 * w2

    options = {}
    if updates is not None:
        options = {"num_updates": updates, "init": list(init)}
    return train_curve(lambda params: torch.optim.SGD(params, lr=lr), curve_func=bowl, **options)


@probe(needs=["notebook_curve"])
def curve_losses():
    """Run train_curve on its own curve with an optimizer that stands still."""
    from notebook_curve import train_curve

    with graphs_left_behind():
        points = train_curve(lambda params: torch.optim.SGD(params, lr=0.0), num_updates=3, init=[0.7, -1.2])
    return {"points": as_tensor(points)}


@contextlib.contextmanager
def graphs_left_behind():
    """Let tensors that need gradients become arrays: one check is about that, and the others about the numbers."""
    to_numpy = torch.Tensor.numpy
    torch.Tensor.numpy = lambda tensor, **options: to_numpy(tensor.detach(), **options)
    try:
        yield
    finally:
        torch.Tensor.numpy = to_numpy


def as_tensor(points):
    """Return an array, a list or a tensor of a student's as a tensor; anything else as it is."""
    if isinstance(points, np.ndarray | list | tuple):
        with contextlib.suppress(TypeError, ValueError):
            return torch.from_numpy(np.asarray(points, dtype=np.float32)).clone()
    return copied(points)


def copied(tensor):
    """Return a copy of a student's tensor without its graph; anything else as it is."""
    return tensor.detach().clone() if isinstance(tensor, torch.Tensor) else tensor
