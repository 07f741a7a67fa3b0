"""Record what the reference's probes return, and measure how far rounding moves it.

`grader.commands.record` prints the report; `grader.courses.assets` reads the files when submissions are graded.
"""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from grader.authoring.kit_files import is_asset_of
from grader.compare import Expectation
from grader.compare.arrays import copied
from grader.compare.assertion import compare
from grader.compare.spread import spreads_between, tolerances_from
from grader.courses.assets import Asset, read_asset, write_assets
from grader.courses.assignment import Assignment
from grader.courses.manifest import MANIFEST, key_in, read_manifest
from grader.errors import AssetError, CourseError
from grader.grading import plugin
from grader.grading.check_session import in_session
from grader.grading.grade import run_checks
from grader.grading.opening import modules_to_preload, open_sandbox, widest_limits
from grader.grading.outcome import explain_outcome
from grader.grading.session import Subject
from grader.results.verdict import CheckResult, Verdict
from grader.sandbox.outside.forkserver_client import ForkServer
from grader.sandbox.outside.servers import StartServer, can_fork
from grader.sandbox.outside.spawner import Spawner
from grader.sandbox.outside.walls import Wall
from grader.sandbox.wire.protocol import Ending, ProbeCall, Sandbox
from grader.submissions.submission import Found, read_submission

SEEDS = 3


@dataclass(slots=True)
class Recording:
    """Hold what a recording found: assets by name, by state, and why checks fail on the reference.

    `others` are the checks that were not chosen.
    """

    assets: dict[str, Asset] = field(default_factory=dict)
    matched: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    failed: list[CheckResult] = field(default_factory=list)
    others: set[str] = field(default_factory=set)

    @property
    def is_blocked(self) -> bool:
        """Tell whether the reference has to be fixed before anything may be written."""
        return bool(self.refused or self.failed)

    @property
    def is_clean(self) -> bool:
        """Tell whether nothing would change and nothing is wrong."""
        return not (self.missing or self.stale or self.unused or self.is_blocked)


def record_assets(
    assignment: Assignment,
    *,
    write: bool,
    wall: Wall = Wall.PROCESS,
    tasks: Collection[str] | None = None,
    new_key: bool = False,
) -> Recording:
    """Run all checks on the reference, measure the spread of every recorded call, and compare with what is there.

    With `write`, new assets replace missing and stale ones and unused ones are removed, unless a check fails on the
    reference; an asset whose reference has not changed keeps every byte. With `new_key` hidden checks draw other inputs
    than before: the key that they follow is drawn anew and kept with the assets, as at the first recording. With
    `tasks` (None: all) only checks of these that record something run, nothing may be written, and the assets of others
    are left alone. Raises CourseError without a reference.
    """
    assert tasks is None or not write, "what was not looked at would be lost"
    if assignment.reference is None:
        raise CourseError(f"{assignment.slug} has no reference to record from.", remedy="Run this in the course.")
    recording = Recording()
    reference = read_submission(Found("reference", assignment.reference), assignment)
    new_key = new_key or (write and not _is_recorded(assignment.assets))
    assignment = replace(assignment, key=secrets.token_hex(16) if new_key else key_in(assignment.assets))

    def run(session: pytest.Session) -> None:
        start: StartServer = ForkServer if can_fork() else Spawner
        with (
            start(wall, preload=modules_to_preload(assignment)) as server,
            open_sandbox(assignment, reference, server=server, limits=widest_limits(assignment)) as sandbox,
        ):
            recorded = _checks_that_record(session)
            checks = session.config.stash[plugin.CHECKS]
            recording.others = set(checks) - {item.name for item in session.items}
            for offset in range(SEEDS):
                recorder = _Recorder(recording, sandbox, is_first=offset == 0)
                only = recorded if offset or tasks is not None else None
                results = run_checks(session, Subject(sandbox, recorder.expect, seed_offset=offset), only=only)
                recording.failed += [r for r in results.values() if _is_failure(r) and not _known(r, recording)]

    in_session(assignment, run, tasks=tasks)
    _compare_with_recorded(assignment.assets, recording)
    if write and not recording.is_blocked:
        _write(assignment, recording, always=new_key)
    return recording


def _is_recorded(folder: Path) -> bool:
    """Tell whether there is a manifest that can be read: a key that was in it is lost with it."""
    try:
        read_manifest(folder)
    except AssetError:
        return False
    return (folder / MANIFEST).exists()


def _checks_that_record(session: pytest.Session) -> frozenset[str]:
    """Return the names of the checks that take their expectation from the reference."""
    functions = (item for item in session.items if isinstance(item, pytest.Function))
    return frozenset(item.name for item in functions if "expected" in item.fixturenames)


