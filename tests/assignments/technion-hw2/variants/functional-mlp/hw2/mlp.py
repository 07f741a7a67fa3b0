"""Parameters are created by hand, the last layer first, and the activations are functions instead of modules."""

import math

import torch
import torch.nn.functional as F
from torch import nn

ACTIVATIONS = {
    "relu": nn.ReLU,
    "lrelu": nn.LeakyReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "softmax": nn.Softmax,
    "logsoftmax": nn.LogSoftmax,
    "none": nn.Identity,
}
ACTIVATION_DEFAULT_KWARGS = {name: {} for name in ACTIVATIONS}
ACTIVATION_DEFAULT_KWARGS["softmax"] = {"dim": 1}
ACTIVATION_DEFAULT_KWARGS["logsoftmax"] = {"dim": 1}

FUNCTIONS = {
    "relu": lambda z: z.clamp(min=0),
    "lrelu": F.leaky_relu,
    "tanh": torch.tanh,
    "sigmoid": lambda z: 1 / (1 + torch.exp(-z)),
    "softmax": lambda z: F.softmax(z, dim=-1),
    "logsoftmax": lambda z: F.log_softmax(z, dim=-1),
    "none": lambda z: z,
}


class MLP(nn.Module):
    def __init__(self, in_dim, dims, nonlins):
        super().__init__()
        self.in_dim, self.out_dim, self.depth = in_dim, dims[-1], len(dims)
        sizes = [in_dim, *dims]
        for i in reversed(range(self.depth)):
            bound = 1 / math.sqrt(sizes[i])
            self.register_parameter(f"bias_{i}", nn.Parameter(bound * (2 * torch.rand(sizes[i + 1]) - 1)))
            weight = bound * (2 * torch.rand(sizes[i + 1], sizes[i]) - 1)
            self.register_parameter(f"weight_{i}", nn.Parameter(weight))
        self.given = nn.ModuleDict({str(i): f for i, f in enumerate(nonlins) if not isinstance(f, str)})
        self.named = {str(i): FUNCTIONS[f] for i, f in enumerate(nonlins) if isinstance(f, str)}

    def forward(self, x):
        for i in range(self.depth):
            x = x @ getattr(self, f"weight_{i}").T + getattr(self, f"bias_{i}")
            x = self.given[str(i)](x) if str(i) in self.given else self.named[str(i)](x)
        return x
