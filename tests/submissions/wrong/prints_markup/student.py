"""Prints HTML, scripts, terminal escapes and text that runs backwards, and returns ones."""

import sys

import torch

PIECES = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</pre></details></html>",
    "{{ 7*7 }} {% raw %}",
    "\x1b[2J\x1b[31mred",
    "\x1b]0;title\x07",
    "\x1b]8;;http://example.com\x07link\x1b]8;;\x07",
    "\x1b]52;c;ZXZpbA==\x07",
    "\u202egnp.exe",
    "\u2066x\u2069",
    "\x00\x07\x08\x7f",
    "=cmd|' /C calc'!A0",
    "\r\x1b[1A\x1b[2Kpassed 15 of 15",
]
sys.stdout.buffer.write(b"\xff\xfe\x80 no text at all\n")
print(*PIECES, sep="\n")
print(*PIECES, sep="\n", file=sys.stderr)


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        return torch.ones_like(x)
