"""Hidden checks of the classifiers: large scores, one sample, other thresholds, the other positive class.

test_classifier.py holds the public ones. Left open: which of several equally probable classes is predicted.
"""

import pytest
import torch
import torch.nn.functional as F
from helpers_classifier import assert_labels, samples_with

from grader.compare import Context, assert_matches, measured


@pytest.mark.graded(
    task="classifier",
    weight=1,
    after="test_classifier_probabilities",
    grounds="hw2 part 3, lines 1641 and 1668: a normalized score, for any scores",
)
def test_probabilities_of_large_scores(matches_recorded, rng):
    """predict_proba_scores gives probabilities for scores of any size

    exp(1000) is infinite, and a quotient of two such numbers no number. torch.softmax knows how to avoid that.
    """
    z = torch.randn(7, 5, generator=rng)
    z = torch.cat([z, z + 1000, z - 1000, 300 * z])
    others = {
        "the softmax of the probabilities: it is applied twice": F.softmax(F.softmax(z, dim=1), dim=1),
        "the softmax over the samples instead of the classes": F.softmax(z, dim=0),
    }
    matches_recorded(
        "probabilities_of_scores",
        lambda z: {"probabilities": F.softmax(z, dim=1)},
        context=Context(batch_size=28, others=others),
        z=z,
    )


@pytest.mark.graded(
    task="classifier",
    weight=1,
    after="test_argmax_labels",
    grounds="hw2 part 4, lines 2229 to 2232: one image, ten classes",
)
def test_argmax_of_one_sample(probe, expected, rng):
    """ArgMaxClassifier classifies a batch of one among ten classes

    The label still has the shape (1,), and the probabilities (1, 10).
    """
    inputs = {name: torch.randn(*shape, generator=rng) for name, shape in {"x": (1, 6), "w": (10, 6)}.items()}
    b = torch.arange(10.0)
    actual = probe("classified", kind="ArgMaxClassifier", b=b, **inputs)
    z = F.linear(inputs["x"], inputs["w"], b)
    assert_labels(actual["labels"], z.argmax(dim=1), mistakes={"the least probable classes": z.argmin(dim=1)})
    assert_matches(
        actual,
        expected(
            "classified",
            lambda: measured(lambda z: {"probabilities": F.softmax(z, dim=1)}, z=z),
            kind="ArgMaxClassifier",
            b=b,
            **inputs,
        ),
    )


@pytest.mark.graded(
    task="binary-classifier",
    weight=2,
    after="test_binary_labels",
    grounds="hw2 part 3, lines 1850 and 1876: the threshold is an attribute that is set later",
)
def test_binary_changed_threshold(probe, expected, rng):
    """A threshold that is set later counts from the next call on

    The text sets model.threshold to the selected value and draws the confusion matrices again.
    """
    probabilities = torch.linspace(0.02, 0.98, 40)  # none of them a threshold: what holds there is asked elsewhere
    thresholds = [0.5, 0.21, 0.83, 0.065]
    inputs = {"thresholds": thresholds, **samples_with(probabilities, rng=rng)}
    actual = probe("labels_by_threshold", **inputs)
    right = {f"labels at {threshold:g}": (probabilities >= threshold).int() for threshold in thresholds}
    recorded = expected("labels_by_threshold", lambda: right, **inputs)
    mistakes = {"those for the first threshold": (probabilities >= thresholds[0]).int()}
    for name, labels in recorded.values.items():
        assert_labels(actual[name], labels, name=name, mistakes=mistakes)


@pytest.mark.graded(
    task="binary-classifier",
    weight=1,
    after="test_binary_labels",
    strict=True,
    grounds="hw2 part 3, lines 1834 and 1876: whatever the threshold is",
)
def test_binary_threshold_0_and_1(probe, expected):
    """With threshold 0 every sample is positive, with threshold 1 only one that is certain

    0 is a threshold like any other, and no missing one.
    """
    x = torch.tensor([[3.0, -3.0], [-3.0, 3.0], [0.0, 1.0], [1.0, 0.0]])
    inputs = {"x": x, "w": torch.eye(2), "b": torch.zeros(2), "thresholds": [0.0, 1.0]}
    actual = probe("labels_by_threshold", **inputs)
    right = {"labels at 0": torch.ones(4).int(), "labels at 1": torch.zeros(4).int()}
    mistakes = {"those for a threshold of 0.5": torch.tensor([0, 1, 1, 0])}
    for name, labels in expected("labels_by_threshold", lambda: right, **inputs).values.items():
        assert_labels(actual[name], labels, name=name, mistakes=mistakes)


@pytest.mark.graded(task="binary-classifier", after="test_binary_labels", advice=True)
def test_binary_positive_class(probe, expected, rng):
    """With positive_class=0 the threshold is for the probability of class 0

    The label is 1 where the positive class's probability reaches the threshold, whichever class that is.
    """
    probabilities = torch.tensor([0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.64, 0.75, 0.85, 0.95])
    options = {"positive_class": 0, "threshold": 0.7}
    inputs = {"kind": "BinaryClassifier", "options": options, **samples_with(probabilities, rng=rng)}
    actual = probe("classified", **inputs)
    labels = expected("classified", lambda: {"labels": (1 - probabilities >= 0.7).int()}, **inputs).values["labels"]
    mistakes = {
        "those for the probability of class 1": (probabilities >= 0.7).int(),
        "those for a threshold of 0.5": (1 - probabilities >= 0.5).int(),
        "those with 0 and 1 swapped": 1 - labels,
    }
    assert_labels(actual["labels"], labels, mistakes=mistakes)
