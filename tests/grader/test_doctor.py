"""Tests of grader.doctor."""

import pytest

from grader.doctor import examine, try_wall
from grader.errors import SandboxError
from grader.sandbox.walls import Wall


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
    """The findings cover Python, the packages, both walls and the GPU, in this order."""
    subjects = [finding.subject for finding in examine()]
    assert subjects == [
        "Python", "torch", "torchvision", "pytest", "pytest-timeout", "wall `bubblewrap`", "wall `process`", "GPU",
    ]  # fmt: skip


def test_a_missing_package_is_told_with_its_remedy(broken, monkeypatch):
    """A package that isn't installed is a bad finding with the command that installs it."""
    import importlib.metadata

    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", missing)
    finding = next(finding for finding in examine() if finding.subject == "torchvision")
    assert (finding.is_good, finding.message, finding.remedy) == (False, "not installed", "`pip install torchvision`")
