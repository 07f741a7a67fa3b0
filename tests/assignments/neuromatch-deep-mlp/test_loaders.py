"""Public checks of get_data_loaders, on images that show what was done to them.

Each image is white, with a dark mark up to the left and a square in the middle whose red says which image it is. So a
flip, a rotation and their order show in the pixels. How the transforms are written down, how many worker processes
there are, and what fills the corners that a rotation uncovers, is free.
"""

import pytest
import torch

from grader.compare import Context, Expectation, Spec, assert_kinds, assert_matches

SIZE = 32
MARK = (10, 8)  # row and column of the mark's middle
CLASSES = 3


def draw_images(count):
    """Return images (count, 3, 32, 32) of bytes, and their classes."""
    images = torch.full((count, 3, SIZE, SIZE), 255, dtype=torch.uint8)
    images[:, 1, MARK[0] - 2 : MARK[0] + 3, MARK[1] - 2 : MARK[1] + 3] = 0
    images[:, 0, 13:19, 13:19] = (8 * torch.arange(count, dtype=torch.uint8))[:, None, None]
    return images, torch.arange(count) % CLASSES


def draw_inputs(*, train, test, batch_size, seed, epochs=1):
    """Return the inputs of the probe: `train` and `test` images."""
    (train_images, train_labels), (test_images, test_labels) = draw_images(train), draw_images(test)
    return {
        "train_images": train_images,
        "train_labels": train_labels,
        "test_images": test_images,
        "test_labels": test_labels,
        "batch_size": batch_size,
        "seed": seed,
        "epochs": epochs,
    }


def normalized(images):
    """Return bytes as numbers from -1 to 1."""
    return ((images.double() / 255 - 0.5) / 0.5).float()


def numbers_of(pixels):
    """Return which image each pixel (N, 3) of a middle square belongs to."""
    return ((pixels[:, 0].double() + 1) / 2 * 255 / 8).round().long()


