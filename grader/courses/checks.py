"""Checks as data: what a graded pytest test declares about itself.

`grader.grading.plugin` collects them; `grader.grading.grade` turns their verdicts into points.
"""

import inspect
import math
import zlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

import pytest

from grader.courses.assignment import Assignment, is_hidden_file
from grader.courses.toml_table import suggest
from grader.errors import CourseError

_MARKER_KEYS = ("task", "weight", "after", "device")
_DEVICES = ("cpu", "cuda")


@dataclass(frozen=True, slots=True)
class Check:
    """Describe one check: if one of the checks in `after` fails it is skipped; `device` is what it has to run on.

    `limits` are its task's own.
    """

    name: str
    title: str
    hint: str
    task: str
    weight: float
    after: tuple[str, ...]
    device: str
    hidden: bool
    limits: Mapping[str, float] = field(default_factory=dict)

    @property
    def seed(self) -> int:
        """Return the seed of everything this check draws: fixed by its name."""
        return zlib.crc32(self.name.encode())


def check_of(item: pytest.Function, assignment: Assignment) -> Check:
    """Read a collected test's declaration. Raises CourseError that names the file and the test."""
    place = f"{item.path.name}: {item.name}"
    marker = item.get_closest_marker("graded")
    if marker is None:
        raise CourseError(f"{place} has no task.", remedy='Mark it with `@pytest.mark.graded(task="…")`.')
    unknown = sorted(set(marker.kwargs) - set(_MARKER_KEYS))
    if unknown or marker.args:
        raise CourseError(
            f"{place}: `graded` does not take {unknown[0] if unknown else 'positional arguments'!r}.",
            remedy=f"It takes {', '.join(_MARKER_KEYS)}, by name.",
        )
    tasks = {task.name: task for task in assignment.tasks}
    task = marker.kwargs.get("task", "")
    if task not in tasks:
        raise CourseError(f"{place} belongs to the unknown task {task!r}.", remedy=suggest(task, tasks))
    weight = marker.kwargs.get("weight", 1)
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight < math.inf:
        raise CourseError(f"{place} has the weight {weight!r}.", remedy="Give a number above 0.")
    device = marker.kwargs.get("device", "cpu")
    if device not in _DEVICES:
        raise CourseError(f"{place} asks for the device {device!r}.", remedy=f"Known: {', '.join(_DEVICES)}.")
    if device != "cpu" and "expected" in item.fixturenames:
        raise CourseError(
            f"{place} expects what was recorded, and runs on the device {device!r}.",
            remedy="Assets are recorded on the CPU. Compute the expectation in the check.",
        )
    title, hint = _words_of(item, place)
    after = marker.kwargs.get("after", ())
    return Check(
        name=item.name,
        title=title,
        hint=hint,
        task=task,
        weight=float(weight),
        after=(after,) if isinstance(after, str) else tuple(after),
        device=device,
        hidden=tasks[task].hidden or is_hidden_file(item.path),
        limits=tasks[task].limits,
    )


def _words_of(item: pytest.Function, place: str) -> tuple[str, str]:
    """Return title and hint: the first line of the docstring, and the rest as one paragraph a block."""
    text = inspect.getdoc(item.function) or ""
    title, _, hint = text.partition("\n")
    if not title.strip():
        raise CourseError(f"{place} has no docstring.", remedy="Its first line is the title that students read.")
    blocks = [" ".join(block.split()) for block in hint.strip().split("\n\n")]
    return title.strip().rstrip("."), "\n\n".join(block for block in blocks if block)


def in_order(checks: Mapping[str, Check]) -> list[str]:
    """Return the names so that each comes after those it depends on, else in the order given.

    Raises CourseError for an unknown name in `after` and for a circle.
    """
    done: dict[str, None] = {}

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise CourseError(f"Checks depend on each other in a circle: {' → '.join([*path, name])}.")
        for other in checks[name].after:
            if other not in checks:
                raise CourseError(f"{name} comes after the unknown check {other!r}.", remedy=suggest(other, checks))
            visit(other, (*path, name))
        done[name] = None

    for name in checks:
        visit(name, ())
    return list(done)


def with_those_before(names: Iterable[str], checks: Mapping[str, Check]) -> frozenset[str]:
    """Return the names and those of all checks that they come after, however indirectly; unknown ones are left out."""
    reached: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in checks and name not in reached:
            reached.add(name)
            waiting += checks[name].after
    return frozenset(reached)


def after_those_of(check: Check, present: Collection[str]) -> Check:
    """Return the check without its dependence on checks that are not present."""
    return replace(check, after=tuple(name for name in check.after if name in present))


def duplicates(names: Iterable[str]) -> list[str]:
    """Return the names that occur more than once, sorted."""
    seen: set[str] = set()
    twice: set[str] = set()
    for name in names:
        (twice if name in seen else seen).add(name)
    return sorted(twice)
