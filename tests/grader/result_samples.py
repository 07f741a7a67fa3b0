"""Builders of results for the tests of results and exports."""

from dataclasses import replace

import pytest

from grader.results.results_file import RunInfo
from grader.results.verdict import (
    Answer,
    CheckResult,
    Feedback,
    Frame,
    Item,
    Status,
    SubmissionResult,
    TaskResult,
    Verdict,
)

SECRET = "SECRET-7319"  # what only a hidden check knows
HOSTILE = [
    '=HYPERLINK("http://evil.example","x")',
    "+1+1",
    "@SUM(A1)",
    "a\nb\r\nc",
    "<script>alert(1)</script>",
    "\u202egnp.exe",
    "🦊 zoë",
    "../../etc/passwd",
    'quo"te, comma; semicolon',
    "::error::x",
    "##[error]x",
    "[x](http://evil.example) **b** | `c` www.evil.example",
    "lone \udc80",
    "\x1b[31mred",
]


def _failing(message, *, hidden=False):
    return CheckResult(
        name="test_hidden" if hidden else "test_public",
        title="The hidden one" if hidden else "The public one",
        task="linear",
        verdict=Verdict.WRONG,
        hidden=hidden,
        feedback=Feedback(
            message=message,
            hint="Look at the shapes.",
            items=(Item("z", "close", message, (0,), message, message),),
            traceback=(Frame("hw/layers.py", 12, "forward", message),),
            output=message,
        ),
    )


@pytest.fixture(scope="session")
def make_result():
    """Return a function that makes the result of a submission with a passed, a public and a hidden failing check."""

    def make(name, *, points=5.0, max_points=10.0, status=Status.GRADED, message="It is wrong.", notes=()):
        checks = (
            CheckResult("test_first", "The first one", "linear", Verdict.PASSED, 2.0),
            _failing(message),
            _failing(SECRET, hidden=True),
        )
        tasks = (TaskResult("linear", "Linear layer", points, max_points, False, checks),)
        flags = (f"instructor only {SECRET}",)
        return SubmissionResult(name, status, points, max_points, tasks, notes=tuple(notes), flags=flags, seconds=2.4)

    return make


@pytest.fixture(scope="session")
def with_answers():
    """Return a function that gives a result two text answers: one worth 4 points, one of unknown worth."""

    def add(result, *, why=None, how=None, comment=""):
        answers = (
            Answer("Why?", "Because.", points=4.0, name="why", given=why, comment=comment),
            Answer("How?", "Somehow.", name="how", given=how),
        )
        return replace(result, answers=answers)

    return add


@pytest.fixture(scope="session")
def run_info():
    """Return a description of a run."""
    return RunInfo("uva-mlp", "A small MLP", "checks-1", "0.1.0", "2.13.0", "bubblewrap", "2026-05-01T10:00:00Z")


@pytest.fixture(scope="session")
def secret():
    """Return the text that hidden checks' findings hold."""
    return SECRET


@pytest.fixture(scope="session")
def hostile_texts():
    """Return texts that try to be formulas, markup, commands, paths or other lines."""
    return HOSTILE


@pytest.fixture
def write_csv(tmp_path):
    """Return a function that writes a file and returns its path."""

    def write(text, name="roster.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding) if isinstance(text, str) else text)
        return path

    return write
