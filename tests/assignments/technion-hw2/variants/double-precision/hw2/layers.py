"""Everything is computed in float64 and cast back, for the sake of exactness."""

import abc

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
        self.alpha = alpha

    def forward(self, x, **kw):
        self.x = x.double()
        return torch.max(self.x * self.alpha, self.x).to(x.dtype)

    def backward(self, dout):
        slope = torch.where(self.x > 0, 1.0, self.alpha)
        return (slope * dout.double()).to(dout.dtype)

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
        self.z = 1 / (1 + torch.exp(-x.double()))
        return self.z.float()

    def backward(self, dout):
        return (dout.double() * self.z * (1 - self.z)).float()

    def params(self):
        return []


class TanH(Layer):
    def forward(self, x, **kw):
        x = x.double()
        self.z = (torch.exp(x) - torch.exp(-x)) / (torch.exp(x) + torch.exp(-x))
        return self.z.float()

    def backward(self, dout):
        return (dout.double() * (1 - self.z**2)).float()

    def params(self):
        return []


class Linear(Layer):
    def __init__(self, in_features, out_features, wstd=0.1):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.w = (torch.randn(out_features, in_features, dtype=torch.float64) * wstd).float()
        self.b = torch.zeros(out_features)
        self.dw, self.db = torch.zeros_like(self.w), torch.zeros_like(self.b)

    def forward(self, x, **kw):
        self.x = x.double()
        return (self.x @ self.w.double().T + self.b.double()).float()

    def backward(self, dout):
        dout = dout.double()
        self.dw += (dout.T @ self.x).float()
        self.db += dout.sum(dim=0).float()
        return (dout @ self.w.double()).float()

    def params(self):
        return [(self.w, self.dw), (self.b, self.db)]

    def __repr__(self):
        return f"Linear({self.in_features}, {self.out_features})"


class CrossEntropyLoss(Layer):
    def forward(self, x, y):
        self.x, self.y = x.double(), y
        return (torch.logsumexp(self.x, 1) - self.x[torch.arange(len(y)), y]).mean().float()

    def backward(self, dout=1.0):
        gradient = torch.softmax(self.x, dim=1)
        gradient[torch.arange(len(self.y)), self.y] -= 1
        return (dout * gradient / len(self.y)).float()

    def params(self):
        return []


class Dropout(Layer):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x, **kw):
        draws = torch.rand(x.shape, dtype=torch.float64)
        self.factor = (draws > self.p) / (1.0 - self.p) if self.training_mode else torch.ones_like(draws)
        return (x.double() * self.factor).float()

    def backward(self, dout):
        return (dout.double() * self.factor).float()

    def params(self):
        return []

    def __repr__(self):
        return f"Dropout(p={self.p})"


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
