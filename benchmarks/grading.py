"""Run `grader grade` on a class of the mini course, and make sure that its grades are right before its cost counts.

`synthetic.py` writes the classes; `processor_time.py` does the measuring.
"""

import csv
import functools
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from processor_time import Cost, cost_of
from synthetic import COURSE, Kind

FULL = 15.0
_WITHOUT_LEAKY_RELU = 11.0
_COMMAND = [sys.executable, "-m", "grader"]


class WrongGrades(Exception):
    """Say which submission got something else than it must get: the figures of such a run are worth nothing."""


def grade(
    submissions: Path,
    out: Path,
    kinds: Mapping[str, Kind],
    *,
    jobs: int = 1,
    options: tuple[str, ...] = (),
    course: Path = COURSE,
) -> Cost:
    """Grade a folder with the command line, store and pages included, and check the grades. Raises WrongGrades."""
    command = [*_COMMAND, "grade", "mini", str(submissions), "--course", str(course), "--out", str(out)]
    cost = cost_of([*command, "--jobs", str(jobs), *options])
    verify({name: float(row["points"]) for name, row in read_grades(out / "grades.csv").items()}, kinds)
    return cost


def write_pages(out: Path) -> Cost:
    """Write pages, grades.csv and results.json again from what is stored."""
    return cost_of([*_COMMAND, "report", str(out), "--course", str(COURSE)])


@functools.cache
def why_no_cluster() -> str | None:
    """Return why `--cluster local` can't be measured here, or None."""
    told = subprocess.run([*_COMMAND, "grade", "--help"], capture_output=True, text=True, check=True).stdout
    if "--cluster" not in told:
        return "this version of the grader has no --cluster"
    found = subprocess.run([sys.executable, "-c", "import distributed"], capture_output=True, check=False)
    return "the extra `cluster` is not installed" if found.returncode else None


def read_grades(path: Path) -> dict[str, dict[str, str]]:
    """Return the rows of a grades.csv by submission."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {row["submission"]: row for row in csv.DictReader(file)}


def verify(points: Mapping[str, float], kinds: Mapping[str, Kind]) -> None:
    """Raise WrongGrades unless every submission, and no other, has the points that its kind must get."""
    if points.keys() != kinds.keys():
        raise WrongGrades(f"graded, but never written or the other way round: {sorted(points.keys() ^ kinds.keys())}")
    for name, kind in kinds.items():
        if not _is_right(points[name], kind):
            raise WrongGrades(f"`{name}` is {kind} and got {points[name]:g} of {FULL:g} points")


def _is_right(points: float, kind: Kind) -> bool:
    match kind:
        case Kind.PERFECT:
            return points == FULL
        case Kind.LOOPING:
            return points == _WITHOUT_LEAKY_RELU
        case Kind.NOT_IMPLEMENTED:
            return points == 0
        case Kind.WRONG:
            return 0 < points < FULL
        case Kind.CRASHING:
            return points < FULL
