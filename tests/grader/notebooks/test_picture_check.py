"""Tests of grader.notebooks.picture_check: what is drawn stays as it is, and nothing else does."""

import base64
import io
import struct
import zlib

import pytest
from PIL import Image, ImageDraw, PngImagePlugin

from grader.errors import SubmissionError
from grader.notebooks.picture_check import MOST_BYTES, check_picture

SECRET = b"<script>alert(1)</script>"


def _drawn(mode="RGB", size=(37, 21)):
    picture = Image.new("RGB", size, "white")
    ImageDraw.Draw(picture).line((0, 0, *size), fill="red", width=3)
    return picture.convert(mode)


def _saved(picture, kind, **options):
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(header, packed):
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def _interlaced_gray():
    """Return a PNG of 3 by 2 gray pixels in seven passes, as few programs write it."""
    rows = [b"\x00\x05", b"\x00\x06", b"\x00\x07", b"\x00\x08\x09\x0a"]  # passes 1, 4, 6, 7: filter and pixels
    return _png(struct.pack(">IIBBBBB", 3, 2, 8, 0, 0, 0, 1), zlib.compress(b"".join(rows)))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_png_looks_the_same(mode):
    """PNGs of every kind of pixel come back with the same pixels, and their size is told."""
    picture = _drawn("L").convert("I;16") if mode == "I;16" else _drawn(mode)
    found = check_picture(_saved(picture, "PNG"))
    again = Image.open(io.BytesIO(base64.b64decode(found.data)))
    assert (found.kind, found.width, found.height) == ("png", 37, 21)
    assert again.tobytes() == Image.open(io.BytesIO(_saved(picture, "PNG"))).tobytes()


def test_an_interlaced_png_is_taken():
    """A PNG that comes in seven passes is measured as it is packed."""
    again = Image.open(io.BytesIO(base64.b64decode(check_picture(_interlaced_gray()).data)))
    assert again.size == (3, 2)
    again.load()


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_jpeg_looks_the_same(mode, progressive):
    """JPEGs, progressive ones too, come back with the same pixels."""
    content = _saved(_drawn(mode), "JPEG", progressive=progressive, comment=SECRET, exif=b"Exif\0\0" + SECRET)
    found = check_picture(content)
    clean = base64.b64decode(found.data)
    assert (found.kind, found.width, found.height) == ("jpeg", 37, 21)
    assert SECRET in content
    assert SECRET not in clean
    assert Image.open(io.BytesIO(clean)).tobytes() == Image.open(io.BytesIO(content)).tobytes()


def test_what_draws_nothing_is_left_out():
    """Remarks in a PNG, and whatever follows its end, do not come back."""
    told = PngImagePlugin.PngInfo()
    told.add_text("Comment", SECRET.decode())
    content = _saved(_drawn(), "PNG", pnginfo=told) + SECRET
    assert SECRET in content
    assert SECRET not in base64.b64decode(check_picture(content).data)


GRAY = struct.pack(">IIBBBBB", 4, 2, 8, 0, 0, 0, 0)
ROWS = zlib.compress(b"\x00" * 10)
DAMAGED = {
    "bomb": _png(GRAY, zlib.compress(b"\x00" * 50_000_000)),
    "too few rows": _png(GRAY, zlib.compress(b"\x00" * 9)),
    "cut stream": _png(GRAY, ROWS[:-6]),
    "no stream": _png(GRAY, b"no zlib"),
    "wrong sum": _png(GRAY, ROWS).replace(b"IDAT", b"IDAT", 1)[:-5] + b"\x00" * 5,
    "cut file": _png(GRAY, ROWS)[:-9],
    "unknown depth": _png(struct.pack(">IIBBBBB", 4, 2, 5, 0, 0, 0, 0), ROWS),
    "unknown colour": _png(struct.pack(">IIBBBBB", 4, 2, 8, 5, 0, 0, 0), ROWS),
    "two headers": _png(GRAY, ROWS).replace(_chunk(b"IEND", b""), _chunk(b"IHDR", GRAY) + _chunk(b"IEND", b"")),
    "unknown part": _png(GRAY, ROWS).replace(_chunk(b"IEND", b""), _chunk(b"ABCD", b"") + _chunk(b"IEND", b"")),
    "no data": b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", GRAY) + _chunk(b"IEND", b""),
    "only a start": b"\x89PNG\r\n\x1a\n",
    "jpeg cut": _saved(_drawn(), "JPEG")[:-2],
    "jpeg without a frame": b"\xff\xd8\xff\xd9",
    "jpeg of one scan": b"\xff\xd8\xff\xda\x00\x02" + b"\x00" * 100,
    "jpeg with a length too large": b"\xff\xd8\xff\xe1\xff\xff",
    "jpeg with rubbish": b"\xff\xd8\xff\xe1\x00\x02" + b"abc",
    "jpeg with another frame": b"\xff\xd8\xff\xc3\x00\x0b" + b"\x08\x00\x10\x00\x10\x01\x01\x11\x00",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_what_is_damaged_is_refused(content):
    """What is cut, lies about its size or holds unknown parts is no picture."""
    with pytest.raises(SubmissionError, match=r"^A picture is damaged\.$"):
        check_picture(content)


def test_what_is_too_large_is_refused():
    """A picture has a bound in bytes and one in pixels, which are read before anything is unpacked."""
    with pytest.raises(SubmissionError, match=r"A picture of 600 kB is too large\."):
        check_picture(b"\x89PNG\r\n\x1a\n" + b"\x00" * MOST_BYTES)
    wide = _png(struct.pack(">IIBBBBB", 2**31, 2, 8, 0, 0, 0, 0), ROWS)
    with pytest.raises(SubmissionError, match=r"of 2147483648 by 2 pixels can't be shown\."):
        check_picture(wide)


@pytest.mark.parametrize("content", [b"", b"<svg onload='alert(1)'/>", b"GIF89a", b"\xff\xd8", SECRET])
def test_other_kinds_are_refused(content):
    """SVG, GIF, HTML and nothing at all are not shown."""
    with pytest.raises(SubmissionError, match=r"A picture is neither PNG nor JPEG\."):
        check_picture(content)
