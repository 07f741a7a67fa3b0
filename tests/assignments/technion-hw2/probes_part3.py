"""Probes of part 3's trainings: two moons with the student's hyperparameters, and mlp_experiment.

The checks in test_moons*.py and test_mlp_experiment*.py count what is right.
"""

import numbers

import torch
from probes import copy_of, number_of
from probes_part2 import reported
from torch.utils.data import DataLoader, TensorDataset

from grader.probes import probe


@probe(needs=["hw2.answers"])
def part3_hyperparameters():
    """Return both dicts of hyperparameters in words and numbers."""
    from hw2.answers import part3_arch_hp, part3_optim_hp

    return {"arch": _described(part3_arch_hp()), "optim": _described(part3_optim_hp())}


def _described(settings):
    """Keep names, numbers and the like; say of other objects whether they can be called."""
    if not isinstance(settings, dict):
        return settings
    return {str(key): _plain(value) for key, value in settings.items()}


def _plain(value):
    if isinstance(value, str | bool) or value is None:
        return value
    if isinstance(value, numbers.Real):
        return int(value) if isinstance(value, numbers.Integral) else float(value)
    return "callable" if callable(value) else "something else"


@probe(needs=["hw2.mlp", "hw2.classifier", "hw2.training", "hw2.answers"])
def moons(*, train_x, train_y, valid_x, valid_y, test_x, num_epochs, seed):
    """Train the classifier of part 3 as the document does; return its labels for training and test inputs.

    What fit returned comes with them. The seed is set before the model is made, as in the document.
    """
    from hw2.answers import part3_arch_hp, part3_optim_hp
    from hw2.classifier import BinaryClassifier
    from hw2.mlp import MLP
    from hw2.training import ClassifierTrainer

    torch.manual_seed(seed)
    arch, optim = part3_arch_hp(), part3_optim_hp()
    hidden = arch["n_layers"]
    model = BinaryClassifier(
        model=MLP(
            in_dim=2,
            dims=[*[arch["hidden_dims"]] * hidden, 2],
            nonlins=[*[arch["activation"]] * hidden, arch["out_activation"]],
        ),
        threshold=0.5,
    )
    loss_fn = optim.pop("loss_fn")
    optimizer = torch.optim.SGD(params=model.parameters(), **optim)
    loaders = [_loader(train_x, train_y), _loader(valid_x, valid_y)]
    result = ClassifierTrainer(model, loss_fn, optimizer).fit(*loaders, num_epochs=num_epochs, print_every=10)
    return reported(result) | {
        "parameters are finite": all(bool(parameter.isfinite().all()) for parameter in model.parameters()),
        "labels of training points": _labels(model, train_x),
        "labels": _labels(model, test_x),
    }


@probe(needs=["hw2.experiments", "hw2.classifier"])
def mlp_experiments(*, train_x, train_y, valid_x, valid_y, known_x, known_y, test_x, depths, widths, num_epochs, seed):
    """Run mlp_experiment for each depth and width; return what it reports, and the labels for other inputs.

    `known_x` and `known_y` are the test set that it gets. The returned model labels `test_x`, which it never saw,
    with the returned threshold and with one half, and gives probabilities for the validation set. The seed is set
    before the first, as in the document.
    """
    from hw2.experiments import mlp_experiment

    torch.manual_seed(seed)
    parts = [(train_x, train_y), (valid_x, valid_y), (known_x, known_y)]
    outputs = {}
    for width in widths:
        for depth in depths:
            loaders = [_CountingLoader(x, y) for x, y in parts]
            returned = mlp_experiment(depth, width, *loaders, n_epochs=num_epochs)
            key = f"depth {depth}, width {width}"
            outputs[key] = _experiment(returned, loaders, valid_x=valid_x, known_x=known_x, test_x=test_x)
    return outputs


def _experiment(returned, loaders, *, valid_x, known_x, test_x):
    if not (isinstance(returned, tuple | list) and len(returned) == 4):
        return {"returned": "something else"}
    model, threshold, valid_acc, test_acc = returned
    outputs = {
        "returned": "four values",
        "threshold": number_of(threshold),
        "valid_acc": number_of(valid_acc),
        "test_acc": number_of(test_acc),
        "rounds of training data": loaders[0].rounds,
    }
    if not isinstance(model, torch.nn.Module):
        return outputs | {"model": "something else"}
    model.train(False)
    model.threshold = threshold
    with torch.no_grad():
        scores = model(valid_x.clone())
    outputs |= {"labels of known test points": _labels(model, known_x), "labels": _labels(model, test_x)}
    model.threshold = 0.5
    return outputs | {
        "model": "torch module",
        "parameter shapes": sorted(list(parameter.shape) for parameter in model.parameters()),
        "scores of validation points": copy_of(scores),
        "labels at one half": _labels(model, test_x),
    }


class _CountingLoader(DataLoader):
    """Shuffle batches of 32, and count how often they are gone through."""

    def __init__(self, x, y):
        super().__init__(TensorDataset(x.clone(), y.clone()), batch_size=32, shuffle=True)
        self.rounds = 0

    def __iter__(self):
        self.rounds += 1
        return super().__iter__()


def _loader(x, y):
    return DataLoader(TensorDataset(x.clone(), y.clone()), batch_size=32, shuffle=True, num_workers=0)


def _labels(model, x):
    with torch.no_grad():
        return copy_of(model.classify(x.clone()))
