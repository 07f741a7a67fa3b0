"""Give each submission that was found a name of its own: its student's, with more only where two would be the same.

`grader.submissions.intake` asks for the names.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from grader.results.verdict import Origin
from grader.submissions.found import Hit
from grader.submissions.paths import printable


def unique_names(
    hits: Sequence[Hit], top: Path | None, *, known: Mapping[str, Origin] = MappingProxyType({})
) -> list[str]:
    """Name each submission after its student, with folder, number or count only to be unique.

    `top` is the folder that was given, None where it is a download's. `known` are the names that earlier runs gave:
    whom an LMS knows keeps theirs, whoever has come since.
    """
    earlier = _earlier_names(known)
    free = dict(earlier)
    kept = [free.pop(key, "") if (key := _key(hit.found.origin)) else "" for hit in hits]
    folders = {hit.folder for hit in hits}
    shown = [hit.folder != top for hit in hits] if len(folders) > 1 else [False] * len(hits)
    if top is not None and not any(top in hit.folder.parents for hit in hits):
        shown = [False] * len(hits)
    plain = [
        printable(f"{hit.folder.name} - {hit.student}" if is_shown else hit.student)
        for hit, is_shown in zip(hits, shown, strict=True)
    ]
    counts = Counter(name.casefold() for name in plain)
    names: list[str] = []
    taken = {name.casefold() for name in earlier.values()}
    for hit, name, own in zip(hits, plain, kept, strict=True):
        if own:
            names.append(own)
            continue
        is_shared = counts[name.casefold()] > 1 or name.casefold() in taken
        full = f"{name} ({hit.number})" if is_shared and hit.number else name
        unique, count = full, 1
        while unique.casefold() in taken:
            count += 1
            unique = f"{full} ({count})"
        taken.add(unique.casefold())
        names.append(unique)
    return names


def _earlier_names(known: Mapping[str, Origin]) -> dict[tuple[str, str], str]:
    """Return the name of each student whom an LMS knows, but of nobody who has several."""
    keys = {name: key for name, origin in known.items() if (key := _key(origin))}
    counts = Counter(keys.values())
    return {key: name for name, key in keys.items() if counts[key] == 1}


def _key(origin: Origin) -> tuple[str, str] | None:
    """Return what an LMS knows the students by who handed in, None where that is only a name."""
    ids = [one.number or one.login or one.sis_id or one.email for one in origin.owners]
    return (origin.lms, " ".join(ids)) if ids and all(ids) else None
