"""Sends a header with megabytes of empty objects where tensors should be."""

import os
import stat
import json
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
        write_all(reply, message(b'{"z": [' + b"{}," * 3_500_000 + b"{}]}"))
        os._exit(0)
