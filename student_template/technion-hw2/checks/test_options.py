"""Public checks of fit's optional arguments: early_stopping and checkpoints.

The course leaves it to the students whether fit obeys them; where it ignores one, its checks are skipped and cost
nothing. Loss and accuracy get better and worse together here, so it makes no difference which of them is watched.
test_options_hidden.py looks at what the texts of both arguments say beyond that.
"""

import pytest
from helpers_options import NUM_EPOCHS, assert_count, skip_where_ignored
from helpers_training import each_kind_of_result


@pytest.mark.graded(
    task="trainer-options",
    weight=2,
    grounds="hw2 part 2, lines 750 and 751: stop after so many epochs without a better test loss",
)
def test_early_stopping(probe, expected):
    """Trainer.fit stops after `early_stopping` epochs in a row without a better test loss

    With early_stopping=3 the best loss comes in epoch 3, so epochs 4, 5 and 6 bring no improvement. Epoch 6 is the
    last one.
    """
    losses = [5.0, 4.0, 3.0, 3.5, 3.75, 4.0, 4.25, 4.5, 4.75, 5.0]
    accuracies = [20, 30, 60, 50, 48, 46, 44, 42, 40, 38]

    call = {"losses": losses, "accuracies": accuracies, "num_epochs": NUM_EPOCHS, "options": {"early_stopping": 3}}
    recorded = expected("fit_with_options", lambda: {"number of epochs": 6}, **call, tensors=[])

    def attempt(*, tensors):
        actual = probe("fit_with_options", **call, tensors=tensors)
        skip_where_ignored(actual["number of epochs"] == NUM_EPOCHS, "early_stopping")
        causes = {
            7: "It stops one epoch late: compare with >=.",
            4: "The first worse epoch ends it already, whatever early_stopping is, or the training loss is watched.",
            3: "It stops after so many epochs whatever the losses are.",
        }
        assert_count(actual, "number of epochs", recorded.values["number of epochs"], causes=causes)

    each_kind_of_result(attempt)


@pytest.mark.graded(
    task="trainer-options", weight=2, grounds="hw2 part 2, lines 747 to 749: save each time the test accuracy improves"
)
def test_checkpoint(probe, expected):
    """Trainer.fit saves the model whenever the test accuracy improves

    The accuracy is best after epoch 3 of 5, so the file holds the model of epoch 3 in the end.
    """
    call = {
        "losses": [5.0, 4.0, 3.0, 3.5, 4.0],
        "accuracies": [20, 50, 70, 60, 40],
        "num_epochs": 5,
        "options": {"checkpoints": "checkpoint"},
    }
    recorded = expected("fit_with_options", lambda: {"epoch of the saved model": 3}, **call, tensors=[])

    def attempt(*, tensors):
        actual = probe("fit_with_options", **call, tensors=tensors)
        skip_where_ignored(actual["number of files"] == 0, "checkpoints")
        causes = {
            5: "The model is saved after every epoch, not only when the accuracy improves.",
            1: "Later, better epochs are not saved: is the best one compared the right way round and kept up to date?",
            0: "The file does not hold the weights.",
        }
        assert_count(actual, "epoch of the saved model", recorded.values["epoch of the saved model"], causes=causes)

    each_kind_of_result(attempt)
