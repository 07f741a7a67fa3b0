"""Tests of what students read over each mistake: the counts, the order and the table, and `audit --explanations`."""

from pathlib import Path

import pytest

from grader.authoring.audit import Audit
from grader.authoring.explanations import counted, explanations_in, write_explanations
from grader.authoring.mistakes import Mistake
from grader.authoring.naming import name_cause
from grader.results.verdict import CheckResult, Feedback, Verdict

MINI = Path(__file__).parents[1] / "sample_courses" / "mini"
SAID = {
    "named": (("average",), "Average it."),
    "vague": (("average",), "It is 3; expected 2."),
    "blamed": (("average",), "Look at the learning rate."),
    "unsaid": ((), "It is | <b>3</b>;\nexpected 2."),
}


@pytest.fixture
def explained():
    """Return an audit of four mistakes, one of each kind, and one more that could not be tried."""
    audit, mistakes = Audit("tiny"), []
    for name, (cause, words) in SAID.items():
        facts = {"cause": cause, "innocent": ("learning rate",) if cause else ()}
        mistakes.append(Mistake(name, "a.py", "2", "3", "test_a", Verdict.WRONG, (), "", Path("m.toml"), **facts))
        audit.said[name] = CheckResult("test_a", "A", "a", Verdict.WRONG, feedback=Feedback(words))
        audit.naming[name] = name_cause(mistakes[-1], audit.said[name])
    return explanations_in(audit, [*mistakes, Mistake("gone", "a.py", "", "", "test_a", Verdict.WRONG, (), "", Path())])


def test_what_a_person_should_look_at_comes_first(explained):
    """First what blames something else, then what nobody can judge; a mistake that was not tried is left out."""
    assert [one.mistake.name for one in explained] == ["blamed", "unsaid", "vague", "named"]


def test_the_kinds_are_counted(explained):
    """The share is of those that declare a cause; kinds that there are none of are counted, too."""
    assert counted(explained) == (
        "4 known mistakes: 1 × right cause named, 1 × true but general, 1 × other cause named, "
        "1 × no cause declared. The cause is named in 33% of those that declare one."
    )
    assert counted(explained[1:2]) == (
        "1 known mistakes: 0 × right cause named, 0 × true but general, 0 × other cause named, 1 × no cause declared."
    )


def test_words_cannot_break_the_table(explained):
    """Lines, bars and tags of what is said stay in their cell."""
    rows = [line for line in write_explanations(explained, "tiny").splitlines() if line.startswith("| unsaid")]
    assert rows == ["| unsaid | – | wrong: It is \\| &lt;b>3&lt;/b>;<br>expected 2. |"]


def test_the_command_prints_every_mistake(run_grader):
    """All seven mistakes of the mini course stand in the table with what their checks said."""
    ended = run_grader("audit", "mini", "--explanations", cwd=MINI)
    assert ended.returncode == 0, ended.stderr
    lines = ended.stdout.splitlines()
    assert lines[:3] == ["# What students read: mini", "", lines[2]]
    assert lines[2].startswith("7 known mistakes: 2 × right cause named, 0 × true but general, 0 × other cause named, ")
    rows = [line for line in lines if line.startswith("| ") and not line.startswith(("| mistake", "| ---"))]
    assert len(rows) == 7
    assert [row for row in rows if row.startswith("| linear-weight-gradient-transposed | ") and "the transpose" in row]
