"""Returns a generator that never ends, an iterator over itself and a coroutine."""

import itertools


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        return (number for number in itertools.count())


class Linear:
    def __init__(self, w, b):
        pass

    def forward(self, x):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        return self

    def __len__(self):
        return 2**62
