"""Public checks of `train`, on the model of test_evaluate.py, which shows in which mode it is.

The expected figures are computed here, with autograd. Whether gradients are cleared before or after a batch, and what
is drawn on the screen, is nobody's business here.
"""

from functools import partial

import pytest
import torch
from test_evaluate import check_figures, draw, scores_of
from torch import nn

from grader.compare import Context, Expectation, assert_matches, measured


def trained(x, y, weight, bias, *, lr, batch_size, epochs=1, criterion="CrossEntropyLoss", slip=""):
    """Return the parameters after plain SGD; `slip` is a mistake."""
    w, b = weight.clone().requires_grad_(), bias.clone().requires_grad_()
    total = [torch.zeros_like(w), torch.zeros_like(b)]
    starts = list(range(0, len(x), batch_size))
    for epoch in range(epochs):
        for start in starts[:1] if slip == "first batch" else starts:
            is_wrong_mode = slip == "evaluation mode" or (slip == "evaluation mode later" and epoch > 0)
            rows = slice(start, start + batch_size)
            scores = scores_of(x[rows], w, b, mode="evaluation" if is_wrong_mode else "training")
            grads = torch.autograd.grad(getattr(nn, criterion)()(scores, y[rows]), (w, b))
            total = [old + new for old, new in zip(total, grads, strict=True)]
            used = total if slip == "no zero_grad" else grads
            last = start == starts[-1]
            if slip != "one step an epoch" or last:
                w, b = ((p - lr * g).detach().requires_grad_() for p, g in zip((w, b), used, strict=True))
    return {"weight": w.detach(), "bias": b.detach()}


SLIPS = {
    "no zero_grad": "the {} after training without optimizer.zero_grad(): gradients add up",
    "evaluation mode": "the {} after training in evaluation mode: call model.train() first",
    "evaluation mode later": "the {} after training in evaluation mode from the second epoch on: train has to call "
    "model.train() each time",
    "first batch": "the {} after training with the first batch only: does `return` stand inside the loop?",
    "one step an epoch": "the {} after one step at the end of the epoch: each batch gets a step",
}


def check_parameters(probe, expected, inputs, **options):
    """Compare the parameters after training, and name the usual slips."""
    actual = probe("training", **inputs, **options)
    recorded = expected("training", lambda: measured(partial(trained, **options), **inputs), **inputs, **options)
    right = recorded.values
    for name in ("weight", "bias"):
        others = {words.format(name): trained(**inputs, **options, slip=slip)[name] for slip, words in SLIPS.items()}
        others[f"the {name} before training: does the optimizer take its steps?"] = inputs[name]
        others[f"the {name} after training with nn.CrossEntropyLoss() instead of `criterion`"] = trained(
            **inputs, **(options | {"criterion": "CrossEntropyLoss"})
        )[name]
        others = {words: other for words, other in others.items() if not torch.allclose(other, right[name])}
        wanted = Expectation({name: right[name]}, {name: recorded.tolerances[name]})
        assert_matches(actual, wanted, context=Context(others=others))


@pytest.mark.graded(
    task="train", weight=4, grounds="notebook, lines 173 to 182: clear, predict, loss, gradients, step, for each batch"
)
def test_train_steps(probe, expected, rng):
    """train takes one step of the optimizer for each batch, with the gradients of that batch

    One epoch with plain SGD, in training mode.
    """
    check_parameters(probe, expected, draw(rng), lr=0.3, batch_size=8)


@pytest.mark.graded(
    task="train",
    weight=3,
    grounds="notebook, lines 183 and 198 to 200: the averages of loss and accuracy over the batches",
)
def test_train_figures(probe, expected, rng):
    """train returns the mean loss and the mean accuracy of its batches

    The learning rate is 0 here, so that the model stays as it is.
    """
    check_figures(probe, expected, "training", **draw(rng), lr=0.0, batch_size=8, any_mode=True)
