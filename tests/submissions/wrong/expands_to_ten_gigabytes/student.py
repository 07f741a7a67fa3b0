"""Returns one number as a tensor of ten gigabytes."""

import torch


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        return torch.zeros(1).expand(10**10 // 4)
