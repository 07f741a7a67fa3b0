"""Hidden checks of the training loop: other figures, and the model that is tested."""

import pytest
from test_best_model import TEST, TRAIN, VALID, check_saved, run

FALLING = [(0.9, 0.6), (0.8, 0.7), (0.6, 0.6), (0.5, 0.5), (0.45, 0.4), (0.2, 0.3)]
RISING_AT_ONCE = [(0.2, 0.5), (0.3, 0.6), (0.4, 0.7), (0.25, 0.8), (0.6, 0.9), (0.7, 0.8)]


@pytest.mark.graded(
    task="best-model",
    weight=1,
    after="test_saves_the_best_model",
    strict=True,
    grounds="notebook, lines 223 and 231: the loss decides, in the last epoch, too",
)
def test_saves_the_last_model_where_it_is_best(probe):
    """The loop saves the last model where the validation loss falls to the end, though the accuracy falls, too"""
    check_saved(probe, TRAIN, FALLING, TEST)


@pytest.mark.graded(
    task="best-model",
    weight=1,
    after="test_saves_the_best_model",
    grounds="notebook, lines 225 and 231: compared with the lowest loss of all epochs before",
)
def test_saves_the_first_model_where_it_is_best(probe):
    """The loop keeps the first model where the validation loss only rises

    It is smaller in epoch 4 than in epoch 3, but not smaller than in epoch 1.
    """
    check_saved(probe, TRAIN, RISING_AT_ONCE, TEST)


@pytest.mark.graded(
    task="best-model",
    weight=2,
    after="test_saves_the_best_model",
    grounds="notebook, lines 252 and 253: what was saved is loaded before the test",
)
def test_tests_the_best_model(probe):
    """The test is done with the best model, not with that of the last epoch

    Load what was saved into the model before you evaluate it on test_iterator.
    """
    # Another model that was saved and loaded is fine here: which one is saved is what the other checks are about.
    actual, best, _ = run(probe, TRAIN, VALID, TEST)
    failed = f" The first statement below the loop that failed is in {actual['failed']}." if actual["failed"] else ""
    assert actual["tested"], f"After the loop no model is evaluated on `test_iterator`; expected the saved one.{failed}"
    tested = actual["tested"][0]
    which = f"that of epoch {max(tested, 0):g}" if tested == round(tested) else "one that the loop never trained"
    is_saved = actual["loaded"] and actual["saved"][-1:] == [tested]
    assert tested == best or is_saved or not actual["by reference"], (
        f"The model that is tested is {which}; expected that of epoch {best}. Loaded are the model's own weights: "
        "`state_dict()` refers to them, and they go on changing. Keep a copy: `copy.deepcopy(model.state_dict())`."
    )
    assert tested == best or is_saved, (
        f"The model that is tested is {which}; expected that of epoch {best}, the one that was saved. "
        "Call `model.load_state_dict(torch.load(...))` first."
    )
