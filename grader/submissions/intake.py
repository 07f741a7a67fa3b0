"""Find the submissions below a path: one, or a folder of many as an LMS packs them.

`grader.submissions.uploads` puts together what one student handed in, `grader.submissions.recognising` and
`grader.submissions.sections` tell what an entry is; `grader.submissions.submission` reads what was found.

Why: docs/decisions.md#whose-an-upload-is
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from grader.courses.assignment import Assignment, HandedIn
from grader.errors import SubmissionError
from grader.results.verdict import NO_ORIGIN, Origin
from grader.submissions.contents import ARCHIVE_SUFFIXES, is_junk
from grader.submissions.downloads import find_class, unpack_download
from grader.submissions.found import Found, Hit, Hits
from grader.submissions.lms_names import cut_suffix, is_generic, is_lms_folder, parse_lms_name, plain_name
from grader.submissions.moodle_times import with_worksheets
from grader.submissions.naming import unique_names
from grader.submissions.paths import list_names, printable
from grader.submissions.recognising import (
    holds,
    is_group,
    is_root,
    list_children,
    list_hidden,
    list_results,
    may_enter,
    without_strays,
)
from grader.submissions.sections import find_sections
from grader.submissions.uploads import Part, Upload, find_uploads, same_student, stem_of, upload_of

_MOST_FOLDERS = 2  # of which each is the only thing in the one above
_MOST_WALKED = 50_000


@dataclass(frozen=True, slots=True)
class Intake:
    """Hold what was found below a path, sorted by name, and the names of stray files that were ignored."""

    found: tuple[Found, ...]
    ignored: tuple[str, ...] = ()

    def is_one(self, path: Path) -> bool:
        """Say whether the path itself is the one submission that was found."""
        return [one.path for one in self.found] == [path.resolve()]


@dataclass(frozen=True, slots=True)
class _Search:
    """Hold what the whole search needs: what is asked for, and the folder of results, which is no submission."""

    handed_in: HandedIn
    out: Path | None
    has_deadline: bool = False


def find_submissions(
    path: Path,
    assignment: Assignment,
    *,
    results: Path | None = None,
    known: Mapping[str, Origin] = MappingProxyType({}),
) -> Intake:
    """Find one submission, or the many that a folder or a download holds; raise SubmissionError where there is none.

    Nothing that a student may have handed in vanishes: an empty folder or a file of an unknown kind among
    many is found too, and says what is wrong with it when it is read. `results` and the results of other runs are no
    submissions. Whose something is, is told by the names that the instructor or an LMS gave: what one student packed
    is taken for a class only where it is all that was given, and never where its own name is among the `known` ones,
    those of an earlier run. Whom an LMS knows keeps the name of that run. Where the assignment has a deadline, each
    attempt of a student is found, each but one as another attempt of that one.
    """
    top = path.resolve()
    if not top.exists():
        raise SubmissionError(f"There is no `{printable(str(path))}`.", remedy="Is the path right?")
    if top.is_dir() and not list_children(top):
        raise SubmissionError(f"`{printable(str(path))}` is empty.", remedy="Is it the right folder?")
    out = results.resolve() if results is not None else None
    search = _Search(assignment.handed_in, out, assignment.deadline is not None)
    hits = _one(top) if printable(_student_of(top)) in known else _find_alone(top, search, depth=0)
    if top.is_dir() and [hit.found.path for hit in hits.hits] == [top]:
        _refuse_nothing(top, assignment.handed_in)
    if search.has_deadline:
        hits = with_worksheets(hits, top)
    root = top if not any(hit.found.holder for hit in hits.hits) else None
    names = unique_names(hits.hits, root, known=known)
    found = [replace(hit.found, name=name) for hit, name in zip(hits.hits, names, strict=True)]
    if search.has_deadline:
        found += _other_attempts(hits.hits, names)
    ordered = sorted(found, key=lambda one: (one.name.casefold(), one.name))
    return Intake(found=tuple(ordered), ignored=tuple(sorted(printable(name) for name in hits.ignored)))


def _other_attempts(hits: Sequence[Hit], names: Sequence[str]) -> list[Found]:
    """Return all attempts but the last, each with a name of its own."""
    found: list[Found] = []
    taken = set(names)
    for hit, name in zip(hits, names, strict=True):
        for place, other in enumerate(hit.others, 1):
            own = f"{name}, attempt {place}"
            while own in taken:
                own += "*"
            taken.add(own)
            found.append(replace(other, name=own, attempt_of=name))
    return found


def _refuse_nothing(top: Path, handed_in: HandedIn) -> None:
    """Raise SubmissionError where nothing in a folder could be what is asked for, under whatever name."""
    wanted = {PurePosixPath(path).name.lower() for path in handed_in.required}
    seen: list[str] = []
    for _, folders, names in os.walk(top):
        folders[:] = [name for name in folders if not is_junk(f"{name}/x")]
        seen += names
        for name in names:
            plain = plain_name(name)
            if plain in wanted or plain.endswith((*ARCHIVE_SUFFIXES, ".py", ".ipynb", ".json")):
                return
        if len(seen) > _MOST_WALKED:
            return
    raise SubmissionError(
        f"`{printable(top.name)}` holds nothing that can be graded. Expected: {list_names(handed_in.required)}. "
        f"Found: {list_names(name for name in seen if not is_junk(name)) or 'no file at all'}.",
        remedy="Give the folder, or the zip, that holds the submissions.",
    )


def _one(path: Path) -> Hits:
    if upload := upload_of(path):
        return Hits((_hit_of(upload, path.parent),))
    return Hits((Hit(_student_of(path), path.parent, Found(path.name, path)),))


def _student_of(path: Path) -> str:
    return path.name if path.is_dir() else cut_suffix(path.name)


def _find_alone(path: Path, search: _Search, *, depth: int) -> Hits:
    """Return what lies in a path beside which nothing else was given: a class, or one submission."""
    return _find_in(path, search, depth=depth) if path.is_dir() else _find_packed(path, search, depth=depth)


def _find_in(folder: Path, search: _Search, *, depth: int) -> Hits:
    own = _one(folder)
    if folder.is_symlink() or not may_enter(folder) or is_lms_folder(folder.name):
        return own
    children = list_children(folder)
    results = list_results(children, search.handed_in, search.out)
    children = [child for child in children if child not in results]
    if is_root(children, search.handed_in, exact=True):
        return own
    if hits := _find_uploads(folder, children, search):
        return hits.with_ignored(child.name for child in results)
    if holds(folder, search.handed_in, depth=0):
        return own
    candidates, strays = without_strays(children)
    ignored = [child.name for child in (*list_hidden(folder), *strays, *results)]
    if len(candidates) == 1:
        hits = _unwrap(folder, candidates[0], search, depth=depth)
        return hits.with_ignored(ignored if hits.hits[0].found.path != folder else ())
    if not is_group(candidates, search.handed_in):
        return own
    return _find_students(candidates, search).with_ignored(ignored)


def _find_uploads(folder: Path, children: Sequence[Path], search: _Search) -> Hits | None:
    """Return an LMS's uploads, and what lies beside them as far as somebody may have handed it in."""
    uploads, rest = find_uploads(folder, children)
    if not uploads:
        return None
    hits = Hits(tuple(_hit_of(upload, folder) for upload in uploads))
    left_out = [path for upload in uploads for path in upload.left_out]
    beside, strays = without_strays(rest)
    others = _find_students(beside, search)
    ignored = [path.name for path in (*left_out, *list_hidden(folder), *strays)]
    return Hits((*hits.hits, *others.hits), others.ignored).with_ignored(ignored)


