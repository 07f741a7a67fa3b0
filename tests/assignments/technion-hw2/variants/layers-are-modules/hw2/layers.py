"""Layers are torch modules, too, with what this course asks for on top."""

import torch


class Layer(torch.nn.Module):
    training_mode = True

    def backward(self, dout):
        raise NotImplementedError

    def params(self):
        return []

    def train(self, training_mode=True):
        self.training_mode = training_mode
        return super().train(training_mode)


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
    def __init__(self, in_features, out_features, wstd=0.1):
        super().__init__()
        self.register_buffer("w", wstd * torch.randn(out_features, in_features))
        self.register_buffer("b", torch.zeros(out_features))
        self.register_buffer("dw", torch.zeros(out_features, in_features))
        self.register_buffer("db", torch.zeros(out_features))

    def forward(self, x, **kw):
        self.x = x
        return torch.addmm(self.b, x, self.w.T)

    def backward(self, dout):
        self.dw += dout.T.mm(self.x)
        self.db += dout.sum(dim=0)
        return dout.mm(self.w)

    def params(self):
        return [(self.w, self.dw), (self.b, self.db)]

    def extra_repr(self):
        return f"{self.w.shape[1]}, {self.w.shape[0]}"


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
            kept = torch.rand_like(x) >= self.p  # (N, …)
            self.factor = kept / (1 - self.p)  # (N, …)
        else:
            self.factor = torch.ones_like(x)  # (N, …)
        return self.factor * x  # (N, …)

    def backward(self, dout):
        return self.factor * dout  # (N, …)

    def params(self):
        return []

    def __repr__(self):
        return f"Dropout(p={self.p})"


class Sequential(Layer):
    def __init__(self, *layers):
        super().__init__()
        self.layers = layers
        self.modules_among_them = torch.nn.ModuleList(layer for layer in layers if isinstance(layer, Layer))

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
        return self

    def __getitem__(self, index):
        return self.layers[index]

    def __len__(self):
        return len(self.layers)


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
