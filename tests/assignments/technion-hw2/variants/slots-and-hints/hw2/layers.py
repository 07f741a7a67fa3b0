"""Type hints, slots and generics; Linear keeps weight and bias in one matrix and appends a one to every row."""

import abc
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

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
    __slots__ = ("alpha", "positive")

    def __init__(self, alpha: float = 0.01) -> None:
        super().__init__()
        self.alpha: float = alpha

    def forward(self, x: torch.Tensor, **kw: Any) -> torch.Tensor:
        self.positive = (x > 0).to(x.dtype)
        return x * (self.positive + self.alpha * (1 - self.positive))

    def backward(self, dout: torch.Tensor) -> torch.Tensor:
        return dout * (self.positive + self.alpha * (1 - self.positive))

    def params(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        return []


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
    __slots__ = ("gradient", "rows", "theta")

    def __init__(self, in_features: int, out_features: int, wstd: float = 0.1) -> None:
        super().__init__()
        self.theta = torch.zeros(out_features, in_features + 1)
        self.theta[:, :-1].normal_(0, wstd)
        self.gradient = torch.zeros_like(self.theta)

    @property
    def w(self) -> torch.Tensor:
        return self.theta[:, :-1]

    @property
    def b(self) -> torch.Tensor:
        return self.theta[:, -1]

    def forward(self, x: torch.Tensor, **kw: Any) -> torch.Tensor:
        self.rows = torch.cat([x, x.new_ones(len(x), 1)], dim=1)
        return self.rows @ self.theta.t()

    def backward(self, dout: torch.Tensor) -> torch.Tensor:
        self.gradient += dout.t() @ self.rows
        return dout @ self.w

    def params(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        return [(self.w, self.gradient[:, :-1]), (self.b, self.gradient[:, -1])]

    def __repr__(self) -> str:
        return f"Linear({self.w.shape[1]}, {self.w.shape[0]})"


class CrossEntropyLoss(Layer):
    reduction: ClassVar[str] = "mean"

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        self.log_p, self.y = torch.log_softmax(x, dim=1), y
        return -torch.gather(self.log_p, 1, y.view(-1, 1)).mean()

    def backward(self, dout: float | torch.Tensor = 1.0) -> torch.Tensor:
        gradient = self.log_p.exp().div(len(self.y))
        gradient.scatter_add_(1, self.y.view(-1, 1), torch.full((len(self.y), 1), -1 / len(self.y)))
        return gradient.mul(dout)

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
    def __init__(
        self,
        in_features: int,
        num_classes: int,
        hidden_features: Sequence[int] = (),
        activation: str = "relu",
        dropout: float = 0,
        **kw: Any,
    ) -> None:
        super().__init__()
        self.sequence: Sequential = Sequential(
            *self._layers(in_features, num_classes, tuple(hidden_features), activation, dropout, kw)
        )

    @staticmethod
    def _layers(size: int, classes: int, hidden: tuple[int, ...], name: str, p: float, kw: dict) -> Iterator[Layer]:
        for width in hidden:
            yield Linear(size, width, **kw)
            yield ReLU() if name == "relu" else Sigmoid()
            if p > 0:
                yield Dropout(p)
            size = width
        yield Linear(size, classes, **kw)

    def forward(self, x: torch.Tensor, **kw: Any) -> torch.Tensor:
        return self.sequence.forward(x, **kw)

    def backward(self, dout: torch.Tensor) -> torch.Tensor:
        return self.sequence.backward(dout)

    def params(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        return self.sequence.params()

    def train(self, training_mode: bool = True) -> None:
        super().train(training_mode)
        self.sequence.train(training_mode)
