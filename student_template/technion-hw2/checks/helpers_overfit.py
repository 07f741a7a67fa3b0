"""The training on a few images, and how many of them the best epoch knows.

test_overfit.py and test_overfit_hidden.py import it.
"""

from dataclasses import replace

from helpers_hyperparameters import SEEDS

from grader.datasets import DivergedPredictions, UnusablePredictions, best_of, mean_loss, score

IMAGES = ("cifar10", "fashion-mnist", "digits")
EPOCHS = 20


def assert_learns_by_heart(probe, curve, data, *, target):
    """Train on 20 images, and fail unless some epoch of some attempt classifies `target` of them correctly."""
    data = replace(data, test_x=data.train_x, test_y=data.train_y)  # what is scored is what was trained
    tried = []

    def train(attempt):
        given = {"batch_size": 10, "num_epochs": EPOCHS, "hidden_features": [128] * 3, "seed": SEEDS[attempt]}
        actual = probe("overfitted", x=data.train_x, y=data.train_y, **given)
        tried.append([actual.get(f"scores after epoch {epoch}") for epoch in range(1, EPOCHS + 1)])
        draw(curve, tried, data, target=target)
        return best_epoch(tried[-1], data, target=target)

    attempts = best_of(
        train, target=100 * target / len(data.test_y), chance=100 / len(data.classes), attempts=len(SEEDS)
    )
    assert attempts.succeeded, (
        f"The best of {EPOCHS} epochs classifies {attempts.best.correct} of the 20 training images correctly; "
        f"expected at least {target}. {attempts}"
    )


def draw(curve, tried, data, *, target):
    """Draw what each epoch of each attempt reached: right images, and the loss of scores."""
    lines = {f"attempt {i}": scores for i, scores in enumerate(tried, start=1)}
    counts = {name: [count_of(one, data) for one in scores] for name, scores in lines.items()}
    curve("Images classified correctly, of 20", counts, target=target)
    losses = {name: [mean_loss(one, data) for one in scores] for name, scores in lines.items()}
    curve("Loss on these images", losses, falls=True)


def count_of(scores, data):
    """Return how many images are classified correctly, None where that can't be told."""
    try:
        return score(scores, data).correct
    except UnusablePredictions:
        return None


def best_epoch(scores, data, *, target):
    """Return the accuracy of the best epoch: one before the training diverged still counts.

    Raises UnusablePredictions where no epoch can be scored, or where one can't and none reaches the target; it is
    DivergedPredictions where the scores hold NaN.
    """
    best, broken = None, None
    for one in scores:
        try:
            accuracy = score(one, data)
        except UnusablePredictions as err:
            broken = err
            if not isinstance(err, DivergedPredictions):
                break
        else:
            best = accuracy if best is None else max(best, accuracy, key=lambda each: each.correct)
    if best is None or (best.correct < target and not isinstance(broken, DivergedPredictions | None)):
        raise broken
    return best
