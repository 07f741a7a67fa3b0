"""Sends an error report with numbers for names, half a surrogate pair and a traceback of its own."""

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


def with_tree(tree, **tensors):
    """Return a frame whose metadata hold this tree of values."""
    return message(json.dumps({"__metadata__": {"tree": tree}, **tensors}).encode())


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        reply = reply_descriptor()
        text = '"Fake\\ud800Error"'
        tree = '{"$dict": [["error", {"$dict": [["type", %s], ["message", %s], ["bases", [1, null]], ' % (text, text)
        tree += (
            '["frames", [["/etc/passwd\\udfff", -5, %s, "\\u0000"]]], ["phase", "probe"], ["raised_in", 7]]}]]}' % text
        )
        write_all(reply, with_tree(tree))
        os._exit(0)
