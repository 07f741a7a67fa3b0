"""Gives every submission a file name for its scorecard: safe everywhere, unique, as readable as possible.

`grader.report.html` writes the files and links to them.
"""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

SIMILAR_PAGE = "similar.html"  # beside index.html, which links to it where it is there
CHANGES_PAGE, CHANGES_TABLE = "changes.html", "changes.csv"  # there only where something has changed
_LIMIT = 50  # characters; of four bytes each they still fit the 255 bytes of a file name
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")  # names that Windows keeps to itself


def scorecard_files(submissions: Iterable[str]) -> dict[str, str]:
    """Return the file name of each submission's scorecard.

    A name that had to be changed, is long, or differs from another only in what some file systems don't tell
    apart (case, composed accents) gets a part of its hash appended.
    """
    return {name: f"{stem}.html" for name, stem in folder_names(submissions).items()}


def folder_names(wanted: Iterable[str]) -> dict[str, str]:
    """Return a name for each that is safe everywhere and unique, made as those of `scorecard_files` are."""
    names = sorted(set(wanted))
    likeness = Counter(_folded(_slug(name)) for name in names)
    files: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        slug = _slug(name)
        is_plain = slug == name and likeness[_folded(slug)] == 1 and not _RESERVED.fullmatch(slug)
        stem = slug if is_plain and _folded(slug) not in taken else _hashed(name, slug=slug, taken=taken)
        taken.add(_folded(stem))
        files[name] = stem
    return files


def notebook_file(submission: str) -> str:
    """Return the file name of a submission's executed notebook, which depends only on the submission's name."""
    slug = _slug(submission)
    is_plain = slug == submission == _folded(submission) and not _RESERVED.fullmatch(slug)
    digest = hashlib.sha256(submission.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{slug}.ipynb" if is_plain else f"{slug[: _LIMIT - 12]}-{digest[:12]}.ipynb"


def log_file(submission: str) -> str:
    """Return the file name of a submission's log, which depends only on the submission's name."""
    return f"{notebook_file(submission).removesuffix('.ipynb')}.log"


def _slug(name: str) -> str:
    kept = (char if char.isalnum() or char in "-_." else "_" for char in unicodedata.normalize("NFC", name))
    return "".join(kept)[:_LIMIT].strip(".-_") or "submission"


def _hashed(name: str, *, slug: str, taken: set[str]) -> str:
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    stems = (f"{slug[: _LIMIT - 8]}-{digest[:length]}" for length in (8, 16, 32))
    return next((stem for stem in stems if _folded(stem) not in taken), f"submission-{digest}")


def _folded(stem: str) -> str:
    return unicodedata.normalize("NFKC", stem).casefold()
