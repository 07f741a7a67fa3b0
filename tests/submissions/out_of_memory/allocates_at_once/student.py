"""Asks torch, Python and numpy for far more than there is."""

import numpy
import torch


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        return torch.zeros(10**11)


class Linear:
    def __init__(self, w, b):
        pass

    def forward(self, x):
        return bytearray(10**11)


class MomentumSGD:
    def __init__(self, p, learn_rate, momentum):
        pass

    def step(self, gradient):
        return numpy.ones(10**10)
