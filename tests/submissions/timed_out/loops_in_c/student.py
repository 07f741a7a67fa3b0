"""Computes a number that takes hours, without letting any other thread or signal handler run."""


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        return 3**10**9
