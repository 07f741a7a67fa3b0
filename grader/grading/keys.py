"""Keys of results: digests of everything that decides what the checks of one task say about one submission.

`grader.grading.result_keys` puts them on results; `grader.runs.plan` reuses a stored result whose key is still the
wanted one. When in doubt a key covers too much: then something is graded again, which only costs time. Nothing here
imports torch.

Why: docs/decisions.md#results-cached-by-task
"""

import hashlib
import json
import platform
import re
import site
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import grader
from grader.courses.assignment import Assignment, Task, check_files, grading_files, helper_files, tasks_below
from grader.courses.assignment_file import ASSIGNMENT_FILE
from grader.courses.check_sources import CheckSources, read_check_sources
from grader.courses.globs import is_matched
from grader.courses.personal import NOBODY, Personal
from grader.datasets.places import FILE_DATASETS, FROM_SKLEARN, identity_of
from grader.grading.job import Order
from grader.submissions.submission import read_reference

# Points are added up anew each time.
_DECIDE_NO_VERDICT = (
    "title",
    "points",
    "scoring",
    "long",
    "grounds",
    "demands_grounds",
    "hidden_share",
    "unchecked",
    "bonus",
    "adjustments",
    "deadline",
)
_PLACES = ("folder", "assets", "reference")
_NOT_READ = ("variants", "mistakes", "__pycache__")
_FUNCTION = re.compile(r"\w*")
_MANIFEST = "manifest.json"


def task_digests(
    assignment: Assignment,
    *,
    chosen: Sequence[str] | None = None,
    wall: str,
    execute: bool = False,
    device: str = "cpu",
) -> dict[str, str]:
    """Return, for each task, a digest of all that decides its result but the submission.

    `chosen` are the tasks that are graded, None for all: a check runs without those it comes after where these belong
    to a task that is not. Tasks that are not chosen get the digest that they have where all are.
    """
    names = tuple(task.name for task in assignment.tasks)
    sources = read_check_sources(assignment)
    general = _digest([_everywhere(assignment), wall, execute, device, _machine(), _grader_files()])
    assets = _Assets(assignment, known={check.name for check in sources.checks})
    data, reference = _data_sets(assignment, sources), _files_of_reference(assignment)
    covering = cache(lambda name, beside: sources.covering(name, chosen=beside))  # of a task, and of those on it
    digests = {}
    for task in assignment.tasks:
        beside = tuple(chosen) if chosen is not None and task.name in chosen else names
        texts = covering(task.name, beside)
        parts: list[Any] = [general, _entry(task), texts, assets.of(texts)]
        below = [one for one in tasks_below(task, assignment.tasks) if one.name in beside]
        if below:  # with their parts in the reference's words, where they are wrong
            foundations = [text for one in below for text in covering(one.name, beside)]
            parts += [list(map(_entry, below)), foundations, assets.of(foundations), reference]
        if _uses_data("\n".join(texts)):
            parts += [data, reference]
        digests[task.name] = _digest(parts)
    return digests


def digests_of(order: Order) -> dict[str, str]:
    """Return, for each task of an order's assignment, a digest of all that decides its result but the submission."""
    return task_digests(
        order.assignment,
        chosen=order.tasks,
        wall=order.wall,
        execute=order.executed is not None,
        device=order.device,
    )


def key_of(task_digest: str, *, submission: str, personal: Personal = NOBODY) -> str:
    """Return the key of a task's result for the submission with this digest, with data drawn for this student."""
    return _digest([task_digest, submission, *filter(None, [personal.identity])])


def secrets_of_test_data(assignment: Assignment) -> dict[str, str]:
    """Return, for each task, the secret that seeds its checks' test data: only those who have the whole course know it.

    It changes with the task's own checks and with the reference, not with the checks of other tasks.
    """
    sources = read_check_sources(assignment)
    reference = _files_of_reference(assignment)
    return {task.name: _digest([sources.own(task.name), reference]) for task in assignment.tasks}


