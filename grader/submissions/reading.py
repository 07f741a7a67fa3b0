"""Read all that one upload consists of: folders, files, and the archives in them, one in another, all of it bounded.

`grader.submissions.submission` makes a submission of what is read here.
"""

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from grader.courses.assignment import HandedIn
from grader.errors import SubmissionError
from grader.submissions.archives import READABLE_SUFFIXES, read_archive, take_archive
from grader.submissions.contents import ARCHIVE_SUFFIXES, MIB, Contents, Entry, IntakeLimits, leave_out, note_too_large
from grader.submissions.folders import read_folder
from grader.submissions.found import Found
from grader.submissions.lms_names import plain_name
from grader.submissions.mending import has_required, mend
from grader.submissions.packed import Packed
from grader.submissions.paths import list_names, printable

_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_CODE = (".py", ".ipynb", ".json")


@dataclass(slots=True)
class _Pile:
    """Collect what was read, the archives that were found unopened, and how much of the bounds is used up."""

    limits: IntakeLimits
    files: dict[str, bytes] = field(default_factory=dict)
    written: dict[str, float] = field(default_factory=dict)
    too_large: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    archives: dict[str, Callable[[], Packed]] = field(default_factory=dict)
    total: int = 0
    opened: int = 0
    is_full: bool = False

    def add(self, contents: Contents, prefix: str, open_inner: Callable[[str], Packed]) -> None:
        """Add what was read below `prefix`; raise SubmissionError where all of it together is too much."""
        self.total += sum(map(len, contents.files.values()))
        if self.total > self.limits.total_bytes:
            raise SubmissionError(
                f"The submission holds over {self.limits.total_bytes // MIB} MiB.",
                remedy="Hand in the code only, without data sets and weights.",
            )
        self.files |= {prefix + path: content for path, content in contents.files.items()}
        self.written |= {prefix + path: when for path, when in contents.written.items()}
        self.too_large |= {prefix + path: size for path, size in contents.too_large.items()}
        self.notes += [note for note in contents.notes if not _is_about_archives(note, contents)]
        self.archives |= {prefix + path: _later(open_inner, path) for path in contents.archives}


def _later(open_inner: Callable[[str], Packed], path: str) -> Callable[[], Packed]:
    return lambda: open_inner(path)


def _is_about_archives(note: str, contents: Contents) -> bool:
    return bool(contents.archives) and note == _left_closed(contents.archives)


def _left_closed(archives: tuple[str, ...] | list[str]) -> str:
    return leave_out((Entry(path, 0) for path in archives), "archives inside a submission are not opened")


def read_upload(found: Found, handed_in: HandedIn, limits: IntakeLimits) -> Contents:
    """Read an upload; raise SubmissionError where it, or the only archive in it, can't be read.

    Archives are opened where the required files don't lie beside them. What lies in one of several archives has the
    archive's name before its path.
    """
    pile = _Pile(limits)
    if found.parts:
        for part in found.parts:
            _add_part(pile, part.path, part.own, handed_in)
    else:
        _add_path(pile, found.path, handed_in)
    for _level in range(limits.nested):
        if not pile.archives or has_required(pile.files, handed_in)[1]:
            break
        _open_archives(pile, handed_in)
    if pile.archives and pile.opened and not pile.files:
        raise SubmissionError(
            f"It holds nothing but archives in archives, too deep to be opened: {list_names(pile.archives)}.",
            remedy="Hand in the code only, in one archive.",
        )
    if pile.archives:
        pile.notes.append(_left_closed(list(pile.archives)))
    if pile.is_full and not has_required(pile.files, handed_in)[0]:
        raise SubmissionError(
            f"It holds over {limits.archives} archives, and the required files are in none of the first.",
            remedy="Hand in the code only, in one archive.",
        )
    return Contents(pile.files, tuple(pile.notes), written=pile.written, too_large=pile.too_large)


def unopened(name: str, err: OSError) -> SubmissionError:
    """Return the error that says what can't be opened, and what the instructor can do about it."""
    return SubmissionError(
        f"`{printable(name)}` can't be opened by the user who grades: {err.strerror or err}.",
        remedy="Make it readable for that user (`chmod -R a+rX`), then grade it again.",
    )


