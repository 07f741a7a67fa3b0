"""Say for whom of a roster checks draw data: for each submission that is graded, and for each kit that is handed out.

`grader.export.matching` finds whose a submission is; `grader.courses.personal` makes the seeds.
"""

from collections.abc import Mapping, Sequence

from grader.courses.assignment import Assignment
from grader.courses.personal import Personal, seed_for
from grader.errors import ExportError
from grader.export.matching import match_alone
from grader.export.roster import Roster, Student
from grader.export.spelled_names import folded_name
from grader.results.plain_text import visible_line
from grader.submissions.found import Found

_IDENTIFYING = ("sis_id", "login", "email", "number", "github", "name", "submission")  # the first that is there
_NO_ROSTER = "`grader grade --roster FILE` says whose this is."


def personal_of(assignment: Assignment, founds: Sequence[Found], roster: Roster | None) -> dict[str, Personal]:
    """Return, by the name of each submission, for whom its checks draw; None stands for no roster.

    An attempt is its student's. Where nobody, or more than one, fits a submission, its `missing` says so. Raises
    CourseError without a key of the course, ExportError for two students who can't be told apart.
    """
    if roster is None:
        return {found.name: Personal(missing=_NO_ROSTER) for found in founds}
    seeds = _seeds(assignment, roster)
    named = {found.attempt_of or found.name: found.origin for found in founds}
    whose, unmatched = match_alone(list(named), roster.students, origins=named, lms=roster.lms)
    by_name: dict[str, set[str]] = {}
    for place, name in whose.items():
        by_name.setdefault(name, set()).add(_who(roster.students[place]))
    return {found.name: _one(found.attempt_of or found.name, by_name, unmatched, seeds) for found in founds}


def _one(
    name: str, by_name: Mapping[str, set[str]], unmatched: Mapping[str, str], seeds: Mapping[str, str]
) -> Personal:
    fitting = by_name.get(name, set())
    if len(fitting) > 1:
        return Personal(missing=f"{len(fitting)} students handed it in, whom no group of the roster joins.")
    if not fitting:
        return Personal(missing=f"{unmatched.get(name, 'no student of the roster has this name')}.")
    return Personal(seeds[next(iter(fitting))])


def kits_of(assignment: Assignment, roster: Roster) -> dict[str, str]:
    """Return the seed of each kit that a roster asks for, by the name of its student or group.

    Raises CourseError without a key of the course, ExportError for two students who can't be told apart.
    """
    seeds = _seeds(assignment, roster)
    kits: dict[str, str] = {}
    for student in roster.students:
        label, seed = student.group or student.label, seeds[_who(student)]
        if kits.setdefault(label, seed) != seed:  # two of one name: told apart by what tells them apart
            kits[f"{label} {_who(student).partition(' ')[2]}"] = seed
    return kits


def _seeds(assignment: Assignment, roster: Roster) -> dict[str, str]:
    """Return the seed of each student or group of a roster, by who it is."""
    alone = [student for student in roster.students if not student.group]
    places: dict[str, Student] = {}
    for student in alone:
        if _who(student) in places:
            raise ExportError(
                f"Two rows of the roster are `{visible_line(student.label)}`, so they would get the same data.",
                remedy="Give each a column `email`, `login` or `id`.",
            )
        places[_who(student)] = student
    return {who: seed_for(assignment, who) for who in dict.fromkeys(map(_who, roster.students))}


def _who(student: Student) -> str:
    """Return what stays the same of a student, or of their group, wherever a roster of this course names them."""
    if student.group:
        return f"group {folded_name(student.group)}"
    field = next(field for field in _IDENTIFYING if getattr(student, field))
    return f"{field} {folded_name(getattr(student, field))}"
