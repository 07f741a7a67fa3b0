"""Lazy replies: what the reference's probes return, with everything in it replaced by something that is no work.

`grader.authoring.lazy_audit` judges what they earn. The checks run on them without any submission, in seconds.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch

from grader.compare.arrays import like_tensor, tensor_of
from grader.courses.assignment import ArtifactKind, Assignment
from grader.grading.artifacts import artifacts_of
from grader.grading.check_session import in_session
from grader.grading.grade import run_checks
from grader.grading.opening import open_sandbox
from grader.grading.session import RecordedAssets, Subject
from grader.results.verdict import CheckResult
from grader.sandbox.outside.servers import start_server
from grader.sandbox.outside.walls import Wall
from grader.sandbox.wire.kinds import rebuilt
from grader.sandbox.wire.protocol import Ending, ProbeCall, ProbeOutcome, Sandbox
from grader.submissions.artifacts import without_artifacts
from grader.submissions.submission import Found, read_submission

Change = Callable[[Any, Mapping[str, Any]], Any]


def _filled(number: float) -> Change:
    """Return what makes every value this number, or 0 where a whole number can't be NaN; texts become empty."""
    whole = 0 if math.isnan(number) else int(number)

    def change(value: Any, _inputs: Mapping[str, Any]) -> Any:
        if isinstance(value, torch.Tensor):
            return torch.full_like(value, number if value.is_floating_point() else whole)
        if isinstance(value, bool):
            return bool(whole)
        if isinstance(value, int):
            return whole
        return number if isinstance(value, float) else "" if isinstance(value, str) else value

    return change


def _of_rows(value: Any, inputs: Mapping[str, Any]) -> Any:
    """Return the first row for every row: predictions that look at nothing."""
    has_rows = isinstance(value, torch.Tensor) and value.ndim and len(value) > 1
    return value[:1].expand_as(value).clone() if has_rows else _filled(0)(value, inputs)


def _of_inputs(value: Any, inputs: Mapping[str, Any]) -> Any:
    """Return the input of a tensor's shape, else the first one."""
    tensors = [one for one in map(tensor_of, inputs.values()) if isinstance(one, torch.Tensor)]
    if not isinstance(value, torch.Tensor) or not tensors:
        return _filled(0)(value, inputs)
    fitting = [one for one in tensors if one.shape == value.shape]
    return (fitting or tensors)[0].clone()


def _mean(value: Any, inputs: Mapping[str, Any]) -> Any:
    if isinstance(value, torch.Tensor) and value.is_floating_point() and value.numel():
        return torch.full_like(value, float(value.mean()))
    return _filled(0)(value, inputs)


WAYS = {
    "zeros of the right shape": _filled(0),
    "ones of the right shape": _filled(1),
    "NaN of the right shape": _filled(float("nan")),
    "the mean everywhere": _mean,
    "one row for all": _of_rows,
    "the inputs": _of_inputs,
    "nothing": lambda value, _inputs: value[:0] if isinstance(value, torch.Tensor) and value.ndim else None,
}
"""How a reply does nothing, by name: what becomes of each value in it, given the probe's inputs."""


class _Remembering:
    """Be a sandbox that keeps what came back, by the check that asked; the seed of a call is its check's own."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.replies: dict[tuple[int, str], list[ProbeOutcome]] = {}

    def run(self, call: ProbeCall) -> ProbeOutcome:
        outcome = self._sandbox.run(call)
        self.replies.setdefault((call.seed, call.probe), []).append(outcome)
        return outcome

    def forget(self) -> None:
        self._sandbox.forget()

    def close(self) -> None:
        self._sandbox.close()


class _Replying:
    """Be a sandbox whose probes return what the reference's did, changed; those that a check asks beyond that die."""

    def __init__(self, replies: Mapping[tuple[int, str], list[ProbeOutcome]], change: Change) -> None:
        self._left = {key: list(outcomes) for key, outcomes in replies.items()}
        self._change = change

    def run(self, call: ProbeCall) -> ProbeOutcome:
        left = self._left.get((call.seed, call.probe))
        if not left or left[0].ending is not Ending.OK:
            return ProbeOutcome(Ending.KILLED, detail="was never asked of the reference")
        outputs = left.pop(0).outputs if len(left) > 1 else left[0].outputs
        return ProbeOutcome(Ending.OK, outputs={name: self._changed(one, call) for name, one in outputs.items()})

    def _changed(self, value: Any, call: ProbeCall) -> Any:
        if isinstance(value, dict):
            return {name: self._changed(one, call) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return rebuilt(value, [self._changed(one, call) for one in value])
        return like_tensor(lambda one: self._change(one, call.inputs), value)

    def forget(self) -> None:
        pass

    def close(self) -> None:
        pass


def grade_replies(assignment: Assignment, *, quick: bool) -> Iterator[tuple[str, dict[str, CheckResult]]]:
    """Yield the results of all checks for each kind of lazy reply. With `quick`, long tasks are left out.

    Raises CourseError where the course's checks or its reference can't be read.
    """
    assert assignment.reference is not None, "a course has a reference"
    reference = read_submission(Found("reference", assignment.reference), assignment)
    lazy = replace(reference, files=without_artifacts(reference.files, assignment, kind=ArtifactKind.PREDICTIONS))
    found: list[tuple[str, dict[str, CheckResult]]] = []

    def run(session: pytest.Session) -> None:
        expect = RecordedAssets(assignment.assets).expect
        with (
            start_server(Wall.PROCESS, preload=assignment.sandbox.preload) as server,
            open_sandbox(assignment, reference, server=server) as sandbox,
        ):
            remembering = _Remembering(sandbox)
            run_checks(session, Subject(remembering, expect, artifacts=artifacts_of(reference, assignment)))
        for way, change in WAYS.items():
            subject = Subject(_Replying(remembering.replies, change), expect, artifacts=artifacts_of(lazy, assignment))
            found.append((way, run_checks(session, subject)))

    tasks = [task.name for task in assignment.tasks if not (quick and task.long)]
    in_session(assignment, run, tasks=tasks)
    yield from found
