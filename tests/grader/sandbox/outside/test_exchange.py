"""Promises of `grader.sandbox.outside.exchange`: whatever a stranger sends, there is an outcome, in time."""

import contextlib
import json
import os
import socket
import struct
import threading
import time
from dataclasses import replace

import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from grader.errors import ProtocolError
from grader.sandbox.outside.exchange import Exchange, Gone, read_ready
from grader.sandbox.outside.replies import outcome_of
from grader.sandbox.wire.limits import Limits
from grader.sandbox.wire.protocol import Ending, ProbeCall, frame, note, receive_descriptors
from grader.sandbox.wire.tensors import Opaque, pack_values

LIMITS = Limits(import_s=3, wall_s=3, reply_mib=1, output_kib=1, memory_mib=64)
QUICK = replace(LIMITS, import_s=0.05, wall_s=0.1)
SLOW_MACHINE_S = 3.0
GOOD = pack_values({"outputs": {"y": torch.ones(2)}})


class Stranger:
    """Be the other end of an exchange: play a list of moves in a thread once the call has arrived."""

    def __init__(self, moves):
        self.moves = moves
        self.ours, self.theirs = socket.socketpair()
        self.reading, self.writing = os.pipe()
        os.set_blocking(self.reading, False)
        self.theirs.settimeout(5)
        self.thread = threading.Thread(target=self._play, daemon=True)

    def _play(self):
        with contextlib.suppress(OSError, EOFError):
            _call, (reply,) = receive_descriptors(self.theirs, 1)
            for kind, data in self.moves:
                self._move(kind, data, reply)
            os.close(reply)
        self.theirs.close()
        os.close(self.writing)

    def _move(self, kind, data, reply):
        match kind:
            case "reply":
                self._write(reply, data)
            case "connection":
                self.theirs.sendall(data)
            case "print":
                self._write(self.writing, data)
            case "hang up":
                self.theirs.shutdown(socket.SHUT_RDWR)
            case "wait":
                time.sleep(data)

    @staticmethod
    def _write(descriptor, data):
        deadline = time.monotonic() + 5
        os.set_blocking(descriptor, False)
        while data and time.monotonic() < deadline:
            try:
                data = data[os.write(descriptor, data) :]
            except BlockingIOError:
                time.sleep(0.005)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_exception):
        self.ours.close()
        os.close(self.reading)
        self.thread.join(10)


def talk(*moves, limits=LIMITS, number=1):
    """Return the outcome of one exchange with a stranger, and whether the submission has to be ended."""
    with Stranger(moves) as stranger:
        exchange = Exchange(stranger.ours, stranger.reading, limits=limits)
        started = time.monotonic()
        try:
            outcome, has_gone = exchange.run(ProbeCall("p", {}), number=number), False
        except Gone as gone:
            outcome, has_gone = gone.outcome, True
        assert time.monotonic() - started < limits.import_s + limits.wall_s + 2 * 0.5 + SLOW_MACHINE_S
        return outcome, has_gone, exchange


IMPORTED = ("connection", note(imported=1))
END = ("connection", note(ended=1, status=0, cpu_s=0.5, peak_kib=2048))


def test_good_reply():
    """A reply between the two notes gives the outputs, the printed text, CPU time and peak."""
    outcome, has_gone, exchange = talk(IMPORTED, ("print", b"hello"), ("reply", frame(GOOD)), END)
    assert (outcome.ending, has_gone, exchange.import_failed) == (Ending.OK, False, False)
    assert torch.equal(outcome.outputs["y"], torch.ones(2))
    assert (outcome.printed, outcome.cpu_s, outcome.peak_mib) == ("hello", 0.5, 2.0)


def test_end_without_reply():
    """A probe that has ended without a reply was killed, by what its wait status says."""
    for status, words in (
        (9, "was killed: it may have used too much memory"),
        (24, "was killed: it may have used too much memory"),
        (11, "was ended by SIGSEGV"),
        (33, "was ended by signal 33"),
        (3 << 8, "left the process with exit status 3 before returning"),
        (-1, "ended without a reply"),
        (1 << 16, "ended without a reply"),
        (True, "ended without a reply"),
        ("9", "ended without a reply"),
        (None, "ended without a reply"),
    ):
        outcome, has_gone, _exchange = talk(IMPORTED, ("connection", note(ended=1, status=status)))
        assert (outcome.ending, outcome.detail, has_gone) == (Ending.KILLED, words, False)


