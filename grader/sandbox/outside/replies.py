"""What a reply says, read from a stranger: outputs, the description of an exception, or how a process ended.

`grader.sandbox.outside.exchange` receives the bytes and passes the outcome on.
"""

import os
import signal
from collections.abc import Mapping
from typing import Any

from grader.errors import ProtocolError
from grader.sandbox.wire.limits import Limits
from grader.sandbox.wire.protocol import CodeLine, Ending, ErrorReport, ProbeOutcome, WatchedCall

_MOST_CALLS = 100
_MOST_LETTERS = 200
_MOST_NAMES = 300


def outcome_of(values: Mapping[str, Any], devices: Mapping[str, str], *, limits: Limits) -> ProbeOutcome:
    """Turn an unpacked reply into an outcome. Raises ProtocolError if it is neither outputs nor an error."""
    stale = values.get("stale") is True
    if "error" in values:
        report = _read_report(values["error"])
        if not _is_memory_error(report):
            return ProbeOutcome(Ending.RAISED, error=report, stale=stale)
        detail = f"asked for more than {limits.memory_mib:g} MiB of memory"
        return ProbeOutcome(Ending.OUT_OF_MEMORY, error=report, detail=detail)
    outputs = values.get("outputs")
    if not isinstance(outputs, dict) or not all(type(name) is str for name in outputs):
        raise ProtocolError("it holds neither outputs nor an error")
    places = {path.removeprefix("outputs."): name for path, name in devices.items()}
    told = map(_read_call, _list(values.get("called"))[:_MOST_CALLS])
    called = tuple(call for call in told if call is not None)
    return ProbeOutcome(Ending.OK, outputs=outputs, devices=places, called=called, stale=stale)


def _read_call(row: object) -> WatchedCall | None:
    match row:
        case [str(name), str(file), int(line), list(parts)]:
            texts = tuple(part[:_MOST_LETTERS] for part in parts[:_MOST_CALLS] if isinstance(part, str))
            return WatchedCall(name[:_MOST_LETTERS], file[:_MOST_LETTERS], line, texts)
    return None


def number_of(value: Any) -> float:
    """Return a figure that the sandbox tells about itself, or 0.0 if it makes no sense."""
    return float(value) if isinstance(value, int | float) and 0 <= value < 1e12 else 0.0


def ending_of(end: Mapping[str, Any], *, cpu_s: float) -> ProbeOutcome:
    """Turn the end of a probe's process without a reply into an outcome, from its wait status and its CPU seconds."""
    status = end.get("status")
    if type(status) is not int or not 0 <= status < 1 << 16:
        return ProbeOutcome(Ending.KILLED, detail="ended without a reply")
    if not os.WIFSIGNALED(status):
        left = f"left the process with exit status {os.WEXITSTATUS(status)} before returning"
        return ProbeOutcome(Ending.KILLED, detail=left)
    number = os.WTERMSIG(status)
    if number in (signal.SIGXCPU, signal.SIGKILL):
        if number_of(end.get("cpu_s")) >= cpu_s:
            return ProbeOutcome(Ending.TIMED_OUT, detail=f"computed for longer than {cpu_s:g} s")
        return ProbeOutcome(Ending.KILLED, detail="was killed: it may have used too much memory")
    with_name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    return ProbeOutcome(Ending.KILLED, detail=f"was ended by {with_name}")


def _is_memory_error(report: ErrorReport) -> bool:
    text = report.message.lower()
    said = ("can't allocate memory", "cannot allocate memory", "cuda out of memory", "std::bad_alloc")
    return bool({"MemoryError", "OutOfMemoryError"} & set(report.bases)) or any(words in text for words in said)


def _read_report(tree: Any) -> ErrorReport:
    """Read an exception's description from a stranger."""
    if not isinstance(tree, dict):
        raise ProtocolError("its error is not a table")
    frames = tree.get("frames")
    return ErrorReport(
        type=_text(tree, "type", 200),
        message=_text(tree, "message", 4000),
        bases=tuple(base[:200] for base in _list(tree.get("bases")) if isinstance(base, str)),
        frames=tuple(_read_frame(entry) for entry in _list(frames)[:50]),
        raised_in=_text(tree, "raised_in", 20),
        phase=_text(tree, "phase", 20),
        module=_text(tree, "module", 200),
        author=_read_frame(tree["author"]) if tree.get("author") else None,
        present=tuple(
            name[:_MOST_LETTERS] for name in _list(tree.get("present"))[:_MOST_NAMES] if isinstance(name, str)
        ),
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(tree: Mapping[str, Any], key: str, length: int) -> str:
    value = tree.get(key, "")
    return value[:length] if isinstance(value, str) else ""


def _read_frame(entry: Any) -> CodeLine:
    match entry:
        case [str(file), int(line), str(function), str(source)]:
            return CodeLine(file[:300], line, function[:200], source[:400])
    raise ProtocolError("its traceback is malformed")
