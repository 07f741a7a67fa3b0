"""Tests of `grader data`: the list, where data sets are looked for, and the download."""

import pytest

from grader.datasets import downloads, places
from grader.datasets.places import FASHION_MNIST_FILES, FASHION_MNIST_FOLDER


@pytest.fixture(autouse=True)
def own(monkeypatch, tmp_path):
    """Return this user's folder for data, and hide the machine's."""
    monkeypatch.delenv("GRADER_DATA", raising=False)
    monkeypatch.setattr(places, "DEBIAN_FOLDER", tmp_path / "not-installed")
    monkeypatch.setattr(places, "own_folder", lambda: tmp_path / "own")
    return tmp_path / "own"


def _error(ended):
    return " ".join(ended.stderr.split())


def test_data_sets_are_listed(call_grader, own, tmp_path):
    """`grader data` has a line for each: where it is, or how to get it; then where they are looked for."""
    ended = call_grader("data", cwd=tmp_path)
    lines = ended.stdout.splitlines()
    assert ended.returncode == 0
    assert lines[0].startswith("– cifar10 is not on this machine. `grader data cifar10 --download` fetches it (170 MB)")
    assert lines[2:5] == ["✓ digits: with scikit-learn", "✓ moons: with scikit-learn", "✓ spirals: generated"]
    assert lines[5].startswith(f"Looked for in: $GRADER_DATA (not set), {own}, ")


@pytest.mark.parametrize(("name", "code"), [("digits", 0), ("cifar10", 1)])
def test_one_can_be_asked_for(call_grader, tmp_path, name, code):
    """`grader data NAME` tells of that one, and its exit code whether it is here."""
    ended = call_grader("data", name, cwd=tmp_path)
    assert (ended.returncode, len(ended.stdout.splitlines())) == (code, 1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--download"], "`--download` fetches one data set. → Name it: cifar10, fashion-mnist, digits"),
        (["mnist"], "There is no data set 'mnist'. → Use one of: cifar10"),
        (["moons", "--download"], "moons needs no download: it is generated, or comes with scikit-learn."),
    ],
)
def test_a_mistake_is_told(call_grader, tmp_path, arguments, words):
    """What can't be fetched is one sentence, and exit code 2."""
    ended = call_grader("data", *arguments, cwd=tmp_path)
    assert ended.returncode == 2
    assert words in _error(ended)


def test_a_download_goes_where_it_is_found(call_grader, own, tmp_path, monkeypatch):
    """`--download` puts the files into this user's folder, where they are found; a bar tells how far it is."""

    def fetch(_source, *, target, report):
        for name in FASHION_MNIST_FILES:
            target.parent.mkdir(parents=True, exist_ok=True)
            (target.parent / name).write_bytes(b"")
        report("train-images-idx3-ubyte.gz", 5, 10)
        return True

    monkeypatch.setattr(downloads, "fetch", fetch)
    ended = call_grader("data", "fashion-mnist", "--download", cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (0, f"✓ fashion-mnist: {own / FASHION_MNIST_FOLDER}\n")
    assert "5/10 bytes" in ended.stderr


def test_what_is_here_but_unsound_is_told(call_grader, write_files, own, tmp_path):
    """`--download` of what is here reads it instead, and says which file to delete where it isn't sound."""
    write_files(own / FASHION_MNIST_FOLDER, dict.fromkeys(FASHION_MNIST_FILES, b""))
    ended = call_grader("data", "fashion-mnist", "--download", cwd=tmp_path)
    assert ended.returncode == 2
    assert "Delete it and run `grader data fashion-mnist --download`." in _error(ended)
