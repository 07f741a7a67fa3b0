"""What a student handed in, as bytes in memory: which entries are wanted, and how much may be read.

`grader.submissions.folders` and `grader.submissions.archives` list and open the entries,
`grader.submissions.submission` makes a submission.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import IO

from grader.errors import SubmissionError
from grader.submissions.paths import is_utf8, list_names, printable

MIB = 1024 * 1024
ARCHIVE_SUFFIXES = (".zip", ".tar.gz", ".tgz", ".tar", ".7z", ".rar", ".bz2", ".xz")

_JUNK_FOLDERS = frozenset({"__pycache__", "__MACOSX", "node_modules", "site-packages"})
_JUNK_FILES = frozenset({"thumbs.db", "desktop.ini", "icon\r"})
_JUNK_SUFFIXES = (".pyc", ".pyo")
_CODE_SUFFIXES = (".py", ".ipynb", ".txt", ".md", ".json", ".toml", ".cfg", ".yml", ".yaml")
_WEIGHT_SUFFIXES = (".pt", ".pth", ".ckpt")
_CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """Bound what is read of one submission.

    A notebook may have `notebook_bytes`: what makes it large are outputs, which are dropped.
    `files` counts what is kept, `entries` all that is listed. A file over `file_bytes` is left out with a
    note, and so are pictures and data beyond `files` and `total_bytes`; every other bound refuses the submission.
    An archive in an archive may have `inner_bytes`; `archives` of an upload are opened, `nested` deep. `ratio`:
    uncompressed to compressed, asked beyond `ratio_from_bytes`. `unpacked_bytes` bounds a gzipped tar with all that
    is left out of it, `header_bytes` one header of an archive. `artifacts` are the sizes of those files, by their bare
    names in lower case, that an assignment asks for beside the code.
    """

    files: int = 2_000
    entries: int = 50_000
    file_bytes: int = 20 * MIB
    notebook_bytes: int = 256 * MIB
    total_bytes: int = 300 * MIB
    weights_bytes: int = MIB
    unpacked_bytes: int = 4096 * MIB
    header_bytes: int = 8 * MIB
    inner_bytes: int = 64 * MIB
    archives: int = 8
    nested: int = 2
    ratio: int = 200
    ratio_from_bytes: int = 10 * MIB
    depth: int = 16
    path_bytes: int = 400
    artifacts: Mapping[str, int] = field(default_factory=dict)

    def is_artifact(self, path: str) -> bool:
        """Say whether a file is called like an artifact that the assignment asks for."""
        return path.rpartition("/")[2].lower() in self.artifacts

    def most_bytes(self, path: str) -> int:
        """Return how large a file of this name may be."""
        if self.is_artifact(path):
            return self.artifacts[path.rpartition("/")[2].lower()]
        return self.notebook_bytes if path.lower().endswith(".ipynb") else self.file_bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """Describe one file before it is read; `size` is only what is declared.

    `index` is its place in the archive; `packed_bytes` its compressed size, or 0 if that means nothing. `written` is
    the time of its last change in seconds, or 0 if nothing tells.
    """

    path: str
    size: int
    index: int = 0
    packed_bytes: int = 0
    written: float = 0.0


@dataclass(frozen=True, slots=True)
class Choice:
    """Hold the entries to read, notes on what was left out, and the archives and too large artifacts among that."""

    wanted: tuple[Entry, ...]
    notes: tuple[str, ...]
    archives: tuple[str, ...]
    too_large: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Contents:
    """Hold what was read: POSIX paths to bytes, notes, and the archives that lay inside, unopened.

    `written` is when each file was changed last, as far as that is known. `too_large` has the sizes of artifacts that
    were left out since they are over their own limits.
    """

    files: Mapping[str, bytes]
    notes: tuple[str, ...] = ()
    archives: tuple[str, ...] = ()
    written: Mapping[str, float] = field(default_factory=dict, compare=False)
    too_large: Mapping[str, int] = field(default_factory=dict)


def is_junk(path: str) -> bool:
    """Say whether a tool made the file (caches, version control, Finder, hidden folders) rather than the student."""
    *folders, name = path.split("/")
    if any(folder in _JUNK_FOLDERS or folder.startswith(".") for folder in folders):
        return True
    return name.startswith(".") or name.lower() in _JUNK_FILES or name.lower().endswith(_JUNK_SUFFIXES)


def drop_junk(entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries without junk and virtual environments (folders that hold a `pyvenv.cfg`)."""
    listed = list(entries)
    venvs = tuple(entry.path.removesuffix("pyvenv.cfg") for entry in listed if entry.path.endswith("/pyvenv.cfg"))
    return [entry for entry in listed if not is_junk(entry.path) and not entry.path.startswith(venvs)]


