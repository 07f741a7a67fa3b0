"""A notebook with the original document's names and none of our cells; `MLP` is written anew for each exercise."""

# %%
import copy
import random
import time

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn import decomposition, manifold, metrics
from torch import nn, optim
from torch.nn import functional as F
from torch.utils import data
from torchvision import datasets, transforms
from tqdm.notebook import tqdm, trange

# %%
SEED = 1234
for set_seed in (random.seed, np.random.seed, torch.manual_seed, torch.cuda.manual_seed):
    set_seed(SEED)
torch.backends.cudnn.deterministic = True

# %%
ROOT = ".data"
train_data = datasets.FashionMNIST(root=ROOT, train=True, download=True)
mean = (train_data.data / 255).mean()
std = (train_data.data / 255).std()
print(f"mean {mean:.4f}, std {std:.4f}")

# %%
normalize = transforms.Normalize([mean], [std])
train_transforms = transforms.Compose([transforms.ToTensor(), normalize])
test_transforms = transforms.Compose([transforms.ToTensor(), normalize])
train_data = datasets.FashionMNIST(ROOT, train=True, transform=train_transforms, download=True)
test_data = datasets.FashionMNIST(ROOT, train=False, transform=test_transforms, download=True)

# %%
VALID_RATIO = 0.9
n_train = int(VALID_RATIO * len(train_data))
sizes = [n_train, len(train_data) - n_train]
train_data, valid_data = data.random_split(train_data, sizes)

# %%
class MLP(nn.Module):
    def __init__(self, input_dim, output_dim):
        super().__init__()
        self.output_fc = nn.Linear(100, output_dim)
        self.hidden_fc = nn.Linear(250, 100)
        self.input_fc = nn.Linear(input_dim, 250)

    def forward(self, x):
        hidden = self.input_fc(x.flatten(1)).relu()
        hidden = self.hidden_fc(hidden).relu()
        return self.output_fc(hidden)

# %%
INPUT_DIM, OUTPUT_DIM = 28 * 28, 10
model = MLP(INPUT_DIM, OUTPUT_DIM)
optimizer = optim.Adam(model.parameters())
criterion = nn.CrossEntropyLoss()
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model, criterion = model.to(device), criterion.to(device)

# %%
def calculate_accuracy(y_pred, y):
    answer = y_pred.max(1)[1]
    return answer.eq(y).sum().float() / len(y)

# %%
BATCH_SIZE = 64
train_iterator = data.DataLoader(train_data, BATCH_SIZE, shuffle=True)
valid_iterator = data.DataLoader(valid_data, BATCH_SIZE)
test_iterator = data.DataLoader(test_data, BATCH_SIZE)

# %%
def train(model, iterator, optimizer, criterion, device):
    loss_sum, acc_sum = 0, 0
    model.train()
    for x, y in tqdm(iterator, desc="Training", leave=False):
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad()
        y_pred = model(x)
        loss = criterion(y_pred, y)
        acc = calculate_accuracy(y_pred, y)
        loss.backward()
        optimizer.step()
        loss_sum += loss.item()
        acc_sum += acc.item()
    return loss_sum / len(iterator), acc_sum / len(iterator)

# %%
def evaluate(model, iterator, criterion, device):
    loss_sum, acc_sum = 0, 0
    model.eval()
    with torch.no_grad():
        for x, y in tqdm(iterator, desc="Evaluating", leave=False):
            x, y = x.to(device), y.to(device)
            y_pred = model(x)
            loss_sum += criterion(y_pred, y).item()
            acc_sum += calculate_accuracy(y_pred, y).item()
    return loss_sum / len(iterator), acc_sum / len(iterator)

# %%
def epoch_time(start_time, end_time):
    elapsed = end_time - start_time
    return int(elapsed / 60), int(elapsed % 60)

# %%
EPOCHS = 10
best_valid_loss = float("inf")
history = []
for epoch in trange(EPOCHS):
    begin = time.monotonic()
    train_loss, train_acc = train(model, train_iterator, optimizer, criterion, device)
    # pictures that the model was not trained on
    valid_loss, valid_acc = evaluate(model, valid_iterator, criterion, device)
    if best_valid_loss > valid_loss:
        torch.save(model.state_dict(), "mlp-model.pt")
        best_valid_loss = valid_loss
    epoch_mins, epoch_secs = epoch_time(begin, time.monotonic())
    history += [{"epoch": epoch, "train_acc": train_acc, "valid_acc": valid_acc, "epoch_time": epoch_time}]
    print(f"Epoch {epoch + 1:02}: {epoch_mins}m {epoch_secs}s, {train_acc:.2%}, {valid_acc:.2%}")

# %%
epochs = [x["epoch"] for x in history]
fig, ax = plt.subplots()
for key in ("train_acc", "valid_acc"):
    ax.plot(epochs, [row[key] for row in history], label=key)
ax.set(ylabel="Acc.", xlabel="Epoch")
ax.legend()