def _find_students(candidates: Sequence[Path], search: _Search) -> Hits:
    """Return the submissions that the entries of a class are; only a section of it holds several."""
    told = find_sections(candidates, search.handed_in)
    found: list[Hits] = []
    for group in same_student(candidates):
        if group[0] in told.folders:
            found.append(_find_in_section(group[0], search))
        elif len(group) > 1:
            found.append(_put_together(group) if not search.has_deadline else _as_attempts(group))
        else:
            (hit,) = _one(group[0]).hits
            unclear = told.unclear.get(group[0], "")
            found.append(Hits((replace(hit, found=replace(hit.found, unclear=unclear)),)))
    hits = tuple(hit for one in found for hit in one.hits)
    return Hits(hits, tuple(name for one in found for name in one.ignored))


def _find_in_section(folder: Path, search: _Search) -> Hits:
    children = list_children(folder)
    results = list_results(children, search.handed_in, search.out)
    children = [child for child in children if child not in results]
    if hits := _find_uploads(folder, children, search):
        return hits.with_ignored(child.name for child in results)
    candidates, strays = without_strays(children)
    ignored = (child.name for child in (*list_hidden(folder), *strays, *results))
    return _find_students(candidates, search).with_ignored(ignored)


def _put_together(group: Sequence[Path]) -> Hits:
    """Return the one upload that several entries of one name are."""
    parts = tuple(Part(path, path.name) for path in group)
    first = group[0]
    return Hits((Hit(stem_of(first), first.parent, Found(first.name, first, parts=parts)),))


