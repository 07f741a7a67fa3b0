"""Tests of given: what a handout gives earns nothing, and its spellings are accepted."""

import json
import shutil
from pathlib import Path

import pytest

from grader.authoring.template import is_stale, write_template
from grader.courses.course import read_assignment
from grader.results.verdict import Verdict

MINI = Path(__file__).parents[1] / "sample_courses" / "notebook-mini"
DOUBLE, TRIPLE = "def double(x):\n    return 2 * x\n", "def triple(x):\n    return 3 * x\n"
OLD = """
[[given]]
name = "2021"
folder = "given/2021"
spellings = { tripel = "triple" }
"""


@pytest.fixture
def course(make_course, tmp_path):
    """Return a course in which an earlier handout gave `double`, and spelled `triple` otherwise."""
    folder = make_course(tmp_path / "course")
    own = folder / "tests/assignments/tiny"
    text = (own / "assignment.toml").read_text()
    for name in ("double", "triple"):
        text = text.replace(f"[tasks.{name}]", f'[tasks.{name}]\nparts = ["student.{name}"]')
    (own / "assignment.toml").write_text(text + OLD)
    (own / "given/2021").mkdir(parents=True)
    (own / "given/2021/student.py").write_text(f"{DOUBLE}\n\ndef tripel(x):\n    raise NotImplementedError\n")
    return folder


@pytest.fixture
def results(course, read_tiny, grade_many, tmp_path):
    """Return a function that grades submissions, texts of student.py by name."""

    def grade(**texts):
        files = {name: {"student.py": text} for name, text in texts.items()}
        return grade_many(read_tiny(course), files, folder=tmp_path / "submissions", tasks=("double",))

    return grade


def check_of(result, task="double"):
    return next(check for one in result.tasks if one.name == task for check in one.checks)


def test_given_code_earns_nothing(results):
    """A definition that stands as the handout gave it is no work of the student's, whatever else was done."""
    found = results(
        blank=f"{DOUBLE}\n\ndef tripel(x):\n    raise NotImplementedError\n",
        filled=f"import math\n\n\n# mine\n{DOUBLE}\n\n{TRIPLE}",
        own="def double(x):\n    return x + x\n",
        wrong="def double(x):\n    return x\n",
    )
    assert {name: result.points for name, result in found.items()} == {"blank": 0, "filled": 0, "own": 10, "wrong": 0}
    assert {result.max_points for result in found.values()} == {10}
    for name in ("blank", "filled"):
        assert check_of(found[name]).verdict is Verdict.NOT_IMPLEMENTED
        assert (
            "`double` stands here word for word as the edition “2021” gives it"
            in check_of(found[name]).feedback.message
        )


def test_spellings_are_accepted(results, course, read_tiny, grade_many, tmp_path):
    """A function that an earlier handout spelled otherwise is found under that name, and a note says so."""
    text = "def tripel(x):\n    return 3 * x\n\n\ndef double(x):\n    return tripel(x) - x\n"
    found = results(spelled=text)["spelled"]
    assert found.points == 10
    assert "Read `tripel as triple`: an earlier handout spells it so." in found.notes
    both = results(both=f"{text}\n\n{TRIPLE}")["both"]
    assert both.points == 10
    assert not any("tripel" in note for note in both.notes)


def test_own_kit(course, read_tiny, grade_many, tmp_path):
    """What the kit gives is recorded with it: handed in unchanged, a part that was left in by mistake earns nothing."""
    student = course / "reference/tiny/student.py"
    student.write_text(
        student.read_text().replace(
            "    # <solution> Return two times x.\n    return 2 * x\n    # </solution>", "    return 2 * x"
        )
    )
    assignment = read_tiny(course)
    kit = tmp_path / "kit"
    write_template(assignment, kit)
    assert is_stale(assignment, kit) == ()
    blank = (kit / "student.py").read_text()
    own = blank.replace("return 2 * x", "return x + x")
    subs = {"blank": {"student.py": blank}, "own": {"student.py": own}}
    found = grade_many(assignment, subs, folder=tmp_path / "submissions", tasks=("double",))
    assert {name: result.points for name, result in found.items()} == {"blank": 0, "own": 10}
    assert "as the kit gives it" in check_of(found["blank"]).feedback.message
    (assignment.assets / "given.json").write_text("{}")
    assert is_stale(assignment, kit) == ("the record given.json differs",)


def test_notebook(grade_many, tmp_path):
    """In a notebook the cells are compared, whatever stands around the definition."""
    folder = shutil.copytree(MINI, tmp_path / "course")
    own = folder / "tests/assignments/notebook-mini"
    toml = own / "assignment.toml"
    text = toml.read_text().replace('cell = "check-optimizer"', 'cell = "check-optimizer"\nparts = ["SGDMomentum"]')
    toml.write_text(
        f'{text}\n[[given]]\nname = "2021"\nfolder = "given"\nspellings = {{ MomentumSGD = "SGDMomentum" }}\n'
    )
    solved = (folder / "reference/notebook-mini/notebook_mini.py").read_text()
    (own / "given").mkdir()
    (own / "given/notebook_mini.py").write_text(solved.replace("SGDMomentum", "MomentumSGD"))
    changed = solved.replace("class SGDMomentum:", "class SGDMomentum:\n    name = 'mine'\n")
    subs = {name: {"notebook_mini.py": one} for name, one in (("given", solved), ("changed", changed))}
    subs["spelled"] = {"notebook_mini.py": changed.replace("SGDMomentum", "MomentumSGD")}
    assignment = read_assignment(folder, "notebook-mini")
    found = grade_many(assignment, subs, folder=tmp_path / "submissions")
    assert {name: result.points for name, result in found.items()} == {"given": 6, "changed": 10, "spelled": 10}
    assert json.loads(json.dumps([note for note in found["spelled"].notes if "MomentumSGD" in note]))
