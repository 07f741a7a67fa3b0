"""Sleeps, which takes no CPU time."""

import time


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        time.sleep(10_000)
