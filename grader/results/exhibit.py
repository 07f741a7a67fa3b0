"""What a person is shown of a run: the outputs of one cell or the content of one file, checked and bounded.

`grader.grading.evidence` makes exhibits; `grader.results.pictures` keeps the bytes of their pictures apart.

Why: docs/decisions.md#evidence-of-runs
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Picture:
    """Hold a picture that was checked; `kind` is png or jpeg, `digest` the sha256 of its bytes, sizes are in pixels.

    `data` is the picture in base64, "" where the store keeps it.
    """

    kind: str
    digest: str
    width: int
    height: int
    data: str = ""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """Show what one place of a submission holds: `cell 12`, or the path of a file.

    `text` is what was printed or written there, plain and bounded; `note` says what is not shown of it.
    """

    place: str
    text: str = ""
    note: str = ""
    pictures: tuple[Picture, ...] = ()
