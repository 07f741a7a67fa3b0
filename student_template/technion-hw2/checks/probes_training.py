"""Probes of the trainers: batches, whole trainings, early stopping and checkpoints.

The checks in test_training*.py and test_options*.py judge them. They run the
student's own parts together; what comes from another task's part is not charged again (`builds_on`).
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
from probes import copy_of, gradients_of, linears_of, refill, with_flat_biases
from torch.utils.data import DataLoader, TensorDataset

from grader.probes import probe


@probe(needs=["hw2.training"])
def train_batches(*, xs, ys, num_classes):
    """Train on one batch after the other, with the student's own MLP and loss.

    The optimizer moves nothing: it keeps the gradients that it finds at each step.
    """
    from hw2.training import LayerTrainer

    model, loss_fn = _model_and_loss(xs[0], num_classes)
    recorder = _Recorder(model)
    trainer = LayerTrainer(model, loss_fn, recorder.optimizer())
    outputs = recorder.parameters()
    for i, (x, y) in enumerate(zip(xs, ys, strict=True), start=1):
        result = trainer.train_batch((x.clone(), y.clone()))
        outputs[f"loss {i}"] = _number(getattr(result, "loss", None))
        outputs[f"num_correct {i}"] = _number(getattr(result, "num_correct", None))
    for i, gradients in enumerate(recorder.seen, start=1):
        outputs |= {f"{name} at step {i}": gradient for name, gradient in gradients.items()}
    return outputs | {"number of steps": len(recorder.seen)}


@probe(needs=["hw2.training"])
def evaluated_batch(*, x, y, num_classes):
    """Call test_batch once, with the same parts."""
    from hw2.training import LayerTrainer

    model, loss_fn = _model_and_loss(x, num_classes)
    recorder = _Recorder(model)
    trainer = LayerTrainer(model, loss_fn, recorder.optimizer())
    calls, model.backward = [], _noting(model.backward, lambda *_a, **_kw: calls.append("backward"))
    outputs = recorder.parameters()
    result = trainer.test_batch((x.clone(), y.clone()))
    return outputs | {
        "loss": _number(getattr(result, "loss", None)),
        "num_correct": _number(getattr(result, "num_correct", None)),
        "number of backward passes": len(calls),
        "number of steps": len(recorder.seen),
        **{f"{name} afterwards": value for name, value in recorder.parameters().items()},
    }


@probe(needs=["hw2.training"])
def modes_of_fit(*, train, test, batch_size, num_epochs, num_classes):
    """Fit a LayerTrainer; return the mode in which each batch went through the model."""
    from hw2.training import LayerTrainer

    model, loss_fn = _model_and_loss(train[0], num_classes)
    modes, latest = [], {"mode": "none", "x": None}

    def note_mode(training_mode=True):
        latest["mode"] = "train" if training_mode else "test"

    def note_batch(x, *_args, **_kw):
        if latest["x"] is None or latest["x"][0] != latest["mode"] or not torch.equal(latest["x"][1], x):
            modes.append(latest["mode"])  # a second pass of one batch, to count what is right, is no second batch
        latest["x"] = latest["mode"], x.detach().clone()

    for part in (model, *_blocks_of(model)):
        part.train = _noting(part.train, note_mode)
    _watch(model, note_batch)
    trainer = LayerTrainer(model, loss_fn, _Recorder(model).optimizer())
    trainer.fit(*(_loader(*part, batch_size=batch_size) for part in (train, test)), num_epochs)
    return {"modes of the batches": ", ".join(modes)}


def _watch(model, note):
    """Let a model call `note` with each batch first, whether it is called itself or its `forward` is."""

    class Watched(type(model)):
        __slots__ = ()

        def __call__(self, *args, **kw):
            note(*args, **kw)
            return super().__call__(*args, **kw)

        def forward(self, *args, **kw):
            note(*args, **kw)
            return super().forward(*args, **kw)

    model.__class__ = Watched


def _noting(function, note):
    """Return a function that calls `note` with its arguments first."""

    def noting(*args, **kw):
        note(*args, **kw)
        return function(*args, **kw)

    return noting


def _model_and_loss(x, num_classes, *, hidden=8, refilled=True):
    """Return the student's network with one hidden layer, and their loss.

    Its weights and biases are drawn anew if it is `refilled`: a bias of 0 would hide mistakes.
    """
    from hw2.layers import MLP, CrossEntropyLoss

    model = MLP(x[0].numel(), num_classes, hidden_features=[hidden])
    if refilled:
        refill(linears_of(model))
    return model, CrossEntropyLoss()


def _blocks_of(model):
    return [model.sequence[i] for i in range(len(model.sequence))]


class _Recorder:
    """Keep the gradients that an optimizer finds at each of its steps."""

    def __init__(self, model):
        self.model = model
        self.named = {}
        for i, layer in enumerate(linears_of(model), start=1):
            self.named |= {f"w{i}": layer.w, f"b{i}": layer.b}
        self.seen = []

    def parameters(self):
        """Return the parameters w1, b1, … as they are now."""
        return with_flat_biases({name: copy_of(value) for name, value in self.named.items()})

    def optimizer(self):
        """Return the student's VanillaSGD, whose steps move nothing."""
        from hw2.optimizers import VanillaSGD

        recorder = self

        class Recording(VanillaSGD):
            def step(self):
                recorder.note()

        return Recording(self.model.params(), learn_rate=0.1, reg=0)

    def note(self):
        """Keep the gradients as they are now."""
        outputs = with_flat_biases(self.named | gradients_of(self.model, **self.named))
        self.seen.append({name: value for name, value in outputs.items() if name.startswith("grad")})


