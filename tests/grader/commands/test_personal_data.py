"""Promises of data of each student's own: kit and grading draw the same, and nobody else's.

All of it through `grader template`, `check` and `grade`, on one small course.
"""

import json
import re
import shutil

import pytest

CHECKS = '''\
import pytest
import torch

from grader.compare import assert_matches, measured


def twice(x):
    return {"y": 2 * x}


@pytest.mark.graded(task="double")
def test_double(probe, rng, personal):
    """double returns twice its input"""
    x = torch.randn(2, generator=personal(rng))
    assert_matches(probe("double", x=x), measured(twice, x=x))


@pytest.mark.graded(task="double")
def test_again(matches_recorded, rng, personal):
    """double returns twice its input, as recorded"""
    matches_recorded("double", twice, x=torch.randn(2, generator=personal(rng)))


@pytest.mark.graded(task="triple")
def test_triple(probe, rng):
    """triple returns three times its input"""
    x = torch.randn(2, generator=rng)
    assert_matches(probe("triple", x=x), {"y": 3 * x})
'''
WRONG = "def double(x): return x\n\n\ndef triple(x): return 3 * x\n"
ROSTER = "name,email,group\nAnn Lee,ann@x.org,\nBob Ray,bob@x.org,\nEve Orr,eve@x.org,Team 3\nKim Yu,kim@x.org,Team 3\n"


@pytest.fixture(scope="module")
def course(make_course, run_grader, write_files, tmp_path_factory):
    """Return a recorded course whose checks draw for each student, with a roster beside it."""
    folder = make_course(tmp_path_factory.mktemp("own") / "course", checks=CHECKS)
    write_files(folder, {"roster.csv": ROSTER})
    ended = run_grader("record", "tiny", cwd=folder)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder


@pytest.fixture
def kits(course, call_grader):
    """Return a folder with a kit for each student and group."""
    ended = call_grader("template", "tiny", "--kits", "kits", "--roster", "roster.csv", cwd=course)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "3 kits written" in ended.stdout
    return course / "kits"


@pytest.fixture
def graded(course, call_grader, tmp_path):
    """Return a function that grades a class into a folder and returns what was printed and the submissions by name."""

    def grade(folder, *options):
        arguments = ("grade", "tiny", folder, "--out", tmp_path / "out", "--wall", "process", "-j", "1", *options)
        ended = call_grader(*arguments, cwd=course)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        found = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))["submissions"]
        return ended, {one["submission"]: one for one in found}

    return grade


def _said(submission, check="test_double"):
    checks = {one["name"]: one for task in submission["tasks"] for one in task["checks"]}
    return checks[check]["feedback"]["message"]


def _class(folder, write_files, *names):
    return write_files(folder, {f"{name}/student.py": WRONG for name in names})


def _numbers(submission, check="test_double"):
    """Return the numbers of a failed comparison: `0.48 instead of 0.97`."""
    return re.search(r"[-\d.e]+ instead of [-\d.e]+", _said(submission, check))[0]


@pytest.mark.timeout(300)
def test_kit_and_grading_draw_the_same(kits, graded, call_grader, write_files, tmp_path):
    """What a student reads from their own kit is what grading finds, also for a group; others read other numbers."""
    folder = _class(tmp_path / "in", write_files, "ann@x.org", "Bob Ray", "kim@x.org")
    _, found = graded(folder, "--roster", "roster.csv")
    for check in ("test_double", "test_again"):
        assert len({_numbers(one, check) for one in found.values()}) == 3
    for name, start in (("ann@x.org", "Ann"), ("Bob Ray", "Bob"), ("kim@x.org", "Team")):
        kit = next(path for path in kits.iterdir() if path.name.startswith(start))
        write_files(kit, {"student.py": WRONG})
        assert _numbers(found[name]) in " ".join(call_grader("check", cwd=kit).stdout.split())


@pytest.mark.timeout(300)
def test_without_a_roster_points_stay_open(graded, write_files, tmp_path):
    """Where it is not known whose a submission is, such checks don't run; a later roster has them graded."""
    folder = _class(tmp_path / "in", write_files, "Ann Lee", "Zoe")
    ended, found = graded(folder)
    assert "--roster FILE" in ended.stderr
    for one in found.values():
        assert one["points"] == 5
        assert "says whose this is. Its points stay open." in _said(one)
        assert {task["name"]: task["unjudged"] for task in one["tasks"]} == {"double": 10, "triple": 0}
    ended, found = graded(folder, "--roster", "roster.csv")
    assert "Zoe (no student of the roster has this name.)" in ended.stderr
    assert _numbers(found["Ann Lee"])
    assert "Its points stay open." in _said(found["Zoe"])


@pytest.mark.timeout(300)
def test_results_are_kept_for_the_same_student_only(course, graded, write_files, tmp_path):
    """The same roster in another order grades nobody again; where a name becomes another student's, it is graded."""
    folder = _class(tmp_path / "in", write_files, "Ann Lee")
    _, first = graded(folder, "--roster", "roster.csv")
    header, *rows = ROSTER.splitlines()
    write_files(course, {"turned.csv": "\n".join([header, *reversed(rows)])})
    ended, again = graded(folder, "--roster", "turned.csv")
    assert "1 of 1 submissions have their result already." in ended.stderr
    assert _numbers(again["Ann Lee"]) == _numbers(first["Ann Lee"])
    write_files(course, {"other.csv": ROSTER.replace("ann@x.org", "lee@x.org")})
    ended, other = graded(folder, "--roster", "other.csv")
    assert "have their result already" not in ended.stderr
    assert _numbers(other["Ann Lee"]) != _numbers(first["Ann Lee"])


@pytest.mark.timeout(300)
def test_the_kit_of_somebody_else_is_told(kits, graded, write_files, tmp_path):
    """Whose seed counts is decided by the roster alone; a kit of another seed in an upload is a flag."""
    folder = _class(tmp_path / "in", write_files, "Ann Lee", "Bob Ray")
    foreign = next(kits.glob("Bob*/personal.json"))
    for name in ("Ann Lee", "Bob Ray"):
        shutil.copy(foreign, folder / name)
    _, found = graded(folder, "--roster", "roster.csv")
    assert "is not the one that this student gets" in " ".join(found["Ann Lee"]["flags"])
    assert found["Bob Ray"]["flags"] == []


def test_kits_need_a_roster_and_a_course_that_draws(course, kits, call_grader, make_course, tmp_path):
    """What can't be meant is refused with what to do, in `template` and in `grade`."""
    ended = call_grader("template", "tiny", "--kits", "kits", cwd=course)
    assert ended.returncode == 2
    assert "--roster FILE" in ended.stderr
    plain = make_course(tmp_path / "plain")
    shutil.copy(course / "roster.csv", plain)
    call_grader("record", "tiny", cwd=plain)
    for words in (("template", "tiny", "--kits", "kits"), ("grade", "tiny", "reference/tiny", "--out", tmp_path / "o")):
        ended = call_grader(*words, "--roster", "roster.csv", cwd=plain)
        assert ended.returncode == 2
        assert "draws data for each student" in ended.stderr


def test_a_reference_with_the_kits_own_file_is_refused(course, call_grader, tmp_path):
    """A name that the kits of students need can't be the reference's."""
    copy = shutil.copytree(course, tmp_path / "copy")
    (copy / "reference" / "tiny" / "personal.json").write_text("{}")
    ended = call_grader("template", "tiny", "--kits", "new", "--roster", "roster.csv", cwd=copy)
    assert ended.returncode == 2
    assert "that name is taken" in " ".join(ended.stderr.split())
