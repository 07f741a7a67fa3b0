"""Prints 50 MB to both streams, from Python and past it."""

import os
import sys

import torch


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        for _ in range(25):
            os.write(1, b"o" * 1_000_000)
            sys.stderr.write("e" * 1_000_000)
        return torch.ones_like(x)
