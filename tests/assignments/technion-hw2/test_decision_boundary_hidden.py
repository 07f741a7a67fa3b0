"""Hidden checks of the figure with the decision boundary: what its regions show, and how fine its grid is.

test_decision_boundary.py holds the public ones.
"""

import pytest
import torch

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
    where = draw_places(x, rng)
    actual = probe("decision_boundary", x=x, y=classes_of(x), corner=CORNER, where=where)
    assert_matches(actual, {"colours": Spec((len(where), 3), torch.uint8), "limits": Spec((2, 2))})
    assert_shows(actual["limits"])
    colours, classes = actual["colours"].long(), classes_of(where)
    _, colour = (colours // 8).unique(dim=0, return_inverse=True)
    counts = torch.zeros(int(colour.max()) + 1, 2).index_put_((colour, classes), torch.ones(()), accumulate=True)
    # A figure that draws the boundary as a line has regions of one colour. The text does not ask for more.
    if float(counts.sum(dim=1).max()) > 0.95 * len(where):
        return
    told = 100 * float(counts.amax(dim=1).sum()) / len(where)
    assert told >= 90, (
        f"The colours of the figure agree with the classifier's regions at {told:.0f} % of the places looked at; "
        "expected nearly all. Do the axes or the rows and columns of the grid change places?"
    )


@pytest.mark.graded(
    task="decision-boundary",
    weight=1,
    after="test_decision_boundary",
    grounds="hw2 part 3, line 1821: a constant grid, whose step is an argument",
)
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
