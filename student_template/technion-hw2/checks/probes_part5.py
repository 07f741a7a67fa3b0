"""Probes of part 5: one experiment with images, from a call or from the command line, and its result file.

The student's code loads CIFAR-10 itself. Here that class holds images that the check has drawn, whoever imported it
and however it is used: nothing is read from disk or downloaded. What an experiment did is seen on the network that it
created, so it doesn't matter how it trains.
"""

import contextlib
import functools
import inspect
import math
import os
import runpy
import sys
import tempfile
from pathlib import Path

import torch
from torch.nn.parameter import is_lazy
from torch.utils.data import DataLoader

from grader.probes import probe

EXPERIMENTS = ["hw2.experiments"]
NETWORKS = ("CNN", "ResNet", "YourCNN")
ASKED = ("in_size", "out_classes", "channels", "pool_every", "hidden_dims")
RESULTS = ("train_loss", "train_acc", "test_loss", "test_acc")


@probe(needs=EXPERIMENTS)
def experiment(*, images, arguments, look_at=None):
    """Run cnn_experiment in an empty folder: return what it created, how it trained, and which files it wrote.

    `look_at` is "train" or "test": for these images the network gives scores before the training and after it.
    """
    from hw2.experiments import cnn_experiment

    with _cifar10(images) as held, _created_networks() as networks, _empty_folder():
        cnn_experiment(**arguments)
        return _seen(networks, held, look_at) | {"files": _files()}


@probe(needs=EXPERIMENTS)
def experiments(*, images, runs, look_at):
    """Run cnn_experiment once for each entry of `runs`, and return the scores of each network after its training."""
    from hw2.experiments import cnn_experiment

    outputs = {}
    for i, arguments in enumerate(runs, start=1):
        with _cifar10(images) as held, _created_networks() as networks, _empty_folder():
            cnn_experiment(**arguments)
            seen = _seen(networks, held, look_at)
            outputs |= {f"scores before run {i}": seen["scores before"], f"scores after run {i}": seen["scores after"]}
    return outputs


@probe(needs=EXPERIMENTS)
def experiment_file(*, images, arguments, look_at=None):
    """Run cnn_experiment, and return what load_experiment makes of the only file that it wrote."""
    from hw2.experiments import cnn_experiment

    with _cifar10(images) as held, _created_networks() as networks, _empty_folder():
        cnn_experiment(**arguments)
        return _loaded() | _seen(networks, held, look_at)


@probe(needs=EXPERIMENTS)
def repeated_experiment(*, images, arguments, look_at):
    """Run cnn_experiment without a seed, and again with the one that its file names."""
    from hw2.experiments import cnn_experiment

    outputs = {}
    for run in ("first run", "second run"):
        with _cifar10(images) as held, _created_networks() as networks, _empty_folder():
            cnn_experiment(**arguments)
            config = _loaded()["config"]
            outputs |= {f"scores after the {run}": _seen(networks, held, look_at)["scores after"]}
            seed = config.get("seed") if isinstance(config, dict) else None
            outputs |= {f"seed in the file of the {run}": seed}
            arguments = arguments | {"seed": seed}
    return outputs


@probe(needs=EXPERIMENTS)
def experiment_command(*, images, command):
    """Run `python -m hw2.experiments` with the words of `command`, and return what its file holds."""
    with (
        _cifar10(images) as held,
        _created_networks() as networks,
        _empty_folder(),
        _argv(["hw2.experiments", *command]),
    ):
        try:
            runpy.run_module("hw2.experiments", run_name="__main__", alter_sys=True)
        except SystemExit as err:  # a program may leave like this, and argparse does for an option it doesn't know
            code = err.code if isinstance(err.code, int) else int(err.code is not None)
        else:
            code = 0
        return {"exit code": code, "files": _files(), **_loaded(), **_seen(networks, held, None)}


# ---------------------------------------------------------------- the images


class _Images:
    """The images that stand in for CIFAR-10, and what the student's code does to each before a network sees it."""

    def __init__(self, images):
        self.images = images
        self.transform = None

    def as_seen(self, part):
        """Return the training or test images as the student's test set presents them, (N, 3, 32, 32)."""
        from torchvision.transforms import ToPILImage, ToTensor

        present = self.transform or ToTensor()
        return torch.stack([present(ToPILImage()(image)) for image in self.images[f"{part}_images"]])


@contextlib.contextmanager
def _cifar10(images):
    """Let torchvision's CIFAR10 hold our images, for train and test, with whatever root and transforms."""
    from torchvision.datasets import CIFAR10, VisionDataset

    held = _Images(images)
    original = CIFAR10.__init__

    def hold(self, root=".", train=True, transform=None, target_transform=None, download=False):
        VisionDataset.__init__(self, root, transform=transform, target_transform=target_transform)
        part = "train" if train else "test"
        self.train = train
        if not train:
            held.transform = transform
        self.data = images[f"{part}_images"].permute(0, 2, 3, 1).contiguous().numpy()
        self.targets = images[f"{part}_labels"].tolist()
        self.classes = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
        self.class_to_idx = {name: i for i, name in enumerate(self.classes)}

    CIFAR10.__init__ = hold
    try:
        with _loading_at_home():
            yield held
    finally:
        CIFAR10.__init__ = original


