# ruff: noqa
"""The library under its other name, `lightning`, a TensorBoard logger, log_dict, and a loss as a module.

Given cells of its own: lightning, module, train-model.
"""

# %% [markdown] id="intro"
# # Practical 2: convolutional neural networks
#
# You build a small **ResNet** out of pre-activation blocks, train it on CIFAR10, and then ask two questions: what does
# it make of images that are **rotated**, and what is left when their **pixels are shuffled**?
#
# Write the parts marked `TODO`; everything else is there. The cell below a part checks what you have run so far, saved
# or not. Before you hand in, save the notebook and run `grader check` in its folder: that reads the file, as grading
# does.

# %% id="setup"
import os

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn, optim
from torch.nn import functional as F
from torch.utils import data
from torchvision import transforms
from torchvision.datasets import CIFAR10

# %matplotlib inline

# %% id="paths"
# Where the data set is, or gets downloaded to
DATASET_PATH = "../data"
# Where checkpoints and logs of the training go
CHECKPOINT_PATH = "../saved_models/practical2"
os.makedirs(CHECKPOINT_PATH, exist_ok=True)

# A graphics card repeats its results only when told so
torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")

# %% [markdown] id="about-data"
# ## The data
#
# Images are normalized with the mean and the standard deviation of each colour. The training images are also flipped
# and cropped at random; validation and test images are not. That is why the training file is opened twice below: both
# splits use the same seed, so they don't overlap.

# %% id="data"
DATA_MEANS = [0.491, 0.482, 0.447]
DATA_STD = [0.247, 0.243, 0.261]

as_input = [transforms.ToTensor(), transforms.Normalize(mean=DATA_MEANS, std=DATA_STD)]
augmentation = [
    transforms.RandomHorizontalFlip(),
    transforms.RandomResizedCrop(size=32, scale=(0.8, 1.0), ratio=(0.9, 1.1)),
]
test_transform = transforms.Compose(as_input)
train_transform = transforms.Compose(augmentation + as_input)

train_dataset = CIFAR10(DATASET_PATH, download=True, transform=train_transform)
val_dataset = CIFAR10(DATASET_PATH, download=True, transform=test_transform)
test_set = CIFAR10(DATASET_PATH, train=False, download=True, transform=test_transform)


def split(dataset):
    # 45,000 images and the other 5,000, the same ones each time
    return data.random_split(dataset, [45000, 5000], torch.Generator().manual_seed(42))


train_set, val_set = split(train_dataset)[0], split(val_dataset)[1]

# Only the training batches come in a new order each epoch, and without a smaller last one
train_loader = data.DataLoader(train_set, 128, num_workers=3, shuffle=True, drop_last=True, pin_memory=True)
val_loader = data.DataLoader(val_set, 128, num_workers=3)
test_loader = data.DataLoader(test_set, 128, num_workers=3)

# %% [markdown] id="about-lightning"
# ## PyTorch Lightning
#
# Lightning runs the training loop for you. A `LightningModule` is an `nn.Module` with a few more methods that say what
# is particular about *your* training: which optimizer, and what to do with one batch in training, validation and test.
# A `Trainer` does the rest: gradients, optimizer steps, `train()` and `eval()`, logs and checkpoints.

# %% id="lightning"
# !pip install --quiet pytorch-lightning
import lightning as L
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.callbacks import LearningRateMonitor, ModelCheckpoint

L.seed_everything(42)

# %% [markdown] id="about-module"
# `CIFARModule` below leaves open which network it trains: `create_model` has to set `self.model`, and you replace it
# once there is a network. Its hyperparameters are two dictionaries, found in `self.hparams` afterwards.


