"""Where the files of CIFAR-10 and Fashion-MNIST lie on this machine, and which data they are.

`grader.datasets.files` reads them; `grader.grading.keys` only wants to know whether they are still the same, without
torch.
"""

import hashlib
import importlib.metadata
import os
from collections.abc import Iterator
from pathlib import Path

import platformdirs

FASHION_MNIST = "fashion-mnist"
CIFAR10 = "cifar10"
FILE_DATASETS = (CIFAR10, FASHION_MNIST)
FROM_SKLEARN = ("digits", "moons")

CIFAR10_FOLDER = "cifar-10-batches-bin"
CIFAR10_ROWS = 10_000  # of each file
CIFAR10_ROW = 1 + 3 * 32 * 32  # bytes
CIFAR10_FILES = (*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin")
FASHION_MNIST_FOLDER = Path("FashionMNIST", "raw")
FASHION_MNIST_FILES = tuple(
    f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")
)
DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")


def data_folders(data: Path | None) -> list[Path]:
    """Return the folders that hold data sets: the given one, `$GRADER_DATA`, then this user's own.

    With `$GRADER_DATA_ONLY` as well nothing is looked for elsewhere, as on a machine that has only that.
    """
    named = os.environ.get("GRADER_DATA")
    folders = [data, Path(named) if named else None, None if _is_alone() else own_folder()]
    return [folder for folder in folders if folder is not None]


def _is_alone() -> bool:
    return bool(os.environ.get("GRADER_DATA") and os.environ.get("GRADER_DATA_ONLY"))


def own_folder() -> Path:
    """Return the folder where this user's downloads go where `$GRADER_DATA` doesn't name another."""
    return platformdirs.user_data_path("torchgrade", appauthor=False)


def python_version_of_cifar10(data: Path | None) -> Path | None:
    """Return CIFAR-10's python version, which is a set of pickles, where a data folder has it, packed or not."""
    names = ("cifar-10-batches-py", "cifar-10-python.tar.gz")
    return next((path for root in data_folders(data) for name in names if (path := root / name).exists()), None)


def find_files(name: str, data: Path | None) -> list[Path] | None:
    """Return the files of a data set in reading order, None unless one folder has them all."""
    for folder in _candidates(name, data):
        if name == CIFAR10:
            found = [folder / file for file in CIFAR10_FILES]
        else:
            found = [_plain_or_packed(folder / file) for file in FASHION_MNIST_FILES]
        if all(path.is_file() for path in found):
            return found
    return None


def identity_of(name: str) -> str:
    """Return what changes with a data set: a digest of its files, or scikit-learn's version, or "" if it is absent.

    A generated set is part of the grader, and has none.
    """
    if name in FROM_SKLEARN:
        try:
            return importlib.metadata.version("scikit-learn")
        except importlib.metadata.PackageNotFoundError:
            return ""
    paths = find_files(name, None) if name in FILE_DATASETS else None
    total = hashlib.sha256()
    for path in paths or ():
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest() if paths else ""


def _candidates(name: str, data: Path | None) -> Iterator[Path]:
    for root in data_folders(data):
        yield root / (CIFAR10_FOLDER if name == CIFAR10 else FASHION_MNIST_FOLDER)
        yield root / name
        yield root
    if name == FASHION_MNIST and not _is_alone():
        yield DEBIAN_FOLDER


def _plain_or_packed(path: Path) -> Path:
    return path if path.is_file() else path.with_name(f"{path.name}.gz")
