"""An archive that can be opened again and again: a file on the disk, or bytes that lay in another archive.

`grader.submissions.archives` reads it.
"""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True, slots=True)
class Packed:
    """Hold an archive's name and where its bytes are: on the disk at `path`, else in `content`."""

    name: str
    path: Path | None = None
    content: bytes = b""

    def open(self) -> IO[bytes]:
        """Open it for reading from its start."""
        return self.path.open("rb") if self.path is not None else io.BytesIO(self.content)
