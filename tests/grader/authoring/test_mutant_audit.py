"""Tests of `grader audit --mutants` on the mini course, with a region that nobody reads and true and false claims."""

import json
import shutil
from pathlib import Path

import pytest

from grader.authoring.known_outcomes import KnownOutcomes

MINI = Path(__file__).parents[1] / "sample_courses" / "mini"
EXTRA = """

def unread(x):
    # <solution> Halve it.
    return x / 2
    # </solution>
"""
DECLARED = """
[[equivalent]]
file = "student.py"
old = "self.slope = torch.where(x > 0, 1.0, self.alpha).to(x.dtype)"
new = "self.slope = torch.where(x >= 0, 1.0, self.alpha).to(x.dtype)"
reason = "Which slope stands at 0 is free."

[[equivalent]]
file = "student.py"
old = "return self.slope * dout"
new = "return self.slope / dout"
reason = "It is not."

[[equivalent]]
file = "student.py"
old = "gone"
new = "away"
reason = "It was there once."
"""


@pytest.fixture(scope="module")
def audited(tmp_path_factory, run_grader):
    """Return the course and what the command said of it: all mutants, tried once and then again after an edit."""
    course = shutil.copytree(MINI, tmp_path_factory.mktemp("mutants") / "course")
    student = course / "reference" / "mini" / "student.py"
    student.write_text(student.read_text(encoding="utf-8") + EXTRA, encoding="utf-8")
    (course / "tests/assignments/mini/equivalents.toml").write_text(DECLARED, encoding="utf-8")
    figures = course.parent / "figures.json"
    command = ("audit", "mini", "--course", course, "--mutants", "all", "--json", figures)
    first = run_grader(*command, cwd=course)
    figures_first = json.loads(figures.read_text(encoding="utf-8"))["assignments"][0]
    student.write_text(student.read_text(encoding="utf-8").replace("x / 2", "x / 4"), encoding="utf-8")
    return first, figures_first, run_grader(*command, cwd=course)


def test_what_no_check_tells_is_shown_with_its_lines(audited):
    """A survivor is told with both lines; what is declared is counted apart, what is caught by task."""
    first, figures, _ = audited
    assert first.returncode == 1
    assert "    + self.slope = torch.where(x > 0, 1.0, self.alpha)\n" in first.stdout
    assert "x >= 0" not in first.stdout
    assert "leaky-relu: 7 of 8 caught (88%), 1 declared to be as good" in first.stdout
    assert figures["scores"]["linear"] == {"caught": 10, "missed": 0, "declared": 0, "share": 1.0}
    assert [one["kind"] for one in figures["survivors"]] == ["a call left out"]


@pytest.mark.parametrize(
    "violation",
    [
        "task leaky-relu: 7 of 8 mutants are caught; expected at least 97%.",
        "student.py:51 (unread): No check fails while it is a stub",
        "“gone” → “away”: There is no such mutant.",
        "“return self.slope / dout”: `test_leaky_relu_backward` tells it from the reference.",
    ],
)
def test_violations(audited, violation):
    """Too few caught, a region that nobody reads, and declarations that are not true: each is named with a remedy."""
    assert violation in " ".join(audited[0].stdout.split())


def test_what_is_known_is_not_graded_again(audited):
    """After an edit of one region only that one is tried again, and the figures stay."""
    first, _, second = audited
    assert "known from before" not in first.stdout
    assert "32 outcomes known from before" in second.stdout
    assert second.stdout.split("known from before")[0].splitlines()[:-1] == first.stdout.splitlines()[:-1]


@pytest.mark.parametrize("number", ["0", "-3", "many", "1.5", "²"])
def test_a_number_of_mutants_is_a_number(run_grader, number):
    """Anything else is refused with what can be written."""
    refused = run_grader("audit", "mini", f"--mutants={number}", cwd=MINI)
    assert refused.returncode == 2
    assert "Write a number, or `all`." in refused.stderr


def test_outcomes_survive_a_run_that_was_cut_off(tmp_path):
    """Each is kept as soon as it is known; a line that is half written, or foreign, is passed over."""
    file = tmp_path / "kept" / "mini.jsonl"
    KnownOutcomes(file).remember("a", ["test_b", "test_a"])
    file.write_text(
        file.read_text(encoding="utf-8") + '[]\n{"key": 1, "failed": []}\n{"key": "b", "fai', encoding="utf-8"
    )
    known = KnownOutcomes(file)
    assert known.recall("a") == ("test_a", "test_b")
    assert known.recall("b") is None
    assert known.used == 1


def test_a_folder_that_cannot_be_written_costs_only_memory(tmp_path):
    """Without a place to keep outcomes they are known for this run."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    known = KnownOutcomes(tmp_path / "file" / "mini.jsonl")
    known.remember("a", [])
    assert known.recall("a") == ()
