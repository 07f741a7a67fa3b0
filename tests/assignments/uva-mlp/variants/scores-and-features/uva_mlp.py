# ruff: noqa
"""The networks return their flattened input beside the scores, and every function unpacks them.

Given cells of its own: my_mlp.
"""

# %% [markdown] id="intro"
# # Multilayer perceptrons on images
#
# You build three things with your own hands: a multilayer perceptron (MLP), the optimizer that trains it, and the loop
# that puts both to work on small photographs. Then you make the network better, and find out what it can't see.
#
# Write the parts marked `TODO`; everything else is there. The cell below a part checks what you have run so far, saved
# or not. Before you hand in, save the notebook and run `grader check` in its folder: that reads the file, as grading
# does.
#
# Everything up to the first training runs in seconds on any computer; for the trainings a GPU saves time, but is not
# needed.

# %% id="setup"
## Python's own
import copy
import json
import math
import os

## Plots
import matplotlib.pyplot as plt
import numpy as np
from matplotlib import cm

## PyTorch
import torch
import torchvision
from torch import nn, optim
from torch.nn import functional as F
from torch.utils import data
from torchvision import transforms
from torchvision.datasets import CIFAR10

## Progress bars
from tqdm.auto import tqdm

# %matplotlib inline

# %% [markdown] id="paths-text"
# Two folders: one for the images, one for what your training saves. Put them wherever you like.

# %% id="paths"
DATASET_PATH = "../data"
CHECKPOINT_PATH = "../saved_models/practical1"
os.makedirs(CHECKPOINT_PATH, exist_ok=True)

# %% [markdown] id="seed-text"
# Training draws many random numbers. With a fixed seed you draw the same ones each time, so a result can be repeated.


# %% id="seed"
def set_seed(seed):
    """Begin all streams of random numbers anew."""
    torch.manual_seed(seed)  # on the processor and on all graphics cards
    np.random.seed(seed)


set_seed(42)
torch.backends.cudnn.deterministic = True
torch.backends.cudnn.benchmark = False

device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
print("Computing on", device)

# %% [markdown] id="data-text"
# ## The images
#
# CIFAR-10 holds 60 000 colour photographs of 32×32 pixels in ten classes, from airplane to truck. The pixels are
# shifted and scaled so that each colour has mean 0 and standard deviation 1 over the training images. Of the 50 000
# training images 5 000 are set apart for validation: you choose with them what to keep, and touch the test images last.
#
# If you try augmentations later, give them to the training images only.

# %% id="data"
DATA_MEANS = [0.491, 0.482, 0.447]
DATA_STD = [0.247, 0.243, 0.261]
data_transforms = transforms.Compose([transforms.ToTensor(), transforms.Normalize(DATA_MEANS, DATA_STD)])

main_dataset = CIFAR10(root=DATASET_PATH, train=True, transform=data_transforms, download=True)
train_set, val_set = data.random_split(main_dataset, [45000, 5000], generator=torch.Generator().manual_seed(42))
test_set = CIFAR10(root=DATASET_PATH, train=False, transform=data_transforms, download=True)

train_loader = data.DataLoader(train_set, batch_size=128, shuffle=True, drop_last=True, num_workers=2)
val_loader = data.DataLoader(val_set, batch_size=128, shuffle=False, drop_last=False, num_workers=2)
test_loader = data.DataLoader(test_set, batch_size=128, shuffle=False, drop_last=False, num_workers=2)

# %% [markdown] id="look-text"
# Look at your data before you blame your model: here are ten images.

# %% id="look"
images = torch.stack([train_set[index][0] for index in range(10)])  # (10, 3, 32, 32)
grid = torchvision.utils.make_grid(images, nrow=5, normalize=True, pad_value=0.5)
plt.figure(figsize=(10, 5))
plt.imshow(grid.permute(1, 2, 0))
plt.axis("off")
plt.show()

