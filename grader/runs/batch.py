"""Grade a batch of submissions: what is not graded yet, each result stored as it comes beside what earlier runs left.

`grader.runs.plan` says what there is to do and an executor (`grader.runs.executor`) does it; `grader.commands.grade`
shows it.
"""

import hashlib
import importlib.metadata
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType

from grader.courses.personal import NOBODY, Personal
from grader.grading.job import Job, Order
from grader.grading.keys import key_of
from grader.grading.points import put_together
from grader.results.earned import is_ungraded
from grader.results.results_file import RunInfo
from grader.results.store import Store
from grader.results.verdict import Status, SubmissionResult, TaskResult
from grader.runs.asked_again import ask_again
from grader.runs.executor import Executor, FinishedJob, Watched
from grader.runs.logs import log_finished_job
from grader.runs.plan import Plan, make_plan
from grader.runs.progress import RunProgress, Snapshot
from grader.runs.progress_file import kept_up
from grader.submissions.submission import Found

Watch = Callable[[Plan, Callable[[], Snapshot]], AbstractContextManager[Callable[[SubmissionResult], None]]]
"""Show a run: called with its plan and what tells how far it is; the context, open while jobs are graded, is called
with each result that was stored."""


@contextmanager
def unwatched(_plan: Plan, _snapshot: Callable[[], Snapshot]) -> Iterator[Callable[[SubmissionResult], None]]:
    """Watch a run without showing anything."""
    yield lambda _result: None


def grade_submissions(
    order: Order,
    found: Sequence[Found],
    store: Store,
    executor: Executor,
    *,
    digests: Mapping[str, str],
    fresh: bool = False,
    is_whole: bool = True,
    watch: Watch = unwatched,
    personal: Mapping[str, Personal] = MappingProxyType({}),
) -> int:
    """Grade what has no valid result in the store yet, and store each result at once; `fresh` grades everything again.

    `digests` are those of the order's tasks (`grader.grading.keys.digests_of`), `personal` as in `make_plan`.
    Logs and `progress.json` are written beside the store. Where `found` is the whole class (`is_whole`), what is stored
    of others is marked as gone. Returns how many submissions were graded with other checks, versions or data than this
    process sees. What timed out while the machine was crowded is asked again at the end, alone and with
    more time by the clock. Stopped at any time,
    the same call goes on where it was. Raises what the executor raises.
    """
    plan = make_plan(store, order, found, digests=digests, fresh=fresh, is_whole=is_whole, personal=personal)
    writer, steps = ResultWriter(store, order, plan), plan.steps()
    progress = RunProgress(steps, submissions=len(plan.submissions), reused=len(plan.submissions) - len(plan.left))
    if isinstance(executor, Watched):
        executor.watch(progress.at)
    crowded: list[Job] = []
    with watch(plan, progress.snapshot) as show:

        def keep(finished: FinishedJob, *, is_told: bool = True) -> None:
            if (again := ask_again(finished.job, finished.result)) is not None:
                crowded.append(again)
            result = writer.keep(finished)
            log_finished_job(store.folder, finished)
            progress.finished(finished, result)
            if is_told:
                show(result)

        if steps:
            written = kept_up(
                store.folder,
                progress.snapshot,
                assignment=order.assignment.slug,
                dashboard=lambda: str(getattr(executor, "dashboard", "")),
            )
            with written:
                executor.grade(order, [step.job for step in steps], report=keep)
                if crowded:  # what times out alone counts
                    executor.grade(order, tuple(crowded), report=partial(keep, is_told=False), alone=True)
    return writer.differing


def run_info(order: Order, digests: Mapping[str, str] = MappingProxyType({})) -> RunInfo:
    """Describe a new run, without importing torch; `digests` are those of its tasks, none if nothing resumes it."""
    return RunInfo(
        assignment=order.assignment.slug,
        title=order.assignment.title,
        course_digest=_course_digest(order, digests),
        grader_version=importlib.metadata.version("torchgrade"),
        torch_version=importlib.metadata.version("torch"),
        wall=order.wall,
        started=_now(),
        key=secrets.token_hex(16),
    )


def _course_digest(order: Order, digests: Mapping[str, str]) -> str:
    """Return a digest of all that decides a grade beside the submission: checks, probes, assets, support files, us."""
    chosen = sorted(filter(order.includes, digests))
    return hashlib.sha256("\n".join(f"{name} {digests[name]}" for name in chosen).encode()).hexdigest()


class ResultWriter:
    """Store each answer of a run as it comes, together with those tasks of its submission that are still valid."""

    def __init__(self, store: Store, order: Order, plan: Plan) -> None:
        self._store = store
        self._assignment = order.assignment
        self._plan = plan
        self._origins = {planned.found.name: planned.origin for planned in plan.submissions}
        self._personal = {planned.found.name: planned.personal for planned in plan.submissions}
        self._own: dict[str, dict[str, str]] = {}  # by submission and task: the content that this run graded
        self._differing: set[str] = set()

    @property
    def differing(self) -> int:
        """Return how many submissions were graded with other checks, data or versions than this process has."""
        return len(self._differing)

    def keep(self, finished: FinishedJob) -> SubmissionResult:
        """Store an answer and return the whole result of its submission."""
        result, digest = finished.result, finished.digest
        if not is_ungraded(result):
            result, digest = self._whole(finished)
        result = replace(result, origin=self._origins.get(result.submission, result.origin))
        self._store.save(result, digest=digest)
        return result

    def _whole(self, finished: FinishedJob) -> tuple[SubmissionResult, str]:
        """Return an answer's result with the tasks that it is not about, and the digest of what was graded."""
        result, ran = finished.result, self._plan.chosen if finished.job.tasks is None else finished.job.tasks
        has_failed = result.status is Status.NOT_GRADED and not any(task.checks for task in result.tasks)
        stored = self._store.result(result.submission)
        digest = finished.digest or (stored[1] if stored is not None else "")
        kept = [] if stored is None else self._kept(stored[0], ran, digest)
        if has_failed and not kept:
            return result, finished.digest
        now = _now()
        fresh = replace(result, tasks=tuple(replace(task, graded=now) for task in result.tasks))
        self._own.setdefault(result.submission, {}).update({task.name: digest for task in fresh.tasks if task.checks})
        if any(task.key != self._wanted(result.submission, task.name, digest) for task in fresh.tasks if task.key):
            self._differing.add(result.submission)
        missing = [name for name in self._plan.chosen if has_failed or name not in ran]
        return put_together(fresh, self._assignment, kept=kept, wanted=missing), digest

    def _kept(self, stored: SubmissionResult, ran: Sequence[str], digest: str) -> list[TaskResult]:
        """Return the stored tasks of this content that are still valid, or that this very run has graded."""
        own = self._own.get(stored.submission, {})
        others = [task for task in stored.tasks if task.name not in ran]
        return [
            task
            for task in others
            if own.get(task.name) == digest
            or (task.key and task.key == self._wanted(stored.submission, task.name, digest))
        ]

    def _wanted(self, submission: str, task: str, digest: str) -> str:
        task_digest, personal = self._plan.digests.get(task, ""), self._personal.get(submission, NOBODY)
        return key_of(task_digest, submission=digest, personal=personal) if task_digest else ""


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
