"""Read a zip or tar archive that a stranger handed in, entry by entry in memory, never onto the disk.

`grader.submissions.contents` decides what is wanted and bounds the reading; `grader.submissions.archive_streams` bounds
the parsers.
"""

import gzip
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from grader.errors import SubmissionError
from grader.submissions.archive_streams import BoundedFile, open_tar_stream
from grader.submissions.contents import Choice, Contents, Entry, IntakeLimits, choose, drop_junk, gather
from grader.submissions.paths import find_path_fault, normalise, printable

READABLE_SUFFIXES = (".zip", ".tar.gz", ".tgz", ".tar")

_AGAIN = "Pack the folder again with your system's own tool, as .zip or .tar.gz."
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


def read_archive(path: Path, limits: IntakeLimits) -> Contents:
    """Read an archive's files into memory; raise SubmissionError for a broken or unsafe one."""
    with _explained(path):
        kind = _find_kind(path)
        choice = _choose(path, _list_zip(path, limits) if kind == "zip" else _list_tar(path, limits), limits)
        opened = _open_zip(path, choice, limits) if kind == "zip" else _open_tar(path, choice, limits)
        contents = gather(opened, limits)
    return Contents(contents.files, notes=choice.notes + contents.notes, archives=choice.archives)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except _BROKEN as err:
        why = printable(str(err)) or type(err).__name__
        raise SubmissionError(
            f"`{printable(path.name)}` is damaged or was cut off during the upload ({why}).", remedy=_AGAIN
        ) from err
    except OSError as err:
        raise SubmissionError(f"`{printable(path.name)}` can't be read: {err.strerror}.") from err


def _find_kind(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(512)
    if start.startswith(b"PK"):
        return "zip"
    if start.startswith(b"\x1f\x8b") or start[257:262] == b"ustar":
        return "tar"
    what = "is empty" if not start else f"is not a {'zip' if path.suffix == '.zip' else 'tar'} archive"
    others = {b"Rar!": "a RAR", b"7z\xbc\xaf": "a 7-Zip", b"BZh": "a bzip2", b"\xfd7zXZ": "an xz"}
    for magic, name in others.items():
        if start.startswith(magic):
            what = f"is {name} archive, which can't be read"
    raise SubmissionError(f"`{printable(path.name)}` {what}.", remedy=_AGAIN)


def _choose(path: Path, listed: Iterable[_Listed], limits: IntakeLimits) -> Choice:
    entries: list[Entry] = []
    problems: dict[int, str] = {}
    for index, item in enumerate(listed):
        if index >= limits.entries:
            raise SubmissionError(f"`{printable(path.name)}` holds over {limits.entries:,} entries.", remedy=_AGAIN)
        if fault := find_path_fault(item.name):
            raise _refuse(path, item.name, fault)
        if not item.is_folder:
            problems[index] = item.problem
            entries.append(Entry(normalise(item.name), item.size, index=index, packed_bytes=item.packed_bytes))
    kept = drop_junk(entries)
    for entry in kept:
        problem = problems[entry.index] or _find_length_fault(entry.path, limits)
        if problem:
            raise _refuse(path, entry.path, problem)
    return choose(kept, limits)


def _find_length_fault(name: str, limits: IntakeLimits) -> str:
    if not name:
        return "has no name"
    if name.count("/") >= limits.depth:
        return f"is over {limits.depth} folders deep"
    too_long = len(name.encode("utf-8", "surrogateescape")) > limits.path_bytes
    return f"has a path of over {limits.path_bytes} bytes" if too_long else ""


def _refuse(path: Path, name: str, problem: str) -> SubmissionError:
    return SubmissionError(
        f"`{printable(path.name)}` was refused: its entry `{printable(name[:200])}` {problem}.", remedy=_AGAIN
    )


def _list_zip(path: Path, limits: IntakeLimits) -> Iterator[_Listed]:
    with path.open("rb") as file, zipfile.ZipFile(BoundedFile(file, limits)) as archive:
        for info in archive.infolist():
            yield _Listed(
                name=_decode_name(info),
                is_folder=info.is_dir(),
                problem=_find_zip_problem(info),
                size=info.file_size,
                packed_bytes=max(info.compress_size, 1),
            )


def _decode_name(info: zipfile.ZipInfo) -> str:
    # macOS writes UTF-8 without setting the flag that says so; zipfile then reads it as cp437.
    if info.flag_bits & 0x800:
        return info.orig_filename
    try:
        return info.orig_filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.orig_filename


def _find_zip_problem(info: zipfile.ZipInfo) -> str:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "is a link"
    if kind not in {0, stat.S_IFREG}:
        return "is not a plain file"
    if info.flag_bits & 0x1:
        return "is encrypted"
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return f"uses compression method {info.compress_type}, which can't be read"
    return ""


def _open_zip(path: Path, choice: Choice, limits: IntakeLimits) -> Iterator[tuple[Entry, IO[bytes]]]:
    with path.open("rb") as file, zipfile.ZipFile(BoundedFile(file, limits)) as archive:
        infos = archive.infolist()
        for entry in choice.wanted:
            with archive.open(infos[entry.index]) as stream:
                yield entry, stream


def _list_tar(path: Path, limits: IntakeLimits) -> Iterator[_Listed]:
    with open_tar_stream(path, limits) as archive:
        for member in archive:
            problem = "" if member.isreg() else "is a link" if _is_link(member) else "is not a plain file"
            yield _Listed(member.name, is_folder=member.isdir(), problem=problem, size=member.size)


def _is_link(member: tarfile.TarInfo) -> bool:
    return member.issym() or member.islnk()


def _open_tar(path: Path, choice: Choice, limits: IntakeLimits) -> Iterator[tuple[Entry, IO[bytes]]]:
    wanted = {entry.index: entry for entry in choice.wanted}
    with open_tar_stream(path, limits) as archive:
        for index, member in enumerate(archive):
            stream = archive.extractfile(member) if index in wanted else None
            if stream is not None:
                yield wanted[index], stream
