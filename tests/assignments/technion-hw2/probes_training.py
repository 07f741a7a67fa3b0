"""Probes of the trainers: batches, whole trainings, early stopping and checkpoints.

The checks in test_training*.py and test_options*.py judge them. They try the student's own model and loss first, and
sound ones of probes_carried.py where those fail.
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
from probes import copy_of, gradients_of, refill, with_flat_biases
from probes_carried import SoundLayer, SoundLinear, SoundLoss, SoundSequential, SoundSGD, sound_relu
from torch.utils.data import DataLoader, TensorDataset

from grader.probes import probe


@probe(needs=["hw2.training"])
def train_batches(*, xs, ys, num_classes, own):
    """Train on one batch after the other: the student's own MLP and loss, or sound ones in their place.

    The optimizer moves nothing: it keeps the gradients that it finds at each step.
    """
    from hw2.training import LayerTrainer

    model, loss_fn = _model_and_loss(xs[0], num_classes, own=own)
    recorder = _Recorder(model)
    trainer = LayerTrainer(model, loss_fn, recorder.optimizer(own=own))
    outputs = recorder.parameters()
    for i, (x, y) in enumerate(zip(xs, ys, strict=True), start=1):
        result = trainer.train_batch((x.clone(), y.clone()))
        outputs[f"loss {i}"] = _number(getattr(result, "loss", None))
        outputs[f"num_correct {i}"] = _number(getattr(result, "num_correct", None))
    for i, gradients in enumerate(recorder.seen, start=1):
        outputs |= {f"{name} at step {i}": gradient for name, gradient in gradients.items()}
    return outputs | {"number of steps": len(recorder.seen)}


@probe(needs=["hw2.training"])
def evaluated_batch(*, x, y, num_classes, own):
    """Call test_batch once, with the same parts."""
    from hw2.training import LayerTrainer

    model, loss_fn = _model_and_loss(x, num_classes, own=own)
    recorder = _Recorder(model)
    trainer = LayerTrainer(model, loss_fn, recorder.optimizer(own=own))
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
def modes_of_fit(*, train, test, batch_size, num_epochs, num_classes, own):
    """Fit a LayerTrainer; return the mode in which each batch went through the model."""
    from hw2.training import LayerTrainer

    model, loss_fn = _model_and_loss(train[0], num_classes, own=own)
    modes, latest = [], {"mode": "none", "x": None}

    def note_mode(training_mode=True):
        latest["mode"] = "train" if training_mode else "test"

    def note_batch(x, *_args, **_kw):
        if latest["x"] is None or latest["x"][0] != latest["mode"] or not torch.equal(latest["x"][1], x):
            modes.append(latest["mode"])  # a second pass of one batch, to count what is right, is no second batch
        latest["x"] = latest["mode"], x.detach().clone()

    for part in (model, *_blocks_of(model)):
        part.train = _noting(part.train, note_mode)
    model.forward = _noting(model.forward, note_batch)
    trainer = LayerTrainer(model, loss_fn, _Recorder(model).optimizer(own=own))
    trainer.fit(*(_loader(*part, batch_size=batch_size) for part in (train, test)), num_epochs)
    return {"modes of the batches": ", ".join(modes)}


def _noting(function, note):
    """Return a function that calls `note` with its arguments first."""

    def noting(*args, **kw):
        note(*args, **kw)
        return function(*args, **kw)

    return noting


def _model_and_loss(x, num_classes, *, own, hidden=8, refilled=True):
    """Return a network with one hidden layer and the loss: the student's own, or sound ones.

    Its weights and biases are drawn anew if it is `refilled`: a bias of 0 would hide mistakes.
    """
    features = x[0].numel()
    if not own:
        layers = [SoundLinear(features, hidden), sound_relu(), SoundLinear(hidden, num_classes)]
        model, loss_fn = SoundSequential(*layers), SoundLoss()
        if _takes_images(x, num_classes):
            model.layers.insert(0, SoundLayer(lambda x, **kw: x.flatten(1), "Flatten"))
    else:
        from hw2.layers import MLP, CrossEntropyLoss

        model, loss_fn = MLP(features, num_classes, hidden_features=[hidden]), CrossEntropyLoss()
    if refilled:
        refill(_linears_in(model))
    return model, loss_fn


def _takes_images(x, num_classes):
    """Tell whether the student's own network turns images into rows itself: then the trainer need not."""
    with contextlib.suppress(Exception):
        from hw2.layers import MLP

        scores = MLP(x[0].numel(), num_classes, hidden_features=[8])(x.clone())
        return tuple(scores.shape) == (len(x), num_classes)
    return False


