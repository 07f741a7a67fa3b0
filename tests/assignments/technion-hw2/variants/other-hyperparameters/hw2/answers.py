"""Other hyperparameters than the reference's, as other students find them, and short answers."""

import numpy as np
from torch import nn

part1_q1 = "See the notebook."

part1_q2 = "See the notebook."

part2_q1 = "See the notebook."

part2_q2 = "See the notebook."

part2_q3 = "See the notebook."

part3_q1 = "See the notebook."

part3_q2 = "See the notebook."

part3_q3 = "See the notebook."

part3_q4 = "See the notebook."

part4_q1 = "See the notebook."

part5_q1 = "See the notebook."

part5_q2 = "See the notebook."

part5_q3 = "See the notebook."

part5_q4 = "See the notebook."

part5_q5 = "See the notebook."


def part2_overfit_hp():
    """Return wstd, lr and reg for learning 20 images by heart within 20 epochs."""
    return {"lr": 5e-2, "reg": 0.001, "wstd": 0.8 * np.sqrt(2 / 128)}


def part2_optim_hp():
    """Return wstd, reg and one learning rate for each optimizer."""
    return {"wstd": 0.07, "reg": 0.01, "lr_vanilla": 0.05, "lr_momentum": 0.005, "lr_rmsprop": 1e-4}


def part2_dropout_hp():
    """Return wstd and lr for a model that overfits unless it has dropout."""
    return {"wstd": 0.1, "lr": 0.003}


def part3_arch_hp():
    """Return n_layers, hidden_dims, activation and out_activation of a binary classifier for points in the plane.

    n_layers hidden layers of hidden_dims features each, all followed by `activation`; the two scores at the end are
    followed by `out_activation`. Both are names or modules as `hw2.mlp.MLP` takes them.
    """
    return {"n_layers": 3, "hidden_dims": 32, "activation": "relu", "out_activation": "none"}


def part3_optim_hp():
    """Return the loss_fn for that classifier's scores, and lr, weight_decay and momentum for torch.optim.SGD."""
    return {"loss_fn": nn.CrossEntropyLoss(), "lr": 0.02, "weight_decay": 0.001, "momentum": 0.9}


def part4_optim_hp():
    """Return the loss_fn for a CNN's scores, and lr, weight_decay and momentum for torch.optim.SGD.

    With batches of 2 images, 25 epochs have to be enough to learn 50 images by heart.
    """
    return {"loss_fn": nn.CrossEntropyLoss(), "lr": 0.002, "weight_decay": 0.001, "momentum": 0.9}
