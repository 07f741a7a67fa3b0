# The reference of the notebook mini course, as a percent script: `grader template` makes the students' notebook of it.

# %% [markdown] id="intro"
# # A small MLP
#
# Write the parts marked `TODO`. Run the cell below a part to check it.

# %% id="setup"
import matplotlib.pyplot as plt
import torch
from torch import nn

# %matplotlib inline

# %% id="settings"
BATCH_SIZE = 16
LEARNING_RATE = 0.1
EPOCHS = 2000
torch.manual_seed(42)

# %% [markdown] id="part-1"
# ## 1. The MLP
#
# Stack linear layers with ReLU in between; no activation follows the last one.


# %% id="mlp"
class MLP(nn.Module):
    def __init__(self, input_size, num_classes, hidden_sizes):
        super().__init__()
        # <solution> Make one linear layer for each hidden size, and one for the classes.
        sizes = [input_size, *hidden_sizes, num_classes]
        layers = []
        for before, after in zip(sizes, sizes[1:]):
            layers += [nn.Linear(before, after), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])
        # </solution>

    def forward(self, x):
        # x: (N, input_size)
        # <solution> Return the scores, (N, num_classes).
        return self.layers(x)
        # </solution>


# %% id="check-mlp"
# !grader check --task mlp

# %% [markdown] id="part-2"
# ## 2. The optimizer


# %% id="optimizer"
class SGDMomentum:
    def __init__(self, params, lr, momentum=0.9):
        self.params = list(params)
        self.lr = lr
        self.momentum = momentum
        self.averages = [torch.zeros_like(p) for p in self.params]

    @torch.no_grad()
    def step(self):
        # <solution> Update each parameter by the average m = momentum * m + (1 - momentum) * gradient.
        for p, average in zip(self.params, self.averages):
            average.mul_(self.momentum).add_(p.grad, alpha=1 - self.momentum)
            p -= self.lr * average
        # </solution>


# %% id="check-optimizer"
# !grader check --task optimizer

# %% [markdown] id="part-3"
# ## 3. Training


# %% id="train"
def train_model(model, inputs, labels, *, epochs):
    optimizer = SGDMomentum(model.parameters(), LEARNING_RATE)
    losses = []
    for _ in range(epochs):
        loss = nn.functional.cross_entropy(model(inputs), labels)
        model.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


# %% id="run"
inputs, labels = torch.randn(BATCH_SIZE, 6), torch.randint(3, (BATCH_SIZE,))
model = MLP(6, 3, [8])
losses = train_model(model, inputs, labels, epochs=EPOCHS)
plt.plot(losses)
plt.show()

# %% [markdown] id="part-4"
# ## 4. Another MLP
#
# Change whatever you like about the MLP here: the checks of part 1 look at the one above.


# %% id="other-mlp"
class MLP(nn.Module):  # noqa: F811
    def __init__(self, input_size, num_classes, hidden_sizes):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(input_size, 16), nn.Tanh(), nn.Linear(16, num_classes))

    def forward(self, x):
        return self.layers(x)


# %% [markdown] id="q1"
# **Question 1.** Which of the two networks would you take, and why?
