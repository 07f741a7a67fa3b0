"""Probes of sequences and multilayer perceptrons: layers that are run one after the other.

The checks in test_mlp*.py and test_dropout*.py judge them.
"""

import itertools

import torch
from probes import copy_of, forward_backward, gradients_of, linears_of, only, pairs_of, refill, with_flat_biases

from grader.probes import probe


@probe(needs=["hw2.layers"])
def sequential(*, x, sizes, dout=None, before=None):
    """Run Linear → LeakyReLU → Linear → ReLU → Linear → Sigmoid with four `sizes`."""
    from hw2.layers import LeakyReLU, Linear, ReLU, Sequential, Sigmoid

    linears = [Linear(inputs, outputs) for inputs, outputs in itertools.pairwise(sizes)]
    layers = [linears[0], LeakyReLU(alpha=0.1), linears[1], ReLU(), linears[2], Sigmoid()]
    return _network(Sequential(*layers), linears=linears, x=x, dout=dout, before=before)


@probe(needs=["hw2.layers"])
def sequential_order(*, x, factors, shifts, training=True, extra=None):
    """Run layers of our own, x → factor * x + shift, the shift only in training mode.

    `extra` is handed to the sequence as a keyword argument; the last layer adds it.
    """
    from hw2.layers import Sequential

    steps = [_Step(factor=factor, shift=shift) for factor, shift in zip(factors, shifts, strict=True)]
    steps[-1].adds_extra = True
    sequence = Sequential(*steps)
    sequence.train(False)
    sequence.train(training)
    options = {} if extra is None else {"extra": extra.clone()}
    z = copy_of(sequence(x.clone(), **options))
    values = sorted(float(parameter) for parameter, _ in pairs_of(sequence) if parameter.numel() == 1)
    return {"z": z, "parameters, sorted": torch.tensor(values)}


class _Step:
    """A layer without secrets."""

    def __init__(self, *, factor, shift):
        self.pairs = [(torch.tensor(factor), torch.tensor(0.0)), (torch.tensor(shift), torch.tensor(0.0))]
        self.training_mode = True
        self.adds_extra = False

    def forward(self, x, **kw):
        (factor, _), (shift, _) = self.pairs
        extra = kw.get("extra", 0.0) if self.adds_extra else 0.0
        return factor * x + (shift if self.training_mode else 0.0) + extra

    __call__ = forward

    def backward(self, dout):
        return self.pairs[0][0] * dout

    def params(self):
        return list(self.pairs)

    def train(self, training_mode=True):
        self.training_mode = training_mode


@probe(needs=["hw2.layers"])
def mlp_blocks(*, in_features, num_classes, hidden_features, options):
    """Return what each block of the MLP calls itself."""
    from hw2.layers import MLP

    sequence = MLP(in_features, num_classes, hidden_features=hidden_features, **options).sequence
    blocks = [str(sequence[i]) for i in range(len(sequence))]
    return {"number of blocks": len(sequence), "blocks": blocks}


@probe(needs=["hw2.layers"])
def mlp(*, x, num_classes, hidden_features, options, training=True, dout=None, before=None):
    """Run an MLP; w1, b1, w2, … are the parameters of its Linear layers in their order.

    In test mode a batch in training mode goes before, as in the document.
    """
    from hw2.layers import MLP

    model = MLP(x.shape[1], num_classes, hidden_features=hidden_features, **options)
    if not training:
        model.train(True)
        model(x.clone())
    model.train(training)
    return _network(model, linears=linears_of(model), x=x, dout=dout, before=before)


@probe(needs=["hw2.layers"])
def mlp_with_loss(*, x, labels, num_classes, hidden_features, options):
    """Run a sequence of an MLP and the loss, the labels given as keyword argument."""
    from hw2.layers import MLP, CrossEntropyLoss, Sequential

    model = MLP(x.shape[1], num_classes, hidden_features=hidden_features, **options)
    refill(linears_of(model))
    outputs = _weights(linears_of(model))
    sequence = Sequential(model, CrossEntropyLoss())
    outputs["loss"] = copy_of(sequence(x.clone(), y=labels.clone()))
    outputs["grad of x"] = copy_of(only(sequence.backward(torch.ones(()))))
    return with_flat_biases(outputs | gradients_of(sequence, **_named_weights(linears_of(model))))


@probe(needs=["hw2.layers"])
def mlp_passes(*, x, hidden_features, options):
    """Return four outputs for one input: two in training mode, two in test mode."""
    from hw2.layers import MLP

    model = MLP(x.shape[1], 3, hidden_features=hidden_features, **options)
    model.train(True)
    outputs = {f"training z {i}": copy_of(model(x.clone())) for i in (1, 2)}
    model.train(False)
    return outputs | {f"test z {i}": copy_of(model(x.clone())) for i in (1, 2)}


def _network(model, *, linears, x, dout, before):
    refill(linears)
    outputs = _weights(linears) | forward_backward(model, x=x, dout=dout, before=before)
    return with_flat_biases(outputs if dout is None else outputs | gradients_of(model, **_named_weights(linears)))


def _named_weights(linears):
    """Name the parameters w1, b1, w2, …"""
    named = {}
    for i, layer in enumerate(linears, start=1):
        named |= {f"w{i}": layer.w, f"b{i}": layer.b}
    return named


def _weights(linears):
    return {name: copy_of(value) for name, value in _named_weights(linears).items()}
