"""Write classes of synthetic submissions to the mini course of the tests (LeakyReLU, Linear, MomentumSGD: six checks).

No two submissions have the same content, so nothing that a grader remembers of one helps it with another.
`grading.verified` knows from `Kind` what each must earn.
"""

import random
import shutil
import tomllib
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

COURSE = Path(__file__).resolve().parents[1] / "tests" / "grader" / "sample_courses" / "mini"
ASSIGNMENT = COURSE / "tests" / "assignments" / "mini"
REFERENCE = COURSE / "reference" / "mini"
TEMPLATE = COURSE / "student_template" / "mini"

_FORWARD = "self.slope = torch.where"
_FIRST = ["Anna", "Björn", "Élodie", "Fatima", "Gökçe", "Jörg", "Kwame", "Łukasz", "Mei", "Ngọc", "Priya", "Zoë"]
_LAST = ["Brontë", "Çelik", "D'Angelo", "Fernández-López", "Ivanova", "Liu", "Müller", "van der Berg", "Wójcik"]


class Kind(StrEnum):
    """Say what is the matter with a submission."""

    PERFECT = "perfect"
    WRONG = "wrong"
    NOT_IMPLEMENTED = "not implemented"
    CRASHING = "crashing"
    LOOPING = "looping"


def perfect_class(count: int, *, loops: int = 0) -> list[Kind]:
    """Return the kinds of a class in which the last `loops` never end and all others are perfect."""
    return [Kind.PERFECT] * (count - loops) + [Kind.LOOPING] * loops


def mixed_class(count: int) -> list[Kind]:
    """Return the kinds of a class as it comes in: of ten, six perfect, two wrong, one unwritten, one crashing."""
    ten = [Kind.PERFECT] * 6 + [Kind.WRONG] * 2 + [Kind.NOT_IMPLEMENTED, Kind.CRASHING]
    random.Random(0).shuffle(ten)
    return [ten[number % 10] for number in range(count)]


def write_class(folder: Path, kinds: Iterable[Kind]) -> dict[str, Kind]:
    """Write one submission of each kind below `folder`; return the kinds by the submissions' names."""
    written = {}
    for number, kind in enumerate(kinds):
        name = _name(number)
        base = TEMPLATE if kind is Kind.NOT_IMPLEMENTED else REFERENCE
        shutil.copytree(base, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / name / "student.py").write_text(source_of(kind, number), encoding="utf-8")
        written[name] = kind
    return written


def source_of(kind: Kind, number: int) -> str:
    """Return the `student.py` of student `number`."""
    folder = TEMPLATE if kind is Kind.NOT_IMPLEMENTED else REFERENCE
    source = (folder / "student.py").read_text(encoding="utf-8")
    match kind:
        case Kind.WRONG:
            mistake = _mistakes()[number % len(_mistakes())]
            source = edited(source, mistake["find"], mistake["replace"])
        case Kind.CRASHING if number % 2:
            source += "\n1 / 0\n"
        case Kind.CRASHING:
            source = edited(source, _FORWARD, "last = x[len(x)]\n        " + _FORWARD)
        case Kind.LOOPING:
            source = edited(source, _FORWARD, "while True:\n            pass\n        " + _FORWARD)
        case _:
            pass
    return f"{source}\n\n# Handed in by student {number}.\n"


def course_with_limit(folder: Path, *, limit_s: float) -> Path:
    """Copy the mini course to `folder`, with this limit for each probe, in wall and in CPU seconds; return `folder`."""
    shutil.copytree(COURSE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    settings = folder / ASSIGNMENT.relative_to(COURSE) / "assignment.toml"
    text = settings.read_text(encoding="utf-8")
    limits = tomllib.loads(text)["limits"]
    for name in ("wall_s", "cpu_s"):
        text = edited(text, f"\n{name} = {limits[name]}\n", f"\n{name} = {limit_s:g}\n")
    settings.write_text(text, encoding="utf-8")
    return folder


def _name(number: int) -> str:
    chosen = random.Random(number)
    return f"{chosen.choice(_FIRST)} {chosen.choice(_LAST)} {100_000 + number}"


def _mistakes() -> list[dict[str, str]]:
    listed = tomllib.loads((ASSIGNMENT / "mistakes.toml").read_text(encoding="utf-8"))["mistake"]
    return [mistake for mistake in listed if mistake["verdict"] == "wrong"]


def edited(source: str, find: str, replace: str) -> str:
    """Return the text with its only `find` replaced. Raises ValueError where there is none, or more than one."""
    if source.count(find) != 1:
        raise ValueError(f"The mini course holds {find!r} {source.count(find)} times, not once.")
    return source.replace(find, replace)
