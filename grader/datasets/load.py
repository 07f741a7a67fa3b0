"""Named data sets on the grader's side, whose test labels never enter the sandbox.

A probe gets `Dataset.for_probe()` and returns predictions; `grader.datasets.accuracy` scores them here.
"""

import secrets
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from grader.datasets.disguise import disguise_images, rename_classes
from grader.datasets.image_shapes import present_images
from grader.datasets.parts import DRAWN, Limit, read_parts
from grader.datasets.places import CIFAR10, FASHION_MNIST
from grader.datasets.presence import explain_absence
from grader.errors import DatasetError

_CLASSES = {
    CIFAR10: ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    FASHION_MNIST: (
        "T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
    ),
    "digits": tuple("0123456789"),
    "moons": ("outer", "inner"),
    "spirals": ("first", "second", "third", "fourth"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Hold the three parts of a data set: inputs (N, ...) of float32 and class indices (N,) of int64.

    Pixels lie in [0, 1]. `test_y` stays on the grader's side. `source` says in words where it comes from.
    """

    name: str
    train_x: torch.Tensor = field(repr=False)
    train_y: torch.Tensor = field(repr=False)
    valid_x: torch.Tensor = field(repr=False)
    valid_y: torch.Tensor = field(repr=False)
    test_x: torch.Tensor = field(repr=False)
    test_y: torch.Tensor = field(repr=False)
    classes: tuple[str, ...]
    source: str

    def for_probe(self, *, arrays: bool = False) -> dict[str, Any]:
        """Return what may enter the sandbox, by input name: everything but the test labels.

        They are tensors, or `arrays` of NumPy.
        """
        given = {
            "train_x": self.train_x,
            "train_y": self.train_y,
            "valid_x": self.valid_x,
            "valid_y": self.valid_y,
            "test_x": self.test_x,
        }
        return {name: tensor.numpy() for name, tensor in given.items()} if arrays else {**given}


_ALL = Limit()


def load_dataset(
    name: str,
    *,
    data: Path | None = None,
    shape: tuple[int, ...] | None = None,
    limit: Limit = _ALL,
    seed: int = 0,
    test_seed: int | None = None,
    disguised: bool = False,
    renamed: bool = False,
) -> Dataset:
    """Load a data set by name, split the same way for the same seeds.

    `seed` decides training and validation data, `test_seed` the test part: which points are drawn (`moons`,
    `spirals`) or in which order its images come. Without a seed, 128 fresh bits are drawn, which
    `source` names: the test part of a drawn set can then be neither guessed nor looked up, but it can be drawn again.
    The images of `digits`, `fashion-mnist` and `cifar10` are public, and the sandbox hides their files. Against copies
    that a submission brings along, `disguised` shifts and dims images a little and adds noise, and `renamed` numbers
    the classes in an order that the test seed decides, in all parts and in `classes`.

    Raises DatasetError for an unknown name, files that are absent or unsound, and a shape that can't be made.
    """
    absence = explain_absence(name, data=data)
    if absence:
        raise DatasetError(absence)
    test_seed = secrets.randbits(128) if test_seed is None else test_seed
    parts = read_parts(name, data=data, limit=limit, seeds=(seed, test_seed))
    seeds = (seed, seed + 1, test_seed) if disguised else (None, None, None)
    x = [
        _present(name, part[0], shape, disguise=one)
        for part, one in zip((parts.train, parts.valid, parts.test), seeds, strict=True)
    ]
    dataset = Dataset(
        name,
        train_x=x[0],
        train_y=parts.train[1],
        valid_x=x[1],
        valid_y=parts.valid[1],
        test_x=x[2],
        test_y=parts.test[1],
        classes=_CLASSES[name],
        source=f"{name} ({parts.where}), {len(parts.test[1])} test rows with test seed {test_seed}",
    )
    return _renamed(dataset, seed=test_seed) if renamed else dataset


def _renamed(dataset: Dataset, *, seed: int) -> Dataset:
    """Return a data set whose classes have other numbers in all its parts."""
    numbers = rename_classes(len(dataset.classes), seed=seed)
    return replace(
        dataset,
        train_y=numbers[dataset.train_y],
        valid_y=numbers[dataset.valid_y],
        test_y=numbers[dataset.test_y],
        classes=tuple(dataset.classes[old] for old in numbers.argsort().tolist()),
    )


def _present(name: str, x: torch.Tensor, shape: tuple[int, ...] | None, *, disguise: int | None) -> torch.Tensor:
    """Return inputs in the wanted shape, pixels as numbers in [0, 1], disguised with a seed if there is one."""
    if name not in DRAWN:
        images = x.float() / (16 if name == "digits" else 255)
        return present_images(images if disguise is None else disguise_images(images, seed=disguise), shape)
    if shape not in (None, (2,)):
        raise DatasetError(f"{name} are points of shape (2,); they can't be presented as {shape}.")
    return x
