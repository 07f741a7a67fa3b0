"""Public checks of test_model. test_accuracy_hidden.py has other batches."""

import pytest
import torch

from grader.compare import Expectation, Tolerance, assert_matches

# Whether the accuracy is a share (0 to 1) or a percentage is left open, and so is its type: a number, or a tensor.
BATCH = 8


def draw_scores(rng, *groups):
    """Draw scores (N, 4) and labels for groups of (rows, right): in each group, the first rows are predicted right.

    A model with modes moves its scores by one class while it is training, which makes every other wrong row right.
    """
    rows = sum(size for size, _ in groups)
    scores = torch.randn(rows, 4, generator=rng)
    is_right = torch.cat([torch.arange(size) < right for size, right in groups])
    labels = scores.argmax(dim=1)
    labels[~is_right] += 1 + torch.arange(rows)[~is_right] % 2
    return scores, labels % 4


def check_accuracy(probe, expected, scores, labels, *, batch_size, has_modes=False):
    """Compare the accuracy with the share of right rows, and name what else it could be."""
    inputs = {"scores": scores, "labels": labels, "batch_size": batch_size, "has_modes": has_modes}
    actual = probe("accuracy", **inputs)
    value = actual.get("accuracy")
    if isinstance(value, float) and value > 1:
        value /= 100
    correct = (scores.argmax(dim=1) == labels).double()
    in_training = (scores.roll(1, dims=1).argmax(dim=1) == labels).double()
    parts = correct.split(batch_size)
    share = correct.mean()
    others = {
        "the mean of the batches' accuracies: the last batch is smaller, so count images": torch.stack(
            [part.mean() for part in parts]
        ).mean(),
        "the accuracy in training mode: call model.eval() first": in_training.mean(),
        "the accuracy of the last batch only": parts[-1].mean(),
        "the accuracy of the first batch only": parts[0].mean(),
        "the share of wrong predictions": 1 - share,
        "the number of right images over the number of batches": correct.sum() / len(parts),
        "the number of right images over the number of batches, as a percentage": correct.sum() / len(parts) / 100,
        "the number of right images, not divided by how many there are": correct.sum() / 100,
        "the number of right images over batches times batch size": correct.sum() / (len(parts) * batch_size),
    }
    right = Expectation({"accuracy": float(share)}, {"accuracy": Tolerance(rtol=0, atol=1e-5)})
    recorded = expected("accuracy", lambda: right, **inputs)
    if isinstance(value, float):
        for words, other in others.items():
            if abs(value - float(other)) < 1e-5 and abs(value - float(share)) > 1e-5:
                raise AssertionError(
                    f"test_model returned {actual.get('accuracy'):.4g}; expected {share:.4g} ({int(correct.sum())} of "
                    f"{len(labels)} images). It is {words}."
                )
    assert_matches({"accuracy": value}, recorded)
    return actual


@pytest.mark.graded(
    task="test-model",
    weight=3,
    grounds="practical 1, line 317: test the model and return the accuracy",
)
def test_accuracy_of_whole_batches(probe, expected, rng):
    """test_model returns the share of images whose class is predicted

    As a number: a share from 0 to 1, or a percentage.
    """
    scores, labels = draw_scores(rng, (8, 7), (8, 6), (8, 2))
    check_accuracy(probe, expected, scores, labels, batch_size=BATCH)


# The other checks have a model that is the same in both modes.
@pytest.mark.graded(
    task="test-model",
    weight=2,
    after="test_accuracy_of_whole_batches",
    grounds="practical 1, line 317: test the model, which evaluation mode belongs to",
)
def test_accuracy_in_evaluation_mode(probe, expected, rng):
    """test_model measures in evaluation mode

    Dropout and the like are for training only: call model.eval() first.
    """
    scores, labels = draw_scores(rng, (8, 5), (8, 6), (8, 2))
    check_accuracy(probe, expected, scores, labels, batch_size=BATCH, has_modes=True)


@pytest.mark.graded(
    task="test-model",
    weight=2,
    after="test_accuracy_of_whole_batches",
    grounds="practical 1, lines 94 and 317: the accuracy over a loader that keeps its last, smaller batch",
)
def test_accuracy_with_a_smaller_batch(probe, expected, rng):
    """test_model counts images, not batches: the last batch may be smaller"""
    scores, labels = draw_scores(rng, (8, 6), (8, 4), (3, 1))
    check_accuracy(probe, expected, scores, labels, batch_size=BATCH)