def middles(images):
    return images[:, :, SIZE // 2, SIZE // 2]


def check_test_images(actual, expected, inputs):
    """Compare the test images with those in the folders, class by class, preprocessed and otherwise untouched."""
    order = inputs["test_labels"].argsort(stable=True)
    raw = inputs["test_images"][order]
    bytes_ = raw.double()
    others = {
        "the images as numbers from 0 to 1: Normalize is missing": (bytes_ / 255).float(),
        "the images as bytes": bytes_.float(),
        "the images normalized twice": normalized(raw) * 2 - 1,
        "the images upside down": normalized(raw).flip(2),
        "the images divided by 0.5 without subtracting the mean": (bytes_ / 255 / 0.5).float(),
        "the images minus the mean without dividing by 0.5": (bytes_ / 255 - 0.5).float(),
    }
    right = Expectation({"test images": normalized(raw)})
    assert_matches(actual, expected("loaders", lambda: right, **inputs), context=Context(others=others))


@pytest.mark.graded(
    task="loaders",
    weight=2,
    grounds="tutorial 2, lines 829 to 838: training and test loader, with batches of batch_size",
)
def test_loaders_batches(probe):
    """get_data_loaders returns a training loader and a test loader with batches of the size asked for"""
    actual = probe("loaders", **draw_inputs(train=24, test=10, batch_size=6, seed=1))
    assert_kinds(actual, {"first training batch": int, "first test batch": int})
    sizes = {"training": actual["first training batch"], "test": actual["first test batch"]}
    for part, size in sizes.items():
        assert size == 6, f"The first {part} batch has {size} images; expected 6, the batch_size that was asked for."
    count = rows_of(actual, "test labels")
    is_the_same = count == 24 == rows_of(actual, "training images")
    assert not is_the_same, (
        "Both loaders give the 24 training images; expected the 10 test images of the second one: measured on images "
        "that it was trained on, a network looks better than it is."
    )
    assert count == 10, (
        f"The second loader gives {count} images; expected all 10 test images: the training "
        "loader comes first, and no test image is left out."
    )


@pytest.mark.graded(
    task="loaders",
    weight=3,
    after="test_loaders_batches",
    grounds="tutorial 2, lines 818, 820 and 857: tensors from -1 to 1, and no augmentation in the test",
)
def test_loaders_preprocess(probe, expected):
    """Images are tensors from -1 to 1, those of the test in the folder's order, and nothing else is done to these

    ToTensor gives [0, 1]; Normalize with mean 0.5 and standard deviation 0.5 makes it [-1, 1]. Augmentation is for the
    training images only, and so is shuffling.
    """
    inputs = draw_inputs(train=24, test=12, batch_size=6, seed=1)
    actual = probe("loaders", **inputs)
    both = ("test images", "test images of the second pass")
    assert_matches(actual, {name: Spec((12, 3, SIZE, SIZE)) for name in both})
    numbers = numbers_of(middles(actual["test images"]))
    wanted = inputs["test_labels"].argsort(stable=True)
    is_mixed = torch.equal(numbers.sort().values, wanted.sort().values)
    assert torch.equal(numbers, wanted) or not is_mixed, "The test images are shuffled; expected them in their order."
    assert torch.equal(actual["test images"], actual["test images of the second pass"]), (
        "Two passes over the test images give different images: they are augmented, or shuffled. Random transforms are "
        "for the training images only."
    )
    check_test_images(actual, expected, inputs)
    low, high = range_of(training_images(actual, as_they_are=True))
    assert max(abs(low + 1), abs(high - 1)) < 0.1, (
        f"The training images are numbers from {low:.2f} to {high:.2f}; expected -1 to 1, as for the test images."
    )


def range_of(images):
    """Return the smallest and the largest number of images."""
    return images.min().item(), images.max().item()


def on_scale(images):
    """Return images from -1 to 1, whatever they were brought to: how they are normalized is charged once."""
    low, high = range_of(images)
    if max(abs(low + 1), abs(high - 1)) < 0.1 or not 0 < high - low < float("inf"):
        return images
    return 2 * (images - low) / (high - low) - 1


# What else is done to the training images is left out by the probe: the text excludes no further augmentation.
@pytest.mark.graded(
    task="loaders",
    weight=3,
    after="test_loaders_batches",
    grounds="tutorial 2, lines 814 and 816: rotations of up to 10 degrees, horizontal flips",
)
def test_loaders_augment(probe):
    """Training images are flipped from left to right in about half of all cases, and rotated by up to 10 degrees"""
    images = training_images(probe("loaders", **draw_inputs(train=24, test=9, batch_size=6, seed=2, epochs=12)))
    rows, columns = find_marks(images)
    assert (rows < 0).float().mean() > 0.95, (
        "The mark at the top of the images is found at their bottom: the images are flipped upside down, or rotated by "
        "far more than 10 degrees."
    )
    flipped = (columns > 0).float().mean().item()
    assert 0.15 < flipped < 0.85, (
        f"{100 * flipped:.0f} % of the training images are flipped from left to right; expected about half of them."
    )
    steepness = torch.atan2(rows, columns.abs())
    start = torch.atan2(torch.tensor(MARK[0] - SIZE / 2 + 0.5), torch.tensor(SIZE / 2 - 0.5 - MARK[1]))
    angles = torch.rad2deg(steepness - start).abs()
    largest = angles.max().item()
    assert largest > 6, (
        f"The training images are rotated by no more than {largest:.1f} degrees; expected random angles up to 10."
    )
    assert largest < 12.5, f"Some training images are rotated by {largest:.0f} degrees; expected 10 at most."


def training_images(actual, *, as_they_are=False):
    """Return the training images, brought to -1 to 1 unless they are asked for `as_they_are`."""
    count = rows_of(actual, "training images")
    assert_matches(actual, {"training images": Spec((count, 3, SIZE, SIZE))})
    assert count, "The first loader gives no training images."
    images = actual["training images"]
    return images if as_they_are else on_scale(images)


def rows_of(actual, name):
    """Return how many rows a tensor has, 0 for anything else."""
    value = actual.get(name)
    return len(value) if isinstance(value, torch.Tensor) and value.ndim else 0


def find_marks(images):
    """Return how far the dark mark of each image lies below and right of the image's middle, in pixels."""
    place = torch.arange(SIZE) - SIZE / 2 + 0.5
    rows, columns = place[:, None].expand(SIZE, SIZE), place[None, :].expand(SIZE, SIZE)
    inner = rows**2 + columns**2 < 13.5**2  # no corner that a rotation uncovers
    dark = ((images[:, 1] < 0) & inner).float()
    size = dark.sum(dim=(1, 2)).clamp(min=1)
    return tuple((dark * axis).sum(dim=(1, 2)) / size for axis in (rows, columns))


@pytest.mark.graded(
    task="loaders", weight=2, after="test_loaders_batches", grounds="tutorial 2, line 871: training images are shuffled"
)
def test_loaders_shuffle(probe):
    """Training images come in random order, each once an epoch and with its own label"""
    actual = probe("loaders", **draw_inputs(train=24, test=9, batch_size=6, seed=3, epochs=2))
    numbers = numbers_of(middles(training_images(actual)))
    first, second = numbers.split(len(numbers) // 2 or 1)[:2]
    for epoch in (first, second):
        times = [int((epoch == number).sum()) for number in range(24)]
        # Whoever puts augmented copies beside the images shows each of them several times.
        assert sum(times) == len(epoch) == 24 * max(1, *times), (
            f"In one pass over the 24 training images, one comes {min(times)} times and another {max(times)} times; "
            "expected each of them once."
        )
    assert_matches(actual, {"training labels": Spec((len(numbers),), dtype=None)})
    labels = actual["training labels"].long()
    assert torch.equal(labels, numbers % CLASSES), "Training images have the label of another class."
    assert (labels[: len(first)].diff() < 0).any(), "The training images come class by class: shuffle them."
    assert not torch.equal(first, second), "Both epochs have the same order: shuffle anew each time."
