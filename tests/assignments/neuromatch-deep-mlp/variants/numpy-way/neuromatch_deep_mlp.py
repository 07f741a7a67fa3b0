# ruff: noqa
"""NumPy wherever it will do: the order of the split, accuracies, features; np.int and dataiter.next() of older years.

Given cells of its own: setup, net, training, split, plots, spirals, poly.
"""

# %% id="setup"
import math
import random

import matplotlib.pyplot as plt
import numpy as np
import torch
import torchvision
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset
from torchvision import transforms
from torchvision.datasets import ImageFolder
from tqdm.notebook import tqdm, trange

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
SEED = 2021


# %% id="net"
class Net(nn.Module):
    def __init__(self, actv, input_feature_num, hidden_unit_nums, output_feature_num):
        super().__init__()
        self.d = input_feature_num
        blocks = []
        sizes = np.concatenate([[input_feature_num], np.asarray(hidden_unit_nums, dtype=np.int)]).astype(np.int)
        for i in range(len(sizes) - 1):
            blocks += [nn.Linear(int(sizes[i]), int(sizes[i + 1])), eval(f"nn.{actv}")]
        self.features = nn.Sequential(*blocks)
        self.classifier = nn.Linear(int(sizes[-1]), output_feature_num)

    def forward(self, x):
        return self.classifier(self.features(x.contiguous().view(-1, self.d)))


# %% id="check-net"
# %check net

# %% id="training"
def train_test_classification(
    net, criterion, optimizer, train_loader, test_loader, num_epochs=1, verbose=True, training_plot=False, device="cpu"
):
    net.to(device).train()
    history = []
    for epoch in trange(num_epochs):
        for i, data in enumerate(train_loader, 0):
            inputs, labels = data
            optimizer.zero_grad()
            loss = criterion(net(inputs.to(device).float()), labels.to(device).long())
            loss.backward()
            optimizer.step()
            history += [loss.item()]

    def test(loader):
        net.eval()
        pred, true = [], []
        with torch.inference_mode():
            for inputs, labels in loader:
                pred.append(net(inputs.to(device).float()).cpu().numpy().argmax(axis=-1))
                true.append(labels.numpy().astype(np.int))
        return 100 * np.mean(np.concatenate(pred) == np.concatenate(true))

    train_acc, test_acc = test(train_loader), test(test_loader)
    if training_plot:
        plt.plot(history)
        plt.show()
    return train_acc, test_acc


# %% id="check-training"
# %check training

# %% id="split"
def shuffle_and_split_data(X, y, seed):
    idx = np.random.RandomState(seed).permutation(len(X))
    cut = int(np.floor(0.2 * len(X)))
    te, tr = torch.from_numpy(idx[:cut]), torch.from_numpy(idx[cut:])
    return [X[te], y[te], X[tr], y[tr]]


# %% id="check-split"
# %check split


# %% id="plots"
def sample_grid(M=500, x_max=2.0):
    line = np.linspace(-x_max, x_max, M)
    return torch.tensor(np.stack(np.meshgrid(line, line), -1).reshape(-1, 2), dtype=torch.float32)


def plot_decision_map(X_all, y_pred, X_test, y_test, M=500, x_max=2.0, eps=1e-3):
    plt.imshow(y_pred.argmax(1).view(M, M))
    plt.scatter(*X_test.T, c=y_test)
    plt.show()


def seed_worker(worker_id):
    for seed_stream in (random.seed, np.random.seed):
        seed_stream(torch.initial_seed() % 2**32)


# %% id="spirals"
K, N, sigma = 4, 1000, 0.4
t = np.linspace(0, 1, N)
X = np.concatenate(
    [
        np.stack(
            [
                t * (np.sin(2 * np.pi / K * (2 * t + k)) + sigma**2 * np.random.randn(N)),
                t * (np.cos(2 * np.pi / K * (2 * t + k)) + sigma**2 * np.random.randn(N)),
            ],
            1,
        )
        for k in range(K)
    ]
)
X, y = torch.tensor(X).float(), torch.arange(K).repeat_interleave(N)
X_test, y_test, X_train, y_train = shuffle_and_split_data(X, y, SEED)
train_loader = DataLoader(TensorDataset(X_train, y_train), batch_size=128, shuffle=True)
test_loader = DataLoader(TensorDataset(X_test, y_test), batch_size=128)
dataiter = iter(train_loader)
points, labels = dataiter.next()
print(points.shape, labels.shape)


