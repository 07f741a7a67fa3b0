"""Measures one recorded call: the reference answers in several ways, and an independent formula has to agree.

`grader.authoring.record` keeps what it finds; `grader.compare.spread` turns the distances into tolerances.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from grader.compare import Expectation, Spec
from grader.compare.arrays import copied
from grader.compare.assertion import compare
from grader.compare.comparison import Comparison, Tolerance
from grader.compare.expect import MAX_SHARE, Formula, by_formula
from grader.compare.spread import spreads_between, tolerances_from
from grader.compare.uncomparable import instead_of, odd_kind_in_words
from grader.compare.wording import feedback_for
from grader.courses.assets import Asset
from grader.errors import AssetError
from grader.grading.outcome import explain_outcome
from grader.grading.session import ProbeOutput
from grader.sandbox.wire.protocol import Ending, ProbeCall, Sandbox
from grader.sandbox.wire.tensors import what_stays

_DRAWN = (
    "The probe `{probe}` returns other values with another run-time seed (dropout, shuffling, random initialisation), "
    "so they can't be expected of anybody. Return what was drawn and compute the expectation in the check, or set the "
    "parameters in the probe."
)
_NO_VALUES = (
    "Its formula asks for a shape, a dtype or a device alone, which no asset holds. Expect that beside it, and let the "
    "formula return values."
)


class Recorder:
    """Answer `expected` by running the reference in several ways and measuring how far the outputs spread.

    New assets go into `assets`, those of the first seed; why others can't be recorded goes into `refused`.
    """

    def __init__(self, assets: dict[str, Asset], refused: dict[str, str], sandbox: Sandbox) -> None:
        self._assets = assets
        self._refused = refused
        self._sandbox = sandbox

    def expect(
        self,
        name: str,
        *,
        probe: str,
        inputs: Mapping[str, Any],
        formula: Formula | None = None,
        any_float: bool = False,
    ) -> Expectation:
        """Return the reference's outputs, keeping those of the first seed as the asset.

        Raises AssetError where they change with the run-time seed, or are not what the formula gives.
        """
        outputs = self._run(probe, inputs)
        for path, value in what_stays(outputs):
            how = f" {instead_of(value)}".rstrip()
            self._refuse(name, f"`{path}` of `{probe}` is {odd_kind_in_words(value)}, which can't be recorded.{how}")
        stated: Mapping[str, Tolerance] = {}
        least: Mapping[str, Tolerance] = {}
        wide: Mapping[str, Any] | None
        if formula is None:
            wide = self._run_wide(probe, inputs)
        else:
            proof = by_formula(formula, inputs)
            self._refuse_disagreement(name, outputs, proof.expectation, any_float=any_float)
            outputs = {key: outputs[key] for key in proof.expectation.values}
            try:
                wide = self._run_wide(probe, inputs)
            except AssetError:  # a reference that fixes a dtype; how far rounding goes, the formula shows as well
                wide = None
            least = proof.expectation.tolerances
            stated = least if proof.is_stated else {}
        if not compare(self._run(probe, inputs, seed=1), Expectation(outputs)).passed:
            self._refuse(name, _DRAWN.format(probe=probe))
        variants = [self._run(probe, inputs, threads=2), *([] if wide is None else [wide])]
        spreads = spreads_between(outputs, outputs)
        for variant in variants:
            spreads = _widest(spreads, spreads_between(outputs, variant))
        max_share = MAX_SHARE if formula is not None else math.inf
        tolerances = _wider(tolerances_from(outputs, spreads, max_share=max_share), least)
        asset = Asset(name, probe, inputs, outputs, {**tolerances, **stated}, spreads)
        self._keep(asset, stated, max_share=max_share)
        return Expectation(outputs, asset.tolerances)

    def _run_wide(self, probe: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._run(probe, copied(inputs, wide=True), dtype="float64")

    def _refuse_disagreement(
        self, name: str, outputs: Mapping[str, Any], proof: Expectation, *, any_float: bool
    ) -> None:
        """Raise AssetError unless the reference returns what a formula gives, all of it values."""
        if proof.dtypes or proof.devices or _holds_spec(proof.values):
            self._refuse(name, _NO_VALUES)
        comparison = compare(ProbeOutput(outputs, devices={}, any_float=any_float), proof)
        if not comparison.passed:
            told = in_sentences(comparison)
            self._refuse(name, f"The reference is not what the formula of this check gives: {told}")

    def _refuse(self, name: str, why: str) -> None:
        self._refused[name] = why
        raise AssetError(why)

    def _run(
        self,
        probe: str,
        inputs: Mapping[str, Any],
        *,
        seed: int = 0,
        dtype: str = "float32",
        threads: int = 1,
    ) -> Mapping[str, Any]:
        outcome = self._sandbox.run(ProbeCall(probe, inputs, seed=seed, dtype=dtype, threads=threads))
        if outcome.ending is not Ending.OK:
            raise AssetError(f"The reference fails in `{probe}` ({dtype}): {explain_outcome(outcome)[1].message}")
        return outcome.outputs

    def _keep(self, asset: Asset, stated: Mapping[str, Tolerance], *, max_share: float) -> None:
        """Keep the first seed's values; later seeds only widen its tolerance."""
        first = self._assets.get(asset.name)
        if first is None:
            self._assets[asset.name] = asset
            return
        spreads = _widest(first.spreads, asset.spreads)
        measured = tolerances_from(first.outputs, spreads, max_share=max_share)
        of_first = {key: first.tolerances[key] for key in stated if key in first.tolerances}
        tolerances = {**_wider(_wider(measured, first.tolerances), asset.tolerances), **of_first}
        self._assets[asset.name] = replace(first, tolerances=tolerances, spreads=spreads)


def in_sentences(comparison: Comparison) -> str:
    """Return what differs as one line: each output with place and numbers."""
    return " ".join(feedback_for(comparison).message.splitlines())


def _holds_spec(value: object) -> bool:
    """Tell whether there is a `Spec` anywhere in what a formula returned."""
    if isinstance(value, Mapping):
        return any(map(_holds_spec, value.values()))
    return any(map(_holds_spec, value)) if isinstance(value, list | tuple) else isinstance(value, Spec)


def _widest(spreads: Mapping[str, float], others: Mapping[str, float]) -> dict[str, float]:
    return {name: max(spread, others.get(name, 0.0)) for name, spread in spreads.items()}


def _wider(tolerances: Mapping[str, Tolerance], others: Mapping[str, Tolerance]) -> dict[str, Tolerance]:
    """Return each tolerance, or the other one's numbers where they are larger."""
    return {
        key: Tolerance(max(one.rtol, others.get(key, one).rtol), max(one.atol, others.get(key, one).atol))
        for key, one in tolerances.items()
    }
