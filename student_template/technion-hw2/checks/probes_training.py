"""Probes of the trainers: batches, whole trainings, early stopping and checkpoints.

The checks in test_training*.py and test_options*.py judge them. Model and loss are stand-ins wherever the student's own
are not what is looked at.
"""

import contextlib
import itertools
import numbers
import os
import pickle
import tempfile
from pathlib import Path

import numpy
import torch
from probes import copy_of, only
from torch.utils.data import DataLoader, TensorDataset

from grader.probes import probe


@probe(needs=["hw2.training"])
def train_batches(*, w, b, xs, ys):
    """Train on one batch after the other; model and loss are torch's, dressed up as layers.

    The optimizer moves nothing: it keeps the gradients that it finds at each step.
    """
    from hw2.training import LayerTrainer

    model = _TorchModel(w, b)
    optimizer = _RecordingOptimizer(model)
    trainer = LayerTrainer(model, _TorchLoss(), optimizer)
    outputs = {}
    for i, (x, y) in enumerate(zip(xs, ys, strict=True), start=1):
        result = trainer.train_batch((x.clone(), y.clone()))
        outputs[f"loss {i}"] = _number(getattr(result, "loss", None))
        outputs[f"num_correct {i}"] = _number(getattr(result, "num_correct", None))
    for i, gradients in enumerate(optimizer.seen, start=1):
        outputs |= {f"grad of {name} at step {i}": gradient for name, gradient in gradients.items()}
    return outputs | {"number of steps": len(optimizer.seen)}


@probe(needs=["hw2.training"])
def evaluated_batch(*, w, b, x, y):
    """Call test_batch once, with the same stand-ins."""
    from hw2.training import LayerTrainer

    model = _TorchModel(w, b)
    optimizer = _RecordingOptimizer(model)
    result = LayerTrainer(model, _TorchLoss(), optimizer).test_batch((x.clone(), y.clone()))
    return {
        "loss": _number(getattr(result, "loss", None)),
        "num_correct": _number(getattr(result, "num_correct", None)),
        "number of steps": len(optimizer.seen),
        "w afterwards": copy_of(model.net.weight),
    }


@probe(needs=["hw2.training"])
def modes_of_fit(*, w, b, train, test, batch_size, num_epochs):
    """Fit a LayerTrainer on the stand-ins; return the mode in which each batch went through the model."""
    from hw2.training import LayerTrainer

    model = _TorchModel(w, b)
    trainer = LayerTrainer(model, _TorchLoss(), _RecordingOptimizer(model))
    loaders = [_loader(*part, batch_size=batch_size) for part in (train, test)]
    trainer.fit(*loaders, num_epochs)
    return {"modes of the batches": ", ".join(model.modes)}


class _TorchModel:
    """A linear model behind the interface of a Layer; autograd does the work."""

    def __init__(self, w, b):
        self.modes = []
        self.last = None
        self.net = torch.nn.Linear(w.shape[1], w.shape[0])
        self.net.weight.data.copy_(w)
        self.net.bias.data.copy_(b)
        for parameter in self.net.parameters():
            parameter.grad = torch.zeros_like(parameter)

    def forward(self, x, **kw):
        mode = "train" if self.net.training else "test"
        if self.last is None or self.last[0] != mode or not torch.equal(self.last[1], x):
            self.modes.append(mode)  # a second pass of one batch, to count what is right, is no second batch
        self.last = (mode, x.detach().clone())
        with torch.enable_grad():
            self.z = self.net(x.detach())
        return self.z.detach()

    __call__ = forward

    def backward(self, dout):
        self.z.backward(only(dout))

    def params(self):
        return [(parameter, parameter.grad) for parameter in self.net.parameters()]

    def train(self, training_mode=True):
        self.net.train(training_mode)


class _RecordingOptimizer:
    """Clear gradients, and at each step keep a copy of them."""

    def __init__(self, model):
        self.net = model.net
        self.params = model.params()
        self.seen = []

    def zero_grad(self):
        for _, gradient in self.params:
            gradient.zero_()

    def step(self):
        self.seen.append({"w": copy_of(self.net.weight.grad), "b": copy_of(self.net.bias.grad)})


class _TorchLoss:
    """The cross-entropy behind the interface of a Layer; autograd does the work."""

    def forward(self, x, y, **kw):
        with torch.enable_grad():
            self.x = x.detach().clone().requires_grad_()
            self.loss = torch.nn.functional.cross_entropy(self.x, y)
        return self.loss.detach()

    __call__ = forward

    def backward(self, dout=1.0):
        gradient = dout * torch.autograd.grad(self.loss, self.x)[0]
        return (gradient, None) if _student_returns_tuples() else gradient

    def params(self):
        return []

    def train(self, training_mode=True):
        pass


def _student_returns_tuples():
    """Tell whether the student's own loss wraps its gradients in a tuple, as the printed documentation has it."""
    with contextlib.suppress(Exception):
        from hw2.layers import CrossEntropyLoss

        loss_fn = CrossEntropyLoss()
        loss_fn(torch.zeros(1, 2), torch.tensor([0]))
        return isinstance(loss_fn.backward(), tuple)
    return False