def _is_failure(result: CheckResult) -> bool:
    return result.verdict not in (Verdict.PASSED, Verdict.SKIPPED)


def _known(result: CheckResult, recording: Recording) -> bool:
    return any(other.name == result.name for other in recording.failed) or result.name in recording.refused


class _Recorder:
    """Answer `expected` by running the reference in several ways and measuring how far the outputs spread."""

    def __init__(self, recording: Recording, sandbox: Sandbox, *, is_first: bool) -> None:
        self._recording = recording
        self._sandbox = sandbox
        self._is_first = is_first

    def expect(self, name: str, *, probe: str, inputs: Mapping[str, Any]) -> Expectation:
        """Return the reference's outputs, keeping those of the first seed as the asset."""
        outputs = self._run(probe, inputs)
        reseeded = self._run(probe, inputs, seed=1)
        if not compare(reseeded, Expectation(outputs)).passed:
            why = (
                f"The probe `{probe}` returns other values with another run-time seed (dropout, shuffling, random "
                "initialisation), so they can't be expected of anybody. Return what was drawn and compute the "
                "expectation in the check, or set the parameters in the probe."
            )
            self._recording.refused[name] = why
            raise AssetError(why)
        spreads = spreads_between(outputs, outputs)
        for variant in (
            self._run(probe, copied(inputs, wide=True), dtype="float64"),
            self._run(probe, inputs, threads=2),
        ):
            spreads = _widest(spreads, spreads_between(outputs, variant))
        asset = Asset(name, probe, inputs, outputs, tolerances_from(outputs, spreads), spreads)
        self._keep(asset)
        return Expectation(outputs, asset.tolerances)

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

    def _keep(self, asset: Asset) -> None:
        """Keep the first seed's values; later seeds only widen its tolerance."""
        first = self._recording.assets.get(asset.name)
        if first is None:
            self._recording.assets[asset.name] = asset
            return
        spreads = _widest(first.spreads, asset.spreads)
        tolerances = tolerances_from(first.outputs, spreads)
        self._recording.assets[asset.name] = replace(first, tolerances=tolerances, spreads=spreads)


def _widest(spreads: Mapping[str, float], others: Mapping[str, float]) -> dict[str, float]:
    return {name: max(spread, others.get(name, 0.0)) for name, spread in spreads.items()}


def _compare_with_recorded(folder: Path, recording: Recording) -> None:
    """Sort the assets into matched, missing, stale and unused; a matched one stays as it was recorded."""
    try:
        manifest, is_readable = read_manifest(folder), True
    except AssetError:
        manifest, is_readable = {"assets": {}}, False  # then everything is stale
    for name, asset in recording.assets.items():
        if is_readable and name not in manifest["assets"]:
            recording.missing.append(name)
            continue
        try:
            old = read_asset(folder, name, manifest=manifest)
        except AssetError:
            recording.stale.append(name)
            continue
        if _is_same(old, asset):
            recording.matched.append(name)
            recording.assets[name] = old
        else:
            recording.stale.append(name)
    files = {path.name.removesuffix(".safetensors") for path in folder.glob("*.safetensors")}
    known = set(recording.assets) | set(recording.refused)
    recording.unused = sorted(
        name for name in (set(manifest["assets"]) | files) - known if not _may_be_needed(name, recording)
    )


def _may_be_needed(name: str, recording: Recording) -> bool:
    """Tell whether an asset belongs to a check that failed on the reference, or was not chosen."""
    checks = {result.name for result in recording.failed} | recording.others
    return is_asset_of(name, checks)


def _is_same(old: Asset, new: Asset) -> bool:
    """Tell whether an old asset still says what the reference does, within the tolerance it states."""
    covered = all(new.spreads[key] <= old.tolerances[key].atol for key in old.tolerances if key in new.spreads)
    return (
        old.probe == new.probe
        and set(old.outputs) == set(new.outputs)
        and set(old.inputs) == set(new.inputs)
        and covered
        and compare(new.inputs, Expectation(old.inputs)).passed
        and compare(new.outputs, Expectation(old.outputs, old.tolerances)).passed
    )


def _write(assignment: Assignment, recording: Recording, *, always: bool) -> None:
    folder = assignment.assets
    if always or recording.missing or recording.stale or recording.unused:
        write_assets(folder, recording.assets, key=assignment.key)
    for name in recording.unused:
        (folder / f"{name}.safetensors").unlink(missing_ok=True)
