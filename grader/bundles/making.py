"""What goes into a bundle for each place where classes are graded, and whether that fits there.

`grader.bundles.own_wheel` brings the grader along, `grader.commands.bundle` writes it all and says what comes next. Why
each place gets what it gets: docs/where.md.
"""

import importlib.metadata
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files as package_files

from grader.authoring.kit_files import extras_of
from grader.authoring.kit_readme import write_readme
from grader.authoring.template import plan_template
from grader.bundles.own_wheel import own_wheel
from grader.bundles.trial import ReferenceTrial
from grader.cluster.bundle import course_files
from grader.courses.assignment import Assignment
from grader.courses.personal import DRAWS_FOR_EACH
from grader.errors import BundleError
from grader.results.verdict import CheckResult

_IN_REPOSITORY = ".github/grader"
_PINNED = ("torch", "torchvision")  # they decide numbers, and assets were recorded with them
_SPARE_S = 30  # of the time that Gradescope gives, for starting and for writing results
_MB = 1e6


class Destination(StrEnum):
    """Name where a bundle is used."""

    GRADESCOPE = "gradescope"
    GITHUB = "github"
    DOCKER = "docker"


@dataclass(frozen=True, slots=True)
class Room:
    """Say what a place gives to one submission: minutes, MB of memory, processors; the defaults are Gradescope's."""

    minutes: float = 10.0
    memory_mb: float = 768.0
    processors: float = 0.5


@dataclass(frozen=True, slots=True)
class Wanted:
    """Say what a bundle is for: which tasks (none: all), data sets to fetch, and what pip installs ("": ourselves)."""

    place: Destination
    tasks: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    grader: str = ""
    hidden_as: str = "after_published"
    room: Room = Room()


def bundle_files(assignment: Assignment, wanted: Wanted) -> dict[str, bytes]:
    """Return the files of a bundle by their POSIX paths.

    A classroom repository is read by students: it gets the kit and no hidden check. The others are the instructor's.
    Raises BundleError where the grader can't be brought along, CourseError where there is no kit.
    """
    extras = ",".join(extra for extra in extras_of(assignment) if extra != "watch")
    grader = _grader(wanted.grader, extras)
    data = "".join(f"{name}\n" for name in wanted.data).encode()
    tools = {**grader, "constraints.txt": _constraints(), "data.txt": data}
    if wanted.place is Destination.GITHUB:
        beside = {f"{_IN_REPOSITORY}/{name}": content for name, content in tools.items()}
        wheel = next((name for name in grader if name.endswith(".whl")), "")
        source = f"./{_IN_REPOSITORY}/{wheel}[{','.join(extras_of(assignment))}]" if wheel else wanted.grader
        readme = {"README.md": write_readme(assignment, grader=source).encode()}
        return plan_template(assignment) | readme | beside | {".github/workflows/classroom.yml": _file("classroom.yml")}
    course = {f"course/{name}": content for name, content in course_files(assignment).items()}
    files = tools | course | {"setup.sh": _file("setup.sh")}
    if wanted.place is Destination.GRADESCOPE:
        return files | {"run_autograder": _file("run_autograder"), "bundle.json": _settings(assignment, wanted)}
    words = [assignment.slug, *(word for task in wanted.tasks for word in ("--task", task))]
    return files | {
        "Dockerfile": _file("Dockerfile"),
        "grade.sh": _file("grade.sh"),
        "words.txt": "".join(f"{word}\n" for word in words).encode(),
    }


def _grader(named: str, extras: str) -> dict[str, bytes]:
    """Return the requirement that pip installs, with the wheel where it is one."""
    if named:
        return {"requirements.txt": f"{named}\n".encode()}
    name, wheel = own_wheel()
    return {"requirements.txt": f"./{name}[{extras}]\n".encode(), name: wheel}


def _constraints() -> bytes:
    """Return the versions that grade here, without the part that says for which card they were built."""
    versions = {name: importlib.metadata.version(name) for name in _PINNED}
    return "".join(f"{name}=={version.partition('+')[0]}\n" for name, version in versions.items()).encode()