# %% id="module"
class CIFARModule(L.LightningModule):
    """Trains a classifier of images of 32 × 32 pixels."""

    def __init__(self, model_hparams, optimizer_hparams):
        """
        model_hparams: what the network is made of, as a dictionary
        optimizer_hparams: learning rate, momentum and weight decay, as a dictionary
        """
        super().__init__()
        self.save_hyperparameters()
        self.create_model()
        self.example_input_array = torch.zeros(1, 3, 32, 32)  # for the graph in TensorBoard

    def create_model(self):
        # Stays as it is: you replace it further down.
        raise NotImplementedError

    def forward(self, imgs):
        return self.model(imgs)  # (N, num_classes)

    def configure_optimizers(self):
        sgd = optim.SGD(self.parameters(), **self.hparams.optimizer_hparams)
        # A tenth of the learning rate from epoch 70 on, a hundredth from epoch 90 on
        return [sgd], [optim.lr_scheduler.MultiStepLR(sgd, milestones=[70, 90], gamma=0.1)]

    def training_step(self, batch, batch_idx):
        imgs, labels = batch
        scores = self.model(imgs)
        loss = nn.CrossEntropyLoss(label_smoothing=0.0)(scores, labels)
        acc = (scores.argmax(dim=-1) == labels).float().mean()
        self.log_dict({"train_acc": acc, "train_loss": loss}, on_step=False, on_epoch=True)
        return {"loss": loss, "acc": acc}

    def validation_step(self, batch, batch_idx):
        imgs, labels = batch
        acc = (self.model(imgs).argmax(dim=-1) == labels).float().mean()
        self.log("val_acc", acc)

    def test_step(self, batch, batch_idx):
        imgs, labels = batch
        acc = (self.model(imgs).argmax(dim=-1) == labels).float().mean()
        self.log("test_acc", acc)


# %% [markdown] id="about-train"
# `train_model` trains a new `CIFARModule`, keeps the checkpoint with the best validation accuracy, and returns that
# model with its accuracies on validation and test data. Every 10th epoch is validated, so `max_epochs` should be at
# least 10.


# %% id="train-model"
def train_model(save_name, data_loaders, max_epochs=100, **kwargs):
    """
    save_name: names the checkpoint and the folder of the logs
    data_loaders: dictionary with the loaders "train", "val" and "test"
    kwargs: what CIFARModule is created with
    """
    trainer = L.Trainer(
        default_root_dir=os.path.join(CHECKPOINT_PATH, save_name),
        accelerator="gpu" if str(device).startswith("cuda") else "cpu",
        devices=1,
        max_epochs=max_epochs,
        logger=TensorBoardLogger(os.path.join(CHECKPOINT_PATH, save_name), log_graph=True, default_hp_metric=False),
        precision=16,
        callbacks=[
            ModelCheckpoint(save_weights_only=True, mode="max", monitor="val_acc"),
            LearningRateMonitor("epoch"),
        ],
        check_val_every_n_epoch=10,
    )
    trained_before = os.path.join(CHECKPOINT_PATH, f"{save_name}.ckpt")
    if os.path.isfile(trained_before):
        print(f"Loading the model that was trained before: {trained_before}")
        model = CIFARModule.load_from_checkpoint(trained_before)
    else:
        L.seed_everything(42)
        model = CIFARModule(**kwargs)
        trainer.fit(model, data_loaders["train"], data_loaders["val"])
        model = CIFARModule.load_from_checkpoint(trainer.checkpoint_callback.best_model_path)

    accuracies = {}
    for part in ("val", "test"):
        accuracies[part] = trainer.test(model, data_loaders[part], verbose=False)[0]["test_acc"]
    return model, accuracies


# %% [markdown] id="part-1"
# ## Part 1: ResNet
#
# A residual block adds something to its input instead of replacing it: $x_{l+1} = x_l + F(x_l)$. The gradient then has
# a way back that nothing stands in:
#
# $$\frac{\partial x_{l+1}}{\partial x_l} = \mathbf{I} + \frac{\partial F(x_l)}{\partial x_l}$$
#
# The original block applies a ReLU *behind* the sum, which blocks this way where the sum is negative. The
# **pre-activation** block, which you write here, does not: each of its two 3×3 convolutions comes *after* a batch
# normalization and a ReLU, and the sum is returned as it is.
#
#     x ──┬── norm ── ReLU ── conv ── norm ── ReLU ── conv ──(+)──▶
#         └────────────────────────────────────────────────────┘
#
# With `subsample=True` the block halves height and width and returns `c_out` channels. One of its convolutions has
# stride 2 then, and since $x_l$ has to have the shape of $F(x_l)$, it goes through a **1×1 convolution with stride 2**.
# Without `subsample`, `c_out` doesn't matter: there are as many channels as before, and $x_l$ is added unchanged.


