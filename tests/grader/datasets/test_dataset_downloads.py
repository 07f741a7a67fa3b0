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
from grader.datasets.places import CIFAR10_FILES, CIFAR10_ROW, CIFAR10_ROWS, find_files
from grader.errors import DatasetError


@pytest.fixture
def site(tmp_path):
    """Return a folder and the address at which a server shows it."""
    folder = tmp_path / "site"
    folder.mkdir()

    class Handler(http.server.BaseHTTPRequestHandler):
        """Send files, from the byte that is asked for; /cut ends early, /whole knows nothing of parts."""

        def do_GET(self):
            content = (folder / "file").read_bytes() if self.path in ("/file", "/cut", "/whole") else None
            start = int(self.headers.get("Range", "bytes=0-")[6:-1]) if self.path != "/whole" else 0
            if content is None or (start and start >= len(content)):
                self.send_error(404 if content is None else 416)
                return
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            asked.append(start)
            self.wfile.write(content[start : start + 2] if self.path == "/cut" else content[start:])

        def log_message(self, *args):
            """Print nothing."""

    asked = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def _nothing(*_progress):
    """Report nothing."""


def _source(site, *, content=b"images", path="file", **changes):
    folder, address, _asked = site
    (folder / "file").write_bytes(content)
    return DownloadSource(
        **({"url": f"{address}/{path}", "checksum": f"md5:{hashlib.md5(content).hexdigest()}"} | changes)
    )


def test_a_file_is_fetched(site, tmp_path):
    """A file whose checksum is right is kept, no draft beside it, and how far it is gets reported."""
    target, told = tmp_path / "new" / "file", []
    assert fetch(_source(site), target=target, report=lambda *progress: told.append(progress))
    assert target.read_bytes() == b"images"
    assert [path.name for path in target.parent.iterdir()] == ["file"]
    assert told == [("file", 6, 6)]


def test_a_file_that_is_here_is_not_fetched_again(site, tmp_path):
    """A file with the right checksum is left as it is; one with another is replaced."""
    target = tmp_path / "file"
    target.write_bytes(b"images")
    assert not fetch(_source(site), target=target, report=_nothing)
    assert site[2] == []
    target.write_bytes(b"other")
    assert fetch(_source(site), target=target, report=_nothing)
    assert target.read_bytes() == b"images"


def test_an_interrupted_file_goes_on(site, tmp_path):
    """A connection that ends early leaves what came, under another name, and the next call asks for the rest."""
    target = tmp_path / "file"
    cut = _source(site, path="cut")
    for here in (b"im", b"imag"):
        with pytest.raises(DatasetError, match=r"ended after \d of 6 bytes\. Run the same command again"):
            fetch(cut, target=target, report=_nothing)
        assert not target.exists()
        assert (tmp_path / ".file.part").read_bytes() == here
    assert fetch(_source(site), target=target, report=_nothing)
    assert (target.read_bytes(), site[2]) == (b"images", [0, 2, 4])


@pytest.mark.parametrize(
    ("path", "draft"), [("whole", b"im"), ("file", b"something longer"), ("file", b"images")], ids=str
)
def test_a_draft_that_cannot_be_continued(site, tmp_path, path, draft):
    """A server that knows no parts sends all, a draft that is too long is written afresh, a whole one is just taken."""
    (tmp_path / ".file.part").write_bytes(draft)
    assert fetch(_source(site, path=path), target=tmp_path / "file", report=_nothing)
    assert (tmp_path / "file").read_bytes() == b"images"
    assert site[2] == ([] if draft == b"images" else [0])


def test_a_wrong_checksum_keeps_nothing(site, tmp_path):
    """A file that isn't the published one is told with both checksums and not kept."""
    words = r"sent 6 bytes with sha256:[0-9a-f]{64}; expected sha256:abc\. Nothing was kept"
    with pytest.raises(DatasetError, match=words):
        fetch(_source(site, checksum="sha256:abc"), target=tmp_path / "new" / "file", report=_nothing)
    assert list((tmp_path / "new").iterdir()) == []


def test_an_endless_file_is_cut(site, tmp_path):
    """A server that sends more than the bound is left."""
    with pytest.raises(DatasetError, match="sends more than 5 bytes"):
        fetch(_source(site, max_bytes=5), target=tmp_path / "new" / "file", report=_nothing)
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize(("path", "why"), [("/nothing", "Not Found"), (None, "refused")])
def test_an_unreachable_file_is_told(site, tmp_path, path, why):
    """Without a network, or with a wrong address, the reason is told, and where to put the file instead."""
    url = f"{site[1]}{path}" if path else "http://127.0.0.1:9/file"
    with pytest.raises(
        DatasetError, match=rf"could not be fetched: .*{why}.*bring the file here .* as {tmp_path}/file"
    ):
        fetch(DownloadSource(url, "md5:0"), target=tmp_path / "file", report=_nothing)


def test_what_has_no_files_needs_no_download(tmp_path):
    """Data sets that are generated, or come with scikit-learn, are not fetched."""
    with pytest.raises(DatasetError, match="moons needs no download"):
        download_files("moons", tmp_path, report=_nothing)


def test_fashion_mnist_lands_where_torchvision_keeps_it(site, tmp_path, monkeypatch):
    """The files are fetched into FashionMNIST/raw of the data folder."""
    monkeypatch.setattr(dataset_downloads, "FASHION_MNIST_SOURCES", (_source(site),))
    download_files("fashion-mnist", tmp_path / "data", report=_nothing)
    assert (tmp_path / "data" / "FashionMNIST" / "raw" / "file").read_bytes() == b"images"


@pytest.mark.parametrize("was_brought", [False, True])
def test_cifar10_is_unpacked(site, tmp_path, monkeypatch, was_brought):
    """CIFAR-10's archive is fetched, unpacked and removed again; one that somebody put there is used and stays."""
    size = CIFAR10_ROWS * CIFAR10_ROW
    made = _archive(tmp_path / "a.tar.gz", {f"cifar-10-batches-bin/{name}": size for name in CIFAR10_FILES})
    source = _source(site, content=made.read_bytes())
    monkeypatch.setattr(dataset_downloads, "CIFAR10_SOURCE", source)
    if was_brought:
        (tmp_path / "data").mkdir()
        made.rename(tmp_path / "data" / "file")
    download_files("cifar10", tmp_path / "data", report=_nothing)
    assert find_files("cifar10", tmp_path / "data") is not None
    assert ((tmp_path / "data" / "file").exists(), site[2]) == ((True, []) if was_brought else (False, [0]))


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
        (
            {"cifar-10-batches-bin/data_batch_1.bin": 7},
            r"data_batch_1.bin in .*a\.tar\.gz is not a file of 30730000 bytes",
        ),
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
