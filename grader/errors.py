"""Errors that the grader raises on purpose, each with the sentence its reader needs.

`grader.cli` is the only place that prints them and ends with their exit code.
"""

from typing import ClassVar


class GraderError(Exception):
    """Say what happened and what to try.

    `message` names numbers and place; `remedy` is a command or an action, or "" where there is none. `exit_code` is
    2 where the command can't be carried out as it was given, 3 where the grader or its machine failed.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class UsageError(GraderError):
    """Report an option whose value nobody knows."""


class CourseError(GraderError):
    """Report a mistake in a course: `assignment.toml`, probes, checks or the folder's layout."""


class SubmissionError(GraderError):
    """Report a submission that can't be read: no such file, broken archive, over a limit."""


class UnclearError(SubmissionError):
    """Report a submission of which several things may be meant: only a person can say which one counts."""


class AssetError(GraderError):
    """Report a recorded asset that is missing, stale or unreadable."""


class OtherInputsError(AssetError):
    """Report an asset that was recorded for other inputs than a check draws on this machine."""


class ProtocolError(GraderError):
    """Report a message across the wall that breaks the protocol: too long, malformed, of a wrong kind."""

    exit_code = 3


class SandboxError(GraderError):
    """Report that the sandbox itself failed; never the student's fault."""

    exit_code = 3


class StoreError(GraderError):
    """Report results that can't be stored or read: not writable, disk full, damaged."""

    exit_code = 3


class WrongFolderError(StoreError):
    """Report a folder that a command was given and that can't be meant: no results, another assignment's, in use."""

    exit_code = 2


class DatasetError(GraderError):
    """Report a data set that is unknown, not on this machine, or not what its files claim."""


class ExportError(GraderError):
    """Report a roster, worksheet or option that an export can't use."""


class BundleError(GraderError):
    """Report a bundle that can't be made: what it needs is not there, or where it would go something is."""


class ManualError(GraderError):
    """Report points, a remark or a file of them that a person gave and that can't be used."""
