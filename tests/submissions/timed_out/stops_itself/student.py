"""Stops its own process and its parent, which then never end by themselves."""

import os
import signal

with open("/proc/1/cmdline", "rb") as file:
    if b"grader.sandbox" not in file.read():
        raise SystemExit("not inside the wall: this could hurt the machine")


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        os.kill(os.getppid(), signal.SIGSTOP)
        os.kill(os.getpid(), signal.SIGSTOP)
