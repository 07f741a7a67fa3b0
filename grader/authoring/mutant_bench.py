"""Grade stubs and mutants of solution regions, each with the checks that read its region, as far as not known yet.

`grader.authoring.mutant_audit` asks; `grader.authoring.audit_trials` has them graded like submissions.
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from grader.authoring.audit_progress import AuditProgress
from grader.authoring.audit_trials import AuditedAssignment, Outcome, Trial, TrialSettings, grade_trials
from grader.authoring.known_outcomes import KnownOutcomes
from grader.authoring.mutants import Mutant, SolutionRegion, stub_region
from grader.authoring.regions import cut_regions
from grader.courses.assignment import tasks_below
from grader.grading.keys import task_digests
from grader.results.verdict import Verdict

_UNREADABLE = "the submission can't be read"


@dataclass(frozen=True, slots=True)
class Reader:
    """Hold the task that answers for a region, and the checks that fail while the region is a stub."""

    task: str
    checks: tuple[str, ...]


class MutantBench:
    """Grade what is not known yet, and remember it."""

    def __init__(
        self, audited: AuditedAssignment, settings: TrialSettings, progress: AuditProgress, known: KnownOutcomes
    ) -> None:
        self._audited, self._settings, self._progress, self._known = audited, settings, progress, known
        self._digests = task_digests(audited.assignment, wall="process")
        self._frame = _digest(
            {
                path: cut_regions(content.decode(), name=path) if path.endswith(".py") else _digest(content.hex())
                for path, content in audited.reference.items()
            }
        )

    def find_readers(self, regions: Sequence[SolutionRegion], *, quick: bool) -> dict[SolutionRegion, Reader]:
        """Return who reads each region: the checks that fail on its stub.

        Long tasks are asked where no other does, and not for regions that are declared as unchecked.
        """
        long = self._audited.long_tasks
        checks = self._audited.checks.values()
        readers = self._readers_among(regions, [check.name for check in checks if check.task not in long])
        long_ones = [check.name for check in checks if check.task in long]
        if long_ones and not quick:
            declared = self._audited.assignment.unchecked
            others = [one for one in regions if one not in readers and one.instruction not in declared]
            readers |= self._readers_among(others, long_ones)
        return readers

    def grade_mutants(
        self, mutants: Sequence[Mutant], readers: Mapping[SolutionRegion, Reader]
    ) -> dict[str, tuple[str, ...]]:
        """Return which checks failed on each mutant, by its name."""
        return self._grade_with({one: readers[one.region].checks for one in mutants})

    def grade_again(
        self, mutants: Sequence[Mutant], readers: Mapping[SolutionRegion, Reader], *, quick: bool
    ) -> dict[str, tuple[str, ...]]:
        """Return which of all other checks failed on mutants that the readers of their regions passed, by name."""
        long = self._audited.long_tasks if quick else ()
        names = [name for name, check in self._audited.checks.items() if check.task not in long]
        others = {one: tuple(name for name in names if name not in readers[one.region].checks) for one in mutants}
        return self._grade_with({one: checks for one, checks in others.items() if checks})

    def _grade_with(self, checks_of: Mapping[Mutant, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        reference, trials, keys = self._audited.reference, [], {}
        for one, checks in checks_of.items():
            trials.append(Trial(one.name, "", {**reference, one.region.file: one.content}, checks))
            keys[one.name] = self._key(one.region, f"{one.line - one.region.first}: {one.new}", checks)
        return self._grade(trials, keys)

    def _readers_among(self, regions: Sequence[SolutionRegion], checks: Sequence[str]) -> dict[SolutionRegion, Reader]:
        files = {region: stub_region(self._audited.reference, region) for region in regions}
        trials = [Trial(region.name, "", files[region], tuple(checks)) for region in regions]
        failures = self._grade(trials, {region.name: self._key(region, "", checks) for region in regions})
        readers = {region: self._reader(failures[region.name]) for region in regions}
        return {region: reader for region, reader in readers.items() if reader is not None}

    def _reader(self, failed: Collection[str]) -> Reader | None:
        """Return who answers for a region: of the tasks that fail without it those that build on no other of them."""
        tasks = self._audited.assignment.tasks
        checks = [check for name, check in self._audited.checks.items() if name in failed or _UNREADABLE in failed]
        reading = {check.task for check in checks}
        first = {
            task.name
            for task in tasks
            if task.name in reading and reading.isdisjoint(one.name for one in tasks_below(task, tasks))
        }
        kept = [check for check in checks if check.task in first]
        if not kept:
            return None
        counts = {name: sum(check.task == name for check in kept) for name in sorted(first)}
        return Reader(max(counts, key=lambda name: counts[name]), tuple(check.name for check in kept))

    def _grade(self, trials: Sequence[Trial], keys: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
        failures: dict[str, tuple[str, ...]] = {}
        new = []
        for trial in trials:
            known = self._known.recall(keys[trial.subject])
            if known is None:
                new.append(trial)
            else:
                failures[trial.subject] = known

        def keep(subject: str, outcome: Outcome) -> None:
            failures[subject] = _failed_in(outcome)
            self._known.remember(keys[subject], failures[subject])

        with self._progress(total=len(new)) as advance:
            grade_trials(new, self._audited, settings=self._settings, advance=advance, keep_outcome=keep)
        return failures

    def _key(self, region: SolutionRegion, change: str, checks: Sequence[str]) -> str:
        tasks = sorted({self._audited.checks[name].task for name in checks})
        source = region.source.decode("utf-8", "replace")
        return _digest([self._frame, region.file, region.place, source, change, sorted(checks), *map(self._of, tasks)])

    def _of(self, task: str) -> str:
        return self._digests[task]


def _failed_in(outcome: Outcome) -> tuple[str, ...]:
    if outcome.problem:
        return (_UNREADABLE,)
    fine = (Verdict.PASSED, Verdict.NOT_GRADED)
    return tuple(name for name, one in outcome.results.items() if one.verdict not in fine and not one.unrun)


def _digest(parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
