"""Means over all pictures instead of over batches, tensors without a graph as figures."""

# %% [markdown] id="intro"
# # A multilayer perceptron for pictures of clothes
#
# You build a small neural network, train it on Fashion-MNIST, keep the best version of it, and find out where it fails.
#
# Write the parts marked `TODO`; everything else is there. The cell below a part checks what you have run so far, saved
# or not. Before you hand in, save the notebook and run `grader check` in its folder: that reads the file, as grading
# does.
#
# A GPU is not needed: ten epochs take two or three minutes on a laptop.

# %% id="setup"
import random
import time

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn, optim
from torch.nn import functional as F
from torch.utils import data
from torchvision import datasets, transforms
from tqdm.auto import tqdm, trange

# %matplotlib inline

# %% [markdown] id="part-seed"
# ## The same numbers every time
#
# First weights and the order of the batches are random. With a fixed seed a run can be repeated.

# %% id="seed"
SEED = 1234

for set_seed in (random.seed, np.random.seed, torch.manual_seed, torch.cuda.manual_seed):
    set_seed(SEED)
torch.backends.cudnn.deterministic = True

# %% [markdown] id="part-data"
# ## The data
#
# Fashion-MNIST has 60 000 pictures for training and 10 000 for testing. Each shows one of ten kinds of clothes in
# 28 × 28 grey pixels. The first run downloads 30 MB.

# %% id="download"
ROOT = ".data"

train_data = datasets.FashionMNIST(root=ROOT, train=True, download=True)

# %% [markdown] id="part-normalize"
# ### Normalize
#
# A network learns faster when its inputs lie around 0 with a spread of about 1. `train_data.data` holds all training
# pixels as whole numbers from 0 to 255. Find the **mean** and the **standard deviation** of the pixels divided by 255.
#
# A **transform** changes a picture when it is loaded: `transforms.ToTensor()` makes a tensor (1, 28, 28) of it, with
# values from 0 to 1, and `transforms.Normalize` subtracts a mean and divides by a standard deviation. Test pictures are
# treated with the *training* figures: nothing may be learned from the test set, not even its mean.

# %% id="normalize"
# Chain ToTensor and Normalize in train_transforms and in test_transforms, with transforms.Compose.
mean = (train_data.data / 255).mean()
std = (train_data.data / 255).std()
normalize = transforms.Normalize([mean], [std])
train_transforms = transforms.Compose([transforms.ToTensor(), normalize])
test_transforms = transforms.Compose([transforms.ToTensor(), normalize])

# %% id="normalized-data"
train_data = datasets.FashionMNIST(ROOT, train=True, transform=train_transforms, download=True)
test_data = datasets.FashionMNIST(ROOT, train=False, transform=test_transforms, download=True)

# %% [markdown] id="part-look"
# ### Look at it

# %% id="look"
def plot_images(images):
    """Plot as many of the images as fill a square."""
    side = int(np.sqrt(len(images)))
    _, places = plt.subplots(side, side)
    for place, image in zip(places.ravel(), images):
        place.imshow(image.squeeze(), cmap="bone")
        place.axis("off")


N_IMAGES = 25

images = [train_data[i][0] for i in range(N_IMAGES)]
plot_images(images)

# %% [markdown] id="part-split"
# ### Set some pictures apart
#
# Choices such as *when to stop* or *how many neurons* need pictures that the network was not trained on. They must not
# be the test pictures either, else the test result is a lie. So a tenth of the training pictures becomes the
# **validation set**: 54 000 pictures stay for training, 6 000 are set apart, drawn at random. `data.random_split` does
# that.

# %% id="split"
VALID_RATIO = 0.9  # the share that stays for training

n_train = int(VALID_RATIO * len(train_data))
sizes = [n_train, len(train_data) - n_train]
train_data, valid_data = data.random_split(train_data, sizes)

# %% id="check-data"
# %check data

# %% [markdown] id="part-mlp"
# ## 1. The network
#
# A multilayer perceptron with two hidden layers:
#
# | layer | from | to | then |
# | --- | --- | --- | --- |
# | first hidden layer | `input_dim` (784 pixels) | 250 | ReLU |
# | second hidden layer | 250 | 100 | ReLU |
# | output layer | 100 | `output_dim` (10 kinds) | nothing |
#
# Pictures come in batches of shape (N, 1, 28, 28). `forward` lays each of them out as one row first.
#
# The ten numbers that come out are plain **scores**. Whatever turns them into probabilities is part of the loss, so the
# network itself ends without an activation.