def _settings(assignment: Assignment, wanted: Wanted) -> bytes:
    settings = {
        "schema_version": 1,
        "slug": assignment.slug,
        "tasks": list(wanted.tasks),
        "seconds": 60 * wanted.room.minutes - _SPARE_S,
        "hidden_as": wanted.hidden_as,
    }
    return (json.dumps(settings, indent=1) + "\n").encode()


def _file(name: str) -> bytes:
    return (package_files("grader.bundles") / "files" / name).read_bytes()


def refuse_impossible(trial: ReferenceTrial, wanted: Wanted) -> None:
    """Raise BundleError where a check of the bundle could not be judged there: it needs a card, or data."""
    checks = [
        (task.name, check)
        for task in trial.result.tasks
        for check in task.checks
        if check.unrun and not check.advice
        if wanted.place is not Destination.GITHUB or not (check.hidden or task.hidden)
    ]
    for_card = [pair for pair in checks if "CUDA" in _said(pair[1])]
    if for_card:
        raise BundleError(
            f"{_named(for_card)} can't run on {_where(wanted.place)}: there is no graphics card.",
            remedy="Bundle the other tasks with `--task`, and grade these with `grader grade --device cuda`.",
        )
    for_each = [pair for pair in checks if _said(pair[1]).startswith(DRAWS_FOR_EACH)]
    if for_each and wanted.place is not Destination.GITHUB:  # where a kit that names no student draws for nobody
        raise BundleError(
            f"{_named(for_each)} can't run on {_where(wanted.place)}: no roster says there for whom they draw data.",
            remedy="Bundle the other tasks with `--task`, and grade these with `grader grade --roster FILE`.",
        )
    if checks := [pair for pair in checks if pair not in for_each]:
        raise BundleError(
            f"{_named(checks)} found none of their data: {' '.join(_said(checks[0][1]).split())[:300]}",
            remedy="`--data NAME` has a data set fetched where the bundle is used; or choose tasks with `--task`.",
        )


def objections(trial: ReferenceTrial, wanted: Wanted) -> list[str]:
    """Return in sentences what of a trial doesn't fit into the place, or should not be as it is."""
    said, result = [], trial.result
    if result.points + 1e-9 < result.max_points - result.unjudged:
        said.append(f"The reference earns {result.points:g} of {result.max_points:g} points: `grader audit` says why.")
    if wanted.place is not Destination.GRADESCOPE:
        return said
    room, limit_s = wanted.room, 60 * wanted.room.minutes - _SPARE_S
    needed_s = max(trial.seconds, trial.cpu_s / min(1.0, room.processors))
    if needed_s > limit_s:
        said.append(
            f"Too slow: the reference takes about {needed_s / 60:.1f} minutes with {room.processors:g} processors, and "
            f"Gradescope stops after {room.minutes:g}. Raise time or processors in the assignment's settings, and name "
            "them here with `--minutes` and `--processors`; or leave out long tasks with `--task`."
        )
    needed_mb = trial.memory_mib * (1 << 20) / _MB
    if needed_mb > room.memory_mb:
        said.append(
            f"Too large: grading the reference held {needed_mb:.0f} MB, and Gradescope gives {room.memory_mb:g} MB. "
            "Choose a larger container in the assignment's settings, and name its memory here: "
            f"`--memory-mb {math.ceil(needed_mb / 768) * 768}`, say."
        )
    return said


def _where(place: Destination) -> str:
    return {
        Destination.GRADESCOPE: "Gradescope",
        Destination.GITHUB: "a GitHub runner",
        Destination.DOCKER: "this image",
    }[place]


def _said(check: CheckResult) -> str:
    return check.feedback.message


def _named(checks: Sequence[tuple[str, CheckResult]]) -> str:
    names = [f"{check.name} ({task})" for task, check in checks]
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more checks" if len(names) > 4 else "")
