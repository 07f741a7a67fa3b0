"""Functions in place of attributes: every forward leaves a closure behind that backward calls."""

import functools
import math
import operator

import torch


class Layer:
    def __init__(self):
        self.training_mode = True
        self._pull_back = None
        self._pairs = []

    def __call__(self, *args, **kwargs):
        z, self._pull_back = self.forward_and_pull_back(*args, **kwargs)
        return z

    forward = __call__

    def backward(self, dout=1.0):
        return self._pull_back(dout)

    def params(self):
        return tuple(self._pairs)

    def train(self, training_mode=True):
        self.training_mode = training_mode

    def __repr__(self):
        return type(self).__name__


def elementwise(name, function, slope_of):
    def forward_and_pull_back(self, x, **kw):
        z = function(self, x)
        slope = slope_of(self, x, z)
        return z, lambda dout: dout.mul(slope)

    return type(name, (Layer,), {"forward_and_pull_back": forward_and_pull_back})


class LeakyReLU(
    elementwise("Leaky", lambda s, x: x.relu() - s.alpha * (-x).relu(), lambda s, x, z: (x > 0) + s.alpha * (x <= 0))
):
    def __init__(self, alpha=0.01):
        super().__init__()
        self.alpha = alpha


class ReLU(LeakyReLU):
    def __init__(self):
        super().__init__(0.0)


Sigmoid = elementwise("Sigmoid", lambda s, x: x.neg().exp().add(1).reciprocal(), lambda s, x, z: z - z.square())
TanH = elementwise("TanH", lambda s, x: 2 / (1 + (-2 * x).exp()) - 1, lambda s, x, z: (1 - z) * (1 + z))


class Linear(Layer):
    def __init__(self, in_features, out_features, wstd=0.1):
        super().__init__()
        self.sizes = in_features, out_features
        limit = math.sqrt(3) * wstd
        self.w = torch.rand(out_features, in_features) * 2 * limit - limit
        self.b = torch.rand(out_features) * 2 * limit - limit
        self._pairs = [(self.w, torch.zeros_like(self.w)), (self.b, torch.zeros_like(self.b))]

    def forward_and_pull_back(self, x, **kw):
        def pull_back(dout):
            (w, dw), (_, db) = self._pairs
            dw.add_(torch.mm(x.t(), dout).t())
            db.add_(torch.ones(len(dout)) @ dout)
            return torch.mm(w.t(), dout.t()).t()

        return torch.mm(self.w, x.t()).t() + self.b, pull_back

    def __repr__(self):
        return f"Linear{self.sizes}"


class CrossEntropyLoss(Layer):
    def forward_and_pull_back(self, x, y):
        shifted = x - x.max()
        shifted = shifted - (shifted.max(dim=1).values.unsqueeze(1))
        log_p = shifted - shifted.exp().sum(1, keepdim=True).log()
        picked = torch.eye(x.shape[1])[y]
        return -(log_p * picked).sum() / len(y), lambda dout=1.0: (log_p.exp() - picked) * (dout / len(y))


class Dropout(Layer):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward_and_pull_back(self, x, **kw):
        if not self.training_mode:
            return x, lambda dout: dout
        keep = 1 - self.p
        scale = (torch.rand(*x.shape) < keep).to(x.dtype).div(keep)
        return x * scale, scale.mul

    def __repr__(self):
        return f"Dropout(p={self.p})"


class Sequential(Layer):
    def __init__(self, *layers):
        super().__init__()
        self.layers = layers

    def forward_and_pull_back(self, x, **kw):
        z = functools.reduce(lambda value, layer: layer(value, **kw), self.layers, x)
        return z, lambda dout: functools.reduce(lambda d, layer: layer.backward(d), self.layers[::-1], dout)

    def params(self):
        for layer in self.layers:
            yield from layer.params()

    def train(self, training_mode=True):
        super().train(training_mode)
        for layer in self.layers:
            layer.train(training_mode)

    def __getitem__(self, index):
        return self.layers[index]

    def __len__(self):
        return len(self.layers)


class MLP(Layer):
    def __init__(self, in_features, num_classes, hidden_features=(), activation="relu", dropout=0, **kw):
        super().__init__()
        hidden = list(hidden_features)
        make = {"relu": ReLU, "sigmoid": Sigmoid}[activation]
        linears = [Linear(*pair, **kw) for pair in zip([in_features, *hidden], [*hidden, num_classes], strict=False)]
        blocks = [[linear, make(), Dropout(dropout)] if dropout else [linear, make()] for linear in linears[:-1]]
        self.sequence = Sequential(*functools.reduce(operator.iadd, blocks, []), linears[-1])

    def forward_and_pull_back(self, x, **kw):
        return self.sequence(x, **kw), self.sequence.backward

    def params(self):
        return list(self.sequence.params())

    def train(self, training_mode=True):
        super().train(training_mode)
        self.sequence.train(training_mode)
