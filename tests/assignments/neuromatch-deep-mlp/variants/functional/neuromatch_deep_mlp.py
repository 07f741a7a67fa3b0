# ruff: noqa
"""A ModuleList and functional activations, other names for attributes, counting with sum, no check cells at all."""

# %%
import itertools
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
import torchvision.transforms as T
from torch.utils.data import DataLoader, TensorDataset
from torchvision.datasets import ImageFolder

SEED = 2021
DEVICE = torch.device("cpu")


# %%
class Net(nn.Module):
    def __init__(self, actv, input_feature_num, hidden_unit_nums, output_feature_num):
        super().__init__()
        widths = [input_feature_num] + list(hidden_unit_nums) + [output_feature_num]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in itertools.pairwise(widths))
        self.act = eval("nn." + actv)

    def forward(self, x):
        out = torch.flatten(x, start_dim=1)
        for fc in self.layers[:-1]:
            out = self.act(fc(out))
        return self.layers[-1](out)


# %%
def evaluate(net, loader, device):
    net.eval()
    hits = torch.tensor([(net(a.to(device).float()).max(1)[1] == b.to(device).long()).sum() for a, b in loader]).sum()
    return 100.0 * hits / len(loader.dataset)


def train_test_classification(
    net, criterion, optimizer, train_loader, test_loader, num_epochs=1, verbose=True, training_plot=False, device="cpu"
):
    net = net.to(device)
    for epoch in range(1, num_epochs + 1):
        net.train()
        total = 0.0
        for data in train_loader:
            inputs, labels = data[0].to(device).float(), data[1].to(device).long()
            loss = criterion(net(inputs), labels)
            net.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.item()
        if verbose:
            print(f"epoch {epoch}: loss {total / len(train_loader):.4f}, test {evaluate(net, test_loader, device):.2f}")
    return evaluate(net, train_loader, device), evaluate(net, test_loader, device)


# %%
def shuffle_and_split_data(X, y, seed):
    generator = torch.Generator().manual_seed(seed)
    perm = torch.randperm(len(X), generator=generator)
    n = len(X) // 5
    test, train = perm[:n], perm[n:]
    return X[test], y[test], X[train], y[train]


# %%
def run_depth_optimizer(max_par_count, max_hidden_layer, device):
    n_params = lambda model: sum(p.numel() for p in model.parameters() if p.requires_grad)
    depths, accs = np.arange(1, max_hidden_layer + 1), []
    for depth in depths:
        for width in itertools.count(1):
            model = Net("ReLU()", X_train.shape[1], [width] * int(depth), K).to(device)
            if n_params(model) >= max_par_count:
                break
        opt = optim.Adam(model.parameters(), lr=1e-3)
        accs.append(
            train_test_classification(
                model, nn.CrossEntropyLoss(), opt, train_loader, test_loader, num_epochs=100, device=device
            )[1]
        )
    return depths, accs


# %%
def run_poly_classification(poly_degree, device="cpu", seed=0):
    def make_poly_features(poly_degree, X):
        feats = [
            torch.pow(X[:, 0], total - j) * torch.pow(X[:, 1], j)
            for total in range(1, poly_degree + 1)
            for j in range(total + 1)
        ]
        return len(feats), torch.stack(feats, 1)

    n, P_train = make_poly_features(poly_degree, X_train)
    _, P_test = make_poly_features(poly_degree, X_test)
    g = torch.Generator().manual_seed(seed)
    train = DataLoader(TensorDataset(P_train, y_train), batch_size=128, shuffle=True, generator=g, num_workers=2)
    test = DataLoader(TensorDataset(P_test, y_test), batch_size=128, num_workers=2)
    model = Net("ReLU()", n, [], K).to(device)
    train_test_classification(
        model, nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=1e-3), train, test, 100, device=device
    )
    grid = sample_grid()
    plot_decision_map(grid, model(make_poly_features(poly_degree, grid)[1]), X_test, y_test)
    return n


# %%
def seed_worker(worker_id):
    np.random.seed(torch.initial_seed() % 2**32)


def get_data_loaders(batch_size, seed):
    tail = [T.ToTensor(), T.Normalize(mean=[0.5] * 3, std=[0.5] * 3)]
    train = ImageFolder("afhq/train", T.Compose([T.RandomHorizontalFlip(), T.RandomRotation(10), *tail]))
    val = ImageFolder("afhq/val", T.Compose(tail))
    g = torch.Generator().manual_seed(seed)
    options = {"batch_size": batch_size, "num_workers": 1, "worker_init_fn": seed_worker, "generator": g}
    return DataLoader(train, shuffle=True, **options), DataLoader(val, shuffle=False, **options)


# %%
def init_weights(m, mode="normal"):
    if type(m) == nn.Linear:
        {"normal": nn.init.xavier_normal_, "uniform": nn.init.xavier_uniform_}[mode](m.weight, gain=gain)
        nn.init.zeros_(m.bias)


negative_slope = 0.1
theoretical_gain = np.sqrt(2.0 / (1 + negative_slope**2))
