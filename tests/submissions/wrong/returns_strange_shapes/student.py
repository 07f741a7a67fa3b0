"""Returns tensors with no elements, with no dimensions, and with many of them."""

import torch


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        return torch.empty(0, 2**38)


class Linear:
    def __init__(self, w, b):
        pass

    def forward(self, x):
        return torch.ones([1] * 60)


class MomentumSGD:
    def __init__(self, p, learn_rate, momentum):
        self.p = p

    def step(self, gradient):
        self.p.data = torch.tensor(True)
