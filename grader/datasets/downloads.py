"""Fetch the files of CIFAR-10 and Fashion-MNIST, only when asked, and keep none with a wrong checksum.

`grader.datasets.load` asks for it with download=True; `grader.datasets.files` reads the files.
"""

import hashlib
import os
import tarfile
import tempfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import IO

from grader.datasets.files import CIFAR10_ROW, CIFAR10_ROWS
from grader.datasets.places import CIFAR10, CIFAR10_FILES, CIFAR10_FOLDER, FASHION_MNIST_FOLDER, data_folders
from grader.errors import DatasetError

_CHUNK = 1 << 20
_TIMEOUT_S = 30.0
_ELSEWHERE = "Fetch it on a machine with a network and copy it over, or grade with a data set that is here."


@dataclass(frozen=True, slots=True)
class DownloadSource:
    """Name a file to fetch: its address, the checksum its publisher gives ("md5:…" or "sha256:…") and a bound."""

    url: str
    checksum: str
    max_bytes: int = 1 << 28


# https://www.cs.toronto.edu/~kriz/cifar.html, "binary version (suitable for C programs)"
CIFAR10_SOURCE = DownloadSource(
    "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    "sha256:c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
)
# The address and the checksums of torchvision.datasets.FashionMNIST.
_FASHION_MNIST_SITE = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"
FASHION_MNIST_SOURCES = (
    DownloadSource(f"{_FASHION_MNIST_SITE}/train-images-idx3-ubyte.gz", "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
    DownloadSource(f"{_FASHION_MNIST_SITE}/train-labels-idx1-ubyte.gz", "md5:25c81989df183df01b3e8a0aad5dffbe"),
    DownloadSource(f"{_FASHION_MNIST_SITE}/t10k-images-idx3-ubyte.gz", "md5:bef4ecab320f06d8554ea6380940ec79"),
    DownloadSource(f"{_FASHION_MNIST_SITE}/t10k-labels-idx1-ubyte.gz", "md5:bb300cfdad3c16e7a12a480ee83cd310"),
)


def download_files(name: str, data: Path | None) -> None:
    """Fetch a data set's files into the data folder, laid out as torchvision lays them out."""
    folders = data_folders(data)
    if not folders:
        raise DatasetError(f"There is no folder to put {name} in.", remedy="Set $GRADER_DATA or pass --data FOLDER.")
    if name == CIFAR10:
        with tempfile.TemporaryDirectory() as scratch:
            archive = Path(scratch, "cifar10.tar.gz")
            fetch(CIFAR10_SOURCE, target=archive)
            extract_cifar10(archive, folder=folders[0] / CIFAR10_FOLDER)
        return
    for source in FASHION_MNIST_SOURCES:
        fetch(source, target=folders[0] / FASHION_MNIST_FOLDER / source.url.rpartition("/")[2])


def fetch(source: DownloadSource, *, target: Path) -> None:
    """Put what an address holds into a file, in one step and only if its checksum is right."""
    draft = target.with_name(f".draft-{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with (
            urllib.request.urlopen(source.url, timeout=_TIMEOUT_S) as reply,  # noqa: S310 - a constant of this file
            draft.open("wb") as file,
        ):
            _copy(reply, file, source=source)
        draft.replace(target)
    except (OSError, HTTPException) as err:  # URLError and time-outs are OSErrors
        reason = err.reason if isinstance(err, urllib.error.URLError) else err
        raise DatasetError(f"{source.url} could not be fetched: {reason}.", remedy=_ELSEWHERE) from err
    finally:
        draft.unlink(missing_ok=True)


def _copy(reply: IO[bytes], file: IO[bytes], *, source: DownloadSource) -> None:
    method, _, expected = source.checksum.partition(":")
    digest = hashlib.new(method, usedforsecurity=False)
    size = 0
    while chunk := reply.read(_CHUNK):
        size += len(chunk)
        if size > source.max_bytes:
            raise DatasetError(f"{source.url} sends more than {source.max_bytes} bytes.", remedy=_ELSEWHERE)
        digest.update(chunk)
        file.write(chunk)
    if digest.hexdigest() != expected:
        raise DatasetError(
            f"{source.url} sent {size} bytes with {method} {digest.hexdigest()}; expected {expected}.",
            remedy="Nothing was kept. Try again; if it stays so, the file there is not the published one.",
        )


def extract_cifar10(archive: Path, *, folder: Path) -> None:
    """Write the six batches of CIFAR-10's archive into a folder, and nothing else that the archive may hold."""
    size = CIFAR10_ROWS * CIFAR10_ROW
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(archive, "r:gz") as members:
            for name in CIFAR10_FILES:
                member = members.getmember(f"{CIFAR10_FOLDER}/{name}")
                file = members.extractfile(member) if member.isreg() and member.size == size else None
                if file is None:
                    raise DatasetError(f"{name} in {archive.name} is not a file of {size} bytes.", remedy=_ELSEWHERE)
                (folder / name).write_bytes(file.read(size))
    except (KeyError, OSError, EOFError, tarfile.TarError) as err:
        raise DatasetError(f"{archive.name} can't be unpacked: {err}.", remedy=_ELSEWHERE) from err