def _add_path(pile: _Pile, path: Path, handed_in: HandedIn) -> None:
    """Add a submission that is one folder or one file."""
    if path.is_symlink():
        raise SubmissionError(f"`{printable(path.name)}` is a link.", remedy="Hand in the files themselves.")
    if path.is_dir():
        _add_folder(pile, path, "", handed_in)
    elif not path.is_file():
        raise SubmissionError(f"`{printable(path.name)}` is neither a file nor a folder.", remedy="Is the path right?")
    elif path.name.lower().endswith(ARCHIVE_SUFFIXES):
        pile.opened += 1
        _add_archive(pile, Packed(path.name, path), "", handed_in)
    elif plain_name(path.name).endswith(_CODE):
        pile.add(mend(_read_single(path, path.name, pile.limits), handed_in), "", _no_archive)
    else:
        kinds = f"a folder, {', '.join(READABLE_SUFFIXES)} or {list_names(handed_in.required, most=1)}"
        raise SubmissionError(
            f"`{printable(path.name)}` can't be read: expected {kinds}.",
            remedy="Pack the folder with your system's own tool, as .zip or .tar.gz.",
        )


def _add_part(pile: _Pile, path: Path, own: str, handed_in: HandedIn) -> None:
    """Add one of several entries of an upload; what can't be read of it is noted."""
    name = own or path.name
    if path.is_symlink():
        pile.notes.append(leave_out([Entry(name, 0)], "links are not followed"))
    elif path.is_dir():
        _add_folder(pile, path, f"{own}/" if own else "", handed_in)
    elif name.lower().endswith(ARCHIVE_SUFFIXES):
        pile.archives[name] = lambda: Packed(name, path)
    else:
        try:
            pile.add(mend(_read_single(path, name, pile.limits), handed_in), "", _no_archive)
        except SubmissionError as err:
            pile.notes.append(str(err))


def _add_folder(pile: _Pile, path: Path, prefix: str, handed_in: HandedIn) -> None:
    contents = read_folder(path, pile.limits)
    pile.add(mend(contents, handed_in), prefix, lambda inner: Packed(inner, path / inner))


def _add_archive(pile: _Pile, packed: Packed, prefix: str, handed_in: HandedIn) -> None:
    contents = read_archive(packed, pile.limits)
    pile.add(mend(contents, handed_in), prefix, lambda inner: take_archive(packed, inner, pile.limits))


def _no_archive(path: str) -> Packed:
    raise SubmissionError(f"`{printable(path)}` is no archive.")


def _open_archives(pile: _Pile, handed_in: HandedIn) -> None:
    """Open what was found unopened; raise the first problem where nothing else is there to be graded."""
    waiting, pile.archives = pile.archives, {}
    is_alone = len(waiting) == 1 and not has_required(pile.files, handed_in)[0]
    if is_alone:
        pile.files = {path: content for path, content in pile.files.items() if _is_artifact(path, pile.limits)}
        pile.written = {path: when for path, when in pile.written.items() if path in pile.files}
    problems: list[SubmissionError] = []
    for name, opener in waiting.items():
        if pile.opened >= pile.limits.archives:
            pile.is_full = True
            pile.notes.append(leave_out([Entry(name, 0)], f"at most {pile.limits.archives} archives are opened"))
            continue
        pile.opened += 1
        try:
            _add_archive(pile, opener(), "" if is_alone else f"{name}/", handed_in)
        except SubmissionError as err:
            problems.append(err)
    if problems and not has_required(pile.files, handed_in)[0] and not pile.archives:
        raise problems[0]
    pile.notes += [f"Not opened: {problem.message}" for problem in problems]


def _is_artifact(path: str, limits: IntakeLimits) -> bool:
    return limits.is_artifact(plain_name(path.rpartition("/")[2]))


def _read_single(path: Path, name: str, limits: IntakeLimits) -> Contents:
    """Read one file, under the name that the student gave it."""
    plain = plain_name(name)
    most = limits.most_bytes(plain)
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as err:
        raise unopened(name, err) from err
    with os.fdopen(descriptor, "rb") as file:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise SubmissionError(f"`{printable(name)}` is no plain file.", remedy="Hand in the files themselves.")
        content = file.read(most + 1)
    if len(content) > most and limits.is_artifact(plain):
        return Contents({}, (note_too_large(plain, facts.st_size, limits),), too_large={plain: facts.st_size})
    if len(content) > most:
        raise SubmissionError(f"`{printable(name)}` is over {most // MIB} MiB.", remedy="Hand in the code only.")
    return Contents({name: content}, written={name: facts.st_mtime})
