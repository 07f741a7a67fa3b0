"""Tests of grader.bundles.own_wheel: the wheel that bundles bring is one, of this very package."""

import base64
import csv
import hashlib
import importlib.metadata
import io
import zipfile

import pytest

from grader.bundles.own_wheel import own_wheel
from grader.errors import BundleError


def test_the_wheel_is_this_package(grader_folder):
    """It holds each file of the package as it is, the metadata, and a record that is true."""
    name, content = own_wheel()
    assert name == f"torchgrade-{importlib.metadata.version('torchgrade')}-py3-none-any.whl"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {entry: archive.read(entry) for entry in archive.namelist()}
    own = {path for path in grader_folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert {entry for entry in files if ".dist-info/" not in entry} == {
        f"grader/{path.relative_to(grader_folder).as_posix()}" for path in own
    }
    about = {entry.partition(".dist-info/")[2] for entry in files if ".dist-info/" in entry}
    assert {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"} <= about
    (record,) = (entry for entry in files if entry.endswith("/RECORD"))
    rows = {row[0]: row[1:] for row in csv.reader(io.StringIO(files[record].decode()))}
    assert set(rows) == set(files)
    for entry, (digest, size) in rows.items():
        if entry != record:
            wanted = base64.urlsafe_b64encode(hashlib.sha256(files[entry]).digest()).decode().rstrip("=")
            assert (digest, int(size)) == (f"sha256={wanted}", len(files[entry]))


def test_a_grader_that_is_not_installed(monkeypatch):
    """From its source alone no wheel can be made: the error names both ways out."""

    def absent(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", absent)
    with pytest.raises(BundleError) as caught:
        own_wheel()
    assert caught.value.message.startswith("The grader runs from its source and is not installed")
    assert "`pip install -e .`" in caught.value.remedy
    assert "`--grader`" in caught.value.remedy
