"""Finds out which submission is whose, and never guesses.

`grader.export.job` asks it for a whole class; the exporters write what was found.

Why: docs/decisions.md#names-are-never-guessed
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from grader.export.groups import share_in_groups
from grader.export.owners import find_owners
from grader.export.roster import Student, participant_number
from grader.export.spelled_names import folded_name, name_orders, squeezed_name
from grader.results.verdict import Origin
from grader.submissions.lms_names import parse_lms_name

_NUMBERED = re.compile(
    r"(?P<student>.+) \((?P<number>\d+)\)", re.DOTALL
)  # as grader.submissions.naming makes names unique
NOBODY: Mapping[str, Origin] = MappingProxyType({})
_MOST_DASHES = 8


@dataclass(frozen=True, slots=True)
class Matching:
    """Hold the submission of each student by position, and why each other submission has no student.

    `replaced` are the submissions that have no student since another one of the same group was handed in later.
    """

    submissions: Mapping[int, str]
    unmatched: Mapping[str, str]
    replaced: Mapping[str, str] = field(default_factory=dict)

    def students_of(self, submission: str) -> tuple[int, ...]:
        """Return the positions of the submission's students."""
        return tuple(student for student, name in self.submissions.items() if name == submission)


def match(
    names: Sequence[str], students: Sequence[Student], *, origins: Mapping[str, Origin] = NOBODY, lms: str = ""
) -> Matching:
    """Match the submissions called `names` to students, the surest ways first.

    The roster's own column `submission` (there several students may share one), then what the LMS says of who handed
    in (`origins`; `lms` is whose roster it is), then equal names or ids, then the name and number that an LMS put into
    the name, then equality but for case, spelling and order of the names, last a name behind the name of a group. Where
    a submission fits several students, or several submissions fit one, none gets any. A hand-in counts for the whole
    group of its student.
    """
    found, unmatched = match_alone(names, students, origins=origins, lms=lms)
    problems, replaced = share_in_groups(found, students, origins=origins)
    used = set(found.values())
    unmatched |= {name: why for name, why in problems.items() if name not in used}
    replaced = {name: why for name, why in replaced.items() if name not in used}
    for name in names:
        if name not in unmatched and name not in replaced and name not in used:
            unmatched[name] = "no student of the roster has this name"
    return Matching(found, unmatched, replaced)


def match_alone(
    names: Sequence[str], students: Sequence[Student], *, origins: Mapping[str, Origin] = NOBODY, lms: str = ""
) -> tuple[dict[int, str], dict[str, str]]:
    """Return whom of the students, by position, each submission was handed in by, and why others have none.

    The ways are those of `match`; what a group shares is not looked at, so that each of its hand-ins has its student.
    """
    found = _by_own_column(names, students)
    unmatched: dict[str, str] = {}
    _settle_owners(names, students, origins, found=found, unmatched=unmatched, lms=lms)
    for find in (_find_equal, _find_lms_names, _find_alike, _find_squeezed, _find_behind_group):
        taken = set(found.values())
        left = [name for name in names if name not in taken and name not in unmatched]
        _settle(find(left, students), students, found=found, unmatched=unmatched)
    _find_groups(names, students, found=found, unmatched=unmatched)
    return found, unmatched


def _settle_owners(
    names: Sequence[str],
    students: Sequence[Student],
    origins: Mapping[str, Origin],
    *,
    found: dict[int, str],
    unmatched: dict[str, str],
    lms: str,
) -> None:
    """Add the students whom an LMS names as those who handed in; a submission may have several."""
    taken = set(found.values())
    known = {name: origins[name] for name in names if name in origins and name not in taken}
    likely, problems = find_owners(known, students, lms=lms, is_named=_is_named_behind_group)
    unmatched |= problems
    claims: dict[int, list[str]] = {}
    for name, places in likely.items():
        for place in places:
            claims.setdefault(place, []).append(name)
    doubled = {place for place, claimants in claims.items() if len(claimants) > 1}
    for name, places in likely.items():
        shared = [place for place in places if place in doubled or place in found]
        if shared:
            others = {found[place] for place in shared if place in found}
            others |= {other for place in shared for other in claims[place] if other != name}
            unmatched[name] = f"{_labels(shared, students)} also handed in {', '.join(sorted(others))}"
        else:
            found |= dict.fromkeys(places, name)


def _find_groups(
    names: Sequence[str], students: Sequence[Student], *, found: dict[int, str], unmatched: dict[str, str]
) -> None:
    """Add submissions that are called as a group: they are those of its members."""
    groups: dict[str, list[int]] = {}
    for place, student in enumerate(students):
        if student.group:
            groups.setdefault(folded_name(student.group), []).append(place)
    taken = set(found.values())
    for name in names:
        places = groups.get(folded_name(name), [])
        free = [place for place in places if place not in found]
        if free and name not in unmatched and name not in taken:
            found[free[0]] = name


def _is_named_behind_group(name: str, student: Student) -> bool:
    """Say whether a name is a student's, also where the name of a group and a dash stand before it."""
    return any(_is_named(part, student) for part in _behind_dashes(name))


def _behind_dashes(name: str) -> list[str]:
    parts = name.split("-")[:_MOST_DASHES]
    return [name] + ["-".join(name.split("-")[count:]).strip() for count in range(1, len(parts))]


