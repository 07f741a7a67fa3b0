"""The pages as a whole, compared with golden files: fixed results, without styles, scripts, times and versions.

After a change of the pages that is meant, write the files anew and review their diff:

    UPDATE_GOLDEN=1 python -m pytest tests/grader/report/test_golden.py
"""

import difflib
import os
import re
from pathlib import Path

import pytest

from grader.report.html import write_pages
from grader.results.results_file import RunInfo
from grader.results.verdict import (
    Answer,
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

GOLDEN = Path(__file__).parent / "golden"
PAGES = {
    "scorecard.html": "scorecards/ann_lee.html",
    "instructor.html": "instructor/ann_lee.html",
    "class.html": "index.html",
}
SCRUBBED = [
    (r"<style>.*?</style>", "<style>…</style>"),
    (r"<script>.*?</script>", "<script>…</script>"),
    (r"sha256-[\w+/=]+", "sha256-…"),
    (r"torchgrade \S+ · torch \S+", "torchgrade … · torch …"),
    (r"run started \S+(?=</p>)", "run started …"),
    (r"\b\d+\.\d s\b", "… s"),
    (r"/(?:tmp|home|root|private|var|Users)/[^\s<\"']*", "/…"),
]
MOST_LINES = 60  # of a diff


def _check(name, verdict, *, task="linear", hidden=False, counted=True, **feedback):
    feedback = Feedback(**feedback)
    title = f"The check `{name}` holds"
    return CheckResult(f"test_{name}", title, task, verdict, 1.0, hidden, counted, 0.5, feedback)


def _linear(*, is_right):
    heat = HeatMap("[:, :]", (3, 4), (".1.8", "..4!", "...."), "0.95")
    message = "`grad of w` differs at 3 of 12 elements; the worst is [0, 3]: 1.5 instead of 0.5."
    item = Item("grad of w", "close", message, (0, 3), "1.5", "0.5", "a constant factor", 3, 12, (heat,))
    frame = Frame("hw2/layers.py", 12, "forward", "        return x @ w", ("    def forward(self, x):",), ("",))
    crash = "`hw2/layers.py`, line 12, raised `RuntimeError: shapes <3> & <4>`."
    checks = (
        _check("forward", Verdict.PASSED),
        _check("backward", Verdict.WRONG, message=message, hint="Look at the shapes.", items=(item,), matched=("b",))
        if not is_right
        else _check("backward", Verdict.PASSED),
        _check("batches", Verdict.CRASHED, message=crash, traceback=(frame,), output="epoch 1\n<b>loss</b> 2.3\n"),
        _check("secret", Verdict.WRONG, hidden=True, message="HIDDEN: 7 is expected.", hint="Try a batch of one."),
    )
    return TaskResult("linear", "Linear layer", 5.0 + 2.5 * is_right, 10.0, False, checks)


def _training(*, is_right):
    epochs, values = (1.0, 2.0, 3.0, 4.0), (10.0, 55.0, None, 72.5 + 20 * is_right)
    curve = Curve("Accuracy", (Line("training", epochs, values),), target=90.0, unit="%")
    verdict, words = (Verdict.PASSED, "Data: digits.") if is_right else (Verdict.WRONG, "Too low. Data: digits.")
    checks = (
        _check("learns", verdict, task="training", message=words, curves=(curve,)),
        _check("loops", Verdict.TIMED_OUT, task="training", message="Your code ran longer than 5 s and was stopped."),
        _check("on_gpu", Verdict.SKIPPED, task="training", counted=False, message="Needs a CUDA device."),
    )
    return TaskResult("training", "Training", 5.0 * is_right, 10.0, False, checks)


def _results():
    answers = (
        Answer("Why?", "Because **of** <i>this</i>.", 4.0, "", "why", 3.5, "Nearly."),
        Answer("How?", "", 2.0, "Not answered.", "how"),
    )
    ann = SubmissionResult(
        "ann_lee",
        Status.GRADED,
        points=5.0,
        max_points=20.0,
        tasks=(_linear(is_right=False), _training(is_right=False)),
        notes=("Left out `data.bin`: it is too large.",),
        seconds=12.5,
        wall="bubblewrap",
        answers=answers,
        flags=("`os.fork` was called while a check ran.",),
    )
    others = [
        SubmissionResult(
            f"student {i}",
            Status.GRADED,
            12.5,
            20.0,
            (_linear(is_right=True), _training(is_right=True)),
            seconds=3.0 + i,
        )
        for i in range(9)
    ]
    lost = SubmissionResult("dan", Status.UNREADABLE, 0.0, 20.0, (), ("`dan.rar` can't be read.",))
    fault = _check("batches", Verdict.NOT_GRADED, counted=False, message="The grader failed here, not your code.")
    ours = TaskResult("linear", "Linear layer", 0.0, 0.0, False, (fault,))
    return [ann, *others, lost, SubmissionResult("eve", Status.NOT_GRADED, 0.0, 0.0, (ours,))]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Return the folder of a run of twelve fixed results."""
    folder = tmp_path_factory.mktemp("golden")
    run = RunInfo("hw2", "Homework 2", "d", "9.9.9", "8.8.8", "bubblewrap", "2026-05-01T10:00:00Z")
    write_pages(folder, run, results=_results())
    return folder


def _scrubbed(text):
    """Return a page without what changes from run to run, a tag a line so that a diff can be read."""
    for pattern, shown in SCRUBBED:
        text = re.sub(pattern, shown, text, flags=re.DOTALL)
    return text.replace("><", ">\n<")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_as_it_was(written, name):
    """Each page, but for styles, scripts, times and versions, is the one that somebody looked at."""
    actual, golden = _scrubbed((written / PAGES[name]).read_text(encoding="utf-8")), GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(actual, encoding="utf-8")
        pytest.skip(f"{golden.name} was written anew: review its diff.")
    expected = golden.read_text(encoding="utf-8")
    diff = list(difflib.unified_diff(expected.splitlines(), actual.splitlines(), f"golden/{name}", "now", lineterm=""))
    more = [f"… {len(diff) - MOST_LINES} more lines"] if len(diff) > MOST_LINES else []
    how = "If that is meant, write the golden files anew: see the top of test_golden.py."
    assert not diff, "\n".join(["the page has changed:", *diff[:MOST_LINES], *more, how])


def test_the_golden_pages_keep_what_is_hidden(written):
    """The golden files are of two audiences: what the hidden check found is in the instructor's alone."""
    texts = {name: (GOLDEN / name).read_text(encoding="utf-8") for name in PAGES}
    assert ["HIDDEN" in texts[name] for name in PAGES] == [False, True, True]
    assert all("The check <code>secret</code> holds" in texts[name] for name in ("scorecard.html", "instructor.html"))


def test_what_varies_is_not_compared(written):
    """Times, versions, paths, styles and scripts can change without a page becoming another one."""
    page = (written / "scorecards" / "ann_lee.html").read_text(encoding="utf-8")
    other = page.replace("9.9.9", "1.2.3").replace("12.5 s", "7.1 s").replace("10:00:00Z", "23:59:59Z")
    other = re.sub("sha256-..", "sha256-xx", other)
    other = other.replace("<style>", "<style>p { color: red }").replace('"use strict";', '"use strict"; ')
    assert other != page
    assert _scrubbed(other) == _scrubbed(page)
    assert _scrubbed("in /tmp/pytest-1/a.py and /home/x") == "in /… and /…"
    assert _scrubbed(page.replace("72.5 %", "72.6 %")) != _scrubbed(page)
