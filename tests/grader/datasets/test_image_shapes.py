"""Tests of presenting images in other shapes."""

import pytest
import torch

from grader.datasets.image_shapes import present_images
from grader.errors import DatasetError


def test_images_stay_as_they_are_without_a_shape():
    """No shape, or their own, returns the same images."""
    images = torch.rand(2, 3, 32, 32)
    assert present_images(images, None) is images
    assert present_images(images, (3, 32, 32)) is images


def test_28_pixels_are_padded_to_32():
    """A Fashion-MNIST image keeps its pixels, with two zeros on each side and three equal channels."""
    images = torch.rand(2, 1, 28, 28) + 0.1
    shown = present_images(images, (3, 32, 32))
    assert shown.shape == (2, 3, 32, 32)
    assert torch.equal(shown[:, :, 2:-2, 2:-2], images.expand(-1, 3, -1, -1))
    assert shown[:, :, :2].abs().sum() == 0


def test_8_pixels_are_enlarged_to_32():
    """A digit is enlarged fourfold; pixels stay between the least and the greatest."""
    images = torch.rand(2, 1, 8, 8)
    shown = present_images(images, (1, 32, 32))
    assert shown.shape == (2, 1, 32, 32)
    assert images.min() <= shown.min() <= shown.max() <= images.max() + 1e-6
    assert torch.allclose(shown.mean(), images.mean(), atol=0.05)


def test_larger_images_are_shrunk():
    """A CIFAR-10 image can be shown with 16 x 16 pixels of about the same mean."""
    images = torch.rand(2, 3, 32, 32)
    shown = present_images(images, (3, 16, 16))
    assert shown.shape == (2, 3, 16, 16)
    assert torch.allclose(shown.mean(), images.mean(), atol=0.02)


def test_images_are_laid_out_in_a_row():
    """One number that counts all pixels flattens."""
    images = torch.rand(2, 1, 28, 28)
    assert torch.equal(present_images(images, (784,)), images.flatten(1))


@pytest.mark.parametrize("shape", [(783,), (3, 32), (4, 32, 32), (1, 32, 32), (3, 0, 32), ()])
def test_impossible_shapes_are_refused(shape):
    """A shape with another count of pixels, sides or channels is refused with what is possible."""
    with pytest.raises(DatasetError, match=r"shape \(3, 28, 28\) can't be presented as .* Ask for \(C, H, W\)"):
        present_images(torch.rand(2, 3, 28, 28), shape)
