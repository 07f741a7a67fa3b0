"""Counts its calls in globals, in torch and in its environment, to answer differently the second time."""

import os

import torch

CALLS = []


class LeakyReLU:
    def __init__(self, alpha):
        if CALLS or hasattr(torch, "called") or "CALLED" in os.environ:
            print("BREACH: an earlier probe left something in this process")

    def forward(self, x):
        CALLS.append(x)
        torch.called = os.environ["CALLED"] = "yes"
        return torch.ones_like(x)


class Linear(LeakyReLU):
    def __init__(self, w, b):
        LeakyReLU.__init__(self, 0)


class MomentumSGD(LeakyReLU):
    def __init__(self, p, learn_rate, momentum):
        LeakyReLU.__init__(self, 0)

    def step(self, gradient):
        pass
