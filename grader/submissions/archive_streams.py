"""Files beneath an archive parser that bound what the parser itself reads, whatever the headers declare.

`grader.submissions.archives` lays them under `zipfile` and `tarfile`.
"""

import gzip
import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from grader.errors import SubmissionError
from grader.submissions.contents import MIB, IntakeLimits, refuse_bomb
from grader.submissions.packed import Packed
from grader.submissions.paths import printable

_SKIP = 256 * 1024


class BoundedFile(io.RawIOBase):
    """Pass reads on to a file, but refuse one that is longer than any honest header or table of contents."""

    def __init__(self, file: IO[bytes], limits: IntakeLimits) -> None:
        super().__init__()
        self._file = file
        self._most = limits.header_bytes

    def read(self, size: int = -1, /) -> bytes:
        """Read up to `size` bytes, all that is left where it is negative."""
        content = self._file.read(self._most + 1 if size < 0 else min(size, self._most + 1))
        if len(content) > self._most:
            raise SubmissionError(
                f"The archive's table of contents is over {self._most // MIB} MiB long.",
                remedy="Hand in the code only, without data sets and environments.",
            )
        return content

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move as in the file below."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the position in the file below."""
        return self._file.tell()

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True


class _ForwardStream:
    """Count what is unpacked from a tar file; move forward only, since going back unpacks it all again.

    In a file that is not packed, what is passed over is not read, so its size does not matter.
    """

    def __init__(self, name: str, packed: IO[bytes], limits: IntakeLimits) -> None:
        zipped = packed.read(2) == b"\x1f\x8b"
        packed.seek(0)
        self._name = name
        self._packed = packed
        self._stream: IO[bytes] = gzip.GzipFile(fileobj=packed) if zipped else packed  # type: ignore[assignment]
        self._limits = limits
        self._position = 0
        self.last_block = b""

    def read(self, size: int) -> bytes:
        """Read exactly `size` bytes, fewer only at the end."""
        if size > self._limits.header_bytes:
            raise SubmissionError(
                f"A header in `{printable(self._name)}` declares {size / MIB:,.0f} MiB.",
                remedy="Pack the folder again with your system's own tool.",
            )
        content = self._stream.read(size)
        self._position += len(content)
        self.last_block = content
        self._refuse_excess()
        return content

    def seek(self, position: int) -> None:
        """Skip forward to `position`."""
        if position < self._position:
            raise tarfile.ReadError("a header points backwards")
        if self._stream is self._packed:
            self._skip_to(position)
        while self._position < position:
            if not self.read(min(_SKIP, position - self._position)):
                return

    def _skip_to(self, position: int) -> None:
        if position > self._packed.seek(0, io.SEEK_END):
            raise tarfile.ReadError("unexpected end of data")
        self._position = self._packed.seek(position)

    def tell(self) -> int:
        """Return how many bytes were unpacked."""
        return self._position

    def seekable(self) -> bool:
        """Say no."""
        return False

    def _refuse_excess(self) -> None:
        name, limits = self._name, self._limits
        if self._stream is self._packed:
            return
        refuse_bomb(unpacked=self._position, packed=self._packed.tell(), name=name, limits=limits)
        if self._position > limits.unpacked_bytes:
            raise SubmissionError(
                f"`{printable(name)}` unpacks to over {limits.unpacked_bytes // MIB:,} MiB.",
                remedy="Hand in the code only, without data sets and environments.",
            )


@contextmanager
def open_tar_stream(archive: Packed, limits: IntakeLimits) -> Iterator[tarfile.TarFile]:
    """Open a tar file, gzipped or not, for one pass; raise tarfile.ReadError where it ends in rubbish."""
    with archive.open() as packed:
        stream = _ForwardStream(archive.name, packed, limits)
        with tarfile.open(fileobj=stream, mode="r:", format=tarfile.PAX_FORMAT) as opened:  # type: ignore[call-overload]
            yield opened
        # tarfile takes a header that it can't read for the end of the archive.
        if stream.last_block.strip(b"\0"):
            raise tarfile.ReadError("unexpected end of data")