# %% [markdown] id="part-mlp"
# # Part 1: an MLP and its training
#
# ## The network
#
# `MLP(input_size, num_classes, hidden_sizes)` stacks linear layers: one for each entry of `hidden_sizes`, and one more
# that returns the scores, so `len(hidden_sizes) + 1` in all. Which activation stands between them is your choice; ReLU
# is a good start. **No activation follows the last layer:** the loss wants plain scores.
#
# Inputs may be rows of `input_size` numbers. The loaders above give images, (N, 3, 32, 32): either lay them out as rows
# in `forward`, which leaves rows as they are, or do it in your training functions.


# %% id="mlp"
class MLP(nn.Module):
    """A multilayer perceptron."""

    def __init__(self, input_size=3072, num_classes=10, hidden_sizes=[256, 128]):
        """
        input_size: how many numbers one input has
        num_classes: how many scores the network returns for each input
        hidden_sizes: how many numbers come out of each hidden layer; don't change this list
        """
        super().__init__()
        layers = []
        in_size = input_size
        for out_size in hidden_sizes:
            layers.append(nn.Linear(in_size, out_size))
            layers.append(nn.ReLU())
            in_size = out_size
        layers.append(nn.Linear(in_size, num_classes))
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        x = x.flatten(start_dim=1)  # (N, input_size)
        return self.layers(x), x  # (N, num_classes), (N, input_size)


# %% [markdown] id="my_mlp-text"
# A quick look at the shape that comes out, for sizes drawn at random. Leave this cell where it is: the checks look at
# the `MLP` above it, whatever you define further down.

# %% id="my_mlp"
input_size, num_classes = np.random.randint(64, 3072), np.random.randint(5, 20)
hidden_sizes = [int(np.random.randint(32, 256)) for _ in range(np.random.randint(1, 3))]
my_mlp = MLP(input_size=input_size, num_classes=num_classes, hidden_sizes=hidden_sizes).to(device)
print(tuple(my_mlp(torch.randn(32, input_size, device=device))[0].shape), "expected:", (32, num_classes))

# %% id="check-mlp"
# %check mlp

# %% [markdown] id="part-optimizer"
# ## The optimizer
#
# After `loss.backward()` each parameter $w$ has a gradient $g$. An optimizer turns the two into a new $w$. Most of them
# differ in this one rule only, so the rest stands in a template:
#
# - `zero_grad()` sets all gradients to zero, for `backward()` *adds* to what is there;
# - `step()` calls `update_param(p)` for each parameter that has a gradient.


# %% id="optimizer-template"
class OptimizerTemplate:
    """What all optimizers share."""

    def __init__(self, params, lr):
        self.params, self.lr = list(params), lr

    def zero_grad(self):
        for p in self.params:
            if p.grad is not None:
                p.grad.detach_()  # forget how it was computed
                p.grad.zero_()

    @torch.no_grad()
    def step(self):
        for p in self.params:
            if p.grad is not None:
                self.update_param(p)

    def update_param(self, p):
        raise NotImplementedError("each optimizer has its own rule")


# %% [markdown] id="momentum-text"
# Plain gradient descent takes $w \leftarrow w - \eta\, g$ with the learning rate $\eta$ (`lr`). **SGD with momentum**
# follows an average over all gradients so far, in which older ones fade away:
#
# $$m^{(t)} = \beta\, m^{(t-1)} + (1 - \beta)\, g^{(t)} \qquad\qquad w^{(t)} = w^{(t-1)} - \eta\, m^{(t)}$$
#
# $\beta$ is `momentum`, and $m^{(0)} = 0$. Mind the factor $(1 - \beta)$: `torch.optim.SGD` has none. Every parameter
# has an $m$ of its own, kept in `self.param_momentum`. Change `p` in place: a new tensor would be unknown to the model.


# %% id="optimizer"
class SGDMomentum(OptimizerTemplate):
    """Stochastic gradient descent along an average of the gradients."""

    def __init__(self, params, lr, momentum=0.9):
        self.momentum = momentum
        super().__init__(params, lr)
        self.param_momentum = {p: torch.zeros_like(p.data) for p in self.params}

    def update_param(self, p):
        average = self.momentum * self.param_momentum[p] + (1 - self.momentum) * p.grad
        self.param_momentum[p] = average
        p -= self.lr * average


