"""Put together what one student handed in: the entries of a folder, by the marks that an LMS gives them.

`grader.submissions.intake` asks for each folder; `grader.submissions.lms_names` reads a single name.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from grader.results.verdict import Origin, Owner
from grader.submissions.gradescope_export import METADATA, read_metadata, read_times
from grader.submissions.lms_names import (
    LmsName,
    cut_copy_mark,
    cut_suffix,
    is_gradescope_folder,
    parse_blackboard_name,
    parse_ilias_folder,
    parse_lms_name,
    parse_sakai_folder,
    plain_name,
)
from grader.submissions.paths import list_names

_ATTACHMENTS = "submission attachment(s)"
_SAKAI_MARKS = (_ATTACHMENTS, "timestamp.txt")
_CLASSROOM = "-submissions"
_NOTE_BYTES = 64 * 1024
_BLACKBOARD_NAME = re.compile(r"Name: (?P<student>.+) \((?P<login>[^()]+)\)[ \t]*(\n|$)")
_MOST_NAMED = 3
_UNLISTED = f"Gradescope's {METADATA} does not list it: it may be left from an earlier export."


@dataclass(frozen=True, slots=True)
class Part:
    """Point at one entry of an upload; `own` is the name that the student gave it, "" for a folder of the LMS."""

    path: Path
    own: str


@dataclass(frozen=True, slots=True)
class Upload:
    """Hold what one student handed in: the entries that count, the others, and notes on why.

    `handed_in` is the time that the LMS gave, in seconds since 1970, 0 where it gave none; `is_local` says that it is
    that of an unknown zone. `earlier` are attempts before this one, the earliest first.
    """

    student: str
    origin: Origin
    parts: tuple[Part, ...]
    left_out: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    handed_in: float = 0.0
    is_local: bool = False
    earlier: tuple["Upload", ...] = ()

    @property
    def number(self) -> str:
        """Return the LMS's number of the student, "" where there is none."""
        return self.origin.owners[0].number if self.origin.owners else ""


def find_uploads(folder: Path, children: Sequence[Path]) -> tuple[list[Upload], list[Path]]:
    """Return the uploads among a folder's children, and the children that no LMS has marked."""
    if any(child.name == METADATA for child in folder.iterdir()):
        return _from_gradescope(folder, children)
    if folder.name.endswith(_CLASSROOM):
        return _from_classroom(folder, children)
    named = {child: _name_of(child) for child in children}
    named = _with_blackboard(_with_ilias(children, named))
    groups: dict[tuple[str, str], list[tuple[Path, LmsName]]] = {}
    for child, name in named.items():
        if name is not None:
            groups.setdefault(name.key, []).append((child, name))
    return [_upload(group) for group in groups.values()], [child for child in children if named[child] is None]


def upload_of(path: Path) -> Upload | None:
    """Return the upload that a single entry is, None where its name tells nothing."""
    name = parse_lms_name(path.name)
    return None if name is None else _upload([(path, name)])


def is_marked(name: str) -> bool:
    """Say whether a name alone tells that an LMS has packed it."""
    return parse_lms_name(name) is not None or name == METADATA or name.casefold() == _ATTACHMENTS


def marked_students(paths: Iterable[str]) -> dict[tuple[str, str], str]:
    """Return the students to whom an LMS's marks in these paths belong: what tells them apart, and their names."""
    parts = {part for path in paths for part in path.split("/")}
    names = filter(None, map(parse_lms_name, sorted(parts)))
    return {name.key: name.student for name in names}


def stem_of(path: Path) -> str:
    """Return what an entry that no LMS has marked is called, without the suffix of a file."""
    if path.is_dir() and not path.is_symlink():
        return path.name
    plain = cut_suffix(path.name)
    return plain if plain != path.name else path.stem