@probe(needs=["hw2.training", "cs236781.train_results"])
def fit(*, train, test, batch_size, num_epochs, options, tensors):
    """Fit a trainer whose batches have scripted results; `train` and `test` hold size, losses and correct.

    The k-th call for a batch gets the k-th loss and number of correct samples; `tensors` names which of the two are
    tensors, as those of the student's own batches may be.
    """
    from cs236781.train_results import BatchResult
    from hw2.training import LayerTrainer

    calls = {"train": 0, "test": 0}

    def next_result(part, script):
        call = min(calls[part], len(script["losses"]) - 1)
        calls[part] += 1
        values = {"loss": script["losses"][call], "num_correct": script["correct"][call]}
        return BatchResult(*(torch.tensor(value) if name in tensors else value for name, value in values.items()))

    class Scripted(LayerTrainer):  # whose constructor the notebook shows
        def train_batch(self, batch):
            return next_result("train", train)

        def test_batch(self, batch):
            return next_result("test", test)

    loaders = [_loader(torch.zeros(script["size"], 1), batch_size=batch_size) for script in (train, test)]
    model, loss_fn = _model_and_loss(torch.zeros(1, 1), 2)
    result = Scripted(model, loss_fn, None).fit(*loaders, num_epochs, **options)
    names = ("train_loss", "train_acc", "test_loss", "test_acc")
    outputs = {name: _numbers(getattr(result, name, None)) for name in names}
    return outputs | {f"number of {part} batches": count for part, count in calls.items()}


@probe(needs=["hw2.training", "cs236781.train_results"])
def fit_with_options(*, losses, accuracies, num_epochs, options, tensors=()):
    """Fit a model whose weights are the number of the latest epoch, on scripted test results.

    Both loaders hold one batch of 100 samples, so one call of train_batch is one epoch. What was saved may be one
    file that is written again, or one for each improvement: the newest model counts. `tensors` names which of loss and
    num_correct are tensors, as those of the student's own batches may be.
    """
    from cs236781.train_results import BatchResult
    from hw2.training import LayerTrainer

    model, epochs = torch.nn.Linear(*_SAVED_SHAPE[::-1], bias=False), []

    def result(loss, num_correct):
        values = {"loss": float(loss), "num_correct": num_correct}
        return BatchResult(*(torch.tensor(value) if name in tensors else value for name, value in values.items()))

    class Scripted(LayerTrainer):  # whose constructor the notebook shows
        def train_batch(self, batch):
            epochs.append(len(epochs) + 1)
            model.weight.data.fill_(len(epochs))
            return result(1.0, 50)

        def test_batch(self, batch):
            latest = min(len(epochs), num_epochs) - 1
            return result(losses[latest], accuracies[latest])

    trainer = Scripted(model, torch.nn.CrossEntropyLoss(), None)
    loaders = [_loader(torch.zeros(100, 1), batch_size=100) for _ in range(2)]
    with tempfile.TemporaryDirectory() as folder, _inside(folder):
        returned = trainer.fit(*loaders, num_epochs, **options)
        files = [file for file in Path(folder).rglob("*") if file.is_file()]
        saved = [_saved_epoch(file) for file in files]
    return {
        "number of epochs": len(epochs),
        "test_loss": _numbers(getattr(returned, "test_loss", None)),
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


@probe(needs=["hw2.training"])
def trained_mlp(*, x, y, new_x, learn_rate, num_epochs, batch_size):
    """Train the student's MLP with their loss, optimizer and trainer; return the scores for new inputs."""
    from hw2.optimizers import VanillaSGD
    from hw2.training import LayerTrainer

    model, loss_fn = _model_and_loss(x, int(y.max()) + 1, hidden=20, refilled=False)
    optimizer = VanillaSGD(model.params(), learn_rate=learn_rate, reg=0)
    trainer = LayerTrainer(model, loss_fn, optimizer)
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
