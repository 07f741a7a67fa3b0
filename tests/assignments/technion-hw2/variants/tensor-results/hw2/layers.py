"""Linear overwrites its gradients, so nobody has to clear them; Dropout looks its mask up in both modes."""

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
    """Keep what is positive, multiply the rest by a small slope `alpha`."""

    def __init__(self, alpha=0.01):
        super().__init__()
        if not 0 <= alpha < 1:
            raise ValueError(f"alpha is {alpha}; it has to be at least 0 and less than 1.")
        self.alpha = alpha

    def forward(self, x, **kw):
        self.x = x  # (N, …)
        return torch.maximum(self.alpha * x, x)  # (N, …)

    def backward(self, dout):
        slope = torch.full_like(self.x, self.alpha)  # (N, …)
        slope[self.x > 0] = 1.0
        return slope * dout  # (N, …)

    def params(self):
        return []

    def __repr__(self):
        return f"LeakyReLU(alpha={self.alpha})"


class ReLU(LeakyReLU):
    """Keep what is positive, replace the rest by zero."""

    def __init__(self):
        super().__init__(alpha=0.0)

    def __repr__(self):
        return "ReLU"


class Sigmoid(Layer):
    """Squash every element into (0, 1)."""

    def forward(self, x, **kw):
        self.z = 1 / (1 + torch.exp(-x))  # (N, …)
        return self.z

    def backward(self, dout):
        slope = self.z * (1 - self.z)  # (N, …)
        return slope * dout  # (N, …)

    def params(self):
        return []


class TanH(Layer):
    """Squash every element into (-1, 1)."""

    def forward(self, x, **kw):
        self.z = torch.tanh(x)  # (N, …)
        return self.z

    def backward(self, dout):
        slope = 1 - self.z**2  # (N, …)
        return slope * dout  # (N, …)

    def params(self):
        return []


class Linear(Layer):
    """Map every sample with a matrix and add a bias: z = x W^T + b."""

    def __init__(self, in_features, out_features, wstd=0.1):
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.w = wstd * torch.randn(out_features, in_features)  # (D_out, D_in)
        self.b = torch.zeros(out_features)  # (D_out,)
        self.dw = torch.zeros_like(self.w)  # (D_out, D_in)
        self.db = torch.zeros_like(self.b)  # (D_out,)

    def forward(self, x, **kw):
        self.x = x  # (N, D_in)
        return x @ self.w.T + self.b  # (N, D_out)

    def backward(self, dout):
        self.dw[:] = dout.T @ self.x  # (D_out, D_in)
        self.db[:] = dout.sum(dim=0)  # (D_out,)
        return dout @ self.w  # (N, D_in)

    def params(self):
        return [(self.w, self.dw), (self.b, self.db)]

    def __repr__(self):
        return f"Linear({self.in_features}, {self.out_features})"


class CrossEntropyLoss(Layer):
    """Average the cross-entropy of class scores (before any softmax) and the labels over a batch."""

    def forward(self, x, y):
        self.x, self.y = x, y  # (N, C), (N,)
        largest = x.max(dim=1, keepdim=True).values  # (N, 1)
        log_sum = largest[:, 0] + (x - largest).exp().sum(dim=1).log()  # (N,)
        score_of_label = x[torch.arange(len(y)), y]  # (N,)
        return (log_sum - score_of_label).mean()  # ()

    def backward(self, dout=1.0):
        gradient = torch.softmax(self.x, dim=1)  # (N, C)
        gradient[torch.arange(len(self.y)), self.y] -= 1
        return dout * gradient / len(self.y)  # (N, C)

    def params(self):
        return []


class Dropout(Layer):
    """While training, set every element to zero with probability `p`."""

    def __init__(self, p=0.5):
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"p is {p}; a probability of dropping has to be at least 0 and less than 1.")
        self.p = p

    def forward(self, x, **kw):
        if self.training_mode:
            self.kept = torch.rand_like(x) >= self.p  # (N, …)
            return x * self.kept / (1 - self.p)  # (N, …)
        return x

    def backward(self, dout):
        through_mask = dout * self.kept / (1 - self.p)  # (N, …): training comes first
        return through_mask if self.training_mode else dout

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