@pytest.mark.parametrize("status", [9, 24])
@pytest.mark.parametrize(("spent", "is_over"), [(30.0, True), (31.5, True), (29.9, False), ("31", False), (-1, False)])
def test_end_of_the_cpu_time(status, spent, is_over):
    """A probe killed with its CPU seconds spent is timed out; one killed before that was killed."""
    outcome, has_gone, _exchange = talk(IMPORTED, ("connection", note(ended=1, status=status, cpu_s=spent)))
    assert has_gone is False
    if is_over:
        assert (outcome.ending, outcome.detail) == (Ending.TIMED_OUT, "computed for longer than 30 s")
    else:
        assert (outcome.ending, outcome.detail) == (Ending.KILLED, "was killed: it may have used too much memory")


def test_reply_without_end():
    """A whole reply counts even where the end is never told."""
    outcome, has_gone, _exchange = talk(IMPORTED, ("reply", frame(GOOD)), ("wait", 2.5))
    assert (outcome.ending, has_gone) == (Ending.OK, False)


def test_hanging_up():
    """A process that ends during its probe, or while importing, is said to have done so."""
    outcome, has_gone, exchange = talk(IMPORTED, ("hang up", b""))
    assert (outcome.ending, outcome.detail, has_gone) == (Ending.KILLED, "ended before the probe did", True)
    assert not exchange.import_failed
    outcome, has_gone, exchange = talk(("print", b"bye"), ("wait", 0.02), ("hang up", b""))
    assert (outcome.ending, outcome.detail) == (Ending.KILLED, "ended while its modules were imported")
    assert (outcome.printed, exchange.import_failed) == ("bye", True)


def test_nobody_there():
    """A process that has ended before the call is said to have done so."""
    ours, theirs = socket.socketpair()
    theirs.close()
    with pytest.raises(Gone) as caught:
        Exchange(ours, os.open(os.devnull, os.O_RDONLY), limits=LIMITS).run(ProbeCall("p", {}), number=1)
    assert caught.value.outcome.detail == "ended before the probe began"
    assert str(caught.value) == "ended before the probe began"


def test_nobody_reads():
    """A process that does not take its call is ended after the import's limit."""
    ours, _theirs = socket.socketpair()
    call = ProbeCall("p", {"x": torch.zeros(1_000_000)})
    started = time.monotonic()
    with pytest.raises(Gone):
        Exchange(ours, os.open(os.devnull, os.O_RDONLY), limits=QUICK).run(call, number=1)
    assert time.monotonic() - started < SLOW_MACHINE_S


def test_silence():
    """A stranger that says nothing runs into the import's limit, then one that has imported into the probe's."""
    outcome, has_gone, exchange = talk(("wait", 1.2), limits=QUICK)
    assert (outcome.ending, outcome.detail) == (Ending.TIMED_OUT, "ran longer than 0.05 s while it was imported")
    assert (has_gone, exchange.import_failed) == (True, True)
    outcome, has_gone, exchange = talk(IMPORTED, ("wait", 1.2), limits=QUICK)
    assert (outcome.ending, outcome.detail) == (Ending.TIMED_OUT, "ran longer than 0.1 s")
    assert (has_gone, exchange.import_failed) == (True, False)


def test_saying_imported_again_buys_no_time():
    """Only the first note that the import is over starts the probe's time."""
    outcome, *_ = talk(*[IMPORTED, ("wait", 0.1)] * 12, limits=QUICK)
    assert outcome.ending is Ending.TIMED_OUT


def test_notes_of_other_calls():
    """Notes about other calls mean nothing."""
    moves = [("connection", note(imported=7)), ("connection", note(ended=7, status=0)), ("connection", note(gone="x"))]
    outcome, *_ = talk(*moves, IMPORTED, ("reply", frame(GOOD)), END)
    assert outcome.ending is Ending.OK


def test_times_that_lie():
    """CPU times and peaks that are no sensible numbers count as 0."""
    for value in (-1, 1e300, "1", None, [1], float("nan"), float("inf")):
        moves = ("reply", frame(GOOD)), ("connection", note(ended=1, status=0, cpu_s=value, peak_kib=value))
        outcome, *_ = talk(IMPORTED, *moves)
        assert (outcome.cpu_s, outcome.peak_mib) == (0.0, 0.0)


