"""Tests of grader.courses.manifest; reading is tested with the assets, in test_assets.py."""

import importlib.metadata
import json

from grader.courses.manifest import version_note


def write_manifest(folder, torch):
    folder.mkdir(exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps({"schema": 1, "torch": torch, "assets": {}}))
    return folder


def test_another_release_is_told(tmp_path):
    """Assets recorded with another release of torch are named, with both versions and the command that mends them."""
    note = version_note(write_manifest(tmp_path / "hw", "1.13.0"))
    assert "recorded with torch 1.13.0; this is torch " in note
    assert "`grader record hw`" in note


def test_same_release_is_silent(tmp_path):
    """Assets recorded with this release, also with another patch or build of it, need no word."""
    major, minor = importlib.metadata.version("torch").split(".")[:2]
    assert version_note(write_manifest(tmp_path / "hw", f"{major}.{minor}.99")) == ""


def test_nothing_recorded_is_silent(tmp_path):
    """An assignment without assets needs no word, nor does a manifest that can't be read: its checks tell."""
    assert version_note(tmp_path / "none") == ""
    (tmp_path / "manifest.json").write_text("{")
    assert version_note(tmp_path) == ""
