"""Points in the plane.

helpers_moons.py and helpers_mlp_experiment.py import it.
"""

import torch


def turned(x, degrees):
    """Turn points (N, 2) around the origin."""
    angle = torch.deg2rad(torch.tensor(float(degrees)))
    cos, sin = torch.cos(angle), torch.sin(angle)
    return x @ torch.stack([torch.stack([cos, -sin]), torch.stack([sin, cos])]).T
