"""Lets one hand-in count for a whole group, and tells which of several counts.

`grader.export.matching` calls it with what was found for single students.
"""

from collections.abc import Mapping, Sequence

from grader.export.roster import Student
from grader.results.verdict import NO_ORIGIN, Origin


def share_in_groups(
    found: dict[int, str], students: Sequence[Student], *, origins: Mapping[str, Origin]
) -> tuple[dict[str, str], dict[str, str]]:
    """Give each group's hand-in to all its members, in `found`; return the problems, and the hand-ins made since.

    Of several hand-ins of one group the last counts; where they are copies of one, as Moodle packs them, each member
    keeps their own. Where nothing tells which one is the last, nobody gets any.
    """
    problems: dict[str, str] = {}
    replaced: dict[str, str] = {}
    members: dict[str, list[int]] = {}
    for place, student in enumerate(students):
        if student.group:
            members.setdefault(student.group, []).append(place)
    for group, places in members.items():
        handed_in = list(dict.fromkeys(found[place] for place in sorted(places) if place in found))
        if not handed_in:
            continue
        if _are_copies(handed_in, origins):
            found |= {place: handed_in[0] for place in places if place not in found}
            continue
        last = latest(handed_in, origins)
        for place in places:
            found.pop(place, None)
        if last:
            found |= dict.fromkeys(places, last)
            replaced |= {name: f"the group {group} handed in {last} later" for name in handed_in if name != last}
            continue
        for name in handed_in:
            others = ", ".join(other for other in handed_in if other != name)
            problems[name] = f"the group {group} handed in several times, and nothing tells what is last: {others}"
    return problems, replaced


def _are_copies(names: Sequence[str], origins: Mapping[str, Origin]) -> bool:
    contents = {origins.get(name, NO_ORIGIN).content for name in names}
    return len(names) > 1 and len(contents) == 1 and "" not in contents


def latest(names: Sequence[str], origins: Mapping[str, Origin]) -> str:
    """Return the submission that was handed in last, "" where that can't be told."""
    if len(names) < 2:
        return names[0]
    known = [origins.get(name, NO_ORIGIN) for name in names]
    by_lms = len({one.lms for one in known}) == 1 and all(one.attempt for one in known)
    times = {name: one.attempt if by_lms else one.written for name, one in zip(names, known, strict=True)}
    first, second = sorted(times.values(), reverse=True)[:2]
    return max(times, key=lambda name: times[name]) if first > second else ""
