"""Turns a run and its results into JSON text and back, without loss.

`grader.results.store` keeps the text in its rows; `grader.export.results_json` writes the same shape for others.
"""

import json
import math
from dataclasses import dataclass
from typing import Any

import cattrs
from cattrs.gen import make_dict_unstructure_fn, override

from grader.errors import StoreError
from grader.results.exhibit import Picture
from grader.results.verdict import NO_ORIGIN, Answer, CheckResult, Curve, Origin, SubmissionResult, TaskResult

ONLY_WHERE_USED = {
    Curve: ("cutoffs",),
    Picture: ("data",),
    Answer: ("is_run", "exhibits", "curves", "tasks", "questions"),
    CheckResult: ("override", "credit", "cpu_s", "waited_s", "peak_mib", "stretch"),
    TaskResult: ("all_or_nothing", "override"),
    Origin: ("handed_in", "clock", "attempt_of", "is_marked_late"),
    SubmissionResult: ("lateness",),
}
"""The fields that are written only where they say something: runs that don't use them stay as they were."""

_CONVERTER = cattrs.Converter()  # compiles a function per class, once
for _kind, _names in ONLY_WHERE_USED.items():
    _omitted: dict[str, Any] = {name: override(omit_if_default=True) for name in _names}
    _CONVERTER.register_unstructure_hook(_kind, make_dict_unstructure_fn(_kind, _CONVERTER, **_omitted))


@dataclass(frozen=True, slots=True)
class RunInfo:
    """Say what was run: which course, with which versions, behind which wall, since when.

    `assignment` is the slug. `course_digest` changes with checks, probes and assets. `started` is an ISO
    8601 time. `key` is the run's secret, from which student code's generators are seeded: kept, so that the same
    submission gets the same points again.
    """

    assignment: str
    title: str
    course_digest: str
    grader_version: str
    torch_version: str
    wall: str
    started: str
    key: str = ""


def as_plain(value: RunInfo | SubmissionResult) -> dict[str, Any]:
    """Return the dataclass as nested dicts and lists of plain values."""
    plain: dict[str, Any] = _CONVERTER.unstructure(value)
    return plain


def pack_record(value: RunInfo | SubmissionResult) -> str:
    """Return the dataclass as one line of JSON in pure ASCII, so that even lone surrogates survive."""
    return json.dumps(as_plain(value), separators=(",", ":"))


def unpack_result(text: str) -> SubmissionResult:
    """Return the result that `pack_record` wrote; raise StoreError when the text is not one."""
    try:
        return _CONVERTER.structure(_plain_from(text), SubmissionResult)
    except (ValueError, cattrs.BaseValidationError, TypeError) as error:
        raise StoreError(
            f"A stored result can't be read ({type(error).__name__}).",
            remedy="Move the results folder away and grade again.",
        ) from error


def unpack_origin(text: str | None) -> Origin:
    """Return where a stored result comes from; nobody knows it where the text is None or can't be read."""
    try:
        return _CONVERTER.structure(json.loads(text), Origin) if text else NO_ORIGIN
    except (json.JSONDecodeError, cattrs.BaseValidationError, TypeError):
        return NO_ORIGIN


def unpack_run(text: str) -> RunInfo:
    """Return the run that `pack_record` wrote; raise StoreError when the text is not one."""
    try:
        return _CONVERTER.structure(_plain_from(text), RunInfo)
    except (ValueError, cattrs.BaseValidationError, TypeError) as error:
        raise StoreError(
            f"The description of the run can't be read ({type(error).__name__}).",
            remedy="Move the results folder away and grade again.",
        ) from error


def _plain_from(text: str) -> Any:
    """Read JSON whose numbers are finite, as all that we write are: no page and no table can hold others."""
    return json.loads(text, parse_constant=_finite, parse_float=_finite)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is no finite number")
    return number
