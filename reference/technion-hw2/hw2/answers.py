"""Written answers (Markdown) and the hyperparameters chosen for the experiments of part 2.

`cs236781.answers.display_answer` shows the texts; the notebooks hand the numbers to `hw2.optimizers`.
"""

from torch import nn

# <solution> Part 1, question 1: the Jacobians of a Linear layer (1024 to 512 features, 64 samples).
#| part1_q1 = "Your answer"
part1_q1 = r"""
**1. The Jacobian of Y with respect to X**

- *Shape.* Every one of the 64 × 512 outputs may depend on every one of the 64 × 1024 inputs: (64, 512,
  64, 1024).
- *Sparsity.* Sparse. Row n of Y is made from row n of X alone, so the entry for $(n, j), (m, i)$ is
  zero whenever $n \ne m$. Only 64 of the 64 × 64 blocks can be non-zero, and each of them is the same
  matrix W.
- *Is it needed?* No. Summing over the only block that is not zero leaves a product of two small
  matrices, $\delta X = \delta Y\, W$, of shape (64, 512) · (512, 1024) = (64, 1024).

**2. The Jacobian of Y with respect to W**

- *Shape.* (64, 512, 512, 1024).
- *Sparsity.* Sparse. Output feature j uses row j of W only, so $\partial Y_{n,j} / \partial W_{k,i}$ is
  zero for $j \ne k$ and $X_{n,i}$ otherwise.
- *Is it needed?* No. $\delta W_{j,i} = \sum_n \delta Y_{n,j} X_{n,i}$, that is $\delta W = \delta
  Y^\top X$.
"""
# </solution>

# <solution> Part 1, question 2: is back-propagation required for training with gradient descent?
#| part1_q2 = "Your answer"
part1_q2 = r"""
No. Descent needs the gradient and does not ask where it comes from. Finite differences, derivatives
written out by hand or forward-mode differentiation give it too. Their cost grows with the number of
parameters, though: each parameter (or direction) needs a pass of its own. Back-propagation gets all
derivatives of one scalar for about the price of two forward passes, which is why networks with millions
of parameters are trained with it.
"""
# </solution>

# <solution> Part 2, question 1: training with and without dropout.
#| part2_q1 = "Your answer"
part2_q1 = r"""
1. Without dropout the small training set is learned almost by heart: its loss falls towards zero while
   the test loss turns around and climbs. With dropout the training curve is worse, since each step
   trains a random part of the network and the full one is only used for testing, and the gap to the
   test curve is smaller.
2. At 0.4 enough units survive to fit the data, and the noise still hinders units from relying on each
   other: the best test result. At 0.8 four of five activations are gone in every step; the remaining
   capacity is too small and both curves stay poor, which is underfitting.
"""
# </solution>

# <solution> Part 2, question 2: can test loss and test accuracy rise together?
#| part2_q2 = "Your answer"
part2_q2 = r"""
Yes. Accuracy asks only which score is the largest; the cross-entropy also asks by how much. If a few
samples cross the decision boundary to the right side, accuracy rises. If at the same time some samples
that are wrong anyway become wrong with more confidence, each adds an unbounded amount $-\log p_y$, and
the mean loss rises as well.
"""
# </solution>

# <solution> Part 2, question 3: gradient descent, stochastic gradient descent and back-propagation.
#| part2_q3 = "Your answer"
part2_q3 = r"""
1. Back-propagation computes a gradient. Gradient descent is one way of using it to change parameters.
2. GD takes the gradient over all samples: exact, the same in every repetition, one expensive step an
   epoch. SGD takes it over a random batch: an unbiased but noisy estimate, many cheap steps an epoch,
   and a loss that does not fall in every step.
3. Batches fit into memory; many approximate steps make faster progress than one exact step of the same
   price; redundant samples are not paid for again and again; the noise helps to leave saddle points and
   narrow minima.
4. (a) Yes, up to scaling: differentiation is linear, so the gradient of the sum of the batch losses is
   the sum of their gradients. With batch means of equal size the result has to be divided by the number
   of batches.
   (b) One backward pass at the end needs what every layer kept in every forward pass, so the stored
   inputs of all batches pile up in memory. Going backward after each batch and adding the gradients
   avoids it.
"""
# </solution>


def part2_overfit_hp():
    """Return wstd, lr and reg for learning 20 images by heart within 20 epochs."""
    # <solution> Return a dict with the keys wstd, lr and reg.
    return {"wstd": 0.15, "lr": 0.02, "reg": 0.0}
    # </solution>


def part2_optim_hp():
    """Return wstd, reg and one learning rate for each optimizer."""
    # <solution> Return a dict with the keys wstd, lr_vanilla, lr_momentum, lr_rmsprop and reg.
    return {"wstd": 0.1, "lr_vanilla": 0.02, "lr_momentum": 0.002, "lr_rmsprop": 0.0002, "reg": 0.001}
    # </solution>


def part2_dropout_hp():
    """Return wstd and lr for a model that overfits unless it has dropout."""
    # <solution> Return a dict with the keys wstd and lr.
    return {"wstd": 0.1, "lr": 0.003}
    # </solution>


def part3_arch_hp():
    """Return n_layers, hidden_dims, activation and out_activation of a binary classifier for points in the plane.

    n_layers hidden layers of hidden_dims features each, all followed by `activation`; the two scores at the end are
    followed by `out_activation`. Both are names or modules as `hw2.mlp.MLP` takes them.
    """
    # <solution> Return a dict with the keys n_layers, hidden_dims, activation and out_activation.
    return {"n_layers": 3, "hidden_dims": 32, "activation": "relu", "out_activation": "none"}
    # </solution>


def part3_optim_hp():
    """Return the loss_fn for that classifier's scores, and lr, weight_decay and momentum for torch.optim.SGD."""
    # <solution> Return a dict with the keys loss_fn, lr, weight_decay and momentum.
    return {"loss_fn": nn.CrossEntropyLoss(), "lr": 0.02, "weight_decay": 0.001, "momentum": 0.9}
    # </solution>


def part4_optim_hp():
    """Return the loss_fn for a CNN's scores, and lr, weight_decay and momentum for torch.optim.SGD.

    With batches of 2 images, 25 epochs have to be enough to learn 50 images by heart.
    """
    # <solution> Return a dict with the keys loss_fn, lr, weight_decay and momentum.
    return {"loss_fn": nn.CrossEntropyLoss(), "lr": 0.002, "weight_decay": 0.001, "momentum": 0.9}
    # </solution>
