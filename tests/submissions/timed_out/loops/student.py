"""Loops in Python for ever."""


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        while True:
            pass
