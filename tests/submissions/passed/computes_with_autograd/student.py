"""Is right, and returns parameters, views, transposed tensors and results that require gradients."""

import multiprocessing

import torch


class LeakyReLU(torch.nn.Module):
    def __init__(self, alpha):
        super().__init__()
        self.alpha = torch.nn.Parameter(torch.tensor(alpha))

    def forward(self, x):
        self.x = x.requires_grad_()
        self.z = torch.where(x > 0, x, self.alpha * x)
        return self.z

    def backward(self, dout):
        (dx,) = torch.autograd.grad(self.z, self.x, dout)
        return torch.nn.Parameter(dx.T.contiguous().T)


class Linear:
    def __init__(self, w, b):
        self.w, self.b = w.requires_grad_(), b.requires_grad_()

    def forward(self, x):
        self.x = x.requires_grad_()
        self.z = torch.nn.functional.linear(x, self.w, self.b)
        return self.z

    def backward(self, dout):
        self.z.backward(dout)
        return self.x.grad, self.w.grad, self.b.grad


def add(pair):
    return pair[0] + pair[1]


class MomentumSGD:
    def __init__(self, p, learn_rate, momentum):
        p = self.p = torch.nn.Parameter(p)
        self.optimizer = torch.optim.SGD([p], lr=learn_rate, momentum=momentum)
        with multiprocessing.get_context("fork").Pool(2) as pool:
            assert pool.map(add, [(1, 2), (3, 4)]) == [3, 7]

    def step(self, gradient):
        self.p.grad = gradient
        self.optimizer.step()