def choose(entries: Iterable[Entry], limits: IntakeLimits) -> Choice:
    """Sort out what is read and what is left out with a note; raise SubmissionError for too many files."""
    reasons: dict[str, list[Entry]] = {"": [], "archive": [], "weights": [], "large": [], "unnamed": [], "many": []}
    for entry in entries:
        reasons[_find_reason(entry, limits)].append(entry)
    if sum(_is_code(entry) for entry in reasons[""]) > limits.files:
        raise _refuse_number([entry for entry in reasons[""] if _is_code(entry)], limits)
    reasons[""], reasons["many"] = _keep_code(reasons[""], limits)
    weights_mib, large_mib = limits.weights_bytes // MIB, limits.file_bytes // MIB
    words = {
        "archive": "archives inside a submission are not opened",
        "weights": f"model weights over {weights_mib} MiB are not needed",
        "large": f"files over {large_mib} MiB are not read",
        "unnamed": "the name is not valid UTF-8",
        "many": f"pictures and data beyond {limits.files:,} files or {limits.total_bytes // MIB} MiB are not read",
    }
    over = {entry.path: entry.size for entry in reasons["large"] if limits.is_artifact(entry.path)}
    reasons["large"] = [entry for entry in reasons["large"] if entry.path not in over]
    notes = [leave_out(entries_, words[reason]) for reason, entries_ in reasons.items() if reason and entries_]
    return Choice(
        wanted=tuple(reasons[""]),
        notes=(*notes, *(note_too_large(path, size, limits) for path, size in over.items())),
        archives=tuple(entry.path for entry in reasons["archive"]),
        too_large=over,
    )


def note_too_large(path: str, size: int, limits: IntakeLimits) -> str:
    """Word the note on an artifact of `size` bytes that was left out."""
    return leave_out([Entry(path, size)], explain_size(size, most_bytes=limits.most_bytes(path)))


def explain_size(size: int, *, most_bytes: int) -> str:
    """Say how large an artifact is, and how large it may be; both in bytes."""
    holds = f"it holds {size / MIB:,.1f} MiB" if size >= most_bytes + MIB / 10 else "it is too large"
    return f"{holds}; at most {round(most_bytes / MIB, 3):g} MiB are read"


def _is_code(entry: Entry) -> bool:
    return entry.path.lower().endswith(_CODE_SUFFIXES)


def _keep_code(entries: list[Entry], limits: IntakeLimits) -> tuple[list[Entry], list[Entry]]:
    """Part the entries into those that are read, all code and artifacts among them, and data without room."""
    code = [entry for entry in entries if _is_code(entry)]
    count, total = len(code), sum(entry.size for entry in code)
    kept = set(map(id, code))
    for entry in sorted(entries, key=lambda entry: _urgency(entry, limits)):
        if id(entry) not in kept and count < limits.files and total + entry.size <= limits.total_bytes:
            count, total = count + 1, total + entry.size
            kept.add(id(entry))
    return [entry for entry in entries if id(entry) in kept], [entry for entry in entries if id(entry) not in kept]


def _urgency(entry: Entry, limits: IntakeLimits) -> tuple[bool, int, int, str]:
    """Sort artifacts first, those in few folders before others of their name, and then data by size."""
    is_artifact = limits.is_artifact(entry.path)
    return not is_artifact, entry.path.count("/") if is_artifact else 0, entry.size, entry.path


