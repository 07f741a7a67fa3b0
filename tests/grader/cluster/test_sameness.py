"""Tests of grader.cluster.sameness: a worker that would grade differently is recognised, and told in words."""

import re
import subprocess
import sys

import pytest

from grader.cluster.sameness import data_sets, explain_data, explain_versions, versions
from grader.datasets.places import CIFAR10_FILES, CIFAR10_FOLDER


def test_equal_machines_are_the_same():
    """Nothing is said where everything is equal, and no torch is needed to find that out."""
    code = "import sys; from grader.cluster.sameness import versions; versions(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert explain_versions(ours=versions(), theirs=versions()) == ""


@pytest.mark.parametrize(
    ("name", "theirs", "words"),
    [
        ("torch", "2.0", "it has torch 2.0, the coordinator"),
        ("torchvision", "", r"it has torchvision \(not installed\), the coordinator"),
        ("Python", "3.99", "it has Python 3.99, the coordinator"),
        ("torchgrade's source", "abc", "its torchgrade is not the coordinator's: their source files differ"),
    ],
)
def test_another_version_is_named(name, theirs, words):
    """What differs is said with both versions."""

    assert re.search(words, explain_versions(ours=versions(), theirs=versions() | {name: theirs}))


@pytest.mark.parametrize(
    ("ours", "theirs", "words"),
    [
        ("a", "", "the data set cifar10, with which the coordinator grades, is not there."),
        ("", "a", "it has the data set cifar10, which the coordinator lacks: grades would differ."),
        ("a", "b", "its data set cifar10 is not the same as the coordinator's."),
        ("a", "a", ""),
        ("", "", ""),
    ],
)
def test_other_data_are_named(ours, theirs, words):
    """A set that is missing, one too many, or another edition would change grades."""
    assert explain_data(ours={"cifar10": ours}, theirs={"cifar10": theirs}) == words


def test_data_are_known_by_their_content(make_course, read_tiny, write_files, tmp_path, monkeypatch):
    """The sets that an assignment names are told apart by what their files hold, not by where they lie."""
    checks = 'def test_nothing(dataset):\n    dataset("cifar10", "no such set")\n'
    assignment = read_tiny(make_course(tmp_path / "course", checks=checks))
    monkeypatch.delenv("GRADER_DATA", raising=False)
    assert data_sets(assignment) == {"cifar10": ""}
    prints = []
    for folder, content in (("one", "x"), ("two", "x"), ("other", "y")):
        write_files(tmp_path / folder / CIFAR10_FOLDER, dict.fromkeys(CIFAR10_FILES, content))
        monkeypatch.setenv("GRADER_DATA", str(tmp_path / folder))
        prints.append(data_sets(assignment)["cifar10"])
    assert prints[0] == prints[1] != prints[2]
    assert len(prints[0]) == 64


def test_checks_that_are_no_python_name_nothing(make_course, read_tiny, tmp_path):
    """A mistake in a check is told where checks are collected; here it does no harm."""
    assert data_sets(read_tiny(make_course(tmp_path / "course", checks="def ("))) == {}