# %% [markdown] id="curve-text"
# ## A test track
#
# Two numbers $w_1$ and $w_2$ and a loss that is hard to go down: a narrow ravine along $w_2$ with steep walls in $w_1$.
# Who follows the steepest slope bounces from wall to wall.


# %% id="curve-loss"
def pathological_curve_loss(w1, w2):
    """Return the height of a ravine."""
    walls = torch.tanh(w1) ** 2 + 0.01 * torch.abs(w1)
    descent = torch.sigmoid(w2)
    return walls + descent


def plot_curve(curve_fn, x_range=(-5, 5), y_range=(-5, 5), plot_3d=False, cmap=cm.viridis, title="A steep ravine"):
    """Plot a loss over two parameters and return the axes."""
    fig = plt.figure(figsize=(6, 6))
    ax = fig.add_subplot(projection="3d" if plot_3d else None)
    x, y = torch.linspace(*x_range, 100), torch.linspace(*y_range, 100)
    x, y = torch.meshgrid(x, y, indexing="ij")
    z = curve_fn(x, y)
    if plot_3d:
        ax.plot_surface(x.numpy(), y.numpy(), z.numpy(), cmap=cmap)
        ax.set_zlabel("loss")
    else:
        ax.imshow(z.T.flip(0).numpy(), cmap=cmap, extent=(*x_range, *y_range), aspect="auto")
    ax.set_title(title)
    ax.set_xlabel("$w_1$")
    ax.set_ylabel("$w_2$")
    return ax


plot_curve(pathological_curve_loss, plot_3d=True)
plt.show()

# %% [markdown] id="train_curve-text"
# `train_curve` lets an optimizer run on such a track and writes down its way. For each update:
#
# 1. compute the loss at the current weights, `curve_func(w1, w2)`;
# 2. append a tensor with `w1`, `w2` and this loss to `list_points`. It has to be a **copy without a graph**: the
#    weights change in place, and a tensor that only points to them would change along;
# 3. clear the gradients, call `backward()`, take a step.
#
# So row $t$ of the result holds the weights *before* update $t$ and their loss; row 0 is where it began.


# %% id="train_curve"
def train_curve(optimizer_func, curve_func=pathological_curve_loss, num_updates=100, init=[5, 5]):
    """
    optimizer_func: makes the optimizer, given a list of parameters
    curve_func: returns the loss for w1 and w2
    num_updates: how many steps to take
    init: where to begin, w1 and w2
    Returns a NumPy array of shape (num_updates, 3): w1, w2 and the loss of each step.
    """
    weights = nn.Parameter(torch.tensor(init, dtype=torch.float32))
    optimizer = optimizer_func([weights])

    list_points = []
    for _ in range(num_updates):
        loss = curve_func(weights[0], weights[1])
        list_points.append(torch.cat([weights.detach().clone(), loss.detach().reshape(1)]))  # (3,)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    points = torch.stack(list_points, dim=0).numpy()
    return points


# %% [markdown] id="SGDMom_points-text"
# Now your optimizer on the track. The learning rate is much larger than for a network: there are only two parameters.
# A correct optimizer goes down the ravine, to $w_1 \approx 0$ and $w_2 \approx -13$.

# %% id="SGDMom_points"
SGDMom_points = train_curve(lambda params: SGDMomentum(params, lr=10, momentum=0.9))
print("The last point is", SGDMom_points[-1])

# %% id="curve-plot"
widest = float(np.abs(SGDMom_points[:, 0]).max())
ax = plot_curve(
    pathological_curve_loss,
    x_range=(-widest, widest),
    y_range=(float(SGDMom_points[:, 1].min()), float(SGDMom_points[:, 1].max())),
)
w1, w2, _ = SGDMom_points.T
ax.plot(w1, w2, "ro-", label="SGDMomentum")
plt.legend()
plt.show()

