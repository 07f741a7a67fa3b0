"""Public checks of the classifiers: scores, probabilities and labels of a known model.

test_classifier_hidden.py looks at large scores, other thresholds and the other positive class.
"""

import pytest
import torch
import torch.nn.functional as F
from helpers_classifier import assert_labels, samples_with

from grader.compare import Context, Spec, assert_matches


def draw_model(*, classes, rng):
    """Draw 12 samples of 5 features and an affine model for them."""
    w, b = torch.randn(classes, 5, generator=rng), torch.randn(classes, generator=rng)
    return {"x": torch.randn(12, 5, generator=rng), "w": w, "b": b}


def scores_and_gradients(dout, x, w, b):
    w, b = w.detach().requires_grad_(), b.detach().requires_grad_()
    z = F.linear(x, w, b)
    dw, db = torch.autograd.grad((z * dout).sum(), (w, b))
    return {"scores": z.detach(), "grad of w": dw, "grad of b": db}


def label_mistakes(labels, probabilities, threshold):
    """Return what typical mistakes give instead of the labels."""
    return {
        "those for a threshold of 0.5": (probabilities >= 0.5).int(),
        "those for the probability of class 0": (1 - probabilities >= threshold).int(),
        "those with the classes swapped": 1 - labels,
    }


@pytest.mark.graded(
    task="classifier", weight=2, grounds="hw2 part 3, lines 1661 to 1663: called with a batch it gives scores"
)
def test_classifier_scores(probe, expected, rng):
    """A classifier called with a batch gives the scores of its model

    They are no probabilities yet: the loss function wants the raw scores, and gradients have to reach the model.
    """
    model, dout = draw_model(classes=4, rng=rng), torch.randn(12, 4, generator=rng)
    actual = probe("classified", kind="ArgMaxClassifier", dout=dout, **model)
    assert_matches(actual, {"number of parameters": 2})
    z = F.linear(model["x"], model["w"], model["b"])
    others = {"the probabilities": F.softmax(z, dim=1), "the logarithms of the probabilities": F.log_softmax(z, dim=1)}
    wanted = expected("classified", scores_and_gradients, kind="ArgMaxClassifier", dout=dout, **model)
    scores = actual["scores"]
    is_detached = isinstance(scores, torch.Tensor) and scores.shape == z.shape and "grad of w" not in actual
    assert not is_detached, "The scores have no gradient: they are detached, or computed under no_grad."
    assert_matches(actual, wanted, context=Context(batch_size=12, others=others))


@pytest.mark.graded(task="classifier", weight=2, grounds="hw2 part 3, lines 1666 to 1668: probabilities that sum to 1")
def test_classifier_probabilities(matches_recorded, rng):
    """predict_proba turns the scores of a batch into probabilities

    A softmax over the classes, applied once: each row sums to 1.
    """
    model = draw_model(classes=4, rng=rng)
    z = F.linear(model["x"], model["w"], model["b"])
    others = {
        "the scores": z,
        "the softmax of the probabilities: it is applied twice": F.softmax(F.softmax(z, dim=1), dim=1),
        "the sigmoid of each score": torch.sigmoid(z),
        "the logarithms of the probabilities": F.log_softmax(z, dim=1),
    }
    matches_recorded(
        "classified",
        lambda x, w, b: {"probabilities": F.softmax(F.linear(x, w, b), dim=1)},
        context=Context(batch_size=12, others=others),
        kind="ArgMaxClassifier",
        **model,
    )


@pytest.mark.graded(task="classifier", weight=2, grounds="hw2 part 4, line 2220: the class with the highest score")
def test_argmax_labels(probe, expected, rng):
    """ArgMaxClassifier.classify gives the most probable class of each sample

    One label for each sample: shape (N,).
    """
    model = draw_model(classes=4, rng=rng)
    actual = probe("classified", kind="ArgMaxClassifier", **model)
    z = F.linear(model["x"], model["w"], model["b"])
    recorded = expected("classified", lambda: {"labels": z.argmax(dim=1).int()}, kind="ArgMaxClassifier", **model)
    labels = recorded.values["labels"]
    mistakes = {"the least probable classes": z.argmin(dim=1)}
    # Any integer type will do: the text asks for one only where there are two classes.
    assert_labels(actual["labels"], labels, mistakes=mistakes, classes=4)


@pytest.mark.graded(
    task="binary-classifier",
    weight=1,
    grounds="hw2 part 3, lines 1661 to 1674: shapes and types of scores, probabilities and labels",
)
def test_binary_classifier_outputs(probe, rng):
    """BinaryClassifier gives scores and probabilities (N, 2) and labels (N,) of type torch.int

    Scores and probabilities come from its base class.
    """
    model = draw_model(classes=2, rng=rng)
    actual = probe("classified", kind="BinaryClassifier", options={"threshold": 0.5}, **model)
    shapes = {"scores": Spec((12, 2)), "probabilities": Spec((12, 2)), "labels": Spec((12,), torch.int32)}
    assert_matches(actual, {"number of parameters": 2, **shapes})


@pytest.mark.graded(task="binary-classifier", weight=2, grounds="hw2 part 3, line 1834: class 1 from the threshold on")
def test_binary_labels(probe, expected, rng):
    """BinaryClassifier.classify compares the probability of class 1 with its threshold

    The threshold is given at construction; 0.5 is what it is without one.
    """
    probabilities = torch.tensor([0.03, 0.12, 0.22, 0.34, 0.46, 0.48, 0.52, 0.55, 0.61, 0.74, 0.88, 0.97, 0.67])
    inputs = samples_with(probabilities, rng=rng)
    for threshold in (0.3, 0.8, 0.5, None):
        options = {} if threshold is None else {"threshold": threshold}
        call = {"kind": "BinaryClassifier", "options": options, **inputs}
        actual = probe("classified", **call)
        name = "labels" if threshold is None else f"labels with threshold={threshold}"
        right = (probabilities >= (threshold or 0.5)).int()
        labels = expected("classified", lambda right=right: {"labels": right}, **call).values["labels"]
        mistakes = label_mistakes(labels, probabilities, threshold or 0.5)
        assert_labels(actual["labels"], labels, name=name, mistakes=mistakes)


@pytest.mark.graded(
    task="binary-classifier", weight=1, after="test_binary_labels", grounds="hw2 part 3, line 1834: greater or equal"
)
def test_binary_at_threshold(probe, expected):
    """BinaryClassifier puts a sample whose probability is exactly the threshold into class 1

    Greater or equal, says the text. Two equal scores make a probability of exactly 0.5.
    """
    x = torch.tensor([[0.0, 0.0], [1.0, 0.0], [-2.0, -2.0], [0.0, 1.0], [3.0, 3.0]])
    inputs = {"x": x, "w": torch.eye(2), "b": torch.zeros(2), "options": {"threshold": 0.5}}
    actual = probe("classified", kind="BinaryClassifier", **inputs)
    right = torch.tensor([1, 0, 1, 1, 1], dtype=torch.int32)
    labels = expected("classified", lambda: {"labels": right}, kind="BinaryClassifier", **inputs).values["labels"]
    strictly = torch.tensor([0, 0, 0, 1, 0], dtype=torch.int32)
    assert_labels(actual["labels"], labels, mistakes={"those for > instead of >=": strictly})
