"""Sends random bytes, framed and not."""

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
        garbage = os.urandom(5000)
        os.write(reply, struct.pack(">Q", len(garbage)) + garbage + os.urandom(5000))
        os._exit(0)
