"""Hidden checks of `evaluate`: a smaller last batch, another loss, nothing kept for gradients."""

import pytest
from test_evaluate import check_figures, draw

from grader.compare import assert_kinds


@pytest.mark.graded(
    task="evaluate",
    weight=2,
    after="test_evaluate_figures",
    grounds="notebook, line 216: the sums are divided by the number of batches",
)
def test_evaluate_smaller_last_batch(probe, expected, rng):
    """evaluate divides by the number of batches, also where the last one is smaller"""
    check_figures(probe, expected, "evaluation", **draw(rng, n=22), batch_size=5, any_mode=True)


@pytest.mark.graded(
    task="evaluate",
    weight=1,
    after="test_evaluate_figures",
    grounds="notebook, line 212: the loss is that of the criterion given",
)
def test_evaluate_criterion(probe, expected, rng):
    """evaluate measures with the loss that it is given"""
    inputs = draw(rng, n=16)
    check_figures(probe, expected, "evaluation", **inputs, batch_size=4, criterion="MultiMarginLoss", any_mode=True)


@pytest.mark.graded(
    task="evaluate",
    weight=2,
    after="test_evaluate_figures",
    grounds="notebook, lines 202 and 207: the loop stands under torch.no_grad",
)
def test_evaluate_without_gradients(probe, rng):
    """evaluate keeps nothing for gradients

    The text asks for torch.no_grad(); torch.inference_mode() and other ways are as good.
    """
    actual = probe("evaluation", **draw(rng), batch_size=8)
    assert_kinds(actual, {"passes": int})
    assert actual["passes"] == 3, f"evaluate sent {actual['passes']} of 3 batches through the model; expected all."
    assert actual.get("kept for gradients") is False, (
        "While `evaluate` ran, the model's scores still needed gradients; expected that the loop stands in "
        "`with torch.no_grad():`."
    )
