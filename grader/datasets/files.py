"""Read the files of CIFAR-10 and Fashion-MNIST, trusting no number in them that hasn't been checked.

`grader.datasets.places` finds them; `grader.datasets.parts` splits what is read here.
"""

import functools
import gzip
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from grader.datasets.places import CIFAR10, CIFAR10_ROW, CIFAR10_ROWS, FASHION_MNIST
from grader.errors import DatasetError

_CLASSES = 10
_MAX_BYTES = 1 << 28
_IDX_UBYTE = 0x08


@dataclass(frozen=True, slots=True, eq=False)
class LabelledImages:
    """Hold images (N, C, H, W) of uint8 and their labels (N,) of int64."""

    images: torch.Tensor
    labels: torch.Tensor


def read_files(name: str, paths: Sequence[Path]) -> tuple[LabelledImages, LabelledImages]:
    """Return the training and the test part of a data set; raise DatasetError for files that aren't sound.

    What was read last is remembered until its files change: unpacking takes longer than most checks.
    """
    return _read_once(name, tuple((path, _stamp(path)) for path in paths))


@functools.lru_cache(maxsize=1)
def _read_once(name: str, stamped: tuple[tuple[Path, object], ...]) -> tuple[LabelledImages, LabelledImages]:
    paths = [path for path, _ in stamped]
    if name == CIFAR10:
        batches = [read_cifar10_batch(path) for path in paths]
        train = LabelledImages(
            torch.cat([batch.images for batch in batches[:-1]]), torch.cat([batch.labels for batch in batches[:-1]])
        )
        return train, batches[-1]
    parts = [read_idx(path) for path in paths]
    return _pair(parts[0], parts[1], path=paths[0]), _pair(parts[2], parts[3], path=paths[2])


def read_cifar10_batch(path: Path, *, rows: int = CIFAR10_ROWS) -> LabelledImages:
    """Read a batch of CIFAR-10's binary version: rows of one label byte and 3 planes of 32 x 32 bytes."""
    data = _read(path, at_most=rows * CIFAR10_ROW)
    if len(data) != rows * CIFAR10_ROW:
        raise _unsound(path, f"has {len(data)} bytes; a batch has {rows * CIFAR10_ROW}.")
    table = torch.frombuffer(data, dtype=torch.uint8).view(rows, CIFAR10_ROW)
    return _checked(table[:, 1:].reshape(rows, 3, 32, 32), table[:, 0].long(), path=path)


def read_idx(path: Path) -> torch.Tensor:
    """Read an IDX file, plain or gzipped: uint8 labels (N,) or images (N, H, W).

    The format: http://yann.lecun.com/exdb/mnist/, kept with Fashion-MNIST's files.
    """
    data = _read(path, at_most=_MAX_BYTES)
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] != _IDX_UBYTE or data[3] not in (1, 3):
        raise _unsound(path, f"starts with {bytes(data[:4]).hex() or 'nothing'}; expected 00000801 or 00000803.")
    start = 4 + 4 * data[3]
    if len(data) < start:
        raise _unsound(path, f"ends after {len(data)} bytes, inside its header.")
    sizes = struct.unpack(f">{data[3]}I", data[4:start])
    count = 1
    for size in sizes:
        count *= size
    if not count or count != len(data) - start:
        claimed = " x ".join(map(str, sizes))
        raise _unsound(path, f"claims {claimed} values and holds {len(data) - start}.")
    return torch.frombuffer(data, dtype=torch.uint8, offset=start).view(sizes)


def _pair(images: torch.Tensor, labels: torch.Tensor, *, path: Path) -> LabelledImages:
    if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels):
        raise _unsound(path, f"has shape {tuple(images.shape)} and its labels {tuple(labels.shape)}: they don't match.")
    return _checked(images.unsqueeze(1), labels.long(), path=path)


def _checked(images: torch.Tensor, labels: torch.Tensor, *, path: Path) -> LabelledImages:
    highest = int(labels.max())
    if highest >= _CLASSES:
        raise _unsound(path, f"has a label {highest}; there are classes 0 to {_CLASSES - 1}.")
    return LabelledImages(images, labels)


def _read(path: Path, *, at_most: int) -> bytearray:
    """Return a file's bytes, unpacked if gzipped, and one more than `at_most` where there are more."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            data = bytearray(file.read(at_most + 1))
    except (OSError, EOFError, zlib.error) as err:
        raise _unsound(path, f"can't be read: {err}.") from err
    if len(data) > at_most:
        raise _unsound(path, f"is longer than {at_most} bytes.")
    return data


def _stamp(path: Path) -> object:
    """Return what changes when a file does, or None if it can't be looked at."""
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _unsound(path: Path, why: str) -> DatasetError:
    name = CIFAR10 if path.suffix == ".bin" else FASHION_MNIST
    return DatasetError(f"{path} {why}", remedy=f"Delete it and run `grader data {name} --download`.")
