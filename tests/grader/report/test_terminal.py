"""Tests of grader.report.terminal."""

import io
from dataclasses import replace

import pytest
from rich.console import Console
from rich.text import Text

from grader.report.terminal import (
    checks_as_they_end,
    has_passed,
    next_step,
    print_run,
    print_scorecard,
    progress_console,
    results_console,
    sum_in_words,
)
from grader.results.verdict import (
    Adjusted,
    CheckResult,
    Curve,
    Feedback,
    Frame,
    Line,
    Status,
    SubmissionResult,
    TaskResult,
    Verdict,
)

HOSTILE = "[red]x[/red]\x1b[31m\x1b]0;title\x07\u202egnp.exe\rover \udc80"


def _console(*, width=100, terminal=False):
    return Console(file=io.StringIO(), width=width, highlight=False, force_terminal=terminal, no_color=not terminal)


def _check(verdict=Verdict.PASSED, *, title="Adds", name="t", counted=True, **feedback):
    return CheckResult(name, title, "a", verdict, counted=counted, feedback=Feedback(**feedback))


def _result(*checks, points=5.0, most=10.0, status=Status.GRADED, name="me", notes=()):
    return SubmissionResult(
        name, status, points, most, (TaskResult("a", "Adding", points, most, False, checks),), notes
    )


def _printed(result):
    console = _console()
    print_scorecard(console, result)
    return console.file.getvalue()


def test_a_training_that_failed_is_told_in_words():
    """Below a check that did not pass stands how its training went, and the target; a passed one has its line only."""
    curve = Curve("Accuracy", (Line("training", (1.0, 2.0), (10.0, 55.0)),), target=90.0, unit="%")
    printed = " ".join(_printed(_result(_check(Verdict.WRONG, curves=(curve,)))).split())
    words = "Accuracy: training: from 10 to 55 % in 2 epochs, highest 55 % in epoch 2. Target: at least 90 %."
    assert words in printed
    assert "Accuracy" not in _printed(_result(_check(curves=(curve,))))


@pytest.mark.parametrize(
    ("verdict", "line"),
    [
        (Verdict.PASSED, "  ✓ Adds\n"),
        (Verdict.WRONG, "  ✗ Adds  wrong\n"),
        (Verdict.CRASHED, "  ! Adds  crashed\n"),
        (Verdict.TIMED_OUT, "  ! Adds  timed out\n"),
        (Verdict.OUT_OF_MEMORY, "  ! Adds  out of memory\n"),
        (Verdict.FORBIDDEN, "  ! Adds  forbidden\n"),
        (Verdict.NOT_IMPLEMENTED, "  · Adds  not implemented\n"),
        (Verdict.MISSING, "  · Adds  missing\n"),
        (Verdict.SKIPPED, "  – Adds  skipped\n"),
        (Verdict.NOT_GRADED, "  ? Adds  not graded\n"),
    ],
)
def test_each_verdict_has_its_line(verdict, line):
    """A check is one line: a symbol, its title, and the verdict in words unless it passed."""
    assert line in _printed(_result(_check(verdict)))


def test_feedback_stands_below_its_check():
    """Message, the student's frames, what was printed and the hint follow indented, in this order."""
    check = _check(
        Verdict.CRASHED,
        message="`a.py`, line 2, raised it.",
        hint="Look at line 2.",
        traceback=tuple(Frame("a.py", n, f"f{n}", f"f{n + 1}()") for n in range(6)),
        output="one\ntwo\n",
    )
    lines = [line.rstrip() for line in _printed(_result(check)).splitlines()]
    start = lines.index("  ! Adds  crashed")
    assert lines[start + 1 : start + 10] == [
        "      `a.py`, line 2, raised it.",
        "      a.py:2 in f2: f3()",
        "      a.py:3 in f3: f4()",
        "      a.py:4 in f4: f5()",
        "      a.py:5 in f5: f6()",
        "      it printed:",
        "        one",
        "        two",
        "      Hint: Look at line 2.",
    ]


def test_long_output_is_cut():
    """Only the last lines of what was printed are shown, with how many there were."""
    text = _printed(_result(_check(Verdict.WRONG, output="\n".join(f"line {n}" for n in range(40)))))
    assert "it printed (last 15 of 40 lines):" in text
    assert "line 24\n" not in text
    assert "line 39" in text


