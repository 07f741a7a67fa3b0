"""Promises of `text_answers` and `written_answers`: what a person reads arrives, unjudged."""

from dataclasses import replace

import pytest
import torch

from grader.grading.text_answers import read_answers
from grader.results.results_file import pack_record, unpack_result
from grader.results.verdict import Answer, Status
from grader.sandbox.inside.written_answers import MAX_TEXT
from grader.sandbox.wire.protocol import Ending, ProbeOutcome

QUESTIONS = """
[answers.q1]
title = "Why?"
points = 4
module = "student"
[answers.q2]
title = "How?"
module = "hw.answers"
[answers.q3]
title = "When?"
module = "hw.answers"
"""
GOOD = "def double(x):\n    return 2 * x\n\n\ndef triple(x):\n    return 3 * x\n\n\n"


@pytest.fixture
def assignment(make_course, read_tiny, tmp_path):
    """Return an assignment with one question in student.py and two in hw/answers.py."""
    course = make_course(tmp_path / "course")
    toml = course / "tests/assignments/tiny/assignment.toml"
    toml.write_text(toml.read_text().replace('["*.py"]', '["*.py", "hw/*.py"]') + QUESTIONS)
    return read_tiny(course)


@pytest.fixture
def answers(assignment, grade_many, tmp_path):
    """Return a function that grades a submission of student.py and hw/answers.py and returns its answers."""

    def grade(own, other="", **options):
        files = {"student.py": GOOD + own, "hw/__init__.py": "", "hw/answers.py": other}
        result = grade_many(assignment, {"a": files}, folder=tmp_path / "subs", tasks=("double",), **options)["a"]
        assert (result.status, result.points, result.max_points) == (Status.GRADED, 10, 10)
        assert unpack_result(pack_record(result)) == result
        return result.answers

    return grade


def test_answers_arrive_in_the_order_of_the_questions(answers):
    """Each question gets its text with title and points, and no points change."""
    found = answers("q1 = '**Because**'", "q3 = '''\n1. Now\n'''\nq2 = f'{1 + 1} ways'")
    assert found == (
        Answer("Why?", "**Because**", points=4, name="q1"),
        Answer("How?", "2 ways", name="q2"),
        Answer("When?", "\n1. Now\n", name="q3"),
    )


def test_what_was_not_answered_says_so(answers):
    """A missing variable, the template's own words, blanks and other values are no answers, each with its reason."""
    found = answers("q1 = '  Write your answer here. '", "q2 = ['a list']")
    assert [answer.text for answer in found] == ["", "", ""]
    assert [answer.note for answer in found] == [
        "Not answered.",
        "`q2` is not text: it holds a value of the type `list`.",
        "`q3` is not in `hw.answers`.",
    ]


def test_a_module_that_fails_is_read_as_source(answers):
    """Where the import fails, what the source assigns as plain text is taken, the last assignment first."""
    found = answers("q1 = 'x'", "import missing_module\nq2 = 'old'\nq2: str = 'one ' + 'two ' 'three'\nq3 = f'{q2}'\n")
    assert [answer.text for answer in found] == ["x", "one two three", ""]
    assert found[1].note == "Taken from the source: `hw.answers` could not be imported (ModuleNotFoundError)."


def test_a_module_that_hangs_or_dies_is_read_as_source(answers):
    """Code that never ends, or crashes the process, costs no answer: the text is still there."""
    for stop in ("while True: pass", "import ctypes; ctypes.string_at(0)"):
        found = answers("q1 = 'x'", f"q2 = 'kept'\n{stop}\n")
        assert [answer.text for answer in found] == ["x", "kept", ""]
        assert found[1].note == "Taken from the source: `hw.answers` could not be imported (it ran too long)."


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("q2 = 'open\n", "SyntaxError, line 1"),
        ("q2 = " + "(" * 5000, "SyntaxError, line 1"),
        ("\0", ""),
    ],  # a SyntaxError or a ValueError, as the version of Python has it
)
def test_a_file_that_cannot_be_read_says_why(answers, source, why):
    """A file that is no Python gives no text, and says where."""
    _own, found, _other = answers("q1 = 'x'", source)
    assert (found.text, found.note.startswith(f"The file can't be read: {why}")) == ("", True)


def test_endless_text_is_cut(answers):
    """A text of any length is bounded inside the sandbox."""
    found = answers("q1 = 'x' * 10_000_000\n")[0]
    assert (len(found.text), found.note) == (MAX_TEXT, "Only the first 20,000 characters are shown.")


class _Liar:
    def __init__(self, outputs):
        self.outputs = outputs

    def run(self, _call):
        return ProbeOutcome(Ending.OK, outputs=self.outputs)


@pytest.mark.parametrize(
    "outputs",
    [{}, {"rows": 3}, {"rows": [3, ["q1"], ["q1", 1, ""], {"q1": "x"}]}, {"rows": torch.ones(3)}],
)
def test_a_sandbox_that_lies_gives_no_answers(assignment, outputs):
    """Whatever comes back in another form is nothing to read, and says that a person should look."""
    found = read_answers(_Liar(outputs), assignment, files={})
    assert {answer.note for answer in found} == {"It could not be read; look into the submission."}
    endless = read_answers(_Liar({"rows": [["q1", "x" * 10**6, "y" * 10**6]]}), assignment, files={})
    assert (len(endless[0].text), len(endless[0].note)) == (MAX_TEXT, 500)


def test_without_questions_nothing_is_asked(assignment):
    """An assignment without questions runs no probe for them."""
    assert read_answers(None, replace(assignment, questions=()), files={}) == ()
