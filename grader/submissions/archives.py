"""Read a zip or tar archive that a stranger handed in, entry by entry in memory, never onto the disk.

`grader.submissions.contents` decides what is wanted and bounds the reading; `grader.submissions.archive_streams` bounds
the parsers.
"""

import gzip
import stat
import struct
import tarfile
import time
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from grader.errors import SubmissionError
from grader.submissions.archive_streams import BoundedFile, open_tar_stream
from grader.submissions.contents import MIB, Contents, Entry, IntakeLimits, choose, drop_junk, gather
from grader.submissions.lfs_pointers import LFS_REMEDY, LFS_START, LFS_WORDS
from grader.submissions.packed import Packed
from grader.submissions.paths import find_path_fault, normalise, printable

READABLE_SUFFIXES = (".zip", ".tar.gz", ".tgz", ".tar")

_AGAIN = "Pack the folder again with your system's own tool, as .zip or .tar.gz."
_ENCRYPTED = "is encrypted"
_UNLOCKED = "Pack the folder again without a password, as .zip or .tar.gz."
_METHODS = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "XZ", 98: "PPMd", 99: "AES encryption"}
_FIRST_YEAR = 1980  # what a zip says where its maker knew no date
_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    struct.error,
    EOFError,
    LookupError,
    NotImplementedError,
    OverflowError,
    RecursionError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class _Listed:
    """Describe one archive entry as it stands there; `problem` is why a file like it can't be taken."""

    name: str
    is_folder: bool
    problem: str
    size: int
    packed_bytes: int = 0
    written: float = 0.0


def read_archive(archive: Path | Packed, limits: IntakeLimits) -> Contents:
    """Read an archive's files into memory; raise SubmissionError for a broken or unsafe one."""
    packed = archive if isinstance(archive, Packed) else Packed(archive.name, archive)
    with _explained(packed):
        choice = choose(_list_entries(packed, limits), limits)
        contents = gather(_open_entries(packed, choice.wanted, limits), limits)
    return replace(
        contents,
        notes=choice.notes + contents.notes,
        archives=choice.archives,
        too_large={**choice.too_large, **contents.too_large},
    )


def take_archive(archive: Packed, path: str, limits: IntakeLimits) -> Packed:
    """Return the archive that lies at `path` inside another one, in memory; raise SubmissionError as for any."""
    name = f"{archive.name}/{path}"
    with _explained(archive):
        wanted = [entry for entry in _list_entries(archive, limits) if entry.path == path][-1:]
        wide = replace(limits, file_bytes=limits.inner_bytes)
        contents = gather(_open_entries(archive, wanted, limits), wide)
    if path not in contents.files:
        size = limits.inner_bytes // MIB
        raise SubmissionError(
            f"`{printable(name)}` is over {size} MiB and was not opened.",
            remedy="Hand in the code only, in one archive.",
        )
    return Packed(name, content=contents.files[path])


