"""Public check of the training loop that stands in the notebook.

The loop is run with a `train` and an `evaluate` of ours: what they return is known, and what is saved tells its epoch.
How many epochs run, what is printed and what the file is called is up to the student; two equal losses never occur.
"""

import pytest

from grader.compare import assert_kinds

# Rows (loss, accuracy) of each epoch. Validation is best in epoch 3, its accuracy in epoch 6, the test's loss in epoch
# 5, the training's in epoch 7, and the validation's loss is highest in epoch 2.
TRAIN = [(0.9, 0.60), (0.7, 0.70), (0.6, 0.75), (0.5, 0.80), (0.4, 0.85), (0.3, 0.90), (0.1, 0.95), (0.2, 0.92)]
VALID = [(0.8, 0.62), (0.9, 0.60), (0.3, 0.74), (0.6, 0.79), (0.4, 0.81), (0.7, 0.84), (0.75, 0.80), (0.78, 0.78)]
TEST = [(0.8, 0.60), (0.7, 0.61), (0.6, 0.62), (0.5, 0.63), (0.2, 0.70), (0.3, 0.69), (0.4, 0.68), (0.5, 0.67)]
NO_WEIGHTS = -1.0


def run(probe, train, valid, test):
    """Run the loop; return the outputs, the epoch that has to be saved last, and words for other epochs.

    A loop that ends where the loss is lowest shows nothing of what it compares: it is run again with losses that rise
    in its last epoch. With a single epoch there is nothing to compare.
    """
    actual, epochs, best, words = run_once(probe, train, valid, test)
    if epochs == best < len(valid) and valid != sorted(valid, reverse=True):
        assert epochs > 1, (
            "The loop runs a single epoch, in which there is no loss to compare with; expected it to run EPOCHS epochs."
        )
        actual, epochs, best, words = run_once(probe, train, valid[1:], test)
    return actual, best, words


def run_once(probe, train, valid, test):
    """Run the loop; return the outputs, how many epochs it ran, the epoch to be saved last, and words for others."""
    actual = probe("training_loop", train=train, valid=valid, test=test)
    kinds = {"epochs": int, "saved": [float], "below": bool, "tested": [float], "failed": str}
    assert_kinds(actual, kinds | {"by reference": bool, "loaded": bool, "would save": bool})
    epochs = actual["epochs"]
    assert epochs > 0, (
        "No statement of the notebook calls `train` and `evaluate` for each epoch; expected a loop outside of "
        "functions, or a call of a function with that loop."
    )
    losses = [loss for loss, _ in valid[:epochs]]
    accuracies = [accuracy for _, accuracy in valid[:epochs]]
    best = losses.index(min(losses)) + 1
    by_part = [[loss for loss, _ in rows[:epochs]] for rows in (train, test)]
    words = {
        by_part[0].index(min(by_part[0])) + 1: "the one with the lowest training loss: the validation loss decides",
        by_part[1].index(min(by_part[1]))
        + 1: "the one with the lowest loss on the test pictures, which must not choose "
        "the model: take the validation pictures",
        accuracies.index(max(accuracies)) + 1: "the one with the highest validation accuracy",
        losses.index(max(losses)) + 1: "the one with the highest validation loss: is the comparison the wrong way?",
        1: "the first one: best_valid_loss has to follow",
        epochs: "the last one, whatever its loss",
    }
    return actual, epochs, best, words


def check_saved(probe, train, valid, test):
    actual, best, words = run(probe, train, valid, test)
    saved = actual["saved"]
    never = " A line that saves is there, but its condition was never true: is the comparison the wrong way round?"
    assert saved, (
        f"Nothing was saved in {actual['epochs']} epochs{', only below the loop' * actual['below']}; expected "
        '`torch.save(model.state_dict(), "mlp-model.pt")` '
        f"after each epoch with a new lowest validation loss.{never * (actual['would save'] and not actual['below'])}"
    )
    assert saved[-1] != NO_WEIGHTS, "What was saved last holds no weights; expected `model.state_dict()`."
    last = int(saved[-1])
    losses = [loss for loss, _ in valid[: actual["epochs"]]]
    falling = [e for e in range(1, len(losses) + 1) if e == 1 or losses[e - 1] < losses[e - 2]]
    hint = f" It is {words[last]}." if last in words else ""
    if last != best and saved == falling:
        hint += " Models were saved whose loss is lower than in the epoch before, not lower than in all before."
    assert last == best, (
        f"The file holds the model of epoch {last} in the end; expected epoch {best}, which has the lowest validation "
        f"loss.{hint}"
    )
    return actual, best


@pytest.mark.graded(
    task="best-model",
    weight=3,
    grounds="notebook, lines 223 and 231 to 233: save where the validation loss is lower than the lowest before",
)
def test_saves_the_best_model(probe):
    """The loop saves the model of the epoch with the lowest validation loss

    Compare with the lowest loss so far, remember it when it falls, and save only then.
    """
    check_saved(probe, TRAIN, VALID, TEST)
