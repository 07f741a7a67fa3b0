"""Written answers (Markdown) and the hyperparameters chosen for the trainings of parts 2 to 4.

`cs236781.answers.display_answer` shows the texts; the notebooks hand the numbers to networks and optimizers.
"""

from torch import nn

# TODO: Part 1, question 1: the Jacobians of a linear layer.
#       A linear layer maps 1024 features to 512. It gets a batch X of 64 samples and returns Y.
#       1. Look at the Jacobian of Y with respect to X.
#          a) Which shape does it have?
#          b) Is it sparse, that is, are most of its entries zero whatever the numbers are? Which ones, and why?
#          c) Given the gradient of a loss with respect to Y: do you have to build this Jacobian to get the gradient
#             with respect to X? If so, why; if not, write down how you get it without.
#       2. Answer a), b) and c) for the Jacobian of Y with respect to the layer's weights W.
part1_q1 = "Write your answer here"

# TODO: Part 1, question 2: is back-propagation needed?
#       Can a network be trained with an optimizer that descends along gradients if there is no back-propagation? Say
#       why, or why not, and what back-propagation is used for then.
part1_q2 = "Write your answer here"

# TODO: Part 2, question 1: training with and without dropout.
#       You have trained with dropout of 0, 0.4 and 0.8, and drawn the curves of loss and accuracy.
#       1. Explain the curves without dropout beside those with it. Are they what you expected? If so, why: point at
#          places in the plots. If not, what do you think went wrong, and what would you change?
#       2. Compare 0.4 with 0.8, and explain the difference from your plots.
part2_q1 = "Write your answer here"

# TODO: Part 2, question 2: can test loss and test accuracy rise together?
#       While you train with the cross-entropy, may the test loss go up over some epochs in which the test accuracy
#       goes up as well? Explain how that comes about, or why it can't be.
part2_q2 = "Write your answer here"

# TODO: Part 2, question 3: gradient descent, its stochastic form, and back-propagation.
#       1. What is the difference between gradient descent and back-propagation?
#       2. Compare gradient descent (GD) with stochastic gradient descent (SGD) in detail.
#       3. Why does one mostly take SGD in deep learning? Give several reasons.
#       4. Your data don't fit into memory, and you want GD all the same. Somebody proposes: split the data into
#          disjoint batches, do the forward pass of one after another, add up the losses, and do a single backward
#          pass on the sum.
#          a) Is the gradient that of GD? Show it with formulas.
#          b) You tried it with batches that fit easily, and ran out of memory after some of them. What has happened?
part2_q3 = "Write your answer here"

# TODO: Part 3, question 1: three kinds of error.
#       Look at the curves of loss and accuracy of your first binary classifier, and at its decision boundary. Say for
#       each of the three whether it is high, that is, whether you would do something about it, and why you think so:
#       1. the optimization error; 2. the generalization error; 3. the approximation error.
part3_q1 = "Write your answer here"

# TODO: Part 3, question 2: which mistakes are more frequent?
#       For the same classifier and its confusion matrices: do you expect more false positives or more false negatives
#       (as rates, FPR and FNR) on the validation data, and why? You know exactly how the data were made.
part3_q2 = "Write your answer here"

# TODO: Part 3, question 3: a threshold for screening a disease.
#       A classifier screens many people for a disease, early and cheaply, before anybody feels anything. Whoever it
#       calls positive goes through a further test that is expensive and dangerous. You want to screen as many people
#       as possible with as little cost and loss of life as possible. Is the point closest to the ideal one of the ROC
#       curve still your choice? If not, which point is, and why:
#       1. if the ill develop clear symptoms that are not lethal, and can be treated then?
#       2. if the ill show no clear symptoms, and probably die unless your classifier or the test finds them in time?
part3_q3 = "Write your answer here"

# TODO: Part 3, question 4: the experiment with depth and width.
#       1. Explain decision boundaries and accuracies along the columns: fixed depth, growing width.
#       2. Explain them along the rows: fixed width, growing depth.
#       3. Compare two pairs that are said to have as many parameters as each other, and explain: depth 1, width 32
#          with depth 4, width 8; and depth 1, width 128 with depth 4, width 32.
#       4. What did it do to choose the threshold on the validation data: is the accuracy on the test data better?
#          Why?
part3_q4 = "Write your answer here"

# TODO: Part 4, question 1: the bottleneck block compared with a regular block.
#       Take 256 channels in and out. The regular block has two 3×3 convolutions from 256 to 256 channels; the
#       bottleneck goes to 64 channels by a 1×1 convolution, has a 3×3 convolution there, and goes back by another 1×1
#       convolution.
#       1. How many parameters has each? Give exact numbers.
#       2. How many operations does each need for an output? An estimate will do, but say what it rests on.
#       3. How well can each of them combine its input, a) in space, within feature maps; b) across feature maps?
part4_q1 = "Write your answer here"

# TODO: Part 5, question 1: experiment 1.1, the effect of depth.
#       First say what you used: hyperparameters, number of training and test images, and how you chose them.
#       1. How does depth change the accuracy? Which depth is best, and why do you think so?
#       2. Were there values of L with which the network could not be trained? What causes that? Name two things that
#          would help at least in part.
part5_q1 = "Write your answer here"

# TODO: Part 5, question 2: experiment 1.2, the effect of the number of filters.
#       What do the twelve runs show about the number of filters, for each depth? Compare with experiment 1.1: which
#       of the two matters more, and how do they work together?
part5_q2 = "Write your answer here"

# TODO: Part 5, question 3: experiment 1.3, both together.
#       What do the four runs show? Mind how many convolutions L means here.
part5_q3 = "Write your answer here"

# TODO: Part 5, question 4: experiment 1.4, residual networks.
#       What do the shortcuts change? Compare with experiment 1.1 where K is 32, and with experiment 1.3 where K is
#       64, 128, 256.
part5_q4 = "Write your answer here"

# TODO: Part 5, question 5: YourCNN and experiment 2.
#       1. What did you change in the architecture, and what was each change meant to do?
#       2. What do the four runs show? Compare with experiment 1.
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
