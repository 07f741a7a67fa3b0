"""Decide which of several complete works is meant: never the untouched template, else what was written to last.

`grader.submissions.package_root` asks for packages, `grader.submissions.notebook_intake` for notebooks.

Why: docs/decisions.md#of-two-works-the-later-one
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from grader.errors import UnclearError
from grader.submissions.paths import list_names, printable

_WORDS = ("def ", "class ", "=", "lambda")


@dataclass(frozen=True, slots=True)
class Rivals:
    """Hold what tells works apart: when each file was written, and how to read the untouched template."""

    written: Mapping[str, float] = field(default_factory=dict)
    read_template: Callable[[], Mapping[str, bytes]] = dict


NO_RIVALS = Rivals()


@dataclass(frozen=True, slots=True)
class RivalWork:
    """Hold one work that may be meant: where it lies, its files by the paths that the assignment knows."""

    place: str
    files: Mapping[str, bytes]
    paths: Mapping[str, str]


def untouched(works: Sequence[RivalWork], rivals: Rivals) -> list[RivalWork]:
    """Return the works in which nothing was done: as the template is, or without any code at all."""
    template = rivals.read_template()
    return [work for work in works if _is_untouched(work, template)]


def _is_untouched(work: RivalWork, template: Mapping[str, bytes]) -> bool:
    known = {path: content for path, content in work.files.items() if path in template}
    if known and all(_plain(content) == _plain(template[path]) for path, content in known.items()):
        return True
    return not any(
        word in _plain(content).decode("utf-8", "replace") for content in work.files.values() for word in _WORDS
    )


def _plain(content: bytes) -> bytes:
    return content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").strip()


def choose_work(works: Sequence[RivalWork], rivals: Rivals, *, what: str) -> tuple[RivalWork, str]:
    """Return the work that counts and a note that names the others, "" where they are all the same.

    Raises UnclearError where nothing tells them apart.
    """
    idle = untouched(works, rivals) if len(works) > 1 else []
    worked_on = [work for work in works if work not in idle] or list(works)
    distinct = list({tuple(sorted(work.files.items())): work for work in reversed(worked_on)}.values())
    why = "nothing was done there" if idle and worked_on != list(works) else ""
    chosen = distinct[-1]
    if len(distinct) > 1:
        latest = sorted(distinct, key=lambda work: _when(work, rivals))
        if _when(latest[-1], rivals) <= _when(latest[-2], rivals):
            places = list_names((work.place for work in distinct), most=10)
            raise UnclearError(
                f"It is unclear which {what} is meant: {places} differ.", remedy="Leave only the one that counts."
            )
        chosen, why = latest[-1], "it was written to last"
    others = [work.place for work in works if work is not chosen]
    note = f"Several {what}s: `{printable(chosen.place)}` was graded, not {list_names(others)}: {why}."
    return chosen, note if why else ""


def _when(work: RivalWork, rivals: Rivals) -> float:
    return max((rivals.written.get(path, 0.0) for path in work.paths.values()), default=0.0)