def _everywhere(assignment: Assignment) -> list[Any]:
    """Return the parts of an assignment that decide the results of all its tasks."""
    plain = asdict(assignment)
    for name in (*_PLACES, *_DECIDE_NO_VERDICT, "tasks"):
        plain.pop(name, None)
    for question in plain["questions"]:
        for name in _DECIDE_NO_VERDICT:
            question.pop(name, None)
    read_apart = {file.name for file in (*check_files(assignment), *helper_files(assignment))} | {ASSIGNMENT_FILE}
    files = [path for path in grading_files(assignment) if path.name not in read_apart]
    for folder in sorted(path for path in assignment.folder.glob("*") if path.is_dir()):
        if folder.name not in _NOT_READ and not folder.name.startswith("."):
            files += sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    rest = [[path.relative_to(assignment.folder).as_posix(), _of_file(path)] for path in files]
    return [plain, rest, _support_files(assignment)]


def _entry(task: Task) -> dict[str, Any]:
    """Return the parts of a task's entry that decide the verdicts of its checks."""
    return {name: value for name, value in asdict(task).items() if name not in _DECIDE_NO_VERDICT}


def _support_files(assignment: Assignment) -> list[list[str]]:
    editable = assignment.handed_in.editable
    return [row for row in _files_of_reference(assignment) if not is_matched(row[0], editable)]


def _files_of_reference(assignment: Assignment) -> list[list[str]]:
    files = read_reference(assignment.reference) if assignment.reference is not None else {}
    return [[path, hashlib.sha256(files[path]).hexdigest()] for path in sorted(files)]


class _Assets:
    """Digest an assignment's recorded assets by the check that they were recorded for."""

    def __init__(self, assignment: Assignment, *, known: set[str]) -> None:
        self._known = known
        self._parts: dict[str, list[Any]] = {}
        self._spelled: dict[str, frozenset[str]] = {}  # by text: the names that are in it
        folder = assignment.assets
        files = sorted(path for path in folder.glob("*") if path.is_file()) if folder.is_dir() else []
        for path in files:
            if path.name == _MANIFEST:
                self._add_manifest(path.read_bytes())
            else:
                self._add(path.name, [path.name, _of_file(path)])

    def _add(self, name: str, part: Any) -> None:
        match = _FUNCTION.match(name)
        check = match[0] if match is not None else ""
        self._parts.setdefault(check if check in self._known else "", []).append(part)

    def _add_manifest(self, content: bytes) -> None:
        try:
            manifest = json.loads(content)
            entries = dict(manifest["assets"])
        except (ValueError, KeyError, TypeError):
            self._parts.setdefault("", []).append(hashlib.sha256(content).hexdigest())
            return
        self._parts.setdefault("", []).append(manifest.get("schema"))
        for name in sorted(entries):
            self._add(name, [name, entries[name]])

    def of(self, texts: Sequence[str]) -> list[Any]:
        """Return what stands for the assets of the checks that the texts name, and for those of none."""
        wanted = frozenset[str]().union(*map(self._spelled_in, texts))
        return [[name, self._parts[name]] for name in sorted(self._parts) if name in wanted]

    def _spelled_in(self, text: str) -> frozenset[str]:
        if text not in self._spelled:
            self._spelled[text] = frozenset(name for name in self._parts if name in text)
        return self._spelled[text]


def _uses_data(text: str) -> bool:
    return "dataset" in text


def _data_sets(assignment: Assignment, sources: CheckSources) -> dict[str, str]:
    """Return the identities of the data sets that the checks name; of all where they name none."""
    everything = "\n".join([*sources.shared.values(), *(check.text for check in sources.checks)])
    if not _uses_data(everything):
        return {}
    known = (*FILE_DATASETS, *FROM_SKLEARN)
    named = [name for name in known if name in everything]
    return {name: identity_of(name) for name in named or known}


def _machine() -> list[Any]:
    """Return what tells Pythons with other packages apart: students' code may import any of them."""
    folders = {*site.getsitepackages(), site.getusersitepackages()}
    installed = {
        path.name
        for folder in folders
        for path in Path(folder).glob("*-info")
        if not path.name.lower().startswith("torchgrade-")
    }
    return [sys.version, platform.machine(), sys.platform, sorted(installed)]


@cache
def _grader_files() -> str:
    """Return a digest of the grader's own sources, read once a process; what only authors use decides no verdict."""
    folder = Path(grader.__file__).parent
    files = sorted(path for path in folder.rglob("*.py") if path.parent != folder / "authoring")
    return _digest([[path.relative_to(folder).as_posix(), _of_file(path)] for path in files])


def _of_file(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=_plain).encode("utf-8", "replace")).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{value!r} can't be digested.")
