"""Measure two checkouts of this project on the same work, in alternation: new, old, new, old …

`run.py --against FOLDER` names the other checkout; both run with this environment's Python and packages. A machine
whose speed swings shows ratios that hold: each pair was measured within a minute, and the median of pairs is told.
"""

import os
import shutil
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from figures import Figure
from grading import read_grades
from processor_time import Cost, cost_of
from synthetic import perfect_class, write_class

ROOT = Path(__file__).resolve().parents[1]
_COURSE = "technion-hw2"
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


def checkouts(folder: Path, *, against: Path | None, rounds: int, few: int, many: int) -> Iterator[Figure]:
    """Yield what the same work costs with both checkouts, and how much of the old cost is left."""
    if against is None:
        yield Figure("another checkout", None, "", note="not measured: name one with --against FOLDER")
        return
    new, old = Checkout(ROOT), Checkout(against.resolve())
    works = _works(folder, few=few, many=many)
    floor = [cost_of([sys.executable, "-c", "import torch, pytest"]).cpu_s for _round in range(rounds)]
    yield Figure("floor: import torch, pytest", statistics.median(floor), "s CPU")
    medians = {}
    for name, work in works.items():
        pairs = [(work(new), work(old)) for _round in range(rounds)]
        medians[name] = [statistics.median(pair[place] for pair in pairs) for place in (0, 1)]
        yield Figure(f"{name}: new", medians[name][0], "s CPU", note=f"median of {rounds}")
        yield Figure(f"{name}: old", medians[name][1], "s CPU")
        ratio = statistics.median(pair[0] / pair[1] for pair in pairs)
        yield Figure(f"{name}: new, in percent of old", 100 * ratio, "%", note="median of pairs")
    for name in ("mini course", _COURSE):
        one, more = f"{name}: a run of {few}", f"{name}: a run of {many}"
        marginal = [(medians[more][place] - medians[one][place]) / (many - few) for place in (0, 1)]
        yield Figure(f"{name}, one more: new, in percent of old", 100 * marginal[0] / marginal[1], "%")


def _works(folder: Path, *, few: int, many: int) -> dict[str, Callable[[Checkout], float]]:
    """Return the works by name, each as a function of the checkout that does it, which returns its CPU seconds."""
    works: dict[str, Callable[[Checkout], float]] = {f"check --task {_TASK} in a kit": _Check(folder / "kit")}
    for count in (few, many):
        write_class(folder / f"mini-{count}", perfect_class(count))
        works[f"mini course: a run of {count}"] = _Run(folder, f"mini-{count}", "mini")
        for number in range(count):
            work = folder / f"{_COURSE}-{count}" / f"student{number}"
            shutil.copytree(ROOT / "reference" / _COURSE, work)
            with (work / "hw2" / "answers.py").open("a", encoding="utf-8") as file:
                file.write(f"# student {number}\n")  # no two have the same content
        works[f"{_COURSE}: a run of {count}"] = _Run(folder, f"{_COURSE}-{count}", _COURSE, "--quick")
    return works


class _Run:
    """Grade a folder; whichever checkout does so, the points are the same."""

    def __init__(self, folder: Path, submissions: str, slug: str, *options: str) -> None:
        self._folder = folder
        self._submissions = submissions
        self._slug = slug
        self._options = options
        self._points: dict[str, str] | None = None

    def __call__(self, checkout: Checkout) -> float:
        """Return the CPU seconds of the run. Raises OtherGrades."""
        out = self._folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        course = checkout.mini if self._slug == "mini" else checkout.root
        arguments = [self._slug, str(self._folder / self._submissions), "--course", str(course), "--out", str(out)]
        cost = checkout.cost("grade", *arguments, "--jobs", "1", *self._options, cwd=self._folder)
        points = {name: row["points"] for name, row in read_grades(out / "grades.csv").items()}
        self._points = self._points or points
        if points != self._points:
            raise OtherGrades(f"{self._submissions}: {checkout.root} gives other points: {points}, not {self._points}")
        return cost.cpu_s


class _Check:
    """Check one task in the students' kit of each checkout, with the reference as the student's work."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, checkout: Checkout) -> float:
        """Return the CPU seconds of the check; it passes, or the command fails."""
        shutil.rmtree(self._folder, ignore_errors=True)
        shutil.copytree(checkout.root / "student_template" / _COURSE, self._folder)
        shutil.copytree(checkout.root / "reference" / _COURSE, self._folder, dirs_exist_ok=True)
        return checkout.cost("check", "--task", _TASK, cwd=self._folder).cpu_s
