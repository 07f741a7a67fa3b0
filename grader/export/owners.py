"""Finds students by what the LMS said about who handed in: numbers, ids, logins, e-mail addresses.

`grader.export.matching` asks here before it compares names.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from grader.export.roster import Student, participant_number
from grader.export.spelled_names import folded_name, name_orders
from grader.results.verdict import Origin, Owner


def find_owners(
    origins: Mapping[str, Origin],
    students: Sequence[Student],
    *,
    lms: str,
    is_named: Callable[[str, Student], bool],
) -> tuple[dict[str, list[int]], dict[str, str]]:
    """Return the places of each submission's students, and why others have none though the LMS named somebody.

    `lms` is whose roster it is: its own number decides alone, unless the name is that of another student. In any other
    roster a number counts only beside a fitting name. Of several owners one without a fitting id is found by name. An
    owner who fits several students makes the submission nobody's.
    """
    known = _Known(students, lms, is_named)
    found: dict[str, list[int]] = {}
    problems: dict[str, str] = {}
    for name, origin in origins.items():
        places: list[int] = []
        for owner in origin.owners:
            fitting = _places_of(owner, origin, known)
            if len(fitting) > 1:
                labels = ", ".join(students[place].label for place in fitting[:3])
                problems[name] = f"fits {len(fitting)} students by what {origin.lms} says: {labels}"
            places += fitting
        if origin.lms == "gradescope":
            places += known.by_id.get(("hand_in", origin.hand_in), [])
        if places and name not in problems:
            found[name] = list(dict.fromkeys(places))
    return found, problems


class _Known:
    """Hold where each id of the students stands, so that thousands of them are looked up and not compared."""

    def __init__(self, students: Sequence[Student], lms: str, is_named: Callable[[str, Student], bool]) -> None:
        self.students, self.lms, self.is_named = students, lms, is_named
        self.by_id: dict[tuple[str, str], list[int]] = {}
        for place, student in enumerate(students):
            keys = {*_ids_of(student), *_names_of(student)}
            for key in {key for key in keys if key[1]}:
                self.by_id.setdefault(key, []).append(place)


def _ids_of(student: Student) -> Iterator[tuple[str, str]]:
    """Yield what an LMS may know a student by; of one whose submission is written down only its number of that."""
    yield "hand_in", student.hand_in
    if student.submission:
        return
    yield "number", participant_number(student.number)
    yield from (("email", text.casefold()) for text in (student.email, student.login))
    yield "sis_id", student.sis_id.casefold()
    yield "github", student.github.casefold()
    yield from (("login", text.casefold()) for text in (student.login, student.email.partition("@")[0]))


def _names_of(student: Student) -> Iterator[tuple[str, str]]:
    if not student.submission:
        yield from (("name", folded_name(name)) for name in name_orders(student.name))


def _places_of(owner: Owner, origin: Origin, known: _Known) -> list[int]:
    if owner.number:
        students, is_named = known.students, known.is_named
        numbered = known.by_id.get(("number", owner.number), [])
        by_number = [place for place in numbered if not students[place].name or is_named(owner.name, students[place])]
        if by_number:
            return by_number
        if known.lms == origin.lms and numbered:
            free = [place for place, student in enumerate(students) if not student.submission]
            others = [place for place in free if is_named(owner.name, students[place])]
            return [*numbered, *others]  # the name of somebody else: two students, so nobody
    login = "github" if origin.lms == "github" else "login"
    for kind, value in (("email", owner.email), ("sis_id", owner.sis_id), (login, owner.login)):
        fitting = known.by_id.get((kind, value.casefold()), [])
        if value and fitting:
            return fitting
    # The names of several are nobody's name together, so that nothing else finds them.
    return known.by_id.get(("name", folded_name(owner.name)), []) if len(origin.owners) > 1 else []
