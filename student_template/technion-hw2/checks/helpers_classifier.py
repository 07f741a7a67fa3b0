"""Samples with known probabilities, and the comparison of labels.

test_classifier.py and test_classifier_hidden.py import it.
"""

import torch

from grader.compare import Spec, assert_matches


def samples_with(probabilities, *, rng):
    """Return scores (N, 2) whose softmax gives these probabilities of class 1, for a model that returns its input."""
    offset = torch.randn(len(probabilities), generator=rng)
    scores = torch.stack([offset, offset + torch.logit(probabilities)], dim=1)
    return {"x": scores, "w": torch.eye(2), "b": torch.zeros(2)}


def assert_labels(found, labels, *, name="labels", mistakes, classes=0):
    """Ask for these labels (N,), whatever integers they are; `mistakes` maps words to the labels of typical ones.

    Another check asks for the type. `classes` is their number, where it isn't that of the samples.
    """
    over_samples = isinstance(found, torch.Tensor) and found.dim() == 1 and 0 < len(found) == classes != len(labels)
    assert not over_samples, (
        f"`{name}` has one entry for each of the {classes} classes; expected one for each of the {len(labels)} "
        "samples. Take the largest over the classes (dim=1), not over the samples."
    )
    assert_matches({name: found}, {name: Spec(tuple(labels.shape), None)})
    wrong = found.long() != labels.long()
    if not bool(wrong.any()):
        return
    first = int(wrong.int().argmax())
    told = [f" They are {words}." for words, other in mistakes.items() if torch.equal(found.long(), other.long())]
    raise AssertionError(
        f"{int(wrong.sum())} of {len(labels)} {name} are wrong, the first for sample {first}: {int(found[first])}; "
        f"expected {int(labels[first])}.{told[0] if told else ''}"
    )