# %% id="block"
class PreActResNetBlock(nn.Module):
    """Adds to its input what two convolutions make of it, each behind a norm and a ReLU."""

    def __init__(self, c_in, subsample=False, c_out=-1):
        """
        c_in: number of input channels
        subsample: whether to halve height and width
        c_out: number of output channels; only with subsample, otherwise it is c_in
        """
        super().__init__()
        if not subsample:
            c_out = c_in
        self.net = nn.Sequential(
            nn.BatchNorm2d(c_in),
            nn.ReLU(),
            nn.Conv2d(c_in, c_out, kernel_size=3, padding=1, stride=2 if subsample else 1, bias=False),
            nn.BatchNorm2d(c_out),
            nn.ReLU(),
            nn.Conv2d(c_out, c_out, kernel_size=3, padding=1, bias=False),
        )
        self.downsample = nn.Conv2d(c_in, c_out, kernel_size=1, stride=2, bias=False) if subsample else None

    def forward(self, x):
        # x: (N, c_in, H, W)
        z = self.net(x)
        if self.downsample is not None:
            x = self.downsample(x)
        return x + z


# %% id="check-block"
# %check block

# %% [markdown] id="about-resnet"
# The network stacks such blocks in groups. `num_blocks=[3,3,3]` means three groups of three blocks, and each group has
# its own number of channels, `c_hidden=[16,24,32]`. The first block of a group subsamples, **except in the first
# group**: here the fourth and the seventh block do, and the groups work on 32×32, 16×16 and 8×8 pixels. Before the
# blocks comes a 3×3 convolution from 3 colours to `c_hidden[0]` channels; behind them the average over all pixels of
# each channel, and a linear layer that gives the class scores (no softmax: the loss does that).
#
# `_init_params` is there: Kaiming initialization for convolutions, with the variance $2 / \text{fan out}$ that keeps
# the size of the *gradients*.


# %% id="resnet"
class ResNet(nn.Module):
    """A convolution, groups of blocks, the average over all pixels, a linear layer."""

    def __init__(self, num_classes=10, num_blocks=[3, 3, 3], c_hidden=[16, 24, 32]):
        """
        num_classes: number of classes (10 for CIFAR10)
        num_blocks: number of blocks in each group
        c_hidden: number of channels in each group
        """
        super().__init__()
        self.num_classes, self.num_blocks, self.c_hidden = num_classes, num_blocks, c_hidden
        self._create_network()
        self._init_params()

    def _create_network(self):
        self.input_net = nn.Conv2d(3, self.c_hidden[0], kernel_size=3, padding=1, bias=False)
        blocks = []
        c_in = self.c_hidden[0]
        for group, (block_count, c_out) in enumerate(zip(self.num_blocks, self.c_hidden)):
            for i in range(block_count):
                subsample = i == 0 and group > 0
                blocks.append(PreActResNetBlock(c_in, subsample=subsample, c_out=c_out))
                c_in = c_out
        self.blocks = nn.Sequential(*blocks)
        self.output_net = nn.Sequential(nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(), nn.Linear(c_in, self.num_classes))

    def _init_params(self):
        for layer in self.modules():
            if isinstance(layer, nn.BatchNorm2d):
                nn.init.ones_(layer.weight)
                nn.init.zeros_(layer.bias)
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", mode="fan_out")

    def forward(self, x):
        # x: (N, 3, 32, 32)
        x = self.input_net(x)
        x = self.blocks(x)
        return self.output_net(x)


# %% id="check-resnet"
# %check resnet

# %% [markdown] id="about-create"
# `create_resnet` tells `CIFARModule` which network to create; the hyperparameters are those that it was given. This is
# given as well, and earns no points: if you change it or the module, the first of the checks below says whether they
# still fit together.


# %% id="create-resnet"
def create_resnet(self):
    self.model = ResNet(
        num_classes=self.hparams.model_hparams["num_classes"],
        num_blocks=self.hparams.model_hparams["num_blocks"],
        c_hidden=self.hparams.model_hparams["c_hidden"],
    )


