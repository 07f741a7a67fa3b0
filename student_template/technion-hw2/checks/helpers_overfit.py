"""The training on a few images, and how many of them the best epoch knows.

test_overfit.py and test_overfit_hidden.py import it.
"""

from dataclasses import replace

from grader.datasets import UnusablePredictions, mean_loss, score

IMAGES = ("cifar10", "fashion-mnist", "digits")
EPOCHS = 20


def assert_learns_by_heart(probe, curve, data, *, target):
    """Train on 20 images, and fail unless some epoch classifies `target` of them correctly."""
    data = replace(data, test_x=data.train_x, test_y=data.train_y)  # what is scored is what was trained
    actual = probe(
        "overfitted", x=data.train_x, y=data.train_y, batch_size=10, num_epochs=EPOCHS, hidden_features=[128] * 3
    )
    draw(curve, actual, data, target=target)
    best = best_count(actual, data, target=target)
    assert best >= target, (
        f"The best of {EPOCHS} epochs classifies {best} of the 20 training images correctly; "
        f"expected at least {target}."
    )


def draw(curve, actual, data, *, target):
    """Draw what each epoch reached: right images, and the loss of scores."""
    scores = [actual.get(f"scores after epoch {epoch}") for epoch in range(1, EPOCHS + 1)]
    counts = {"your network": [count_of(one, data) for one in scores]}
    curve("Images classified correctly, of 20", counts, target=target)
    curve("Loss on these images", {"your network": [mean_loss(one, data) for one in scores]}, falls=True)


def count_of(scores, data):
    """Return how many images are classified correctly, None where that can't be told."""
    try:
        return score(scores, data).correct
    except UnusablePredictions:
        return None


def best_count(actual, data, *, target):
    """Return how many images the best epoch got right.

    Raises UnusablePredictions where no epoch can be scored, or where one can't and none reaches the target.
    """
    best, broken = None, None
    for epoch in range(1, EPOCHS + 1):
        try:
            best = max(best or 0, score(actual[f"scores after epoch {epoch}"], data).correct)
        except UnusablePredictions as err:  # an epoch before the training diverged still counts
            broken = err
    if best is None or (broken is not None and best < target):
        raise broken
    return best
