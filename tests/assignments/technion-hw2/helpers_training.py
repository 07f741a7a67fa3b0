"""What the checks of the trainer share: their networks, and the kinds of results that batches may have.

test_training.py and test_training_hidden.py import it.
"""

from functools import partial

import torch
import torch.nn.functional as F

from grader.compare import Spec, assert_any, assert_matches

CLASSES, HIDDEN = 5, 8


def weights_of(actual, *, features):
    """Return the parameters of the network that was trained, after asking for their shapes."""
    shapes = {"w1": (HIDDEN, features), "b1": (HIDDEN,), "w2": (CLASSES, HIDDEN), "b2": (CLASSES,)}
    assert_matches(actual, {name: Spec(shape) for name, shape in shapes.items()})
    return {name: actual[name] for name in shapes}


def scores_of(x, w1, b1, w2, b2):
    """Return the class scores (N, C) of images or rows."""
    return F.linear(F.relu(F.linear(x.flatten(1), w1, b1)), w2, b2)


def count_correct(x, y, weights):
    """Return how many samples are classified correctly."""
    return (scores_of(x, **weights).argmax(dim=1) == y).sum().float()


def loss_and_gradients(x, y, **weights):
    """Return the loss of a batch and autograd's gradients at its step."""
    leaves = {name: tensor.detach().requires_grad_() for name, tensor in weights.items()}
    loss = F.cross_entropy(scores_of(x, **leaves), y)
    values = torch.autograd.grad(loss, tuple(leaves.values()))
    gradients = {f"grad of {name} at step 1": value for name, value in zip(leaves, values, strict=True)}
    return {"loss 1": loss.detach()} | gradients


def each_kind_of_result(attempt):
    """Try the results of batches in each kind that train_batch may give them: numbers, a tensor, two tensors."""
    kinds = [], ["loss"], ["loss", "num_correct"]
    assert_any(*(partial(attempt, tensors=tensors) for tensors in kinds))