# %% id="depth"
def run_depth_optimizer(max_par_count, max_hidden_layer, device):
    def count_parameters(model):
        return int(np.sum([np.prod(p.shape) for p in model.parameters() if p.requires_grad]))

    hidden_layers = range(1, max_hidden_layer + 1)
    test_scores = np.zeros(max_hidden_layer)
    for i, hidden_layer in enumerate(hidden_layers):
        hidden_units = np.ones(hidden_layer, dtype=np.int)
        wide_net = Net("ReLU()", X_train.shape[1], hidden_units, K).to(device)
        par_count = count_parameters(wide_net)
        while par_count < max_par_count:
            hidden_units = hidden_units + 1
            wide_net = Net("ReLU()", X_train.shape[1], hidden_units, K).to(device)
            par_count = count_parameters(wide_net)
        print(f"{hidden_layer} layers of {hidden_units[0]}: {par_count}")
        optimizer = optim.Adam(wide_net.parameters(), lr=1e-3)
        _, test_scores[i] = train_test_classification(
            wide_net, nn.CrossEntropyLoss(), optimizer, train_loader, test_loader, num_epochs=100, device=device
        )
    return hidden_layers, test_scores


# %% id="check-depth"
# %check depth

# %%
hidden_layers, test_scores = run_depth_optimizer(100, 5, DEVICE)


# %% id="poly"
def make_poly_features(poly_degree, X):
    a, b = X[:, :1].numpy(), X[:, 1:].numpy()
    powers = np.array(
        [(n, m) for n in range(poly_degree + 1) for m in range(poly_degree + 1) if 0 < n + m <= poly_degree]
    )
    return torch.from_numpy((a ** powers[:, 0] * b ** powers[:, 1]).astype(np.float32)), powers.shape[0]


def run_poly_classification(poly_degree, device="cpu", seed=0):
    train, n = make_poly_features(poly_degree, X_train)
    test, _ = make_poly_features(poly_degree, X_test)
    torch.manual_seed(seed)
    loaders = [
        DataLoader(TensorDataset(train, y_train), batch_size=128, shuffle=True),
        DataLoader(TensorDataset(test, y_test), batch_size=128, shuffle=False),
    ]
    net = Net("ReLU()", n, [], K).to(device)
    opt = optim.Adam(net.parameters(), lr=1e-3)
    print(train_test_classification(net, nn.CrossEntropyLoss(), opt, *loaders, num_epochs=100, device=device))
    grid = sample_grid()
    with torch.no_grad():
        scores = net(make_poly_features(poly_degree, grid)[0].to(device))
    plot_decision_map(grid, scores.cpu(), X_test, y_test)
    return n


# %% id="check-poly"
# %check poly

# %% id="loaders"
def get_data_loaders(batch_size, seed):
    train_transform = transforms.Compose(
        [
            transforms.RandomRotation((-10, 10)),
            transforms.RandomHorizontalFlip(p=0.5),
            transforms.Lambda(lambda img: torch.from_numpy(np.array(img)).permute(2, 0, 1).float() / 255),
            transforms.Lambda(lambda x: 2 * x - 1),
        ]
    )
    test_transform = transforms.Compose(train_transform.transforms[2:])
    train = ImageFolder("/content/AnimalFaces32x32/afhq/train/", transform=train_transform)
    test = ImageFolder("/content/AnimalFaces32x32/afhq/val/", transform=test_transform)
    torch.manual_seed(seed)
    return DataLoader(train, batch_size, True), DataLoader(test, batch_size, False)


# %% id="check-loaders"
# %check loaders

# %% id="xavier"
gain = 1.0


def init_weights(m, mode="normal"):
    if not isinstance(m, nn.Linear):
        return
    out_features, in_features = m.weight.shape
    std = gain * np.sqrt(2 / (in_features + out_features))
    if mode == "normal":
        values = np.random.normal(0, std, (out_features, in_features))
    else:
        values = np.random.uniform(-np.sqrt(3) * std, np.sqrt(3) * std, (out_features, in_features))
    m.weight.data = torch.tensor(values, dtype=torch.float32)
    m.bias.data.zero_() if m.bias is not None else None


# %%
negative_slope = np.float64(0.1)
theoretical_gain = np.sqrt(2 / (1 + negative_slope**2))

# %% id="check-xavier"
# %check xavier