def _find_behind_group(names: Sequence[str], students: Sequence[Student]) -> dict[str, list[int]]:
    """Leave out the name of a group, which Moodle sets before a student's: `Group A-Ann Lee`. An id is no name."""
    parts = {name: [part for part in _behind_dashes(name)[1:] if part] for name in names}
    every = [part for own in parts.values() for part in own]
    hits = _find_spelled(every, students, spell=folded_name, keys_of=_own_names)
    return {name: list(dict.fromkeys(place for part in own for place in hits[part])) for name, own in parts.items()}


def _by_own_column(names: Sequence[str], students: Sequence[Student]) -> dict[int, str]:
    known = set(names)
    named = ((place, student.submission) for place, student in enumerate(students))
    return {place: name for place, name in named if name and name in known}


def _settle(
    likely: Mapping[str, Sequence[int]],
    students: Sequence[Student],
    *,
    found: dict[int, str],
    unmatched: dict[str, str],
) -> None:
    """Add what one way of comparing says: for each name, the positions of the students it may belong to."""
    claims: dict[int, list[str]] = {}
    for name, places in likely.items():
        for place in places:
            claims.setdefault(place, []).append(name)
    newly: dict[int, str] = {}
    for name, places in likely.items():
        if len(places) > 1:
            unmatched[name] = f"fits {len(places)} students: {_labels(places, students)}"
        elif places and places[0] in found:
            unmatched[name] = f"{students[places[0]].label} has another submission already: {found[places[0]]}"
        elif places and len(claims[places[0]]) > 1:
            others = ", ".join(other for other in claims[places[0]] if other != name)
            unmatched[name] = f"{students[places[0]].label} is also fitted by {others}"
        elif places:
            newly[places[0]] = name
    found.update(newly)


def _labels(places: Sequence[int], students: Sequence[Student]) -> str:
    labels = [students[place].label for place in places[:3]]
    return ", ".join(labels) + (f" and {len(places) - 3} more" if len(places) > 3 else "")


def _find_equal(names: Sequence[str], students: Sequence[Student]) -> dict[str, list[int]]:
    return _find_spelled(names, students, spell=str, keys_of=_keys)


def _find_alike(names: Sequence[str], students: Sequence[Student]) -> dict[str, list[int]]:
    return _find_spelled(names, students, spell=folded_name, keys_of=_keys)


def _find_squeezed(names: Sequence[str], students: Sequence[Student]) -> dict[str, list[int]]:
    """Compare letters and digits alone: Canvas calls the file of `Lee, Ann` `leeann_12_34_hw.zip`."""
    return _find_spelled(names, students, spell=squeezed_name, keys_of=_own_names)


def _find_spelled(
    names: Sequence[str],
    students: Sequence[Student],
    *,
    spell: Callable[[str], str],
    keys_of: Callable[[Student], tuple[str, ...]],
) -> dict[str, list[int]]:
    places = _places_by_key(students, spell=spell, keys_of=keys_of)
    return {name: places.get(spell(name), []) for name in names}


def _places_by_key(
    students: Sequence[Student], *, spell: Callable[[str], str], keys_of: Callable[[Student], tuple[str, ...]]
) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for place, student in enumerate(students):
        for key in {spell(key) for key in keys_of(student)} - {""}:
            places.setdefault(key, []).append(place)
    return places


def _find_lms_names(names: Sequence[str], students: Sequence[Student]) -> dict[str, list[int]]:
    numbered: dict[str, list[int]] = {}
    without: list[int] = []
    for place, student in enumerate(students):
        known = participant_number(student.number)
        if known and not student.submission:
            numbered.setdefault(known, []).append(place)
        elif not student.submission:
            without.append(place)
    found: dict[str, list[int]] = {}
    by_name = _spelled_places([students[place] for place in without])
    for name in names:
        own, number = _lms_parts(name)
        hits = [p for p in numbered.get(number, []) if not students[p].name or _is_named(own, students[p])]
        # "Ann Lee (123)" was numbered because there are two of that name.
        if number and parse_lms_name(name) is not None:
            hits += [without[place] for place in by_name(own)]
        found[name] = sorted(hits)
    return found


def _spelled_places(students: Sequence[Student]) -> Callable[[str], list[int]]:
    """Return a function that says whose name one is, but for case, spelling and order of its parts."""
    spells = (folded_name, squeezed_name)
    known = [_places_by_key(students, spell=spell, keys_of=_own_names) for spell in spells]
    return lambda name: sorted(
        {p for spell, places in zip(spells, known, strict=True) for p in places.get(spell(name), [])}
    )


def _is_named(name: str, student: Student) -> bool:
    return bool(_spelled_places([student])(name))


def _keys(student: Student) -> tuple[str, ...]:
    """Return what a submission of the student may be called; what the instructor wrote down is the only one."""
    if student.submission:
        return (student.submission,)
    own = (student.number, student.sis_id, student.login, student.email, student.github)
    return (*name_orders(student.name), *own)


def _own_names(student: Student) -> tuple[str, ...]:
    return () if student.submission else name_orders(student.name)


def _lms_parts(name: str) -> tuple[str, str]:
    """Return the student's name and number as an LMS, or `lms_names` after it, put them into a name."""
    lms = parse_lms_name(name)
    if lms:
        return lms.student, lms.number
    numbered = _NUMBERED.fullmatch(name)
    return (numbered["student"], numbered["number"]) if numbered else ("", "")
