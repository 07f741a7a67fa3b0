"""Errors that the grader raises on purpose, each with the sentence its reader needs.

`grader.cli` is the only place that prints them and chooses an exit code.
"""


class GraderError(Exception):
    """Say what happened and what to try.

    `message` names numbers and place; `remedy` is a command or an action, or "" where there is none.
    """

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


class ProtocolError(GraderError):
    """Report a message across the wall that breaks the protocol: too long, malformed, of a wrong kind."""


class SandboxError(GraderError):
    """Report that the sandbox itself failed; never the student's fault."""


class StoreError(GraderError):
    """Report a results folder that can't be used: another assignment's, not writable, disk full."""


class DatasetError(GraderError):
    """Report a data set that is unknown, not on this machine, or not what its files claim."""


class ExportError(GraderError):
    """Report a roster, worksheet or option that an export can't use."""


class BundleError(GraderError):
    """Report a bundle that can't be made: what it needs is not there, or where it would go something is."""


class ManualError(GraderError):
    """Report points, a remark or a file of them that a person gave and that can't be used."""