NOT_A_REPLY = "sent something that is not a reply: "


@pytest.mark.parametrize(
    ("moves", "words"),
    [
        (
            [("reply", struct.pack(">Q", 1 << 60))],
            "A message claims 1152921504606846976 bytes; at most 5242880 are allowed",
        ),
        (
            [("connection", struct.pack(">Q", 1 << 60))],
            "A message claims 1152921504606846976 bytes; at most 16384 are allowed",
        ),
        ([("connection", frame(b"no"))], "A note is not JSON: Expecting value: line 1 column 1 (char 0)"),
        ([("connection", frame(b"[]"))], "A note is not a JSON object"),
        ([("connection", frame(b"[" * 16_000))], "A note is not JSON: maximum recursion depth exceeded"),
        ([("reply", frame(b"x")), END], "The message is truncated: 1 bytes"),
        ([("reply", frame(b"")), END], "The message is truncated: 0 bytes"),
        ([("reply", frame(pack_values({"verdict": "passed"}))), END], "it holds neither outputs nor an error"),
        ([("reply", frame(pack_values({"outputs": [1]}))), END], "it holds neither outputs nor an error"),
        ([("reply", frame(pack_values({"error": 1}))), END], "its error is not a table"),
        ([("reply", frame(pack_values({"error": {"frames": [[1, 2, 3, 4]]}}))), END], "its traceback is malformed"),
    ],
)
def test_no_reply_at_all(moves, words):
    """Whatever breaks the protocol ends the submission, with the rule that was broken."""
    outcome, has_gone, _exchange = talk(IMPORTED, *moves, ("wait", 0.1))
    assert (outcome.ending, has_gone) == (Ending.KILLED, True)
    assert outcome.detail.startswith(NOT_A_REPLY + words)
    assert not outcome.detail.endswith(".")


def test_endless_output():
    """Text is taken off the pipe without end, kept to its limit and counted."""
    outcome, *_ = talk(IMPORTED, ("print", b"x" * 3_000_000), ("reply", frame(GOOD)), END)
    assert outcome.ending is Ending.OK
    assert outcome.printed == "x" * 1024 + "\n… 2998976 more bytes were not kept"


def test_endless_reply():
    """A reply that never ends is not read beyond its claim."""
    outcome, *_ = talk(IMPORTED, ("reply", struct.pack(">Q", 5 << 20) + bytes(6 << 20)), ("wait", 0.1), END)
    assert outcome.ending is Ending.KILLED


def test_reports_are_cut_to_size():
    """Texts, frames and bases of an error report are bounded and of their types."""
    report = {
        "type": "T" * 1000,
        "message": "m" * 9000,
        "bases": ["ValueError", 3, None],
        "frames": [["f" * 900, 1, "g" * 900, "s" * 900]] * 90,
        "raised_in": "student",
        "phase": ["probe"],
        "module": 7,
    }
    outcome = outcome_of({"error": report}, {}, limits=LIMITS)
    error = outcome.error
    assert (outcome.ending, len(error.type), len(error.message), error.bases) == (
        Ending.RAISED,
        200,
        4000,
        ("ValueError",),
    )
    assert (len(error.frames), error.phase, error.module) == (50, "", "")
    assert [len(text) for text in (error.frames[0].file, error.frames[0].function, error.frames[0].source)] == [
        300,
        200,
        400,
    ]


@pytest.mark.parametrize(
    "report",
    [
        {"type": "MemoryError", "bases": ["MemoryError", "Exception"]},
        {"type": "OutOfMemoryError", "bases": ["OutOfMemoryError", "RuntimeError"]},
        {
            "type": "RuntimeError",
            "message": "… DefaultCPUAllocator: can't allocate memory: you tried to allocate 4 bytes",
        },
        {"type": "RuntimeError", "message": "CUDA out of memory. Tried to allocate 2 GiB"},
        {"type": "OSError", "message": "[Errno 12] Cannot allocate memory"},
        {"type": "RuntimeError", "message": "std::bad_alloc"},
    ],
)
def test_memory_errors(report):
    """An exception that says memory ran out is out of memory, with the limit."""
    outcome = outcome_of({"error": report}, {}, limits=LIMITS)
    assert (outcome.ending, outcome.detail) == (Ending.OUT_OF_MEMORY, "asked for more than 64 MiB of memory")


