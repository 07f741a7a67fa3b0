"""Builders of whole classes, and a browser, for the tests of pages."""

import random
import shutil

import pytest

from grader.results.results_file import RunInfo
from grader.results.verdict import (
    CheckResult,
    Curve,
    Feedback,
    Frame,
    HeatMap,
    Item,
    Line,
    Status,
    SubmissionResult,
    TaskResult,
    Verdict,
)

SECRET = "SECRET-7319"  # what only hidden checks know
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
MISTAKES = [
    ("summed instead of averaged", "`grad of scores` is 20 times too large, and the batch has 20 rows: average."),
    ("transposed", "`grad of w` has shape (30, 10); expected (10, 30). That is the transpose."),
    ("", "`z` differs at 7 of 35 elements; the worst is [3, 1]: 0.5 instead of 0.25."),
]


def _heat(generator):
    cells = tuple("".join(generator.choice("....1248!") for _ in range(10)) for _ in range(20))
    return HeatMap("[:, :]", (20, 10), cells, "0.95")


def _curves(*, words=""):
    """Return the curves of a training of twenty epochs; `words` are in the name of each line."""
    epochs = tuple(float(i + 1) for i in range(20))
    losses = [round(2.5 / (1 + i % 7 / 20 + i / 3), 4) for i in range(20)]
    accuracies = tuple(round(100 * (1 - loss / 3), 1) for loss in losses)
    lines = (Line(f"training {words}", epochs, accuracies), Line(f"new images {words}", epochs[:9], accuracies[1:10]))
    return (
        Curve("Accuracy", lines, target=60.0, unit="%"),
        Curve("Loss", (Line(f"training {words}", epochs, tuple(losses)),), falls=True),
    )


def _failing(name, task, generator, *, hidden, words=""):
    lookalike, message = generator.choice(MISTAKES)
    message = words or message
    item = Item("grad of w", "close", message, (3, 1), "0.5", "0.25", lookalike, 7, 35, (_heat(generator),))
    frame = Frame("hw2/layers.py", 42, "backward", "    return dout * grad", ("def backward(self):",), ("",))
    return CheckResult(
        name=name,
        title=f"{name} is right",
        task=task,
        verdict=generator.choice([Verdict.WRONG, Verdict.WRONG, Verdict.CRASHED, Verdict.TIMED_OUT]),
        hidden=hidden,
        seconds=0.2,
        feedback=Feedback(
            message,
            "Look at the shapes.",
            (item,),
            (frame,),
            f"{words} epoch 1\n",
            ("loss",),
            _curves(words=words) if name.startswith("test_0") else (),
        ),
    )


def _passed(i, k):
    hidden = k % 3 == 2
    curves = _curves(words=SECRET if hidden else "") if i == 0 else ()
    feedback = Feedback(curves=curves)
    return CheckResult(
        f"test_{i}_{k}", f"Check {k} of task {i}", f"task-{i}", Verdict.PASSED, hidden=hidden, feedback=feedback
    )


def _submission(number, *, tasks, checks):
    generator = random.Random(number)
    skill, found = generator.random(), []
    for i in range(tasks):
        results = tuple(
            _passed(i, k)
            if generator.random() < skill
            else _failing(
                f"test_{i}_{k}", f"task-{i}", generator, hidden=k % 3 == 2, words=SECRET if k % 3 == 2 else ""
            )
            for k in range(checks)
        )
        passed = sum(check.verdict is Verdict.PASSED for check in results)
        found.append(TaskResult(f"task-{i}", f"Task {i}", 10.0 * passed / checks, 10.0, False, results))
    points = sum(task.points for task in found)
    return SubmissionResult(
        f"student {number:04d}", Status.GRADED, points, 10.0 * tasks, tuple(found), seconds=1 + 9 * generator.random()
    )


@pytest.fixture(scope="session")
def make_class():
    """Return a function that makes the results of a class, always the same ones."""
    return lambda count, tasks=6, checks=4: [_submission(i, tasks=tasks, checks=checks) for i in range(count)]


@pytest.fixture(scope="session")
def a_run():
    """Return what is known about a run."""
    return RunInfo("uva-mlp", "A small MLP", "checks-1", "0.1.0", "2.13.0", "bubblewrap", "2026-05-01T10:00:00Z")


@pytest.fixture(scope="module")  # one at a time, and none left: its event loop would be the one of later tests
def browser():
    """Return a running Chromium that reaches no network."""
    if CHROMIUM is None:
        pytest.skip("Needs Chromium, which is not installed here.")
    playwright = pytest.importorskip("playwright.sync_api", reason="Needs playwright (the extra `dev`).")
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield launched
        launched.close()


@pytest.fixture
def open_page(browser):
    """Return a function that opens a file in a page of its own; the test fails if a script of the page did."""
    contexts, errors = [], []

    def open_file(path, *, anchor="", **settings):
        context = browser.new_context(offline=True, **settings)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.goto(path.as_uri() + anchor)
        return page

    yield open_file
    for context in contexts:
        context.close()
    assert errors == []
