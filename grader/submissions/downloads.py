"""Unpack what an LMS lets an instructor download: one zip with the uploads of a whole class.

`grader.submissions.intake` looks into the folder that it becomes; each submission in it is read like any other.
"""

import os
import shutil
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

from grader.errors import SubmissionError
from grader.submissions.archive_streams import BoundedFile
from grader.submissions.archives import decode_name, find_zip_problem, time_of
from grader.submissions.contents import ARCHIVE_SUFFIXES, MIB, IntakeLimits, is_junk, refuse_bomb
from grader.submissions.lms_names import parse_lms_name
from grader.submissions.paths import find_path_fault, is_utf8, normalise, printable
from grader.submissions.uploads import is_marked

_LIMITS = IntakeLimits(entries=200_000, header_bytes=128 * MIB)
_MOST_BYTES = 200 << 30
_CHUNK = 1 << 20
_NAME_BYTES = 250
_DEEP = 3  # folders in which the marks of an LMS are looked for


def is_download(file: Path, *, alone: bool) -> bool:
    """Say whether a zip holds the uploads of a class, by the names in it.

    One mark of an LMS, or several archives in it, are enough where the zip is all there is (`alone`); beside others it
    takes the marks of two students.
    """
    names = _list_names(file)
    marked = {part for name in names for part in name.split("/")[:_DEEP] if is_marked(part)}
    students = {lms.key if (lms := parse_lms_name(part)) else (part, "") for part in marked}
    archives = [name for name in names if name.count("/") <= 1 and name.lower().endswith(ARCHIVE_SUFFIXES)]
    is_code = any(name.lower().endswith((".py", ".ipynb")) and not _is_in_marked(name) for name in names)
    if alone and not is_code and len(archives) > 1:
        return True
    return len(students) >= (1 if alone else 2)


def _is_in_marked(name: str) -> bool:
    return any(is_marked(part) for part in name.split("/"))


def _list_names(file: Path) -> list[str]:
    """Return the paths in a zip, none where it can't be read: it says why when it is read as a submission."""
    if file.is_symlink() or not file.is_file() or file.suffix.lower() != ".zip":
        return []
    try:
        with file.open("rb") as raw, zipfile.ZipFile(BoundedFile(raw, _LIMITS)) as archive:
            infos = archive.infolist()[: _LIMITS.entries]
            names = [normalise(decode_name(info).replace("\\", "/")) for info in infos]
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError, SubmissionError):
        return []
    return [name for name in names if name and not is_junk(name)]


def unpack_download(file: Path) -> tuple[tempfile.TemporaryDirectory[str], Path]:
    """Unpack a download into a temporary folder, which goes when nobody holds it any more; return it and its path.

    Raises SubmissionError for a download that is damaged, unsafe or too large.
    """
    holder = tempfile.TemporaryDirectory(prefix="grader-download-", ignore_cleanup_errors=True)
    folder = Path(holder.name).resolve() / printable(file.stem)
    try:
        folder.mkdir()
        with file.open("rb") as raw, zipfile.ZipFile(BoundedFile(raw, _LIMITS)) as archive:
            _refuse_size(file, archive.infolist(), folder)
            for info in archive.infolist():
                _unpack_one(file, archive, info, folder)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError, RuntimeError) as err:
        raise _refuse(file, f"is damaged or was cut off during the download ({err})") from err
    except OSError as err:
        raise _refuse(file, f"can't be unpacked into {folder.parent}: {err.strerror}") from err
    return holder, folder


def _refuse_size(file: Path, infos: list[zipfile.ZipInfo], folder: Path) -> None:
    total = sum(info.file_size for info in infos)
    if len(infos) > _LIMITS.entries or total > _MOST_BYTES:
        raise _refuse(file, f"holds {len(infos):,} entries of {total / MIB:,.0f} MiB, too much for one class")
    if total > shutil.disk_usage(folder).free:
        raise _refuse(file, f"needs {total / MIB:,.0f} MiB on the disk of {folder.parent} (TMPDIR names another place)")


def _unpack_one(file: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo, folder: Path) -> None:
    name = decode_name(info).replace("\\", "/")
    path = PurePosixPath(normalise(name))
    if fault := find_path_fault(name) or ("" if is_utf8(name) else "has a name that is not valid UTF-8"):
        raise _refuse(file, f"was refused: its entry `{printable(name[:200])}` {fault}")
    if name.endswith("/"):
        (folder / path).mkdir(parents=True, exist_ok=True)
        return
    if is_junk(str(path)):
        return
    if problem := find_zip_problem(info):
        raise _refuse(file, f"was refused: its entry `{printable(name[:200])}` {problem}")
    target = folder / path.parent / _short(path.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with archive.open(info) as packed, target.open("xb") as unpacked:
        while chunk := packed.read(_CHUNK):
            count += len(chunk)
            refuse_bomb(unpacked=count, packed=max(info.compress_size, 1), name=name, limits=_LIMITS)
            unpacked.write(chunk)
    if when := time_of(info):
        os.utime(target, (when, when))


def _short(name: str) -> str:
    """Return a file name that fits a file system: the middle of a longer one is left out, marks and suffix stay."""
    while len(name.encode()) > _NAME_BYTES:
        name = name[: len(name) * 2 // 3] + name[len(name) * 2 // 3 + 1 :]
    return name


def _refuse(file: Path, why: str) -> SubmissionError:
    return SubmissionError(
        f"`{printable(file.name)}` {printable(why)}.", remedy="Download it again, or unpack it and give the folder."
    )
