"""Layers that compute their own gradients: forward keeps what backward needs for the chain rule.

`hw2.optimizers` moves the parameters that `params()` hands out; `hw2.training` runs both in a loop.

Letters in the shape comments: N samples in a batch, D features, C classes, … any further axes.
"""

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
        # TODO: Return the larger of alpha * x and x, element by element; keep what backward needs.
        raise NotImplementedError("LeakyReLU.forward")

    def backward(self, dout):
        # TODO: Return the gradient for x: the slope of this function at every element, times dout.
        raise NotImplementedError("LeakyReLU.backward")

    def params(self):
        return []

    def __repr__(self):
        return f"LeakyReLU(alpha={self.alpha})"


class ReLU(LeakyReLU):
    """Keep what is positive, replace the rest by zero."""

    def __init__(self):
        # TODO: A ReLU is a LeakyReLU with a special slope: pass it to the parent's __init__.
        raise NotImplementedError("ReLU.__init__")

    def __repr__(self):
        return "ReLU"


class Sigmoid(Layer):
    """Squash every element into (0, 1)."""

    def forward(self, x, **kw):
        # TODO: Return 1 / (1 + exp(-x)), element by element, for x of any shape.
        #       Keep what backward needs.
        raise NotImplementedError("Sigmoid.forward")

    def backward(self, dout):
        # TODO: Return the gradient for x. The slope can be written with the output alone.
        raise NotImplementedError("Sigmoid.backward")

    def params(self):
        return []


class TanH(Layer):
    """Squash every element into (-1, 1)."""

    def forward(self, x, **kw):
        # TODO: Return the hyperbolic tangent, element by element, for x of any shape.
        #       Keep what backward needs.
        raise NotImplementedError("TanH.forward")

    def backward(self, dout):
        # TODO: Return the gradient for x. The slope can be written with the output alone.
        raise NotImplementedError("TanH.backward")

    def params(self):
        return []


class Linear(Layer):
    """Map every sample with a matrix and add a bias: z = x W^T + b."""

    def __init__(self, in_features, out_features, wstd=0.1):
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        # TODO: Create self.w of shape (out_features, in_features), normally distributed with
        #       standard deviation wstd, and the vector self.b of shape (out_features,).
        #       Create self.dw and self.db of the same shapes, filled with zeros: they will hold the gradients.
        raise NotImplementedError("Linear.__init__")

    def forward(self, x, **kw):
        # TODO: Return the affine map of every row of x; keep what backward needs.
        raise NotImplementedError("Linear.forward")

    def backward(self, dout):
        # TODO: Add the parameters' gradients to self.dw and self.db in place, so that the pairs which
        #       params() handed out earlier stay valid. Return the gradient for x.
        raise NotImplementedError("Linear.backward")

    def params(self):
        return [(self.w, self.dw), (self.b, self.db)]

    def __repr__(self):
        return f"Linear({self.in_features}, {self.out_features})"


class CrossEntropyLoss(Layer):
    """Average the cross-entropy of class scores (before any softmax) and the labels over a batch."""

    def forward(self, x, y):
        # TODO: Return the mean over the batch of -x_y + log(sum_k exp(x_k)), a tensor without axes.
        #       x holds class scores (N, C), y the labels (N,). Scores may be as large as 1000, whose exp is infinite:
        #       subtract the largest score of each row first, and add it again. Keep what backward needs.
        raise NotImplementedError("CrossEntropyLoss.forward")

    def backward(self, dout=1.0):
        # TODO: Return the gradient of the mean loss for the scores x.
        raise NotImplementedError("CrossEntropyLoss.backward")

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
        # TODO: In training mode drop every element with probability p, in test mode drop nothing.
        #       Scale in one of the two modes so that the expected values of both agree. Keep what backward needs.
        raise NotImplementedError("Dropout.forward")

    def backward(self, dout):
        # TODO: Return the gradient for x: only elements that were kept pass a gradient on.
        raise NotImplementedError("Dropout.backward")

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
        # TODO: Pass x through all layers in turn; hand the keyword arguments to every layer.
        raise NotImplementedError("Sequential.forward")

    def backward(self, dout):
        # TODO: Pass the gradient back through all layers.
        raise NotImplementedError("Sequential.backward")

    def params(self):
        # TODO: Return the (parameter, gradient) pairs of all layers in one flat list.
        raise NotImplementedError("Sequential.params")

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
        # TODO: Build self.sequence, a Sequential: for every hidden size a Linear, its activation
        #       ("relu" or "sigmoid") and, if dropout > 0, a Dropout; then one Linear for the class scores.
        #       Hand kw (for example wstd) to every Linear.
        raise NotImplementedError("MLP.__init__")

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