# %%
model.load_state_dict(torch.load("mlp-model.pt"))
test_loss, test_acc = evaluate(model, test_iterator, criterion, device)
print(f"Test Loss: {test_loss:.3f} | Test Acc: {test_acc * 100:.2f}%")

# %% [markdown]
# # Exercises

# %%
turn = transforms.RandomRotation(25, fill=(0,))
roated_test_transforms = transforms.Compose([turn, *test_transforms.transforms])
rotated_test_data = datasets.FashionMNIST(ROOT, False, roated_test_transforms, download=True)
rotated_test_iterator = data.DataLoader(rotated_test_data, BATCH_SIZE)
rotated_loss, rotated_acc = evaluate(model, rotated_test_iterator, criterion, device)
print(f"{rotated_acc * 100:.2f}%")

# %%
class MLP(nn.Module):
    def __init__(self, input_dim, output_dim):
        super().__init__()
        self.output_fc = nn.Linear(100, output_dim)
        self.hidden_fc = nn.Linear(250, 100)
        self.dropout = nn.Dropout(0.25)
        self.input_fc = nn.Linear(input_dim, 250)

    def forward(self, x):
        hidden = self.input_fc(x.flatten(1))
        hidden = self.dropout(hidden).relu()
        return self.output_fc(self.hidden_fc(hidden).relu())

# %%
model = MLP(INPUT_DIM, OUTPUT_DIM).to(device)
optimizer = optim.Adam(model.parameters())
EPOCHS = 10
best_valid_loss = float("inf")
history = []
for epoch in trange(EPOCHS):
    begin = time.monotonic()
    train_loss, train_acc = train(model, train_iterator, optimizer, criterion, device)
    # pictures that the model was not trained on
    valid_loss, valid_acc = evaluate(model, valid_iterator, criterion, device)
    if best_valid_loss > valid_loss:
        torch.save(model.state_dict(), "mlp-dropout.pt")
        best_valid_loss = valid_loss
    epoch_mins, epoch_secs = epoch_time(begin, time.monotonic())
    history += [{"epoch": epoch, "train_acc": train_acc, "valid_acc": valid_acc, "epoch_time": epoch_time}]
    print(f"Epoch {epoch + 1:02}: {epoch_mins}m {epoch_secs}s, {train_acc:.2%}, {valid_acc:.2%}")

# %%
class MLP(nn.Module):
    def __init__(self, input_dim, output_dim):
        super().__init__()
        self.output_fc = nn.Linear(100, output_dim)
        self.hidden_fc = nn.Linear(64, 100)
        self.input_fc = nn.Linear(input_dim, 64)

    def forward(self, x):
        hidden = self.input_fc(x.flatten(1)).relu()
        return self.output_fc(self.hidden_fc(hidden).relu())

# %%
model = MLP(INPUT_DIM, OUTPUT_DIM).to(device)
optimizer = optim.Adam(model.parameters())
EPOCHS = 10
best_valid_loss = float("inf")
history = []
for epoch in trange(EPOCHS):
    begin = time.monotonic()
    train_loss, train_acc = train(model, train_iterator, optimizer, criterion, device)
    # pictures that the model was not trained on
    valid_loss, valid_acc = evaluate(model, valid_iterator, criterion, device)
    if best_valid_loss > valid_loss:
        torch.save(model.state_dict(), "mlp-64.pt")
        best_valid_loss = valid_loss
    epoch_mins, epoch_secs = epoch_time(begin, time.monotonic())
    history += [{"epoch": epoch, "train_acc": train_acc, "valid_acc": valid_acc, "epoch_time": epoch_time}]
    print(f"Epoch {epoch + 1:02}: {epoch_mins}m {epoch_secs}s, {train_acc:.2%}, {valid_acc:.2%}")

# %%
class MLP(nn.Module):
    def __init__(self, input_dim, output_dim):
        super().__init__()
        self.output_fc = nn.Linear(100, output_dim)
        self.hidden_fc = nn.Linear(256, 100)
        self.input_fc = nn.Linear(input_dim, 256)

    def forward(self, x):
        hidden = self.input_fc(x.flatten(1)).relu()
        return self.output_fc(self.hidden_fc(hidden).relu())

# %%
model = MLP(INPUT_DIM, OUTPUT_DIM).to(device)
optimizer = optim.Adam(model.parameters())
EPOCHS = 10
best_valid_loss = float("inf")
history = []
for epoch in trange(EPOCHS):
    begin = time.monotonic()
    train_loss, train_acc = train(model, train_iterator, optimizer, criterion, device)
    # pictures that the model was not trained on
    valid_loss, valid_acc = evaluate(model, valid_iterator, criterion, device)
    if best_valid_loss > valid_loss:
        torch.save(model.state_dict(), "mlp-256.pt")
        best_valid_loss = valid_loss
    epoch_mins, epoch_secs = epoch_time(begin, time.monotonic())
    history += [{"epoch": epoch, "train_acc": train_acc, "valid_acc": valid_acc, "epoch_time": epoch_time}]
    print(f"Epoch {epoch + 1:02}: {epoch_mins}m {epoch_secs}s, {train_acc:.2%}, {valid_acc:.2%}")
