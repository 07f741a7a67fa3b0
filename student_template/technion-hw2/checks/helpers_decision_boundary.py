"""The points of the plane that a figure's classifier was asked for.

test_decision_boundary.py and test_decision_boundary_hidden.py import it.
"""

import torch


def assert_is_grid(points):
    """Ask that the classifier was asked for some points (G, 2)."""
    is_grid = isinstance(points, torch.Tensor) and points.dim() == 2 and points.shape[0] > 0 and points.shape[1] == 2
    assert is_grid, "The classifier was never asked; expected its labels for all points of a grid."
