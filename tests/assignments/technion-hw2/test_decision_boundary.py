"""Public checks of the figure with the decision boundary.

test_decision_boundary_hidden.py looks at its colours. How the regions are drawn, and what else the figure shows, is
up to the student.
"""

import pytest
import torch
from helpers_decision_boundary import assert_is_grid

from grader.compare import assert_kinds

CORNER = torch.tensor([0.4, 12.5])


def draw_points(rng):
    """Draw points whose two features lie in ranges far apart, and their classes: right of and below a corner."""
    x = torch.rand(40, 2, generator=rng) * torch.tensor([2.0, 3.0]) + torch.tensor([-1.0, 11.0])
    return x, ((x[:, 0] > CORNER[0]) & (x[:, 1] < CORNER[1])).long()


def assert_covers(points, x, *, slack):
    """Ask for a grid (G, 2) that reaches as far as the samples do."""
    assert_is_grid(points)
    low, high = x.amin(dim=0), x.amax(dim=0)
    lowest, highest = points.amin(dim=0), points.amax(dim=0)
    covers = bool((lowest <= low + slack).all() and (highest >= high - slack).all())
    assert covers, (
        f"The classifier was asked from {_text(lowest)} to {_text(highest)}; the samples lie between {_text(low)} and "
        f"{_text(high)}, and the grid has to cover them."
    )


def _text(point):
    return "(" + ", ".join(f"{float(value):.2f}" for value in point) + ")"


@pytest.mark.graded(
    task="decision-boundary",
    weight=1,
    grounds="hw2 part 3, lines 1821 and 1828: the classifier on a grid over the data; fig and ax are returned",
)
def test_decision_boundary(probe, rng):
    """plot_decision_boundary_2d asks the classifier on a grid over all samples and returns (fig, ax)

    The first feature goes to the right, the second one up.
    """
    x, y = draw_points(rng)
    actual = probe("decision_boundary", x=x, y=y, corner=CORNER, where=x[:2])
    assert_kinds(actual, {"returned": str})
    assert actual["returned"] == "(fig, ax)", "It returned something else than the tuple of a figure and its axes."
    assert_covers(actual["asked points"], x, slack=0.11)


@pytest.mark.graded(
    task="decision-boundary",
    weight=1,
    after="test_decision_boundary",
    grounds="hw2 part 3, line 1914: ax is an argument",
)
def test_decision_boundary_in_given_axes(probe, rng):
    """plot_decision_boundary_2d draws into the axes that it is given and returns them

    The experiments draw twelve boundaries into one figure.
    """
    x, y = draw_points(rng)
    actual = probe("decision_boundary", x=x, y=y, corner=CORNER, where=x[:2], own_axes=True)
    assert_is_grid(actual["asked points"])
    # What is returned as the figure is open here: the text throws it away.
    assert actual.get("ax is the given one") is True, (
        "It draws into axes of its own and returns those; expected the axes that it was given as `ax`."
    )
