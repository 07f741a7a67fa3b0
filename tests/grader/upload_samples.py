"""Assignments and archives for the tests of uploads."""

import io
import zipfile
from pathlib import Path

import pytest

from grader.courses.assignment import Assignment, HandedIn, SandboxSettings, SubmissionKind, Task

CODE = {"hw2/layers.py": "def a(): return 1\n", "hw2/optimizers.py": "def b(): return 2\n"}


def pack(files: dict[str, str | bytes], when: tuple[int, ...] = (2025, 3, 3, 12, 0, 0)) -> bytes:
    """Return a zip of files, all written at `when`."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, when), content)
    return packed.getvalue()


def assignment_in(folder: Path, kind: SubmissionKind = SubmissionKind.PACKAGE) -> Assignment:
    """Return an assignment of two files, or of a notebook, in a course without a reference."""
    package = HandedIn(SubmissionKind.PACKAGE, ("hw2/layers.py", "hw2/optimizers.py"), ("hw2/*.py",))
    notebook = HandedIn(SubmissionKind.NOTEBOOK, ("hw.ipynb",), ("*.ipynb",))
    return Assignment(
        slug="hw2",
        title="HW2",
        folder=folder / "course" / "tests" / "assignments" / "hw2",
        assets=folder / "course" / "assets" / "hw2",
        reference=None,
        handed_in=notebook if kind is SubmissionKind.NOTEBOOK else package,
        sandbox=SandboxSettings(),
        limits={},
        tasks=(Task("linear", "Linear", 10.0),),
    )


@pytest.fixture
def make_assignment(tmp_path):
    """Return a function that makes an assignment of a kind, in a course of its own below the test's folder."""
    return lambda kind=SubmissionKind.PACKAGE: assignment_in(tmp_path, kind)


@pytest.fixture(scope="session")
def packed():
    """Return a function that packs files, a dict of names to contents, into a zip in memory."""
    return pack
