"""Public checks of test_model_rotated.

The images hold one bright spot each, and the model tells the spot's direction, so what a rotation does is known without
rotating anything. Free is what the document leaves open: which way round, how pixels in between are interpolated and
what the corners are filled with, whether the images are rotated before or after they are normalized, whether those of
the validation or of the test set are taken, and whether the accuracy is a share or a percentage.
"""

import math

import pytest
import torch

from grader.compare import Expectation, Tolerance, assert_matches

DIRECTIONS = 12
STEP = 360 // DIRECTIONS


def draw_spots(rng, *, shares):
    """Draw images (N, 32, 32, 3) with a bright spot, and labels that are right after a turn by so many steps.

    `shares` has the number of images for each turn, counter-clockwise; their order is random.
    """
    turns = torch.tensor([turn for turn, count in shares.items() for _ in range(count)])
    turns = turns[torch.randperm(len(turns), generator=rng)]
    return spots(rng, turns)


def spots(rng, turns):
    places = torch.randint(DIRECTIONS, (len(turns),), generator=rng)
    angles = places * (2 * math.pi / DIRECTIONS)
    line = torch.arange(32) - 15.5
    right, up = 9 * angles.cos(), 9 * angles.sin()
    distance = (line[None, None, :] - right[:, None, None]) ** 2 + (line[None, :, None] + up[:, None, None]) ** 2
    images = (distance < 3.2**2).to(torch.uint8) * 255  # (N, 32, 32)
    return images[..., None].repeat(1, 1, 1, 3), (places + turns) % DIRECTIONS, turns


def expected_share(turns, angle):
    """Return the share of images whose label is right after a rotation by this angle."""
    return float((turns == angle // STEP % DIRECTIONS).double().mean())


def shares_at(turns, angles, *, way=1):
    """Return the share of right answers at each angle, by the probe's name for it; `way` is -1 for clockwise."""
    return {f"rotated by {angle} degrees": expected_share(turns, way * angle) for angle in angles}


BATCH = 128  # the course's


def slips_at(turns, angles, *, way, two_faced):
    """Return what the usual mistakes give at each angle, by the words to tell them with."""
    batches = turns.split(BATCH)

    def at_each(share):
        return {f"rotated by {angle} degrees": share(way * angle) for angle in angles}

    slips = {
        "the average of the batches' accuracies: the last batch is smaller": at_each(
            lambda angle: sum(expected_share(batch, angle) for batch in batches) / len(batches)
        ),
        "the accuracy of the last batch only": at_each(lambda angle: expected_share(batches[-1], angle)),
        "the number of right answers: divide it by the number of images": at_each(
            lambda angle: len(turns) * expected_share(turns, angle)
        ),
    }
    if two_faced:
        words = "the accuracy in training mode: call `model.eval()` first"
        slips[words] = at_each(lambda angle: expected_share(turns, angle + 180))
    return slips


def tell_slip(found, turns, angles, *, two_faced):
    """Fail with the usual mistake that explains all of what was found, if there is one."""
    for way in (1, -1):
        for words, slip in slips_at(turns, angles, way=way, two_faced=two_faced).items():
            if any(all(abs(found[name] - scale * slip[name]) < 1e-3 for name in slip) for scale in (1, 100)):
                name, value = next(iter(found.items()))
                pytest.fail(f"`{name}` is {float(value):.4g}. That is {words}.", pytrace=False)


def assert_accuracies(probe, expected, turns, **inputs):
    """Ask for the accuracies at all angles, either way round, as shares or as percentages; return what came back.

    Recorded is counter-clockwise, as shares.
    """
    angles = inputs["angles"]
    actual, names = probe("rotated_accuracies", **inputs), {angle: f"rotated by {angle} degrees" for angle in angles}
    right = shares_at(turns, angles)
    exact = dict.fromkeys(right, Tolerance(rtol=0, atol=1e-4))
    recorded = expected("rotated_accuracies", lambda: Expectation(right, exact), **inputs).values
    for name in names.values():
        assert isinstance(actual.get(name), float), (
            f"test_model_rotated returns no number; {name} it should be the accuracy."
        )
    found = {name: torch.tensor(actual[name]) for name in names.values()}
    ways = [recorded, shares_at(turns, angles, way=-1)]
    scale = 100 if max(found.values()) > 1 else 1
    ways = [{name: torch.tensor(scale * share) for name, share in way.items()} for way in ways]
    tolerances = dict.fromkeys(found, Tolerance(rtol=0, atol=1e-4 * scale))
    wanted = next((way for way in ways if all(abs(found[name] - way[name]) < 1e-4 * scale for name in way)), ways[0])
    is_right = all(abs(found[name] - wanted[name]) < 1e-4 * scale for name in found)
    if actual.get("angles are drawn") is True and not is_right:
        pytest.fail(
            "RandomRotation(angle) draws another angle between -angle and angle for each call; expected all images "
            "turned by the angle that is asked for: `transforms.functional.rotate(imgs, angle)`.",
            pytrace=False,
        )
    unturned = scale * expected_share(turns, 0)
    turned = [name for angle, name in names.items() if angle % 360 and abs(wanted[name] - unturned) > 1e-3 * scale]
    if turned and all(abs(found[name] - unturned) < 1e-4 * scale for name in turned):
        pytest.fail(
            f"`{turned[0]}` the accuracy is {unturned:.3g}, as without a rotation; expected {wanted[turned[0]]:.3g}. "
            "Does the model get the rotated images, and is the angle in degrees?",
            pytrace=False,
        )
    if not is_right:
        tell_slip(found, turns, angles, two_faced=inputs.get("two_faced", False))
    assert_matches(found, Expectation(wanted, tolerances))
    return actual


SHARES = {0: 50, 1: 17, 2: 10, 3: 20, 6: 5, 9: 13, 11: 13}  # 128: one batch of the course's size


@pytest.mark.graded(
    task="rotation",
    weight=3,
    grounds="practical 2, lines 382 and 383: the accuracy on images turned by the angle; 0 and 360 degrees are none",
)
def test_rotation_none_and_full(probe, expected, rng):
    """Rotated by 0 and by 360 degrees, the accuracy is that of the images as they are

    Return it: the number of right answers divided by the number of images.
    """
    images, labels, turns = draw_spots(rng, shares=SHARES)
    options = {"images": images, "labels": labels, "directions": DIRECTIONS, "angles": [0, 360]}
    assert_accuracies(probe, expected, turns, **options)


@pytest.mark.graded(
    task="rotation",
    weight=4,
    after="test_rotation_none_and_full",
    grounds="practical 2, lines 378 and 383: the accuracy at each angle in degrees",
)
def test_rotation_accuracies(probe, expected, rng):
    """test_model_rotated returns the accuracy on images that are rotated by the angle in degrees

    All images are rotated by the same angle. Seen at 30, 90, 180 and 270 degrees.
    """
    images, labels, turns = draw_spots(rng, shares=SHARES)
    options = {"images": images, "labels": labels, "directions": DIRECTIONS, "angles": [30, 90, 180, 270]}
    assert_accuracies(probe, expected, turns, **options)
