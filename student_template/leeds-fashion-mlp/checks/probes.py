"""Probes of the data, the network, the accuracy and the two loops.

`FashionMNIST` is replaced here, before the notebook runs: nothing can be downloaded, and all states of the notebook
load it. probes_epochs.py runs the notebook's training loop, probes_exercises.py has the exercises, probes_training.py
trains on real pictures. What a function takes from the notebook around it is set before it is called, so that each
task stands for itself.
"""

import ast
import contextlib
import functools
import itertools
import time

import torch
import torchvision
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from grader.notebook_probes import checking_cell, run_statement, statements_of
from grader.probes import probe

MOST_SHOWN = 512  # pictures of one pass over a loader

# ---------------------------------------------------------------- the data set


@functools.cache
def stand_in_pixels():
    """Return 1000 pictures (1000, 28, 28) of noise whose mean and spread are Fashion-MNIST's, 0.2860 and 0.3530."""
    pixels = torch.zeros(1000 * 28 * 28, dtype=torch.uint8)
    pixels[:98_955] = 255
    pixels[98_955:348_577] = 128
    order = torch.randperm(len(pixels), generator=torch.Generator().manual_seed(28))
    return pixels[order].view(1000, 28, 28)


@functools.cache
def training_pixels():
    """Return the 60 000 pictures, once for all states of the notebook."""
    return stand_in_pixels().repeat(60, 1, 1)


class FashionMNIST(torchvision.datasets.FashionMNIST):
    """As many pictures as Fashion-MNIST has, of noise."""

    def __init__(self, root="", train=True, transform=None, target_transform=None, download=False):
        torchvision.datasets.VisionDataset.__init__(self, root, transform=transform, target_transform=target_transform)
        self.train = train
        self.data = training_pixels() if train else training_pixels()[:10_000].clone()
        self.targets = torch.arange(len(self.data)) % 10

    def __getitem__(self, index):
        if read_pictures is None:
            return super().__getitem__(index)
        read_pictures.append(int(index))
        return BLANK, int(self.targets[index])


read_pictures = None
BLANK = Image.new("L", (28, 28))


