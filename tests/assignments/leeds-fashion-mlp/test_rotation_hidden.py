"""Hidden checks of the turned pictures: how far, normalized or not, and the plain test pictures."""

import pytest
import torch
from test_rotation import TIMES, bar, turned_bars

from grader.compare import Spec, assert_matches

BLACK, WHITE = (0 - 0.2860) / 0.3530, (1 - 0.2860) / 0.3530


@pytest.mark.graded(
    task="rotation",
    weight=1,
    after="test_pictures_are_turned",
    grounds="notebook, line 258: up to 25 degrees to either side",
)
def test_turned_by_25_degrees(probe):
    """The angles lie between -25 and 25 degrees

    Of 80 random ones some are above 15. One degree and a half is allowed for how well they can be measured.
    """
    _, angles = turned_bars(probe)
    largest = float(angles.abs().max())
    assert 15 < largest < 26.5, (
        f"The largest angle of {TIMES} is {largest:.0f} degrees; expected up to 25: `transforms.RandomRotation(25)`."
    )


@pytest.mark.graded(
    task="rotation",
    weight=2,
    after="test_pictures_are_turned",
    grounds="notebook, lines 258 to 260: turned with black corners, then normalized",
)
def test_turned_and_normalized(probe):
    """Turned pictures are normalized like all others, with black corners

    Black is 0 before normalization, so RandomRotation comes first, and fills with 0, which it does by default, too.
    """
    actual, _ = turned_bars(probe)
    pictures = actual["pictures"][:, 0].double()
    corners = torch.stack([pictures[:, y, x] for y in (0, 27) for x in (0, 27)])
    darkest, brightest = float(corners.mean()), float(pictures[:, 13:15, 13:15].mean())
    for name, value, expected in (("mean of the corners", darkest, BLACK), ("middle of the bar", brightest, WHITE)):
        hint = " That is the value before normalization." if abs(value - (expected > 0)) < 0.02 else ""
        if "corners" in name and abs(value) < 0.15:
            hint = " That is 0: either nothing is normalized, or it is turned after normalization, when black is not 0."
        assert abs(value - expected) < 0.05, f"The {name} is {value:.3f}; expected {expected:.3f}.{hint}"


@pytest.mark.graded(
    task="rotation",
    weight=1,
    after="test_pictures_are_turned",
    grounds="notebook, line 256: a new transform and a new test set, the old one stays",
)
def test_plain_test_pictures_hang_straight(probe):
    """The plain test data is as before: its pictures are not turned"""
    turned_bars(probe)
    actual = probe("straight", picture=bar(), times=10)
    assert_matches(actual, {"pictures": Spec((10, 1, 28, 28), dtype=None)})
    pictures = actual["pictures"]
    assert torch.equal(pictures, pictures[:1].expand_as(pictures)), (
        "One picture of test_data comes out differently from time to time; expected that only rotated_test_data turns."
    )
