"""Leaves double-forked processes in sessions of their own that would run for a minute and write files."""

import os
import signal
import time

import torch


def leave_daemon():
    if os.fork() == 0:
        os.setsid()
        for number in range(1, 65):
            if number not in (signal.SIGKILL, signal.SIGSTOP, 32, 33):
                signal.signal(number, signal.SIG_IGN)
        if os.fork() == 0:
            for _ in range(600):
                time.sleep(0.1)
        os._exit(0)


leave_daemon()


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        leave_daemon()
        return torch.ones_like(x)
