"""Written answers (Markdown) and the hyperparameters chosen for the trainings of parts 2 to 4.

`cs236781.answers.display_answer` shows the texts; the notebooks hand the numbers to networks and optimizers.
"""

from torch import nn

# <solution> Part 1, question 1: the Jacobians of a Linear layer (1024 to 512 features, 64 samples).
#| part1_q1 = "Write your answer here"
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
#| part1_q2 = "Write your answer here"
part1_q2 = r"""
No. Descent needs the gradient and does not ask where it comes from. Finite differences, derivatives
written out by hand or forward-mode differentiation give it too. Their cost grows with the number of
parameters, though: each parameter (or direction) needs a pass of its own. Back-propagation gets all
derivatives of one scalar for about the price of two forward passes, which is why networks with millions
of parameters are trained with it.
"""
# </solution>

# <solution> Part 2, question 1: training with and without dropout.
#| part2_q1 = "Write your answer here"
part2_q1 = r"""
1. Yes, they match. Without dropout the few training images are learned by heart: the training loss falls to almost
   zero and the training accuracy reaches 100 %, while the test loss soon turns around and climbs, and the test
   accuracy stands still. That is overfitting, which a small set and many parameters are meant to provoke. With
   dropout the training curves are worse, for two reasons: every step trains another random part of the network, and
   training accuracy is measured with units switched off. The test loss rises later and less, and the gap between the
   curves is smaller.
2. At 0.4 enough units survive to fit the data, and no unit can rely on certain others being there: training is
   slower than without dropout, and the test curves are the best of the three. At 0.8 four of five activations are
   zero in every step; what is left is too small for the task and the gradients are noisy, so training and test curves
   both stay poor. That is underfitting: more dropout only helps as long as overfitting is what limits the test
   accuracy.
"""
# </solution>

# <solution> Part 2, question 2: can test loss and test accuracy rise together?
#| part2_q2 = "Write your answer here"
part2_q2 = r"""
Yes. Accuracy only asks which score is the largest, the cross-entropy also by how much: it is the mean of $-\log p_y$,
where $p_y$ is the probability of the right class, and it has no upper bound.

An example with two classes and four samples. Before: $p_y = 0.45, 0.45, 0.6, 0.4$, so one is right and the mean loss
is 0.76. After: $p_y = 0.55, 0.55, 0.6, 0.01$, so three are right and the mean loss is 1.58. The accuracy rises from
25 % to 75 % because two samples crossed the boundary by a little; the loss doubles because one that was wrong anyway
is now wrong with confidence. This is typical of the beginning of overfitting: the network grows more certain about
everything, its mistakes among them.
"""
# </solution>

# <solution> Part 2, question 3: gradient descent, stochastic gradient descent and back-propagation.
#| part2_q3 = "Write your answer here"
part2_q3 = r"""
1. Back-propagation computes derivatives: it applies the chain rule from the loss back to every parameter. Gradient
   descent is one way of using a gradient: it moves the parameters against it. Each can do without the other.
2. GD takes the gradient of the mean loss over all samples, SGD the one over a random batch.

   | | GD | SGD |
   | --- | --- | --- |
   | gradient | exact | unbiased estimate, with noise that shrinks as the batch grows |
   | steps in an epoch | one, expensive | one for each batch, cheap |
   | memory | grows with the data set | grows with the batch |
   | loss | falls in every step if the rate is small enough | falls on average |
   | learning rate | may stay constant | has to shrink for convergence to a point |

3. A batch fits into the memory of a GPU, the whole set doesn't. Samples are redundant, so many approximate steps get
   further than one exact step of the same price. New data can be added at any time. And the noise helps to leave
   saddle points and sharp minima, which tend to generalize worse.
4. 1. Yes, up to a factor. Let batch b have the loss $L_b$. Differentiation is linear, so
      $\nabla_\theta \sum_b L_b = \sum_b \nabla_\theta L_b$. With $L_b$ the sum over the samples this is N times the
      gradient of GD's mean loss. With $L_b$ the mean over batches of equal size it is B times as large, for B
      batches. The factor can be moved into the learning rate. Layers whose output depends on the batch, such as batch
      normalization, are an exception.
   2. Every layer keeps what its backward needs (its input, its output) in every forward pass until backward has run.
      One backward pass at the end needs all of them at once, so the memory grows with every batch, until it holds the
      activations of the whole set. The remedy is to go backward after every batch and to add the gradients up:
      the result is the same and only one batch is kept.
"""
# </solution>

# <solution> Part 3, question 1: optimization, generalization and approximation error.
#| part3_q1 = "Write your answer here"
part3_q1 = r"""
1. *Optimization error: low.* The training loss flattens out and the training accuracy ends at about 93 %, close to
   what the overlap of the noisy moons allows. More epochs or another learning rate would change little.
2. *Generalization error: high, I would act on it.* The validation accuracy is 5 to 8 points below the training
   accuracy and jumps from epoch to epoch. The reason is less overfitting than the data: three quarters of the
   training set are moons turned by 10°, the validation set consists of moons turned by 50° only. Training data with
   other rotations (augmentation) would help most, regularization a little.
3. *Approximation error: low.* The decision boundary winds around both moons, so networks of this kind can express
   what is needed. A linear boundary, for comparison, would cut off the tips of the moons.
"""
# </solution>