# %% id="mlp"
class MLP(nn.Module):
    """A multilayer perceptron with hidden layers of 250 and 100 neurons."""

    def __init__(self, input_dim, output_dim):
        super().__init__()
        self.input_fc = nn.Linear(input_dim, 250)
        self.hidden_fc = nn.Linear(250, 100)
        self.output_fc = nn.Linear(100, output_dim)

    def forward(self, x):
        x = x.view(x.shape[0], -1)  # (N, input_dim)
        h_1 = F.relu(self.input_fc(x))  # (N, 250)
        h_2 = F.relu(self.hidden_fc(h_1))  # (N, 100)
        return self.output_fc(h_2)  # (N, output_dim)

# %% id="check-mlp"
# %check mlp

# %% id="model"
INPUT_DIM = 28 * 28
OUTPUT_DIM = 10

model = MLP(INPUT_DIM, OUTPUT_DIM)

# %% [markdown] id="part-optimizer"
# ## 2. Loss and optimizer
#
# `nn.CrossEntropyLoss` takes scores and the right classes. It turns each row of scores into probabilities with softmax,
# and returns the mean of -log(probability of the right class): 0 would be perfect, log 10 ≈ 2.3 is guessing.
#
# `optim.Adam` then moves the weights against their gradients. Its default settings are a good start.

# %% id="optimizer"
optimizer = optim.Adam(model.parameters())
criterion = nn.CrossEntropyLoss()

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model = model.to(device)
criterion = criterion.to(device)

# %% [markdown] id="part-accuracy"
# ## 3. Accuracy
#
# The class with the greatest score is the network's answer. The accuracy is the share of right answers, from 0 to 1.

# %% id="accuracy"
def calculate_accuracy(y_pred, y):
    """Return the share of right answers; y_pred are scores (N, C), y the classes (N,)."""
    top_pred = y_pred.argmax(dim=1)  # (N,)
    correct = (top_pred == y).sum()
    return correct.float() / y.shape[0]

# %% id="check-accuracy"
# %check accuracy

# %% [markdown] id="part-train"
# ## 4. Training
#
# The optimizer takes one step for each **batch** of 64 pictures. Training pictures are shuffled anew in every epoch.

# %% id="iterators"
BATCH_SIZE = 64

train_iterator = data.DataLoader(train_data, BATCH_SIZE, shuffle=True)
valid_iterator = data.DataLoader(valid_data, BATCH_SIZE)
test_iterator = data.DataLoader(test_data, BATCH_SIZE)

# %% [markdown] id="part-train-loop"
# `train` goes through all batches once:
#
# 1. It puts the model into training mode: some layers, dropout for example, behave differently while training.
# 2. For each batch it moves pictures and labels to `device`,
# 3. clears the gradients of the batch before,
# 4. computes scores, loss and accuracy,
# 5. computes the gradients and lets the optimizer take a step.
#
# It returns two numbers: the mean of the batches' losses and the mean of the batches' accuracies. Collect plain numbers
# (`loss.item()`), for a loss tensor keeps everything alive that it was computed from.

# %% id="train"
def train(model, iterator, optimizer, criterion, device):
    model.train()
    loss_sum, right, seen = 0.0, 0.0, 0
    for x, y in iterator:
        x, y = x.to(device), y.to(device)
        for parameter in model.parameters():
            parameter.grad = None
        scores = model(x)
        loss = criterion(scores, y)
        loss.backward()
        optimizer.step()
        loss_sum += loss.detach() * len(y)
        right += calculate_accuracy(scores, y) * len(y)
        seen += len(y)
    return loss_sum / seen, right / seen

# %% id="check-train"
# %check train

# %% [markdown] id="part-evaluate"
# `evaluate` measures the same two figures on pictures that are not trained on. The model is in evaluation mode, no
# weight changes, and within `torch.no_grad()` nothing is kept for gradients, which saves time and memory.

