"""Tests of reading data files that are truncated, mislabelled or not what they claim."""

import gzip
import struct

import pytest
import torch

from grader.datasets.files import read_cifar10_batch, read_files, read_idx
from grader.datasets.places import FASHION_MNIST, find_files
from grader.errors import DatasetError


def _write(path, content):
    path.write_bytes(content)
    return path


def _labels(values):
    return struct.pack(">II", 0x801, len(values)) + bytes(values)


def _images(count):
    return struct.pack(">IIII", 0x803, count, 28, 28) + bytes(count * 784)


def test_an_idx_file_is_read(tmp_path):
    """Labels come back as (N,), images as (N, H, W)."""
    assert read_idx(_write(tmp_path / "a", _labels([3, 1, 2]))).tolist() == [3, 1, 2]
    assert read_idx(_write(tmp_path / "b", _images(2))).shape == (2, 28, 28)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "starts with nothing; expected 00000801 or 00000803"),
        (b"\x80\x04", "starts with 8004"),
        (struct.pack(">II", 0xD01, 4) + bytes(16), "starts with 00000d01"),
        (struct.pack(">III", 0x802, 2, 2) + bytes(4), "starts with 00000802"),
        (struct.pack(">II", 0x803, 4), "ends after 8 bytes, inside its header"),
        (_labels([1, 2, 3])[:-1], "claims 3 values and holds 2"),
        (_labels([1, 2, 3]) + b"x", "claims 3 values and holds 4"),
        (struct.pack(">IIII", 0x803, 2**32 - 1, 2**32 - 1, 2**32 - 1), "claims 4294967295 x 4294967295 x"),
        (struct.pack(">II", 0x801, 0), "claims 0 values"),
    ],
)
def test_an_unsound_idx_file_is_refused(tmp_path, content, words):
    """A wrong magic number, a short header and a size that contradicts the data are named."""
    with pytest.raises(DatasetError) as caught:
        read_idx(_write(tmp_path / "file", content))
    assert words in str(caught.value)
    assert caught.value.remedy == "Delete it and run `grader data fashion-mnist --download`."


def test_a_file_that_unpacks_without_end_is_refused(tmp_path):
    """A small gzip file that unpacks to more than the limit is refused after reading the limit."""
    path = tmp_path / "bomb.gz"
    with gzip.open(path, "wb", compresslevel=9) as file:
        for _ in range(257):
            file.write(bytes(1 << 20))
    with pytest.raises(DatasetError, match="is longer than 268435456 bytes"):
        read_idx(path)


@pytest.mark.parametrize(
    "content", [b"not gzip", gzip.compress(_labels([1, 2, 3]), mtime=0)[:-6], b"\x1f\x8b\x08\0" + b"x" * 20]
)
def test_a_damaged_gzip_file_is_refused(tmp_path, content):
    """A file that isn't gzip, ends early or is damaged inside is named."""
    with pytest.raises(DatasetError, match="can't be read"):
        read_idx(_write(tmp_path / "file.gz", content))


@pytest.mark.parametrize(
    ("images", "labels", "words"),
    [
        (_images(3), _labels([1, 2]), r"has shape \(3, 28, 28\) and its labels \(2,\): they don't match"),
        (_labels([1, 2]), _labels([1, 2]), r"has shape \(2,\)"),
        (_images(2), _labels([1, 10]), "has a label 10; there are classes 0 to 9"),
    ],
)
def test_images_and_labels_must_match(tmp_path, images, labels, words):
    """As many labels as images, each one a class."""
    first, second = _write(tmp_path / "images", images), _write(tmp_path / "labels", labels)
    with pytest.raises(DatasetError, match=words):
        read_files(FASHION_MNIST, [first, second, first, second])


def test_a_cifar10_batch_is_read(tmp_path):
    """A row is a label and three planes."""
    row = bytes([9]) + bytes([1]) * 1024 + bytes([2]) * 1024 + bytes([3]) * 1024
    batch = read_cifar10_batch(_write(tmp_path / "b", row * 2), rows=2)
    assert batch.labels.tolist() == [9, 9]
    assert batch.images.shape == (2, 3, 32, 32)
    assert batch.images[0, :, 31, 31].tolist() == [1, 2, 3]
    assert batch.images.dtype == torch.uint8


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (bytes(3072), "has 3072 bytes; a batch has 3073"),
        (bytes(3074), "is longer than 3073 bytes"),
        (b"\xff" + bytes(3072), "has a label 255"),
    ],
)
def test_an_unsound_cifar10_batch_is_refused(tmp_path, content, words):
    """A batch of another size, or with a label that is no class, is refused."""
    with pytest.raises(DatasetError, match=words):
        read_cifar10_batch(_write(tmp_path / "b.bin", content), rows=1)
    with pytest.raises(DatasetError, match="run `grader data cifar10 --download`"):
        read_cifar10_batch(_write(tmp_path / "b.bin", content), rows=1)


def test_an_incomplete_folder_is_not_found(tmp_path, monkeypatch):
    """A folder that misses one of the files counts as absent."""
    monkeypatch.delenv("GRADER_DATA", raising=False)
    (tmp_path / "test_batch.bin").write_bytes(b"")
    assert find_files("cifar10", tmp_path) is None


def test_files_are_read_again_only_when_they_have_changed(tmp_path):
    """What was read last is kept while its files stay as they are, and forgotten when one changes or is lost."""
    paths = [_write(tmp_path / "images", _images(2)), _write(tmp_path / "labels", _labels([1, 2]))] * 2
    first, _ = read_files(FASHION_MNIST, paths)
    assert read_files(FASHION_MNIST, paths)[0] is first
    paths[1].write_bytes(_labels([2, 1]))
    again, _ = read_files(FASHION_MNIST, paths)
    assert (first.labels.tolist(), again.labels.tolist()) == ([1, 2], [2, 1])
    paths[0].unlink()
    with pytest.raises(DatasetError, match="can't be read"):
        read_files(FASHION_MNIST, paths)
