"""Record what the reference's probes return, and compare with what is there.

`grader.authoring.recorder` measures each call; `grader.commands.record` prints the report; `grader.courses.assets`
reads the files when submissions are graded.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from grader.authoring.kit_files import is_asset_of
from grader.authoring.recorder import Recorder, in_sentences
from grader.compare import Expectation
from grader.compare.assertion import compare
from grader.compare.comparison import Comparison
from grader.courses.assets import Asset, read_asset, write_assets
from grader.courses.assignment import Assignment
from grader.courses.manifest import MANIFEST, key_in, read_manifest
from grader.errors import AssetError, CourseError
from grader.grading import plugin
from grader.grading.artifacts import artifacts_of
from grader.grading.check_session import in_session
from grader.grading.grade import run_checks
from grader.grading.opening import open_sandbox, widest_limits
from grader.grading.session import Subject
from grader.results.verdict import CheckResult, Verdict
from grader.sandbox.outside.servers import start_server
from grader.sandbox.outside.walls import Wall
from grader.submissions.submission import Found, read_submission

SEEDS = 3


@dataclass(slots=True)
class Recording:
    """Hold what a recording found: assets by name, by state, and why checks fail on the reference.

    `others` are the checks that were not chosen; `differences` say of stale assets in what the reference differs now.
    """

    assets: dict[str, Asset] = field(default_factory=dict)
    matched: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    failed: list[CheckResult] = field(default_factory=list)
    others: set[str] = field(default_factory=set)
    differences: dict[str, str] = field(default_factory=dict)

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
    artifacts = artifacts_of(reference, assignment)
    new_key = new_key or (write and not _is_recorded(assignment.assets))
    assignment = replace(assignment, key=secrets.token_hex(16) if new_key else key_in(assignment.assets))

    def run(session: pytest.Session) -> None:
        with (
            start_server(wall, preload=assignment.sandbox.preload) as server,
            open_sandbox(assignment, reference, server=server, limits=widest_limits(assignment)) as sandbox,
        ):
            recorded = _checks_that_record(session)
            checks = session.config.stash[plugin.CHECKS]
            recording.others = set(checks) - {item.name for item in session.items}
            for offset in range(SEEDS):
                recorder = Recorder(recording.assets, recording.refused, sandbox)
                only = recorded if offset or tasks is not None else None
                subject = Subject(sandbox, recorder.expect, seed_offset=offset, artifacts=artifacts)
                results = run_checks(session, subject, only=only)
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
    is_refused = any(is_asset_of(name, {result.name}) for name in recording.refused)
    return is_refused or any(other.name == result.name for other in recording.failed)


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
            recording.differences[name] = in_sentences(_outputs_compared(old, asset))
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
    covered = all(
        new.spreads[key] <= old.tolerances[key].atol or new.tolerances[key] == old.tolerances[key]
        for key in old.tolerances
        if key in new.spreads
    )
    return (
        old.probe == new.probe
        and set(old.outputs) == set(new.outputs)
        and set(old.inputs) == set(new.inputs)
        and covered
        and compare(new.inputs, Expectation(old.inputs)).passed
        and _outputs_compared(old, new).passed
    )


def _outputs_compared(old: Asset, new: Asset) -> Comparison:
    return compare(new.outputs, Expectation(old.outputs, old.tolerances))


def _write(assignment: Assignment, recording: Recording, *, always: bool) -> None:
    folder = assignment.assets
    if always or recording.missing or recording.stale or recording.unused:
        write_assets(folder, recording.assets, key=assignment.key)
    for name in recording.unused:
        (folder / f"{name}.safetensors").unlink(missing_ok=True)
