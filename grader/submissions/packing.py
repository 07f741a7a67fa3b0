"""Files as one string of bytes and back: how a course or a submission travels to another machine.

`grader.cluster` sends it; `grader.grading.grade` reads the submission in it instead of what was handed in.

Why: docs/decisions.md#submissions-travel-as-read
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from grader.errors import ProtocolError
from grader.submissions.submission import Submission, files_digest

_HEADER_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class FilesWithFacts:
    """Hold files, POSIX paths to bytes, and plain facts about them."""

    files: Mapping[str, bytes]
    facts: Mapping[str, Any] = field(default_factory=dict)


def pack_with_facts(packed: FilesWithFacts) -> bytes:
    """Return a line of JSON, with the facts and each file's path and size, and behind it all contents."""
    sizes = [[path, len(content)] for path, content in packed.files.items()]
    header = json.dumps({"facts": dict(packed.facts), "files": sizes}).encode()
    return b"\n".join((header, b"".join(packed.files.values())))


def unpack_with_facts(data: bytes, *, most_bytes: int) -> FilesWithFacts:
    """Return what was packed; raise ProtocolError for what can't have been, or what is over `most_bytes`."""
    header, found, contents = data.partition(b"\n")
    if not found or len(header) > _HEADER_BYTES or len(contents) > most_bytes:
        raise ProtocolError(f"Packed files of {len(data):,} bytes can't be read: they are cut off or too large.")
    try:
        match json.loads(header):
            case {"facts": dict(facts), "files": list(rows)}:
                sizes = {str(path): int(size) for path, size in rows}
            case _:
                raise ValueError("another shape")
    except (ValueError, TypeError, RecursionError) as err:
        raise ProtocolError(f"The header of packed files can't be read ({type(err).__name__}).") from err
    if len(sizes) != len(rows) or any(size < 0 for size in sizes.values()) or sum(sizes.values()) != len(contents):
        raise ProtocolError("Packed files are not what their header says.")
    for path in sizes:
        refuse_path(path)
    files, start = {}, 0
    for path, size in sizes.items():
        files[path] = contents[start : start + size]
        start += size
    return FilesWithFacts(files, facts)


def refuse_path(path: str) -> None:
    """Raise ProtocolError for a path that leads out of the folder it is unpacked in."""
    pure = PurePosixPath(path)
    if not path or "\0" in path or "\\" in path or pure.is_absolute() or ".." in pure.parts or str(pure) != path:
        raise ProtocolError(f"Packed files hold one at {path[:200]!r}.")


def pack_submission(submission: Submission) -> bytes:
    """Return a submission as bytes."""
    facts = {
        "name": submission.name,
        "notes": submission.notes,
        "missing": submission.missing,
        "digest": submission.digest,
        "too_large": dict(submission.too_large),
        "evidence": submission.evidence,
    }
    return pack_with_facts(FilesWithFacts(submission.files, facts))


def read_packed_submission(file: Path, *, most_bytes: int = 2 << 30) -> Submission:
    """Return the submission that a file holds; raise ProtocolError if it is not what was packed."""
    packed = unpack_with_facts(file.read_bytes(), most_bytes=most_bytes)
    facts = packed.facts
    submission = Submission(
        name=str(facts.get("name", "")),
        files=packed.files,
        notes=tuple(facts.get("notes", ())),
        missing=tuple(facts.get("missing", ())),
        digest=str(facts.get("digest", "")),
        too_large={str(path): int(size) for path, size in dict(facts.get("too_large", {})).items()},
        evidence=str(facts.get("evidence", "")),
    )
    if files_digest(submission.files, evidence=submission.evidence) != submission.digest:
        raise ProtocolError(f"The packed files of {submission.name!r} were damaged on their way.")
    return submission
