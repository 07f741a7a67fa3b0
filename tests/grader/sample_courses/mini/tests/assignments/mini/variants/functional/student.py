"""The mini course with torch's own functions, and a momentum that keeps the sum of gradients instead of the step."""

import torch
from torch.nn.functional import leaky_relu, linear


class LeakyReLU:
    def __init__(self, alpha):
        self.alpha = alpha

    def forward(self, x):
        self.x = x
        return leaky_relu(x, self.alpha)

    def backward(self, dout):
        return torch.where(self.x > 0, dout, dout * self.alpha)


class Linear:
    def __init__(self, w, b):
        self.w, self.b = w, b

    def forward(self, x):
        self.x = x
        return linear(x, self.w, self.b)

    def backward(self, dout):
        return torch.einsum("nk,kd->nd", dout, self.w), torch.einsum("nk,nd->kd", dout, self.x), dout.sum(dim=0)


class MomentumSGD:
    def __init__(self, p, learn_rate, momentum):
        self.p, self.learn_rate, self.momentum = p, learn_rate, momentum
        self.sum = 0.0

    def step(self, gradient):
        self.sum = self.momentum * self.sum + gradient
        self.p.sub_(self.learn_rate * self.sum)
