"""Returns NaN, infinity and the largest numbers, with gradients required."""

import torch


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        return torch.full_like(x, float("nan"), requires_grad=True)


class Linear:
    def __init__(self, w, b):
        pass

    def forward(self, x):
        return torch.full((7, 3), float("inf"), requires_grad=True) * 2


class MomentumSGD:
    def __init__(self, p, learn_rate, momentum):
        self.p = p

    def step(self, gradient):
        self.p.fill_(3e38)
