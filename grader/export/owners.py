"""Finds students by what the LMS said about who handed in: numbers, ids, logins, e-mail addresses.

`grader.export.matching` asks here before it compares names.
"""

from collections.abc import Callable, Mapping, Sequence

from grader.export.roster import Student, participant_number
from grader.results.verdict import Origin, Owner

Places = Sequence[int]


def find_owners(
    origins: Mapping[str, Origin],
    students: Sequence[Student],
    *,
    lms: str,
    is_named: Callable[[str, Student], bool],
) -> tuple[dict[str, list[int]], dict[str, str]]:
    """Return the places of each submission's students, and why others have none though the LMS named somebody.

    `lms` is whose roster it is: its own number decides alone, unless the name is that of another student. In any other
    roster a number counts only beside a fitting name. An owner who fits several students makes the submission nobody's.
    """
    found: dict[str, list[int]] = {}
    problems: dict[str, str] = {}
    for name, origin in origins.items():
        places: list[int] = []
        for owner in origin.owners:
            fitting = _places_of(owner, origin, students, lms=lms, is_named=is_named)
            if len(fitting) > 1:
                labels = ", ".join(students[place].label for place in fitting[:3])
                problems[name] = f"fits {len(fitting)} students by what {origin.lms} says: {labels}"
            places += fitting
        places += [place for place, one in enumerate(students) if _is_hand_in(origin, one) and place not in places]
        if places and name not in problems:
            found[name] = list(dict.fromkeys(places))
    return found, problems


def _is_hand_in(origin: Origin, student: Student) -> bool:
    return bool(student.hand_in) and origin.lms == "gradescope" and student.hand_in == origin.hand_in


def _places_of(
    owner: Owner, origin: Origin, students: Sequence[Student], *, lms: str, is_named: Callable[[str, Student], bool]
) -> list[int]:
    free = [place for place, student in enumerate(students) if not student.submission]
    if owner.number:
        numbered = [place for place in free if participant_number(students[place].number) == owner.number]
        by_number = [place for place in numbered if not students[place].name or is_named(owner.name, students[place])]
        if by_number:
            return by_number
        if lms == origin.lms and numbered:
            others = [place for place in free if is_named(owner.name, students[place])]
            return [*numbered, *others]  # the name of somebody else: two students, so nobody
    for value, of_student in (("email", _emails), ("sis_id", _sis_ids), ("login", _LOGINS[origin.lms == "github"])):
        wanted = getattr(owner, value).casefold()
        fitting = [place for place in free if wanted and wanted in map(str.casefold, of_student(students[place]))]
        if fitting:
            return fitting
    return []


def _emails(student: Student) -> tuple[str, ...]:
    return student.email, student.login


def _sis_ids(student: Student) -> tuple[str, ...]:
    return (student.sis_id,)


def _names_at_github(student: Student) -> tuple[str, ...]:
    return (student.github,)


def _names_to_log_in(student: Student) -> tuple[str, ...]:
    return student.login, student.email.partition("@")[0]


_LOGINS = {True: _names_at_github, False: _names_to_log_in}
