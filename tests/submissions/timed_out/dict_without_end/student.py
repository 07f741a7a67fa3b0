"""Returns a mapping with more and more items."""

import time
from collections.abc import Mapping


class Endless(Mapping):
    def __getitem__(self, key):
        time.sleep(0.01)
        return key

    def __iter__(self):
        number = 0
        while True:
            yield number
            number += 1

    def __len__(self):
        return 1


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        return Endless()
