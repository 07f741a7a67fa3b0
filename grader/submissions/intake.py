"""Find the submissions below a path: one, or a folder of many as an LMS packs them.

`grader.submissions.uploads` puts together what one student handed in, `grader.submissions.recognising` tells what an
entry is; `grader.submissions.submission` reads each submission that was found.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from grader.courses.assignment import Assignment, HandedIn
from grader.errors import SubmissionError
from grader.results.verdict import NO_ORIGIN
from grader.submissions.contents import ARCHIVE_SUFFIXES, is_junk
from grader.submissions.downloads import is_download, may_be_class, unpack_download
from grader.submissions.found import Found, Hit, Hits
from grader.submissions.lms_names import cut_suffix, is_generic, is_lms_folder, plain_name
from grader.submissions.naming import unique_names
from grader.submissions.paths import list_names, printable
from grader.submissions.recognising import (
    holds,
    is_group,
    is_hidden,
    is_results,
    is_root,
    is_stray,
    list_children,
    may_enter,
)
from grader.submissions.uploads import Part, Upload, find_uploads, same_student, stem_of, upload_of

_MOST_GROUPS = 2
_MOST_WALKED = 50_000


@dataclass(frozen=True, slots=True)
class Intake:
    """Hold what was found below a path, sorted by name, and the names of stray files that were ignored."""

    found: tuple[Found, ...]
    ignored: tuple[str, ...] = ()

    def is_one(self, path: Path) -> bool:
        """Say whether the path itself is the one submission that was found."""
        return [one.path for one in self.found] == [path.resolve()]


def find_submissions(path: Path, assignment: Assignment, *, results: Path | None = None) -> Intake:
    """Find one submission, or the many that a folder or a download holds; raise SubmissionError where there is none.

    Nothing that a student may have handed in vanishes: an empty folder or a file of an unknown kind among
    many is found too, and says what is wrong with it when it is read. `results` and the results of other runs are no
    submissions.
    """
    top = path.resolve()
    if not top.exists():
        raise SubmissionError(f"There is no `{printable(str(path))}`.", remedy="Is the path right?")
    if top.is_dir() and not list_children(top):
        raise SubmissionError(f"`{printable(str(path))}` is empty.", remedy="Is it the right folder?")
    out = results.resolve() if results is not None else None
    hits = _find_below(top, assignment.handed_in, depth=0, out=out, alone=True)
    if top.is_dir() and [hit.found.path for hit in hits.hits] == [top]:
        _refuse_nothing(top, assignment.handed_in)
    root = top if not any(hit.found.holder for hit in hits.hits) else None
    names = unique_names(hits.hits, root)
    found = [replace(hit.found, name=name) for hit, name in zip(hits.hits, names, strict=True)]
    ordered = sorted(found, key=lambda one: (one.name.casefold(), one.name))
    return Intake(found=tuple(ordered), ignored=tuple(sorted(printable(name) for name in hits.ignored)))


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


def _find_in(folder: Path, handed_in: HandedIn, *, depth: int, out: Path | None) -> Hits:
    own = _one(folder)
    if folder.is_symlink() or not may_enter(folder) or is_lms_folder(folder.name):
        return own
    children = list_children(folder)
    results = [child for child in children if child == out or is_results(child, handed_in)]
    children = [child for child in children if child not in results]
    if is_root(children, handed_in, exact=True):
        return own
    uploads, rest = find_uploads(folder, children)
    if uploads:
        return _with_rest(folder, uploads, rest, results, handed_in=handed_in, depth=depth, out=out)
    if holds(folder, handed_in, depth=0):
        return own
    candidates, ignored = _sift(folder, children)
    ignored = (*ignored, *(child.name for child in results))
    if len(candidates) == 1:
        hits = _unwrap(folder, candidates[0], handed_in, depth=depth, out=out)
        return hits.with_ignored(ignored if hits.hits[0].found.path != folder else ())
    if depth > _MOST_GROUPS or not is_group(candidates, handed_in, depth=depth):
        return own
    found = [_find_group(group, handed_in, depth=depth, out=out) for group in same_student(candidates)]
    flat = tuple(hit for one in found for hit in one.hits)
    return Hits(flat, (*ignored, *(name for one in found for name in one.ignored)))


def _with_rest(
    folder: Path,
    uploads: Sequence[Upload],
    rest: Sequence[Path],
    results: Sequence[Path],
    *,
    handed_in: HandedIn,
    depth: int,
    out: Path | None,
) -> Hits:
    """Return an LMS's uploads, and what lies beside them as far as somebody may have handed it in."""
    hits = [_hit_of(upload, folder) for upload in uploads]
    ignored = [path.name for upload in uploads for path in upload.left_out]
    ignored += [child.name for child in folder.iterdir() if is_hidden(child) or child in results]
    for child in rest:
        if is_stray(child):
            ignored.append(child.name)
        else:
            beside = _find_below(child, handed_in, depth=depth + 1, out=out)
            hits += beside.hits
            ignored += beside.ignored
    return Hits(tuple(hits), tuple(ignored))


