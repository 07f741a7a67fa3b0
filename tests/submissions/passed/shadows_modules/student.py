"""Is right, and brings files named like the standard library's, torch's, pytest's and the grader's."""

import json
import random
import statistics

import torch

for module in (json, random, statistics, torch):
    if not hasattr(module, "__file__") or "submission" in module.__file__:
        print("BREACH: the submission's own", module.__name__)


class LeakyReLU:
    def __init__(self, alpha):
        self.alpha = alpha

    def forward(self, x):
        self.x = x
        return x.clamp(min=0) + self.alpha * x.clamp(max=0)

    def backward(self, dout):
        return dout * ((self.x > 0) + self.alpha * (self.x <= 0))


class Linear:
    def __init__(self, w, b):
        self.w, self.b = w, b

    def forward(self, x):
        self.x = x
        return x @ self.w.T + self.b

    def backward(self, dout):
        return dout @ self.w, dout.T @ self.x, dout.sum(dim=0)


class MomentumSGD:
    def __init__(self, p, learn_rate, momentum):
        self.p, self.learn_rate, self.momentum, self.v = p, learn_rate, momentum, 0

    def step(self, gradient):
        self.v = self.momentum * self.v - self.learn_rate * gradient
        self.p += self.v
