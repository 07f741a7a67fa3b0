"""A notebook with the original document's names and none of our cells; `MLP` is written anew for each exercise."""

# %%
import copy
import random
import time

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
import torch.utils.data as data
import torchvision.datasets as datasets
import torchvision.transforms as transforms
from sklearn import decomposition, manifold, metrics
from tqdm.notebook import tqdm, trange

# %%
SEED = 1234
random.seed(SEED)
np.random.seed(SEED)
torch.manual_seed(SEED)
torch.cuda.manual_seed(SEED)
torch.backends.cudnn.deterministic = True

# %%
ROOT = ".data"
train_data = datasets.FashionMNIST(root=ROOT, train=True, download=True)
mean = train_data.data.float().mean() / 255
std = train_data.data.float().std() / 255
print(f"mean {mean:.4f}, std {std:.4f}")

# %%
train_transforms = transforms.Compose([transforms.ToTensor(), transforms.Normalize(mean=[mean], std=[std])])
test_transforms = transforms.Compose([transforms.ToTensor(), transforms.Normalize(mean=[mean], std=[std])])
train_data = datasets.FashionMNIST(root=ROOT, train=True, download=True, transform=train_transforms)
test_data = datasets.FashionMNIST(root=ROOT, train=False, download=True, transform=test_transforms)

# %%
VALID_RATIO = 0.9
n_train_examples = int(len(train_data) * VALID_RATIO)
n_valid_examples = len(train_data) - n_train_examples
train_data, valid_data = data.random_split(train_data, [n_train_examples, n_valid_examples])

# %%
class MLP(nn.Module):
    def __init__(self, input_dim, output_dim):
        super().__init__()
        self.input_fc = nn.Linear(input_dim, 250)
        self.hidden_fc = nn.Linear(250, 100)
        self.output_fc = nn.Linear(100, output_dim)

    def forward(self, x):
        flat = x.view(x.shape[0], -1)
        h_1 = F.relu(self.input_fc(flat))
        h_2 = F.relu(self.hidden_fc(h_1))
        return self.output_fc(h_2)

# %%
INPUT_DIM, OUTPUT_DIM = 28 * 28, 10
model = MLP(INPUT_DIM, OUTPUT_DIM)
optimizer = optim.Adam(model.parameters())
criterion = nn.CrossEntropyLoss()
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model, criterion = model.to(device), criterion.to(device)

# %%
def calculate_accuracy(y_pred, y):
    top_pred = y_pred.argmax(1, keepdim=True)
    correct = top_pred.eq(y.view_as(top_pred)).sum()
    return correct.float() / y.shape[0]

# %%
BATCH_SIZE = 64
train_iterator = data.DataLoader(train_data, shuffle=True, batch_size=BATCH_SIZE)
valid_iterator = data.DataLoader(valid_data, batch_size=BATCH_SIZE)
test_iterator = data.DataLoader(test_data, batch_size=BATCH_SIZE)

# %%
def train(model, iterator, optimizer, criterion, device):
    epoch_loss, epoch_acc = 0, 0
    model.train()
    for x, y in tqdm(iterator, desc="Training", leave=False):
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad()
        y_pred = model(x)
        loss = criterion(y_pred, y)
        acc = calculate_accuracy(y_pred, y)
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item()
        epoch_acc += acc.item()
    return epoch_loss / len(iterator), epoch_acc / len(iterator)

# %%
def evaluate(model, iterator, criterion, device):
    epoch_loss, epoch_acc = 0, 0
    model.eval()
    with torch.no_grad():
        for x, y in tqdm(iterator, desc="Evaluating", leave=False):
            x, y = x.to(device), y.to(device)
            y_pred = model(x)
            epoch_loss += criterion(y_pred, y).item()
            epoch_acc += calculate_accuracy(y_pred, y).item()
    return epoch_loss / len(iterator), epoch_acc / len(iterator)

# %%
def epoch_time(start_time, end_time):
    elapsed = end_time - start_time
    return int(elapsed / 60), int(elapsed % 60)

# %%
EPOCHS = 10
best_valid_loss = float("inf")
history = []
for epoch in trange(EPOCHS):
    start_time = time.monotonic()
    train_loss, train_acc = train(model, train_iterator, optimizer, criterion, device)
    valid_loss, valid_acc = evaluate(model, valid_iterator, criterion, device)
    if valid_loss < best_valid_loss:
        best_valid_loss = valid_loss
        torch.save(model.state_dict(), "mlp-model.pt")
    epoch_mins, epoch_secs = epoch_time(start_time, time.monotonic())
    history.append({"epoch": epoch, "epoch_time": epoch_time, "valid_acc": valid_acc, "train_acc": train_acc})
    print(f"Epoch {epoch + 1:02}: {epoch_mins}m {epoch_secs}s, {train_acc:.2%}, {valid_acc:.2%}")

# %%
epochs = [x["epoch"] for x in history]
fig, ax = plt.subplots()
ax.plot(epochs, [x["train_acc"] for x in history], label="train")
ax.plot(epochs, [x["valid_acc"] for x in history], label="valid")
ax.set(xlabel="Epoch", ylabel="Acc.")
plt.legend()

