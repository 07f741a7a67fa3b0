"""Promises about a whole class: from the uploads of an LMS to the cells of a gradebook."""

import shutil
import tempfile
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from upload_samples import CODE, assignment_in, pack

from grader.errors import SubmissionError
from grader.export.final_points import final_points
from grader.export.matching import match
from grader.export.roster import Student, read_roster
from grader.grading.points import ungraded
from grader.results.verdict import CheckResult, Status, SubmissionResult, TaskResult, Verdict
from grader.submissions.submission import find_submissions, read_submission

PEOPLE = [("Jane", "Doe"), ("Ann", "Lee"), ("Bo", "Chen-Li"), ("Zoë", "O'Brien"), ("Jean-Luc", "Ray")]
WORSE = {**CODE, "hw2/layers.py": "def a(): return 0\n"}
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
    "nothing": ({}, ""),
}


@dataclass(frozen=True)
class Upload:
    """Hold what a student of the class, by position, hands in."""

    place: int
    kind: str


def canvas_name(place: int, number: int, own: str) -> str:
    first, last = PEOPLE[place]
    name = "".join(letter for letter in f"{last}{first}".lower() if letter.isalnum())
    return f"{name}_{100 + place}_{9000 + number}_{own}"


def moodle_flat(place: int, _number: int, own: str) -> str:
    return f"{' '.join(PEOPLE[place]).replace(chr(39), '')}_{100 + place}_assignsubmission_file_{own}"


def moodle_folders(place: int, _number: int, own: str) -> str:
    return f"Team 1-{' '.join(PEOPLE[place]).replace(chr(39), '')}_{100 + place}_assignsubmission_file_/{own}"


LAYOUTS = {"canvas": canvas_name, "moodle": moodle_flat, "moodle folders": moodle_folders}


def write_class(folder: Path, uploads: list[Upload], layout: str) -> None:
    for upload in uploads:
        for number, (own, content) in enumerate(KINDS[upload.kind][0].items()):
            file = folder / LAYOUTS[layout](upload.place, number, own)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)


def grade_class(folder: Path) -> list[SubmissionResult]:
    """Return the results of a class in which a package is worth 10 points where its layers are right."""
    assignment = assignment_in(folder.parent)
    results = []
    for found in find_submissions(folder, assignment).found:
        try:
            submission = read_submission(found, assignment)
        except SubmissionError as error:
            result = ungraded(found.name, assignment, error=error, wall="")
        else:
            is_right = submission.files.get("hw2/layers.py") == CODE["hw2/layers.py"].encode()
            points, verdict = (10.0, Verdict.PASSED) if is_right else (0.0, Verdict.WRONG)
            check = CheckResult("test_a", "A", "linear", verdict)
            task = TaskResult("linear", "Linear", points, 10.0, False, (check,))
            result = SubmissionResult(found.name, Status.GRADED, points, 10.0, (task,))
        results.append(replace(result, origin=found.origin))
    return results


def roster_text(rows: list[int], *, layout: str, delimiter: str, spell: str) -> str:
    """Return a roster of some of the people, in some order, perhaps one twice, as an instructor may give it."""
    lines = [delimiter.join(("Name", "Canvas ID" if layout == "canvas" else "Moodle ID", "Section", "Note"))]
    for count, place in enumerate(rows):
        first, last = PEOPLE[place]
        name = unicodedata.normalize(spell, f"{first} {last}")
        lines.append(delimiter.join((name, str(100 + place), "AB"[count % 2], "x")))
    return "\n".join(lines) + "\n"


@settings(max_examples=25, deadline=None)
@given(
    kinds=st.lists(st.sampled_from(sorted(KINDS)), min_size=len(PEOPLE), max_size=len(PEOPLE)),
    layout=st.sampled_from(sorted(LAYOUTS)),
    rows=st.lists(st.integers(0, len(PEOPLE) - 1), min_size=1, max_size=9),
    delimiter=st.sampled_from(",;\t"),
    spell=st.sampled_from(["NFC", "NFD"]),
)
def test_any_roster_loses_and_doubles_nobody(kinds, layout, rows, delimiter, spell):
    """Who is on the roster gets what checks gave; who is not is listed, and takes nothing from anybody."""
    uploads = [Upload(place, kind) for place, kind in enumerate([*kinds[:-1], "right"])]
    root = Path(tempfile.mkdtemp())
    try:
        write_class(root / "class", uploads, layout)
        (root / "roster.csv").write_text(roster_text(rows, layout=layout, delimiter=delimiter, spell=spell))
        students = read_roster(root / "roster.csv").students
        results = grade_class(root / "class")
    finally:
        shutil.rmtree(root)
    origins = {result.submission: result.origin for result in results}
    matching, final = match(list(origins), students, origins=origins), final_points(results)
    cells = {student.number: final.cell(matching.submissions.get(i, "")) for i, student in enumerate(students)}
    assert len(cells) == len(students) == len(set(rows))
    assert cells == {str(100 + place): KINDS[uploads[place].kind][1] for place in set(rows)}
    matched = list(matching.submissions.values())
    assert sorted([*matched, *matching.unmatched]) == sorted(origins)


def cells_of(folder: Path, layout: str) -> dict[int, str]:
    """Return each student's cell of the gradebook; every submission belongs to one of them."""
    results = grade_class(folder)
    students = [
        Student(f"{last}, {first}" if layout == "canvas" else f"{first} {last}", number=str(100 + place))
        for place, (first, last) in enumerate(PEOPLE)
    ]
    origins = {result.submission: result.origin for result in results}
    matching = match(list(origins), students, origins=origins, lms=layout.split()[0])
    assert matching.unmatched == {}
    assert sorted(matching.submissions.values()) == sorted(origins)
    final = final_points(results)
    found = matching.submissions
    return {place: final.cell(found[place]) if place in found else "" for place in range(len(PEOPLE))}


@settings(max_examples=25, deadline=None)
@given(
    kinds=st.lists(st.sampled_from(sorted(KINDS)), min_size=len(PEOPLE), max_size=len(PEOPLE)),
    layout=st.sampled_from(sorted(LAYOUTS)),
    leaving=st.integers(0, len(PEOPLE) - 1),
)
def test_every_student_gets_what_checks_gave(kinds, layout, leaving):
    """No 0 that no check gave, nobody twice, nobody lost; who leaves changes only their own cell."""
    uploads = [Upload(place, kind) for place, kind in enumerate([*kinds[:-1], "right"])]
    expected = {upload.place: KINDS[upload.kind][1] for upload in uploads}
    root = Path(tempfile.mkdtemp())
    try:
        write_class(root / "class", uploads, layout)
        assert cells_of(root / "class", layout) == expected
        write_class(root / "fewer", [upload for upload in uploads if upload.place != leaving], layout)
        if (root / "fewer").exists():
            assert cells_of(root / "fewer", layout) == expected | {leaving: ""}
    finally:
        shutil.rmtree(root)
