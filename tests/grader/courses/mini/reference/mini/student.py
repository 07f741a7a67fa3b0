"""A perfect submission for the mini course."""

import torch


class LeakyReLU:
    def __init__(self, alpha):
        self.alpha = alpha

    def forward(self, x):
        self.slope = torch.where(x > 0, 1.0, self.alpha).to(x.dtype)
        return self.slope * x

    def backward(self, dout):
        return self.slope * dout


class Linear:
    def __init__(self, w, b):
        self.w, self.b = w, b

    def forward(self, x):
        self.x = x
        return x @ self.w.T + self.b

    def backward(self, dout):
        return dout @ self.w, dout.T @ self.x, dout.sum(0)


class MomentumSGD:
    def __init__(self, p, learn_rate, momentum):
        self.p, self.learn_rate, self.momentum = p, learn_rate, momentum
        self.velocity = torch.zeros_like(p)

    def step(self, gradient):
        self.velocity = self.momentum * self.velocity - self.learn_rate * gradient
        self.p += self.velocity
