"""Probes of get_data_loaders, on folders of images that are written here.

Wherever the notebook looks for the images, the folders `train` and `val` are those of the probe.
"""

import contextlib
import os
import tempfile
from pathlib import Path

import torch
from PIL import Image
from probes import in_this_process
from torchvision import transforms
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from grader.probes import probe

CLASSES = ("cat", "dog", "wild")


@probe(needs=["notebook_loaders"])
def loaders(*, train_images, train_labels, test_images, test_labels, batch_size, seed, epochs):
    """Return what the loaders give: one pass over the test images, twice, and `epochs` over the training images."""
    from notebook_loaders import get_data_loaders

    with afhq(train=(train_images, train_labels), val=(test_images, test_labels)):
        train_loader, test_loader = get_data_loaders(batch_size, seed)
        first, again = list(test_loader), list(test_loader)
        training = [batch for _ in range(epochs) for batch in train_loader]
        return {
            "test images": _joined(first, 0),
            "test labels": _joined(first, 1),
            "test images of the second pass": _joined(again, 0),
            "training images": _joined(training, 0),
            "training labels": _joined(training, 1),
            "first training batch": len(training[0][1]),
            "first test batch": len(first[0][1]),
        }


@probe(needs=["notebook_loaders"])
def loader_orders(*, images, labels, batch_size, seeds):
    """Return the middle pixels of the training images in their order: of one epoch for each seed, drawn anew.

    Before each call the global streams of random numbers begin elsewhere.
    """
    from notebook_loaders import get_data_loaders

    orders = []
    with afhq(train=(images, labels), val=(images, labels)):
        for number, seed in enumerate(seeds):
            torch.manual_seed(5000 + number)
            train_loader, _ = get_data_loaders(batch_size, seed)
            epoch = _joined(list(train_loader), 0)
            orders.append(epoch[:, :, epoch.shape[2] // 2, epoch.shape[3] // 2])
    return {"orders": orders}


def _joined(batches, place):
    return torch.cat([batch[place] for batch in batches])


@contextlib.contextmanager
def afhq(**parts):
    """Write images (N, 3, H, W) of bytes with labels into folders afhq/<part>/<class>, and work in a folder that has
    them."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        for part, (images, labels) in parts.items():
            for name in CLASSES:
                (Path(folder) / "afhq" / part / name).mkdir(parents=True)
            for number, (image, label) in enumerate(zip(images, labels.tolist(), strict=True)):
                path = Path(folder) / "afhq" / part / CLASSES[label] / f"{number:05d}.png"
                Image.fromarray(image.permute(1, 2, 0).contiguous().numpy()).save(path)
        os.chdir(folder)
        try:
            with _found_from_anywhere(Path(folder) / "afhq"), _only_what_is_asked(), in_this_process():
                yield
        finally:
            os.chdir(here)


@contextlib.contextmanager
def _found_from_anywhere(folder):
    """Let every ImageFolder whose path ends in one of the parts use that part: students' data lies elsewhere."""
    original = ImageFolder.__init__

    def begin(self, root, *arguments, **options):
        name = Path(root).name
        original(self, str(folder / name) if (folder / name).is_dir() else root, *arguments, **options)

    ImageFolder.__init__ = begin
    try:
        yield
    finally:
        ImageFolder.__init__ = original


MORE = (
    "RandomCrop", "RandomResizedCrop", "ColorJitter", "RandomErasing", "RandomGrayscale", "RandomPerspective",
    "GaussianBlur", "RandomAdjustSharpness", "RandomAutocontrast", "RandomEqualize", "RandomInvert", "RandomPosterize",
    "RandomSolarize", "AutoAugment", "RandAugment", "TrivialAugmentWide", "AugMix", "ElasticTransform", "GaussianNoise",
)  # fmt: skip


@contextlib.contextmanager
def _only_what_is_asked():
    """Let augmentations beyond the rotation and the flip do nothing, so that these two can be measured.

    Of an affine transform the rotation is left.
    """
    kinds = [getattr(module, name, None) for module in (transforms, v2) for name in (*MORE, "RandomAffine")]
    originals = [(kind, kind.forward) for kind in kinds if kind is not None]
    for kind, forward in originals:
        kind.forward = _rotating(forward) if kind.__name__ == "RandomAffine" else _as_it_is
    try:
        yield
    finally:
        for kind, forward in originals:
            kind.forward = forward


def _as_it_is(_self, *inputs):
    return inputs[0] if len(inputs) == 1 else inputs


def _rotating(forward):
    def rotate(self, *inputs):
        self.translate = self.scale = self.shear = None
        return forward(self, *inputs)

    return rotate
