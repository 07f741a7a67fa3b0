"""Leaves threads, exit handlers, finalisers and timers that would go on when a probe has returned."""

import atexit
import signal
import threading
import time
import weakref

import torch


def linger():
    time.sleep(5)
    print("BREACH: still running")


class Late:
    def __del__(self):
        linger()


LATE = Late()
weakref.finalize(LATE, linger)
atexit.register(linger)
threading._register_atexit(linger)


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        threading.Thread(target=linger, daemon=False).start()
        signal.signal(signal.SIGALRM, lambda *_: linger())
        signal.setitimer(signal.ITIMER_REAL, 3)
        return torch.ones_like(x)
