"""Public check of an MLP that learns images: loaders, network and training loop of the notebook together.

Animal Faces is not asked for: three classes of the first data set that is on the machine stand in for it.
"""

from dataclasses import replace

import pytest
import torch

from grader.datasets import Limit, best_of, score

SHAPE = (3, 32, 32)
ROWS = Limit(train=3000, valid=10, test=1500)  # of ten classes
EPOCHS = 6
# Three classes and the percentage asked for. The reference reaches 96.8 ± 0.6 on fashion-mnist and 99.5 ± 0.6 on
# digits; without zero_grad it stays below 45. Guessing gives 33. The target for cifar10 is an estimate, and a low one.
CHOICES = {
    "cifar10": (("automobile", "frog", "ship"), 45.0),
    "fashion-mnist": (("trouser", "coat", "bag"), 90.0),
    "digits": (("0", "3", "7"), 92.0),
}


def three_classes(dataset, **options):
    """Return three classes of a data set, numbered from 0, and the accuracy that is asked for."""
    data = dataset(*CHOICES, shape=SHAPE, limit=ROWS, renamed=True, **options)
    names, target = CHOICES[data.name]
    classes = sorted(data.classes.index(name) for name in names)
    parts = {}
    for part in ("train", "valid", "test"):
        x, y = getattr(data, f"{part}_x"), getattr(data, f"{part}_y")
        wanted = torch.isin(y, torch.tensor(classes))
        numbers = torch.searchsorted(torch.tensor(classes), y[wanted])
        parts |= {f"{part}_x": x[wanted], f"{part}_y": numbers}
    return replace(data, **parts, classes=tuple(data.classes[number] for number in classes)), target


def check_images(probe, data, target, *, seeds):
    """Train and ask for the accuracy on the test images, of the best attempt."""

    def train(attempt):
        actual = probe("image_classifier", num_epochs=EPOCHS, seed=seeds[attempt], **data.for_probe())
        return score(actual.get("scores"), data, untrained=actual.get("scores before training"))

    attempts = best_of(train, target=target, chance=100 / len(data.classes), attempts=len(seeds))
    assert attempts.succeeded, (
        f"After {EPOCHS} epochs with your loaders, the network is right for {attempts.best} of new images ("
        f"{', '.join(data.classes)}); expected at least {target:.0f} %. {attempts}"
    )


@pytest.mark.graded(task="image-training", grounds="tutorial 2, lines 902 to 909: a network learns through the loaders")
def test_images(probe, dataset):
    """An MLP learns three classes of images through your loaders"""
    check_images(probe, *three_classes(dataset), seeds=(2021, 1, 2))
