"""Measure two checkouts of this project on the same work, in alternation: new, old, new, old …

`run.py --against FOLDER` names the other checkout; both run with this environment's Python and packages, and grade that
checkout's courses, which both can read. `alternation.py` says why in turn.
"""

import os
import shutil
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from alternation import in_turn, median_ratio
from checks import FLOOR, write_references
from figures import Figure
from grading import read_grades
from processor_time import Cost, cost_of
from synthetic import perfect_class, write_class

ROOT = Path(__file__).resolve().parents[1]
MINI, KIT = "mini course", "technion-hw2"
COURSES = (KIT, "uva-mlp", "leeds-fashion-mlp", "neuromatch-deep-mlp", "uva-cnn")
_TASK = "linear"


class OtherGrades(Exception):
    """Say which work the two checkouts graded differently: a cheaper run that says something else is no gain."""


@dataclass(frozen=True)
class Checkout:
    """Hold a checkout of this project; commands run its package with this process' interpreter."""

    root: Path

    def cost(self, *arguments: str, cwd: Path, may_fail: bool = False) -> Cost:
        """Run its command line and return what that cost, with bytecode kept as an installed package has it."""
        env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        command = [sys.executable, "-P", "-m", "grader", *arguments]
        return cost_of(command, cwd=cwd, env=env | {"PYTHONPATH": str(self.root)}, may_fail=may_fail)

    @property
    def mini(self) -> Path:
        """Return the folder of its mini course."""
        return self.root / "tests" / "grader" / "sample_courses" / "mini"


def checkouts(
    folder: Path, *, against: Path | None, rounds: int, few: int, many: int, courses: Sequence[str] = COURSES
) -> Iterator[Figure]:
    """Yield what the same work costs with both checkouts, and how much of the old cost is left."""
    if against is None:
        yield Figure("another checkout", None, "", note="not measured: name one with --against FOLDER")
        return
    both = {"new": Checkout(ROOT), "old": Checkout(against.resolve())}
    floor = cost_of([sys.executable, "-c", FLOOR]).cpu_s
    yield Figure(f"floor: {FLOOR}", floor, "s CPU")
    for name, works in _works(folder, both["old"], few=few, many=many, courses=courses):
        turns = {
            f"{work} {which}": (lambda run=run, one=one: run(one))
            for work, run in works.items()
            for which, one in both.items()
        }
        given = in_turn(turns, rounds=rounds)
        for work in works:
            yield from _compared(f"{name}: {work}", given[f"{work} new"], given[f"{work} old"])
        if len(works) == 2:
            one, more = works
            marginal = [
                [
                    (large - small) / (many - few)
                    for small, large in zip(given[f"{one} {w}"], given[f"{more} {w}"], strict=True)
                ]
                for w in both
            ]
            yield from _compared(f"{name}: one more", *marginal)


def _compared(name: str, new: Sequence[float], old: Sequence[float]) -> Iterator[Figure]:
    """Yield both costs, and what is left of the old one."""
    yield Figure(f"{name}, new", statistics.median(new), "s CPU", note=f"median of {len(new)}")
    yield Figure(f"{name}, old", statistics.median(old), "s CPU")
    yield Figure(f"{name}, new in percent of old", 100 * median_ratio(new, old), "%", note="median of pairs")


def _works(
    folder: Path, old: Checkout, *, few: int, many: int, courses: Sequence[str]
) -> Iterator[tuple[str, Mapping[str, "_Run | _Check"]]]:
    """Yield works by name: each is a function of the checkout that does it, and returns its CPU seconds."""
    yield "kit", {f"check --task {_TASK}": _Check(folder / "kit", old.root)}
    for name in (MINI, *courses):
        runs = {}
        for count in (few, many):
            place = folder / f"{name}-{count}"
            if name == MINI:
                write_class(place, perfect_class(count))
                runs[f"a run of {count}"] = _Run(folder, place, "mini", old.mini)
            else:
                write_references(place, name, count, root=old.root)
                runs[f"a run of {count}"] = _Run(folder, place, name, old.root, "--quick")
        yield name, runs


class _Run:
    """Grade a folder; whichever checkout does so, the points are the same."""

    def __init__(self, folder: Path, submissions: Path, slug: str, course: Path, *options: str) -> None:
        self._folder = folder
        self._submissions = submissions
        self._arguments = ["grade", slug, str(submissions), "--course", str(course), "--jobs", "1", *options]
        self._points: dict[str, str] | None = None

    def __call__(self, checkout: Checkout) -> float:
        """Return the CPU seconds of the run. Raises OtherGrades."""
        out = self._folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        cost = checkout.cost(*self._arguments, "--out", str(out), cwd=self._folder)
        points = {name: row["points"] for name, row in read_grades(out / "grades.csv").items()}
        self._points = self._points or points
        if points != self._points:
            where = self._submissions.name
            raise OtherGrades(f"{where}: {checkout.root} gives other points: {points}, not {self._points}")
        return cost.cpu_s


class _Check:
    """Check one task in the students' kit, with the reference as the student's work."""

    def __init__(self, folder: Path, root: Path) -> None:
        self._folder = folder
        self._root = root

    def __call__(self, checkout: Checkout) -> float:
        """Return the CPU seconds of the check; it passes, or the command fails."""
        shutil.rmtree(self._folder, ignore_errors=True)
        shutil.copytree(self._root / "student_template" / KIT, self._folder)
        shutil.copytree(self._root / "reference" / KIT, self._folder, dirs_exist_ok=True)
        return checkout.cost("check", "--task", _TASK, cwd=self._folder).cpu_s
