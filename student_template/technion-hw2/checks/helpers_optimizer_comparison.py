"""The training with one of the three optimizers, and what it has to reach.

test_optimizer_comparison.py and its hidden twin import it.
"""

from helpers_hyperparameters import SEEDS

from grader.datasets import Limit, best_of, score

IMAGES = ("cifar10", "fashion-mnist", "digits")
# Percent. Guessing gives 10. CIFAR-10: 5 % below what the text asks to try for, since the 5000 images are others.
# The others: the reference reaches 82 to 84 on 5000 images of Fashion-MNIST and 96 to 98 on digits; so do learning
# rates up to ten times as large or small, as long as wstd lets the signal through six layers.
TARGETS = {"cifar10": 30, "fashion-mnist": 50, "digits": 50}
STEPS, BATCH_SIZE, MAX_BATCHES = 1000, 50, 100  # the notebook: 10 epochs of 100 batches


def train(probe, dataset, curve, *, optimizer):
    """Train with an optimizer, and fail unless enough of the test images are classified correctly by some attempt."""
    limit = Limit(train=BATCH_SIZE * MAX_BATCHES, valid=100, test=2000)
    data = dataset(*IMAGES, shape=(3, 32, 32), limit=limit, renamed=True)
    epochs = round(STEPS / min(MAX_BATCHES, -(-len(data.train_y) // BATCH_SIZE)))
    target = TARGETS[data.name]
    given = {
        "optimizer": optimizer,
        "batch_size": BATCH_SIZE,
        "num_epochs": epochs,
        "max_batches": MAX_BATCHES,
        "hidden_features": [128] * 5,
    }

    def attempt(number):
        actual = probe("trained_with_optimizer", **data.for_probe(), **given, seed=SEEDS[number])
        draw(curve, actual, epochs=epochs, target=target)
        return score(actual["scores"], data, untrained=actual.get("scores before training"))

    attempts = best_of(attempt, target=target, chance=100 / len(data.classes), attempts=len(SEEDS))
    assert attempts.succeeded, (
        f"Trained with `lr_{optimizer}`, the network classifies {attempts.best} of the test images correctly; "
        f"expected at least {target} %. {attempts}"
    )


def draw(curve, actual, *, epochs, target):
    """Draw what fit returned at the latest attempt: losses of epochs or of batches, accuracies of epochs."""
    for name, unit, bar in (("loss", "", None), ("acc", "%", target)):
        lines = {
            "training images": actual.get(f"train_{name} of fit"),
            "validation images": actual.get(f"test_{name} of fit"),
        }
        title = "Loss" if name == "loss" else "Accuracy"
        curve(f"{title} as fit returned it", lines, target=bar, unit=unit, epochs=epochs, falls=name == "loss")