def shortened(begin):
    """Let a pass over a loader of stand-in pictures end after a few: notebooks go through all of them."""

    @functools.wraps(begin)
    def batches(self):
        is_stand_in = isinstance(source_of(self.dataset), FashionMNIST)
        return itertools.islice(begin(self), -(-MOST_SHOWN // (self.batch_size or 1))) if is_stand_in else begin(self)

    return batches


def source_of(part):
    """Return the data set that a part was cut out of, through any number of parts of parts."""
    while hasattr(part, "dataset") and not isinstance(part, FashionMNIST):
        part = part.dataset
    return part


torchvision.datasets.FashionMNIST = FashionMNIST
DataLoader.__iter__ = shortened(DataLoader.__iter__)


@probe(needs=["notebook_mlp"])
def split():
    """Return how many pictures each part has, and which ones: the numbers that are read of the data set below it."""
    from notebook_mlp import train_data, valid_data

    outputs = {}
    for name, part in (("valid_data", valid_data), ("train_data", train_data)):
        outputs[f"length of {name}"] = None if part is None else len(part)
        outputs[f"pictures of {name}"] = pictures_of(part)
    source = source_of(valid_data)
    is_test = isinstance(source, FashionMNIST) and not source.train
    return outputs | {"valid_data is test_data": is_test}


def pictures_of(part, seconds=3.0):
    """Return which pictures of the data set a part of it reads, in its order; None where it doesn't read one each.

    Reading ends after some seconds: a part may have slow transforms of its own.
    """
    global read_pictures
    read_pictures, end = [], time.monotonic() + seconds
    try:
        for number in range(len(part)):
            part[number]
            if len(read_pictures) != number + 1:
                return None
            if time.monotonic() > end:
                break
        return torch.tensor(read_pictures, dtype=torch.int64)
    except Exception:  # what is no part of a data set has no pictures
        return None
    finally:
        read_pictures = None


@probe(needs=["notebook_mlp"])
def normalized(*, picture):
    """Send one picture (28, 28) of uint8 through the transforms of the training and test data, as they are loaded."""
    from notebook_mlp import test_data, train_data

    parts = {"training picture": train_data, "test picture": test_data}
    return {name: copied(shown(picture, transform_of(part))) for name, part in parts.items()}


def transform_of(part):
    """Return the transform of a data set, or of the one that it is a part of."""
    while not hasattr(part, "transform") and hasattr(part, "dataset"):
        part = part.dataset
    return part.transform


def shown(picture, transform):
    """Return what a transform makes of a picture (28, 28) of uint8; without one there is nothing to show."""
    return None if transform is None else transform(Image.fromarray(picture.numpy(), mode="L"))


# ---------------------------------------------------------------- the network


@probe(needs=["notebook_mlp"])
def network(*, images, output_dim, weights, biases):
    """Return the sizes of the linear layers in the order of their calls, and the scores for given parameters."""
    model = original_mlp()(images[0].numel(), output_dim)
    return described(model, images=images, weights=weights, biases=biases)


def original_mlp():
    """Return the notebook's MLP as it was where its task is checked.

    A notebook without that cell may have changed `MLP` for the exercises: then its first class with the right sizes
    counts, wherever it stands, else the first.
    """
    from notebook_mlp import MLP

    if checking_cell("notebook_mlp") is not None:
        return MLP
    found = list(definitions_of("MLP"))
    fitting = [cls for cls in found if sizes_of(cls) == [[784, 250], [250, 100], [100, 10]]]
    return (fitting or found or [MLP])[0]


def definitions_of(name):
    """Yield each class of this name that stands at the top level of a cell of the whole notebook."""
    import notebook_mlp

    for statement in statements_of("notebook"):
        if isinstance(statement.node, ast.ClassDef) and statement.node.name == name:
            namespace = dict(vars(notebook_mlp))
            with contextlib.suppress(Exception):
                run_statement(statement, namespace)
                yield namespace[name]


def sizes_of(cls):
    """Return the sizes of the linear layers of cls(784, 10), None where it can't be made like that."""
    try:
        return described(cls(784, 10), images=torch.zeros(2, 1, 28, 28))["linear layers"]
    except Exception:
        return None


def described(model, *, images, weights=(), biases=()):
    """Return the sizes of the linear layers as a model calls them, and its scores in evaluation mode.

    Given parameters are put into the layers first, where they fit.
    """
    model.eval()
    layers = linear_layers(model, images)
    outputs = {"linear layers": [[layer.in_features, layer.out_features] for layer in layers]}
    put_parameters(layers, weights, biases)
    with torch.no_grad():
        scores = scores_in(model(images.clone()))
    return outputs | {"scores": copied(scores)}


def scores_in(returned):
    """Return the scores in what a model returned: they may come with more, such as the activations before them."""
    return (
        next((one for one in returned if isinstance(one, torch.Tensor)), returned) if is_several(returned) else returned
    )


def is_several(returned):
    return isinstance(returned, tuple | list)


def linear_layers(model, images):
    """Return the linear layers of a model as it calls them; of one that can't be run, as it holds them."""
    layers = [module for module in model.modules() if isinstance(module, nn.Linear)]
    called = []
    hooks = [layer.register_forward_pre_hook(lambda layer, _inputs: called.append(layer)) for layer in layers]
    with torch.no_grad(), contextlib.suppress(Exception):  # the pass for the scores tells what is wrong
        model(images.clone())
    for hook in hooks:
        hook.remove()
    return called or layers


def put_parameters(layers, weights, biases):
    if [layer.weight.shape for layer in layers] != [weight.shape for weight in weights]:
        return
    with torch.no_grad():
        for layer, weight, bias in zip(layers, weights, biases, strict=True):
            layer.weight.copy_(weight)
            if layer.bias is not None:
                layer.bias.copy_(bias)


# ---------------------------------------------------------------- accuracy, train, evaluate


@probe(needs=["notebook_evaluate"])
def accuracy(*, y_pred, y):
    from notebook_evaluate import calculate_accuracy

    return {"accuracy": number(calculate_accuracy(y_pred.clone(), y.clone()))}


class TwoFaced(nn.Module):
    """A linear classifier of pictures whose scores are rotated by one class in evaluation mode: so the mode shows."""

    def __init__(self, weight, bias, extras=0):
        super().__init__()
        self.linear = nn.Linear(weight.shape[1], weight.shape[0])
        self.kept_for_gradients = []
        self.extras = extras  # what the notebook's own model returns beside its scores
        with torch.no_grad():
            self.linear.weight.copy_(weight)
            self.linear.bias.copy_(bias)

    def forward(self, x):
        scores = self.linear(x.flatten(1))
        self.kept_for_gradients.append(scores.requires_grad)
        shown = scores if self.training else scores.roll(1, dims=1)
        return (shown, *[x.flatten(1).detach()] * self.extras) if self.extras else shown


def own_extras():
    """Return how many things the notebook's MLP returns beside the scores, which its own loops have to unpack."""
    import notebook_evaluate as notebook

    with contextlib.suppress(Exception), torch.no_grad():
        returned = notebook.MLP(784, 10).eval()(torch.zeros(2, 1, 28, 28))
        if is_several(returned) and isinstance(returned[0], torch.Tensor):
            return len(returned) - 1
    return 0


@probe(needs=["notebook_evaluate"])
def training(*, x, y, weight, bias, lr, batch_size, epochs=1, criterion="CrossEntropyLoss"):
    """Run `train` with plain SGD on unshuffled batches; before each epoch the model is in evaluation mode."""
    from notebook_evaluate import train

    model, loader = TwoFaced(weight, bias, own_extras()), batches(x, y, batch_size)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    outputs, returned = {}, None
    for _ in range(epochs):
        model.eval()
        returned = train(model, loader, optimizer, getattr(nn, criterion)(), torch.device("cpu"))
    outputs["returned"] = tuple_size(returned)
    if outputs["returned"] == 2:
        loss, share = returned
        held = any(isinstance(value, torch.Tensor) and value.requires_grad for value in returned)
        outputs |= {"loss": number(loss), "accuracy": number(share), "holds a graph": held}
    return outputs | {"weight": copied(model.linear.weight), "bias": copied(model.linear.bias)}


@probe(needs=["notebook_evaluate"])
def evaluation(*, x, y, weight, bias, batch_size, criterion="CrossEntropyLoss"):
    """Run `evaluate` on a model that is in training mode."""
    from notebook_evaluate import evaluate

    model, loader = TwoFaced(weight, bias, own_extras()), batches(x, y, batch_size)
    model.train()
    returned = evaluate(model, loader, getattr(nn, criterion)(), torch.device("cpu"))
    passes = model.kept_for_gradients
    outputs = {"returned": tuple_size(returned), "kept for gradients": any(passes), "passes": len(passes)}
    if outputs["returned"] == 2:
        outputs |= {"loss": number(returned[0]), "accuracy": number(returned[1])}
    return outputs | {"weight": copied(model.linear.weight), "bias": copied(model.linear.bias)}


def batches(x, y, batch_size):
    return DataLoader(TensorDataset(x.clone(), y.clone()), batch_size=batch_size)


def tuple_size(returned):
    """Return how many values came back, None for nothing at all."""
    return None if returned is None else len(returned) if isinstance(returned, tuple | list) else 1


def number(value):
    """Return a number, or a tensor of one element, as a float; anything else as it is."""
    with contextlib.suppress(Exception):
        return value if isinstance(value, str) else float(value)
    return copied(value)


def copied(tensor):
    """Return a copy of a student's tensor without its graph; anything else as it is."""
    return tensor.detach().clone() if isinstance(tensor, torch.Tensor) else tensor
