"""Leaves the process with status 0: by os._exit, by sys.exit and by raising SystemExit."""

import os
import sys


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        os._exit(0)


class Linear:
    def __init__(self, w, b):
        pass

    def forward(self, x):
        sys.exit(0)


class MomentumSGD:
    def __init__(self, p, learn_rate, momentum):
        pass

    def step(self, gradient):
        raise SystemExit