def leave_out(entries: Iterable[Entry], reason: str) -> str:
    """Word the note on entries that were left out."""
    return f"Left out {list_names(entry.path for entry in entries)}: {reason}."


def _find_reason(entry: Entry, limits: IntakeLimits) -> str:
    name = entry.path.lower()
    if not is_utf8(entry.path):
        return "unnamed"
    if name.endswith(ARCHIVE_SUFFIXES):
        return "archive"
    if name.endswith(_WEIGHT_SUFFIXES) and entry.size > limits.weights_bytes and not limits.is_artifact(name):
        return "weights"
    return "large" if entry.size > limits.most_bytes(entry.path) else ""


def _refuse_number(entries: list[Entry], limits: IntakeLimits) -> SubmissionError:
    folders = [PurePosixPath(entry.path).parent.as_posix() for entry in entries]
    fullest = max(sorted(set(folders)), key=folders.count)
    return SubmissionError(
        f"The submission holds over {limits.files:,} files, {folders.count(fullest):,} of them in "
        f"`{printable(fullest)}/`.",
        remedy="Hand in the code only, without data sets and environments.",
    )


def gather(opened: Iterable[tuple[Entry, IO[bytes]]], limits: IntakeLimits) -> Contents:
    """Read opened entries to the end, counting what really comes; of two with one name the last wins."""
    files: dict[str, bytes] = {}
    written: dict[str, float] = {}
    large: list[Entry] = []
    twice: list[str] = []
    total = 0
    for entry, stream in opened:
        content, count = _read_counted(entry, stream, limits)
        total += count
        if total > limits.total_bytes:
            raise SubmissionError(
                f"The submission holds over {limits.total_bytes // MIB} MiB.",
                remedy="Hand in the code only, without data sets and weights.",
            )
        if entry.path in files:
            twice.append(entry.path)
        if count > limits.most_bytes(entry.path):
            large.append(entry)
        else:
            files[entry.path] = content
            written |= {entry.path: entry.written} if entry.written else {}
    _refuse_clash(files)
    artifacts = [entry for entry in large if limits.is_artifact(entry.path)]
    over = {entry.path: max(entry.size, limits.most_bytes(entry.path) + 1) for entry in artifacts}
    large = [entry for entry in large if entry.path not in over]
    notes = [leave_out(large, f"files over {limits.file_bytes // MIB} MiB are not read")] if large else []
    notes += [note_too_large(path, size, limits) for path, size in over.items()]
    if twice:
        notes.append(f"The archive holds {list_names(twice)} more than once; the last one was used.")
    return Contents(files=files, notes=tuple(notes), written=written, too_large=over)


def _read_counted(entry: Entry, stream: IO[bytes], limits: IntakeLimits) -> tuple[bytes, int]:
    chunks: list[bytes] = []
    count = 0
    while count <= limits.most_bytes(entry.path) and (chunk := stream.read(_CHUNK)):
        chunks.append(chunk)
        count += len(chunk)
        if entry.packed_bytes:
            refuse_bomb(unpacked=count, packed=entry.packed_bytes, name=entry.path, limits=limits)
    return b"".join(chunks), count


def refuse_bomb(*, unpacked: int, packed: int, name: str, limits: IntakeLimits) -> None:
    """Raise SubmissionError if so little data unpacks to so much that it must be meant to do harm."""
    if unpacked > limits.ratio_from_bytes and unpacked > limits.ratio * max(packed, 1):
        raise SubmissionError(
            f"`{printable(name)}` unpacks to over {limits.ratio} times its size "
            f"({unpacked / MIB:.0f} MiB from {packed / MIB:.2f} MiB) and was refused as a compression bomb.",
            remedy="Hand in the code only, without data sets and weights.",
        )


def _refuse_clash(files: Mapping[str, bytes]) -> None:
    for path in files:
        for folder in PurePosixPath(path).parents:
            if folder.as_posix() in files:
                raise SubmissionError(
                    f"`{printable(folder.as_posix())}` is both a file and a folder in the archive.",
                    remedy="Pack the folder again with your system's own tool.",
                )
