"""Promises about a whole class: from the uploads of any LMS to the cells of a gradebook.

What a package is worth is told here by its text; `test_random_classes.py` grades a few such classes for real.
"""

import csv
import io
import shutil
import tempfile
import unicodedata
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from random_classes import CODE, KINDS, LMSS, PEOPLE, Lms, roster_of, write_class
from upload_samples import assignment_in

from grader.errors import SubmissionError
from grader.export.final_points import final_points
from grader.export.matching import match
from grader.export.roster import Roster, read_roster
from grader.grading.points import ungraded
from grader.results.verdict import CheckResult, Status, SubmissionResult, TaskResult, Verdict
from grader.submissions.submission import find_submissions, read_submission


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


def read_list(folder: Path, lms: Lms, people, *, delimiter: str = ",", spell: str = "NFC") -> Roster:
    """Read the LMS's list of these people, written with a separator and a spelling of accents."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(csv.reader(roster_of(lms, people).splitlines()))
    file = folder / "roster.csv"
    file.write_text(unicodedata.normalize(spell, text.getvalue()), encoding="utf-8")
    return read_roster(file)


def cells_of(results: list[SubmissionResult], roster: Roster) -> list[str]:
    """Return the cell of each student of a roster; every submission is somebody's or listed as nobody's."""
    origins = {result.submission: result.origin for result in results}
    matching = match(list(origins), roster.students, origins=origins, lms=roster.lms)
    assert sorted([*set(matching.submissions.values()), *matching.unmatched]) == sorted(origins)
    final = final_points(results)
    return [final.cell(matching.submissions.get(place, "")) for place in range(len(roster.students))]


kinds_of_all = st.lists(st.sampled_from(sorted(KINDS)), min_size=len(PEOPLE) - 2, max_size=len(PEOPLE) - 2)


def handed_in(kinds) -> dict:
    """Return what everybody hands in; two at least are right, as ILIAS is known by two folders."""
    return dict(zip(PEOPLE, (*kinds, "right", "right"), strict=True))


@settings(max_examples=50, deadline=None)
@given(
    kinds=kinds_of_all,
    lms=st.sampled_from(sorted(LMSS)),
    rows=st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=9),
    delimiter=st.sampled_from(",;\t"),
    spell=st.sampled_from(["NFC", "NFD"]),
)
def test_any_roster_loses_and_doubles_nobody(kinds, lms, rows, delimiter, spell):
    """Who is on the roster gets what checks gave; who is not is listed, and takes nothing from anybody."""
    people = handed_in(kinds)
    root = Path(tempfile.mkdtemp())
    try:
        results = grade_class(write_class(root, people, LMSS[lms]))
        roster = read_list(root, LMSS[lms], rows, delimiter=delimiter, spell=spell)
    finally:
        shutil.rmtree(root)
    assert cells_of(results, roster) == [KINDS[people[who]][1] for who in dict.fromkeys(rows)]


@settings(max_examples=50, deadline=None)
@given(kinds=kinds_of_all, lms=st.sampled_from(sorted(LMSS)), leaving=st.integers(0, len(PEOPLE) - 3))
def test_every_student_gets_what_checks_gave(kinds, lms, leaving):
    """No 0 that no check gave, nobody twice, nobody lost; who leaves changes only their own cell."""
    people = handed_in(kinds)
    fewer = {who: kind for place, (who, kind) in enumerate(people.items()) if place != leaving}
    expected = [KINDS[kind][1] for kind in people.values()]
    root = Path(tempfile.mkdtemp())
    try:
        roster = read_list(root, LMSS[lms], PEOPLE)
        assert cells_of(grade_class(write_class(root / "all", people, LMSS[lms])), roster) == expected
        expected[leaving] = ""
        assert cells_of(grade_class(write_class(root / "fewer", fewer, LMSS[lms])), roster) == expected
    finally:
        shutil.rmtree(root)
