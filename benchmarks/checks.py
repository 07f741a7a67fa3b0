"""Measure what a submission costs by the number of its checks: one task of a course, some of them, all.

`scaling.py` does the same by the number of submissions; `drawing.py` draws both.
"""

import json
import shutil
import statistics
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from alternation import in_turn, median_ratio
from figures import Figure
from processor_time import cost_of

ROOT = Path(__file__).resolve().parents[1]
COURSE = "technion-hw2"
FLOOR = "import torch, pytest"


def checks(folder: Path, *, shares: Sequence[float], more: int, rounds: int) -> Iterator[Figure]:
    """Yield what a run of one and one more submission cost with some of a course's tasks, in turn with a floor."""
    settings = tomllib.loads((ROOT / "tests/assignments" / COURSE / "assignment.toml").read_text(encoding="utf-8"))
    tasks = [name for name, task in settings["tasks"].items() if not task.get("long")]
    for count in (1, 1 + more):
        write_references(folder / str(count), COURSE, count)
    works: dict[str, Callable[[], float]] = {FLOOR: lambda: cost_of([sys.executable, "-c", FLOOR]).cpu_s}
    runs = {}
    for share in shares:
        chosen = tasks[: max(1, round(share * len(tasks)))]
        runs[share] = [_Run(folder, count, chosen) for count in (1, 1 + more)]
        works |= {f"{share} {run.count}": run for run in runs[share]}
    given = in_turn(works, rounds=rounds)
    yield Figure(f"floor: {FLOOR}", statistics.median(given[FLOOR]), "s CPU", note=f"median of {rounds}")
    for share, (one, larger) in runs.items():
        first, last = given[f"{share} {one.count}"], given[f"{share} {larger.count}"]
        marginal = [(many - single) / more for single, many in zip(first, last, strict=True)]
        yield Figure("a run of one", statistics.median(first), "s CPU", at=one.checks)
        yield Figure("a run of one, times the floor", median_ratio(first, given[FLOOR]), "", at=one.checks)
        yield Figure("one more submission", statistics.median(marginal), "s CPU", at=one.checks)


def write_references(folder: Path, slug: str, count: int, *, root: Path = ROOT) -> Path:
    """Write so many copies of a course's reference, no two with the same content; return their folder."""
    for number in range(count):
        work = folder / f"student{number}"
        shutil.copytree(root / "reference" / slug, work, ignore=shutil.ignore_patterns("__pycache__"))
        for path in sorted(work.rglob("*.py")):
            with path.open("a", encoding="utf-8") as file:
                file.write(f"# student {number}\n")
    return folder


class _Run:
    """Grade a folder with some tasks; `checks` is then how many checks each submission had."""

    def __init__(self, folder: Path, count: int, tasks: Sequence[str]) -> None:
        self._folder = folder
        self._options = [part for task in tasks for part in ("--task", task)]
        self.count = count
        self.checks = 0

    def __call__(self) -> float:
        """Return the CPU seconds of the run."""
        out = self._folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        command = [sys.executable, "-m", "grader", "grade", COURSE, str(self._folder / str(self.count))]
        cost = cost_of([*command, "--course", str(ROOT), "--out", str(out), "--jobs", "1", *self._options])
        told = json.loads((out / "results.json").read_text(encoding="utf-8"))["submissions"][0]
        self.checks = sum(len(task["checks"]) for task in told["tasks"])
        return cost.cpu_s
