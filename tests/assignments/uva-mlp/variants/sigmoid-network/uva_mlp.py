"""The activation is a sigmoid, weights begin by Xavier's rule, and checkpoints hold more than the parameters."""

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
        dims = [input_size]
        dims.extend(hidden_sizes)
        for i, (n_in, n_out) in enumerate(zip(dims[:-1], dims[1:])):
            self.add_module(f"fc{i}", nn.Linear(n_in, n_out))
        self.depth = len(hidden_sizes)
        self.last = nn.Linear(dims[-1], num_classes)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.xavier_uniform_(p)

    def forward(self, x):
        if x.dim() > 2:
            x = x.view(x.size(0), -1)
        for i in range(self.depth):
            x = torch.sigmoid(getattr(self, f"fc{i}")(x))
        return self.last(x)


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
def _path(model_name):
    return os.path.join("/content/drive/MyDrive/dl_course", model_name + "_best.pth")


def save_model(model, model_name):
    torch.save({"name": model_name, "model_state_dict": model.state_dict()}, _path(model_name))


def load_model(model, model_name):
    checkpoint = torch.load(_path(model_name), map_location="cpu")
    model.load_state_dict(checkpoint["model_state_dict"])
    model.eval()
    return model


# %%
mlp = MLP()
train_model(mlp, SGDMomentum(mlp.parameters(), lr=1e-1), train_loader, val_loader, model_name="FirstMLP")
test_acc = test_model(mlp, val_loader)
print("Accuracy:", test_acc)
