"""As torch.optim writes it: the velocity holds plain gradients and the learning rate comes last; all in place."""

import abc

import torch


class Optimizer(abc.ABC):
    def __init__(self, params):
        self._params = params

    @property
    def params(self):
        pairs = []
        for entry in self._params:
            if isinstance(entry, torch.Tensor):
                pairs.append((entry.data, entry.grad.data if entry.grad is not None else None))
            else:
                pairs.append(tuple(entry))
        return pairs

    @torch.no_grad()
    def zero_grad(self):
        for _, gradient in self.params:
            gradient *= 0

    @abc.abstractmethod
    def step(self): ...


class MomentumSGD(Optimizer):
    def __init__(self, params, learn_rate=1e-3, reg=0, momentum=0.9):
        super().__init__(params)
        self.options = {"lr": learn_rate, "weight_decay": reg, "momentum": momentum}
        self.buffers = [None for _ in self.params]

    @torch.no_grad()
    def step(self):
        for i, (p, dp) in enumerate(self.params):
            gradient = torch.add(dp, p, alpha=self.options["weight_decay"])
            if self.buffers[i] is None:
                self.buffers[i] = gradient.clone()
            else:
                self.buffers[i].mul_(self.options["momentum"]).add_(gradient)
            p.add_(self.buffers[i], alpha=-self.options["lr"])


class VanillaSGD(MomentumSGD):
    """Momentum zero is no momentum."""

    def __init__(self, params, learn_rate=1e-3, reg=0):
        super().__init__(params, learn_rate=learn_rate, reg=reg, momentum=0)


class RMSProp(Optimizer):
    def __init__(self, params, learn_rate=1e-3, reg=0, decay=0.99, eps=1e-8):
        super().__init__(params)
        self.learn_rate, self.reg, self.decay, self.eps = learn_rate, reg, decay, eps
        self.squares = [p.new_zeros(p.shape) for p, _ in self.params]

    @torch.no_grad()
    def step(self):
        for (p, dp), square in zip(self.params, self.squares, strict=True):
            p_before = p.clone()
            dp.add_(p_before, alpha=self.reg)
            square.lerp_(dp.square(), 1 - self.decay)
            p.addcmul_(dp, (square + self.eps).rsqrt(), value=-self.learn_rate)
