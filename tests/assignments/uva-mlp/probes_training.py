"""Probes of test_model, save_model, load_model and train_model; the long ones train on real images.

Images are always (N, 3, 32, 32), and the models here take them flattened as well: where that happens is free. What a
notebook sets around its functions (`device`, `CHECKPOINT_PATH`) is set here before they are called.
"""

import contextlib
import functools
import inspect
import io
import numbers
import os
import sys
import tempfile
from pathlib import Path

import torch
from probes import copied, extras_of, scores_in, with_extras
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from grader.probes import probe

SHAPE = (3, 32, 32)
THIS = sys.modules[__name__]

# ---------------------------------------------------------------- around the notebook's functions


@contextlib.contextmanager
def workplace(notebook):
    """Work in an empty folder, on the CPU; files that would go to a folder that isn't there are kept in it, too.

    What is printed is kept back: figures of models that are made up would only confuse.
    """
    here = Path.cwd()
    save, load = torch.save, torch.load

    @functools.wraps(save)
    def save_here(thing, f, *arguments, **options):
        save(thing, _reachable(f), *arguments, **options)

    @functools.wraps(load)
    def load_here(f, *arguments, **options):
        options.setdefault("weights_only", False)  # as it was when whole models could be saved
        return load(_reachable(f), *arguments, **options)

    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        notebook.CHECKPOINT_PATH, notebook.device = folder, torch.device("cpu")
        torch.save, torch.load = save_here, load_here
        sys.modules[__name__] = THIS  # a pickled model is found again
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                yield
        finally:
            torch.save, torch.load = save, load
            os.chdir(here)


def _reachable(f):
    """Return the path of a file, in the present folder where its own is not there."""
    if isinstance(f, str | os.PathLike) and not os.access(Path(f).parent, os.W_OK):
        return Path(f).name
    return f


def train(notebook, model, optimizer, train_loader, valid_loader, *, num_epochs, model_name):
    """Call the notebook's train_model, whose form is free; return the trained model, which it may also return."""
    named = {"num_epochs": num_epochs, "model_name": model_name}
    parameters = inspect.signature(notebook.train_model).parameters
    options = {name: value for name, value in named.items() if name in parameters}
    for name, parameter in list(parameters.items())[4:]:
        if parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
            is_loss = "loss" in name or "criterion" in name
            options.setdefault(name, nn.CrossEntropyLoss() if is_loss else None)
    returned = notebook.train_model(model, optimizer, train_loader, valid_loader, **options)
    several = returned if isinstance(returned, tuple | list) else [returned]
    return next((one for one in several if isinstance(one, nn.Module)), model)


def images_of(values):
    """Return one image for each value, all of whose pixels have it."""
    return values.float().reshape(-1, 1, 1, 1).expand(-1, *SHAPE).contiguous()


def loader_of(x, y, *, batch_size, shuffle=False):
    """Return a loader of copies."""
    return DataLoader(TensorDataset(x.clone(), y.clone()), batch_size=batch_size, shuffle=shuffle)


# ---------------------------------------------------------------- test_model


class Table(nn.Module):
    """Look up the scores of an image by its pixels; one that has modes gives them to other classes in training."""

    def __init__(self, scores, extras, *, has_modes):
        super().__init__()
        self.scores = nn.Parameter(scores.clone())
        self.extras = extras
        self.has_modes = has_modes

    def forward(self, x):
        rows = x.reshape(len(x), -1)[:, 0].round().long()
        scores = self.scores[rows]
        return with_extras(scores.roll(1, dims=1) if self.has_modes and self.training else scores, self.extras)


@probe(needs=["notebook_test_model"])
def accuracy(*, scores, labels, batch_size, has_modes):
    """Return the accuracy by test_model for an image of each row of scores (N, C)."""
    import notebook_test_model as notebook

    model = Table(scores, extras_of(notebook), has_modes=has_modes)
    model.train()
    loader = loader_of(images_of(torch.arange(len(scores))), labels, batch_size=batch_size)
    with workplace(notebook):
        returned = notebook.test_model(model, loader)
    return {"accuracy": as_number(returned), "model afterwards": copied(model.scores)}


def as_number(value):
    """Return a number, be it Python's, NumPy's or torch's, as Python's; anything else as it is."""
    if isinstance(value, torch.Tensor) and value.numel() == 1 and not value.is_complex():
        return float(value)
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        return float(value)
    return value


# ---------------------------------------------------------------- save_model, load_model


