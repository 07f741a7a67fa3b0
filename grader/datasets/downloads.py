"""Fetch the files of CIFAR-10 and Fashion-MNIST, only when asked, and keep none with a wrong checksum.

`grader.commands.data` asks for it; `grader.datasets.places` says which files are wanted.
"""

import contextlib
import hashlib
import os
import tarfile
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from grader.datasets.places import (
    CIFAR10,
    CIFAR10_FILES,
    CIFAR10_FOLDER,
    CIFAR10_ROW,
    CIFAR10_ROWS,
    FASHION_MNIST_FOLDER,
    FILE_DATASETS,
)
from grader.errors import DatasetError

_CHUNK = 1 << 20
_TIMEOUT_S = 30.0

Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True)
class DownloadSource:
    """Name a file to fetch: its address, the checksum its publisher gives ("md5:…" or "sha256:…") and a bound."""

    url: str
    checksum: str
    max_bytes: int = 1 << 28

    @property
    def file_name(self) -> str:
        """Return what the file is called."""
        return self.url.rpartition("/")[2]


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


def download_files(name: str, folder: Path, *, report: Progress) -> None:
    """Fetch a data set's files into a data folder, laid out as torchvision lays them out.

    `report` gets a file's name, the bytes that are here, and how many there are, None where the server doesn't say.
    Raises DatasetError where there is nothing to fetch, or what was fetched is not what it should be.
    """
    if name not in FILE_DATASETS:
        raise DatasetError(f"{name} needs no download: it is generated, or comes with scikit-learn.")
    if name == CIFAR10:
        archive = folder / CIFAR10_SOURCE.file_name
        is_new = fetch(CIFAR10_SOURCE, target=archive, report=report)
        extract_cifar10(archive, folder=folder / CIFAR10_FOLDER)
        if is_new:
            archive.unlink(missing_ok=True)
        return
    for source in FASHION_MNIST_SOURCES:
        fetch(source, target=folder / FASHION_MNIST_FOLDER / source.file_name, report=report)


def fetch(source: DownloadSource, *, target: Path, report: Progress) -> bool:
    """Put what an address holds into a file, in one step and only if its checksum is right; False where it is there.

    What arrives waits in a draft beside the file, which the next call continues after an interruption. Two calls at
    once would spoil each other's draft; the checksum notices, and nothing is kept. Raises DatasetError.
    """
    draft = target.with_name(f".{target.name}.part")
    try:
        if _checksum(target, source) == source.checksum:
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        if _checksum(draft, source) != source.checksum:
            _receive(source, draft, report)
            _verify(draft, source)
        draft.replace(target)
    except (OSError, HTTPException) as err:  # URLError and time-outs are OSErrors
        reason = err.reason if isinstance(err, urllib.error.URLError) else err
        remedy = f"Run the same command again, or bring the file here by other means, as {target}, and then run it."
        raise DatasetError(f"{source.url} could not be fetched: {reason}.", remedy=remedy) from err
    return True


def _checksum(path: Path, source: DownloadSource) -> str:
    """Return the checksum of a file in the way of its source, "" where there is no file."""
    method = source.checksum.partition(":")[0]
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.new(method, usedforsecurity=False))
    return f"{method}:{digest.hexdigest()}"


def _receive(source: DownloadSource, draft: Path, report: Progress) -> None:
    """Add to the draft what it lacks, or write it afresh where the server doesn't continue."""
    start = draft.stat().st_size if draft.is_file() else 0
    with _reply(source, start) as reply:
        size = start if reply.status == 206 else 0
        length = reply.headers.get("Content-Length", "")
        total = size + int(length) if length.isdecimal() else None
        with draft.open("ab" if size else "wb") as file:
            while chunk := reply.read(_CHUNK):
                size += len(chunk)
                if size > source.max_bytes:
                    file.close()
                    draft.unlink()
                    raise DatasetError(
                        f"{source.url} sends more than {source.max_bytes} bytes.",
                        remedy="Nothing was kept: the file there is not the published one.",
                    )
                file.write(chunk)
                report(source.file_name, size, total)
    if total is not None and size < total:
        raise OSError(f"the connection ended after {size} of {total} bytes")


def _reply(source: DownloadSource, start: int) -> HTTPResponse:
    """Ask for a file from a byte on; for all of it where there is nothing behind that byte."""
    headers = {"Range": f"bytes={start}-"} if start else {}
    request = urllib.request.Request(source.url, headers=headers)  # noqa: S310 - a constant of this file
    try:
        reply: HTTPResponse = urllib.request.urlopen(request, timeout=_TIMEOUT_S)  # noqa: S310
    except urllib.error.HTTPError as err:
        if not start or err.code != 416:
            raise
        return _reply(source, 0)
    return reply


def _verify(draft: Path, source: DownloadSource) -> None:
    actual = _checksum(draft, source)
    if actual == source.checksum:
        return
    size = draft.stat().st_size
    draft.unlink()
    raise DatasetError(
        f"{source.url} sent {size} bytes with {actual}; expected {source.checksum}.",
        remedy="Nothing was kept. Try again; if it stays so, the file there is not the published one.",
    )


def extract_cifar10(archive: Path, *, folder: Path) -> None:
    """Write the six batches of CIFAR-10's archive into a folder, each in one step, and nothing else that it may hold.

    Raises DatasetError where one of them is missing or has another size.
    """
    size = CIFAR10_ROWS * CIFAR10_ROW
    draft = folder / f".draft-{os.getpid()}"
    remedy = "Delete it and run `grader data cifar10 --download` again."
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive, "r:gz") as members:
            for name in CIFAR10_FILES:
                member = members.getmember(f"{CIFAR10_FOLDER}/{name}")
                file = members.extractfile(member) if member.isreg() and member.size == size else None
                if file is None:
                    raise DatasetError(f"{name} in {archive} is not a file of {size} bytes.", remedy=remedy)
                draft.write_bytes(file.read(size))
                draft.replace(folder / name)
    except (KeyError, OSError, EOFError, tarfile.TarError) as err:
        raise DatasetError(f"{archive} can't be unpacked: {err}.", remedy=remedy) from err
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
