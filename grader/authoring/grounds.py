"""What each check rests on: the place in the assignment's text, beside the title and what the check is worth.

`grader.authoring.audit` refuses checks that rest on nothing; `grader.commands.audit` prints the list for a person.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from grader.authoring.audit_rules import Violation
from grader.courses.assignment import HOW_TO_STATE_GROUNDS, Assignment
from grader.courses.checks import Check


@dataclass(frozen=True, slots=True)
class Ground:
    """Set a check beside what it rests on; `points` is what it is worth if all checks count, 0 for advice."""

    check: str
    title: str
    task: str
    points: float
    grounds: str
    advice: bool


def read_grounds(checks: Iterable[Check], assignment: Assignment) -> tuple[Ground, ...]:
    """Return the grounds of all checks, task by task."""
    present = list(checks)
    return tuple(
        Ground(check.name, check.title, task.name, _worth(check, task.points, present), check.grounds, check.advice)
        for task in assignment.tasks
        for check in present
        if check.task == task.name
    )


def _worth(check: Check, points: float, present: Iterable[Check]) -> float:
    weight = sum(other.weight for other in present if other.task == check.task)
    return points * check.weight / weight if weight else 0.0


def count_grounded(checks: Iterable[Check]) -> int:
    """Return how many checks state grounds, or that they are advice."""
    return sum(is_grounded(check) for check in checks)


def is_grounded(one: Check | Ground) -> bool:
    """Say whether a check states grounds, or that it is advice."""
    return bool(one.grounds or one.advice)


def judge_grounds(checks: Iterable[Check], assignment: Assignment) -> Iterator[Violation]:
    """Yield a violation for every check that takes points for what no text asks, where the course demands grounds."""
    for check in checks if assignment.demands_grounds else ():
        if not is_grounded(check):
            message = (
                f"`{check.name}` takes points and does not say which sentence of the assignment's text it rests on."
            )
            remedy = f"State `grounds` in its mark, or set `advice=True`. {HOW_TO_STATE_GROUNDS}"
            yield Violation("grounds", message, remedy)
