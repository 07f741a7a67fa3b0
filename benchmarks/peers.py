"""Compare with otter-grader and nbgrader: the same three tasks, the same class, the same machine, in one run.

`peer_tools.py` drives them. Every grade is checked before its cost counts, so a broken set-up can't look fast.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from figures import Figure
from grading import FULL, WrongGrades, grade
from peer_notebook import POINTS
from peer_tools import (
    NBGRADER,
    OTTER,
    Graded,
    Nbgrader,
    Otter,
    cold_start,
    nbgrader_environment,
    otter_environment,
)
from processor_time import Cost
from synthetic import Kind, course_with_limit, perfect_class, write_class

OURS, WITH_FEEDBACK = "torchgrade", f"{NBGRADER} with feedback"
PEERS = (OTTER, NBGRADER, WITH_FEEDBACK)
PERFECT = "perfect"
MORE = "one more perfect submission"


@dataclass(frozen=True)
class Classes:
    """Hold how many submissions are graded, how many of them never end, and the seconds each tool gives a loop."""

    count: int
    ours: int
    limit_s: int

    @property
    def loops(self) -> int:
        """Return how many are 5 % of the class, at least one."""
        return max(1, round(self.count / 20))

    @property
    def looping(self) -> str:
        """Return the name of the class with loops."""
        return f"{100 * self.loops / self.count:.3g} % infinite loops"


def peers(folder: Path, classes: Classes) -> Iterator[Figure]:
    """Yield each tool's cost per submission, the floor of those that start processes, and the ratios."""
    cpu: dict[tuple[str, str], float] = {}
    for tool, name, graded, count in _all_runs(folder, classes):
        if isinstance(graded, Graded):
            _verify(tool, graded, name == PERFECT)
        note = f"{count} submissions"
        if isinstance(graded, Graded) and name == classes.looping:
            note += f"; {_what_happened(graded, classes.loops)}"
        cpu[tool, name] = graded.cpu_s / count
        yield Figure(f"{tool}, {name}: CPU per submission", graded.cpu_s / count, "s CPU", note=note)
        yield Figure(f"{tool}, {name}: wall per submission", graded.wall_s / count, "s")
    yield from _floor(folder)
    yield from _ratios(cpu, classes)


def _all_runs(folder: Path, classes: Classes) -> Iterator[tuple[str, str, Cost | Graded, int]]:
    """Yield (tool, class, what it cost, how many submissions that is for), each tool warmed up by one submission."""
    yield from _our_runs(folder / "ours", classes)
    mixed = {PERFECT: perfect_class(classes.count), classes.looping: perfect_class(classes.count, loops=classes.loops)}
    otter = Otter(folder / "otter", limit_s=classes.limit_s)
    otter.grade([Kind.PERFECT])
    for name, kinds in mixed.items():
        yield OTTER, name, otter.grade(kinds), classes.count
    single, single_with_pages = Nbgrader(folder / "nbgrader", limit_s=classes.limit_s).grade([Kind.PERFECT])
    for number, (name, kinds) in enumerate(mixed.items()):
        course = folder / f"nbgrader-{number}"  # a class is graded once, in a course of its own
        without, with_pages = Nbgrader(course, limit_s=classes.limit_s).grade(kinds)
        yield NBGRADER, name, without, classes.count
        yield WITH_FEEDBACK, name, with_pages, classes.count
        if name == PERFECT and classes.count > 1:
            yield NBGRADER, MORE, _difference(without, single), classes.count - 1
            yield WITH_FEEDBACK, MORE, _difference(with_pages, single_with_pages), classes.count - 1


def _our_runs(folder: Path, classes: Classes) -> Iterator[tuple[str, str, Cost | Graded, int]]:
    course = course_with_limit(folder / "course", limit_s=classes.limit_s)

    def run(name: str, kinds: Sequence[Kind]) -> Cost:
        written = write_class(folder / name, kinds)
        return grade(folder / name, folder / f"out-{name}", written, course=course)

    run("warm-up", perfect_class(1))
    single = run("one", perfect_class(1))
    yield OURS, PERFECT, run("perfect", perfect_class(classes.count)), classes.count
    many = run("many", perfect_class(classes.ours))
    yield OURS, f"{PERFECT}, a larger class", many, classes.ours
    yield OURS, MORE, _difference(many, single), classes.ours - 1
    yield OURS, classes.looping, run("loops", perfect_class(classes.count, loops=classes.loops)), classes.count


def _difference(large: Cost | Graded, small: Cost | Graded) -> Graded:
    return Graded(large.wall_s - small.wall_s, large.cpu_s - small.cpu_s, ())


def _verify(tool: str, graded: Graded, all_perfect: bool) -> None:
    """Raise WrongGrades where a submission that is perfect has not all points, or a loop has."""
    assert POINTS == FULL
    wrong = [points for points in graded.points if points != FULL]
    if all_perfect and wrong:
        raise WrongGrades(
            f"{tool} gave perfect submissions {wrong} of {FULL:g} points; on a busy machine `import torch` may take "
            "longer than the limit: give more seconds with --limit"
        )


def _what_happened(graded: Graded, loops: int) -> str:
    """Say what became of the submissions that never end, after making sure of the others. Raises WrongGrades."""
    if any(points != FULL for points in graded.points[:-loops]) or FULL in graded.points[-loops:]:
        raise WrongGrades(f"points {graded.points} for perfect submissions and, at the end, {loops} infinite loops")
    counted = Counter("no result" if points is None else f"{points:g} points" for points in graded.points[-loops:])
    ends = ", ".join(f"{number} × {what}" for what, number in counted.items())
    return "; ".join([f"loops got: {ends}", *graded.notes])


def _floor(folder: Path) -> Iterator[Figure]:
    """Yield what the processes cost that a notebook grader starts for a submission, before they do anything."""
    otter, nbgrader = otter_environment(), nbgrader_environment()
    bare = cold_start(nbgrader, folder / "home", "torch").cpu_s
    kernel = cold_start(nbgrader, folder / "home", "ipykernel.kernelapp, torch").cpu_s
    tool = cold_start(otter, folder / "home", "otter.run").cpu_s
    with_torch = cold_start(otter, folder / "home", "ipykernel.kernelapp, otter, torch").cpu_s
    yield Figure("floor: one process that imports torch", bare, "s CPU")
    yield Figure("floor of nbgrader: a kernel that imports torch", kernel, "s CPU", note="per submission")
    note = "per submission: the tool's process, and a kernel that imports otter and torch"
    yield Figure("floor of otter: two processes", tool + with_torch, "s CPU", note=note)


def _ratios(cpu: dict[tuple[str, str], float], classes: Classes) -> Iterator[Figure]:
    """Yield how many times cheaper we are than the better peer, with and without its feedback pages."""
    for tool in (NBGRADER, WITH_FEEDBACK):
        better = min((OTTER, tool), key=lambda one: cpu[one, PERFECT])
        against = f"than the better peer, {better}"
        ratio = cpu[better, PERFECT] / cpu[OURS, PERFECT]
        yield Figure(f"cheaper {against}: perfect, all told", ratio, "times", note=f"{classes.count} submissions each")
        more = cpu.get((better, MORE), cpu[better, PERFECT])
        yield Figure(f"cheaper {against}: {MORE}", more / cpu[OURS, MORE], "times")
        ratio = cpu[better, classes.looping] / cpu[OURS, classes.looping]
        yield Figure(f"cheaper {against}: {classes.looping}", ratio, "times")