def _blocks_of(model):
    blocks = model if isinstance(model, SoundSequential) else model.sequence
    return [blocks[i] for i in range(len(blocks))]


def _linears_in(model):
    return [block for block in _blocks_of(model) if hasattr(block, "w") and hasattr(block, "b")]


def _optimizer_class(*, own):
    """Return the student's VanillaSGD, or a sound one."""
    if not own:
        return SoundSGD
    from hw2.optimizers import VanillaSGD

    return VanillaSGD


class _Recorder:
    """Keep the gradients that an optimizer finds at each of its steps."""

    def __init__(self, model):
        self.model = model
        self.named = {}
        for i, layer in enumerate(_linears_in(model), start=1):
            self.named |= {f"w{i}": layer.w, f"b{i}": layer.b}
        self.seen = []

    def parameters(self):
        """Return the parameters w1, b1, … as they are now."""
        return with_flat_biases({name: copy_of(value) for name, value in self.named.items()})

    def optimizer(self, *, own):
        """Return the student's VanillaSGD, or a sound one, whose steps move nothing."""
        recorder = self

        class Recording(_optimizer_class(own=own)):
            def step(self):
                recorder.note()

        return Recording(self.model.params(), learn_rate=0.1, reg=0)

    def note(self):
        """Keep the gradients as they are now."""
        outputs = with_flat_biases(self.named | gradients_of(self.model, **self.named))
        self.seen.append({name: value for name, value in outputs.items() if name.startswith("grad")})


@probe(needs=["hw2.training", "cs236781.train_results"])
def fit(*, train, test, batch_size, num_epochs, options, own, tensors):
    """Fit a trainer whose batches have scripted results; `train` and `test` hold size, losses and correct.

    The k-th call for a batch gets the k-th loss and number of correct samples; `tensors` names which of the two are
    tensors, as those of the student's own batches may be. The model is the student's MLP, or one of torch's.
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
    model, loss_fn = _model_and_loss(torch.zeros(1, 1), 2, own=True) if own else (torch.nn.Linear(1, 1), SoundLoss())
    result = Scripted(model, loss_fn, None).fit(*loaders, num_epochs, **options)
    names = ("train_loss", "train_acc", "test_loss", "test_acc")
    outputs = {name: _numbers(getattr(result, name, None)) for name in names}
    return outputs | {f"number of {part} batches": count for part, count in calls.items()}


@probe(needs=["hw2.training", "cs236781.train_results"])
def fit_with_options(*, losses, accuracies, num_epochs, options):
    """Fit a model whose weights are the number of the latest epoch, on scripted test results.

    Both loaders hold one batch of 100 samples, so one call of train_batch is one epoch. What was saved may be one
    file that is written again, or one for each improvement: the newest model counts. Losses are numbers, or tensors
    where fit can't use numbers, since those of the student's own batches may be tensors.
    """
    script = {"losses": losses, "accuracies": accuracies, "num_epochs": num_epochs, "options": options}
    try:
        return _fit_on_script(**script, kind=float)
    except (AttributeError, TypeError):
        return _fit_on_script(**script, kind=torch.tensor)


def _fit_on_script(*, losses, accuracies, num_epochs, options, kind):
    from cs236781.train_results import BatchResult
    from hw2.training import LayerTrainer

    class Scripted(LayerTrainer):  # whose constructor the notebook shows
        epoch = 0

        def train_batch(self, batch):
            self.epoch += 1
            self.model.weight.data.fill_(self.epoch)
            return BatchResult(kind(1.0), 50)

        def test_batch(self, batch):
            latest = min(self.epoch, num_epochs) - 1
            return BatchResult(kind(losses[latest]), accuracies[latest])

    trainer = Scripted(torch.nn.Linear(*_SAVED_SHAPE[::-1], bias=False), SoundLoss(), None)
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


@probe(needs=["hw2.training"])
def trained_mlp(*, x, y, new_x, learn_rate, num_epochs, batch_size, own):
    """Train the student's MLP with their loss, optimizer and trainer, or sound parts with their trainer.

    Return the scores for new inputs.
    """
    from hw2.training import LayerTrainer

    model, loss_fn = _model_and_loss(x, int(y.max()) + 1, own=own, hidden=20, refilled=False)
    optimizer = _optimizer_class(own=own)(model.params(), learn_rate=learn_rate, reg=0)
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
