"""Hidden checks of the training code: stale gradients, ragged batches, options of fit, a model that learns.

test_training.py holds the public ones.
"""

import pytest
import torch
from helpers_training import CLASSES, each_kind_of_result

from grader.compare import Context, Expectation, Spec, Tolerance, assert_matches

PARAMETERS = ("w1", "b1", "w2", "b2")


@pytest.mark.graded(task="trainer", weight=1, grounds="document, line 628: gradients of earlier batches are cleared")
def test_train_batch_twice(probe, rng):
    """LayerTrainer.train_batch starts every batch with clean gradients

    The second batch has another size, and its step must not contain the first batch's gradient: it has to find what the
    same batch gives in a training that begins with it.
    """
    x1, x2 = torch.randn(7, 6, generator=rng), torch.randn(4, 6, generator=rng)
    y1, y2 = torch.randint(0, CLASSES, (7,), generator=rng), torch.randint(0, CLASSES, (4,), generator=rng)

    parts = {"num_classes": CLASSES}
    both, fresh = (probe("train_batches", xs=xs, ys=ys, **parts) for xs, ys in (([x1, x2], [y1, y2]), ([x2], [y2])))
    assert_matches(both, {"number of steps": 2})
    steps = {name: (f"grad of {name} at step 1", f"grad of {name} at step 2") for name in PARAMETERS}
    expected = {second: fresh[first] for first, second in steps.values()}
    assert_matches(both, {name: Spec(tuple(value.shape)) for name, value in expected.items()})
    others = {
        f"the sum of both batches' gradients of {name}": both[first] + fresh[first]
        for name, (first, _) in steps.items()
    }
    assert_matches(both, expected, context=Context(others=others))


@pytest.mark.graded(
    task="trainer",
    weight=1,
    grounds="document, lines 746 and 750: as many epochs as asked for; it stops early only if told to",
)
def test_fit_runs_all_epochs(probe, expected):
    """Trainer.fit runs all epochs though the test loss rises, with a smaller last batch

    Nothing asks for early stopping here. Every batch of both loaders is used once an epoch, and an accuracy is the
    share of correct samples.
    """
    train = {"size": 10, "losses": [1.0] * 12, "correct": [4, 3, 1, 2, 2, 2, 3, 0, 1, 4, 4, 2]}
    test = {"size": 5, "losses": [1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0], "correct": [3, 1, 2, 0, 1, 0, 4, 1]}
    right = {
        "number of train batches": 12,
        "number of test batches": 8,
        "train_acc": torch.tensor([80.0, 60.0, 40.0, 100.0]),
        "test_acc": torch.tensor([80.0, 40.0, 20.0, 100.0]),
    }
    others = {
        "the training accuracies as if every batch were full": torch.tensor([8.0, 6.0, 4.0, 10.0]) * 100 / 12,
        "the test accuracies as if every batch were full": torch.tensor([4.0, 2.0, 1.0, 5.0]) * 100 / 8,
        "the mean of the batches' accuracies in training": torch.tensor([225.0, 200.0, 125.0, 300.0]) / 3,
        "the mean of the batches' accuracies in testing": torch.tensor([175.0, 50.0, 25.0, 200.0]) / 2,
    }

    call = {"train": train, "test": test, "batch_size": 4, "num_epochs": 4, "options": {}}
    recorded = expected("fit", lambda: right, **call, tensors=[])

    def attempt(*, tensors):
        assert_matches(probe("fit", **call, tensors=tensors), recorded, context=Context(others=others))

    each_kind_of_result(attempt)


@pytest.mark.graded(
    task="trainer", weight=1, grounds="document, lines 785 and 924: max_batches is handed to fit for its epochs"
)
def test_fit_hands_options_on(probe, expected):
    """Trainer.fit hands max_batches on to both kinds of epochs

    fit takes further keyword arguments: they are meant for train_epoch and test_epoch.
    """
    script = {"size": 50, "losses": [1.0] * 30, "correct": [5] * 30}

    call = {"train": script, "test": script, "batch_size": 10, "num_epochs": 3, "options": {"max_batches": 2}}
    right = {"number of train batches": 6, "number of test batches": 6}
    recorded = expected("fit", lambda: right, **call, tensors=[])

    def attempt(*, tensors):
        assert_matches(probe("fit", **call, tensors=tensors), recorded)

    each_kind_of_result(attempt)


@pytest.mark.graded(
    task="trainer",
    weight=1,
    grounds="document, lines 113 to 117 and 1080: layers are told whether they train or are tested",
)
def test_fit_modes(matches_recorded, rng):
    """The model is in training mode for training batches and in test mode for test batches

    Each epoch trains first and evaluates then; the next one has to switch back.
    """
    x, y = torch.randn(10, 4, generator=rng), torch.randint(0, 3, (10,), generator=rng)

    given = {"batch_size": 5, "num_epochs": 2, "num_classes": 3}
    modes = {"modes of the batches": "train, train, test, train, train, test"}
    matches_recorded("modes_of_fit", lambda: modes, train=[x, y], test=[x[:5], y[:5]], **given)


@pytest.mark.graded(
    task="trainer",
    weight=2,
    grounds="document, lines 811 and 834: model, gradients, optimizer and trainer learn together",
)
def test_trained_mlp(probe, rng):
    """Your MLP, loss, VanillaSGD and LayerTrainer together learn to tell three clouds of points apart

    If all other checks pass and this one fails: does the optimizer see the gradients that backward computes?
    It gets params() once, before the first batch.
    """
    centres = torch.tensor([[3.0, 0.0, 0.0, 0.0], [0.0, 3.0, 0.0, 0.0], [0.0, 0.0, 3.0, 0.0]])
    y, new_y = torch.arange(60) % 3, torch.arange(90) % 3
    x = centres[y] + 0.5 * torch.randn(60, 4, generator=rng)
    new_x = centres[new_y] + 0.5 * torch.randn(90, 4, generator=rng)

    given = {"learn_rate": 0.1, "num_epochs": 40, "batch_size": 10}
    actual = probe("trained_mlp", x=x, y=y, new_x=new_x, **given)
    assert_matches(actual, {"scores": Spec((90, 3))})
    name = "accuracy on new points in percent"
    accuracy = 100 * (actual["scores"].argmax(dim=1) == new_y).float().mean()
    assert_matches({name: accuracy}, Expectation({name: torch.tensor(100.0)}, {name: Tolerance(rtol=0, atol=10)}))