@probe(needs=["hw2.training", "cs236781.train_results"])
def fit(*, train, test, batch_size, num_epochs, options):
    """Fit a trainer whose batches have scripted results; `train` and `test` hold size, losses and correct.

    The k-th call for a batch gets the k-th loss and number of correct samples.
    """
    from cs236781.train_results import BatchResult
    from hw2.training import LayerTrainer

    calls = {"train": 0, "test": 0}

    def next_result(part, script):
        call = min(calls[part], len(script["losses"]) - 1)
        calls[part] += 1
        return BatchResult(script["losses"][call], script["correct"][call])

    class Scripted(LayerTrainer):  # whose constructor the notebook shows
        def train_batch(self, batch):
            return next_result("train", train)

        def test_batch(self, batch):
            return next_result("test", test)

    loaders = [_loader(torch.zeros(script["size"], 1), batch_size=batch_size) for script in (train, test)]
    result = Scripted(torch.nn.Linear(1, 1), _TorchLoss(), None).fit(*loaders, num_epochs, **options)
    names = ("train_loss", "train_acc", "test_loss", "test_acc")
    outputs = {name: _numbers(getattr(result, name, None)) for name in names}
    return outputs | {f"number of {part} batches": count for part, count in calls.items()}


@probe(needs=["hw2.training", "cs236781.train_results"])
def fit_with_options(*, losses, accuracies, num_epochs, options):
    """Fit a model whose weights are the number of the latest epoch, on scripted test results.

    Both loaders hold one batch of 100 samples, so one call of train_batch is one epoch. What was saved may be one
    file that is written again, or one for each improvement: the newest model counts.
    """
    from cs236781.train_results import BatchResult
    from hw2.training import LayerTrainer

    class Scripted(LayerTrainer):  # whose constructor the notebook shows
        epoch = 0

        def train_batch(self, batch):
            self.epoch += 1
            self.model.weight.data.fill_(self.epoch)
            return BatchResult(1.0, 50)

        def test_batch(self, batch):
            latest = min(self.epoch, num_epochs) - 1
            return BatchResult(losses[latest], accuracies[latest])

    trainer = Scripted(torch.nn.Linear(*_SAVED_SHAPE[::-1], bias=False), _TorchLoss(), None)
    loaders = [_loader(torch.zeros(100, 1), batch_size=100) for _ in range(2)]
    with tempfile.TemporaryDirectory() as folder, _inside(folder):
        result = trainer.fit(*loaders, num_epochs, **options)
        files = [file for file in Path(folder).rglob("*") if file.is_file()]
        saved = [_saved_epoch(file) for file in files]
    return {
        "number of epochs": trainer.epoch,
        "test_loss": _numbers(getattr(result, "test_loss", None)),
        "number of files": len(files),
        "epoch of the saved model": max(saved, default=0),
    }


_SAVED_SHAPE = (2, 3)


@contextlib.contextmanager
def _inside(folder):
    """Work in a folder for a while."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _saved_epoch(file):
    """Return the number that the weights in a file hold; 0 where no such weights can be read."""
    for read in (lambda: torch.load(file, weights_only=False), lambda: pickle.loads(file.read_bytes())):
        with contextlib.suppress(Exception):
            return int(next(_weights_in(read())).flatten()[0])
    return 0


def _weights_in(saved):
    """Yield the tensors of the model's shape in whatever was saved: a module, a dict, a list, a tensor."""
    if isinstance(saved, torch.nn.Module):
        saved = saved.state_dict()
    if isinstance(saved, dict | list | tuple):
        for part in saved.values() if isinstance(saved, dict) else saved:
            yield from _weights_in(part)
    elif isinstance(saved, torch.Tensor) and saved.shape == _SAVED_SHAPE:
        yield saved


@probe(needs=["hw2.layers", "hw2.optimizers", "hw2.training"])
def trained_mlp(*, x, y, new_x, hidden_features, learn_rate, num_epochs, batch_size):
    """Train the student's MLP with their loss, optimizer and trainer; return its scores for new inputs."""
    from hw2.layers import MLP, CrossEntropyLoss
    from hw2.optimizers import VanillaSGD
    from hw2.training import LayerTrainer

    model = MLP(x.shape[1], int(y.max()) + 1, hidden_features=hidden_features)
    optimizer = VanillaSGD(model.params(), learn_rate=learn_rate, reg=0)
    trainer = LayerTrainer(model, CrossEntropyLoss(), optimizer)
    trainer.fit(_loader(x, y, batch_size=batch_size), _loader(x, y, batch_size=batch_size), num_epochs)
    model.train(False)
    return {"scores": copy_of(model(new_x.clone()))}


def _loader(x, y=None, *, batch_size):
    labels = torch.zeros(len(x), dtype=torch.int64) if y is None else y
    return DataLoader(TensorDataset(x.clone(), labels.clone()), batch_size, shuffle=False)


def _number(value):
    """Turn a number or a tensor of one element into a tensor without axes; leave anything else."""
    is_number = isinstance(value, numbers.Real) or (isinstance(value, torch.Tensor) and value.numel() == 1)
    return torch.tensor(float(value)) if is_number else value


def _numbers(values):
    """Turn a list or array of numbers, or of lists of numbers, into one tensor; leave anything else."""
    if isinstance(values, torch.Tensor | numpy.ndarray):
        values = values.tolist()
    if not isinstance(values, list | tuple):
        return values
    lists = [part if isinstance(part, list | tuple) else [part] for part in values]
    flat = [_number(value) for value in itertools.chain.from_iterable(lists)]
    are_numbers = flat and all(isinstance(value, torch.Tensor) and value.dim() == 0 for value in flat)
    return torch.stack(flat) if are_numbers else list(values)
