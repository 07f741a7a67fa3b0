"""Read `[adjust]` of `assignment.toml`: checks that count for nobody, or whose points everybody gets.

`grader.courses.assignment_file` reads the rest of the file.
"""

from grader.courses.assignment import Adjustment
from grader.courses.toml_table import Table, fault, refuse_unknown, take_table, take_text
from grader.results.verdict import Adjusted

_HOW = 'Write `weight = 0` to count it for nobody, or `points = "full"` to give its points to everybody.'


def read_adjustments(table: Table) -> tuple[Adjustment, ...]:
    """Return what is adjusted for everybody, one check each. Raises CourseError for the first mistake."""
    return tuple(_read_adjustment(take_table(table, name), name) for name in table.values)


def _read_adjustment(table: Table, check: str) -> Adjustment:
    refuse_unknown(table, ("weight", "points", "reason"))
    is_dropped, is_given = "weight" in table.values, "points" in table.values
    if is_dropped == is_given:
        problem = "says both, or neither, of `weight` and `points`"
        raise fault(table, "", problem, remedy=_HOW)
    key, wanted = ("weight", 0) if is_dropped else ("points", "full")
    value = table.values[key]
    if value != wanted or isinstance(value, bool):
        raise fault(table, key, f"is {value!r}", remedy=_HOW)
    return Adjustment(check, Adjusted.DROPPED if is_dropped else Adjusted.GIVEN, take_text(table, "reason"))
