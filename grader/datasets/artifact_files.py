"""Hold on the trusted side what students handed in beside their code, and count the weights in it.

`grader.grading.artifacts` hands the files to checks; `grader.datasets.prediction_files` reads predictions.
"""

import math
from dataclasses import dataclass, field

from grader.errors import CourseError, ProtocolError
from grader.sandbox.wire.unpacking import checked_header


@dataclass(frozen=True, slots=True)
class ArtifactFile:
    """Hold a file that a student handed in beside the code, with its path in the submission's folder."""

    path: str
    content: bytes = field(repr=False)


def count_parameters(weights: ArtifactFile) -> int:
    """Return how many numbers a safetensors file holds. Only its header is read.

    Raises AssertionError for a file that is none, CourseError for what can only be opened behind the wall.
    """
    if not weights.path.lower().endswith(".safetensors"):
        raise CourseError(
            f"`{weights.path}` can't be opened on the trusted side.", remedy="Ask students for a safetensors file."
        )
    try:
        header = checked_header(weights.content, what="The file")
    except ProtocolError as err:
        raise AssertionError(f"`{weights.path}` is no usable safetensors file. {err}") from err
    return sum(math.prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__")
