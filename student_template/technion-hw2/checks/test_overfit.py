"""Public checks of the first training: twenty images learned by heart, with hyperparameters of your choice.

test_overfit_hidden.py does it again with other images; test_optimizer_comparison.py trains on many.
"""

import math
from dataclasses import replace

import pytest

from grader.datasets import Limit, UnusablePredictions, mean_loss, score

IMAGES = ("cifar10", "fashion-mnist", "digits")
EPOCHS = 20
# Of 20 images; the notebook asks for 98 % of CIFAR-10's. Hyperparameters were chosen there, so the others, which are
# easier but have other pixels, get a margin of two images.
TARGETS = {"cifar10": 20, "fashion-mnist": 18, "digits": 18}


def refuse_unusable(hyperparameters, *, function, positive, at_least_zero):
    """Fail with a sentence unless a dict of finite numbers came back, with all keys and in their ranges."""
    keys = [*positive, *at_least_zero]
    assert isinstance(hyperparameters, dict), (
        f"`{function}` returned a {type(hyperparameters).__name__}; expected a dict with the keys {', '.join(keys)}."
    )
    missing = [key for key in keys if key not in hyperparameters]
    assert not missing, f"`{function}` returned no `{missing[0]}`; expected the keys {', '.join(keys)}."
    for key in keys:
        value = hyperparameters[key]
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        assert is_number, f"`{key}` of `{function}` is a {type(value).__name__}; expected a number."
        low = "above 0" if key in positive else "of at least 0"
        in_range = math.isfinite(value) and (value > 0 or (key in at_least_zero and value == 0))
        assert in_range, f"`{key}` of `{function}` is {value:.6g}; expected a finite number {low}."


@pytest.mark.graded(task="overfit", weight=1)
def test_overfit_hyperparameters(probe):
    """part2_overfit_hp returns wstd, lr and reg

    A dict of three numbers. An lr or a wstd of 0 learns nothing; reg may be 0.
    """
    actual = probe("part2_hyperparameters", function="part2_overfit_hp")
    refuse_unusable(
        actual["hyperparameters"], function="part2_overfit_hp", positive=["wstd", "lr"], at_least_zero=["reg"]
    )


@pytest.mark.graded(task="overfit", weight=2, after="test_overfit_hyperparameters")
def test_overfit(probe, dataset, curve):
    """Your MLP with three hidden layers learns 20 images by heart

    20 epochs of two batches with your loss, VanillaSGD, train_batch and the numbers of part2_overfit_hp; the best epoch
    counts. If it isn't enough: does the loss fall at all? Then try a larger lr. Does it jump or become NaN? A smaller.
    """
    data = dataset(*IMAGES, shape=(3, 32, 32), limit=Limit(train=20))
    data = replace(data, test_x=data.train_x, test_y=data.train_y)  # what is scored is what was trained
    actual = probe(
        "overfitted", x=data.train_x, y=data.train_y, batch_size=10, num_epochs=EPOCHS, hidden_features=[128] * 3
    )
    draw(curve, actual, data)
    assert best_count(actual, data) >= TARGETS[data.name], (
        f"The best of {EPOCHS} epochs classifies {best_count(actual, data)} of the 20 training images correctly; "
        f"expected at least {TARGETS[data.name]}."
    )


def draw(curve, actual, data):
    """Draw what each epoch reached: right images, and the loss of scores."""
    scores = [actual.get(f"scores after epoch {epoch}") for epoch in range(1, EPOCHS + 1)]
    counts = {"your network": [count_of(one, data) for one in scores]}
    curve("Images classified correctly, of 20", counts, target=TARGETS[data.name])
    curve("Loss on these images", {"your network": [mean_loss(one, data) for one in scores]}, falls=True)


def count_of(scores, data):
    """Return how many images are classified correctly, None where that can't be told."""
    try:
        return score(scores, data).correct
    except UnusablePredictions:
        return None


def best_count(actual, data):
    """Return how many images the best epoch got right. Raises UnusablePredictions where no epoch can be scored."""
    best, broken = None, None
    for epoch in range(1, EPOCHS + 1):
        try:
            best = max(best or 0, score(actual[f"scores after epoch {epoch}"], data).correct)
        except UnusablePredictions as err:  # an epoch before the training diverged still counts
            broken = err
    if best is None or (broken is not None and best < TARGETS[data.name]):
        raise broken
    return best