# %% id="check-optimizer"
# %check optimizer

# %% id="check-curve"
# %check curve

# %% [markdown] id="part-training"
# ## Training and validation
#
# Four functions are left. How you write them is up to you; this is what they have to do:
#
# - `train_model` goes over all batches in each epoch: scores, cross-entropy, gradients cleared and computed, a step.
#   Every 5 epochs it measures the accuracy on the validation images and saves the model if that is the best so far. In
#   the end the model holds the **best** parameters, not the last ones.
# - `test_model` returns the share of images whose class is right: of *all* images. The last batch may be smaller.
# - `save_model` and `load_model` write the model's parameters to a file in `CHECKPOINT_PATH` and read them back into a
#   model. Each `model_name` has a file of its own.
#
# Layers such as dropout work in another way while a model is tested. Switch with `model.train()` and `model.eval()`.


# %% id="train_model"
def train_model(model, optimizer, train_data_loader, val_data_loader, num_epochs=25, model_name="MyMLP"):
    """Train a model; in the end it holds the parameters that did best on the validation images."""
    model.to(device)
    best_val_acc = -1.0

    for epoch in range(1, num_epochs + 1):
        model.train()
        for imgs, labels in train_data_loader:
            imgs, labels = imgs.to(device), labels.to(device)
            scores, _ = model(imgs)  # (N, num_classes)
            loss = F.cross_entropy(scores, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

        if epoch % 5 == 0:
            val_acc = test_model(model, val_data_loader)
            print(f"Epoch {epoch}: {100 * val_acc:.1f} % of the validation images are right")
            if val_acc > best_val_acc:
                best_val_acc = val_acc
                save_model(model, model_name)

    load_model(model, model_name)


# %% id="test_model"
@torch.no_grad()
def test_model(model, data_loader):
    """Return the share of images whose class is predicted, between 0 and 1."""
    model.eval()
    correct, total = 0, 0
    for imgs, labels in data_loader:
        imgs, labels = imgs.to(device), labels.to(device)
        predictions = model(imgs)[0].argmax(dim=1)  # (N,)
        correct += (predictions == labels).sum().item()
        total += len(labels)
    return correct / total


# %% id="save_model"
def save_model(model, model_name):
    """Write the parameters of a model to a file."""
    torch.save(model.state_dict(), os.path.join(CHECKPOINT_PATH, model_name + ".pt"))


def load_model(model, model_name):
    """Read the parameters of a model from its file."""
    model.load_state_dict(torch.load(os.path.join(CHECKPOINT_PATH, model_name + ".pt"), map_location=device))


# %% id="check-test-model"
# %check test-model

# %% id="check-checkpoints"
# %check checkpoints

# %% id="check-train-model"
# %check train-model

# %% id="check-training"
# This one trains your MLP with your optimizer for some seconds.
# %check training

# %% [markdown] id="train-text"
# Now train. With the sizes that `MLP` has by default, expect 52 to 53 % on the validation and the test images: far from
# perfect, and five times better than guessing.

# %% id="train"
set_seed(42)
mlp = MLP()
train_model(mlp, SGDMomentum(mlp.parameters(), lr=0.1, momentum=0.9), train_loader, val_loader, model_name="MLP")

# %% id="test"
test_acc = test_model(mlp, test_loader)
print(f"{100 * test_acc:.1f} % of the test images are right")

# %% [markdown] id="answer-default"
# **Report, part 1.** Which accuracies does your MLP reach on validation and test images, with which learning rate and
# after how many epochs? If it is less than 52 %: what do you think stands in the way?

# %% [markdown] id="part-improve"
# # Part 2: a better MLP
#
# Reach **at least 56 %** on the test images. Some questions to try out:
#
# - Does it help to show each image in slightly different ways (augmentation)?
# - Do dropout or weight decay keep the network from learning images by heart?
# - Is it better to be deep or to be wide?
# - What does normalization (BatchNorm, LayerNorm) change?
#
# You may edit your MLP above or write another one here. Whatever you do, the notebook has to end with an `MLP`, an
# optimizer and a `train_model` that still learn: that is what the last check looks at.


# %% id="improve"
class BetterMLP(nn.Module):
    """An MLP with normalization and dropout."""

    def __init__(self, input_size=3072, num_classes=10, hidden_sizes=(1024, 512, 256), p=0.3):
        super().__init__()
        self.layers = nn.Sequential()
        for out_size in hidden_sizes:
            self.layers.extend([nn.Linear(input_size, out_size), nn.BatchNorm1d(out_size), nn.ReLU(), nn.Dropout(p)])
            input_size = out_size
        self.layers.append(nn.Linear(input_size, num_classes))

    def forward(self, x):
        return self.layers(x.flatten(start_dim=1))  # (N, num_classes)


augmented = transforms.Compose(
    [transforms.RandomHorizontalFlip(), transforms.RandomCrop(32, padding=2, padding_mode="reflect"), data_transforms]
)
augmented_set = CIFAR10(root=DATASET_PATH, train=True, transform=augmented)
augmented_set = data.Subset(augmented_set, train_set.indices)
augmented_loader = data.DataLoader(augmented_set, batch_size=128, shuffle=True, drop_last=True, num_workers=2)
for seed in (42, 43, 44):
    set_seed(seed)
    better = BetterMLP()
    better_optimizer = SGDMomentum(better.parameters(), lr=0.1)
    train_model(better, better_optimizer, augmented_loader, val_loader, num_epochs=40, model_name=f"Better{seed}")
    print(f"Seed {seed}: {100 * test_model(better, test_loader):.1f} % of the test images are right")

# %% id="check-final-training"
# %check final-training

# %% [markdown] id="answer-improvement"
# **Report, part 2.** List what you changed. What did each change do (augmentation, regularization, depth and width,
# normalization, whatever you tried), and how sure are you? Give the test accuracies of at least three seeds.

# %% [markdown] id="part-shuffle"
# # Part 3: what an MLP can't see
#
# Neighbouring pixels of a photograph belong together. Does an MLP make use of that? Two experiments:
#
# - **a fixed shuffle:** draw one order of the pixels before the training, and use it for all images, always;
# - **a new shuffle each time:** draw another order for each batch, while training and while testing.
#
# Take the plain MLP or your better one, whichever you like.


# %% id="shuffle"
class ShuffledLoader:
    """Give the batches of a loader with their pixels in another order: always the same one, or a new one each time."""

    def __init__(self, loader, order=None):
        self.loader = loader
        self.order = order
        self.dataset = loader.dataset

    def __len__(self):
        return len(self.loader)

    def __iter__(self):
        for imgs, labels in self.loader:
            order = torch.randperm(32 * 32) if self.order is None else self.order
            yield imgs.flatten(start_dim=2)[:, :, order].view_as(imgs), labels


def train_shuffled(model_name, order=None):
    """Train an MLP on shuffled pixels and return its accuracy on shuffled test images."""
    set_seed(42)
    model = MLP()
    loaders = [ShuffledLoader(loader, order) for loader in (train_loader, val_loader, test_loader)]
    train_model(model, SGDMomentum(model.parameters(), lr=0.1), *loaders[:2], model_name=model_name)
    return test_model(model, loaders[2])




# %% id="shuffle-fixed"
fixed_order = torch.randperm(32 * 32, generator=torch.Generator().manual_seed(42))
print("A fixed shuffle:", train_shuffled("ShuffledFixed", fixed_order))

# %% id="shuffle-new"
print("A new shuffle each time:", train_shuffled("ShuffledNew"))

# %% [markdown] id="answer-shuffling"
# **Report, part 3.** Which of your models did you take? Which accuracies do the two experiments reach, on validation
# and on test images? What do they tell about what an MLP knows of the structure of images?
