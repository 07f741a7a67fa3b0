"""Sends notes with numbers, nulls and nesting where the grader expects others."""

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
        for note in (
            '{"ended": null}',
            '{"ended": [[]], "status": {}}',
            '{"imported": 1e999}',
            '{"gone": "s1"}',
            "{}",
            '{"done": ' + "9" * 4000 + "}",
            '{"ready": {}, "opened": "s1", "failed": "s1"}',
        ):
            os.write(3, struct.pack(">Q", len(note)) + note.encode())
        for number in range(10):
            note = b'{"ended": %d, "status": true, "cpu_s": NaN, "peak_kib": "x"}' % number
            os.write(3, struct.pack(">Q", len(note)) + note)
        os._exit(0)
