"""Which data sets there are, which of them can be used on this machine, and how to get the others; without torch.

`grader.datasets.places` knows where files lie; `grader.datasets.load` loads what is here.
"""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from grader.datasets.places import (
    CIFAR10,
    FASHION_MNIST,
    FILE_DATASETS,
    FROM_SKLEARN,
    find_files,
    python_version_of_cifar10,
)
from grader.errors import DatasetError

DATASETS = (*FILE_DATASETS, "digits", "moons", "spirals")
DOWNLOAD_MB = {CIFAR10: 170, FASHION_MNIST: 31}


def available(names: Sequence[str], *, data: Path | None = None) -> str | None:
    """Return the first of the names whose data set is on this machine, or None if none is."""
    return next((name for name in names if not explain_absence(name, data=data)), None)


def explain_absence(name: str, *, data: Path | None = None) -> str:
    """Say why a data set can't be used and what to do, or "" if it can. Raises DatasetError for an unknown name."""
    what, how = absence_of(name, data=data)
    return f"{what} {how}".strip()


def absence_of(name: str, *, data: Path | None = None) -> tuple[str, str]:
    """Return why a data set can't be used, and what to do; both are "" if it can."""
    check_known(name)
    if name in FROM_SKLEARN and importlib.util.find_spec("sklearn") is None:
        return f"{name} needs scikit-learn, which is not installed.", "Run `pip install 'torchgrade[courses]'`."
    if name not in FILE_DATASETS or find_files(name, data) is not None:
        return "", ""
    command = f"`grader data {name} --download`"
    pickles = python_version_of_cifar10(data) if name == CIFAR10 else None
    if pickles:
        why = f"{pickles} is CIFAR-10's python version: pickles, which run code when they are read."
        return why, f"{command} fetches the binary version."
    debian = " or install Debian's package dataset-fashion-mnist" if name == FASHION_MNIST else ""
    return (
        f"{name} is not on this machine.",
        f"{command} fetches it ({DOWNLOAD_MB[name]} MB); where it is already, set $GRADER_DATA to its folder{debian}.",
    )


def origin_of_data(name: str, *, data: Path | None = None) -> str:
    """Return in words where a data set that is here comes from."""
    check_known(name)
    if name in FILE_DATASETS:
        files = find_files(name, data)
        return str(files[0].parent) if files else ""
    return "with scikit-learn" if name in FROM_SKLEARN else "generated"


def check_known(name: str) -> None:
    """Raise DatasetError where there is no data set of this name."""
    if name not in DATASETS:
        raise DatasetError(f"There is no data set {name!r}.", remedy=f"Use one of: {', '.join(DATASETS)}.")