# %% id="evaluate"
def evaluate(model, iterator, criterion, device):
    was_training = model.training
    model.eval()
    loss_sum, right, seen = 0.0, 0.0, 0
    torch.set_grad_enabled(False)
    for x, y in iterator:
        x, y = x.to(device), y.to(device)
        scores = model(x)
        loss_sum += criterion(scores, y) * y.shape[0]
        right += calculate_accuracy(scores, y) * y.shape[0]
        seen += y.shape[0]
    torch.set_grad_enabled(True)
    model.train(was_training)
    return loss_sum / seen, right / seen

# %% id="check-evaluate"
# %check evaluate

# %% [markdown] id="part-best-model"
# ## 5. Ten epochs, and keep the best
#
# At some point a network begins to learn its training pictures by heart: the training loss goes on falling, but the
# validation loss rises again. So the last epoch need not be the best. After each epoch, save the model **if its
# validation loss is lower than that of every epoch before**: `torch.save` its `state_dict()` as `mlp-model.pt`.
#
# The check runs your loop with losses that are made up for it, so it takes no time.


# %% id="epoch-time"
def epoch_time(start_time, end_time):
    """Return the time between two moments in whole minutes and seconds."""
    elapsed_mins, elapsed_secs = divmod(int(end_time - start_time), 60)
    return elapsed_mins, elapsed_secs

# %% id="epochs"
EPOCHS = 10

best_valid_loss = float("inf")
history = []

for epoch in trange(EPOCHS):
    begin = time.monotonic()
    train_loss, train_acc = train(model, train_iterator, optimizer, criterion, device)
    # The validation pictures are only looked at
    valid_loss, valid_acc = evaluate(model, valid_iterator, criterion, device)

    if valid_loss < best_valid_loss:
        best_valid_loss = valid_loss
        torch.save(model.state_dict(), "mlp-model.pt")

    epoch_mins, epoch_secs = epoch_time(begin, time.monotonic())
    history.append({"epoch": epoch + 1, "train_acc": train_acc, "valid_acc": valid_acc})
    print(f"Epoch {epoch + 1:2}, {epoch_mins} min {epoch_secs} s")
    print(f"\ttraining:   loss {train_loss:.3f}, accuracy {100 * train_acc:.2f} %")
    print(f"\tvalidation: loss {valid_loss:.3f}, accuracy {100 * valid_acc:.2f} %")

# %% id="history"
epochs = [row["epoch"] for row in history]

plt.plot(epochs, [row["train_acc"] for row in history], label="training")
plt.plot(epochs, [row["valid_acc"] for row in history], label="validation")
plt.xlabel("epoch")
plt.ylabel("accuracy")
plt.legend()
plt.show()

# %% [markdown] id="part-test"
# ### The test
#
# The last cells of this part are run once, at the very end, with the best model: load what you saved, and measure it on
# `test_iterator`.

# %% id="test"
model.load_state_dict(torch.load("mlp-model.pt"))
test_loss, test_acc = evaluate(model, test_iterator, criterion, device)

print(f"test: loss {test_loss:.3f}, accuracy {100 * test_acc:.2f} %")

# %% id="check-best-model"
# %check best-model

# %% id="check-fashion-training"
# %check fashion-training

# %% [markdown] id="part-rotation"
# ## 6. Exercise: turned pictures
#
# All pictures hang straight. Does the network know what a shoe is, or only what a shoe looks like that nobody has
# turned? Make a second test set, whose pictures are **turned by a random angle of up to 25 degrees** either way
# (`transforms.RandomRotation`; the corners that come free are black, which is 0). Everything else stays as it is: the
# picture becomes a tensor and is normalized like all others.

# %% id="rotation"
rotated_test_transforms = transforms.Compose(
    [
        transforms.RandomRotation(25, fill=(0,)),
        transforms.ToTensor(),
        normalize,
    ]
)

rotated_test_data = datasets.FashionMNIST(root=ROOT, train=False, download=True, transform=rotated_test_transforms)
rotated_test_iterator = data.DataLoader(rotated_test_data, batch_size=BATCH_SIZE)

# %% id="rotation-result"
rotated_loss, rotated_acc = evaluate(model, rotated_test_iterator, criterion, device)

print(f"straight: accuracy {100 * test_acc:.2f} %")
print(f"turned:   accuracy {100 * rotated_acc:.2f} %")