def test_a_passed_check_is_one_line():
    """Nothing is told below a passed check, whatever it printed."""
    assert "it printed" not in _printed(_result(_check(output="noise")))


@pytest.mark.parametrize("terminal", [False, True])
def test_hostile_text_is_harmless(terminal):
    """Escape sequences, direction marks, returns, surrogates and markup of strangers reach no terminal as such."""
    check = _check(
        Verdict.WRONG,
        title=HOSTILE,
        message=HOSTILE,
        hint=HOSTILE,
        output=HOSTILE,
        traceback=(Frame(HOSTILE, 1, HOSTILE, HOSTILE),),
    )
    console = _console(width=400, terminal=terminal)
    print_scorecard(console, _result(check, notes=(HOSTILE,)))
    print_run(console, [_result(check, name=HOSTILE)])
    text = console.file.getvalue()
    assert text.count("[red]x[/red]") >= 7
    for harmful in ("\x1b]", "\x07", "\u202e", "\r", "\udc80"):
        assert harmful not in text
    text.encode("utf-8")


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (_result(_check(), _check(), points=10.0), "10 of 10 points: all 2 checks passed."),
        (_result(), "None of this can be checked here; it is checked when your work is graded."),
        (
            _result(_check(), _check(Verdict.WRONG)),
            "5 of 10 points: 1 of 2 checks passed.",  # of one task: no word of what was asked for
        ),
        (
            _result(_check(), _check(Verdict.SKIPPED, counted=False), most=5.0),
            "5 of 5 points: 1 of 2 checks passed. Not charged, since what it is about was left to you: “Adds”.",
        ),
        (
            _result(_check(Verdict.NOT_GRADED, counted=False), _check(), most=5.0, status=Status.NOT_GRADED),
            "5 of 5 points; the grader failed on 1 checks, which cost no points.",
        ),
        (_result(points=0.0, status=Status.UNREADABLE), "0 of 10 points: the submission can't be read."),
    ],
)
def test_the_sum_is_said_in_words(result, words):
    """The last line says points, how many checks passed, and what to do next; skipped checks are not called passed."""
    assert sum_in_words(result) == words


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"counted": False, "unrun": True}, "data or a device is not on this machine"),
        ({"counted": False, "because": "test_before"}, "the check before it has failed and paid"),
        ({"counted": False}, "what it is about was left to you"),
        ({"carried": "The layer"}, "an earlier fault explains it"),
        ({"adjusted": Adjusted.DROPPED}, "the course has changed what it counts for"),
    ],
)
def test_what_costs_nothing_is_named_with_its_reason(changes, why):
    """Checks that neither passed nor cost points are named, three at most, beside why; others are not among them."""
    free = [replace(_check(Verdict.SKIPPED, title=f"T{number}"), **changes) for number in range(5)]
    words = sum_in_words(_result(_check(), *free[:2], _check(Verdict.WRONG, title="Lost")))
    assert f" Not charged, since {why}: “T0”, “T1”." in words
    assert "Lost" not in words
    assert f"since {why}: “T0”, “T1”, “T2” and 2 more." in sum_in_words(_result(_check(), *free))


def test_advice_is_printed_and_not_counted():
    """Advice that was not followed has a line and its words; the sum and the next step say nothing of it."""
    advice = replace(_check(Verdict.WRONG, title="Runs fast", message="Slow.", counted=False), advice=True)
    result = _result(_check(), advice, points=10.0)
    assert "  ○ Runs fast  worth knowing\n      Slow." in _printed(result)
    assert sum_in_words(result) == "10 of 10 points: the check passed."
    assert has_passed(result)


def test_the_next_step_is_the_first_open_task():
    """next_step names the first task with a check that counts and did not pass."""
    tasks = (
        TaskResult("a", "A", 1, 1, False, (_check(), _check(Verdict.SKIPPED, counted=False))),
        TaskResult("b", "B", 0, 1, False, (_check(Verdict.WRONG),)),
    )
    assert next_step(tasks) == "Next: `grader check --task b`."
    assert next_step(tasks[:1]) == ""


def test_a_run_is_a_table():
    """A run is one row a submission: name, points, percent, status and the dearest problem."""
    console = _console(width=120)
    missing = _result(points=0.0, status=Status.UNREADABLE, name="bo", notes=("`bo.zip` is empty.",))
    print_run(console, [_result(_check(), _check(Verdict.WRONG, message="It is off by one.")), missing])
    rows = [" ".join(line.split()) for line in console.file.getvalue().splitlines()]
    assert rows[1:] == [
        "me 5/10 50 graded It is off by one.",
        "bo –/10 – unreadable `bo.zip` is empty.",
    ]


