"""Draw points in the plane with classes: data sets that are new for every seed.

`grader.datasets.parts` draws each part of a data set with them.
"""

import numpy as np
import torch

_ARMS = 4
_SPIRAL_NOISE = 0.16
_MOON_NOISE = 0.2


def draw_moons(rows: int, *, seed: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw two interleaved half circles with noise 0.2, as scikit-learn draws them: points (N, 2), classes (N,)."""
    from sklearn.datasets import make_moons  # type: ignore[import-untyped]

    # Not the seed itself: RandomState takes 32 bits of it, which can be guessed.
    rng = np.random.RandomState(np.random.MT19937(np.random.SeedSequence(seed)))
    points, classes = make_moons(rows, noise=_MOON_NOISE, random_state=rng)
    return torch.from_numpy(points).float(), torch.from_numpy(classes).long()


def draw_spirals(rows: int, *, seed: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw four spiral arms whose noise grows with the radius: points (N, 2), classes (N,)."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(_ARMS, size=rows)
    radius = rng.random(rows)
    angle = 2 * np.pi / _ARMS * (2 * radius + classes)
    circle = np.stack([np.sin(angle), np.cos(angle)], axis=1)  # (N, 2)
    points = radius[:, None] * (circle + _SPIRAL_NOISE * rng.standard_normal((rows, 2)))
    return torch.from_numpy(points).float(), torch.from_numpy(classes)
