"""Forks until it may not, at most 300 times."""

import os
import time

import torch


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        made = 0
        while made < 300:
            try:
                child = os.fork()
            except OSError:
                break
            if child == 0:
                os.setsid()
                time.sleep(20)
                os._exit(0)
            made += 1
        print("BREACH: no limit on processes" if made >= 300 else f"made {made} processes")
        return torch.ones_like(x)
