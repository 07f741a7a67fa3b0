# ruff: noqa
"""The network returns its flattened input beside the scores, and what uses it unpacks them.

Given cells of its own: net, training, poly.
"""

# %% [markdown] id="intro"
# # Deep MLPs: wide or deep, and how to begin
#
# You build a multilayer perceptron, train it on a spiral that no straight line can separate, and ask three questions:
#
# 1. Given a fixed number of parameters, is it better to be **wide** or to be **deep**?
# 2. What does it take to feed a network with **real images**?
# 3. How large should the **first random weights** be?
#
# Write the parts marked `TODO`; everything else is there. The cell below a part checks what you have run so far, saved
# or not. Before you hand in, save the notebook and run `grader check` in its folder: that reads the file, as grading
# does. No GPU is needed.

# %% id="setup"
import ast
import math
import pathlib
import random
import urllib.request
import zipfile

import matplotlib.pyplot as plt
import numpy as np
import torch
import torchvision.transforms as transforms
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset
from torchvision.datasets import ImageFolder
from torchvision.utils import make_grid
from tqdm.auto import tqdm

# %matplotlib inline


# %% id="seeds"
def set_seed(seed=None, seed_torch=True):
    """Begin all streams of random numbers anew, so that a run can be repeated."""
    seed = np.random.choice(2**32) if seed is None else seed
    for seed_stream in (random.seed, np.random.seed):
        seed_stream(seed)
    if seed_torch:
        torch.manual_seed(seed)
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
    print(f"Random seed {seed} has been set.")


def seed_worker(worker_id):
    """Seed NumPy and Python in a worker process of a DataLoader."""
    for seed_stream in (random.seed, np.random.seed):
        seed_stream(torch.initial_seed() % 2**32)


