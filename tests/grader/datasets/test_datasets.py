"""Tests of the named data sets: what is split, what stays hidden, and what is said when one is absent."""

import gzip
import struct
import sys
from pathlib import Path

import pytest
import torch

from grader.datasets import places as dataset_places
from grader.datasets.load import load_dataset
from grader.datasets.parts import DRAWN, Limit
from grader.datasets.places import CIFAR10_FILES, CIFAR10_ROW, CIFAR10_ROWS, FASHION_MNIST_FILES, FASHION_MNIST_FOLDER
from grader.datasets.presence import DATASETS, available, explain_absence, origin_of_data
from grader.errors import DatasetError


@pytest.fixture(autouse=True)
def no_data_elsewhere(monkeypatch, tmp_path):
    monkeypatch.delenv("GRADER_DATA", raising=False)
    monkeypatch.setattr(dataset_places, "DEBIAN_FOLDER", tmp_path / "not-installed")
    monkeypatch.setattr(dataset_places, "own_folder", lambda: tmp_path / "own")


def _idx(values, *, magic):
    sizes = struct.pack(f">{values.ndim}I", *values.shape)
    return struct.pack(">I", magic) + sizes + bytes(values.flatten().tolist())


def _write_fashion_mnist(folder, *, train=50, test=20, packed=False):
    """Write stand-ins whose pixels all hold ten times their label."""
    folder.mkdir(parents=True)
    for number, name in enumerate(FASHION_MNIST_FILES):
        labels = torch.arange(train if number < 2 else test) % 10
        images = (10 * labels)[:, None, None].expand(-1, 28, 28)
        content = _idx(labels, magic=0x801) if number % 2 else _idx(images, magic=0x803)
        path = folder / (f"{name}.gz" if packed else name)
        path.write_bytes(gzip.compress(content) if packed else content)
    return folder


def _write_cifar10(folder):
    """Write batches of the right size whose rows are all zeros, but the first: label 7, its first pixel red."""
    folder.mkdir(parents=True)
    for name in CIFAR10_FILES:
        with (folder / name).open("wb") as file:
            file.write(bytes([7, 255]))
            file.truncate(CIFAR10_ROWS * CIFAR10_ROW)
    return folder


@pytest.mark.parametrize("name", ["digits", "moons", "spirals"])
def test_embedded_sets_load_without_any_file(name):
    """digits, moons and spirals are there without a download, in three parts with every class."""
    dataset = load_dataset(name, test_seed=1)
    for x, y in (
        (dataset.train_x, dataset.train_y),
        (dataset.valid_x, dataset.valid_y),
        (dataset.test_x, dataset.test_y),
    ):
        assert x.dtype == torch.float32
        assert y.dtype == torch.int64
        assert len(x) == len(y)
        assert sorted(y.unique().tolist()) == list(range(len(dataset.classes)))


@pytest.mark.parametrize("name", ["digits", "moons", "spirals"])
def test_the_same_seeds_give_the_same_parts(name):
    """Two loads with the same seeds return the same rows in the same order."""
    first, second = (load_dataset(name, seed=3, test_seed=4) for _ in range(2))
    assert torch.equal(first.train_x, second.train_x)
    assert torch.equal(first.test_x, second.test_x)
    assert torch.equal(first.test_y, second.test_y)


@pytest.mark.parametrize("name", ["moons", "spirals"])
def test_the_test_part_is_new_for_each_test_seed(name):
    """The test seed alone decides the drawn test part, in more than its lowest 32 bits."""
    one, other = (load_dataset(name, test_seed=seed) for seed in (5, 5 + 2**32))
    assert torch.equal(one.train_x, other.train_x)
    assert not torch.equal(one.test_x, other.test_x)


def test_without_a_test_seed_a_fresh_one_is_drawn_and_named():
    """A test part drawn without a seed is new each time, and can be drawn again with the seed that `source` names."""
    one, other = load_dataset("moons"), load_dataset("moons")
    assert not torch.equal(one.test_x, other.test_x)
    again = load_dataset("moons", test_seed=int(one.source.split()[-1]))
    assert torch.equal(one.test_x, again.test_x)