# %% id="check-rotation"
# %check rotation rotation-training

# %% [markdown] id="q-rotation"
# **Question 1.** How much accuracy do the turned pictures cost, and why? What could make the network cope with them?
# Compare with a convolutional network: with figures, if you have trained one, else say what you expect of it and why.

# %% [markdown] id="part-dropout"
# ## 7. Exercise: dropout
#
# While training, **dropout** sets each neuron of a layer to 0 with probability 0.25, anew for every picture, and scales
# the others up to make good for it. So no neuron can rely on a single other one. In evaluation mode it does nothing.
#
# Write `MLPDropout`: the network of part 1 with `nn.Dropout(0.25)` **between the two hidden layers**, before the
# activation.

# %% id="dropout"
class MLPDropout(nn.Module):
    """The network of part 1 with dropout between the hidden layers."""

    def __init__(self, input_dim, output_dim):
        super().__init__()
        self.input_fc = nn.Linear(input_dim, 250)
        self.dropout = nn.Dropout(0.25)
        self.hidden_fc = nn.Linear(250, 100)
        self.output_fc = nn.Linear(100, output_dim)

    def forward(self, x):
        x = x.view(x.shape[0], -1)  # (N, input_dim)
        h_1 = F.relu(self.dropout(self.input_fc(x)))  # (N, 250)
        h_2 = F.relu(self.hidden_fc(h_1))  # (N, 100)
        return self.output_fc(h_2)  # (N, output_dim)

# %% id="check-dropout"
# %check dropout

# %% id="dropout-training"
dropout_model = MLPDropout(INPUT_DIM, OUTPUT_DIM).to(device)
dropout_optimizer = optim.Adam(dropout_model.parameters())

for epoch in trange(EPOCHS):
    train_loss, train_acc = train(dropout_model, train_iterator, dropout_optimizer, criterion, device)
    valid_loss, valid_acc = evaluate(dropout_model, valid_iterator, criterion, device)
    print(f"Epoch {epoch + 1:2}: training {100 * train_acc:.2f} %, validation {100 * valid_acc:.2f} %")

# %% [markdown] id="q-dropout"
# **Question 2.** Compare training and validation accuracy with and without dropout. What has changed, by how much, and
# why? Would you keep it for this network?

# %% [markdown] id="part-hidden-sizes"
# ## 8. Exercise: how many neurons?
#
# Numbers such as 250 are **hyperparameters**: no training finds them, you choose them. Write `MLPHidden`, whose first
# hidden layer has `hidden_dim` neurons; the second one keeps its 100. Then train it with 64 and with 256 neurons.

# %% id="hidden-sizes"
class MLPHidden(nn.Module):
    """The network of part 1 with hidden_dim neurons in its first hidden layer."""

    def __init__(self, input_dim, hidden_dim, output_dim):
        super().__init__()
        self.input_fc = nn.Linear(input_dim, hidden_dim)
        self.hidden_fc = nn.Linear(hidden_dim, 100)
        self.output_fc = nn.Linear(100, output_dim)

    def forward(self, x):
        x = x.view(x.shape[0], -1)  # (N, input_dim)
        h_1 = F.relu(self.input_fc(x))  # (N, hidden_dim)
        h_2 = F.relu(self.hidden_fc(h_1))  # (N, 100)
        return self.output_fc(h_2)  # (N, output_dim)

# %% id="check-hidden-sizes"
# %check hidden-sizes

# %% id="hidden-sizes-training"
for hidden_dim in (64, 256):
    sized_model = MLPHidden(INPUT_DIM, hidden_dim, OUTPUT_DIM).to(device)
    sized_optimizer = optim.Adam(sized_model.parameters())
    for epoch in range(EPOCHS):
        train(sized_model, train_iterator, sized_optimizer, criterion, device)
    sized_loss, sized_acc = evaluate(sized_model, valid_iterator, criterion, device)
    print(f"{hidden_dim} neurons: validation loss {sized_loss:.3f}, accuracy {100 * sized_acc:.2f} %")

# %% id="check-variations-training"
# %check variations-training

# %% [markdown] id="q-hidden-sizes"
# **Question 3.** Does the number of neurons make a difference? Compare accuracy, time, and the number of weights of 64,
# 250 and 256 neurons.
