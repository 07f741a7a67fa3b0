"""Reads from a mapped file that it has cut off: the kernel ends it with SIGBUS."""

import mmap

import torch


class LeakyReLU:
    def __init__(self, alpha):
        self.alpha = alpha

    def forward(self, x):
        with open("/tmp/mapped", "w+b") as file:
            file.truncate(8192)
            mapped = mmap.mmap(file.fileno(), 8192)
            file.truncate(0)
            return torch.full_like(x, mapped[5000])
