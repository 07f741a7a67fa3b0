"""Hidden checks of fit's optional arguments: counting again after an improvement, and what each of them watches.

Where fit ignores an argument, its checks are skipped and cost nothing. test_options.py holds the public ones.
"""

import pytest
import torch
from helpers_options import NUM_EPOCHS, assert_count, skip_where_ignored
from helpers_training import each_kind_of_result

from grader.compare import assert_kinds, assert_matches


@pytest.mark.graded(
    task="trainer-options",
    weight=2,
    after="test_early_stopping",
    grounds="hw2 part 2, lines 750 and 751: epochs without improvement are counted from the last one",
)
def test_early_stopping_counts_again(probe, expected):
    """A better test loss starts the count for early stopping again

    With early_stopping=3: epoch 2 is no improvement, epoch 3 is one, epochs 4, 5 and 6 are none. Epoch 6 is the last.
    """
    call = {
        "losses": [5.0, 5.5, 4.0, 4.5, 4.75, 5.0, 5.25, 5.5, 5.75, 6.0],
        "accuracies": [30, 25, 60, 55, 50, 45, 40, 35, 30, 25],
        "num_epochs": NUM_EPOCHS,
        "options": {"early_stopping": 3},
    }
    recorded = expected("fit_with_options", lambda: {"number of epochs": 6}, **call, tensors=[])

    def attempt(*, tensors):
        actual = probe("fit_with_options", **call, tensors=tensors)
        skip_where_ignored(actual["number of epochs"] == NUM_EPOCHS, "early_stopping")
        assert_kinds(actual, {"number of epochs": int})
        right = recorded.values["number of epochs"]
        if actual["number of epochs"] == right + 1:
            return  # one epoch late, for which test_early_stopping charges
        causes = {5: "An improvement does not make it count again from zero."}
        assert_count(actual, "number of epochs", right, causes=causes)

    each_kind_of_result(attempt)


@pytest.mark.graded(
    task="trainer-options",
    weight=1,
    after="test_early_stopping",
    grounds="hw2 part 2, line 753: losses for each epoch that ran",
)
def test_early_stopping_results(probe, expected):
    """After early stopping the results are those of the epochs that ran

    With early_stopping=1 the first epoch without a better test loss is the last one, and it is part of the results.
    """
    losses = [5.0, 4.0, 3.0, 3.5, 3.75, 4.0, 4.25, 4.5, 4.75, 5.0]
    accuracies = [20, 30, 60, 50, 48, 46, 44, 42, 40, 38]

    call = {"losses": losses, "accuracies": accuracies, "num_epochs": NUM_EPOCHS, "options": {"early_stopping": 1}}
    recorded = expected(
        "fit_with_options", lambda: {"number of epochs": 4, "test_loss": torch.tensor(losses[:4])}, **call, tensors=[]
    )

    def attempt(*, tensors):
        actual = probe("fit_with_options", **call, tensors=tensors)
        skip_where_ignored(actual["number of epochs"] == NUM_EPOCHS, "early_stopping")
        found = actual["test_loss"]
        assert_kinds(actual, {"number of epochs": int})
        is_short = isinstance(found, torch.Tensor) and found.shape == (3,) and actual["number of epochs"] == 4
        assert not is_short, "`test_loss` has 3 entries after 4 epochs: the last epoch is left out of the results."
        if actual["number of epochs"] == 5:  # one epoch late, for which test_early_stopping charges
            assert_matches(actual, {"test_loss": torch.tensor(losses[:5])})
        else:
            assert_matches(actual, recorded)

    each_kind_of_result(attempt)


# The text of fit names the test loss; the course's given code goes by the accuracy. Both are right.
@pytest.mark.graded(task="trainer-options", after="test_early_stopping", advice=True)
def test_early_stopping_watches_best_loss(probe, expected):
    """Early stopping compares the test loss with the best one so far

    With early_stopping=3 and the best loss in epoch 2, epoch 5 is the last one: the accuracy that gets better
    meanwhile doesn't count, nor does a loss that is only better than the one before.
    """
    call = {
        "losses": [5.0, 3.0, 4.0, 3.5, 3.25, 3.75, 4.0, 4.25, 4.5, 4.75],
        "accuracies": [20, 30, 40, 50, 48, 46, 44, 42, 40, 38],
        "num_epochs": NUM_EPOCHS,
        "options": {"early_stopping": 3},
    }
    recorded = expected("fit_with_options", lambda: {"number of epochs": 5}, **call, tensors=[])

    def attempt(*, tensors):
        actual = probe("fit_with_options", **call, tensors=tensors)
        skip_where_ignored(actual["number of epochs"] == NUM_EPOCHS, "early_stopping")
        causes = {7: "It goes by the accuracy.", 8: "It compares with the epoch before, not with the best so far."}
        assert_count(actual, "number of epochs", recorded.values["number of epochs"], causes=causes)

    each_kind_of_result(attempt)


@pytest.mark.graded(
    task="trainer-options",
    weight=1,
    after="test_checkpoint",
    grounds="hw2 part 2, lines 747 and 748: saved where the accuracy improves",
)
def test_checkpoint_of_best(probe, expected):
    """The checkpoint is the model with the best test accuracy of all epochs

    Accuracies of 30, 60, 40, 50 and 55 %: after epoch 2 none is better than all before.
    """
    call = {
        "losses": [5.0, 2.0, 4.0, 3.5, 3.0],
        "accuracies": [30, 60, 40, 50, 55],
        "num_epochs": 5,
        "options": {"checkpoints": "checkpoint"},
    }
    recorded = expected("fit_with_options", lambda: {"epoch of the saved model": 2}, **call, tensors=[])

    def attempt(*, tensors):
        actual = probe("fit_with_options", **call, tensors=tensors)
        skip_where_ignored(actual["number of files"] == 0, "checkpoints")
        causes = {5: "It compares with the epoch before, not with the best so far."}
        assert_count(actual, "epoch of the saved model", recorded.values["epoch of the saved model"], causes=causes)

    each_kind_of_result(attempt)


# The text of fit names the test accuracy; which of the two is watched is judged here and nowhere else.
@pytest.mark.graded(
    task="trainer-options",
    weight=1,
    after="test_checkpoint",
    grounds="hw2 part 2, line 748: it is the accuracy that has to improve",
)
def test_checkpoint_watches_accuracy(probe, expected):
    """Checkpoints follow the test accuracy, not the loss

    The loss is lowest after epoch 2, the accuracy highest after epoch 4 of 5.
    """
    call = {
        "losses": [5.0, 2.0, 3.0, 4.0, 4.5],
        "accuracies": [30, 40, 50, 60, 50],
        "num_epochs": 5,
        "options": {"checkpoints": "checkpoint"},
    }
    recorded = expected("fit_with_options", lambda: {"epoch of the saved model": 4}, **call, tensors=[])

    def attempt(*, tensors):
        actual = probe("fit_with_options", **call, tensors=tensors)
        skip_where_ignored(actual["number of files"] == 0, "checkpoints")
        causes = {2: "It goes by the loss."}
        assert_count(actual, "epoch of the saved model", recorded.values["epoch of the saved model"], causes=causes)

    each_kind_of_result(attempt)
