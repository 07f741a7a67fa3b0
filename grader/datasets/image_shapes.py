"""Present images in the shape that a task wants, so that small ones can stand in for CIFAR-10.

`grader.datasets.load` calls it with the images of any data set.
"""

import torch
from torch.nn.functional import interpolate, pad

from grader.errors import DatasetError


def present_images(images: torch.Tensor, shape: tuple[int, ...] | None) -> torch.Tensor:
    """Return images (N, C, H, W) as (N, *shape): one channel is repeated, sides are scaled and padded.

    Images are enlarged by the greatest whole factor that fits and padded with zeros on all sides; larger ones are
    shrunk. A shape of one number lays each image out in a row. None leaves them as they are.
    """
    if shape is None or shape == tuple(images.shape[1:]):
        return images
    if len(shape) == 1 and shape[0] == images[0].numel():
        return images.flatten(1)
    if len(shape) != 3 or min(shape) < 1 or images.shape[1] not in (1, shape[0]):
        raise DatasetError(
            f"Images of shape {tuple(images.shape[1:])} can't be presented as {shape}.",
            remedy="Ask for (C, H, W) with the same C (one channel can be repeated), or for one number: all pixels.",
        )
    fitted = _fit(images, height=shape[1], width=shape[2])
    return fitted.expand(-1, shape[0], -1, -1).contiguous()


def _fit(images: torch.Tensor, *, height: int, width: int) -> torch.Tensor:
    """Return images (N, C, H, W) with the given sides."""
    H, W = images.shape[2:]
    factor = min(height // H, width // W)
    if factor == 0:
        return interpolate(images, size=(height, width), mode="bilinear", antialias=True).clamp(0, 1)
    if factor > 1:
        images = interpolate(images, scale_factor=factor, mode="bilinear")
    top, left = (height - factor * H) // 2, (width - factor * W) // 2
    return pad(images, (left, width - factor * W - left, top, height - factor * H - top))
