# ruff: noqa
"""Type hints, dataclasses and small classes; Net derives from nn.Sequential; a trainer does the work; helpers with other
names.
"""

# %% [markdown]
# # My solution
#
# With types, since I like them.

# %%
from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn, optim
from torch.utils.data import DataLoader, Subset, TensorDataset, random_split
from torchvision import datasets, transforms

torch.set_default_dtype(torch.float32)


# %%
class Net(nn.Sequential):
    def __init__(
        self, actv: str, input_feature_num: int, hidden_unit_nums: Sequence[int], output_feature_num: int
    ) -> None:
        name, _, arguments = actv.partition("(")
        make = getattr(nn, name)
        numbers = [float(a.split("=")[-1]) for a in arguments.rstrip(")").split(",") if a.strip()]
        parts: OrderedDict[str, nn.Module] = OrderedDict(rows=nn.Flatten())
        width = input_feature_num
        for depth, units in enumerate(hidden_unit_nums):
            parts[f"hidden{depth}"] = nn.Linear(width, units)
            parts[f"act{depth}"] = make(*numbers)
            width = units
        parts["scores"] = nn.Linear(width, output_feature_num)
        super().__init__(parts)


# %%
@dataclass
class Tally:
    right: int = 0
    seen: int = 0

    def add(self, scores: Tensor, labels: Tensor) -> None:
        self.right += int(torch.eq(scores.softmax(-1).argmax(-1), labels).sum())
        self.seen += labels.numel()

    @property
    def percent(self) -> float:
        return self.right / self.seen * 1e2


class Trainer:
    def __init__(self, net: nn.Module, criterion: nn.Module, optimizer: optim.Optimizer, device: str) -> None:
        self.net, self.criterion, self.optimizer, self.device = net.to(device), criterion, optimizer, device

    def _batches(self, loader: DataLoader) -> Iterator[tuple[Tensor, Tensor]]:
        for x, y in loader:
            yield x.to(self.device, torch.float), y.to(self.device, torch.long)

    def epoch(self, loader: DataLoader) -> None:
        self.net.train(True)
        for x, y in self._batches(loader):
            loss = self.criterion(self.net(x), y)
            for p in self.net.parameters():
                p.grad = None
            loss.backward()
            self.optimizer.step()

    def measure(self, loader: DataLoader) -> float:
        self.net.train(False)
        tally = Tally()
        for x, y in self._batches(loader):
            tally.add(self.net(x), y)
        return tally.percent


def train_test_classification(
    net: nn.Module,
    criterion: nn.Module,
    optimizer: optim.Optimizer,
    train_loader: DataLoader,
    test_loader: DataLoader,
    num_epochs: int = 1,
    verbose: bool = True,
    training_plot: bool = False,
    device: str = "cpu",
) -> tuple[float, float]:
    trainer = Trainer(net, criterion, optimizer, device)
    for _ in range(num_epochs):
        trainer.epoch(train_loader)
    result = trainer.measure(train_loader), trainer.measure(test_loader)
    if verbose:
        print("train {:.2f} % test {:.2f} %".format(*result))
    return result