@pytest.mark.parametrize("name", ["moons", "spirals"])
def test_parts_of_a_drawn_set_differ(name):
    """Training, validation and test points are drawn apart, even where both seeds are equal."""
    dataset = load_dataset(name, seed=2, test_seed=2)
    assert not torch.equal(dataset.train_x, dataset.valid_x)
    shared = set(map(tuple, dataset.test_x.tolist())) & set(map(tuple, dataset.train_x.tolist()))
    assert not shared


def test_digits_are_split_without_overlap():
    """Each digit is in one part: no test image is seen in training."""
    dataset = load_dataset("digits", test_seed=1)
    parts = (dataset.train_x, dataset.valid_x, dataset.test_x)
    assert sum(map(len, parts)) == 1797
    train, valid, test = ({tuple(image.flatten().tolist()) for image in part} for part in parts)
    assert not train & test
    assert not valid & test
    assert not train & valid


def test_what_enters_the_sandbox_holds_no_test_labels():
    """for_probe returns training and validation data with labels, and test inputs without."""
    dataset = load_dataset("digits", test_seed=1)
    inputs = dataset.for_probe()
    assert list(inputs) == ["train_x", "train_y", "valid_x", "valid_y", "test_x"]
    assert all(value is not dataset.test_y for value in inputs.values())


def test_the_text_of_a_dataset_shows_no_label():
    """A traceback or a log that prints a data set shows its name and source, no tensor."""
    assert "tensor(" not in repr(load_dataset("moons", test_seed=1))


def test_limits_bound_each_part():
    """Each part has at most as many rows as its limit says, and the rows kept are the first of the unlimited ones."""
    limited = load_dataset("digits", limit=Limit(train=30, valid=20, test=10), test_seed=1)
    assert [len(limited.train_y), len(limited.valid_y), len(limited.test_y)] == [30, 20, 10]
    full = load_dataset("digits", test_seed=1)
    assert torch.equal(limited.train_x, full.train_x[:30])
    assert len(load_dataset("spirals", limit=Limit(test=77)).test_y) == 77


def test_digits_stand_in_for_cifar10():
    """digits presented as 3 x 32 x 32 have three equal channels with pixels from 0 to 1."""
    dataset = load_dataset("digits", shape=(3, 32, 32), limit=Limit(train=50))
    assert dataset.train_x.shape == (50, 3, 32, 32)
    assert torch.equal(dataset.train_x[:, 0], dataset.train_x[:, 2])
    assert 0 <= dataset.train_x.min() < dataset.train_x.max() <= 1


@pytest.mark.parametrize("packed", [False, True])
def test_fashion_mnist_is_read_from_torchvisions_folder(tmp_path, packed):
    """Fashion-MNIST is found where torchvision keeps it, plain or gzipped, and images keep their labels."""
    folder = _write_fashion_mnist(tmp_path / FASHION_MNIST_FOLDER, packed=packed)
    dataset = load_dataset("fashion-mnist", data=tmp_path, test_seed=1)
    assert [len(dataset.train_y), len(dataset.valid_y), len(dataset.test_y)] == [45, 5, 20]
    assert torch.allclose(dataset.train_x[:, 0, 5, 5] * 255, 10.0 * dataset.train_y)
    assert torch.allclose(dataset.test_x[:, 0, 5, 5] * 255, 10.0 * dataset.test_y)
    assert str(folder) in dataset.source


def test_fashion_mnist_is_read_from_debians_package(tmp_path, monkeypatch):
    """Fashion-MNIST is found where Debian's package dataset-fashion-mnist puts it."""
    debian = _write_fashion_mnist(tmp_path / "usr", packed=True)
    monkeypatch.setattr(dataset_places, "DEBIAN_FOLDER", debian)
    assert available(["cifar10", "fashion-mnist", "digits"]) == "fashion-mnist"
    assert load_dataset("fashion-mnist", shape=(3, 32, 32)).test_x.shape == (20, 3, 32, 32)