def is_archive(start: bytes) -> bool:
    """Say whether a file that begins so is an archive of a kind that can be read."""
    return start.startswith((b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b")) or start[257:262] == b"ustar"


def _list_entries(packed: Packed, limits: IntakeLimits) -> list[Entry]:
    """Return the files of an archive; raise SubmissionError where one of them, or all of it, can't be taken."""
    is_zip = _find_kind(packed) == "zip"
    return _judge(packed, _list_zip(packed, limits) if is_zip else _list_tar(packed, limits), limits)


def _open_entries(packed: Packed, wanted: Sequence[Entry], limits: IntakeLimits) -> Iterator[tuple[Entry, IO[bytes]]]:
    if _find_kind(packed) == "zip":
        return _open_zip(packed, wanted, limits)
    return _open_tar(packed, wanted, limits)


@contextmanager
def _explained(packed: Packed) -> Iterator[None]:
    try:
        yield
    except _BROKEN as err:
        why = printable(str(err)) or type(err).__name__
        raise SubmissionError(
            f"`{printable(packed.name)}` is damaged or was cut off during the upload ({why}).", remedy=_AGAIN
        ) from err
    except OSError as err:
        raise SubmissionError(f"`{printable(packed.name)}` can't be read: {err.strerror}.") from err


def _find_kind(packed: Packed) -> str:
    with packed.open() as file:
        start = file.read(512)
    if start.startswith(b"PK"):
        return "zip"
    if start.startswith(b"\x1f\x8b") or start[257:262] == b"ustar":
        return "tar"
    what = "is empty" if not start else f"is not a {'zip' if packed.name.lower().endswith('.zip') else 'tar'} archive"
    others = {b"Rar!": "a RAR", b"7z\xbc\xaf": "a 7-Zip", b"BZh": "a bzip2", b"\xfd7zXZ": "an xz"}
    for magic, name in others.items():
        if start.startswith(magic):
            what = f"is {name} archive, which can't be read"
    if start.startswith(LFS_START):
        raise SubmissionError(f"`{printable(packed.name)}` is {LFS_WORDS}", remedy=LFS_REMEDY)
    raise SubmissionError(f"`{printable(packed.name)}` {what}.", remedy=_AGAIN)


def _judge(packed: Packed, listed: Iterable[_Listed], limits: IntakeLimits) -> list[Entry]:
    entries: list[Entry] = []
    problems: dict[int, str] = {}
    for index, item in enumerate(listed):
        if index >= limits.entries:
            raise SubmissionError(f"`{printable(packed.name)}` holds over {limits.entries:,} entries.", remedy=_AGAIN)
        if fault := find_path_fault(item.name):
            raise _refuse(packed, item.name, fault)
        if not item.is_folder:
            problems[index] = item.problem
            size, when = item.packed_bytes, item.written
            entries.append(Entry(normalise(item.name), item.size, index=index, packed_bytes=size, written=when))
    kept = drop_junk(entries)
    for entry in kept:
        problem = problems[entry.index] or _find_length_fault(entry.path, limits)
        if problem:
            raise _refuse(packed, entry.path, problem)
    return kept


def _find_length_fault(name: str, limits: IntakeLimits) -> str:
    if not name:
        return "has no name"
    if name.count("/") >= limits.depth:
        return f"is over {limits.depth} folders deep"
    too_long = len(name.encode("utf-8", "surrogateescape")) > limits.path_bytes
    return f"has a path of over {limits.path_bytes} bytes" if too_long else ""


def _refuse(packed: Packed, name: str, problem: str) -> SubmissionError:
    return SubmissionError(
        f"`{printable(packed.name)}` was refused: its entry `{printable(name[:200])}` {problem}.",
        remedy=_UNLOCKED if problem == _ENCRYPTED else _AGAIN,
    )


def _list_zip(packed: Packed, limits: IntakeLimits) -> Iterator[_Listed]:
    with packed.open() as file, zipfile.ZipFile(BoundedFile(file, limits)) as archive:
        for info in archive.infolist():
            # Some tools of Windows write backslashes: a path with them is judged as the path that is meant.
            name = decode_name(info).replace("\\", "/")
            yield _Listed(
                name=name,
                is_folder=name.endswith("/"),
                problem=find_zip_problem(info),
                size=info.file_size,
                packed_bytes=max(info.compress_size, 1),
                written=time_of(info),
            )


def time_of(info: zipfile.ZipInfo) -> float:
    """Return when an entry was changed last, 0 where its date is none."""
    try:
        return time.mktime((*info.date_time, 0, 0, -1)) if info.date_time[0] > _FIRST_YEAR else 0.0
    except (OverflowError, ValueError):
        return 0.0


def decode_name(info: zipfile.ZipInfo) -> str:
    """Return an entry's name as its author spelled it."""
    # macOS writes UTF-8 without setting the flag that says so; zipfile then reads it as cp437.
    if info.flag_bits & 0x800:
        return info.orig_filename
    try:
        return info.orig_filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.orig_filename


def find_zip_problem(info: zipfile.ZipInfo) -> str:
    """Return why an entry can't be taken, "" where it can."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "is a link"
    if kind not in {0, stat.S_IFREG}:
        return "is not a plain file"
    if info.flag_bits & 0x1:
        return _ENCRYPTED
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        method = _METHODS.get(info.compress_type, f"compression method {info.compress_type}")
        return f"is packed with {method}, which can't be read"
    return ""


def _open_zip(packed: Packed, wanted: Sequence[Entry], limits: IntakeLimits) -> Iterator[tuple[Entry, IO[bytes]]]:
    with packed.open() as file, zipfile.ZipFile(BoundedFile(file, limits)) as archive:
        infos = archive.infolist()
        for entry in wanted:
            with archive.open(infos[entry.index]) as stream:
                yield entry, stream


def _list_tar(packed: Packed, limits: IntakeLimits) -> Iterator[_Listed]:
    with open_tar_stream(packed, limits) as archive:
        for member in archive:
            problem = "" if member.isreg() else "is a link" if _is_link(member) else "is not a plain file"
            yield _Listed(
                member.name, is_folder=member.isdir(), problem=problem, size=member.size, written=float(member.mtime)
            )


def _is_link(member: tarfile.TarInfo) -> bool:
    return member.issym() or member.islnk()


def _open_tar(packed: Packed, entries: Sequence[Entry], limits: IntakeLimits) -> Iterator[tuple[Entry, IO[bytes]]]:
    wanted = {entry.index: entry for entry in entries}
    with open_tar_stream(packed, limits) as archive:
        for index, member in enumerate(archive):
            stream = archive.extractfile(member) if index in wanted else None
            if stream is not None:
                yield wanted[index], stream