@probe(needs=["notebook_checkpoints"])
def checkpoints(*, states, names, order, fresh):
    """Save a model in each of the states under a name each, then load the names in the given order.

    Loaded is into the same model, or, with `fresh`, into another one each time.
    """
    import notebook_checkpoints as notebook

    outputs = {}
    with workplace(notebook):
        model = small_network()
        for state, name in zip(states, names, strict=True):
            fill(model, state)
            notebook.save_model(model, name)
        fill(model, [torch.arange(float(p.numel())).reshape(p.shape) for p in states[0]])
        for number in order:
            target = small_network() if fresh else model
            returned = notebook.load_model(target, names[number])
            loaded = returned if isinstance(returned, nn.Module) else target
            outputs[names[number]] = [copied(p) for p in loaded.parameters()]
    return outputs


def small_network():
    """Return a network of two layers."""
    return nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3))


def fill(model, state):
    """Copy tensors into a model's parameters."""
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), state, strict=True):
            parameter.copy_(value)


# ---------------------------------------------------------------- train_model

LOG = []  # of passes that were learned from: (mode, values of the images)


class Watched(nn.Module):
    """A linear classifier that notes each pass through which gradients go back."""

    def __init__(self, weight, extras=0):
        super().__init__()
        self.linear = nn.Linear(weight.shape[1], weight.shape[0])
        self.extras = extras
        with torch.no_grad():
            self.linear.weight.copy_(weight)
            self.linear.bias.zero_()

    def forward(self, x):
        x = x.reshape(len(x), -1)
        scores, mode, values = self.linear(x), self.training, x[:, x.shape[1] // 2].tolist()
        if scores.requires_grad:
            scores.register_hook(lambda _gradient: LOG.append((mode, values)))
        return with_extras(scores, self.extras)


class Plain(torch.optim.SGD):
    """Gradient descent of torch, with the attributes of the text's OptimizerTemplate."""

    @property
    def params(self):
        return [parameter for group in self.param_groups for parameter in group["params"]]

    @property
    def lr(self):
        return self.param_groups[0]["lr"]

    @lr.setter
    def lr(self, value):
        for group in self.param_groups:
            group["lr"] = value


class Noting(Plain):
    """Gradient descent that keeps the gradients of each step."""

    def __init__(self, params, lr):
        super().__init__(params, lr=lr)
        self.noted = []

    def step(self, closure=None):
        (weight, _bias) = self.param_groups[0]["params"]
        self.noted.append(copied(weight.grad))
        return super().step(closure)


@probe(needs=["notebook_train_model"])
def training(*, train_x, train_y, valid_x, valid_y, test_x, lr, num_epochs):
    """Train a linear classifier with plain gradient descent; return its scores of other images."""
    import notebook_train_model as notebook

    model = Watched(torch.zeros(3, train_x[0].numel()), extras_of(notebook))
    optimizer = Noting(model.parameters(), lr=lr)
    loaders = loader_of(train_x, train_y, batch_size=16), loader_of(valid_x, valid_y, batch_size=16)
    with workplace(notebook):
        model = train(notebook, model, optimizer, *loaders, num_epochs=num_epochs, model_name="learner")
    moved = bool((model.linear.weight != 0).any())
    model.eval()
    with torch.no_grad():
        return {"scores": copied(scores_in(model(test_x.clone()))), "steps": len(optimizer.noted), "moved": moved}


@probe(needs=["notebook_train_model"])
def gradients(*, weight, x, y, batches, num_epochs):
    """Train on the same batch again and again, at a learning rate of 0; return the gradients of all steps."""
    import notebook_train_model as notebook

    model = Watched(weight, extras_of(notebook))
    optimizer = Noting(model.parameters(), lr=0.0)
    train_loader = loader_of(x.repeat(batches, 1, 1, 1), y.repeat(batches), batch_size=len(x))
    with workplace(notebook):
        valid_loader = loader_of(x, y, batch_size=len(x))
        train(notebook, model, optimizer, train_loader, valid_loader, num_epochs=num_epochs, model_name="still")
    return {"gradients": optimizer.noted}


@probe(needs=["notebook_train_model"])
def passes(*, train_values, valid_values, batch_size, num_epochs):
    """Return the passes that a training learns from, on images that show their value."""
    import notebook_train_model as notebook

    model = Watched(0.01 * torch.ones(2, 3 * 32 * 32), extras_of(notebook))
    labels = torch.arange(len(train_values)) % 2, torch.arange(len(valid_values)) % 2
    with workplace(notebook):
        train(
            notebook,
            model,
            Plain(model.parameters(), lr=1e-4),
            loader_of(images_of(train_values), labels[0], batch_size=batch_size),
            loader_of(images_of(valid_values), labels[1], batch_size=batch_size),
            num_epochs=num_epochs,
            model_name="watched",
        )
    return {"modes": [mode for mode, _ in LOG], "values": [values for _, values in LOG]}


class Scripted(Plain):
    """Set the model to what a script says for each epoch, whatever the gradients are."""

    def __init__(self, model, *, classes, batches):
        super().__init__(model.parameters(), lr=0.0)
        self.model = model
        self.classes = classes
        self.batches = batches
        self.steps = 0

    def step(self, closure=None):
        self.steps += 1
        epoch = -(-self.steps // self.batches)
        winner = self.classes[min(epoch, len(self.classes)) - 1]
        with torch.no_grad():
            self.model.linear.weight.zero_()
            self.model.linear.weight[5].fill_(-1e-3 * epoch)  # the epoch can be read from the parameters
            self.model.linear.bias.copy_(torch.tensor([0.0, 0.0, 0.0, 0.0, 0.0, -1000.0]))
            self.model.linear.bias[winner] = 5.0


@probe(needs=["notebook_train_model"])
def best_epoch(*, classes, train_y, valid_y, batches):
    """Train a model that predicts one class for all images, another in each epoch; return the epoch it ends with."""
    import notebook_train_model as notebook

    model = Watched(torch.zeros(6, 3 * 32 * 32), extras_of(notebook))
    optimizer = Scripted(model, classes=classes, batches=batches)
    train_loader = loader_of(images_of(torch.ones(len(train_y))), train_y, batch_size=len(train_y) // batches)
    valid_loader = loader_of(images_of(torch.ones(len(valid_y))), valid_y, batch_size=7)
    with workplace(notebook), noting_own_states() as own_states:
        model = train(
            notebook, model, optimizer, train_loader, valid_loader, num_epochs=len(classes), model_name="scripted"
        )
    epoch = round(float(-1e3 * model.linear.weight[5].mean()))
    return {"epoch": epoch, "steps": optimizer.steps, "by reference": bool(own_states)}


@contextlib.contextmanager
def noting_own_states():
    """Give a list that grows when a model is to load its own tensors, which a state kept without a copy holds."""
    load, noted = nn.Module.load_state_dict, []

    def noting(model, state_dict, *arguments, **options):
        own = {value.data_ptr() for value in model.state_dict().values()}
        given = {value.data_ptr() for value in state_dict.values() if isinstance(value, torch.Tensor)}
        if given and given <= own:
            noted.append(1)
        return load(model, state_dict, *arguments, **options)

    nn.Module.load_state_dict = noting
    try:
        yield noted
    finally:
        nn.Module.load_state_dict = load


# ---------------------------------------------------------------- learning images


@probe(needs=["notebook_training"])
def learn_images(*, train_x, train_y, valid_x, valid_y, test_x, mean, std, lr, num_epochs, seed):
    """Train the MLP of part 1 with the notebook's optimizer and loop; return the scores of the test images."""
    import notebook_training as notebook

    return _learn(notebook, (train_x, train_y, valid_x, valid_y, test_x), (mean, std), lr, num_epochs, seed)


@probe(needs=["notebook_final_training"])
def learn_images_in_the_end(*, train_x, train_y, valid_x, valid_y, test_x, mean, std, lr, num_epochs, seed):
    """Do the same with what part 2 ends with."""
    import notebook_final_training as notebook

    return _learn(notebook, (train_x, train_y, valid_x, valid_y, test_x), (mean, std), lr, num_epochs, seed)


def _learn(notebook, parts, scale, lr, num_epochs, seed):
    train_x, train_y, valid_x, valid_y, test_x = parts
    mean, std = (torch.tensor(numbers).reshape(1, 3, 1, 1) for numbers in scale)
    train_x, valid_x, test_x = ((x - mean) / std for x in (train_x, valid_x, test_x))
    torch.manual_seed(seed)
    try:
        model = notebook.MLP()
    except TypeError:  # one without default sizes
        model = notebook.MLP(input_size=3072, num_classes=10, hidden_sizes=[256, 128])
    with torch.random.fork_rng():
        before = _scores(model, test_x)
    model.train()
    optimizer = notebook.SGDMomentum(model.parameters(), lr=lr, momentum=0.9)
    steps = counted_steps(optimizer)
    train_loader = loader_of(train_x, train_y, batch_size=128, shuffle=True)
    valid_loader = loader_of(valid_x, valid_y, batch_size=128)
    with workplace(notebook):
        model = train(
            notebook, model, optimizer, train_loader, valid_loader, num_epochs=num_epochs, model_name="images"
        )
    return {"scores": _scores(model, test_x), "scores before training": before, "steps": len(steps)}


def _scores(model, images):
    """Return a model's scores in evaluation mode."""
    model.eval()
    with torch.no_grad():
        try:
            return copied(scores_in(model(images)))
        except RuntimeError:  # this notebook lays images out as rows in its training functions
            return copied(scores_in(model(images.flatten(1))))


def counted_steps(optimizer):
    """Return a list that grows with each step of an optimizer."""
    steps, step = [], optimizer.step

    def counted(*arguments, **options):
        steps.append(1)
        return step(*arguments, **options)

    optimizer.step = counted
    return steps
