"""The network is written with matrices of its own, the functional API and GELU; no nn.Linear."""

# ruff: noqa

# %%
import copy
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.utils.data as data
from torchvision import transforms
from torchvision.datasets import CIFAR10

# %%
DATASET_PATH = "../data"
CHECKPOINT_PATH = "../saved_models/practical1"
os.makedirs(CHECKPOINT_PATH, exist_ok=True)
device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")

# %%
data_transforms = transforms.Compose(
    [transforms.ToTensor(), transforms.Normalize([0.491, 0.482, 0.447], [0.247, 0.243, 0.261])]
)
main_dataset = CIFAR10(root=DATASET_PATH, train=True, transform=data_transforms, download=True)
train_set, val_set = data.random_split(main_dataset, [45000, 5000])
train_loader = data.DataLoader(train_set, batch_size=128, shuffle=True, drop_last=True)
val_loader = data.DataLoader(val_set, batch_size=128)


# %%
class MLP(nn.Module):
    def __init__(self, input_size=3072, num_classes=10, hidden_sizes=[256, 128]):
        super().__init__()
        sizes = (input_size, *hidden_sizes, num_classes)
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for before, after in zip(sizes, sizes[1:]):
            self.weights.append(nn.Parameter(torch.randn(before, after) * np.sqrt(2 / before)))
            self.biases.append(nn.Parameter(torch.zeros(after)))

    def forward(self, x):
        h = x.reshape(len(x), -1)
        for depth, (w, b) in enumerate(zip(self.weights, self.biases)):
            h = h @ w + b
            if depth < len(self.weights) - 1:
                h = F.gelu(h)
        return h


# %%
my_mlp = MLP(input_size=100, num_classes=7, hidden_sizes=[40, 30])
random_output = my_mlp(torch.randn(32, 100))
assert random_output.shape == (32, 7)


# %%
class OptimizerTemplate:
    def __init__(self, params, lr):
        self.params, self.lr = list(params), lr

    def zero_grad(self):
        for p in self.params:
            if p.grad is not None:
                p.grad.detach_()
                p.grad.zero_()

    @torch.no_grad()
    def step(self):
        for p in self.params:
            if p.grad is None:
                continue
            self.update_param(p)

    def update_param(self, p):
        raise NotImplementedError


# %%
class SGDMomentum(OptimizerTemplate):
    def __init__(self, params, lr, momentum=0.9):
        self.momentum = momentum
        super().__init__(params, lr)
        self.param_momentum = {p: torch.zeros_like(p.data) for p in self.params}

    def update_param(self, p):
        self.param_momentum[p] = (1 - self.momentum) * p.grad + self.momentum * self.param_momentum[p]
        p.add_(-self.lr * self.param_momentum[p])


# %%
def pathological_curve_loss(w1, w2):
    return torch.tanh(w1) ** 2 + 0.01 * torch.abs(w1) + torch.sigmoid(w2)


def train_curve(optimizer_func, curve_func=pathological_curve_loss, num_updates=100, init=[5, 5]):
    weights = nn.Parameter(torch.tensor(init).float())
    optimizer = optimizer_func([weights])
    list_points = []
    for _ in range(num_updates):
        loss = curve_func(weights[0], weights[1])
        list_points.append(torch.cat([weights.data.detach(), loss.unsqueeze(dim=0).detach()], dim=0))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return torch.stack(list_points, dim=0).numpy()


# %%
SGDMom_points = train_curve(lambda params: SGDMomentum(params, lr=10, momentum=0.9))


# %%
def train_model(model, optimizer, train_data_loader, val_data_loader, num_epochs=25, model_name="MyMLP"):
    model.to(device)
    best_val_acc = -1.0
    criterion = nn.CrossEntropyLoss()
    for epoch in range(1, num_epochs + 1):
        model.train()
        for imgs, labels in train_data_loader:
            imgs, labels = imgs.to(device), labels.to(device)
            optimizer.zero_grad()
            loss = criterion(model(imgs), labels)
            loss.backward()
            optimizer.step()
        if epoch % 5 == 0:
            acc = test_model(model, val_data_loader)
            if acc > best_val_acc:
                save_model(model, model_name)
                best_val_acc = acc
    load_model(model, model_name)


# %%
@torch.no_grad()
def test_model(model, data_loader):
    model.eval()
    true_preds, count = 0.0, 0
    for imgs, labels in data_loader:
        preds = model(imgs.to(device)).argmax(dim=-1).cpu()
        true_preds += (preds == labels).sum().item()
        count += labels.shape[0]
    return true_preds / count


# %%
def save_model(model, model_name):
    torch.save(model.state_dict(), os.path.join(CHECKPOINT_PATH, f"{model_name}.tar"))


def load_model(model, model_name):
    model.load_state_dict(torch.load(os.path.join(CHECKPOINT_PATH, f"{model_name}.tar")))


# %%
mlp = MLP()
train_model(mlp, SGDMomentum(mlp.parameters(), lr=1e-1), train_loader, val_loader, model_name="FirstMLP")
test_acc = test_model(mlp, val_loader)
print("Accuracy:", test_acc)