def same_student(entries: Sequence[Path]) -> list[list[Path]]:
    """Put together what no LMS has marked and one student handed in, the first of each being called as the student.

    Entries belong together that differ in their suffixes only (a folder, an archive and a report of one name), and
    those that a browser or a desktop has numbered beside them, `alice.zip` and `alice (1).zip`.
    """
    stems = {entry: _folded(stem_of(entry)) for entry in entries}
    known = set(stems.values())
    groups: dict[str, list[Path]] = {}
    for entry, stem in stems.items():
        plain = _folded(cut_copy_mark(stem_of(entry)))
        groups.setdefault(plain if plain in known else stem, []).append(entry)
    return [
        sorted(group, key=lambda entry: (stems[entry] != name, not entry.is_dir())) for name, group in groups.items()
    ]


def _folded(stem: str) -> str:
    return unicodedata.normalize("NFC", stem).casefold()


def _name_of(child: Path) -> LmsName | None:
    name = parse_lms_name(child.name)
    if name is None and child.is_dir() and not child.is_symlink():
        sakai = parse_sakai_folder(child.name)
        marks = {item.name.casefold() for item in child.iterdir()} if sakai and _may_list(child) else set()
        return sakai if marks & set(_SAKAI_MARKS) else None
    return name


def _may_list(folder: Path) -> bool:
    try:
        next(folder.iterdir(), None)
    except OSError:
        return False
    return True


def _with_blackboard(named: dict[Path, LmsName | None]) -> dict[Path, LmsName | None]:
    """Read names as Blackboard's where they look as if Canvas had given all of them one number: `Lab_3_2_jdoe_…`."""
    marked = {child: name for child, name in named.items() if name is not None}
    read = {child: parse_blackboard_name(child.name) for child in marked}
    is_one = len({(name.key, name.attempt) for name in marked.values()}) == 1
    several = len({name.key for name in read.values() if name is not None}) > 1
    return named | read if is_one and several and None not in read.values() else named


def _with_ilias(children: Sequence[Path], named: dict[Path, LmsName | None]) -> dict[Path, LmsName | None]:
    """Take folders for those of ILIAS where all of them, two at least, are named so and no code lies beside them."""
    folders = [child for child in children if child.is_dir() and not child.is_symlink()]
    if any(plain_name(child.name).endswith((".py", ".ipynb")) for child in children if child not in folders):
        return named
    found = {child: parse_ilias_folder(child.name) for child in folders}
    if len(folders) < 2 or any(name is None for name in found.values()) or any(named[one] for one in folders):
        return named
    return named | found


def _from_gradescope(folder: Path, children: Sequence[Path]) -> tuple[list[Upload], list[Path]]:
    people, times = read_metadata(folder / METADATA), read_times(folder / METADATA)
    uploads: list[Upload] = []
    rest: list[Path] = []
    for child in children:
        if not is_gradescope_folder(child.name):
            if child.name != METADATA:  # it was read, not ignored
                rest.append(child)
            continue
        owners = people.get(child.name, ())
        origin = Origin("gradescope", owners, hand_in=child.name.removeprefix("submission_"))
        name, parts = _all_names(owners) or child.name, (Part(child, ""),)
        notes = (_UNLISTED,) if people and child.name not in people else ()
        uploads.append(Upload(name, origin, parts, notes=notes, handed_in=times.get(child.name, 0.0)))
    return uploads, rest


def _from_classroom(folder: Path, children: Sequence[Path]) -> tuple[list[Upload], list[Path]]:
    """Return the repositories that GitHub Classroom's own tool has cloned: `hw2-submissions/hw2-janedoe`."""
    prefix = folder.name.removesuffix(_CLASSROOM) + "-"
    cloned = [child for child in children if child.name.startswith(prefix) and child.is_dir() and child.name != prefix]
    uploads = [
        Upload(child.name, Origin("github", (Owner(login=child.name.removeprefix(prefix)),)), (Part(child, ""),))
        for child in cloned
    ]
    return uploads, [child for child in children if child not in cloned]


def _all_names(owners: Iterable[Owner]) -> str:
    names = [owner.name or owner.email for owner in owners if owner.name or owner.email]
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return " & ".join(names[:_MOST_NAMED]) + more


