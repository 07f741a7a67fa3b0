"""Public checks of training on real pictures, through the notebook's own networks and `train`.

Scores of test pictures come out of the sandbox, their labels never go in. Three epochs over 12 000 pictures instead of
ten over 54 000: it takes seconds, and the targets are made for it.
"""

import pytest

from grader.datasets import Limit, best_of, score

PICTURES = ("fashion-mnist", "digits")
EPOCHS = {"fashion-mnist": 3, "digits": 20}
TARGETS = {"fashion-mnist": 75.0, "digits": 90.0}  # percent; means of the reference: 84.7, 96.8
DROP = {"fashion-mnist": 8.0, "digits": 3.0}  # points of percent


def load(dataset, *, seed=0):
    return dataset(
        *PICTURES, shape=(1, 28, 28), limit=Limit(train=12_000, valid=1, test=2_000), seed=seed, renamed=True
    )


def check_target(probe, data, name, **options):
    """Train until an attempt reaches the target, three times at most; return the outputs of the last attempt."""
    made = []

    def train(attempt):
        made.append(probe("clothes", epochs=EPOCHS[data.name], seed=attempt, **data.for_probe(), **options))
        return score(made[-1].get("scores"), data, untrained=made[-1].get("scores before training"))

    attempts = best_of(train, target=TARGETS[data.name], chance=100 / len(data.classes))
    assert attempts.succeeded, (
        f"After {EPOCHS[data.name]} epochs over {len(data.train_y)} pictures `{name}` is right for {attempts.best} of "
        f"the test pictures; expected at least {attempts.target:.0f} %. {attempts}"
    )
    return made[-1]


@pytest.mark.graded(
    task="fashion-training", weight=2, grounds="notebook, lines 223 and 229: train makes the network learn"
)
def test_mlp_learns_clothes(probe, dataset):
    """Your MLP learns Fashion-MNIST with your train: 75 % after three short epochs

    If all other checks pass and this one fails: does `train` call backward and step for every batch?
    """
    check_target(probe, load(dataset), "MLP")


@pytest.mark.graded(
    task="rotation-training",
    weight=2,
    after="test_pictures_are_turned",
    grounds="notebook, line 256: see how the model does on turned pictures",
)
def test_turned_pictures_cost_accuracy(probe, dataset):
    """A network that learned straight pictures is worse on the turned ones

    The test pictures go through your rotated_test_transforms.
    """
    check_drop(probe, load(dataset))


@pytest.mark.graded(
    task="variations-training",
    weight=1,
    grounds="notebook, lines 268 to 271: the regularized network is trained as well",
)
def test_mlp_with_dropout_learns(probe, dataset):
    """Your MLPDropout learns Fashion-MNIST"""
    check_target(probe, load(dataset), "MLPDropout", kind="MLPDropout")


def check_drop(probe, data):
    actual = check_target(probe, data, "MLP", turned=True)
    plain = score(actual["scores"], data)
    turned = score(actual.get("scores of turned pictures"), data)
    drop, least = plain.percent - turned.percent, DROP[data.name]
    assert drop >= least, (
        f"The accuracy is {plain} on straight pictures and {turned} on turned ones; expected a drop of at least "
        f"{least:.0f} points. Are the pictures turned at all?"
    )
