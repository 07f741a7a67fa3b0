"""Read a folder that a stranger handed in: no link is followed, nothing but plain files is opened.

`grader.submissions.contents` decides what is wanted and bounds the reading.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO

from grader.errors import SubmissionError
from grader.submissions.contents import (
    Choice,
    Contents,
    Entry,
    IntakeLimits,
    choose,
    drop_junk,
    gather,
    is_junk,
    leave_out,
)
from grader.submissions.paths import printable

_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read_folder(folder: Path, limits: IntakeLimits) -> Contents:
    """Read a folder's files into memory; links, devices and unreadable files are left out with a note."""
    odd: dict[str, list[Entry]] = {}
    entries = drop_junk(_walk(folder, limits, odd))
    choice = choose(sorted(entries, key=lambda entry: entry.path), limits)
    contents = gather(_open_all(folder, choice, odd), limits)
    notes = (*choice.notes, *contents.notes, *(leave_out(odd[reason], reason) for reason in sorted(odd)))
    return replace(
        contents, notes=notes, archives=choice.archives, too_large={**choice.too_large, **contents.too_large}
    )


def _walk(folder: Path, limits: IntakeLimits, odd: dict[str, list[Entry]]) -> Iterator[Entry]:
    waiting = [(folder, "")]
    count = 0
    while waiting:
        here, prefix = waiting.pop()
        for item in _list_folder(here, prefix, odd):
            path = prefix + item.name
            count += 1
            if count > limits.entries:
                raise SubmissionError(
                    f"`{printable(folder.name)}` holds over {limits.entries:,} files and folders.",
                    remedy="Hand in the code only, without data sets and environments.",
                )
            if item.is_dir(follow_symlinks=False):
                waiting += _descend(Path(item.path), path, limits, odd)
            elif entry := _judge(item, path, odd):
                yield entry


def _list_folder(here: Path, prefix: str, odd: dict[str, list[Entry]]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(here) as items:
            found = list(items)
    except OSError as err:
        _note(odd, f"can't be read ({err.strerror})", prefix or here.name)
        return []
    is_environment = prefix != "" and any(item.name == "pyvenv.cfg" for item in found)
    return [] if is_environment else found


def _descend(here: Path, path: str, limits: IntakeLimits, odd: dict[str, list[Entry]]) -> list[tuple[Path, str]]:
    if is_junk(f"{path}/x"):
        return []
    if path.count("/") + 1 >= limits.depth or len(os.fsencode(path)) > limits.path_bytes:
        _note(odd, f"over {limits.depth} folders deep, or its path is over {limits.path_bytes} bytes long", path)
        return []
    return [(here, f"{path}/")]


def _judge(item: os.DirEntry[str], path: str, odd: dict[str, list[Entry]]) -> Entry | None:
    try:
        facts = item.stat(follow_symlinks=False)
    except OSError as err:
        _note(odd, f"can't be read ({err.strerror})", path)
        return None
    if is_junk(path):
        return None
    if stat.S_ISLNK(facts.st_mode):
        _note(odd, "links are not followed", path)
        return None
    if not stat.S_ISREG(facts.st_mode):
        _note(odd, "not a plain file", path)
        return None
    return Entry(path=path, size=facts.st_size, written=facts.st_mtime)


def _open_all(folder: Path, choice: Choice, odd: dict[str, list[Entry]]) -> Iterator[tuple[Entry, IO[bytes]]]:
    for entry in choice.wanted:
        try:
            descriptor = os.open(folder / entry.path, _FLAGS)
        except OSError as err:
            _note(odd, f"can't be read ({err.strerror})", entry.path)
            continue
        with os.fdopen(descriptor, "rb") as stream:
            yield entry, stream


def _note(odd: dict[str, list[Entry]], reason: str, path: str) -> None:
    odd.setdefault(reason, []).append(Entry(path=path, size=0))
