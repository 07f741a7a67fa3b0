"""Probes of part 2 and 3: the accuracy on rotated images, and the data loaders with shuffled pixels."""

import contextlib
import math

import numpy as np
import pytorch_lightning as pl
import torch
from probes import SmallCIFAR10, copied, show_images, without_gpu
from probes_data import small_data
from torch import nn
from torch.utils import data
from torchvision import transforms

from grader.probes import probe

MOST_LOADERS, IMAGES = 16, 16
GIVEN = ("train_loader", "val_loader", "test_loader")
AT_RANDOM = (
    "RandomHorizontalFlip", "RandomVerticalFlip", "RandomResizedCrop", "RandomCrop", "RandomRotation", "RandomAffine",
    "ColorJitter", "RandomErasing", "RandomGrayscale", "RandomPerspective",
)  # fmt: skip

# ---------------------------------------------------------------- rotation


class Compass(nn.Module):
    """Tells the direction of the bright spot in an image: scores (N, directions), counter-clockwise from the right.

    If it is `two_faced`, it tells the opposite direction in training mode.
    """

    def __init__(self, directions, *, two_faced=False):
        super().__init__()
        self.directions, self.two_faced = directions, two_faced
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        x = x.float().mean(dim=1)  # (N, H, W)
        low, high = x.amin(dim=(1, 2), keepdim=True), x.amax(dim=(1, 2), keepdim=True)
        spot = (x > high - 0.3 * (high - low)).float()
        rows = torch.arange(x.shape[1], dtype=torch.float32) - (x.shape[1] - 1) / 2
        columns = torch.arange(x.shape[2], dtype=torch.float32) - (x.shape[2] - 1) / 2
        up = -(spot * rows[:, None]).sum(dim=(1, 2))
        right = (spot * columns).sum(dim=(1, 2))
        direction = (torch.atan2(up, right) / (2 * math.pi) * self.directions).round().long() % self.directions
        if self.two_faced and self.training:
            direction = (direction + self.directions // 2) % self.directions
        return nn.functional.one_hot(direction, self.directions).float() + 0 * self.weight


class CompassModule(pl.LightningModule):
    """Holds a compass as CIFARModule holds its network."""

    def __init__(self, directions, *, two_faced=False):
        super().__init__()
        self.model = Compass(directions, two_faced=two_faced)

    def forward(self, x):
        return self.model(x)

    def validation_step(self, batch, batch_idx):
        self._log("val_acc", batch)

    def test_step(self, batch, batch_idx):
        self._log("test_acc", batch)

    def _log(self, name, batch):
        self.log(name, (self.model(batch[0]).argmax(dim=1) == batch[1]).float().mean())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


@probe(needs=["notebook"])
def rotated_accuracies(*, images, labels, directions, angles, two_faced=False, by_default=False):
    """Return what test_model_rotated returns for each angle, with a compass for a model and given images.

    The images are those of all data sets of the notebook. `by_default` calls it without an angle, too.
    """
    import notebook

    show_images(notebook, images, labels)
    if hasattr(notebook, "device"):
        notebook.device = torch.device("cpu")
    outputs = {}
    with without_gpu():
        for angle in angles:
            model = CompassModule(directions, two_faced=two_faced).train()
            outputs[f"rotated by {angle} degrees"] = _number(notebook.test_model_rotated(model, angle))
        if by_default:
            outputs["without an angle"] = _number(notebook.test_model_rotated(CompassModule(directions)))
    return outputs


def _number(value):
    """Return the accuracy in what was returned: a number, or the first one in a tuple or a dictionary of results."""
    if isinstance(value, dict):
        by_name = [item for name, item in value.items() if "acc" in str(name)]
        value = [*by_name, *value.values()]
    if isinstance(value, list | tuple):
        return _number(value[0]) if value else None
    if isinstance(value, torch.Tensor | np.ndarray | np.generic):
        numbers = torch.as_tensor(value).flatten()
        return float(numbers[0]) if len(numbers) == 1 else None
    return float(value) if isinstance(value, int | float) else None


# ---------------------------------------------------------------- shuffled pixels


@probe(needs=["notebook"])
def loaders(*, again=False):
    """Return the first images and labels of each data loader in the notebook, and which images of CIFAR10 they are.

    What transforms do at random is left out. With `again`, the loaders are gone through a second time first.
    """
    import notebook

    found = _loaders_in(notebook)
    own = [getattr(notebook, f"{part}_set", None) for part in ("train", "val", "test")]
    if all(name in GIVEN and any(loader.dataset is part for part in own) for name, loader in found):
        raise NotImplementedError("data loaders with shuffled pixels")
    outputs, filled = {"names": []}, []
    with _nothing_random(), small_data(notebook) as is_kernel:
        for name, loader in found[:MOST_LOADERS]:
            with contextlib.suppress(Exception):
                if again:
                    _first_images(loader)
                images, labels, places = _first_images(loader)
                filled += [name] if is_kernel and not SmallCIFAR10.seen else []
                if images.shape == (IMAGES, 3, 32, 32):
                    number = len(outputs["names"])
                    outputs["names"].append(name)
                    outputs |= {f"images {number}": images, f"labels {number}": labels, f"places {number}": places}
    if filled:
        raise RuntimeError(
            f"the images of `{filled[0]}` were computed before this check came: save the notebook, and run "
            "`!grader check --task shuffle`, which opens it anew"
        )
    return outputs


def _loaders_in(notebook):
    """Return (name, loader) for the data loaders in variables, and in lists and dictionaries in variables."""
    found = {}
    for name, value in vars(notebook).items():
        if name.startswith("__"):
            continue
        inside = value.items() if isinstance(value, dict) else ()
        inside = enumerate(value) if isinstance(value, list | tuple) else inside
        pairs = [(name, value), *((f"{name}[{key!r}]", item) for key, item in inside)]
        for path, item in pairs:
            if isinstance(item, data.DataLoader):
                found.setdefault(id(item), (path, item))
    return list(found.values())


def _first_images(loader):
    """Return the first images (N, 3, 32, 32) that a loader gives, their labels, and (N, 2): in the training file, row.

    A loader that doesn't look at its images one by one is gone through in the order of its data set.
    """
    SmallCIFAR10.seen.clear()
    images, labels = _joined(loader)
    times, rest = divmod(len(SmallCIFAR10.seen), len(images))
    places = SmallCIFAR10.seen[:: max(times, 1)][:IMAGES]
    if rest or not times:
        plain = [loader.dataset[i] for i in range(IMAGES)]
        images, labels = torch.stack([image for image, _ in plain]), torch.as_tensor([int(y) for _, y in plain])
        places = _places(loader.dataset)
    places = torch.tensor([[int(train), row] for train, row in places])
    return copied(images[:IMAGES].float().contiguous()), labels[:IMAGES].long(), places


def _joined(loader):
    images, labels = [], []
    for batch in loader:
        images.append(batch[0])
        labels.append(torch.as_tensor(batch[1]))
        if sum(map(len, images)) >= IMAGES:
            break
    return torch.cat(images), torch.cat(labels)


def _places(dataset):
    """Guess which images a data set begins with that was filled beforehand: by its length."""
    import notebook

    for name in ("train_set", "val_set"):
        part = getattr(notebook, name, None)
        if isinstance(part, data.Subset) and len(part) == len(dataset):
            return [(True, i) for i in list(part.indices)[:IMAGES]]
    train = len(dataset) >= len(SmallCIFAR10.tables[True][1])
    return [(train, i) for i in range(IMAGES)]


@contextlib.contextmanager
def _nothing_random():
    """Let the transforms that do something at random do nothing."""
    kinds = [getattr(transforms, name) for name in AT_RANDOM]
    originals = [(kind, kind.forward) for kind in kinds]
    for kind in kinds:
        kind.forward = lambda self, image: image
    try:
        yield
    finally:
        for kind, forward in originals:
            kind.forward = forward
