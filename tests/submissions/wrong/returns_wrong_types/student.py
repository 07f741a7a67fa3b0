"""Returns a nested list, an array, a set with itself, and makes its parameter a double."""

import torch


class LeakyReLU:
    def __init__(self, alpha):
        self.alpha = alpha

    def forward(self, x):
        return [[float(a) if a > 0 else self.alpha * float(a) for a in row] for row in x]


class Linear:
    def __init__(self, w, b):
        self.w, self.b = w, b

    def forward(self, x):
        return (x @ self.w.T + self.b).numpy()


class MomentumSGD:
    def __init__(self, p, learn_rate, momentum):
        self.p = p

    def step(self, gradient):
        self.p.data = self.p.data.double() - 0.3 * gradient
