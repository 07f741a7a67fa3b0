"""Announces the largest reply that is allowed and sends more and more of it."""

import os
import stat
import struct


def reply_descriptor():
    """Return the pipe that the probe process would send this probe's reply through."""
    open_now = [number for number in range(3, 64) if os.path.exists(f"/proc/self/fd/{number}")]
    return [number for number in open_now if stat.S_ISFIFO(os.fstat(number).st_mode)][-1]


def message(header, body=b""):
    """Return a frame with a safetensors file of this header."""
    payload = struct.pack("<Q", len(header)) + header + body
    return struct.pack(">Q", len(payload)) + payload


def write_all(descriptor, data):
    while data:
        data = data[os.write(descriptor, data) :]


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        reply = reply_descriptor()
        write_all(reply, struct.pack(">Q", 12 << 20))
        for _ in range(100):
            write_all(reply, bytes(1 << 20))
        os._exit(0)
