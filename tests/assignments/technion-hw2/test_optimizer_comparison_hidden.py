"""Hidden check of training with each optimizer: RMSProp.

test_optimizer_comparison.py holds the public ones, with where the targets come from.
"""

import pytest

from grader.datasets import Limit, score

IMAGES = ("cifar10", "fashion-mnist", "digits")
TARGETS = {"cifar10": 30, "fashion-mnist": 50, "digits": 50}
STEPS, BATCH_SIZE, MAX_BATCHES = 1000, 50, 100


@pytest.mark.graded(task="optimizer-comparison", weight=2, after="test_optimizer_hyperparameters")
def test_train_with_rmsprop(probe, dataset, curve):
    """An MLP with five hidden layers learns to classify images with RMSProp

    The same as with VanillaSGD. Every parameter moves by about the learning rate in each step, whatever its gradient.
    """
    data = dataset(*IMAGES, shape=(3, 32, 32), limit=Limit(train=BATCH_SIZE * MAX_BATCHES, valid=100, test=2000))
    epochs = round(STEPS / min(MAX_BATCHES, -(-len(data.train_y) // BATCH_SIZE)))
    actual = probe(
        "trained_with_optimizer",
        **data.for_probe(),
        optimizer="rmsprop",
        batch_size=BATCH_SIZE,
        num_epochs=epochs,
        max_batches=MAX_BATCHES,
        hidden_features=[128] * 5,
    )
    target = TARGETS[data.name]
    draw(curve, actual, epochs=epochs, target=target)
    accuracy = score(actual["scores"], data)
    assert accuracy.percent >= target, (
        f"Trained with `lr_rmsprop`, the network classifies {accuracy} of the test images correctly; "
        f"expected at least {target} %. Guessing gives 10 %."
    )


def draw(curve, actual, *, epochs, target):
    """Draw what fit returned: losses of epochs or of batches, accuracies of epochs."""
    for name, unit, bar in (("loss", "", None), ("acc", "%", target)):
        lines = {
            "training images": actual.get(f"train_{name} of fit"),
            "validation images": actual.get(f"test_{name} of fit"),
        }
        title = "Loss" if name == "loss" else "Accuracy"
        curve(f"{title} as fit returned it", lines, target=bar, unit=unit, epochs=epochs, falls=name == "loss")
