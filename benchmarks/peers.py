"""Compare with otter-grader and nbgrader: the same three tasks, the same class, the same machine, in one run.

`peer_tools.py` drives them. Every grade is checked before its cost counts, so a broken set-up can't look fast.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from alternation import median_ratio
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


def peers(folder: Path, classes: Classes, *, rounds: int = 1) -> Iterator[Figure]:
    """Yield each tool's cost per submission, the floor of those that start processes, and the ratios.

    In each round a class is graded by one tool after the other; the medians of costs and of ratios are told.
    """
    cpu: dict[tuple[str, str], list[float]] = {}
    wall: dict[tuple[str, str], list[float]] = {}
    notes: dict[tuple[str, str], str] = {}
    tools = _Tools(folder, classes)
    for number in range(rounds):
        for tool, name, graded, count in tools.round(number):
            notes[tool, name] = f"{count} submissions, median of {rounds}"
            if isinstance(graded, Graded):
                _verify(tool, graded, name == PERFECT)
                if name == classes.looping:
                    notes[tool, name] += f"; {_what_happened(graded, classes.loops)}"
            cpu.setdefault((tool, name), []).append(graded.cpu_s / count)
            wall.setdefault((tool, name), []).append(graded.wall_s / count)
    for (tool, name), note in notes.items():
        yield Figure(f"{tool}, {name}: CPU per submission", median(cpu[tool, name]), "s CPU", note=note)
        yield Figure(f"{tool}, {name}: wall per submission", median(wall[tool, name]), "s")
    yield from _floor(folder)
    yield from _ratios(cpu, classes)


class _Tools:
    """Hold the three tools, each warmed up by one submission."""

    def __init__(self, folder: Path, classes: Classes) -> None:
        self._folder = folder
        self._classes = classes
        self._course = course_with_limit(folder / "course", limit_s=classes.limit_s)
        self._ours("warm-up", perfect_class(1))
        self._otter = Otter(folder / "otter", limit_s=classes.limit_s)
        self._otter.grade([Kind.PERFECT])

    def round(self, number: int) -> Iterator[tuple[str, str, Cost | Graded, int]]:
        """Yield (tool, class, what it cost, how many submissions that is for), tool after tool for each class."""
        classes, place = self._classes, f"{number}"
        single = self._ours(f"one-{place}", perfect_class(1))
        alone, alone_with_pages = self._nbgrader(f"one-{place}", [Kind.PERFECT])
        for name in (PERFECT, classes.looping):
            kinds = perfect_class(classes.count, loops=classes.loops if name == classes.looping else 0)
            label = f"{'loops' if name == classes.looping else 'perfect'}-{place}"
            yield OURS, name, self._ours(label, kinds), classes.count
            yield OTTER, name, self._otter.grade(kinds), classes.count
            without, with_pages = self._nbgrader(label, kinds)
            yield NBGRADER, name, without, classes.count
            yield WITH_FEEDBACK, name, with_pages, classes.count
            if name == PERFECT and classes.count > 1:
                yield NBGRADER, MORE, _difference(without, alone), classes.count - 1
                yield WITH_FEEDBACK, MORE, _difference(with_pages, alone_with_pages), classes.count - 1
                many = self._ours(f"many-{place}", perfect_class(classes.ours))
                yield OURS, f"{PERFECT}, a larger class", many, classes.ours
                yield OURS, MORE, _difference(many, single), classes.ours - 1

    def _ours(self, name: str, kinds: Sequence[Kind]) -> Cost:
        place = self._folder / "ours" / name
        return grade(place, place.with_name(f"out-{name}"), write_class(place, kinds), course=self._course)

    def _nbgrader(self, name: str, kinds: Sequence[Kind]) -> tuple[Graded, Graded]:
        """Grade a class in a course of its own, since it is graded once."""
        return Nbgrader(self._folder / f"nbgrader-{name}", limit_s=self._classes.limit_s).grade(kinds)


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


def _ratios(cpu: Mapping[tuple[str, str], Sequence[float]], classes: Classes) -> Iterator[Figure]:
    """Yield how many times cheaper we are than the better peer, with and without its feedback pages."""
    for tool in (NBGRADER, WITH_FEEDBACK):
        better = min((OTTER, tool), key=lambda one: median(cpu[one, PERFECT]))
        against = f"than the better peer, {better}"
        ratio = median_ratio(cpu[better, PERFECT], cpu[OURS, PERFECT])
        yield Figure(f"cheaper {against}: perfect, all told", ratio, "times", note=f"{classes.count} submissions each")
        more = cpu.get((better, MORE), cpu[better, PERFECT])
        yield Figure(f"cheaper {against}: {MORE}", median_ratio(more, cpu[OURS, MORE]), "times")
        ratio = median_ratio(cpu[better, classes.looping], cpu[OURS, classes.looping])
        yield Figure(f"cheaper {against}: {classes.looping}", ratio, "times")
