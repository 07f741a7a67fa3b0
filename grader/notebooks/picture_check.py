"""Check pictures that strangers wrote, and write them anew with nothing in them but what is drawn.

No pixel is decoded: a PNG's chunks and a JPEG's segments are walked through, their sums and sizes are checked, and
remarks, profiles and whatever follows the end are left out. `grader.grading.evidence` shows what comes back.

Why: docs/decisions.md#evidence-of-runs
"""

import base64
import hashlib
import re
import struct
import zlib
from collections.abc import Iterator

from grader.errors import SubmissionError
from grader.results.exhibit import Picture

MOST_BYTES = 600_000  # of one picture
_MOST_SIDE = 8_000  # pixels
_MOST_RAW = 96 << 20  # bytes of a PNG's rows, unpacked
_PNG = b"\x89PNG\r\n\x1a\n"
_KEPT_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by the colour type
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))  # Adam7
_PIECE = 1 << 20
_FRAMES = (0xC0, 0xC1, 0xC2)  # of a JPEG: baseline, extended, progressive
_KEPT_SEGMENTS = (*_FRAMES, 0xC4, 0xDB, 0xDD)
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_END_OF_IMAGE, _START_OF_SCAN, _ADOBE = 0xD9, 0xDA, 0xEE


def check_picture(content: bytes) -> Picture:
    """Return a picture with only what is drawn. Raises SubmissionError for what is none, damaged or too large."""
    if len(content) > MOST_BYTES:
        raise SubmissionError(f"A picture of {len(content) / 1000:,.0f} kB is too large.")
    try:
        if content.startswith(_PNG):
            return _picture("png", *_clean_png(content))
        if content.startswith(b"\xff\xd8\xff"):
            return _picture("jpeg", *_clean_jpeg(content))
    except (struct.error, IndexError, zlib.error) as err:
        raise _damaged() from err
    raise SubmissionError("A picture is neither PNG nor JPEG.")


def _damaged() -> SubmissionError:
    return SubmissionError("A picture is damaged.")


def _picture(kind: str, clean: bytes, size: tuple[int, int]) -> Picture:
    width, height = size
    digest = hashlib.sha256(clean).hexdigest()
    return Picture(kind, digest, width, height, base64.b64encode(clean).decode("ascii"))


def _checked_size(width: int, height: int) -> tuple[int, int]:
    if not 0 < width <= _MOST_SIDE or not 0 < height <= _MOST_SIDE:
        raise SubmissionError(f"A picture of {width} by {height} pixels can't be shown.")
    return width, height


def _clean_png(content: bytes) -> tuple[bytes, tuple[int, int]]:
    """Return a PNG without chunks that draw nothing, and its size. Raises SubmissionError."""
    chunks = list(_chunks(content))
    kinds = [kind for kind, _ in chunks]
    once = all(kinds.count(kind) <= 1 for kind in (b"IHDR", b"PLTE", b"tRNS"))
    if not kinds or kinds[0] != b"IHDR" or kinds[-1] != b"IEND" or b"IDAT" not in kinds or not once:
        raise _damaged()
    width, height, depth, colour, packing, filtering, interlaced = struct.unpack(">IIBBBBB", chunks[0][1])
    size = _checked_size(width, height)
    if depth not in _DEPTHS.get(colour, ()) or packing or filtering or interlaced > 1:
        raise _damaged()
    raw = _raw_bytes(size, depth * _CHANNELS[colour], is_interlaced=bool(interlaced))
    if raw > _MOST_RAW or _unpacked(b"".join(data for kind, data in chunks if kind == b"IDAT"), most=raw) != raw:
        raise _damaged()
    return _PNG + b"".join(_written(kind, data) for kind, data in chunks), size


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the chunks that draw, up to the end. Raises SubmissionError for a wrong sum, and for an unknown kind."""
    at = len(_PNG)
    while True:
        (length,), kind = struct.unpack_from(">I", content, at), content[at + 4 : at + 8]
        data = content[at + 8 : at + 8 + length]
        (told,) = struct.unpack_from(">I", content, at + 8 + length)
        if zlib.crc32(kind + data) != told:
            raise _damaged()
        if kind in _KEPT_CHUNKS:
            yield kind, data
        elif not kind[0] & 0x20:  # an unknown one that is no remark
            raise _damaged()
        if kind == b"IEND":
            return
        at += 12 + length


def _written(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _raw_bytes(size: tuple[int, int], bits: int, *, is_interlaced: bool) -> int:
    """Return how many bytes the rows have, each with the one that names its filter."""
    width, height = size
    parts = [(width, height)]
    if is_interlaced:
        parts = [(-(-(width - x) // dx), -(-(height - y) // dy)) for x, y, dx, dy in _PASSES]
    return sum(rows * (1 + -(-columns * bits // 8)) for columns, rows in parts if columns > 0 and rows > 0)


def _unpacked(packed: bytes, *, most: int) -> int:
    """Return how many bytes come out, more than `most` where it does not end there; they are never held together."""
    stream = zlib.decompressobj()
    total, rest = 0, packed
    while not stream.eof and total <= most:
        part = stream.decompress(rest, _PIECE)
        rest = stream.unconsumed_tail
        total += len(part)
        if not part and not rest:
            break
    return total if stream.eof else most + 1


def _clean_jpeg(content: bytes) -> tuple[bytes, tuple[int, int]]:
    """Return a JPEG without remarks and profiles, and its size. Raises SubmissionError."""
    kept, at = [b"\xff\xd8"], 2
    size: tuple[int, int] | None = None
    while True:
        if content[at] != 0xFF:
            raise _damaged()
        mark = content[at + 1]
        if mark == _END_OF_IMAGE and size is not None:
            return b"".join(kept) + b"\xff\xd9", size
        (length,) = struct.unpack_from(">H", content, at + 2)
        end = at + 2 + length
        if length < 2 or end > len(content):
            raise _damaged()
        if mark in _FRAMES:
            if size is not None:
                raise _damaged()
            height, width = struct.unpack_from(">HH", content, at + 5)
            size = _checked_size(width, height)
        if mark == _START_OF_SCAN:
            end = _end_of_scan(content, end)
        elif mark not in _KEPT_SEGMENTS and not 0xE0 <= mark <= 0xEF and mark != 0xFE:
            raise _damaged()
        if mark in (*_KEPT_SEGMENTS, _START_OF_SCAN) or (mark == _ADOBE and length == 14):  # it tells how colours mix
            kept.append(content[at:end])
        at = end


def _end_of_scan(content: bytes, at: int) -> int:
    """Return where the next marker stands behind the drawn data. Raises SubmissionError where there is none."""
    found = _MARKER.search(content, at)
    if found is None:
        raise _damaged()
    return found.start()
