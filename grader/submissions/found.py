"""What was found below a path: each submission, and where it lies.

`grader.submissions.intake` finds them; `grader.submissions.naming` gives each a name of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from grader.results.verdict import NO_ORIGIN, Origin
from grader.submissions.uploads import Part


@dataclass(frozen=True, slots=True)
class Found:
    """Point at one submission; `name` is unique among those found together, and fit to print.

    Where several entries are one upload, `parts` are all of them and `path` is the first. `notes` say what was settled
    between them, `unclear` why this is no single submission. `handed_in` is the time that an LMS gave, in seconds since
    1970, 0 where it gave none; `is_local` says that it is that of an unknown zone, and `has_unread_time` that it can't
    be read. `attempt_of` names the submission of which this is another attempt. `holder` keeps the folder of an
    unpacked download for as long as it is needed.
    """

    name: str
    path: Path
    origin: Origin = NO_ORIGIN
    parts: tuple[Part, ...] = ()
    notes: tuple[str, ...] = ()
    unclear: str = ""
    handed_in: float = 0.0
    is_local: bool = False
    has_unread_time: bool = False
    attempt_of: str = ""
    holder: object = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Hit:
    """Hold one submission before it has a unique name; `folder` is where it lies.

    `others` are further attempts of the same student, the earliest first.
    """

    student: str
    folder: Path
    found: Found
    number: str = ""
    others: tuple[Found, ...] = ()


@dataclass(frozen=True, slots=True)
class Hits:
    """Hold what was found in one place, and the names of what was ignored there."""

    hits: tuple[Hit, ...]
    ignored: tuple[str, ...] = ()

    def held_by(self, holder: object) -> "Hits":
        """Return the same hits, each of which keeps the folder of an unpacked download."""
        held = tuple(
            replace(
                hit,
                found=replace(hit.found, holder=holder),
                others=tuple(replace(one, holder=holder) for one in hit.others),
            )
            for hit in self.hits
        )
        return replace(self, hits=held)

    def with_ignored(self, names: Iterable[str]) -> "Hits":
        """Return the same hits, with more names of what was ignored."""
        return replace(self, ignored=(*self.ignored, *names))
