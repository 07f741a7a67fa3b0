"""A person's word in place of an automatic mark, as data.

`grader.results.verdict` hangs it on checks and tasks; `grader.marking.overriding` puts it there, from overrides.csv.
"""

from dataclasses import dataclass

from grader.results.plain_text import number


@dataclass(frozen=True, slots=True)
class Override:
    """Say what a person gave for one check or task of one submission, why, and what the grader had given.

    `part` is the part of its points that is earned, from 0 to 1. `points` are these as a number, of `max_points`, and
    `automatic` is the grader's own mark in words. `who` gave it; students don't read that.
    """

    part: float
    points: float
    max_points: float
    reason: str
    who: str = ""
    automatic: str = ""

    @property
    def words(self) -> str:
        """Say what counts now, why, and what the grader had given."""
        by = f" by {self.who}" if self.who else ""
        given = f"{number(self.points)} of {number(self.max_points)} points"
        return f"Marked by hand{by}: {given}. {self.reason} The automatic mark was: {self.automatic}."