def set_device():
    """Return the device to compute on: a GPU if there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


SEED = 2021
set_seed(seed=SEED)
DEVICE = set_device()

# %% [markdown] id="part-net"
# ## Tools: the network
#
# The tools of this part and the next two are given, and earn no points. Read them, for you need them later. If you
# change them, the cells below them say whether they still do what the rest relies on.
#
# `Net(actv, input_feature_num, hidden_unit_nums, output_feature_num)` is a perceptron with any number of hidden layers:
#
# - one `nn.Linear` for each entry of `hidden_unit_nums`, each followed by the activation;
# - one more `nn.Linear` for the output. **No activation** follows it, for the loss wants plain scores.
#
# `hidden_unit_nums` may be empty: then the network is a single linear layer.
#
# The activation comes as text, such as `"ReLU()"` or `"LeakyReLU(0.1)"`; `make_activation` turns it into a module. It
# could be done with one line of `eval`, but `eval` runs *anything* that a text says, so it is a bad habit.
#
# Inputs may have any shape, an image for instance. `forward` lays out each of them as a row of `input_feature_num`
# numbers first.


# %% id="net"
def make_activation(actv):
    """Return the activation that a text names: "LeakyReLU(0.1)" gives nn.LeakyReLU(0.1)."""
    call = ast.parse(actv, mode="eval").body
    arguments = [ast.literal_eval(argument) for argument in call.args]
    named = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
    return getattr(nn, call.func.id)(*arguments, **named)


class Net(nn.Module):
    """A multilayer perceptron."""

    def __init__(self, actv, input_feature_num, hidden_unit_nums, output_feature_num):
        super().__init__()
        self.input_feature_num = input_feature_num
        self.mlp = nn.Sequential()
        in_num = input_feature_num
        for out_num in hidden_unit_nums:
            self.mlp.append(nn.Linear(in_num, out_num))
            self.mlp.append(make_activation(actv))
            in_num = out_num
        self.mlp.append(nn.Linear(in_num, output_feature_num))

    def forward(self, x):
        x = x.reshape(-1, self.input_feature_num)  # (N, input_feature_num)
        return self.mlp(x), x  # (N, output_feature_num), (N, input_feature_num)


# %% id="check-net"
# %check net

# %% [markdown] id="part-training"
# ## Tools: the training loop
#
# `train_test_classification` trains a network and says how good it has become. It returns two numbers, the accuracy on
# all training samples and on all test samples, both **in percent** and both measured **after** the training.
#
# - Train in training mode, measure in evaluation mode: layers such as dropout behave differently.
# - Batches may differ in size, the last one usually does. So count the right answers of all batches and divide once.
# - The inputs have to be `float()`, the labels `long()`.


# %% id="training"
def measure_accuracy(net, data_loader, device="cpu"):
    """Return the number of samples, and the percentage of them that the network puts into the right class."""
    net.eval()
    correct = 0
    total = 0
    with torch.no_grad():
        for inputs, labels in data_loader:
            inputs = inputs.to(device).float()
            labels = labels.to(device).long()
            predicted = net(inputs)[0].argmax(dim=1)  # (N,)
            correct += (predicted == labels).sum().item()
            total += len(labels)
    return total, 100 * correct / total


def train_test_classification(
    net,
    criterion,
    optimizer,
    train_loader,
    test_loader,
    num_epochs=1,
    verbose=True,
    training_plot=False,
    device="cpu",
):
    """Train the network and return its accuracies on the training and on the test data, in percent."""
    net.to(device)
    training_losses = []
    net.train()
    for _ in tqdm(range(num_epochs), disable=not verbose):
        for inputs, labels in train_loader:
            inputs = inputs.to(device).float()
            labels = labels.to(device).long()
            optimizer.zero_grad()
            loss = criterion(net(inputs)[0], labels)
            loss.backward()
            optimizer.step()
            training_losses.append(loss.item())

    train_total, train_acc = measure_accuracy(net, train_loader, device)
    test_total, test_acc = measure_accuracy(net, test_loader, device)
    if verbose:
        print(f"\nAccuracy on the {train_total} training samples: {train_acc:0.2f}")
        print(f"Accuracy on the {test_total} testing samples: {test_acc:0.2f}\n")
    if training_plot:
        plt.plot(training_losses)
        plt.xlabel("Batch")
        plt.ylabel("Training loss")
        plt.show()
    return train_acc, test_acc


# %% id="check-training"
# %check training

# %% [markdown] id="part-split"
# ## Tools: training and test data
#
# `shuffle_and_split_data(X, y, seed)` shuffles the samples and sets 20 % of them apart for testing, rounded down. It
# returns four tensors, **the test part first**: `X_test, y_test, X_train, y_train`. A label has to stay with its
# sample, and the same seed has to give the same split, whatever random numbers were drawn before.


# %% id="split"
def shuffle_and_split_data(X, y, seed):
    """Return X_test, y_test, X_train, y_train: the samples in random order, 20 % of them for testing."""
    torch.manual_seed(seed)
    N = X.shape[0]
    order = torch.randperm(N)
    X, y = X[order], y[order]
    test_size = int(0.2 * N)
    return X[:test_size], y[:test_size], X[test_size:], y[test_size:]


# %% id="check-split"
# %check split


# %% id="plots"
def imshow(img):
    """Show an image with values in [-1, 1], (3, H, W)."""
    plt.imshow((img / 2 + 0.5).permute(1, 2, 0).numpy())
    plt.axis(False)
    plt.show()


def sample_grid(M=500, x_max=2.0):
    """Return the points of a square grid, (M * M, 2)."""
    line = torch.linspace(-x_max, x_max, M)
    ii, jj = torch.meshgrid(line, line, indexing="ij")
    return torch.stack([ii, jj], dim=-1).reshape(-1, 2)


def plot_decision_map(X_all, y_pred, X_test, y_test, M=500, x_max=2.0, eps=1e-3):
    """Show which class the network gives to each point of the plane, and the test points on top."""
    decision_map = torch.argmax(y_pred, dim=1)
    for point, label in zip(X_test, y_test):
        near = ((X_all - point) ** 2).sum(dim=1) < eps
        decision_map[near] = (K + label).long()
    plt.imshow(decision_map.view(M, M), extent=[-x_max, x_max, -x_max, x_max], cmap="jet")
    plt.axis("off")
    plt.show()


# %% [markdown] id="part-spirals"
# ## The data: four spiral arms
#
# Four classes of 1000 points, each class one arm of a spiral, noisier further out. 800 of the points are for testing.

# %% id="spirals"
K, N = 4, 1000  # arms, and points of each arm
sigma = 0.4  # how far the points lie off their arm
t = torch.linspace(0, 1, N)  # how far along the arm
X, y = torch.zeros(K * N, 2), torch.zeros(K * N)
for k in range(K):
    arm = slice(k * N, (k + 1) * N)
    angle = 2 * np.pi / K * (2 * t + k)
    X[arm, 0] = t * (torch.sin(angle) + sigma**2 * torch.randn(N))
    X[arm, 1] = t * (torch.cos(angle) + sigma**2 * torch.randn(N))
    y[arm] = k

X_test, y_test, X_train, y_train = shuffle_and_split_data(X, y, seed=SEED)

batch_size = 128
g_seed = torch.Generator()
g_seed.manual_seed(SEED)
train_loader = DataLoader(
    TensorDataset(X_train, y_train),
    batch_size=batch_size,
    drop_last=True,
    shuffle=True,
    worker_init_fn=seed_worker,
    generator=g_seed,
)
test_loader = DataLoader(
    TensorDataset(X_test, y_test),
    batch_size=batch_size,
    worker_init_fn=seed_worker,
    generator=g_seed,
)

# %% id="check-spiral-training"
# %check spiral-training

# %% [markdown] id="part-depth"
# ## 1. Wide or deep?
#
# Compare networks with 1, 2, … hidden layers that all have about the same number of parameters. In each of them all
# hidden layers are equally wide.
#
# `run_depth_optimizer(max_par_count, max_hidden_layer, device)` tries each depth from 1 to `max_hidden_layer`. For each
# depth it looks for the **smallest width**, from 1 on, with which the network has **at least** `max_par_count`
# trainable parameters. It trains that network once and keeps its **test** accuracy. It returns the depths and the
# accuracies.
#
# Count with `p.numel()`, which is how many numbers a parameter holds, and leave out parameters that are not trained:
# their `requires_grad` is False.


# %% id="depth"
def count_parameters(model):
    """Return how many numbers training can change in a model."""
    par_count = 0
    for p in model.parameters():
        if p.requires_grad:
            par_count += p.numel()
    return par_count


def run_depth_optimizer(max_par_count, max_hidden_layer, device):
    """Return the numbers of hidden layers that were tried, and the test accuracy that each of them reached."""
    hidden_layers = list(range(1, max_hidden_layer + 1))
    test_scores = []
    for hidden_layer in hidden_layers:
        # of that width wide_net. It is made for X_train and for K classes, with ReLU, on `device`.
        width = 1
        wide_net = Net("ReLU()", X_train.shape[1], [width] * hidden_layer, K).to(device)
        while count_parameters(wide_net) < max_par_count:
            width += 1
            wide_net = Net("ReLU()", X_train.shape[1], [width] * hidden_layer, K).to(device)

        optimizer = optim.Adam(wide_net.parameters(), lr=1e-3)
        criterion = nn.CrossEntropyLoss()
        _, test_acc = train_test_classification(
            wide_net, criterion, optimizer, train_loader, test_loader, num_epochs=100, verbose=False, device=device
        )
        test_scores.append(test_acc)
    return hidden_layers, test_scores


# %% id="check-depth"
# %check depth

# %% id="run-depth"
set_seed(seed=SEED)
hidden_layers, test_scores = run_depth_optimizer(max_par_count=100, max_hidden_layer=5, device=DEVICE)
plt.plot(hidden_layers, test_scores)
plt.xlabel("Number of hidden layers")
plt.ylabel("Test accuracy (%)")
plt.show()

# %% [markdown] id="question-depth"
# **Question 1.** With so few parameters, one depth does best. Which one, in your plot? Why do more hidden layers hurt
# from there on?

# %% [markdown] id="part-poly"
# ## 1.1 Where wide fails
#
# What if we go as wide as possible? Give a *linear* classifier all products of powers $x_1^n x_2^m$ with
# $1 \le n + m \le P$ as features. There are $(P+1)(P+2)/2$ pairs with $n + m \le P$; the constant, $n = m = 0$, is left
# out, for `nn.Linear` has a bias already. So $P = 2$ gives five features: $x_2, x_2^2, x_1, x_1 x_2, x_1^2$.
#
# `make_poly_features(poly_degree, X)` returns these features, one column each, and how many there are. It is given,
# too.


# %% id="poly"
def make_poly_features(poly_degree, X):
    """Return the features (N, F) that polynomials up to this degree are made of, and their number F."""
    columns = []
    for i in range(poly_degree + 1):
        for j in range(poly_degree + 1 - i):
            if i + j > 0:
                columns.append(X[:, 0] ** i * X[:, 1] ** j)  # (N,)
    return torch.stack(columns, dim=1), len(columns)


def run_poly_classification(poly_degree, device="cpu", seed=0):
    """Train a linear classifier of polynomial features, show what it does, and return the number of features."""
    poly_X_test, num_features = make_poly_features(poly_degree, X_test)
    poly_X_train, _ = make_poly_features(poly_degree, X_train)

    order = torch.Generator().manual_seed(seed)
    options = {"batch_size": 128, "worker_init_fn": seed_worker, "generator": order}
    poly_test_loader = DataLoader(TensorDataset(poly_X_test, y_test), **options)
    poly_train_loader = DataLoader(TensorDataset(poly_X_train, y_train), shuffle=True, **options)

    poly_net = Net("ReLU()", num_features, [], K).to(device)
    optimizer = optim.Adam(poly_net.parameters(), lr=1e-3)
    criterion = nn.CrossEntropyLoss()
    train_test_classification(
        poly_net, criterion, optimizer, poly_train_loader, poly_test_loader, num_epochs=100, device=device
    )

    X_all = sample_grid()
    poly_X_all, _ = make_poly_features(poly_degree, X_all)
    with torch.no_grad():
        y_pred = poly_net(poly_X_all.to(device))[0]
    plot_decision_map(X_all, y_pred.cpu(), X_test, y_test)
    return num_features


# %% id="check-poly"
# %check poly

# %% [markdown] id="question-terms"
# **Question 2.** Prove that there are $(P+1)(P+2)/2$ pairs of whole numbers $n, m \ge 0$ with $n + m \le P$. How many
# features follow from it for $P = 50$, and why is it one fewer?

# %% [markdown] id="poly-figures"
# With degree 50 there are 1325 features. After 100 epochs the linear classifier is right for 69.88 % of the training
# points and 72.62 % of the test points, if you draw and order everything as above; another order of the columns gives
# slightly different figures, and is just as right. Look at the picture, too: what happens outside of the spiral?

# %% id="run-poly"
set_seed(seed=SEED)
print("Number of features:", run_poly_classification(50, DEVICE, SEED))

# %% id="check-poly-training"
# %check poly-training

# %% [markdown] id="question-wide"
# **Question 3.** Does this wide model do well outside of the region that its training points come from? Why? Say what
# you see in the picture, and which two accuracies your run has reached.

# %% [markdown] id="part-loaders"
# ## 2. Images
#
# The data set Animal Faces has 16,130 images of 32 × 32 pixels in three classes, in folders: `afhq/train/cat/…`,
# `afhq/train/dog/…`, `afhq/train/wild/…`, and the same below `afhq/val`. `download_animal_faces()` puts them beside
# this notebook.
#
# `get_data_loaders(batch_size, seed)` returns two loaders, for training and for testing.
#
# **Augmentation**, of the *training* images only: a random rotation by up to 10 degrees, and a random horizontal flip.
#
# **Preprocessing**, of *all* images and after the augmentation: make a tensor with values in [0, 1], then normalize it
# to [-1, 1].
#
# The training images come in a random order, anew each epoch, but the same order for the same `seed`: give that loader
# a generator of its own. The test images come in their own order.


# %% id="loaders"
def download_animal_faces():
    """Download Animal Faces into the folder afhq, unless it is there."""
    if not pathlib.Path("afhq").is_dir():
        archive, _ = urllib.request.urlretrieve("https://osf.io/kgfvj/download", "AnimalFaces32x32.zip")
        with zipfile.ZipFile(archive) as file:
            file.extractall()


def get_data_loaders(batch_size, seed):
    """Return a loader of the training images and one of the test images."""
    mean = (0.5, 0.5, 0.5)
    std = (0.5, 0.5, 0.5)
    # Normalizing means (value - mean) / std for each channel.
    augmentation_transforms = [transforms.RandomRotation(10), transforms.RandomHorizontalFlip()]
    preprocessing_transforms = [transforms.ToTensor(), transforms.Normalize(mean, std)]
    train_transform = transforms.Compose(augmentation_transforms + preprocessing_transforms)
    test_transform = transforms.Compose(preprocessing_transforms)

    data_path = pathlib.Path(".") / "afhq"
    # Return the training loader and the test loader.
    img_train_dataset = ImageFolder(data_path / "train", transform=train_transform)
    img_test_dataset = ImageFolder(data_path / "val", transform=test_transform)
    g_seed = torch.Generator()
    g_seed.manual_seed(seed)
    img_train_loader = DataLoader(
        img_train_dataset, batch_size=batch_size, shuffle=True, worker_init_fn=seed_worker, generator=g_seed
    )
    img_test_loader = DataLoader(img_test_dataset, batch_size=batch_size, shuffle=False, worker_init_fn=seed_worker)
    return img_train_loader, img_test_loader


# %% id="check-loaders"
# %check loaders

# %% id="run-images"
# Takes a few minutes; remove the first character of the next line to download the images.
# download_animal_faces()
if pathlib.Path("afhq").is_dir():
    set_seed(seed=SEED)
    img_train_loader, img_test_loader = get_data_loaders(64, SEED)
    images, labels = next(iter(img_train_loader))  # one batch, augmented
    imshow(make_grid(images, nrow=8))
    net = Net("ReLU()", 3 * 32 * 32, [64, 64, 64], 3).to(DEVICE)
    optimizer = optim.Adam(net.parameters(), lr=3e-4)
    train_test_classification(
        net, nn.CrossEntropyLoss(), optimizer, img_train_loader, img_test_loader, num_epochs=30, device=DEVICE
    )
    first_weights = net.mlp[0].weight.detach().cpu().view(64, 3, 32, 32)
    imshow(make_grid(first_weights / first_weights.abs().max(), nrow=8))

# %% id="check-image-training"
# %check image-training

# %% [markdown] id="question-features"
# **Question 4.** The weights of the first layer already look like faces. Does this network have a hierarchy of
# features? Why?

# %% [markdown] id="part-xavier"
# ## 3. How to begin
#
# A layer without activation computes $o_i = \sum_j w_{ij} x_j$. If the weights have mean 0 and variance $\sigma^2$, and
# the inputs have mean 0 and variance $\gamma^2$, all independent, then $o_i$ has the variance
# $n_{in} \sigma^2 \gamma^2$. Signals keep their size if $n_{in} \sigma^2 = 1$, and gradients, on their way back, if
# $n_{out} \sigma^2 = 1$. **Xavier initialization** takes the middle:
#
# $$\sigma = gain \cdot \sqrt{\frac{2}{n_{in} + n_{out}}}$$
#
# with a gain of 1. The weights are drawn from a normal distribution with that standard deviation, or from the uniform
# distribution that has it: between $-a$ and $a$ with $a = \sqrt{3} \, \sigma$.
#
# `init_weights(m, mode="normal")` does this to `m` if it is an `nn.Linear`, with the global variable `gain`, and leaves
# any other module as it is, so that `net.apply(init_weights)` works on whole networks. Its `mode` is `"normal"` or
# `"uniform"`; `torch.nn.init` has a function for each.

# %% id="xavier"
gain = 1.0


def init_weights(m, mode="normal"):
    """Draw the weights of a linear layer anew, as Xavier Glorot proposed."""
    if isinstance(m, nn.Linear):
        if mode == "normal":
            nn.init.xavier_normal_(m.weight, gain)
        elif mode == "uniform":
            nn.init.xavier_uniform_(m.weight, gain)
        else:
            print("Please choose the mode `normal` or `uniform`.")


# %% [markdown] id="part-gain"
# An activation changes the variance, and the gain makes up for it. LeakyReLU multiplies negative inputs by $\alpha$. If
# half of the inputs are negative, the mean square of its outputs is $\frac{1 + \alpha^2}{2}$ times that of its inputs.
# Which gain gives a layer's output the mean square that it had without the activation?

# %% id="gain"
negative_slope = 0.1
theoretical_gain = math.sqrt(2 / (1 + negative_slope**2))

# %% id="check-xavier"
# %check xavier

# %% [markdown] id="part-best-gain"
# Does the figure hold in practice? Train for a single epoch with gains between 0.1 and 3: the best one should be near.

# %% id="run-gains"
if pathlib.Path("afhq").is_dir():
    gains = np.linspace(0.1, 3.0, 10)
    train_accs, test_accs = [], []
    for gain in gains:
        set_seed(seed=SEED)
        net = Net(f"LeakyReLU({negative_slope})", 3 * 32 * 32, [128, 64, 32], 3).apply(init_weights).to(DEVICE)
        sgd = optim.SGD(net.parameters(), lr=1e-2)
        reached = train_test_classification(
            net, nn.CrossEntropyLoss(), sgd, img_train_loader, img_test_loader, device=DEVICE
        )
        train_accs.append(reached[0])
        test_accs.append(reached[1])
    best_gain = gains[np.argmax(train_accs)]
    plt.plot(gains, train_accs, label="Training accuracy")
    plt.plot(gains, test_accs, label="Test accuracy")
    plt.axvline(best_gain, color="k", label=f"best gain {best_gain:.2f}")
    plt.axvline(theoretical_gain, color="g", label=f"theoretical gain {theoretical_gain:.2f}")
    plt.xlabel("gain")
    plt.ylabel("Accuracy (%)")
    plt.legend()
    plt.show()

# %% [markdown] id="question-gain"
# **Question 5 (part of the bonus).** Does the theoretical gain hold in practice? Compare it with the best gain of your
# plot, and say how sure one can be after a single epoch with a single seed.