@contextlib.contextmanager
def _loading_at_home():
    """Let a DataLoader load in its own process: workers for a few tiny images cost seconds and change nothing.

    One that drops what does not fill a batch keeps the only batch that there is: CIFAR-10 would fill hundreds.
    """
    original = DataLoader.__init__
    signature = inspect.signature(original)

    @functools.wraps(original)
    def create(self, *args, **kwargs):
        arguments = signature.bind(self, *args, **kwargs).arguments
        for_workers = {"num_workers", "prefetch_factor", "persistent_workers", "multiprocessing_context", "timeout"}
        kept = {name: value for name, value in arguments.items() if name not in for_workers}
        rows = kept["dataset"] if kept.get("sampler") is None else kept["sampler"]
        with contextlib.suppress(TypeError):  # a stream has no length
            if kept.get("drop_last") and (kept.get("batch_size") or 1) > len(rows):
                kept["drop_last"] = False
        original(**kept)

    DataLoader.__init__ = create
    try:
        yield
    finally:
        DataLoader.__init__ = original


# ---------------------------------------------------------------- the networks


class _Network:
    """What one created network was asked for and did: the sizes of its batches, its weights at the beginning."""

    def __init__(self, model):
        self.model = model
        self.asked = {}
        self.train_batches, self.test_batches = [], []
        self.first_state = None
        self.last = None

    def watch(self):
        """Note every batch that goes through the network from now on."""
        self._keep_state()
        self.forward, self.model.forward = self.model.forward, self._forward

    def _keep_state(self):
        state = self.model.state_dict()
        if not any(is_lazy(value) for value in state.values()):
            self.first_state = {name: value.clone() for name, value in state.items()}

    def _forward(self, x, *args, **kwargs):
        if not self._is_again(x):  # a second pass of one batch, to count what is right, is no second batch
            (self.train_batches if self.model.training else self.test_batches).append(len(x))
        self.last = (self.model.training, x.detach().clone())
        scores = self.forward(x, *args, **kwargs)
        if self.first_state is None:  # lazy layers have weights from their first pass on
            self._keep_state()
        return scores

    def _is_again(self, x):
        return self.last is not None and self.last[0] == self.model.training and torch.equal(self.last[1], x)

    def scores(self, images):
        with torch.no_grad():
            return self.forward(images).clone()


@contextlib.contextmanager
def _created_networks():
    """Collect the networks that are created, by wrapping `__init__` of the student's classes."""
    import hw2.cnn

    networks = []
    there = [getattr(hw2.cnn, name, None) for name in NETWORKS]  # an experiment may do without one of them
    classes = [cls for cls in there if isinstance(cls, type) and "__init__" in vars(cls)]
    originals = [cls.__init__ for cls in classes]
    for cls, original in zip(classes, originals, strict=True):
        cls.__init__ = _noting(original, networks)
    try:
        yield networks
    finally:
        for cls, original in zip(classes, originals, strict=True):
            cls.__init__ = original


def _noting(original, networks):
    """Return an `__init__` that notes its arguments; one that runs inside another's belongs to the same network."""

    @functools.wraps(original)
    def note(self, *args, **kwargs):
        is_outer = not any(network.model is self for network in networks)
        if is_outer:
            networks.append(_Network(self))
        network = next(network for network in networks if network.model is self)
        bound = inspect.signature(original).bind(self, *args, **kwargs).arguments
        # copied, since a network may write into what it is given
        network.asked = {name: _plain(bound[name]) for name in ASKED if name in bound} | network.asked
        original(self, *args, **kwargs)
        if is_outer:
            network.watch()

    return note


def _seen(networks, held, part):
    """Return what the network was asked for that got the most batches, and how many and how large those were."""
    if not networks:
        return {"network": "none", "scores before": None, "scores after": None}
    network = max(networks, key=lambda one: len(one.train_batches))
    bases = [cls.__name__ for cls in type(network.model).__mro__ if cls.__name__ in NETWORKS]
    seen = {
        "network": bases[0],
        **{name: network.asked.get(name) for name in ASKED},
        "sizes of the training batches": network.train_batches[:200],
        "number of training batches": len(network.train_batches),
        "sizes of the test batches": network.test_batches[:200],
        "number of test batches": len(network.test_batches),
    }
    if part is not None:
        images = held.as_seen(part)
        model = network.model.cpu().eval()
        seen["scores after"] = network.scores(images)
        model.load_state_dict(network.first_state)
        seen["scores before"] = network.scores(images)
    return seen


# ---------------------------------------------------------------- files


@contextlib.contextmanager
def _empty_folder():
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


@contextlib.contextmanager
def _argv(words):
    before, sys.argv = sys.argv, words
    try:
        yield
    finally:
        sys.argv = before


def _files():
    """Return the names of all files in the current folder and below."""
    return sorted(path.as_posix() for path in Path().rglob("*") if path.is_file())


def _loaded():
    """Return what load_experiment makes of the only JSON file here: the config and the lists of the FitResult."""
    from hw2.experiments import load_experiment

    files = [name for name in _files() if name.endswith(".json")]
    if len(files) != 1:
        return {"number of result files": len(files), "config": None}
    config, fit_res = load_experiment(files[0])
    results = {name: _numbers(getattr(fit_res, name, None)) for name in RESULTS}
    return {"number of result files": 1, "config": _plain(config), **results}


def _plain(value):
    """Return lists for sequences, at any depth, since JSON doesn't tell a tuple from a list."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _numbers(values):
    """Return a list of numbers as a tensor; anything else as it is."""
    with contextlib.suppress(TypeError, ValueError, RuntimeError):
        return torch.tensor([math.nan if value is None else float(value) for value in values])
    return values
