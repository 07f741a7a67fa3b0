"""Unpack what an LMS lets an instructor download: one archive with the uploads of a whole class.

`grader.submissions.intake` looks into the folder that it becomes; each submission in it is read like any other.
"""

import os
import re
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from grader.errors import SubmissionError
from grader.submissions.archive_streams import BoundedFile, open_tar_stream
from grader.submissions.archives import READABLE_SUFFIXES, decode_name, find_zip_problem, is_archive, time_of
from grader.submissions.contents import ARCHIVE_SUFFIXES, MIB, IntakeLimits, is_junk, refuse_bomb
from grader.submissions.lms_names import cut_suffix, is_generic
from grader.submissions.packed import Packed
from grader.submissions.paths import find_path_fault, normalise, printable
from grader.submissions.uploads import is_marked

_MOST_BYTES = 200 << 30
_LIMITS = IntakeLimits(entries=200_000, header_bytes=128 * MIB, unpacked_bytes=_MOST_BYTES)
_CHUNK = 1 << 20
_NAME_BYTES = 240
_DRIVE = re.compile(r"^([A-Za-z]):")
_DEEP = 3  # folders in which the marks of an LMS are looked for
_BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError, ValueError, RuntimeError)


@dataclass(frozen=True, slots=True)
class _Item:
    """Describe one entry of a download; `problem` is why it can't be taken, `packed_bytes` 0 where unknown."""

    name: str
    problem: str
    size: int
    packed_bytes: int
    written: float
    open: Callable[[], IO[bytes] | None]

    @property
    def is_folder(self) -> bool:
        return self.name.endswith("/")


def find_class(file: Path) -> str:
    """Tell by the names in an archive that is all there is whether it holds a class.

    Returns "marked" where an LMS has marked something in it, or where several archives lie in it; "several" where it
    may hold what several students handed in whom no LMS has marked; "" for one student's archive, and for what can't
    be read.
    """
    names = _list_names(file, _LIMITS)
    archives = [name for name in names if name.count("/") <= 1 and name.lower().endswith(ARCHIVE_SUFFIXES)]
    is_code = any(_is_code(name) and not _is_in_marked(name) for name in names)
    is_marked_class = any(is_marked(part) for name in names for part in name.split("/")[:_DEEP])
    if is_marked_class or (len(archives) > 1 and not is_code):
        return "marked"
    return "several" if _has_several(names) else ""


def _has_several(names: Iterable[str]) -> bool:
    """Say whether things of several names lie side by side that may be students' work."""
    work = [name.split("/") for name in names if _is_code(name) or name.lower().endswith(ARCHIVE_SUFFIXES)]
    while work and all(len(parts) > 1 and parts[0] == work[0][0] for parts in work):
        work = [parts[1:] for parts in work]
    tops = {parts[0] for parts in work if len(parts) > 1 or not _is_code(parts[0])}
    return sum(not is_generic(top) for top in tops) > 1


def _is_code(name: str) -> bool:
    return name.lower().endswith((".py", ".ipynb"))


def _is_in_marked(name: str) -> bool:
    return any(is_marked(part) for part in name.split("/"))


def _list_names(file: Path, limits: IntakeLimits) -> list[str]:
    """Return the paths in an archive, none where it can't be read: it says why when it is read as a submission."""
    if file.is_symlink() or not file.is_file() or not file.name.lower().endswith(READABLE_SUFFIXES):
        return []
    names: list[str] = []
    try:
        with _opened(file, limits) as items:
            for item in items:
                names.append(normalise(item.name))
                if len(names) >= limits.entries:
                    break
    except (OSError, *_BROKEN, SubmissionError):
        return []
    return [name for name in names if name and not is_junk(name)]


@contextmanager
def _opened(file: Path, limits: IntakeLimits) -> Iterator[Iterator[_Item]]:
    """Open a zip or a tar for one pass over its entries; what is neither has none."""
    with file.open("rb") as raw:
        start = raw.read(512)
        if start.startswith(b"PK"):
            with zipfile.ZipFile(BoundedFile(raw, limits)) as archive:
                yield _zip_items(archive)
        elif is_archive(start):
            with open_tar_stream(Packed(file.name, file), limits) as tar:
                yield _tar_items(tar)
        else:
            yield iter(())


def _zip_items(archive: zipfile.ZipFile) -> Iterator[_Item]:
    names = {info: decode_name(info) for info in archive.infolist()}
    # Windows separates folders so, and then everywhere; else it is a letter of the name that a student gave a file.
    separates = 2 * sum("\\" in name for name in names.values()) > len(names) and not any(
        "/" in n for n in names.values()
    )
    for info, spelled in names.items():
        name = spelled.replace("\\", "/" if separates else "_")
        yield _Item(
            name,
            find_zip_problem(info),
            info.file_size,
            max(info.compress_size, 1),
            time_of(info),
            partial(archive.open, info),
        )


