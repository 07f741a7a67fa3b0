"""Looks at every inherited descriptor, reads from it, and duplicates those of other processes."""

import os
import stat

import torch


def look():
    for number in range(1024):
        try:
            mode = os.fstat(number).st_mode
        except OSError:
            continue
        if stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISBLK(mode):
            print("BREACH: a file or folder is open:", number, os.readlink(f"/proc/self/fd/{number}"))
        if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
            os.set_blocking(number, False)
            try:
                if os.read(number, 100):
                    print("BREACH: something could be read from descriptor", number)
            except OSError:
                pass
            os.set_blocking(number, True)
        try:
            os.listdir(f"/proc/self/fd/{number}/..")
            print("BREACH: descriptor", number, "leads to a folder")
        except OSError:
            pass


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        look()
        return torch.ones_like(x)