# <solution> Part 3, question 2: is FPR or FNR higher on the validation set?
#| part3_q2 = "Write your answer here"
part3_q2 = r"""
I expect the FNR to be higher. The boundary is learned mainly from moons turned by 10°, but the validation set has
moons turned by 50°, both around the origin. The negative moon is an arc around the origin, so turning moves it along
itself: most of its samples end where negative samples were in training. The positive moon is an arc around (1, 0.5),
so turning carries it away as a whole, partly to where the negative moon was. Positives are therefore taken for
negatives more often than the other way around. The confusion matrices agree: on the validation set the network misses
13 to 28 % of the positive samples (depending on the seed) and calls 3 to 7 % of the negative ones positive. It also
fits that the threshold chosen later is far below 0.5.
"""
# </solution>

# <solution> Part 3, question 3: choosing the threshold for a medical screening.
#| part3_q3 = "Write your answer here"
part3_q3 = r"""
No. The point closest to (0, 1) treats both mistakes as equally bad, and here they aren't. The threshold should
minimize the expected cost $c_{FP}\,P(\text{healthy})\,FPR + c_{FN}\,P(\text{sick})\,FNR$, and the two scenarios
differ in $c_{FN}$.

1. *Harmless symptoms show up anyway.* A false negative costs little: the person is diagnosed and treated a bit later.
   A false positive costs an expensive test with a high risk. So I would choose a high threshold, a point on the left
   of the curve with a very low FPR, and accept a high FNR.
2. *No symptoms, and death if nobody notices.* A false negative may cost a life; a false positive still costs money
   and the risk of the test. So I would choose a low threshold, a point in the upper part of the curve with an FNR
   close to zero. Not "everybody is sick", though: the test is dangerous itself, so the FPR has to stay low enough for
   the lives saved to outweigh those put at risk. How rare the disease is decides with it.
"""
# </solution>

# <solution> Part 3, question 4: the experiment with depth and width.
#| part3_q4 = "Write your answer here"
part3_q4 = r"""
1. *Columns (fixed depth, growing width).* Two neurons a layer can only make boundaries of one or two bends, and the
   accuracy stays at about 84 to 85 % on the test set. With 8 neurons the boundary follows both moons, and the
   accuracy jumps to 87 to 89 %. Up to 128 neurons the boundary becomes smoother while the accuracy hardly moves: what
   is left is noise in the data and the shift between the sets.
2. *Rows (fixed width, growing depth).* With width 2 more depth doesn't help: all information has to pass through two
   numbers in every layer. From width 8 on, more layers give rounder, more curved boundaries, yet about the same
   accuracy on the test set, and on the validation set rather a lower one: deep networks fit the training rotation
   more closely.
3. The two configurations of each pair do not quite have the same number of parameters: it is 162 against 258, and 642
   against 3330. Their accuracies differ by one or two points, no more than two seeds of one configuration do. The
   shallow and wide one has a boundary of few, straighter pieces, the deep and narrow one bends more often, since
   every layer folds the plane anew. On this simple task neither is an advantage, and the shallow one is trained
   faster.
4. Yes, in eleven of twelve cases, by up to four points compared with 0.5, most where the network is small. The validation set
   (50°) and the test set (40°) are turned in the same direction away from most of the training data, so both suffer
   from too many false negatives; a lower threshold chosen on one also repairs the other. If the test set
   were like the training set, the same threshold would do harm.
"""
# </solution>

# <solution> Part 4, question 1: the bottleneck block compared with a regular block.
#| part4_q1 = "Write your answer here"
part4_q1 = r"""
1. *Parameters*, with biases.
   - Regular block, two 3×3 convolutions from 256 to 256 channels: $2 \cdot (3 \cdot 3 \cdot 256 + 1) \cdot 256 =
     1\,180\,160$.
   - Bottleneck: $(256 + 1) \cdot 64 + (3 \cdot 3 \cdot 64 + 1) \cdot 64 + (64 + 1) \cdot 256 = 16\,448 + 36\,928 +
     16\,640 = 70\,016$, which is 17 times fewer.
2. *Operations.* Every weight of a convolution is used once for each position of the output, so with H × W positions
   the regular block takes about $1.18 \cdot 10^6\,HW$ multiplications and additions and the bottleneck about
   $7 \cdot 10^4\,HW$: 17 times fewer as well. Activations and the sum with the shortcut cost a few hundred $HW$ in
   both and don't matter.
3. *Combining the input.*
   - Spatially, within feature maps: two 3×3 convolutions let an output see 5 × 5 positions; the bottleneck has only
     one, so it sees 3 × 3. The regular block is stronger here.
   - Across feature maps: in the regular block every output is made of all 256 maps, twice. The 1×1 convolutions of
     the bottleneck mix all 256 maps, too, but everything has to pass through 64 of them, so what the main path adds
     is a combination of 64 maps at most. For the same price one can therefore stack many bottlenecks, and their
     shortcuts keep all 256 maps.
"""
# </solution>

