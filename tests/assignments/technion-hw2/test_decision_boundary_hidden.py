"""Hidden checks of the figure with the decision boundary: what its regions show, and how fine its grid is.

test_decision_boundary.py holds the public ones.
"""

import pytest
import torch
from helpers_decision_boundary import assert_is_grid

from grader.compare import Spec, assert_matches

CORNER = torch.tensor([-0.3, 12.8])
LOW, SIZE = torch.tensor([-1.0, 11.0]), torch.tensor([2.0, 3.0])


def classes_of(points):
    return ((points[:, 0] > CORNER[0]) & (points[:, 1] < CORNER[1])).long()


def draw_places(samples, rng):
    """Draw points inside the samples' range that are far from every sample and from the boundary."""
    points = torch.rand(4000, 2, generator=rng) * SIZE + LOW
    to_samples = torch.cdist((points - LOW) / SIZE, (samples - LOW) / SIZE).amin(dim=1)
    to_boundary = ((points - CORNER).abs() / SIZE).amin(dim=1)
    return points[(to_samples > 0.08) & (to_boundary > 0.12)][:600]


def draw_crossings(samples):
    """Draw short walks (W, S, 2) across both parts of the boundary, of S steps each, far from every sample."""
    steps = torch.linspace(-0.08, 0.08, 81)
    along = torch.linspace(0.1, 0.9, 33)
    upright = torch.stack(
        torch.broadcast_tensors(CORNER[0] + steps * SIZE[0], LOW[1] + along[:, None] * SIZE[1]), dim=2
    )[LOW[1] + along * SIZE[1] < CORNER[1] - 0.1 * SIZE[1]]
    level = torch.stack(torch.broadcast_tensors(LOW[0] + along[:, None] * SIZE[0], CORNER[1] + steps * SIZE[1]), dim=2)[
        LOW[0] + along * SIZE[0] > CORNER[0] + 0.1 * SIZE[0]
    ]
    walks = torch.cat([upright, level])
    nearest = torch.cdist((walks.flatten(0, 1) - LOW) / SIZE, (samples - LOW) / SIZE).amin(dim=1)
    return walks[(nearest.reshape(walks.shape[:2]) > 0.1).all(dim=1)]


def is_within(points, asked):
    """Tell of each point (P, 2) whether it lies in the rectangle around the asked ones (G, 2)."""
    return ((points >= asked.amin(dim=0)) & (points <= asked.amax(dim=0))).all(dim=1)


def share_with_a_line(colours):
    """Return which share of walks (W, S, 3) meets a colour that differs from the one that they start in."""
    differs = (colours - colours[:, :1]).abs().sum(dim=2) > 24
    return float(differs.any(dim=1).double().mean())


def fits_samples(limits):
    """Tell of each axis whether it reaches as far as the samples, and not much farther."""
    low, high = limits[:, 0], limits[:, 1]
    return (low <= LOW) & (low >= LOW - 2 * SIZE) & (high >= LOW + SIZE) & (high <= LOW + 3 * SIZE)


def assert_shows(limits):
    """Ask for axes that reach as far as the samples, and not much farther."""
    fits, low, high = fits_samples(limits), limits[:, 0], limits[:, 1]
    remedy = "Draw regions and samples over the range of the samples."
    if bool(fits_samples(limits.flip(0)).all()):
        remedy = "The axes are swapped."
    elif bool(((low <= LOW.min()) & (high >= (LOW + SIZE).max())).all()):
        remedy = "Both axes reach over both features: either the regions or the samples have their axes swapped."
    for axis, name, feature in ((0, "horizontal", "first"), (1, "vertical", "second")):
        assert bool(fits[axis]), (
            f"The {name} axis runs from {float(low[axis]):.2f} to {float(high[axis]):.2f}, the {feature} feature from "
            f"{float(LOW[axis]):.2f} to {float(LOW[axis] + SIZE[axis]):.2f}. {remedy}"
        )


@pytest.mark.graded(
    task="decision-boundary",
    weight=1,
    after="test_decision_boundary",
    grounds="hw2 part 3, line 1821: what the classifier says on the grid",
)
def test_decision_boundary_regions(probe, rng):
    """The regions of the figure are those that the classifier gives to each class

    If they are mirrored or turned: which of the two arrays of the grid runs along the columns?
    """
    corners = LOW + SIZE * torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    x = torch.cat([corners, torch.rand(4, 2, generator=rng) * SIZE + LOW])
    where, walks = draw_places(x, rng), draw_crossings(x)
    looked_at = torch.cat([where, walks.flatten(0, 1)])
    actual = probe("decision_boundary", x=x, y=classes_of(x), corner=CORNER, where=looked_at)
    assert_matches(actual, {"colours": Spec((len(looked_at), 3), torch.uint8), "limits": Spec((2, 2))})
    assert_is_grid(actual["asked points"])
    assert_shows(actual["limits"])
    # Whether the grid covers all samples is asked elsewhere.
    reached = is_within(where, actual["asked points"])
    assert int(reached.sum()) >= 50, "The grid reaches hardly any place between the samples."
    colours, classes = actual["colours"][: len(where)][reached].long(), classes_of(where[reached])
    _, colour = (colours // 8).unique(dim=0, return_inverse=True)
    counts = torch.zeros(int(colour.max()) + 1, 2).index_put_((colour, classes), torch.ones(()), accumulate=True)
    # A figure that draws the boundary as a line has regions of one colour. The text does not ask for more.
    if float(counts.sum(dim=1).max()) > 0.95 * len(classes):
        crossed = share_with_a_line(actual["colours"][len(where) :].long().reshape(*walks.shape[:2], 3))
        assert crossed >= 0.7, (
            "The figure has one colour all over and no line where the classes meet: it shows the samples, but not what "
            "the classifier says of the grid."
        )
        return
    told = 100 * float(counts.amax(dim=1).sum()) / len(classes)
    assert told >= 90, (
        f"The colours of the figure agree with the classifier's regions at {told:.0f} % of the places looked at; "
        "expected nearly all. Do the axes or the rows and columns of the grid change places?"
    )


# The text has no such argument: the course's given code has.
@pytest.mark.graded(task="decision-boundary", after="test_decision_boundary", advice=True)
def test_decision_boundary_step(probe, rng):
    """A smaller dx makes the grid finer

    Half the distance means about four times as many points.
    """
    x = torch.rand(30, 2, generator=rng) * SIZE + LOW
    inputs = {"x": x, "y": classes_of(x), "corner": CORNER, "where": x[:2]}
    asked = [probe("decision_boundary", dx=dx, **inputs)["asked points"] for dx in (0.2, 0.1)]
    coarse, fine = (len(points) if isinstance(points, torch.Tensor) and points.dim() == 2 else 0 for points in asked)
    assert 0 < 2.5 * coarse <= fine <= 6 * coarse, (
        f"With dx=0.2 the classifier was asked at {coarse} points, with dx=0.1 at {fine}; expected about four times as "
        "many: dx is the distance between neighbouring points of the grid."
    )
