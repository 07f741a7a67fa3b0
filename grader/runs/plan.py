"""The plan of a run: which tasks of which submissions have to be graded, and in which order.

`grader.runs.batch` carries it out with an executor; a stored result is taken where its key says that nothing has
changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from types import MappingProxyType

from grader.courses.assignment import Assignment
from grader.courses.check_sources import read_check_sources
from grader.courses.deadline import Deadline
from grader.courses.personal import NOBODY, Personal
from grader.grading.job import Job, Order
from grader.grading.keys import key_of
from grader.grading.points import put_together
from grader.results.store import Store
from grader.results.verdict import NO_ORIGIN, Origin, Status, SubmissionResult, TaskResult
from grader.submissions.clocks import hand_in_time
from grader.submissions.submission import Found, Submission, read_submission


@dataclass(frozen=True, slots=True)
class Read:
    """Say what a submission holds now: its digest, the notes on its intake, its size in bytes, its last change."""

    digest: str
    notes: tuple[str, ...]
    size: int
    written: float = 0.0


@dataclass(slots=True)
class Earlier:
    """Hold what earlier runs left of a submission: its final tasks that are still valid, and how long each task took.

    `beside_s` is the time that was spent outside of checks: importing, forking, reading.
    """

    final: frozenset[str] = frozenset()
    seconds: Mapping[str, float] = field(default_factory=dict)
    beside_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Planned:
    """Name a submission, the tasks that have to be graded (none where all have their result), and what is known of it.

    `size` is in bytes, or 0 if it can't be read.
    """

    found: Found
    tasks: tuple[str, ...]
    size: int
    earlier: Earlier
    origin: Origin = NO_ORIGIN
    personal: Personal = NOBODY

    def expected_s(self, tasks: Sequence[str]) -> float | None:
        """Return how long these tasks took the last time, or None if that is not known for all of them."""
        if any(name not in self.earlier.seconds for name in tasks):
            return None
        return self.earlier.beside_s + sum(self.earlier.seconds[name] for name in tasks)


@dataclass(frozen=True, slots=True)
class Step:
    """Hold a job of the plan and how long it took the last time, or None if that is not known."""

    job: Job
    expected_s: float | None
    size: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Hold what there is to do for each submission; `chosen` are the tasks of the run, in the assignment's order.

    `later` are those that train: they are graded after all others.
    """

    submissions: tuple[Planned, ...]
    chosen: tuple[str, ...]
    digests: Mapping[str, str]
    later: frozenset[str] = frozenset()

    @property
    def left(self) -> tuple[Planned, ...]:
        """Return the submissions that have something left to grade."""
        return tuple(planned for planned in self.submissions if planned.tasks)

    @property
    def partly_left(self) -> tuple[Planned, ...]:
        """Return the submissions that need only some of their tasks graded."""
        return tuple(planned for planned in self.left if set(planned.tasks) != set(self.chosen))

    def steps(self) -> list[Step]:
        """Return the jobs: first all quick ones, then those that train, each longest expected first.

        Those whose time is not known stand in the middle, larger submissions first.
        """
        quick: list[Step] = []
        training: list[Step] = []
        for planned in self.left:
            later = self.later if planned.size else ()  # what can't be read needs no second look
            rounds = ((quick, False), (training, True))
            for steps, is_later in rounds:
                tasks = tuple(name for name in planned.tasks if (name in later) is is_later)
                if tasks:
                    steps.append(self._step(planned, tasks))
        return [*_longest_first(quick), *_longest_first(training)]

    def _step(self, planned: Planned, tasks: tuple[str, ...]) -> Step:
        job = Job(planned.found, None if tasks == self.chosen else tasks, personal=planned.personal)
        return Step(job, planned.expected_s(tasks), planned.size)


def _longest_first(steps: Sequence[Step]) -> list[Step]:
    known = [step.expected_s for step in steps if step.expected_s is not None]
    middle = median(known) if known else 0.0
    return sorted(steps, key=lambda step: (-(middle if step.expected_s is None else step.expected_s), -step.size))