def _tar_items(archive: tarfile.TarFile) -> Iterator[_Item]:
    for member in archive:
        problem = "" if member.isreg() else "is no plain file"
        name = (f"{member.name}/" if member.isdir() else member.name).replace("\\", "_")
        yield _Item(name, problem, member.size, 0, float(member.mtime), partial(archive.extractfile, member))


@dataclass(frozen=True, slots=True)
class Download:
    """Hold the folder that a download was unpacked into, and which entries of it were left out, and why.

    The folder goes when nobody holds `holder` any more.
    """

    folder: Path
    holder: tempfile.TemporaryDirectory[str]
    left_out: tuple[str, ...]


def unpack_download(file: Path) -> Download:
    """Unpack a download into a temporary folder; what is wrong with one student's file costs that file.

    Raises SubmissionError for a download that is damaged, leads outside or is too large.
    """
    holder = tempfile.TemporaryDirectory(prefix="grader-download-", ignore_cleanup_errors=True)
    folder = Path(holder.name).resolve() / printable(cut_suffix(file.name))
    left_out: list[str] = []
    total = count = 0
    try:
        folder.mkdir()
        with _opened(file, _LIMITS) as items:
            for item in items:
                count, total = count + 1, total + item.size
                _refuse_size(file, count, total, item.size, folder)
                if why := _unpack_one(file, item, folder):
                    left_out.append(f"{item.name} ({why})")
    except _BROKEN as err:
        raise _refuse(file, f"is damaged or was cut off during the download ({err})") from err
    except OSError as err:
        raise _refuse(file, f"can't be unpacked into {folder.parent}: {err.strerror}") from err
    return Download(folder, holder, tuple(left_out))


def _refuse_size(file: Path, count: int, total: int, size: int, folder: Path) -> None:
    if count > _LIMITS.entries or total > _MOST_BYTES:
        raise _refuse(file, f"holds over {count - 1:,} entries of {total / MIB:,.0f} MiB, too much for one class")
    if size > shutil.disk_usage(folder).free:
        raise _refuse(file, f"does not fit on the disk of {folder.parent} (TMPDIR names another place)")


def _unpack_one(file: Path, item: _Item, folder: Path) -> str:
    """Write one entry, and return why it was left out, "" if it was not.

    A file at the top may be all that somebody handed in: it is there, but empty.
    """
    path = PurePosixPath(*map(_fitting, normalise(item.name).split("/")))
    if fault := find_path_fault(str(path)) or find_path_fault(re.sub(":", "_", item.name)):
        raise _refuse(file, f"was refused: its entry `{printable(item.name[:200])}` {fault}")
    target = folder / path
    if item.is_folder:
        target.mkdir(parents=True, exist_ok=True)
    if item.is_folder or is_junk(str(path)):
        return ""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):  # a file is called like the folder
        target = folder / str(path).replace("/", "_")
    target = _free(target)
    why = item.problem or _write(item, target)
    if why:
        target.unlink(missing_ok=True)
        if target.parent == folder:
            target.touch()
    return why


def _write(item: _Item, target: Path) -> str:
    """Write the content of an entry, and return why it was given up, "" if it was not."""
    count = 0
    stream = item.open()
    if stream is None:
        return ""
    with stream as packed, target.open("xb") as unpacked:
        while chunk := packed.read(_CHUNK):
            count += len(chunk)
            if item.packed_bytes:
                try:
                    refuse_bomb(unpacked=count, packed=item.packed_bytes, name=item.name, limits=_LIMITS)
                except SubmissionError:
                    return f"unpacks to over {_LIMITS.ratio} times its size"
            unpacked.write(chunk)
    if item.written:
        with suppress(OSError, OverflowError):
            os.utime(target, (item.written, item.written))
    return ""


def _free(path: Path) -> Path:
    """Return the path, with a count where something of this name was unpacked before."""
    free, count = path, 1
    while free.exists():
        count += 1
        free = path.with_name(f"{path.stem} ({count}){path.suffix}")
    return free


def _fitting(name: str) -> str:
    """Return a name that fits a file system: the middle of a longer one is left out, marks and suffix stay."""
    name = _DRIVE.sub(lambda found: f"{found[1]}_", name.encode("utf-8", "replace").decode())
    while len(name.encode()) > _NAME_BYTES:
        name = name[: len(name) * 2 // 3] + name[len(name) * 2 // 3 + 1 :]
    return name


def _refuse(file: Path, why: str) -> SubmissionError:
    return SubmissionError(
        f"`{printable(file.name)}` {printable(why)}.", remedy="Download it again, or unpack it and give the folder."
    )
