"""A perfect submission for the mini course."""

import torch


class LeakyReLU:
    def __init__(self, alpha):
        self.alpha = alpha

    def forward(self, x):
        # <solution> Keep positive elements and scale the others; remember what backward needs.
        self.slope = torch.where(x > 0, 1.0, self.alpha).to(x.dtype)
        return self.slope * x
        # </solution>

    def backward(self, dout):
        # <solution> Pass the gradient on with the slope of each side.
        return self.slope * dout
        # </solution>


class Linear:
    def __init__(self, w, b):
        self.w, self.b = w, b

    def forward(self, x):
        # <solution> Compute x @ w.T + b; remember what backward needs.
        self.x = x
        return x @ self.w.T + self.b
        # </solution>

    def backward(self, dout):
        # <solution> Return the gradients of x, w and b.
        return dout @ self.w, dout.T @ self.x, dout.sum(0)
        # </solution>


class MomentumSGD:
    def __init__(self, p, learn_rate, momentum):
        self.p, self.learn_rate, self.momentum = p, learn_rate, momentum
        self.velocity = torch.zeros_like(p)

    def step(self, gradient):
        # <solution> Let the velocity decay, take the gradient into it, and move the parameter in place.
        self.velocity = self.momentum * self.velocity - self.learn_rate * gradient
        self.p += self.velocity
        # </solution>
