"""Announces a kilobyte, sends half of it and leaves."""

import os
import stat
import struct


def reply_descriptor():
    """Return the pipe that the probe process would send this probe's reply through."""
    open_now = [number for number in range(3, 64) if os.path.exists(f"/proc/self/fd/{number}")]
    return [number for number in open_now if stat.S_ISFIFO(os.fstat(number).st_mode)][-1]


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        reply = reply_descriptor()
        os.write(reply, struct.pack(">Q", 1000) + b"x" * 500)
        os._exit(0)
