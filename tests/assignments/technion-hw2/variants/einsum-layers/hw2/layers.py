"""Every product is an einsum, labels are one-hot by scatter, the loss is a logsumexp; what is kept has other names."""

import abc
import functools
import itertools
import operator

import torch


class Layer(abc.ABC):
    def __init__(self):
        self.training_mode = True
        self.kept = {}

    def __call__(self, *args, **kwargs):
        return self.forward(*args, **kwargs)

    @abc.abstractmethod
    def forward(self, *args, **kwargs): ...

    @abc.abstractmethod
    def backward(self, dout): ...

    def params(self):
        return []

    def train(self, training_mode=True):
        self.training_mode = training_mode

    def __repr__(self):
        return self.__class__.__name__


class LeakyReLU(Layer):
    def __init__(self, alpha=0.01):
        super().__init__()
        self.alpha = alpha

    def forward(self, x, **kw):
        self.kept["is_negative"] = x < 0
        return torch.where(x < 0, self.alpha * x, x)

    def backward(self, dout):
        return torch.where(self.kept["is_negative"], self.alpha * dout, dout)

    def __repr__(self):
        return f"LeakyReLU({self.alpha=})"


class ReLU(LeakyReLU):
    def __init__(self):
        super().__init__(0)

    def __repr__(self):
        return "ReLU"


class Sigmoid(Layer):
    def forward(self, x, **kw):
        self.kept["y"] = torch.exp(x) / (1 + torch.exp(x))
        return self.kept["y"]

    def backward(self, dout):
        y = self.kept["y"]
        return torch.einsum("...,...,...->...", dout, y, 1 - y)


class TanH(Layer):
    def forward(self, x, **kw):
        e, f = torch.exp(x), torch.exp(-x)
        self.kept["y"] = (e - f) / (e + f)
        return self.kept["y"]

    def backward(self, dout):
        return dout - dout * self.kept["y"] * self.kept["y"]


class Linear(Layer):
    def __init__(self, in_features, out_features, wstd=0.1):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.b = torch.zeros(out_features)
        self.w = torch.normal(0.0, wstd, (out_features, in_features))
        self.gradients = {"w": torch.zeros(self.w.shape), "b": torch.zeros(self.b.shape)}

    def forward(self, x, **kw):
        self.kept["x"] = x
        return torch.einsum("ni,oi->no", x, self.w) + self.b[None, :]

    def backward(self, dout):
        self.gradients["w"] += torch.einsum("no,ni->oi", dout, self.kept["x"])
        self.gradients["b"] += torch.einsum("no->o", dout)
        return torch.einsum("no,oi->ni", dout, self.w)

    def params(self):
        return [(self.b, self.gradients["b"]), (self.w, self.gradients["w"])]

    def __repr__(self):
        return f"Linear({self.in_features=}, {self.out_features=})"


class CrossEntropyLoss(Layer):
    def forward(self, x, y):
        self.kept["x"] = x
        self.kept["one_hot"] = torch.zeros_like(x).scatter_(1, y.unsqueeze(1), 1.0)
        return torch.logsumexp(x, dim=1).mean() - (x * self.kept["one_hot"]).sum(dim=1).mean()

    def backward(self, dout=1.0):
        x, one_hot = self.kept["x"], self.kept["one_hot"]
        return (torch.exp(torch.log_softmax(x, dim=1)) - one_hot) * (1 / x.shape[0]) * dout


class Dropout(Layer):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x, **kw):
        self.kept["mask"] = torch.bernoulli(torch.full_like(x, 1 - self.p)) if self.training_mode else None
        return x if self.kept["mask"] is None else x * self.kept["mask"] / (1 - self.p)

    def backward(self, dout):
        return dout if self.kept["mask"] is None else dout * self.kept["mask"] / (1 - self.p)

    def __repr__(self):
        return f"Dropout({self.p})"


class Sequential(Layer):
    def __init__(self, *layers):
        super().__init__()
        self.layers = list(layers)

    def forward(self, x, **kw):
        values = [x]
        for layer in self.layers:
            values.append(layer.forward(values[-1], **kw))
        return values[-1]

    def backward(self, dout):
        for layer in self.layers[::-1]:
            dout = layer.backward(dout)
        return dout

    def params(self):
        return functools.reduce(operator.iadd, (list(layer.params()) for layer in self.layers), [])

    def train(self, training_mode=True):
        self.training_mode = training_mode
        for layer in self.layers:
            layer.train(training_mode)

    def __getitem__(self, item):
        return self.layers[item]

    def __len__(self):
        return len(self.layers)


class MLP(Layer):
    def __init__(self, in_features, num_classes, hidden_features=(), activation="relu", dropout=0, **kw):
        super().__init__()
        sizes = [in_features, *hidden_features, num_classes]
        layers = []
        for inputs, outputs in itertools.pairwise(sizes):
            layers += [Linear(inputs, outputs, **kw), ReLU() if activation == "relu" else Sigmoid()]
            layers += [Dropout(p=dropout)] if dropout else []
        del layers[-2 if dropout else -1 :]
        self.sequence = Sequential(*layers)

    def forward(self, x, **kw):
        return self.sequence(x, **kw)

    def backward(self, dout):
        return self.sequence.backward(dout)

    def params(self):
        return self.sequence.params()

    def train(self, training_mode=True):
        self.training_mode = training_mode
        self.sequence.train(training_mode)
