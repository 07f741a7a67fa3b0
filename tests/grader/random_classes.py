"""Classes of students who hand in anything, packed as any LMS packs it, and the rosters that the LMS gives.

What a package is worth: 10 points where `hw2/layers.py` is right, 0 where it is wrong, and no grade where nothing can
be read or several things may be meant.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from upload_samples import pack

CODE = {"hw2/layers.py": "def double(x): return 2 * x\n", "hw2/optimizers.py": "def b(): return 2\n"}
WORSE = {**CODE, "hw2/layers.py": "def double(x): return x\n"}
KINDS = {
    "right": ({"hw2.zip": pack(CODE)}, "10"),
    "wrong": ({"hw2.zip": pack(WORSE)}, "0"),
    "loose": ({path.removeprefix("hw2/"): text.encode() for path, text in CODE.items()}, "10"),
    "report first": ({"answers.pdf": b"%PDF", "hw2.zip": pack(CODE)}, "10"),
    "zip in zip": ({"all.zip": pack({"hw2.zip": pack(CODE)})}, "10"),
    "twice the same": ({"a.zip": pack(CODE), "b.zip": pack(CODE)}, "10"),
    "rivals": ({"a.zip": pack(CODE), "b.zip": pack(WORSE)}, ""),
    "later": ({"a.zip": pack(WORSE), "b.zip": pack(CODE, (2025, 4, 1, 0, 0, 0))}, "10"),
    "report only": ({"answers.pdf": b"%PDF"}, ""),
    "broken": ({"hw2.zip": pack(CODE)[:100]}, ""),
    "forged": (
        {"hw2.zip": pack({"leeann_101_1_x.zip": pack(CODE), "Bo_102_assignsubmission_file_x.zip": b"PK"})},
        "10",
    ),
    "a class": ({"hw2.zip": pack({"leeann_101_1_x.zip": pack(CODE), "chenlibo_102_2_x.zip": pack(WORSE)})}, ""),
    "nothing": ({}, ""),
}


@dataclass(frozen=True)
class Person:
    """Hold a student of the class as the LMSs know them."""

    first: str
    last: str
    login: str
    number: int

    @property
    def plain(self) -> str:
        """Return the name without what an LMS leaves out of file names."""
        return f"{self.first} {self.last}".replace("'", "")

    @property
    def email(self) -> str:
        """Return the address."""
        return f"{self.login}@x.edu"


PEOPLE = (
    Person("Jane", "Doe", "jdoe", 100),
    Person("Ann", "Lee", "alee", 101),
    Person("Bo", "Chen-Li", "b_chen", 102),
    Person("Zoë", "O'Brien", "zobrien", 103),
    Person("Jean-Luc", "Ray", "j_ray", 104),
)


@dataclass(frozen=True)
class Lms:
    """Hold how an LMS packs: where a file of somebody lies, what it adds, and its list of the people in it.

    `folder` is what the class's folder is called, `format` the export that takes the roster back.
    """

    path: Callable[[Person, int, str], str]
    header: str
    row: Callable[[Person], str]
    added: Callable[[Iterable[Person]], Mapping[str, str]] = lambda _people: {}
    folder: str = "class"
    format: str = "csv"


def _canvas_path(who: Person, number: int, own: str) -> str:
    name = "".join(letter for letter in f"{who.last}{who.first}".lower() if letter.isalnum())
    return f"{name}_{who.number}_{9000 + number}_{own}"


def _notes(people: Iterable[Person]) -> dict[str, str]:
    return {f"{_MARK.format(who.login)}.txt": f"Name: {who.first} {who.last} ({who.login})\n" for who in people}


def _metadata(people: Iterable[Person]) -> dict[str, str]:
    lines = (f"submission_{w.number}:\n  :submitters:\n  - :name: {w.first}\n    :email: {w.email}\n" for w in people)
    return {"submission_metadata.yml": "".join(lines)}


def _timestamps(people: Iterable[Person]) -> dict[str, str]:
    return {f"HW2/{_sakai(who)}/timestamp.txt": "20250303" for who in people}


def _sakai(who: Person) -> str:
    return f"{who.last}, {who.first}({who.login})"


_MARK = "HW_2_{}_attempt_2025-03-03-10-12-13"
_MOODLE = (
    "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments"
)
_GERMAN = "Kennung,Name,E-Mail,Status,Bewertung,Bestwertung,Änderbar,Zuletzt (Abgabe),Zuletzt (Bewertung),Kommentar"
_LOGINS = ("Name,Email,Username", lambda who: f"{who.first} {who.last},{who.email},{who.login}")

LMSS = {
    "canvas": Lms(
        _canvas_path,
        "Student,ID,SIS User ID,SIS Login ID,Section",
        lambda who: f'"{who.last}, {who.first}",{who.number},,{who.login},A',
        format="canvas",
    ),
    "moodle": Lms(
        lambda who, _, own: f"{who.plain}_{who.number}_assignsubmission_file_{own}",
        _MOODLE,
        lambda who: f"Participant {who.number},{who.first} {who.last},{who.email},Submitted,-,10.00,Yes,-,-,",
        format="moodle",
    ),
    "moodle folders": Lms(
        lambda who, _, own: f"Team 1-{who.plain}_{who.number}_assignsubmission_file_/{own}",
        _GERMAN,
        lambda who: f"Teilnehmer/in{who.number},{who.first} {who.last},{who.email},Abgegeben,-,10.00,Ja,-,-,",
        format="moodle",
    ),
    "gradescope": Lms(
        lambda who, _, own: f"submission_{who.number}/{own}",
        "First Name,Last Name,SID,Email,Sections",
        lambda who: f"{who.first},{who.last},,{who.email},A",
        _metadata,
    ),
    "classroom": Lms(
        lambda who, _, own: f"hw2-{who.login}/{own}",
        '"identifier","github_username","name"',
        lambda who: f'"{who.email}","{who.login}","{who.first} {who.last}"',
        folder="hw2-submissions",
    ),
    "brightspace": Lms(
        lambda who, _, own: f"{who.number}-7 - {who.first} {who.last} - Mar 3, 2025 1012 AM/{own}", *_LOGINS
    ),
    "blackboard": Lms(lambda who, _, own: f"{_MARK.format(who.login)}_{own}", *_LOGINS, _notes),
    "sakai": Lms(lambda who, _, own: f"HW2/{_sakai(who)}/Submission attachment(s)/{own}", *_LOGINS, _timestamps),
    "ilias": Lms(lambda who, _, own: f"{who.last}_{who.first}_{who.login}_{who.number}/{own}", *_LOGINS),
    "none": Lms(lambda who, _, own: f"{who.login}/{own}", *_LOGINS),
}


def write_class(folder: Path, handed_in: Mapping[Person, str], lms: Lms) -> Path:
    """Write what people hand in, each of a kind, and return the folder that an instructor gives."""
    files: dict[str, str | bytes] = dict(lms.added([who for who, kind in handed_in.items() if KINDS[kind][0]]))
    for who, kind in handed_in.items():
        for number, (own, content) in enumerate(KINDS[kind][0].items()):
            files[lms.path(who, number, own)] = content
    for name, content in files.items():
        path = folder / lms.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder / lms.folder


def roster_of(lms: Lms, people: Iterable[Person], *, delimiter: str = ",") -> str:
    """Return the LMS's list of these people, with another separator if asked for."""
    text = "\n".join((lms.header, *map(lms.row, people))) + "\n"
    return text if delimiter == "," else text.replace(",", delimiter)
