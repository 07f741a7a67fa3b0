"""Read `submission_metadata.yml`, in which Gradescope's export says whose each submission is.

`grader.submissions.uploads` names submissions after the students in it.
"""

import contextlib
import re
from datetime import datetime
from pathlib import Path

from grader.results.verdict import Owner
from grader.submissions.plain_reading import read_small_text

METADATA = "submission_metadata.yml"

_MOST_BYTES = 64 << 20  # it holds the results of every autograder run as well
_FOLDER = re.compile(r"(submission_\d+):\s*")
_KEY = re.compile(r"(?P<indent> *)(?P<item>- +)?:?(?P<key>[A-Za-z_]+): *(?P<value>.*)")
_FIELDS = {"name": "name", "sid": "sis_id", "email": "email"}
_CREATED = re.compile(
    r"  :?created_at: *['\"]?(?P<date>\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))[ T]"
    r"(?P<time>(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.\d+)? *(?P<zone>Z|[+-](?:0\d|1[0-4]):?[0-5]\d)['\"]?\s*"
)
_MOST_OWNERS = 50


def read_metadata(file: Path) -> dict[str, tuple[Owner, ...]]:
    """Return the submitters of each folder; what can't be read has none, and a link is not followed.

    Only the lines that Gradescope writes are understood, of all that YAML allows.
    """
    found: dict[str, list[dict[str, str]]] = {}
    folder, is_listing = "", False
    for line in read_small_text(file, most_bytes=_MOST_BYTES).splitlines():
        if heading := _FOLDER.fullmatch(line):
            folder, is_listing = heading[1], False
            found.setdefault(folder, [])
            continue
        key = _KEY.fullmatch(line)
        if not folder or key is None:
            continue
        if len(key["indent"]) == 2 and not key["item"]:
            is_listing = key["key"] == "submitters"
        elif is_listing and len(found[folder]) <= _MOST_OWNERS:
            if key["item"] and len(key["indent"]) == 2:
                found[folder].append({})
            # Deeper lines are the rest of a long value, which a student may have chosen.
            if found[folder] and key["key"] in _FIELDS and len(key["indent"] + (key["item"] or "")) == 4:
                found[folder][-1][_FIELDS[key["key"]]] = _scalar(key["value"])
    return {name: tuple(Owner(**fields) for fields in people if fields) for name, people in found.items()}


def read_times(file: Path) -> dict[str, float]:
    """Return when each folder was handed in, in seconds since 1970; none for a time that can't be read or has no zone.

    Earlier attempts, of which Gradescope writes the times but no files, stand deeper and are not meant.
    """
    times: dict[str, float] = {}
    folder = ""
    for line in read_small_text(file, most_bytes=_MOST_BYTES).splitlines():
        if heading := _FOLDER.fullmatch(line):
            folder = heading[1]
        elif folder and (found := _CREATED.fullmatch(line)):
            zone = found["zone"].replace("Z", "+00:00")
            with contextlib.suppress(ValueError, OverflowError):  # no such day
                times.setdefault(folder, datetime.fromisoformat(f"{found['date']}T{found['time']}{zone}").timestamp())
    return times


def _scalar(value: str) -> str:
    text = value.strip()
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    if len(text) > 1 and text[0] == text[-1] == '"':
        return re.sub(r'\\(["\\])', r"\1", re.sub(r"\\[xu]([0-9A-Fa-f]{2,4})", _letter, text[1:-1]))
    return "" if text in ("null", "~") else text


def _letter(code: re.Match[str]) -> str:
    return chr(int(code[1], 16))
