"""Promises of `grader.sandbox.wire.protocol`: frames, notes, files and descriptors."""

import contextlib
import json
import os
import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.errors import ProtocolError
from grader.sandbox.wire.protocol import (
    FrameReader,
    frame,
    note,
    pack_files,
    read_exactly,
    read_frame,
    read_note,
    receive_descriptors,
    send_descriptors,
    unpack_files,
    write_all,
)


@given(st.lists(st.binary(max_size=50)), st.integers(1, 20))
def test_frames_in_pieces(payloads, size):
    """Frames arrive whole and in order, however the bytes are cut."""
    data = b"".join(map(frame, payloads))
    reader = FrameReader(50)
    pieces = [reader.feed(data[start : start + size]) for start in range(0, len(data), size)]
    assert [payload for piece in pieces for payload in piece] == payloads


@given(st.lists(st.binary(max_size=100)))
def test_any_bytes(pieces):
    """Random bytes are frames within the bound, or a ProtocolError, and are not kept beyond one frame."""
    reader = FrameReader(64)
    for piece in pieces:
        try:
            frames = reader.feed(piece)
        except ProtocolError:
            return
        assert all(len(payload) <= 64 for payload in frames)
        assert len(reader._buffer) <= 64 + 8


def test_frame_over_the_bound():
    """A frame that claims too much is refused as soon as its length is there, with both numbers."""
    with pytest.raises(ProtocolError) as caught:
        FrameReader(100).feed(struct.pack(">Q", 101))
    assert caught.value.message == "A message claims 101 bytes; at most 100 are allowed."
    assert FrameReader(100).feed(frame(bytes(100))) == [bytes(100)]


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"", "A note is not JSON: Expecting value: line 1 column 1 (char 0)."),
        (b"\xff", "A note is not JSON: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte."),
        (
            b"[" * 100_000,
            "A note is not JSON: maximum recursion depth exceeded while decoding a JSON array from a unicode",
        ),
        (
            b"9" * 5000,
            "A note is not JSON: Exceeds the limit (4300 digits) for integer string conversion: value has 5000",
        ),
        (b"3", "A note is not a JSON object."),
    ],
)
def test_bad_notes(payload, words):
    """A note that is no small JSON object is refused."""
    with pytest.raises(ProtocolError) as caught:
        read_note(payload)
    assert caught.value.message.startswith(words)


@given(st.binary(max_size=300))
def test_any_note(payload):
    """Random bytes are a dict or a ProtocolError."""
    with contextlib.suppress(ProtocolError):
        assert isinstance(read_note(payload), dict)


def test_note_and_frame():
    """A note reads back as the values it was made of."""
    (payload,) = FrameReader(1000).feed(note(end=3, status=0))
    assert read_note(payload) == {"end": 3, "status": 0}


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1), st.binary(max_size=50)))
def test_files(files):
    """Files arrive with their names and bytes."""
    assert unpack_files(pack_files(files)) == files


def test_descriptors():
    """Descriptors arrive with their frame, and only as many as asked for."""
    ours, theirs = socket.socketpair()
    reading, writing = os.pipe()
    with ours, theirs:
        send_descriptors(ours, b"x" * 30_000, (writing,))
        payload, (received,) = receive_descriptors(theirs, 1)
        assert payload == b"x" * 30_000
        os.write(received, b"through")
        assert os.read(reading, 10) == b"through"
    for descriptor in (reading, writing, received):
        os.close(descriptor)


def test_other_side_gone():
    """Reading from somebody who has gone raises EOFError, at a frame's start as well as inside it."""
    ours, theirs = socket.socketpair()
    with ours:
        theirs.sendall(frame(b"12345")[:-2])
        theirs.close()
        with pytest.raises(EOFError, match="the other side closed the connection"):
            read_frame(ours.fileno())
        with pytest.raises(EOFError, match="the other side closed the connection"):
            receive_descriptors(ours, 1)


def test_head_in_two_pieces():
    """A frame's length may arrive in pieces."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(frame(b"abc")[:3])
        theirs.sendall(frame(b"abc")[3:])
        assert receive_descriptors(ours, 1) == (b"abc", [])


def test_large_writes():
    """Writing and reading go on until all is through."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        write_all(writing, frame(b"y" * 1_000_000))
        os._exit(0)
    assert read_frame(reading) == b"y" * 1_000_000
    os.waitpid(child, 0)
    os.close(writing)
    with pytest.raises(EOFError):
        read_exactly(reading, 1)
    os.close(reading)


def test_note_is_a_frame_of_json():
    """A note is JSON behind a length of eight bytes."""
    assert note(a=1) == struct.pack(">Q", 8) + json.dumps({"a": 1}).encode()