# %%
def shuffle_and_split_data(X: Tensor, y: Tensor, seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    n_test = math.floor(0.2 * len(X))
    generator = torch.Generator().manual_seed(seed)
    test, train = random_split(TensorDataset(X, y), [n_test, len(X) - n_test], generator=generator)

    def tensors(part: Subset) -> tuple[Tensor, Tensor]:
        rows, labels = zip(*part)
        return torch.stack(rows), torch.stack(labels)

    return *tensors(test), *tensors(train)


# %%
K = 4
X_train, y_train, X_test, y_test = torch.rand(8, 2), torch.zeros(8), torch.rand(4, 2), torch.zeros(4)
train_loader = test_loader = None  # set by the next cell when the data is there


# %%
def n_trainable(model: nn.Module) -> int:
    return nn.utils.parameters_to_vector(p for p in model.parameters() if p.requires_grad).numel()


def smallest(depth: int, at_least: int, device: str, units: int = 1) -> Net:
    net = Net("ReLU()", X_train.shape[-1], units and [units] * depth, K).to(device)
    return net if n_trainable(net) >= at_least else smallest(depth, at_least, device, units + 1)


def run_depth_optimizer(max_par_count: int, max_hidden_layer: int, device: str) -> tuple[list[int], list[float]]:
    scores: dict[int, float] = {}
    for depth in range(1, max_hidden_layer + 1):
        net = smallest(depth, max_par_count, device)
        adam = optim.Adam(net.parameters(), 1e-3)
        scores[depth] = train_test_classification(
            net, nn.CrossEntropyLoss(), adam, train_loader=train_loader, test_loader=test_loader, num_epochs=100
        )[1]
    return [*scores], [*scores.values()]


# %%
def make_poly_features(poly_degree: int, X: Tensor) -> tuple[Tensor, int]:
    powers = X.unsqueeze(-1) ** torch.arange(poly_degree + 1)
    products = torch.einsum("ni,nj->nij", powers[:, 0], powers[:, 1])
    i, j = torch.meshgrid(torch.arange(poly_degree + 1), torch.arange(poly_degree + 1), indexing="ij")
    keep = (i + j > 0) & (i + j <= poly_degree)
    return products[:, keep], int(keep.sum())


def run_poly_classification(poly_degree: int, device: str = "cpu", seed: int = 0) -> int:
    parts = {}
    for name, x, y in (("train", X_train, y_train), ("test", X_test, y_test)):
        features, count = make_poly_features(poly_degree, x)
        generator = torch.Generator().manual_seed(seed)
        data = TensorDataset(features, y)
        parts[name] = DataLoader(data, batch_size=128, shuffle=name == "train", generator=generator)
    net = Net("ReLU()", count, [], K)
    adam = optim.Adam(net.parameters(), lr=1e-3)
    train_test_classification(
        net, nn.CrossEntropyLoss(), adam, parts["train"], parts["test"], 100, False, device=device
    )
    with torch.no_grad():
        net(make_poly_features(poly_degree, sample_grid())[0])
    return count


# %%
def sample_grid(M: int = 500, x_max: float = 2.0) -> Tensor:
    return torch.cartesian_prod(torch.linspace(-x_max, x_max, M), torch.linspace(-x_max, x_max, M))


# %%
ROOT = Path.home() / "data" / "afhq"


def get_data_loaders(batch_size: int, seed: int) -> tuple[DataLoader, DataLoader]:
    scale = transforms.Compose([transforms.ToTensor(), transforms.Normalize(0.5, 0.5)])
    shake = transforms.RandomApply([transforms.RandomHorizontalFlip(p=1.0)], p=0.5)
    folders = {
        "train": datasets.ImageFolder(
            ROOT / "train", transform=lambda img: scale(shake(transforms.RandomRotation(10)(img)))
        ),
        "val": datasets.ImageFolder(ROOT / "val", transform=scale),
    }
    g = torch.Generator()
    g.manual_seed(seed)
    return (
        DataLoader(folders["train"], batch_size=batch_size, shuffle=True, generator=g),
        DataLoader(folders["val"], batch_size=batch_size),
    )


# %%
gain: float = 1.0


@torch.no_grad()
def init_weights(m: nn.Module, mode: str = "normal") -> None:
    match m:
        case nn.Linear() if mode == "uniform":
            bound = gain * math.sqrt(6 / (m.in_features + m.out_features))
            m.weight.copy_((2 * torch.rand_like(m.weight) - 1) * bound)
        case nn.Linear():
            m.weight.copy_(torch.randn_like(m.weight) * gain / math.sqrt((m.in_features + m.out_features) / 2))


negative_slope = 0.1
theoretical_gain = (2.0 / (1.0 + negative_slope * negative_slope)) ** 0.5
