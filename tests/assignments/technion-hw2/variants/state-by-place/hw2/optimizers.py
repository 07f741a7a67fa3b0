"""State is kept in dicts, by a parameter's place in memory or in the list, and made when first needed."""

import torch


class Optimizer:
    def __init__(self, params):
        self._params = params

    @property
    def params(self):
        return [(e.data, e.grad.data) if isinstance(e, torch.Tensor) else (e[0], e[1]) for e in self._params]

    def zero_grad(self):
        for _, dp in self.params:
            dp[...] = 0

    def step(self):
        raise NotImplementedError


class VanillaSGD(Optimizer):
    def __init__(self, params, learn_rate=1e-3, reg=0):
        super().__init__(params)
        self.lr, self.reg = learn_rate, reg

    def step(self):
        for p, dp in self.params:
            dp += self.reg * p
            p.sub_(dp, alpha=self.lr)


class MomentumSGD(VanillaSGD):
    def __init__(self, params, learn_rate=1e-3, reg=0, momentum=0.9):
        super().__init__(params, learn_rate, reg)
        self.momentum = momentum
        self.v = {}

    def step(self):
        for p, dp in self.params:
            dp += self.reg * p
            place = p.data_ptr()
            self.v[place] = self.momentum * self.v.get(place, 0) - self.lr * dp
            p += self.v[place]


class RMSProp(VanillaSGD):
    def __init__(self, params, learn_rate=1e-3, reg=0, decay=0.99, eps=1e-8):
        super().__init__(params, learn_rate, reg)
        self.decay, self.eps = decay, eps
        self.r = {}

    def step(self):
        for i, (p, dp) in enumerate(self.params):
            dp += self.reg * p
            r = self.r.setdefault(i, torch.zeros(p.shape))
            r[:] = self.decay * r + (1 - self.decay) * dp * dp
            p -= dp * (self.lr / (r + self.eps) ** 0.5)
