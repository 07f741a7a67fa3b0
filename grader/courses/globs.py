"""The globs of `assignment.toml`: `*` stays within a folder, `**` spans any number of them.

`grader.courses.assignment_file` refuses a faulty glob, `grader.submissions.submission` and `grader.authoring.template`
use sound ones.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase


def is_matched(path: str, globs: Iterable[str]) -> bool:
    """Say whether any of the globs matches the POSIX path; upper and lower case differ."""
    parts = tuple(path.split("/"))
    return any(_is_matched(parts, tuple(glob.split("/"))) for glob in globs)


def _is_matched(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    if not pattern:
        return not parts
    if pattern == ("**",):
        return bool(parts)
    if pattern[0] == "**":
        return any(_is_matched(parts[start:], pattern[1:]) for start in range(len(parts)))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _is_matched(parts[1:], pattern[1:])


def find_glob_fault(glob: str) -> str:
    """Return what is wrong with a glob, or "" if it is sound."""
    parts = glob.split("/")
    if not glob.strip():
        return "is empty"
    if "\\" in glob:
        return "has a backslash; folders are separated by `/`"
    if glob.startswith("/") or ".." in parts or "." in parts or "" in parts:
        return "does not stay below the submission's folder"
    if any("**" in part and part != "**" for part in parts):
        return "has `**` beside other letters; `**` stands alone between two `/`"
    if any(part.count("[") != part.count("]") for part in parts):
        return "has an unbalanced `[`"
    return ""
