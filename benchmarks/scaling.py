"""Measure how grading scales: with processes, with the size of the class, when repeated, and on Dask's LocalCluster.

`overhead.py` measures one submission's cost more closely; `drawing.py` plots what this yields.
"""

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median

from alternation import in_turn, median_ratio
from figures import Figure
from grading import grade, why_no_cluster, write_pages
from processor_time import Cost, cost_of
from synthetic import COURSE, edited, mixed_class, write_class

PROCESSES_BY_SIZE = 2
_EDITED = ("alpha is the slope of the negative side.", "alpha is the slope on the negative side.")


_LOOPS = """
import subprocess, sys
loop = f"for _ in range({int(sys.argv[1]) // int(sys.argv[2])}): pass"
for process in [subprocess.Popen([sys.executable, "-c", loop]) for _ in range(int(sys.argv[2]))]:
    process.wait()
"""


def processes(
    folder: Path, *, count: int, jobs: Sequence[int], rounds: int = 1, loop: int = 400_000_000
) -> Iterator[Figure]:
    """Yield wall and CPU seconds of the same mixed class with 1, 2, … processes, in turn with plain loops of as many.

    Loops share nothing: how much faster two of them are is what this machine can give at that moment.
    """
    kinds = write_class(folder / "in", mixed_class(count))

    def graded(number: int) -> Cost:
        shutil.rmtree(folder / "out", ignore_errors=True)
        return grade(folder / "in", folder / "out", kinds, jobs=number)

    works: dict[str, Callable[[], Cost]] = {}
    for number in jobs:
        works[f"{number}"] = partial(graded, number)
        works[f"loops {number}"] = partial(cost_of, [sys.executable, "-c", _LOOPS, str(loop), str(number)])
    given = in_turn(works, rounds=rounds)
    wall = {name: [cost.wall_s for cost in costs] for name, costs in given.items()}
    for number in jobs:
        costs = given[f"{number}"]
        yield Figure("wall", median(wall[f"{number}"]), "s", at=number, note=f"{count} submissions, median of {rounds}")
        yield Figure("CPU", median(cost.cpu_s for cost in costs), "s CPU", at=number)
        yield Figure("largest, trusted processes", max(cost.peak_mib for cost in costs), "MiB", at=number)
        first = median_ratio(wall[f"{jobs[0]}"], wall[f"{number}"])
        yield Figure("as fast as the first, times", first, "", at=number)
        loops = median_ratio(wall[f"loops {jobs[0]}"], wall[f"loops {number}"])
        yield Figure("plain loops: as fast as the first, times", loops, "", at=number)


def sizes(folder: Path, *, counts: Sequence[int]) -> Iterator[Figure]:
    """Yield cost, memory and file sizes of mixed classes of different sizes, then how far from linear they are."""
    cpu, largest = {}, {}
    for count in counts:
        kinds = write_class(folder / "in", mixed_class(count))
        out = folder / "out"
        cost = grade(folder / "in", out, kinds, jobs=PROCESSES_BY_SIZE)
        cpu[count], largest[count] = cost.cpu_s, cost.peak_mib
        yield Figure("wall", cost.wall_s, "s", at=count, note=f"{PROCESSES_BY_SIZE} processes")
        yield Figure("CPU", cost.cpu_s, "s CPU", at=count)
        yield Figure("CPU per submission", cost.cpu_s / count, "s CPU", at=count)
        yield Figure("largest, trusted processes", cost.peak_mib, "MiB", at=count)
        for name in ("index.html", "grades.csv", "run.sqlite"):
            yield Figure(name, (out / name).stat().st_size / 1024, "KiB", at=count)
        pages = write_pages(out)
        yield Figure("time to write the pages", pages.wall_s, "s", at=count)
        yield Figure("memory while writing the pages", pages.peak_mib, "MiB", at=count)
        shutil.rmtree(folder)
    steps = [(cpu[large] - cpu[small]) / (large - small) for small, large in pairwise(counts)]
    if len(steps) > 1:
        note = "1 is linear"
        yield Figure("one more submission, last step over first step, times", steps[-1] / steps[0], "", note=note)
    if len(counts) > 1:
        note = f"{counts[-1]} against {counts[0]} submissions; 1 is flat"
        yield Figure("largest memory, times", largest[counts[-1]] / largest[counts[0]], "", note=note)


def cached(folder: Path, *, count: int) -> Iterator[Figure]:
    """Yield what a submission costs the first time, when nothing has changed, and when one check of six has."""
    course = shutil.copytree(COURSE, folder / "course", ignore=shutil.ignore_patterns("__pycache__"))
    kinds = write_class(folder / "in", mixed_class(count))
    for name in ("first run", "nothing has changed"):
        cost = grade(folder / "in", folder / "out", kinds, course=course)
        yield Figure(f"{name}: per submission", cost.cpu_s / count, "s CPU", note=f"{count} submissions, 1 process")
        yield Figure(f"{name}: wall", cost.wall_s, "s")
    checks = course / "tests" / "assignments" / "mini" / "test_mini.py"
    checks.write_text(edited(checks.read_text(encoding="utf-8"), *_EDITED), encoding="utf-8")
    cost = grade(folder / "in", folder / "out", kinds, course=course)
    yield Figure("one check has changed: per submission", cost.cpu_s / count, "s CPU")
    yield Figure("one check has changed: wall", cost.wall_s, "s")


def cluster(folder: Path, *, count: int, jobs: int) -> Iterator[Figure]:
    """Yield the same mixed class by local processes and by Dask's LocalCluster, or why that can't be measured."""
    reason = why_no_cluster()
    if reason is not None:
        yield Figure("Dask's LocalCluster", None, "", note=f"not measured: {reason}")
        return
    kinds = write_class(folder / "in", mixed_class(count))
    plain = grade(folder / "in", folder / "out-plain", kinds, jobs=jobs)
    dask = grade(folder / "in", folder / "out-dask", kinds, jobs=jobs, options=("--cluster", "local"))
    for name, cost in (("local processes", plain), ("LocalCluster", dask)):
        yield Figure(f"{name}: wall", cost.wall_s, "s", note=f"{count} submissions, {jobs} processes")
        yield Figure(f"{name}: CPU", cost.cpu_s, "s CPU")
    yield Figure("LocalCluster takes, times the wall seconds", dask.wall_s / plain.wall_s, "")