def _upload(group: list[tuple[Path, LmsName]]) -> Upload:
    """Return the upload of one student: the last attempt, without what is only text beside files."""
    name = group[0][1]
    is_timed = name.lms in ("blackboard", "brightspace")
    kept, notes = _last_attempt(group) if is_timed else _last_copies(group)
    earlier = _earlier(group, kept, is_timed=is_timed)
    files = [(path, one) for path, one in kept if one.plugin in ("", "file")]
    kept = files or kept
    owner = Owner(_plain_student(name), name.number, login=name.login)
    if name.lms == "blackboard":
        owner = _blackboard_owner(owner, group)
    latest = max(one.attempt for _, one in kept)
    hand_in = f"{latest:.0f}" if name.lms == "canvas" and latest else ""
    is_late = any(one.is_late for _, one in kept)
    origin = Origin(name.lms, (owner,), hand_in, attempt=latest, is_marked_late=is_late)
    parts = tuple(Part(_attachments(path) if name.lms == "sakai" else path, one.own) for path, one in kept)
    chosen = {path for path, _ in kept}
    left = tuple(path for path, _ in group if path not in chosen)
    handed_in = latest if is_timed else 0.0
    return Upload(owner.name or name.student, origin, parts, left, notes, handed_in, is_local=True, earlier=earlier)


def _earlier(
    group: list[tuple[Path, LmsName]], kept: list[tuple[Path, LmsName]], *, is_timed: bool
) -> tuple[Upload, ...]:
    """Return the attempts before the last: by their times, or by files of which each was renamed once more."""
    before = [pair for pair in group if pair not in kept]
    if is_timed:
        times = sorted({name.attempt for _, name in before})
        return tuple(_upload([pair for pair in before if pair[1].attempt == time]) for time in times)
    if len(kept) != 1:  # which of several files belonged together, nothing tells
        return ()
    return tuple(_upload([pair]) for pair in sorted(before, key=lambda pair: pair[1].attempt))


def _plain_student(name: LmsName) -> str:
    return name.student if name.lms != "blackboard" else ""


def _last_attempt(group: list[tuple[Path, LmsName]]) -> tuple[list[tuple[Path, LmsName]], tuple[str, ...]]:
    times = sorted({name.attempt for _, name in group})
    if len(times) < 2:
        return group, ()
    kept = [(path, name) for path, name in group if name.attempt == times[-1]]
    return kept, (f"Handed in {len(times)} times; the last attempt was graded.",)


def _last_copies(group: list[tuple[Path, LmsName]]) -> tuple[list[tuple[Path, LmsName]], tuple[str, ...]]:
    """Keep the newest of files that Canvas renamed since they were handed in again: `hw2.zip`, `hw2-1.zip`."""
    newest: dict[str, tuple[Path, LmsName]] = {}
    older: list[str] = []
    for path, name in sorted(group, key=lambda pair: pair[1].attempt):
        key = plain_name(name.own) if name.lms == "canvas" and name.attempt else path.name
        if key in newest:
            older.append(newest[key][1].own)
        newest[key] = (path, name)
    kept = [pair for pair in group if pair in newest.values()]
    notes = (f"Handed in again since, so not graded: {list_names(older)}.",) if older else ()
    return kept, notes


def _attachments(folder: Path) -> Path:
    """Return where Sakai keeps the files of a student: what a teacher gave back lies beside it."""
    inner = [item for item in folder.iterdir() if item.name.casefold() == _ATTACHMENTS]
    return inner[0] if inner and inner[0].is_dir() and not inner[0].is_symlink() else folder


def _blackboard_owner(owner: Owner, group: Iterable[tuple[Path, LmsName]]) -> Owner:
    """Return the owner as the first line of the note says it that Blackboard adds to an attempt."""
    for path, name in group:
        if name.plugin != "note" or path.is_symlink() or not path.is_file():
            continue
        found = _BLACKBOARD_NAME.match(_read_note(path))
        if found and name.mark.endswith(f"_{found['login']}"):
            return replace(owner, name=found["student"].strip(), login=found["login"])
    return owner


def _read_note(path: Path) -> str:
    """Return the beginning of a note, "" where it can't be opened: it only adds a name."""
    try:
        with path.open("rb") as file:
            return file.read(_NOTE_BYTES).decode("utf-8-sig", "replace").replace("\r", "")
    except OSError:
        return ""
