"""Hidden check of the binary classifier that learns two moons: other points, other initial parameters.

test_moons.py holds the public ones.
"""

import pytest
from helpers_moons import draw_moons, train_and_judge


@pytest.mark.graded(
    task="moons",
    weight=2,
    after="test_moons",
    grounds="hw2 part 3, lines 1709, 1736 and 1737: an accuracy that is easily reached",
)
def test_moons_other_points(probe, dataset, rng, curve):
    """The classifier of part 3 learns from other points as well

    The same requirements and hyperparameters, new training and validation points.
    """
    train_and_judge(probe, curve, draw_moons(dataset, rng, seed=1))
