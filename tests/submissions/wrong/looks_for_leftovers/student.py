"""Looks for files, processes and changed modules that another submission left behind."""

import os
import sys

import torch

# The wall shows Python where it is installed, be it below /tmp.
own = {"submission", "student.py"} | {path.split("/")[2] for path in (*sys.path, sys.prefix) if path.startswith("/tmp/")}
for folder in ("/tmp", "/dev/shm", "."):
    left = [name for name in os.listdir(folder) if name not in own]
    if left:
        print("BREACH: another submission left", left)
if float(torch.zeros_like(torch.ones(1))) != 0.0:
    print("BREACH: another submission changed torch")
if len([name for name in os.listdir("/proc") if name.isdigit()]) > 2:
    print("BREACH: more processes than pid 1 and this one")


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        return torch.ones_like(x)
