"""Calls itself without end, within Python's limit and with the limit lifted."""

import sys


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        return self.forward(x)


class Linear:
    def __init__(self, w, b):
        pass

    def forward(self, x):
        sys.setrecursionlimit(10**9)
        return self.once_more()

    def once_more(self):
        return sorted([0, 1], key=lambda _: self.once_more())
