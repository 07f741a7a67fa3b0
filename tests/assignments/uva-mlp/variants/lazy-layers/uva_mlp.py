"""Layers are lazy, whole models are saved, and the model that train_model returns is a new one."""

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
        self.flatten = nn.Flatten()
        self.hidden = nn.ModuleList([nn.LazyLinear(h) for h in hidden_sizes])
        self.head = nn.LazyLinear(num_classes)
        self(torch.zeros(2, input_size))

    def forward(self, x):
        x = self.flatten(x)
        for layer in self.hidden:
            x = F.leaky_relu(layer(x), 0.1)
        return self.head(x)


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
    model = model.to(device)
    best, best_acc, history = None, -1, []
    for epoch in range(num_epochs):
        for x, y in train_data_loader:
            model.train()
            loss = F.cross_entropy(model(x.to(device)), y.to(device), label_smoothing=0.05)
            model.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
        acc = test_model(model, val_data_loader)
        history.append(acc)
        if acc >= best_acc:
            best_acc, best = acc, copy.deepcopy(model)
    save_model(best, model_name)
    return best, history


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
    torch.save(model, os.path.join(CHECKPOINT_PATH, model_name))


def load_model(model, model_name):
    saved = torch.load(os.path.join(CHECKPOINT_PATH, model_name), map_location=device)
    for mine, its in zip(model.parameters(), saved.parameters()):
        mine.data.copy_(its.data)
    return model


# %%
mlp = MLP()
train_model(mlp, SGDMomentum(mlp.parameters(), lr=1e-1), train_loader, val_loader, model_name="FirstMLP")
test_acc = test_model(mlp, val_loader)
print("Accuracy:", test_acc)
