"""One check while it runs: what it was told, what it drew, why it was skipped, and the result that comes of it.

`grader.grading.plugin` makes one for each check; `grader.grading.fixtures` hands its parts to the check.
"""

import math
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from grader.compare.stretch import Stretch
from grader.courses.assignment import Assignment
from grader.courses.checks import Check
from grader.grading.crediting import Crediting
from grader.grading.curves import Curves
from grader.grading.following import as_follower
from grader.grading.judging import has_stumbled, judge
from grader.grading.session import Conversation, Subject
from grader.grading.stumbles import stumble_of
from grader.results.credit import Credit
from grader.results.verdict import CheckResult, Feedback, Verdict

ASSIGNMENT = pytest.StashKey[Assignment]()
SUBJECT = pytest.StashKey[Subject]()
CHECK_RUN = pytest.StashKey["CheckRun"]()


@dataclass(slots=True)
class CheckRun:
    """What is known of a check from its set-up to its result.

    Attributes:
        check: its declaration.
        talk: its conversation with the submission.
        curves: what the fixture `curve` drew.
        crediting: what the fixture `credit` was given.
        data: which data set was loaded, as a sentence; empty if none.
        unrun: it was skipped for a reason of this machine or of an unjudged check, not of the submission.
        skip_counts: it was skipped and costs its points all the same.
        because: the name of the check that it was skipped for.
        failed: the failed check before it that it may follow from.
        heard: how much of its tolerance it has used up.
        started: when it began, in seconds of the monotonic clock.
    """

    check: Check
    talk: Conversation
    curves: Curves
    crediting: Crediting
    data: str = ""
    unrun: bool = False
    skip_counts: bool = False
    because: str = ""
    failed: CheckResult | None = None
    heard: Stretch = field(default_factory=Stretch)
    started: float = field(default_factory=time.monotonic)

    @classmethod
    def begin(cls, check: Check, assignment: Assignment, subject: Subject) -> "CheckRun":
        """Start the conversation of a check with the submission that is graded."""
        task = next(task for task in assignment.tasks if task.name == check.task)
        curves = Curves()
        return cls(check, Conversation(subject, check), curves, Crediting(check, task, curves))

    def result(self, call: pytest.CallInfo[None], *, folder: Path, subject: Subject) -> CheckResult:
        """Return what came of it; what it stumbled over in an odd reply is kept in `subject`.

        Args:
            call: how pytest's phase ended.
            folder: where the check's file lies.
            subject: the submission that is graded.
        """
        talk, error = self.talk, call.excinfo.value if call.excinfo is not None else None
        verdict, feedback = judge(
            call.excinfo, left_blank=talk.left_blank, folder=folder, outputs=talk.outputs, forbidden=talk.forbidden
        )
        if error is not None and talk.outputs is not None and has_stumbled(error):
            stumble = stumble_of(error, talk.outputs, left_blank=talk.left_blank, folder=folder)
            subject.stumbled[self.check.name] = stumble
        credit = self.crediting.credit if verdict is Verdict.PASSED else None
        if credit is not None:
            verdict = Verdict.WRONG if credit.part < 1 - 1e-9 else verdict
            credit = replace(credit, cpu_s=round(talk.cpu_s, 2))
        result = self._result(verdict, feedback, credit)
        return result if self.failed is None else as_follower(result, self.failed)

    def _result(self, verdict: Verdict, feedback: Feedback, credit: Credit | None) -> CheckResult:
        check, talk = self.check, self.talk
        hint = check.hint if verdict in (Verdict.WRONG, Verdict.NOT_IMPLEMENTED, Verdict.CRASHED) else ""
        skipped_for_free = verdict is Verdict.SKIPPED and not self.skip_counts
        return CheckResult(
            name=check.name,
            title=check.title,
            task=check.task,
            verdict=verdict,
            weight=check.weight,
            hidden=check.hidden,
            counted=verdict is not Verdict.NOT_GRADED and not skipped_for_free and not check.advice,
            advice=check.advice,
            grounds=check.grounds,
            unrun=verdict is Verdict.SKIPPED and self.unrun,
            seconds=time.monotonic() - self.started,
            feedback=Feedback(
                message=" ".join(filter(None, (feedback.message, self.data))),
                hint=hint,
                items=feedback.items,
                traceback=feedback.traceback,
                output=talk.printed,
                matched=feedback.matched,
                curves=self.curves.drawn,
            ),
            because=self.because,
            crowded=verdict is Verdict.TIMED_OUT and talk.was_crowded,
            credit=credit,
            cpu_s=round(talk.cpu_s, 3),
            waited_s=round(talk.waited_s, 3),
            peak_mib=round(talk.peak_mib, 1),
            stretch=_told(self.heard),
        )


def _told(heard: Stretch) -> float | None:
    """Return a stretch with four digits, None where it is unbounded: results hold finite numbers."""
    return None if heard.worst is None or not math.isfinite(heard.worst) else float(f"{heard.worst:.4g}")
