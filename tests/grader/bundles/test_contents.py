"""Tests of grader.bundles.contents: a bundle is written wholly or not at all, and over nothing."""

import io
import stat
import zipfile

import pytest

from grader.bundles import contents
from grader.bundles.contents import write_folder, write_zip, zipped
from grader.errors import BundleError

FILES = {"setup.sh": b"echo", "course/a.txt": b"a", "run_autograder": b"#!"}


@pytest.mark.parametrize("write", [write_zip, write_folder])
def test_nothing_is_overwritten(write, tmp_path):
    """What is there stays as it is, with a remedy; an empty folder is nothing."""
    (tmp_path / "there").write_text("mine")
    with pytest.raises(BundleError) as caught:
        write(tmp_path / "there", FILES)
    assert caught.value.message == f"{tmp_path / 'there'} is there already; nothing was written."
    assert "`--out`" in caught.value.remedy
    assert (tmp_path / "there").read_text() == "mine"


def test_a_folder(tmp_path):
    """A folder holds each file, and its scripts can be executed."""
    (tmp_path / "out").mkdir()
    write_folder(tmp_path / "out", FILES)
    found = {path.relative_to(tmp_path / "out").as_posix(): path for path in (tmp_path / "out").rglob("*")}
    assert set(found) == {"setup.sh", "course", "course/a.txt", "run_autograder"}
    executable = {name for name, path in found.items() if path.is_file() and path.stat().st_mode & stat.S_IXUSR}
    assert executable == {"setup.sh", "run_autograder"}
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o755


def test_a_zip(tmp_path):
    """A zip holds each file at its root, scripts executable, and is the same each time."""
    write_zip(tmp_path / "new" / "a.zip", FILES)
    with zipfile.ZipFile(tmp_path / "new" / "a.zip") as archive:
        modes = {entry.filename: entry.external_attr >> 16 for entry in archive.infolist()}
        assert {name: archive.read(name) for name in modes} == FILES
    assert {name for name, mode in modes.items() if mode & stat.S_IXUSR} == {"setup.sh", "run_autograder"}
    assert zipped(FILES) == zipped(dict(reversed(FILES.items())))
    assert zipfile.ZipFile(io.BytesIO(zipped(FILES))).testzip() is None


@pytest.mark.parametrize("write", [write_zip, write_folder])
def test_too_large(write, tmp_path, monkeypatch):
    """What no place takes is refused, with the largest files; nothing is written."""
    monkeypatch.setattr(contents, "MOST_BYTES", 100)
    with pytest.raises(BundleError) as caught:
        write(tmp_path / "out", {"data.bin": bytes(range(256)) * 20_000, "small": b"x"})
    assert "Largest: data.bin (5 MB), small (0 MB)." in caught.value.message
    assert "`--data NAME`" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("write", [write_zip, write_folder])
def test_no_space(write, tmp_path):
    """Where a bundle can't be written, the system's words and what to do are told, and nothing is left."""
    (tmp_path / "file").write_text("")
    with pytest.raises(BundleError) as caught:
        write(tmp_path / "file" / "out", FILES)
    assert caught.value.message.startswith(f"{tmp_path / 'file' / 'out'} can't be written: ")
    assert "Free space" in caught.value.remedy


@pytest.mark.parametrize("write", [write_zip, write_folder])
def test_a_disk_that_fills(write, tmp_path, monkeypatch):
    """A disk that is full in the middle leaves no half of a bundle."""

    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(BundleError, match="No space left on device"):
        write(tmp_path / "out", FILES)
    assert list(tmp_path.iterdir()) == []
