"""Public checks of the turned pictures: a white bar is sent through the transform often, and its angle measured.

Nothing here hangs on single random numbers: of 80 angles from -25 to 25 degrees the largest is above 15 but once in
10^17 runs, and so are the other bounds chosen.
"""

import pytest
import torch

from grader.compare import Spec, assert_matches

TIMES = 80


def bar():
    """Return a picture (28, 28) with a lying bar in its middle."""
    picture = torch.zeros(28, 28, dtype=torch.uint8)
    picture[12:16, 4:24] = 255
    return picture


def angles_of(pictures):
    """Return the angle of the bar in each picture (N, 28, 28) of float64, in degrees, by its second moments."""
    weight = pictures - pictures.amin(dim=(1, 2), keepdim=True)
    y, x = torch.meshgrid(torch.arange(28.0).double(), torch.arange(28.0).double(), indexing="ij")
    total = weight.sum(dim=(1, 2))
    mean_x, mean_y = ((weight * axis).sum(dim=(1, 2)) / total for axis in (x, y))
    dx, dy = x - mean_x[:, None, None], y - mean_y[:, None, None]
    xx, yy, xy = ((weight * part).sum(dim=(1, 2)) for part in (dx * dx, dy * dy, dx * dy))
    return torch.rad2deg(0.5 * torch.atan2(2 * xy, xx - yy))


def turned_bars(probe):
    """Return the outputs of the probe, and the angles of the bars: at least one has to be turned."""
    actual = probe("turned", picture=bar(), times=TIMES)
    pictures = {"turned pictures": actual.get("pictures")}
    assert_matches(pictures, {"turned pictures": Spec((TIMES, 1, 28, 28), dtype=None)})
    angles = angles_of(actual["pictures"][:, 0].double())
    assert float(angles.abs().max()) > 2, (
        f"Of {TIMES} pictures none is turned by more than {float(angles.abs().max()):.1f} degrees. Is RandomRotation "
        "in the transform of rotated_test_data?"
    )
    return actual, angles


@pytest.mark.graded(
    task="rotation",
    weight=3,
    grounds="notebook, lines 256 and 258: a transform with random rotations for the test data",
)
def test_pictures_are_turned(probe):
    """rotated_test_transforms turns each picture by a random angle, to the left or to the right"""
    _, angles = turned_bars(probe)
    assert float(angles.std()) > 2, (
        f"All {TIMES} pictures are turned by about {float(angles.mean()):.0f} degrees; expected random ones."
    )
    assert float(angles.min()) < -2 < 2 < float(angles.max()), (
        f"All {TIMES} pictures are turned to the same side; expected angles from -25 to 25 degrees."
    )


@pytest.mark.graded(
    task="rotation",
    weight=1,
    after="test_pictures_are_turned",
    grounds="notebook, lines 262 and 263: the turned data is the test part",
)
def test_turned_test_pictures(probe, expected):
    """rotated_test_data holds the test pictures, not those for training"""
    actual, _ = turned_bars(probe)
    name = "is the training part"
    recorded = expected("turned", lambda: {name: False}, picture=bar(), times=TIMES)
    assert actual.get(name) is recorded.values[name], (
        "rotated_test_data holds the training pictures; expected `train=False`, the test pictures."
    )
