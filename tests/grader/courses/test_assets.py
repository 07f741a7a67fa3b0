"""Tests of grader.courses.assets."""

import json

import pytest
import torch

from grader.compare import Tolerance
from grader.courses.assets import Asset, asset_name, expectation_of, read_asset, write_assets
from grader.courses.manifest import read_manifest
from grader.errors import AssetError, OtherInputsError

TOLERANCES = {"y": Tolerance(1e-5, 1e-4)}
ASSET = Asset("test_a", "double", {"x": torch.arange(3.0), "n": 2}, {"y": torch.ones(2)}, TOLERANCES, {"y": 1e-5})
REMEDY = r"Run `grader record tiny` and review the diff\."


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "tiny"
    write_assets(folder, {"test_a": ASSET})
    return folder


def _read(folder, name="test_a"):
    return read_asset(folder, name, manifest=read_manifest(folder))


def _bytes(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_an_asset_comes_back(folder):
    """read_asset returns what write_assets was given: probe, inputs, outputs, tolerances and spreads."""
    asset = _read(folder)
    assert (asset.name, asset.probe, asset.inputs["n"]) == ("test_a", "double", 2)
    assert torch.equal(asset.inputs["x"], torch.arange(3.0))
    assert torch.equal(asset.outputs["y"], torch.ones(2))
    assert (asset.tolerances, asset.spreads) == (TOLERANCES, {"y": 1e-5})


def test_equal_assets_are_equal_bytes(folder, tmp_path):
    """Writing the same assets again, or what was read of them, gives the same bytes."""
    before = _bytes(folder)
    write_assets(tmp_path / "again", {"test_a": _read(folder)})
    assert _bytes(tmp_path / "again") == before


def test_later_calls_of_a_check_are_numbered():
    """The first asset of a check has its name, later ones a number."""
    assert (asset_name("test_a", 1), asset_name("test_a", 2)) == ("test_a", "test_a.2")


def test_nothing_recorded_is_an_empty_manifest(tmp_path):
    """A folder in which nothing was recorded has a manifest without assets."""
    assert read_manifest(tmp_path / "none")["assets"] == {}


@pytest.mark.parametrize("text", ["{", "\udcff", '<<<<<<< HEAD\n{"schema": 1}'])
def test_a_manifest_that_is_no_json_is_named(folder, text):
    """A manifest that can't be read is named, with the command that writes it anew."""
    (folder / "manifest.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(AssetError, match=rf"manifest\.json can't be read: .* {REMEDY}"):
        read_manifest(folder)


@pytest.mark.parametrize("text", ["[]", "{}", '{"schema": 2, "assets": {}}', '{"schema": 1, "assets": []}'])
def test_a_manifest_of_another_schema_is_refused(folder, text):
    """A manifest of another schema is refused, with the command that writes it anew."""
    (folder / "manifest.json").write_text(text)
    words = rf"manifest\.json is of another version of the grader\. {REMEDY}"
    with pytest.raises(AssetError, match=words):
        read_manifest(folder)


def test_a_kit_sends_its_student_to_the_course(tmp_path):
    """In a students' kit, where nothing can be recorded, the remedy is another kit."""
    with pytest.raises(AssetError, match=r"no recorded asset for `test_a`\. Get this folder from the course again\."):
        _read(tmp_path / "checks" / "assets")


def test_an_asset_that_was_not_recorded_is_named(folder):
    """An asset that the manifest lacks is named, with the command that records it."""
    with pytest.raises(AssetError, match=rf"tiny has no recorded asset for `test_b`\. {REMEDY}"):
        _read(folder, "test_b")


def test_a_tampered_file_is_refused(folder):
    """A file that isn't the one that was recorded is refused."""
    path = folder / "test_a.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    words = rf"test_a\.safetensors is not the file that the manifest describes\. {REMEDY}"
    with pytest.raises(AssetError, match=words):
        _read(folder)


def test_a_missing_file_is_named(folder):
    """An asset whose file is gone is named."""
    (folder / "test_a.safetensors").unlink()
    with pytest.raises(AssetError, match=rf"The asset test_a\.safetensors can't be read: .* {REMEDY}"):
        _read(folder)


@pytest.mark.parametrize(
    "entry", [None, 3, {}, {"sha256": None}, {"tolerances": {"y": {}}}, {"tolerances": {"y": 1}}, {"tolerances": []}]
)
def test_a_malformed_entry_is_named(folder, entry):
    """An entry of the manifest that lacks what it needs raises AssetError and nothing else."""
    manifest = read_manifest(folder)
    whole = manifest["assets"]["test_a"]
    manifest["assets"]["test_a"] = whole | entry if isinstance(entry, dict) and entry else entry
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(AssetError, match=REMEDY):
        _read(folder)


def test_the_expectation_holds_outputs_and_tolerances(folder):
    """For the call that was recorded, the recorded outputs are expected with the measured tolerances."""
    inputs = {"x": torch.arange(3.0), "n": 2}
    expectation = expectation_of(_read(folder), probe="double", inputs=inputs, folder=folder)
    assert torch.equal(expectation.values["y"], torch.ones(2))
    assert expectation.tolerances == TOLERANCES


def test_inputs_may_differ_in_their_last_bits(folder):
    """Inputs that differ only as random numbers do between processors are the same inputs."""
    inputs = {"x": torch.arange(3.0) * (1 + 1e-6), "n": 2}
    assert expectation_of(_read(folder), probe="double", inputs=inputs, folder=folder)


@pytest.mark.parametrize(
    "inputs",
    [
        {"x": torch.arange(3.0) + 1, "n": 2},
        {"x": torch.arange(3.0), "n": 3},
        {"x": torch.arange(3.0)},
        {"x": torch.arange(3.0), "n": 2, "m": 1},
        {"x": torch.arange(4.0), "n": 2},
        {"x": torch.arange(3.0).double(), "n": 2},
    ],
)
def test_other_inputs_are_refused(folder, inputs):
    """An asset that was recorded for other inputs is never compared with."""
    with pytest.raises(AssetError, match=rf"test_a was recorded for other inputs than this check uses\. {REMEDY}"):
        expectation_of(_read(folder), probe="double", inputs=inputs, folder=folder)


def test_another_probe_is_refused(folder):
    """An asset that was recorded for another probe is never compared with."""
    with pytest.raises(AssetError, match=rf"recorded for the probe `double`, not `triple`\. {REMEDY}"):
        expectation_of(_read(folder), probe="triple", inputs=dict(ASSET.inputs), folder=folder)


def test_keys_of_inputs_stay_what_they_are(tmp_path):
    """A call with whole numbers and tuples as keys of a dict is the same call when it is asked again."""
    inputs = {"merges": {(1, 2): 256, 7: torch.ones(2)}, "n": 2}
    asset = Asset("test_a", "encode", inputs, {"y": 1.0}, {}, {})
    write_assets(tmp_path, {"test_a": asset})
    assert list(_read(tmp_path).inputs["merges"]) == [(1, 2), 7]
    assert expectation_of(_read(tmp_path), probe="encode", inputs=inputs, folder=tmp_path).values == {"y": 1.0}
    with pytest.raises(OtherInputsError):
        expectation_of(_read(tmp_path), probe="encode", inputs={"merges": {(1, 3): 256}, "n": 2}, folder=tmp_path)
