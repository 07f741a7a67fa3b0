"""Written answers (Markdown) and the hyperparameters chosen for the trainings of parts 2 to 4.

`cs236781.answers.display_answer` shows the texts; the notebooks hand the numbers to networks and optimizers.
"""

from torch import nn

# TODO: Part 1, question 1: the Jacobians of a Linear layer (1024 to 512 features, 64 samples).
part1_q1 = "Write your answer here"

# TODO: Part 1, question 2: is back-propagation required for training with gradient descent?
part1_q2 = "Write your answer here"

# TODO: Part 2, question 1: training with and without dropout.
part2_q1 = "Write your answer here"

# TODO: Part 2, question 2: can test loss and test accuracy rise together?
part2_q2 = "Write your answer here"

# TODO: Part 2, question 3: gradient descent, stochastic gradient descent and back-propagation.
part2_q3 = "Write your answer here"

# TODO: Part 3, question 1: optimization, generalization and approximation error.
part3_q1 = "Write your answer here"

# TODO: Part 3, question 2: is FPR or FNR higher on the validation set?
part3_q2 = "Write your answer here"

# TODO: Part 3, question 3: choosing the threshold for a medical screening.
part3_q3 = "Write your answer here"

# TODO: Part 3, question 4: the experiment with depth and width.
part3_q4 = "Write your answer here"

# TODO: Part 4, question 1: the bottleneck block compared with a regular block.
part4_q1 = "Write your answer here"

# TODO: Part 5, question 1: experiment 1.1, the effect of depth.
part5_q1 = "Write your answer here"

# TODO: Part 5, question 2: experiment 1.2, the effect of the number of filters.
part5_q2 = "Write your answer here"

# TODO: Part 5, question 3: experiment 1.3, both together.
part5_q3 = "Write your answer here"

# TODO: Part 5, question 4: experiment 1.4, residual networks.
part5_q4 = "Write your answer here"

# TODO: Part 5, question 5: YourCNN and experiment 2.
part5_q5 = "Write your answer here"


def part2_overfit_hp():
    """Return wstd, lr and reg for learning 20 images by heart within 20 epochs."""
    # TODO: Return a dict with the keys wstd, lr and reg.
    raise NotImplementedError("part2_overfit_hp")


def part2_optim_hp():
    """Return wstd, reg and one learning rate for each optimizer."""
    # TODO: Return a dict with the keys wstd, lr_vanilla, lr_momentum, lr_rmsprop and reg.
    raise NotImplementedError("part2_optim_hp")


def part2_dropout_hp():
    """Return wstd and lr for a model that overfits unless it has dropout."""
    # TODO: Return a dict with the keys wstd and lr.
    raise NotImplementedError("part2_dropout_hp")


def part3_arch_hp():
    """Return n_layers, hidden_dims, activation and out_activation of a binary classifier for points in the plane.

    n_layers hidden layers of hidden_dims features each, all followed by `activation`; the two scores at the end are
    followed by `out_activation`. Both are names or modules as `hw2.mlp.MLP` takes them.
    """
    # TODO: Return a dict with the keys n_layers, hidden_dims, activation and out_activation.
    raise NotImplementedError("part3_arch_hp")


def part3_optim_hp():
    """Return the loss_fn for that classifier's scores, and lr, weight_decay and momentum for torch.optim.SGD."""
    # TODO: Return a dict with the keys loss_fn, lr, weight_decay and momentum.
    raise NotImplementedError("part3_optim_hp")


def part4_optim_hp():
    """Return the loss_fn for a CNN's scores, and lr, weight_decay and momentum for torch.optim.SGD.

    With batches of 2 images, 25 epochs have to be enough to learn 50 images by heart.
    """
    # TODO: Return a dict with the keys loss_fn, lr, weight_decay and momentum.
    raise NotImplementedError("part4_optim_hp")