def test_the_problem_of_a_run_is_the_dearest():
    """A row tells what costs a submission most, with what follows from it, not what comes first."""
    checks = [_check(Verdict.WRONG, name="a", message="Cheap."), _check(Verdict.WRONG, name="b", message="Dear.")]
    checks += [replace(_check(Verdict.SKIPPED, name=name), because="b") for name in "cd"]
    console = _console(width=120)
    print_run(console, [_result(*checks, points=0.0)])
    assert "Dear." in console.file.getvalue()
    assert "Cheap." not in console.file.getvalue()


def test_a_note_is_a_problem_only_where_nothing_was_run():
    """A row of a submission without checks tells why; notes on what was graded, or is gone, are no problems."""
    passed = _check(Verdict.PASSED)
    noted = _result(passed, notes=("Found in `a.zip`.",))
    others = [replace(noted, status=status) for status in (Status.GONE, Status.NOT_GRADED)]
    unreadable = SubmissionResult("bo", Status.UNREADABLE, 0.0, 0.0, (), ("`b.zip` is broken.",))
    console = _console(width=120)
    print_run(console, [noted, *others, unreadable])
    assert "a.zip" not in console.file.getvalue()
    assert "`b.zip` is broken." in console.file.getvalue()


def test_results_and_progress_go_different_ways(capsys):
    """Results go to stdout and progress to stderr."""
    results_console().print("result")
    progress_console().print("progress")
    assert capsys.readouterr() == ("result\n", "progress\n")


def test_no_color_is_obeyed(monkeypatch, capsys):
    """With NO_COLOR results come without colour, on a terminal too; the symbols still tell the verdicts."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    print_scorecard(results_console(), _result(_check(Verdict.WRONG)))
    assert "\x1b[31m✗" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    print_scorecard(results_console(), _result(_check(Verdict.WRONG)))
    output = capsys.readouterr().out
    assert "✗" in output
    assert "\x1b[31m" not in output


def _task(name, *checks):
    return TaskResult(name, f"Task {name}", 1.0, 2.0, False, checks)


def test_what_is_to_mend_comes_first():
    """Tasks with something to mend stand before the others, each group in the assignment's order."""
    good, bad = _check(), _check(Verdict.WRONG, message="It is 3.")
    free = _check(Verdict.SKIPPED, counted=False)
    tasks = (_task("a", good), _task("b", bad), _task("c", free), _task("d", good, bad))
    text = _printed(SubmissionResult("me", Status.GRADED, 4.0, 8.0, tasks))
    places = [text.index(f"Task {name}") for name in "bdac"]
    assert places == sorted(places)
    assert text.index("4 of 8 points") > places[-1]


def test_in_brief_a_task_that_is_done_is_one_line():
    """`brief` shows the checks of tasks that are not done, and a line with a tick for each that is."""
    console = _console()
    tasks = (_task("a", _check(title="Fine")), _task("b", _check(Verdict.WRONG, title="Bad")))
    print_scorecard(console, SubmissionResult("me", Status.GRADED, 2.0, 4.0, tasks), brief=True)
    text = console.file.getvalue()
    assert "✓ Task a  1/2\n" in text
    assert "Fine" not in text
    assert "✗ Bad  wrong" in text


def test_each_check_is_shown_as_soon_as_it_has_ended():
    """On a terminal the first check's line is there before the second one runs, and all are gone at the end."""
    console = _console(terminal=True)
    with checks_as_they_end(console) as seen:
        seen(_check(title="The first one"))
        assert "✓ The first one" in Text.from_ansi(console.file.getvalue()).plain
        seen(_check(Verdict.WRONG, title="The second one"))
        assert "✗ The second one" in Text.from_ansi(console.file.getvalue()).plain
    assert console.file.getvalue().endswith("\x1b[2K"), "the lines are erased"


def test_nothing_is_shown_under_way_where_there_is_no_terminal():
    """What goes to a file holds the scorecard alone."""
    console = _console()
    with checks_as_they_end(console) as seen:
        seen(_check())
    assert console.file.getvalue() == ""