CIFARModule.create_model = create_resnet

# %% id="check-module"
# The second one trains a small ResNet for half a minute.
# %check module training

# %% [markdown] id="about-training"
# Ten epochs show whether it works; for your report train for 100. Try other hyperparameters, too.

# %% id="run-training"
settings = {
    "model_hparams": {"num_classes": 10, "num_blocks": [2, 2, 3], "c_hidden": [16, 24, 32]},
    "optimizer_hparams": {"lr": 0.1, "weight_decay": 1e-4, "momentum": 0.9},
}
resnet_model, resnet_results = train_model(
    "ResNet", {"train": train_loader, "val": val_loader, "test": test_loader}, max_epochs=10, **settings
)
print(resnet_results)

# %% [markdown] id="part-2"
# ## Part 2: rotated images
#
# A convolution treats all places of an image alike, so a shifted image gives shifted features. Nothing of the kind
# holds for rotations.
#
# Write `test_model_rotated`, which returns the **accuracy** of a model on images that are all rotated by
# the same angle in degrees. `torchvision.transforms.functional.rotate` turns a whole batch. Remember `eval()`, and that
# the last batch may be smaller than the others.


# %% id="rotated"
@torch.no_grad()
def test_model_rotated(model, rotation_angle=0.0):
    model.eval()
    correct, total = 0, 0
    for imgs, labels in val_loader:
        imgs = transforms.functional.rotate(imgs.to(device), rotation_angle)
        predictions = model(imgs).argmax(dim=-1)
        correct += (predictions == labels.to(device)).sum().item()
        total += len(labels)
    return correct / total


# %% id="check-rotation"
# %check rotation

# %% [markdown] id="about-angles"
# Determine the accuracy for the angles from 0 to 360 degrees in steps of 10, and plot it over the angle.

# %% id="angles"
angles = list(range(0, 361, 10))
rotated_accuracies = [test_model_rotated(resnet_model, angle) for angle in angles]

# %% id="plot-angles"
plt.plot(angles, rotated_accuracies)
plt.xlabel("rotation (degrees)")
plt.ylabel("validation accuracy")
plt.show()

# %% [markdown] id="question-rotation"
# **Question 2.** What do these results tell about the network? Where are the peaks, and why there?

# %% [markdown] id="part-3"
# ## Part 3: shuffled pixels
#
# Draw **one** random order of the 32×32 pixels and put the pixels of **every** image into that order: in training,
# validation and test. An MLP doesn't mind (see practical 1). Does a CNN?
#
# Make new data sets and data loaders for it. Whatever names you choose, keep `train_loader`, `val_loader` and
# `test_loader` as they are.

# %% id="shuffled"
pixel_order = torch.randperm(32 * 32, generator=torch.Generator().manual_seed(123))


class ShuffledPixels(data.Dataset):
    """Puts the pixels of each image of another data set into one and the same order."""

    def __init__(self, dataset):
        self.dataset = dataset

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, idx):
        img, label = self.dataset[idx]
        pixels = img.flatten(start_dim=1)  # (3, 32 * 32)
        return pixels[:, pixel_order].view_as(img), label


shuffled_loaders = {
    "train": data.DataLoader(ShuffledPixels(train_set), batch_size=128, shuffle=True, drop_last=True, num_workers=3),
    "val": data.DataLoader(ShuffledPixels(val_set), batch_size=128, num_workers=3),
    "test": data.DataLoader(ShuffledPixels(test_set), batch_size=128, num_workers=3),
}

# %% id="check-shuffle"
# %check shuffle

# %% [markdown] id="about-shuffled-training"
# Train a new model on the shuffled images. 10 epochs are enough. Give it a `save_name` of its own.

# %% id="run-shuffled-training"
shuffled_model, shuffled_results = train_model("ResNet_shuffled", shuffled_loaders, max_epochs=10, **settings)

# %% id="shuffled-results"
print(shuffled_results)

# %% [markdown] id="question-shuffle"
# **Question 3.** Which accuracies does the network reach on shuffled images? Compare with the MLP of practical 1. What
# do the results say about how CNNs and MLPs use the structure of an image?