def make_plan(
    store: Store,
    order: Order,
    founds: Sequence[Found],
    *,
    digests: Mapping[str, str],
    fresh: bool = False,
    is_whole: bool = True,
    personal: Mapping[str, Personal] = MappingProxyType({}),
) -> Plan:
    """Compare what is stored with what is wanted now, and drop from the store what is no longer valid.

    What stays is marked as reused. `fresh` drops every result but remembers how long each took.
    Where `founds` are the whole class, stored submissions that are not among them are marked as gone. `personal` says,
    by name, for whom checks draw data of each student's own.
    """
    assignment = order.assignment
    chosen = _chosen(order)
    reads = {found.name: _read(found, assignment) for found in founds}
    deadline = assignment.deadline
    origins = {found.name: _origin(found, reads[found.name], deadline) for found in founds}
    earlier: dict[str, Earlier] = {}

    def revise(result: SubmissionResult, digest: str) -> SubmissionResult | None:
        read = reads.get(result.submission)
        is_gone = result.submission in reads and read is None  # it can't be read any more
        own = personal.get(result.submission, NOBODY)
        valid = () if fresh or is_gone else _valid(result, digest, read, digests, personal=own)
        earlier[result.submission] = _remember(result, valid)
        if fresh:
            return None
        if result.submission not in reads:
            return replace(result, status=Status.GONE) if is_whole and result.status is not Status.GONE else result
        kept = _kept(result, valid, assignment=assignment, wanted=chosen)
        origin = origins[result.submission]
        return kept if kept is None or kept.origin == origin else replace(kept, origin=origin)

    store.revise(revise)
    planned = (
        replace(
            _planned(found, reads[found.name], earlier.get(found.name), chosen=chosen, origin=origins[found.name]),
            personal=personal.get(found.name, NOBODY),
        )
        for found in founds
    )
    return Plan(tuple(planned), chosen, digests, later=_later(order))


def _chosen(order: Order) -> tuple[str, ...]:
    """Return the tasks to grade, in the assignment's order, without those that are known to have no checks."""
    sources = read_check_sources(order.assignment)
    checked = {check.task for check in sources.checks}
    names = [task.name for task in order.graded.tasks]
    return tuple(name for name in names if name in checked or not sources.is_certain)


def _later(order: Order) -> frozenset[str]:
    """Return the tasks that are graded in a second round: those that train, unless each round would run notebooks."""
    if order.executed is not None:
        return frozenset()
    return frozenset(task.name for task in order.assignment.tasks if task.long)


def _read(found: Found, assignment: Assignment) -> Read | None:
    """Return what a submission holds, None where it can't be read: why is said when it is graded."""
    try:
        submission: Submission = read_submission(found, assignment)
    except Exception:  # nothing about one submission may end the run
        return None
    size = sum(map(len, submission.files.values()))
    return Read(submission.digest, submission.notes, size, submission.written)


def _origin(found: Found, read: Read | None, deadline: Deadline | None) -> Origin:
    origin = found.origin if read is None else replace(found.origin, written=read.written, content=read.digest)
    if deadline is None:
        return origin
    time = hand_in_time(found, written=origin.written, zone=deadline.due.tzinfo)
    return replace(origin, handed_in=time.seconds, clock=time.clock, attempt_of=found.attempt_of)


def _valid(
    result: SubmissionResult, digest: str, read: Read | None, digests: Mapping[str, str], *, personal: Personal
) -> tuple[TaskResult, ...]:
    """Return the tasks of a stored result that would be graded by the same checks, on the same content."""
    if read is not None and (read.digest != digest or result.notes[: len(read.notes)] != read.notes):
        return ()
    wanted = {name: key_of(one, submission=digest, personal=personal) for name, one in digests.items()}
    return tuple(task for task in result.tasks if task.key and task.key == wanted.get(task.name))


def _remember(result: SubmissionResult, valid: Sequence[TaskResult]) -> Earlier:
    seconds = {task.name: sum(check.seconds for check in task.checks) for task in result.tasks if task.checks}
    return Earlier(
        final=frozenset(task.name for task in valid if task.is_final),
        seconds=seconds,
        beside_s=max(0.0, result.seconds - sum(seconds.values())),
    )


def _kept(
    result: SubmissionResult, valid: Sequence[TaskResult], *, assignment: Assignment, wanted: Sequence[str]
) -> SubmissionResult | None:
    """Return what stays in the store of a result, marked as reused, or None if nothing of it is valid."""
    if not any(task.checks for task in result.tasks):
        return result  # unreadable, or the grader failed: it says why until it is graded again
    if not valid:
        return None
    dropped = [task for task in result.tasks if task not in valid]
    base = replace(
        result,
        tasks=tuple(replace(task, reused=True) for task in valid),
        seconds=max(0.0, result.seconds - sum(check.seconds for task in dropped for check in task.checks)),
    )
    kept = put_together(base, assignment, kept=(), wanted=wanted)
    return result if kept == result else kept


def _planned(
    found: Found, read: Read | None, earlier: Earlier | None, *, chosen: Sequence[str], origin: Origin
) -> Planned:
    earlier = earlier or Earlier()
    tasks = tuple(name for name in chosen if read is None or name not in earlier.final)
    return Planned(found, tasks, read.size if read is not None else 0, earlier, origin)