# <solution> Part 5, question 1: experiment 1.1, the effect of depth.
#| part5_q1 = "Write your answer here"
part5_q1 = r"""
(The answers of part 5 say what runs like these are expected to show, and why. They quote no measured numbers: yours
decide.)

1. From L=2 to L=4 the accuracy rises: more layers see a larger part of the image and build features out of features.
   The best depth is about L=4, for K=32 as for K=64. Beyond it the accuracy falls on the training set as well, so the
   reason is not overfitting but that the network is harder to train: the signal and its gradient pass more layers,
   and with more poolings less of the image is left for the classifier.
2. Yes: with L=16, and often with L=8, the loss stays at $\ln 10 \approx 2.3$, that is guessing. The gradients
   shrink by a factor in every layer, and so does the difference between the activations of two images, so the first
   layers hardly learn. Two remedies: shortcuts around the convolutions (a ResNet), so that the gradient has a way
   that doesn't shrink it, and batch normalization after each convolution, which keeps the scale of activations the
   same at any depth. A better initialization (He's) helps, too.
"""
# </solution>

# <solution> Part 5, question 2: experiment 1.2, the effect of the number of filters.
#| part5_q2 = "Write your answer here"
part5_q2 = r"""
- *L=2 and L=4:* more filters help, with diminishing returns. Wide networks reach a high training accuracy within
  fewer epochs, and their test loss turns around earlier, so early stopping ends them sooner: they overfit more.
- *L=8:* depth decides. Where the network is trained at all, the number of filters changes the test accuracy by a few
  points only; the widest ones get stuck or end early most easily.

Compared with experiment 1.1: the number of filters changes the results less than the depth. Width adds capacity but
leaves the path of the gradient as it is, so no number of filters makes a trainable depth untrainable, or repairs one
that isn't. The best results come from a moderate depth (L=4) with many filters. In both experiments the training
accuracy is well above the test accuracy at the end: what is missing is regularization, not capacity.
"""
# </solution>

# <solution> Part 5, question 3: experiment 1.3, both together.
#| part5_q3 = "Write your answer here"
part5_q3 = r"""
With three numbers of filters L counts three times: L=1, 2, 3, 4 are 3, 6, 9 and 12 convolutions. So the picture of
experiment 1.1 comes back at smaller L. Three and six convolutions train well, and with 64 to 256 filters they are
better than any network of one width: the number of filters grows while pooling shrinks the maps, which keeps the
amount of information about the same. Nine convolutions learn slowly, and with twelve the loss stays at or near
that of guessing. More filters in the later layers don't compensate for vanishing gradients. The shallow networks
overfit, since the last convolutions and the first fully connected layer have most of the parameters.
"""
# </solution>

# <solution> Part 5, question 4: experiment 1.4, residual networks.
#| part5_q4 = "Write your answer here"
part5_q4 = r"""
- *Compared with 1.1 (K=32):* L=8 and L=16, which the plain CNN hardly learned or didn't learn at all, can be trained,
  and L=32 with some luck. The shortcut hands the gradient on unchanged, and a block that isn't needed can leave its
  input as it is. Depth beyond L=8 doesn't raise the test accuracy, though: it is trainable now, but not useful for
  small images and a part of CIFAR-10.
- *Compared with 1.3 (K=64, 128, 256):* at equal depth (L=2, 4) the ResNet learns in fewer epochs and gets further;
  L=4, the limit of the plain CNN, is no problem. L=8 are 24 convolutions; without batch normalization even the ResNet
  has trouble, because the sums grow from block to block and every 1×1 convolution on a shortcut interrupts the direct
  way.
- In both the gap between training and test accuracy is larger than with the plain networks: shortcuts help to
  optimize, they don't regularize.
"""
# </solution>

# <solution> Part 5, question 5: YourCNN and experiment 2.
#| part5_q5 = "Write your answer here"
part5_q5 = r"""
1. Experiment 1 showed two limits: deep networks aren't trained, and those that are overfit. Against the first:
   residual blocks instead of plain convolutions, batch normalization within and after them, which also keeps the sums
   from growing, and one ordinary convolution at the beginning, so that most shortcuts need no 1×1 convolution.
   Against the second: dropout within the blocks, besides weight decay. And pooling stops as soon as the maps are 4 ×
   4, so any depth works with the same pool_every.
2. All four depths (9 to 36 convolutions) learn, where experiment 1.3 ended at nine. Training is slower per epoch,
   since dropout makes the task harder, and early stopping comes later; in return training and test accuracy stay
   close together and the test accuracy is above all of experiment 1. L=3 and L=6 are best. L=9 and L=12 can be
   trained but add nothing: with this amount of data depth is no longer the limit.
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