def test_debians_folder_is_the_packages():
    """The folder looked in is the one that Debian's package installs."""
    assert Path("/usr/share/datasets/fashion-mnist").as_posix() in Path(dataset_places.__file__).read_text()


def test_cifar10_is_read_from_the_environments_folder(tmp_path, monkeypatch):
    """CIFAR-10's binary version is found in $GRADER_DATA; the red plane comes first."""
    _write_cifar10(tmp_path / "cifar-10-batches-bin")
    monkeypatch.setenv("GRADER_DATA", str(tmp_path))
    assert available(["cifar10"]) == "cifar10"
    dataset = load_dataset("cifar10", limit=Limit(train=0, valid=0), test_seed=1)
    assert dataset.test_x.shape == (10_000, 3, 32, 32)
    (row,) = (dataset.test_y == 7).nonzero().flatten().tolist()
    assert dataset.test_x[row].nonzero().tolist() == [[0, 0, 0]]


@pytest.mark.parametrize("name", ["cifar-10-batches-py", "cifar-10-python.tar.gz"])
def test_the_python_version_of_cifar10_is_not_read(tmp_path, name):
    """CIFAR-10's pickles, packed or not, are refused with the reason and the command that fetches the other version."""
    (tmp_path / name).mkdir()
    assert available(["cifar10"], data=tmp_path) is None
    assert explain_absence("cifar10", data=tmp_path) == (
        f"{tmp_path / name} is CIFAR-10's python version: pickles, which run code when they are read. "
        "`grader data cifar10 --download` fetches the binary version."
    )
    with pytest.raises(DatasetError, match="python version: pickles"):
        load_dataset("cifar10", data=tmp_path)


def test_absence_is_explained_with_a_remedy():
    """A data set that is not there is explained by the ways to get it; one that is there by nothing."""
    assert explain_absence("moons") == ""
    assert explain_absence("cifar10") == (
        "cifar10 is not on this machine. `grader data cifar10 --download` fetches it (170 MB); where it is already, "
        "set $GRADER_DATA to its folder."
    )
    assert "install Debian's package dataset-fashion-mnist" in explain_absence("fashion-mnist")
    with pytest.raises(DatasetError, match="cifar10 is not on this machine"):
        load_dataset("cifar10")


def test_every_data_set_is_known():
    """The names are those that can be loaded: what is drawn, what has files, and digits."""
    assert set(DATASETS) == {*DRAWN, "digits", "cifar10", "fashion-mnist"}


def test_where_a_data_set_comes_from(tmp_path, monkeypatch):
    """Its place is the folder of its files, the package that brings it, or that it is generated."""
    folder = _write_fashion_mnist(tmp_path / "own" / FASHION_MNIST_FOLDER)
    assert origin_of_data("fashion-mnist") == str(folder)
    assert [origin_of_data(name) for name in ("digits", "moons", "spirals")] == ["with scikit-learn"] * 2 + [
        "generated"
    ]


def test_absence_of_scikit_learn_is_explained(monkeypatch):
    """Without scikit-learn, digits and moons name the way to install it, and spirals still load."""
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "pip install 'torchgrade[courses]'" in explain_absence("digits")
    assert available(["digits", "moons", "spirals"]) == "spirals"


def test_the_first_available_name_wins():
    """available returns the first present name, None where there is none."""
    assert available(["cifar10", "digits", "moons"]) == "digits"
    assert available(["cifar10"]) is None


def test_an_unknown_name_lists_the_known_ones():
    """An unknown name is an error that lists every data set."""
    with pytest.raises(DatasetError, match="There is no data set 'mnist'") as caught:
        load_dataset("mnist")
    assert all(name in str(caught.value) for name in DATASETS)
    with pytest.raises(DatasetError, match="no data set"):
        available(["digit"])


def test_points_have_no_other_shape():
    """moons can't be presented as images."""
    with pytest.raises(DatasetError, match=r"moons are points of shape \(2,\); .* presented as \(3, 32, 32\)"):
        load_dataset("moons", shape=(3, 32, 32))
