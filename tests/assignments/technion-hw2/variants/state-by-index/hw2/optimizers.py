"""State is kept in lists by running index, NumPy computes, and every parameter is overwritten as a whole."""

import numpy as np
import torch


class Optimizer:
    def __init__(self, params):
        self._params = tuple(params)

    @property
    def params(self):
        for entry in self._params:
            if isinstance(entry, torch.Tensor):
                yield entry.data, None if entry.grad is None else entry.grad.data
            else:
                yield entry[0].data, None if entry[1] is None else entry[1].data

    def zero_grad(self):
        for _, gradient in self.params:
            if gradient is not None:
                gradient.fill_(0)


class VanillaSGD(Optimizer):
    def __init__(self, params, learn_rate=1e-3, reg=0):
        super().__init__(params)
        self.learn_rate = learn_rate
        self.reg = reg
        self.state = None

    def update(self, index, g):
        return -self.learn_rate * g

    def step(self):
        for index, (p, dp) in enumerate(self.params):
            if dp is not None:
                before = p.numpy().copy()
                after = before + self.update(index, dp.numpy() + self.reg * before)
                p.copy_(torch.from_numpy(after.astype(np.float32)))


class MomentumSGD(VanillaSGD):
    def __init__(self, params, learn_rate=1e-3, reg=0, momentum=0.9):
        super().__init__(params, learn_rate, reg)
        self.momentum = momentum

    def update(self, index, g):
        if self.state is None:
            self.state = [np.float32(0)] * len(self._params)
        self.state[index] = self.momentum * self.state[index] - self.learn_rate * g
        return self.state[index]


class RMSProp(VanillaSGD):
    def __init__(self, params, learn_rate=1e-3, reg=0, decay=0.99, eps=1e-8):
        super().__init__(params, learn_rate, reg)
        self.decay = decay
        self.eps = eps

    def update(self, index, g):
        if self.state is None:
            self.state = [np.zeros((), np.float32) for _ in self._params]
        self.state[index] = self.decay * self.state[index] + (1 - self.decay) * np.square(g)
        return -self.learn_rate / np.sqrt(self.state[index] + self.eps) * g
