"""Tests of grader.doctor."""

import pytest

from grader.datasets.load import DATASETS
from grader.doctor import examine, try_wall
from grader.errors import SandboxError
from grader.sandbox.outside.walls import Wall


@pytest.fixture
def broken(monkeypatch):
    """Make walls impossible to build."""

    def refuse(wall, **_settings):
        raise SandboxError(f"The {wall} wall could not be built: no.", remedy="Try another machine.")

    monkeypatch.setattr("grader.doctor.ForkServer", refuse)


def test_a_wall_that_cannot_be_built_is_told(broken):
    """A wall that can't be built is a bad finding with the reason and the remedy."""
    finding = try_wall(Wall.BUBBLEWRAP)
    assert not finding.is_good
    assert (finding.message, finding.remedy) == (
        "The bubblewrap wall could not be built: no.",
        "Try another machine.",
    )


def test_everything_that_grading_needs_is_examined(broken):
    """The findings cover Python, the packages, both walls, the GPU and the data sets, in this order."""
    subjects = [finding.subject for finding in examine()]
    assert subjects == [
        "Python", "torch", "torchvision", "pytest", "pytest-timeout", "import torchvision",
        "wall `bubblewrap`", "wall `process`", "GPU", *(f"data set {name}" for name in DATASETS),
    ]  # fmt: skip


def test_a_missing_package_is_told_with_its_remedy(broken, monkeypatch):
    """A package that isn't installed is a bad finding with the command that installs it."""
    import importlib.metadata

    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", missing)
    finding = next(finding for finding in examine() if finding.subject == "torchvision")
    assert (finding.is_good, finding.message, finding.remedy) == (False, "not installed", "`pip install torchvision`")


def test_a_torchvision_of_another_torch_is_told(broken, monkeypatch):
    """A torchvision that can't be imported is a bad finding with the import's own words and the remedy."""

    def refuse(name):
        raise RuntimeError("operator torchvision::nms does not exist")

    monkeypatch.setattr("importlib.import_module", refuse)
    finding = next(finding for finding in examine() if finding.subject == "import torchvision")
    assert not finding.is_good
    assert "nms does not exist" in finding.message
    assert "built for this torch" in finding.remedy


def test_data_sets_are_told(broken):
    """Each data set is here, or says where it was looked for; an absent one is no fault of the machine."""
    findings = {finding.subject: finding for finding in examine()}
    assert findings["data set moons"].message == "here"
    assert all(finding.is_good for name, finding in findings.items() if name.startswith("data set"))
