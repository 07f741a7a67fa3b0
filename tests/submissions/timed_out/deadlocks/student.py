"""Waits for a lock that it holds itself."""

import threading

lock = threading.Lock()


class LeakyReLU:
    def __init__(self, alpha):
        self.alpha = alpha

    def forward(self, x):
        with lock, lock:
            return x
