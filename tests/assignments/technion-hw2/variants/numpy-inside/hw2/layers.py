"""NumPy computes; only the surface is torch."""

import abc

import numpy as np
import torch


class Layer(abc.ABC):
    """One step of a computation that knows its output (forward) and its gradient (backward)."""

    def __init__(self):
        self.training_mode = True

    @abc.abstractmethod
    def forward(self, *args, **kwargs):
        """Return the layer's output."""

    @abc.abstractmethod
    def backward(self, dout):
        """Return the loss's gradient for the layer's input; `dout` is the one for the layer's output.

        Gradients of parameters are added to the tensors that `params()` hands out.
        """

    @abc.abstractmethod
    def params(self):
        """Return the layer's (parameter, gradient) pairs; the tensors stay the same from call to call."""

    def train(self, training_mode=True):
        """Switch to training mode, or with False to test mode."""
        self.training_mode = training_mode

    def __call__(self, *args, **kwargs):
        return self.forward(*args, **kwargs)

    def __repr__(self):
        return type(self).__name__


class LeakyReLU(Layer):
    def __init__(self, alpha=0.01):
        super().__init__()
        self.alpha = np.float32(alpha)

    def forward(self, x, **kw):
        self.x = x.numpy()
        return torch.from_numpy(np.maximum(self.alpha * self.x, self.x))

    def backward(self, dout):
        return torch.from_numpy(np.where(self.x > 0, np.float32(1), self.alpha) * dout.numpy())

    def params(self):
        return []


class ReLU(LeakyReLU):
    """Keep what is positive, replace the rest by zero."""

    def __init__(self):
        super().__init__(alpha=0.0)

    def __repr__(self):
        return "ReLU"


class Sigmoid(Layer):
    def forward(self, x, **kw):
        self.z = 1 / (1 + np.exp(-x.numpy()))
        return torch.from_numpy(self.z)

    def backward(self, dout):
        return torch.from_numpy(self.z * (1 - self.z) * dout.numpy())

    def params(self):
        return []


class TanH(Layer):
    def forward(self, x, **kw):
        self.z = np.tanh(x.numpy())
        return torch.from_numpy(self.z)

    def backward(self, dout):
        return torch.from_numpy((1 - self.z * self.z) * dout.numpy())

    def params(self):
        return []


class Linear(Layer):
    """Keeps arrays; the tensors share their memory."""

    def __init__(self, in_features, out_features, wstd=0.1):
        super().__init__()
        draws = np.random.default_rng(int(torch.randint(2**31, ()))).normal(0, wstd, (out_features, in_features))
        self.weight = draws.astype(np.float32)
        self.bias = np.zeros(out_features, np.float32)
        self.grad_w, self.grad_b = np.zeros_like(self.weight), np.zeros_like(self.bias)

    @property
    def w(self):
        return torch.from_numpy(self.weight)

    @property
    def b(self):
        return torch.from_numpy(self.bias)

    def forward(self, x, **kw):
        self.x = x.numpy()
        return torch.from_numpy(self.x.dot(self.weight.T) + self.bias)

    def backward(self, dout):
        dout = dout.numpy()
        self.grad_w += np.dot(dout.T, self.x)
        self.grad_b += np.sum(dout, axis=0)
        return torch.from_numpy(np.dot(dout, self.weight))

    def params(self):
        return [(self.w, torch.from_numpy(self.grad_w)), (self.b, torch.from_numpy(self.grad_b))]

    def __repr__(self):
        return "Linear"


class CrossEntropyLoss(Layer):
    def forward(self, x, y):
        x, self.y = x.numpy(), y.numpy()
        shifted = x - x.max(axis=1, keepdims=True)
        e = np.exp(shifted)
        self.p = e / e.sum(axis=1, keepdims=True)
        losses = np.log(e.sum(axis=1)) - shifted[np.arange(len(x)), self.y]
        return torch.tensor(losses.mean())

    def backward(self, dout=1.0):
        gradient = (self.p - np.eye(self.p.shape[1], dtype=np.float32)[self.y]) / np.float32(len(self.y))
        return torch.from_numpy(gradient) * dout

    def params(self):
        return []


class Dropout(Layer):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x, **kw):
        if not self.training_mode:
            self.mask = None
            return x
        kept = np.random.binomial(1, 1 - self.p, tuple(x.shape))
        self.mask = torch.from_numpy(kept.astype(np.float32)) / (1 - self.p)
        return x * self.mask

    def backward(self, dout):
        return dout if self.mask is None else dout * self.mask

    def params(self):
        return []

    def __repr__(self):
        return "Dropout"


class Sequential(Layer):
    """Run layers one after the other."""

    def __init__(self, *layers):
        super().__init__()
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
        super().train(training_mode)
        for layer in self.layers:
            layer.train(training_mode)

    def __getitem__(self, index):
        return self.layers[index]

    def __len__(self):
        return len(self.layers)

    def __repr__(self):
        return "Sequential\n" + "".join(f"\t[{i}] {layer}\n" for i, layer in enumerate(self.layers))


class MLP(Layer):
    """Alternate Linear layers and activations; the last Linear gives the class scores."""

    def __init__(self, in_features, num_classes, hidden_features=(), activation="relu", dropout=0, **kw):
        super().__init__()
        activations = {"relu": ReLU, "sigmoid": Sigmoid, "tanh": TanH}
        layers = []
        features = in_features
        for hidden in hidden_features:
            layers.append(Linear(features, hidden, **kw))
            layers.append(activations[activation]())
            if dropout > 0:
                layers.append(Dropout(dropout))
            features = hidden
        layers.append(Linear(features, num_classes, **kw))
        self.sequence = Sequential(*layers)

    def forward(self, x, **kw):
        return self.sequence(x, **kw)

    def backward(self, dout):
        return self.sequence.backward(dout)

    def params(self):
        return self.sequence.params()

    def train(self, training_mode=True):
        super().train(training_mode)
        self.sequence.train(training_mode)

    def __repr__(self):
        return f"MLP, {self.sequence}"
