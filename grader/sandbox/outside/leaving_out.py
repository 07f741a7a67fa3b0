"""Decide whether a submission whose process died is opened once more, and what of it is left out then.

`grader.sandbox.outside.host` asks after each attempt, and hands the answer to the process that is opened next.

Why: docs/decisions.md#what-ends-the-process-is-left-out
"""

from dataclasses import dataclass, field
from typing import Any

from grader.sandbox.wire.limits import Limits
from grader.sandbox.wire.protocol import Ending, ProbeOutcome

_MOST = 5
_ENDS = "it ends Python itself: compiled code crashed, or a signal killed it"


@dataclass(slots=True)
class LeavingOut:
    """Remember (file or cell, line, column, why) of what is left out, and whether statements are told as they run."""

    is_notebook: bool
    limits: Limits
    is_careful: bool = False
    left_out: list[tuple[str, int, int, str]] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, Any]:
        """Return what the submission's process is told when it is opened."""
        return {"careful": self.is_careful, "left out": [list(one) for one in self.left_out]}

    def learn(self, outcome: ProbeOutcome, place: tuple[str, int, int] | None) -> bool:
        """Take in how an import ended, and where; tell whether another attempt can come further.

        The first attempt after a death is a careful one: whatever killed it may not have been the student's, and only
        then is it known where it dies.
        """
        ends = {Ending.KILLED, Ending.OUT_OF_MEMORY} | ({Ending.TIMED_OUT} if self.is_notebook else set())
        if outcome.ending not in ends:
            return False
        if not self.is_careful:
            self.is_careful = True
            return True
        known = {(file, line, column) for file, line, column, _why in self.left_out}
        if place is None or place in known or len(self.left_out) >= _MOST:
            return False
        self.left_out.append((*place, self._why(outcome)))
        return True

    def _why(self, outcome: ProbeOutcome) -> str:
        match outcome.ending:
            case Ending.OUT_OF_MEMORY:
                return f"it held more than {self.limits.memory_mib:g} MiB of memory"
            case Ending.TIMED_OUT:
                return f"it took longer than {self.limits.import_s:g} s, and nothing could stop it"
            case _:
                return _ENDS
