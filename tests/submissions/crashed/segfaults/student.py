"""Reads address 0, aborts, and recurses in C until the stack is gone."""

import ctypes
import functools
import os


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        return ctypes.string_at(0)


class Linear:
    def __init__(self, w, b):
        pass

    def forward(self, x):
        os.abort()


class MomentumSGD:
    def __init__(self, p, learn_rate, momentum):
        pass

    def step(self, gradient):
        function = print
        for _ in range(300_000):
            function = functools.partial(function).__call__
        function()
        os.kill(os.getpid(), 11)
