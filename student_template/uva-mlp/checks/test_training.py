"""Public check of the whole: MLP, SGDMomentum and train_model of the notebook learn real images.

test_training_hidden.py does the same with what the notebook ends with.
"""

import pytest

from grader.compare import assert_kinds
from grader.datasets import Limit, best_of, score

SHAPE = (3, 32, 32)
MEANS, STDS = [0.491, 0.482, 0.447], [0.247, 0.243, 0.261]
ROWS = Limit(train=5000, valid=1000, test=2000)
# Percent. A whole training on CIFAR-10 reaches 52 to 53 % and takes minutes; these targets are for a few seconds on a
# part of the images. Over four seeds the reference reaches 79.5 ± 1.2 (Fashion-MNIST) and 96.9 ± 0.3 (digits), sigmoids
# in place of its ReLUs 73 and 79, and momentum without the factor (1 - momentum) 13 and 10. CIFAR-10 was not measured:
# its target is far below what the text asks for, and far above guessing.
TARGETS = {"cifar10": 25.0, "fashion-mnist": 60.0, "digits": 65.0}


SEEDS = (42, 43, 44)  # the document's own first


def check_learning(probe, dataset, name):
    """Train on the first data set that is here, and ask for its accuracy on new images. The best attempt counts."""
    data = dataset(*TARGETS, shape=SHAPE, limit=ROWS, renamed=True)
    target, epochs = TARGETS[data.name], 15 if data.name == "digits" else 10

    def train(attempt):
        options = {"mean": MEANS, "std": STDS, "lr": 0.1, "num_epochs": epochs, "seed": SEEDS[attempt]}
        actual = probe(name, **options, **data.for_probe())
        assert_kinds(actual, {"steps": int})
        assert actual["steps"], (
            "train_model got your SGDMomentum and never called its step(): it was not that optimizer that learned. "
            "Use the `optimizer` that train_model is given."
        )
        return score(actual.get("scores"), data, untrained=actual.get("scores before training"))

    attempts = best_of(train, target=target, chance=100 / len(data.classes), attempts=len(SEEDS))
    assert attempts.succeeded, (
        f"After {epochs} epochs on {len(data.train_y)} images, {attempts.best} of new images are right; expected at "
        f"least {target:.0f} %. {attempts} If all else passes, look at how the weights are initialized and at the "
        "activation."
    )


@pytest.mark.graded(
    task="training", grounds="practical 1, line 334: the default setup learns the images; it gets to 52 % of CIFAR10"
)
def test_training_learns_images(probe, dataset):
    """Your MLP, trained by your optimizer and your training loop, recognizes images that it has never seen"""
    check_learning(probe, dataset, "learn_images")
