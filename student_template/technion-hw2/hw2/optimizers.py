"""Optimizers: they move parameters in place, each by its own rule, and add the L2 penalty's gradient.

The pairs come from `params()` of `hw2.layers`, or from plain torch parameters.
"""

import abc

import torch


class Optimizer(abc.ABC):
    """Hold parameters and their gradients, and move the parameters step by step."""

    def __init__(self, params):
        """Take (parameter, gradient) pairs as from `Layer.params()`, or torch parameters with a `.grad`."""
        self._params = list(params)

    @property
    def params(self):
        """Return (parameter, gradient) pairs, ready to be changed in place; a gradient may be None.

        Pairs of plain tensors are handed on as they are: the same objects at every call.
        """
        pairs = []
        for entry in self._params:
            pair = (entry, entry.grad) if isinstance(entry, torch.Tensor) else entry
            pairs.append(tuple(_without_autograd(tensor) for tensor in pair))
        return pairs

    def zero_grad(self):
        """Set all gradients to zero, in place."""
        for _, gradient in self.params:
            if gradient is not None:
                gradient.zero_()

    @abc.abstractmethod
    def step(self):
        """Move every parameter once, following its gradient."""


def _without_autograd(tensor):
    """Return the tensor itself, or a view of its memory that autograd doesn't watch; None stays None."""
    return tensor.detach() if tensor is not None and tensor.requires_grad else tensor


class VanillaSGD(Optimizer):
    """Move against the gradient."""

    def __init__(self, params, learn_rate=1e-3, reg=0):
        super().__init__(params)
        self.learn_rate = learn_rate
        self.reg = reg

    def step(self):
        for p, dp in self.params:
            if dp is None:
                continue
            # TODO: Add the gradient of the penalty 1/2 * reg * ||p||^2 to dp, then move p in place.
            raise NotImplementedError("VanillaSGD.step")


class MomentumSGD(Optimizer):
    """Move with a velocity that remembers earlier gradients."""

    def __init__(self, params, learn_rate=1e-3, reg=0, momentum=0.9):
        super().__init__(params)
        self.learn_rate = learn_rate
        self.reg = reg
        self.momentum = momentum
        # TODO: Create one velocity for each parameter, at rest.
        self.velocities = []

    def step(self):
        # TODO: For every parameter: add the penalty's gradient to dp, update its velocity
        #       v = momentum * v - learn_rate * gradient, then move p in place by v.
        #       Skip a parameter whose dp is None.
        raise NotImplementedError("MomentumSGD.step")


class RMSProp(Optimizer):
    """Move each element at its own rate: slower where its gradients have been large."""

    def __init__(self, params, learn_rate=1e-3, reg=0, decay=0.99, eps=1e-8):
        super().__init__(params)
        self.learn_rate = learn_rate
        self.reg = reg
        self.decay = decay
        self.eps = eps
        # TODO: Create one moving average of squared gradients for each parameter, zero at first.
        self.averages = []

    def step(self):
        # TODO: For every parameter: add the penalty's gradient to dp, update its average
        #       r = decay * r + (1 - decay) * gradient^2, then move p in place against the gradient,
        #       learn_rate / sqrt(r + eps) times as far. Skip a parameter whose dp is None.
        raise NotImplementedError("RMSProp.step")