def test_devices_lose_their_prefix():
    """Devices are named by the path inside the outputs."""
    outcome = outcome_of({"outputs": {"y": 1}}, {"outputs.y": "cuda:0"}, limits=LIMITS)
    assert outcome.devices == {"y": "cuda:0"}


# ---------------------------------------------------------------- opening


def ready(answer):
    """Return what read_ready makes of an answer."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(answer)
        theirs.shutdown(socket.SHUT_WR)
        return read_ready(ours, b"", timeout_s=1)


def test_ready():
    """A ready note tells the modules and the inputs of each probe."""
    needs = ready(note(ready={"p": [["student"], ["x", "y"], ["x"]]}, broken={})).needs["p"]
    assert (needs.modules, needs.takes, needs.requires) == (("student",), {"x", "y"}, {"x"})


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"", "it ended before it was ready"),
        (frame(b"?"), "A note is not JSON: Expecting value: line 1 column 1 (char 0)."),
    ],
)
def test_not_ready(answer, words):
    """An opening that fails says why."""
    with pytest.raises(ProtocolError) as caught:
        ready(answer)
    assert caught.value.message == words


def test_opening_without_answer():
    """A submission that never gets ready is given up in time."""
    ours, _theirs = socket.socketpair()
    with pytest.raises(OSError, match="timed out"):
        read_ready(ours, b"", timeout_s=0.05)


# ---------------------------------------------------------------- anything at all

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NOTES = st.fixed_dictionaries(
    {},
    optional={name: JSON | st.just(1) for name in ("imported", "end", "status", "cpu_s", "peak_kib", "ready", "gone")},
).map(lambda values: frame(json.dumps(values).encode()))
TREES = JSON.map(lambda tree: frame(_with_tree(json.dumps({"$dict": [["outputs", tree]]}))))


def _with_tree(tree):
    header = json.dumps({"__metadata__": {"tree": tree}}).encode()
    return struct.pack("<Q", len(header)) + header


def _mutated(pieces):
    place, value = pieces
    data = bytearray(frame(GOOD))
    data[place % len(data)] = value
    return bytes(data)


MUTATED = st.tuples(st.integers(0, 10_000), st.integers(0, 255)).map(_mutated)
TRUNCATED = st.integers(0, len(frame(GOOD))).map(lambda size: frame(GOOD)[:size])
CLAIMS = st.integers(0, 2**64 - 1).map(lambda size: struct.pack(">Q", size))
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("connection"), NOTES | CLAIMS | st.binary(max_size=40)),
        st.tuples(st.just("reply"), TREES | MUTATED | TRUNCATED | CLAIMS | st.binary(max_size=200)),
        st.tuples(st.just("print"), st.binary(max_size=3000)),
        st.just(("hang up", b"")),
        st.just(IMPORTED),
        st.just(END),
    ),
    max_size=6,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(MOVES)
@example([IMPORTED, ("reply", frame(_with_tree('{"$dict": [["error", {"$dict": [["message", "\\ud800"]]}]]}'))), END])
@example([("connection", struct.pack(">Q", 0) * 1000)])
def test_any_moves(moves):
    """Random, lying and truncated bytes give an outcome in time whose text can be written, and no other exception."""
    outcome, _has_gone, _exchange = talk(*moves)
    assert outcome.ending in (Ending.OK, Ending.RAISED, Ending.KILLED, Ending.TIMED_OUT, Ending.OUT_OF_MEMORY)
    assert len(outcome.printed) <= 1024 + 50
    repr(outcome).encode()
    str(outcome.outputs).encode()
    if outcome.error is not None:
        (outcome.error.type + outcome.error.message).encode()


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.text(max_size=6), JSON, max_size=4))
def test_any_values(values):
    """Whatever a reply holds is an outcome or a ProtocolError."""
    for tree in (values, {"error": values}, {"outputs": values}, {"error": {"frames": values, "bases": values}}):
        try:
            outcome = outcome_of(tree, {}, limits=LIMITS)
        except ProtocolError:
            continue
        assert outcome.ending in (Ending.OK, Ending.RAISED, Ending.OUT_OF_MEMORY)


def test_opaque_error_message():
    """A message that could not cross is an empty text."""
    outcome = outcome_of({"error": {"message": Opaque("str", "too long")}}, {}, limits=LIMITS)
    assert outcome.error.message == ""
