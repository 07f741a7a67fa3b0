"""Autograd does the work: forward keeps a graph over detached leaves, backward asks it for the gradients."""

import torch


class Layer:
    training_mode = True

    def __call__(self, *args, **kwargs):
        return self.forward(*args, **kwargs)

    def forward(self, x, *args, **kw):
        with torch.enable_grad():
            self.leaf = x.detach().requires_grad_()
            self.leaves = [p.detach().requires_grad_() for p, _ in self.own]
            self.out = self.compute(self.leaf, *self.leaves, *args, **kw)
        return self.out.detach()

    def backward(self, dout=1.0):
        dout = torch.as_tensor(dout, dtype=self.out.dtype).expand(self.out.shape)
        dx, *gradients = torch.autograd.grad(self.out, [self.leaf, *self.leaves], dout)
        for (_, total), gradient in zip(self.own, gradients, strict=False):
            total.add_(gradient)
        return dx

    own = ()

    def params(self):
        return list(self.own)

    def train(self, training_mode=True):
        self.training_mode = training_mode

    def __repr__(self):
        return self.__class__.__name__


class LeakyReLU(Layer):
    def __init__(self, alpha=0.01):
        self.alpha = alpha

    def compute(self, x, **kw):
        return x.clamp(min=0) + self.alpha * x.clamp(max=0)


class ReLU(LeakyReLU):
    def __init__(self):
        super().__init__(alpha=0)


class Sigmoid(Layer):
    def compute(self, x, **kw):
        return x.sigmoid()


class TanH(Layer):
    def compute(self, x, **kw):
        return x.tanh()


class Linear(Layer):
    def __init__(self, in_features, out_features, wstd=0.1):
        self.shape = in_features, out_features
        self.w = torch.empty(out_features, in_features).normal_(std=wstd)
        self.b = torch.empty(out_features).normal_(std=wstd)
        self.own = [(self.w, torch.zeros_like(self.w)), (self.b, torch.zeros_like(self.b))]

    def compute(self, x, w, b, **kw):
        return torch.addmm(b, x, w.t())

    def __repr__(self):
        return "Linear({}, {})".format(*self.shape)


class CrossEntropyLoss(Layer):
    def compute(self, x, y):
        return -x.log_softmax(dim=1)[range(len(y)), y].mean()


class Dropout(Layer):
    def __init__(self, p=0.5):
        self.p = p

    def compute(self, x, **kw):
        return x * (torch.rand(x.shape) > self.p) / (1 - self.p) if self.training_mode else x * 1

    def __repr__(self):
        return f"Dropout(p={self.p})"


class Sequential(Layer):
    def __init__(self, *layers):
        self.layers = layers

    def forward(self, x, **kw):
        for layer in self.layers:
            x = layer(x, **kw)
        return x

    def backward(self, dout):
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return dout

    def params(self):
        return [pair for layer in self.layers for pair in layer.params()]

    def train(self, training_mode=True):
        self.training_mode = training_mode
        [layer.train(training_mode) for layer in self.layers]

    def __getitem__(self, index):
        return self.layers[index]

    def __len__(self):
        return len(self.layers)


class MLP(Sequential):
    """A Sequential itself; `sequence` is its own name for itself."""

    def __init__(self, in_features, num_classes, hidden_features=(), activation="relu", dropout=0, **kw):
        layers, last = [], in_features
        for size in hidden_features:
            layers += [Linear(last, size, **kw), {"relu": ReLU, "sigmoid": Sigmoid}[activation]()]
            layers += [Dropout(dropout)] * (dropout > 0)
            last = size
        super().__init__(*layers, Linear(last, num_classes, **kw))

    @property
    def sequence(self):
        return self
