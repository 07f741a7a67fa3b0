"""Recorded assets: what the reference's probes returned, with inputs and measured tolerances.

`grader.authoring.record` writes them; `grader.grading.session` reads them for the fixture `expected`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from grader.compare import Expectation, Tolerance
from grader.compare.assertion import compare
from grader.courses.manifest import SCHEMA, record_remedy
from grader.errors import AssetError, OtherInputsError, ProtocolError
from grader.sandbox.wire.tensors import digest, pack_values
from grader.sandbox.wire.unpacking import as_sent, unpack_values

_SAME_INPUTS = Tolerance(rtol=1e-4, atol=1e-5)  # random numbers differ in the last bits between processors


@dataclass(frozen=True, slots=True)
class Asset:
    """Hold one recorded call: its probe, its inputs and outputs, and the tolerance and spread of each output."""

    name: str
    probe: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    tolerances: Mapping[str, Tolerance] = field(default_factory=dict)
    spreads: Mapping[str, float] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Return the asset's safetensors file; equal assets give equal bytes."""
        return pack_values({"inputs": self.inputs, "outputs": self.outputs})


def asset_name(check: str, number: int) -> str:
    """Name the asset of the `number`-th recorded call (from 1) of a check."""
    return check if number == 1 else f"{check}.{number}"


def read_asset(folder: Path, name: str, *, manifest: Mapping[str, Any]) -> Asset:
    """Read one asset and check that it is what the manifest says. Raises AssetError with the command that mends it."""
    entry = manifest["assets"].get(name)
    remedy = record_remedy(folder)
    if entry is None:
        raise AssetError(f"{folder.name} has no recorded asset for `{name}`.", remedy=remedy)
    path = folder / f"{name}.safetensors"
    try:
        data = path.read_bytes()
        if digest(data) != entry["sha256"]:
            raise AssetError(f"{path.name} is not the file that the manifest describes.", remedy=remedy)
        values, _devices = unpack_values(data)
        tolerances = {
            key: Tolerance(rtol=value["rtol"], atol=value["atol"]) for key, value in entry["tolerances"].items()
        }
        spreads = {key: value["spread"] for key, value in entry["tolerances"].items()}
        return Asset(name, entry["probe"], values["inputs"], values["outputs"], tolerances, spreads)
    except (OSError, ProtocolError, AttributeError, KeyError, TypeError) as err:
        raise AssetError(f"The asset {path.name} can't be read: {err}.", remedy=remedy) from err


def expectation_of(asset: Asset, *, probe: str, inputs: Mapping[str, Any], folder: Path) -> Expectation:
    """Return what the asset expects of the call, after making sure that it was recorded for this very call.

    Raises AssetError, OtherInputsError where only the inputs differ.
    """
    remedy = record_remedy(folder)
    if asset.probe != probe:
        raise AssetError(
            f"The asset {asset.name} was recorded for the probe `{asset.probe}`, not `{probe}`.",
            remedy=remedy,
        )
    plain = as_sent(inputs)
    tolerances = dict.fromkeys(asset.inputs, _SAME_INPUTS)
    if set(plain) != set(asset.inputs) or not compare(plain, Expectation(asset.inputs, tolerances)).passed:
        raise OtherInputsError(
            f"The asset {asset.name} was recorded for other inputs than this check uses.", remedy=remedy
        )
    return Expectation(asset.outputs, asset.tolerances)


def write_assets(folder: Path, assets: Mapping[str, Asset], *, key: str = "") -> None:
    """Write all assets of an assignment and their manifest, with the course's key; unchanged ones keep every byte."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = {}
    for name in sorted(assets):
        data = assets[name].to_bytes()
        (folder / f"{name}.safetensors").write_bytes(data)
        entries[name] = entry_of(assets[name], data)
    manifest = {"schema": SCHEMA, "torch": torch.__version__.partition("+")[0], "assets": entries}
    if key:
        manifest["key"] = key
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def entry_of(asset: Asset, data: bytes) -> dict[str, Any]:
    """Return the manifest's entry for an asset and its file's bytes."""
    return {
        "probe": asset.probe,
        "sha256": digest(data),
        "tolerances": {
            key: {"rtol": value.rtol, "atol": value.atol, "spread": asset.spreads.get(key, 0.0)}
            for key, value in sorted(asset.tolerances.items())
        },
    }