# %%
model.load_state_dict(torch.load("mlp-model.pt"))
test_loss, test_acc = evaluate(model, test_iterator, criterion, device)
print(f"Test Loss: {test_loss:.3f} | Test Acc: {test_acc * 100:.2f}%")

# %% [markdown]
# # Exercises

# %%
roated_test_transforms = transforms.Compose([
    transforms.RandomRotation(25, fill=(0,)),
    transforms.ToTensor(),
    transforms.Normalize(mean=[mean], std=[std])
])
rotated_test_data = datasets.FashionMNIST(root=ROOT, train=False, download=True, transform=roated_test_transforms)
rotated_test_iterator = data.DataLoader(rotated_test_data, batch_size=BATCH_SIZE)
rotated_loss, rotated_acc = evaluate(model, rotated_test_iterator, criterion, device)
print(f"{rotated_acc * 100:.2f}%")

# %%
class MLP(nn.Module):
    def __init__(self, input_dim, output_dim):
        super().__init__()
        self.input_fc = nn.Linear(input_dim, 250)
        self.dropout = nn.Dropout(0.25)
        self.hidden_fc = nn.Linear(250, 100)
        self.output_fc = nn.Linear(100, output_dim)

    def forward(self, x):
        x = x.view(x.shape[0], -1)
        h_1 = F.relu(self.dropout(self.input_fc(x)))
        h_2 = F.relu(self.hidden_fc(h_1))
        return self.output_fc(h_2)

# %%
model = MLP(INPUT_DIM, OUTPUT_DIM).to(device)
optimizer = optim.Adam(model.parameters())
EPOCHS = 10
best_valid_loss = float("inf")
history = []
for epoch in trange(EPOCHS):
    start_time = time.monotonic()
    train_loss, train_acc = train(model, train_iterator, optimizer, criterion, device)
    valid_loss, valid_acc = evaluate(model, valid_iterator, criterion, device)
    if valid_loss < best_valid_loss:
        best_valid_loss = valid_loss
        torch.save(model.state_dict(), "mlp-dropout.pt")
    epoch_mins, epoch_secs = epoch_time(start_time, time.monotonic())
    history.append({"epoch": epoch, "epoch_time": epoch_time, "valid_acc": valid_acc, "train_acc": train_acc})
    print(f"Epoch {epoch + 1:02}: {epoch_mins}m {epoch_secs}s, {train_acc:.2%}, {valid_acc:.2%}")

# %%
class MLP(nn.Module):
    def __init__(self, input_dim, output_dim):
        super().__init__()
        self.input_fc = nn.Linear(input_dim, 64)
        self.hidden_fc = nn.Linear(64, 100)
        self.output_fc = nn.Linear(100, output_dim)

    def forward(self, x):
        flat = x.view(x.shape[0], -1)
        h_1 = F.relu(self.input_fc(flat))
        h_2 = F.relu(self.hidden_fc(h_1))
        return self.output_fc(h_2)

# %%
model = MLP(INPUT_DIM, OUTPUT_DIM).to(device)
optimizer = optim.Adam(model.parameters())
EPOCHS = 10
best_valid_loss = float("inf")
history = []
for epoch in trange(EPOCHS):
    start_time = time.monotonic()
    train_loss, train_acc = train(model, train_iterator, optimizer, criterion, device)
    valid_loss, valid_acc = evaluate(model, valid_iterator, criterion, device)
    if valid_loss < best_valid_loss:
        best_valid_loss = valid_loss
        torch.save(model.state_dict(), "mlp-64.pt")
    epoch_mins, epoch_secs = epoch_time(start_time, time.monotonic())
    history.append({"epoch": epoch, "epoch_time": epoch_time, "valid_acc": valid_acc, "train_acc": train_acc})
    print(f"Epoch {epoch + 1:02}: {epoch_mins}m {epoch_secs}s, {train_acc:.2%}, {valid_acc:.2%}")

# %%
class MLP(nn.Module):
    def __init__(self, input_dim, output_dim):
        super().__init__()
        self.input_fc = nn.Linear(input_dim, 256)
        self.hidden_fc = nn.Linear(256, 100)
        self.output_fc = nn.Linear(100, output_dim)

    def forward(self, x):
        flat = x.view(x.shape[0], -1)
        h_1 = F.relu(self.input_fc(flat))
        h_2 = F.relu(self.hidden_fc(h_1))
        return self.output_fc(h_2)

# %%
model = MLP(INPUT_DIM, OUTPUT_DIM).to(device)
optimizer = optim.Adam(model.parameters())
EPOCHS = 10
best_valid_loss = float("inf")
history = []
for epoch in trange(EPOCHS):
    start_time = time.monotonic()
    train_loss, train_acc = train(model, train_iterator, optimizer, criterion, device)
    valid_loss, valid_acc = evaluate(model, valid_iterator, criterion, device)
    if valid_loss < best_valid_loss:
        best_valid_loss = valid_loss
        torch.save(model.state_dict(), "mlp-256.pt")
    epoch_mins, epoch_secs = epoch_time(start_time, time.monotonic())
    history.append({"epoch": epoch, "epoch_time": epoch_time, "valid_acc": valid_acc, "train_acc": train_acc})
    print(f"Epoch {epoch + 1:02}: {epoch_mins}m {epoch_secs}s, {train_acc:.2%}, {valid_acc:.2%}")
