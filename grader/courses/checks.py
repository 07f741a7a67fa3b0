"""Checks as data: what a graded pytest test declares about itself.

`grader.grading.plugin` collects them; `grader.grading.grade` turns their verdicts into points.
"""

import hashlib
import inspect
import math
import zlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

import pytest

from grader.courses.assignment import ANY_FLOAT, HOW_TO_STATE_GROUNDS, Assignment, is_grounds, is_hidden_file
from grader.courses.toml_table import suggest
from grader.errors import CourseError

_MARKER_KEYS = ("task", "weight", "after", "device", "grounds", "advice", "dtype", "strict")
_DEVICES = ("cpu", "cuda")
_SEED_BYTES = 6


@dataclass(frozen=True, slots=True)
class Check:
    """Describe one check: `after` are checks that come before it, `device` is what it has to run on.

    Where one of those before it fails, it runs only if its own task has something to look at, and counts only if it
    passes; with `strict` it is skipped. `limits` are its task's own. `grounds` names the place in the assignment's text
    that asks for what is checked, and says its gist: `line 40: the loss is averaged`. `advice` costs nobody points:
    what it asks for stands in no text. `key` is the course's where the check is hidden, else "". With `any_float` one
    floating dtype is as good as another.
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
    grounds: str = ""
    advice: bool = False
    key: str = ""
    any_float: bool = False
    strict: bool = False

    @property
    def seed(self) -> int:
        """Return the seed of everything this check draws: fixed by its name and, for a hidden one, the course's key."""
        if not self.key:
            return zlib.crc32(self.name.encode())
        return int.from_bytes(hashlib.sha256(f"{self.key} {self.name}".encode()).digest()[:_SEED_BYTES])


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
    hidden = tasks[task].hidden or is_hidden_file(item.path)
    return Check(
        name=item.name,
        title=title,
        hint=hint,
        task=task,
        weight=_weight_of(marker, place),
        after=(after,) if isinstance(after, str) else tuple(after),
        device=device,
        hidden=hidden,
        limits=tasks[task].limits,
        grounds=_grounds_of(marker, place) or tasks[task].grounds,
        advice=_is_advice(marker, place),
        key=assignment.key if hidden else "",
        any_float=_takes_any_float(marker, place) or tasks[task].any_float,
        strict=_yes_or_no(marker, "strict", place),
    )


def _weight_of(marker: pytest.Mark, place: str) -> float:
    """Return what a check weighs within its task: 1 unless it says something else, 0 for advice."""
    weight = marker.kwargs.get("weight", 1)
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight < math.inf:
        raise CourseError(f"{place} has the weight {weight!r}.", remedy="Give a number above 0, or `advice=True`.")
    if not _is_advice(marker, place):
        return float(weight)
    if "weight" in marker.kwargs:
        raise CourseError(f"{place} is advice and has a weight.", remedy="Remove `weight`: advice costs no points.")
    return 0.0


def _is_advice(marker: pytest.Mark, place: str) -> bool:
    return _yes_or_no(marker, "advice", place)


def _yes_or_no(marker: pytest.Mark, key: str, place: str) -> bool:
    answer = marker.kwargs.get(key, False)
    if not isinstance(answer, bool):
        raise CourseError(f"{place}: `{key}` is {answer!r}; expected True or False.", remedy=f"Write `{key}=True`.")
    return answer


def _takes_any_float(marker: pytest.Mark, place: str) -> bool:
    dtype = marker.kwargs.get("dtype", ANY_FLOAT)
    if dtype != ANY_FLOAT:
        raise CourseError(
            f"{place}: `dtype` is {dtype!r}.", remedy=f'Write `dtype="{ANY_FLOAT}"`, or expect values of the dtype.'
        )
    return "dtype" in marker.kwargs


def _grounds_of(marker: pytest.Mark, place: str) -> str:
    """Return a check's own grounds, "" where it states none."""
    grounds = marker.kwargs.get("grounds", "")
    if grounds and not is_grounds(grounds):
        raise CourseError(f"{place} has the grounds {grounds!r}.", remedy=HOW_TO_STATE_GROUNDS)
    return str(grounds)


def _words_of(item: pytest.Function, place: str) -> tuple[str, str]:
    """Return title and hint: the first line of the docstring, and the rest as one paragraph a block."""
    text = inspect.getdoc(item.function) or ""
    title, _, hint = text.partition("\n")
    if not title.strip():
        raise CourseError(f"{place} has no docstring.", remedy="Its first line is the title that students read.")
    blocks = [" ".join(block.split()) for block in hint.strip().split("\n\n")]
    return title.strip().rstrip("."), "\n\n".join(block for block in blocks if block)


def in_order(checks: Mapping[str, Check]) -> list[str]:
    """Return the names, public checks first, so that each comes after those it depends on, else in the order given.

    Raises CourseError for an unknown name in `after`, for a circle, and for a public check after a hidden one.
    Why: docs/decisions.md#public-checks-run-first
    """
    done: dict[str, None] = {}

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise CourseError(f"Checks depend on each other in a circle: {' → '.join([*path, name])}.")
        for other in checks[name].after:
            if other not in checks:
                raise CourseError(f"{name} comes after the unknown check {other!r}.", remedy=suggest(other, checks))
            if checks[other].hidden and not checks[name].hidden:
                raise CourseError(
                    f"The public check {name} comes after the hidden check {other}.",
                    remedy="Public checks run first, so that nothing hidden can show in them: hide it, or free it.",
                )
            visit(other, (*path, name))
        done[name] = None

    for name in sorted(checks, key=lambda name: checks[name].hidden):
        visit(name, ())
    return list(done)


def refuse_points_after_advice(checks: Mapping[str, Check]) -> None:
    """Raise CourseError for a check with points that comes after advice, which would then cost points."""
    for check in checks.values():
        for name in () if check.advice else check.after:
            if name in checks and checks[name].advice:
                raise CourseError(
                    f"{check.name} comes after {name}, which is advice and may not cost points.",
                    remedy=f"Take {name} out of its `after`, or make it advice, too.",
                )


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
