"""Layers that write: activations into their input, gradients into the tensor that comes from above."""

import torch


class Layer:
    def __init__(self):
        self.training_mode = True

    def __call__(self, *args, **kwargs):
        return self.forward(*args, **kwargs)

    def params(self):
        return []

    def train(self, training_mode=True):
        self.training_mode = bool(training_mode)

    def __repr__(self):
        return type(self).__name__


class LeakyReLU(Layer):
    def __init__(self, alpha=0.01):
        super().__init__()
        self.alpha = alpha

    def forward(self, x, **kw):
        self.negative = x < 0
        x[self.negative] *= self.alpha
        return x

    def backward(self, dout):
        dout[self.negative] *= self.alpha
        return dout


class ReLU(LeakyReLU):
    def __init__(self):
        LeakyReLU.__init__(self, alpha=0.0)


class Sigmoid(Layer):
    def forward(self, x, **kw):
        self.out = x.sigmoid_().clone()
        return x

    def backward(self, dout):
        return dout.mul_(self.out).mul_(1 - self.out)


class TanH(Layer):
    def forward(self, x, **kw):
        self.out = x.mul_(2).sigmoid_().mul_(2).sub_(1).clone()
        return x

    def backward(self, dout):
        dout *= 1 - self.out.pow(2)
        return dout


class Linear(Layer):
    def __init__(self, in_features, out_features, wstd=0.1):
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.w = torch.randn(in_features, out_features).t().contiguous().mul_(wstd)
        self.b = torch.ones(out_features) * 0.01
        self.dw, self.db = torch.zeros_like(self.w), torch.zeros_like(self.b)

    def forward(self, x, **kw):
        self.x = x.clone()
        return torch.einsum("nd,kd->nk", x, self.w) + self.b

    def backward(self, dout):
        self.dw.addmm_(dout.t(), self.x)
        self.db.add_(dout.sum(0))
        return dout.matmul(self.w)

    def params(self):
        return [(self.w.data, self.dw.data), (self.b.data, self.db.data)]

    def __repr__(self):
        return f"Linear(in={self.in_features}, out={self.out_features})"


class CrossEntropyLoss(Layer):
    def forward(self, x, y):
        n = x.shape[0]
        x -= x.max(dim=1, keepdim=True)[0]
        picked = x.flatten()[torch.arange(n) * x.shape[1] + y].clone()
        x.exp_()
        total = x.sum(dim=1, keepdim=True)
        self.probabilities, self.y = x.div_(total), y
        return (total.log().squeeze(1) - picked).sum().div(n)

    def backward(self, dout=1.0):
        n, c = self.probabilities.shape
        slopes = self.probabilities.clone()  # whose own place is that of the scores, which are counted later
        slopes.view(-1)[torch.arange(n) * c + self.y] -= 1.0
        return slopes.div_(n).mul_(dout)


class Dropout(Layer):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x, **kw):
        self.dropped = torch.rand(x.shape) < self.p if self.training_mode else torch.zeros(x.shape, dtype=torch.bool)
        self.scale = 1 / (1 - self.p) if self.training_mode else 1.0
        x[self.dropped] = 0
        return x.mul_(self.scale)

    def backward(self, dout):
        dout[self.dropped] = 0
        return dout.mul_(self.scale)


class Sequential(Layer):
    def __init__(self, *layers):
        super().__init__()
        self.layers = layers

    def forward(self, x, **kw):
        for i in range(len(self.layers)):
            x = self.layers[i](x, **kw)
        return x

    def backward(self, dout):
        i = len(self.layers) - 1
        while i >= 0:
            dout = self.layers[i].backward(dout)
            i -= 1
        return dout

    def params(self):
        pairs = []
        for layer in self.layers:
            pairs.extend(layer.params())
        return pairs

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
        layers = [Linear(in_features, hidden_features[0], **kw)]
        for this, following in zip(hidden_features, [*hidden_features[1:], num_classes], strict=False):
            layers.append(ReLU() if activation == "relu" else Sigmoid())
            if dropout > 0:
                layers.append(Dropout(p=dropout))
            layers.append(Linear(this, following, **kw))
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
