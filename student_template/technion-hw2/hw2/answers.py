"""Written answers (Markdown) and the hyperparameters chosen for the experiments of part 2.

`cs236781.answers.display_answer` shows the texts; the notebooks hand the numbers to `hw2.optimizers`.
"""

# TODO: Part 1, question 1: the Jacobians of a Linear layer (1024 to 512 features, 64 samples).
part1_q1 = "Your answer"

# TODO: Part 1, question 2: is back-propagation required for training with gradient descent?
part1_q2 = "Your answer"

# TODO: Part 2, question 1: training with and without dropout.
part2_q1 = "Your answer"

# TODO: Part 2, question 2: can test loss and test accuracy rise together?
part2_q2 = "Your answer"

# TODO: Part 2, question 3: gradient descent, stochastic gradient descent and back-propagation.
part2_q3 = "Your answer"


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