def _hit_of(upload: Upload, folder: Path) -> Hit:
    alone = upload.parts[0].path if len(upload.parts) == 1 else None
    parts = () if alone is not None and _is_plain_part(upload.parts[0]) else upload.parts
    found = Found(upload.student, upload.parts[0].path, upload.origin, parts, upload.notes)
    return Hit(upload.student, folder, found, upload.number)


def _is_plain_part(part: Part) -> bool:
    """Say whether a single entry is read as it is: a folder, or a file of a kind that is handed in."""
    return part.path.is_dir() or part.path.name.lower().endswith((*ARCHIVE_SUFFIXES, ".py", ".ipynb"))


def _find_group(group: Sequence[Path], handed_in: HandedIn, *, depth: int, out: Path | None) -> Hits:
    """Return what one entry holds, or the one upload that several entries of one name are."""
    if len(group) == 1:
        return _find_below(group[0], handed_in, depth=depth + 1, out=out)
    parts = tuple(Part(path, path.name) for path in group)
    first = group[0]
    return Hits((Hit(stem_of(first), first.parent, Found(first.name, first, parts=parts)),))


def _find_below(candidate: Path, handed_in: HandedIn, *, depth: int, out: Path | None, alone: bool = False) -> Hits:
    if candidate.is_dir():
        return _find_in(candidate, handed_in, depth=depth, out=out)
    is_class = depth <= _MOST_GROUPS and is_download(candidate, alone=alone)
    if not is_class and not (alone and may_be_class(candidate)):
        return _one(candidate)
    try:
        holder, folder = unpack_download(candidate)
    except SubmissionError:
        if alone:
            raise
        return _one(candidate)  # one of many: it says what is wrong when it is read, and stops nobody else
    hits = _find_in(folder, handed_in, depth=depth, out=out)
    return hits.held_by(holder) if is_class or len(hits.hits) > 1 else _one(candidate)


def _unwrap(folder: Path, only: Path, handed_in: HandedIn, *, depth: int, out: Path | None) -> Hits:
    # The better name wins: `alice` over `Homework2`, in whichever order they lie in each other.
    inner = (
        _find_below(only, handed_in, depth=depth + 1, out=out, alone=depth == 0)
        if depth <= _MOST_GROUPS
        else _one(only)
    )
    told_by_lms = inner.hits[0].found.origin != NO_ORIGIN or is_lms_folder(inner.hits[0].found.path.name)
    if len(inner.hits) > 1 or told_by_lms:
        return inner
    return inner if depth == 0 and not is_generic(only.name) else _one(folder)


def _sift(folder: Path, children: Sequence[Path]) -> tuple[list[Path], tuple[str, ...]]:
    hidden = [child.name for child in sorted(folder.iterdir()) if is_hidden(child)]
    stray = [child for child in children if is_stray(child)]
    return [child for child in children if child not in stray], (*hidden, *(child.name for child in stray))