def _as_attempts(group: Sequence[Path]) -> Hits:
    """Return the attempts that entries of one student are which a browser or a desktop has numbered: the last by time.

    Entries of one name, such as a report beside the code, belong to one attempt.
    """
    versions: dict[str, list[Path]] = {}
    for path in group:
        versions.setdefault(stem_of(path), []).append(path)
    ordered = sorted(versions.values(), key=lambda one: max(path.lstat().st_mtime for path in one))
    hits = [_put_together(one).hits[0] if len(one) > 1 else _one(one[0]).hits[0] for one in ordered]
    student = stem_of(group[0])
    return Hits((replace(hits[-1], student=student, others=tuple(hit.found for hit in hits[:-1])),))


def _hit_of(upload: Upload, folder: Path) -> Hit:
    others = tuple(_found_of(one) for one in upload.earlier)
    return Hit(upload.student, folder, _found_of(upload), upload.number, others)


def _found_of(upload: Upload) -> Found:
    alone = upload.parts[0].path if len(upload.parts) == 1 else None
    parts = () if alone is not None and _is_plain_part(upload.parts[0]) else upload.parts
    first = upload.parts[0].path
    return Found(
        upload.student,
        first,
        upload.origin,
        parts,
        upload.notes,
        handed_in=upload.handed_in,
        is_local=upload.is_local,
    )


def _is_plain_part(part: Part) -> bool:
    """Say whether a single entry is read as it is: a folder, or a file of a kind that is handed in."""
    return part.path.is_dir() or part.path.name.lower().endswith((*ARCHIVE_SUFFIXES, ".py", ".ipynb"))


def _find_packed(file: Path, search: _Search, *, depth: int) -> Hits:
    """Return the class that an archive holds, or the one submission that a file is."""
    kind = find_class(file) if parse_lms_name(file.name) is None else ""
    if not kind:
        return _one(file)
    download = unpack_download(file)
    hits = _find_in(download.folder, search, depth=depth).with_ignored(download.left_out)
    return hits.held_by(download.holder) if kind == "marked" or len(hits.hits) > 1 else _one(file)


def _unwrap(folder: Path, only: Path, search: _Search, *, depth: int) -> Hits:
    # The better name wins: `alice` over `Homework2`, in whichever order they lie in each other.
    inner = _find_alone(only, search, depth=depth + 1) if depth <= _MOST_FOLDERS else _one(only)
    told_by_lms = inner.hits[0].found.origin != NO_ORIGIN or is_lms_folder(inner.hits[0].found.path.name)
    if len(inner.hits) > 1 or told_by_lms:
        return inner
    return inner if depth == 0 and not is_generic(only.name) else _one(folder)
