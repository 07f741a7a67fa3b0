"""Tests of grader.commands.record: what it prints of a recording."""

import io

import pytest
from rich.console import Console

from grader.authoring.record import Recording
from grader.commands.record import print_recording
from grader.results.verdict import CheckResult, Verdict


@pytest.mark.parametrize("written", [True, False])
def test_a_recording_names_the_remedy_of_each_state(written):
    """Missing, stale and unused assets are listed with what was done or the command that does it."""
    console = Console(file=io.StringIO(), width=200, highlight=False)
    recording = Recording(
        matched=["m"],
        missing=["n"],
        stale=["s"],
        unused=["u"],
        refused={"r": "It is random."},
        failed=[CheckResult("f", "Adds", "a", Verdict.WRONG)],
    )
    print_recording(console, recording, slug="tiny", written=written)
    lines = console.file.getvalue().splitlines()
    remedies = (
        ("written", "written; review the diff", "removed")
        if written
        else (
            "`grader record tiny` writes them",
            "`grader record tiny` writes them; review the diff",
            "`grader record tiny` removes them",
        )
    )
    assert lines[:7] == [
        "matched: 1",
        f"missing: 1 ({remedies[0]})",
        "  n",
        f"stale: 1 ({remedies[1]})",
        "  s",
        f"unused: 1 ({remedies[2]})",
        "  u",
    ]
    assert lines[7].startswith("refused: r: It is random.")
    assert lines[8].startswith("fails on the reference: f:")
    assert lines[9:] == ["Nothing was written: mend that first."]
