"""Waits for a child that never ends."""

import os
import time


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        child = os.fork()
        if child == 0:
            time.sleep(60)
            os._exit(0)
        os.waitpid(child, 0)
