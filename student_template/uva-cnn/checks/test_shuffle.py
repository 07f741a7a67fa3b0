"""Public checks of the data loaders with shuffled pixels.

The loaders are found by what they give, whatever their names. Free is what the document leaves open: whether the three
colours of a pixel move together or each number for itself, and whether the images are normalized before or after.
"""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from grader.compare import Spec, assert_kinds, assert_matches

ROWS = {1: 50_000, 0: 10_000}  # of CIFAR10 and of what stands in for it in probes.py, for training and for test


@dataclass(frozen=True)
class Loader:
    """Hold what is known of a data loader: its images' part of CIFAR10; their order of pixels, None if none fits."""

    name: str
    train: bool
    rows: tuple[int, ...]
    order: torch.Tensor | None
    labels_fit: bool
    is_trained_on: bool

    @property
    def has_each_pixel_once(self):
        return len(self.order.unique()) == len(self.order)

    @property
    def is_shuffled(self):
        return self.order is not None and not torch.equal(self.order, torch.arange(len(self.order)))


def originals(train, rows):
    """Return images of the small CIFAR10, (N, 3072), as they are before anything is done to them."""
    few = np.random.RandomState(1 if train else 2).randint(0, 256, (200, 32, 32, 3)).astype(np.uint8)
    images = np.stack([few[row % 200] ^ np.uint8(row // 200) for row in rows]).astype(np.float64)
    return torch.from_numpy(images).permute(0, 3, 1, 2).flatten(1)


def standardized(images):
    """Bring each pixel to mean 0 and variance 1 over the images (N, D): so it doesn't matter how it was normalized."""
    images = images.double() - images.double().mean(dim=0)
    return images / images.std(dim=0).clamp(min=1e-9)


def find_order(plain, shuffled):
    """Return the order that makes one set of images (N, D) of another, None if there is none.

    One that takes some pixels twice counts as an order here; one of less than half of the pixels doesn't.
    """
    plain, shuffled = standardized(plain).T, standardized(shuffled).T  # (D, N)
    order = (shuffled @ plain.T).argmax(dim=1)  # all rows are equally long, so the nearest has the largest product
    fits = (plain[order] - shuffled).abs().amax() < 1e-2 and 2 * len(order.unique()) > len(order)
    return order if fits else None


def read_loaders(actual):
    """Return what is known of each loader that the probe found."""
    assert_kinds(actual, {"names": [str]})
    trained_on = actual.get("trained on")
    loaders = []
    for i, name in enumerate(actual["names"]):
        specs = {f"images {i}": Spec((16, 3, 32, 32)), f"labels {i}": Spec((16,), torch.int64)}
        assert_matches(actual, {**specs, f"places {i}": Spec((16, 2), torch.int64)})
        images, labels, places = (actual[f"{part} {i}"] for part in ("images", "labels", "places"))
        train, rows = bool(places[0, 0]), [int(row) for row in places[:, 1]]
        same_part = bool((places[:, 0] == places[0, 0]).all()) and len(set(rows)) == len(rows) == len(images)
        in_range = same_part and all(0 <= row < ROWS[int(train)] for row in rows)
        order = find_order(originals(train, rows), images.flatten(1)) if in_range else None
        fit = labels.tolist() == [7 * row % 10 for row in rows]
        loaders.append(
            Loader(name, train, tuple(rows), order, fit, isinstance(trained_on, list) and name in trained_on)
        )
    return loaders


def shuffled_loaders(actual):
    """Return the loaders with shuffled pixels; fail with a reason if there is none."""
    loaders = read_loaders(actual)
    found = [loader for loader in loaders if loader.is_shuffled]
    odd = [loader.name for loader in loaders if loader.order is None]
    if not found and odd:
        pytest.fail(
            f"The images of `{odd[0]}` have no fixed order of pixels; expected the same order for every image. Draw it "
            "once, outside of what is done for each image, and use every pixel exactly once.",
            pytrace=False,
        )
    if not found:
        names = ", ".join(f"`{loader.name}`" for loader in loaders) or "none"
        pytest.fail(
            f"There is no data loader whose images have shuffled pixels; the loaders in your notebook: {names}. Keep "
            "the new loaders in variables, or in a dictionary, at the top level of a cell.",
            pytrace=False,
        )
    return found


@pytest.mark.graded(
    task="shuffle",
    weight=4,
    grounds="practical 2, lines 397 and 402: all images have one fixed, random order of pixels",
)
def test_shuffle_one_order(probe):
    """The pixels of every training image come in one and the same random order

    Every pixel once, and no image in another order than the others. The order has to be drawn once.
    """
    found = shuffled_loaders(probe("loaders"))
    for loader in found:
        assert loader.has_each_pixel_once, (
            f"In `{loader.name}` only {len(loader.order.unique())} of {len(loader.order)} pixels are left, some "
            "of them twice; expected every pixel exactly once, as torch.randperm gives them."
        )
    assert any(loader.train for loader in found), (
        "Only test images have shuffled pixels; the training images need it too."
    )
    assert all(loader.labels_fit for loader in found), "The labels no longer belong to their images."


@pytest.mark.graded(
    task="shuffle",
    weight=3,
    after="test_shuffle_one_order",
    grounds="practical 2, line 397: a random permutation of the pixels",
)
def test_shuffle_really_shuffles(probe):
    """The order is random: hardly a pixel stays in its place or beside its neighbour

    Rows or columns that move as a whole, or a mirrored image, keep most of what a CNN uses.
    """
    for loader in shuffled_loaders(probe("loaders")):
        places = loader.order % 1024
        stay = float((places == torch.arange(len(places)) % 1024).double().mean())
        neighbours = float(((places[1:] - places[:-1]).abs() == 1).double().mean())
        below = float(((places[32:] - places[:-32]).abs() == 32).double().mean())
        assert max(stay, neighbours, below) < 0.1, (
            f"In `{loader.name}` {100 * max(stay, neighbours, below):.0f} % of the pixels stay in their place or keep "
            "their neighbour; expected a random order of all 32 × 32 pixels, such as torch.randperm(32 * 32)."
        )
