"""Tests of fetching data files from a server on this machine: nothing with a wrong checksum is kept."""

import gzip
import hashlib
import http.server
import io
import tarfile
import threading

import pytest

from grader.datasets import downloads as dataset_downloads
from grader.datasets.downloads import (
    CIFAR10_SOURCE,
    FASHION_MNIST_SOURCES,
    DownloadSource,
    download_files,
    extract_cifar10,
    fetch,
)
from grader.datasets.files import CIFAR10_ROW, CIFAR10_ROWS
from grader.datasets.places import CIFAR10_FILES
from grader.errors import DatasetError


@pytest.fixture
def site(tmp_path):
    """Return a folder and the address at which a server shows it."""
    folder = tmp_path / "site"
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(folder))

        def log_message(self, *args):
            """Print nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def _source(site, *, content=b"images", **changes):
    folder, address = site
    (folder / "file").write_bytes(content)
    return DownloadSource(
        **({"url": f"{address}/file", "checksum": f"md5:{hashlib.md5(content).hexdigest()}"} | changes)
    )


def test_a_file_is_fetched(site, tmp_path):
    """A file whose checksum is right is kept, and no draft beside it."""
    target = tmp_path / "new" / "file"
    fetch(_source(site), target=target)
    assert target.read_bytes() == b"images"
    assert [path.name for path in target.parent.iterdir()] == ["file"]


def test_a_wrong_checksum_keeps_nothing(site, tmp_path):
    """A file that isn't the published one is told with both checksums and not kept."""
    with pytest.raises(DatasetError, match=r"sent 6 bytes with sha256 [0-9a-f]{64}; expected abc\. Nothing was kept"):
        fetch(_source(site, checksum="sha256:abc"), target=tmp_path / "new" / "file")
    assert list((tmp_path / "new").iterdir()) == []


def test_an_endless_file_is_cut(site, tmp_path):
    """A server that sends more than the bound is left."""
    with pytest.raises(DatasetError, match="sends more than 5 bytes"):
        fetch(_source(site, max_bytes=5), target=tmp_path / "file")
    assert not (tmp_path / "file").exists()


@pytest.mark.parametrize(("path", "why"), [("/nothing", "not found"), (None, "refused")])
def test_an_unreachable_file_is_told(site, tmp_path, path, why):
    """Without a network, or with a wrong address, the reason and a remedy are told."""
    url = f"{site[1]}{path}" if path else "http://127.0.0.1:9/file"
    with pytest.raises(DatasetError, match=rf"could not be fetched: .*{why}.*Fetch it on a machine with a network"):
        fetch(DownloadSource(url, "md5:0"), target=tmp_path / "file")


def test_there_must_be_a_folder_to_download_to(monkeypatch):
    """Without --data and $GRADER_DATA nothing is fetched."""
    monkeypatch.delenv("GRADER_DATA", raising=False)
    with pytest.raises(DatasetError, match=r"There is no folder to put cifar10 in\. Set \$GRADER_DATA or pass --data"):
        download_files("cifar10", None)


def test_fashion_mnist_lands_where_torchvision_keeps_it(site, tmp_path, monkeypatch):
    """The files are fetched into FashionMNIST/raw of the data folder."""
    monkeypatch.setattr(dataset_downloads, "FASHION_MNIST_SOURCES", (_source(site),))
    download_files("fashion-mnist", tmp_path / "data")
    assert (tmp_path / "data" / "FashionMNIST" / "raw" / "file").read_bytes() == b"images"


def test_the_sources_are_torchvisions():
    """Fashion-MNIST's addresses and checksums are those of the installed torchvision."""
    from grader.sandbox.inside.torchvision_ops import make_torchvision_importable

    make_torchvision_importable()
    from torchvision.datasets import FashionMNIST

    theirs = {
        f"{mirror}{name}": f"md5:{md5}" for mirror in FashionMNIST.mirrors for name, md5 in FashionMNIST.resources
    }
    assert all(theirs[source.url] == source.checksum for source in FASHION_MNIST_SOURCES)
    assert CIFAR10_SOURCE.url.startswith("https://")


def _archive(path, sizes):
    with gzip.open(path, "wb", compresslevel=1) as packed, tarfile.open(fileobj=packed, mode="w|") as archive:
        for name, size in sizes.items():
            member = tarfile.TarInfo(name)
            member.size = size
            archive.addfile(member, io.BytesIO(bytes(size)))
    return path


def test_only_the_batches_of_an_archive_are_written(tmp_path):
    """The six batches are written; what else the archive holds, wherever it points, is not."""
    size = CIFAR10_ROWS * CIFAR10_ROW
    sizes = {f"cifar-10-batches-bin/{name}": size for name in CIFAR10_FILES} | {"../outside": 3}
    extract_cifar10(_archive(tmp_path / "a.tar.gz", sizes), folder=tmp_path / "data" / "bin")
    assert sorted(path.name for path in (tmp_path / "data" / "bin").iterdir()) == sorted(CIFAR10_FILES)
    assert not (tmp_path / "data" / "outside").exists()


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ({}, "can't be unpacked"),
        ({"cifar-10-batches-bin/data_batch_1.bin": 7}, "data_batch_1.bin in a.tar.gz is not a file of 30730000 bytes"),
    ],
)
def test_another_archive_is_refused(tmp_path, sizes, words):
    """An archive without the batches, or with batches of another size, is refused."""
    with pytest.raises(DatasetError, match=words):
        extract_cifar10(_archive(tmp_path / "a.tar.gz", sizes), folder=tmp_path / "bin")


def test_what_is_no_archive_is_refused(tmp_path):
    """A file that is no gzipped tar archive is refused."""
    (tmp_path / "a.tar.gz").write_bytes(b"<html>moved</html>")
    with pytest.raises(DatasetError, match=r"a\.tar\.gz can't be unpacked"):
        extract_cifar10(tmp_path / "a.tar.gz", folder=tmp_path / "bin")
