"""Probes of part 2's training: the student's network, loss, optimizers and trainer with their hyperparameters.

They return scores for images whose labels stay outside; the checks count what is right.
"""

import contextlib

import torch
from torch.utils.data import DataLoader, TensorDataset

from grader.probes import probe

FROM_SCRATCH = ["hw2.layers", "hw2.optimizers", "hw2.training", "hw2.answers"]
OPTIMIZERS = {"vanilla": "VanillaSGD", "momentum": "MomentumSGD", "rmsprop": "RMSProp"}


@probe(needs=["hw2.answers"])
def part2_hyperparameters(*, function):
    """Return what one of the functions of hyperparameters in hw2.answers returns.

    A number of NumPy or torch is as good as one of Python.
    """
    from hw2 import answers

    returned = getattr(answers, function)()
    if isinstance(returned, dict):
        returned = {key: _number(value) for key, value in returned.items()}
    return {"hyperparameters": returned}


def _number(value):
    with contextlib.suppress(AttributeError, TypeError, ValueError, RuntimeError):
        return value.item()
    return value


@probe(needs=FROM_SCRATCH)
def overfitted(*, x, y, batch_size, num_epochs, hidden_features, seed):
    """Train on a few images with part2_overfit_hp, and return the scores for them after every epoch.

    The seed is set before the model is made, as in the document.
    """
    from hw2.answers import part2_overfit_hp

    hp = dict(part2_overfit_hp())
    torch.manual_seed(seed)
    model, trainer = _model_and_trainer(
        x, hidden_features, "vanilla", wstd=hp["wstd"], learn_rate=hp["lr"], reg=hp["reg"]
    )
    loader = _loader(x, y, batch_size=batch_size)
    outputs = {}
    for epoch in range(1, num_epochs + 1):
        trainer.train_epoch(loader, verbose=False)
        outputs[f"scores after epoch {epoch}"] = _scores(model, x)
    return outputs


@probe(needs=FROM_SCRATCH)
def trained_with_optimizer(
    *, train_x, train_y, valid_x, valid_y, test_x, optimizer, batch_size, num_epochs, max_batches, hidden_features, seed
):
    """Train with one of the three optimizers and part2_optim_hp, and return the scores for the test images.

    What fit returned comes with them. The seed is set before the model is made, as in the document.
    """
    from hw2.answers import part2_optim_hp

    torch.manual_seed(seed)
    hp = dict(part2_optim_hp())
    learn_rate = hp[f"lr_{optimizer}"]
    model, trainer = _model_and_trainer(
        train_x, hidden_features, optimizer, wstd=hp["wstd"], learn_rate=learn_rate, reg=hp["reg"]
    )
    with torch.random.fork_rng():
        before = _scores(model, test_x)
    result = trainer.fit(
        _loader(train_x, train_y, batch_size=batch_size),
        _loader(valid_x, valid_y, batch_size=batch_size),
        num_epochs,
        max_batches=max_batches,
        print_every=num_epochs,
    )
    return {"scores": _scores(model, test_x), "scores before training": before, **reported(result)}


def reported(result):
    """Return the losses and accuracies that fit returned, as tensors; nothing of what is no list of numbers.

    They are drawn on the scorecard and never graded.
    """
    outputs = {}
    for name in ("train_loss", "train_acc", "test_loss", "test_acc"):
        with contextlib.suppress(Exception):
            outputs[f"{name} of fit"] = torch.tensor([float(value) for value in getattr(result, name)])
    return outputs


def _model_and_trainer(x, hidden_features, optimizer, *, wstd, learn_rate, reg):
    """Return the student's network for ten classes and their trainer of it."""
    from hw2 import layers, optimizers, training

    model = layers.MLP(x[0].numel(), 10, list(hidden_features), wstd=wstd)
    optimizer_class = getattr(optimizers, OPTIMIZERS[optimizer])
    step_taker = optimizer_class(model.params(), learn_rate=learn_rate, reg=reg)
    return model, training.LayerTrainer(model, layers.CrossEntropyLoss(), step_taker)


def _loader(x, y, *, batch_size):
    return DataLoader(TensorDataset(x.clone(), y.clone()), batch_size, shuffle=False)


def _scores(model, x):
    """Return the class scores of images in test mode."""
    model.train(False)
    scores = model(x.flatten(1))
    model.train(True)
    return scores.detach().clone() if isinstance(scores, torch.Tensor) else scores
