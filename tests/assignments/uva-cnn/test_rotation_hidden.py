"""Hidden checks of test_model_rotated: evaluation mode, batches of different sizes, the default angle.

test_rotation.py has the public ones, and says what is free.
"""

import pytest
import torch
from test_rotation import DIRECTIONS, SHARES, assert_accuracies, draw_spots, expected_share, spots

from grader.compare import Context, Expectation, Tolerance, assert_matches


@pytest.mark.graded(
    task="rotation",
    weight=3,
    after="test_rotation_none_and_full",
    grounds="practical 2, lines 204 and 378: a test accuracy is measured in evaluation mode",
)
def test_rotation_evaluation_mode(probe, expected, rng):
    """The model is in evaluation mode while it is tested

    Batch normalization computes something else in training mode: call `model.eval()` first. Here the model comes in
    training mode, and answers with the opposite direction as long as it is.
    """
    images, labels, turns = draw_spots(rng, shares=SHARES)
    options = {"images": images, "labels": labels, "directions": DIRECTIONS, "angles": [0, 60], "two_faced": True}
    assert_accuracies(probe, expected, turns, **options)


@pytest.mark.graded(
    task="rotation",
    weight=2,
    after="test_rotation_none_and_full",
    grounds="practical 2, line 378: the accuracy over all images of a set",
)
def test_rotation_all_images_count_alike(probe, expected, rng):
    """Each image counts the same, also in the last batch, which is smaller

    The average over batches gives its images more weight: count right answers and images, and divide once. Here only
    the last images are recognized.
    """
    turns = torch.full((150,), 4)
    turns[-20:] = 0
    images, labels, turns = spots(rng, turns)
    options = {"images": images, "labels": labels, "directions": DIRECTIONS, "angles": [0, 120]}
    assert_accuracies(probe, expected, turns, **options)


@pytest.mark.graded(
    task="rotation",
    weight=2,
    after="test_rotation_none_and_full",
    grounds="practical 2, lines 378 and 382: angles from 0 to 360 degrees, 0 where none is given",
)
def test_rotation_more_angles(probe, expected, rng):
    """The accuracy is right at other angles, too, and without an angle the images stay as they are"""
    images, labels, turns = draw_spots(rng, shares={0: 31, 1: 17, 2: 3, 4: 8, 5: 11, 7: 2, 8: 25, 10: 21, 11: 32})
    angles = [30, 60, 120, 150, 240, 330]
    options = {"images": images, "labels": labels, "directions": DIRECTIONS, "angles": angles, "by_default": True}
    actual = assert_accuracies(probe, expected, turns, **options)
    name = "without an angle"
    assert isinstance(actual.get(name), float), f"test_model_rotated returns no number {name}."
    scale = 100 if actual[name] > 1 else 1
    wanted = {name: torch.tensor(scale * expected_share(turns, 0))}
    tolerance = Tolerance(rtol=0, atol=1e-4 * scale)
    assert_matches({name: torch.tensor(actual[name])}, Expectation(wanted, {name: tolerance}), context=Context())
