"""Runs code of its own while its result is packed: by a profiler, a tracer, and what the garbage collector calls."""

import gc
import sys
import threading

import torch

held = []


def meddle(*_args):
    for tensor in held:
        tensor.fill_(1.0)
    return meddle


class LeakyReLU:
    def __init__(self, alpha):
        self.alpha = alpha

    def forward(self, x):
        result = torch.zeros_like(x)
        held.append(result)
        gc.callbacks.append(meddle)
        gc.set_threshold(1, 1, 1)
        sys.settrace(meddle)
        sys.setprofile(meddle)
        threading.settrace(meddle)
        return result
