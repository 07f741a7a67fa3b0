"""Give each submission that was found a name of its own: its student's, with more only where two would be the same.

`grader.submissions.intake` asks for the names.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from grader.submissions.found import Hit
from grader.submissions.paths import printable


def unique_names(hits: Sequence[Hit], top: Path | None) -> list[str]:
    """Name each submission after its student, with folder, number or count only to be unique.

    `top` is the folder that was given, None where it is a download's.
    """
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
    taken: set[str] = set()
    for hit, name in zip(hits, plain, strict=True):
        full = f"{name} ({hit.number})" if counts[name.casefold()] > 1 and hit.number else name
        unique, count = full, 1
        while unique.casefold() in taken:
            count += 1
            unique = f"{full} ({count})"
        taken.add(unique.casefold())
        names.append(unique)
    return names
