"""Tests of notes: which of a submission's notes are told, and in which order."""

from grader.results.notes import MOST_TOLD, told_notes

CAUSE = "cell 3, line 2, did not run: `ValueError: three`."


def test_causes_come_first():
    """What failed stands above what was noticed, and nothing is said twice."""
    assert told_notes(["Read `a` as `b`.", CAUSE, CAUSE]) == (CAUSE, "Read `a` as `b`.")


def test_at_most_five():
    """More than five notes become four and their number, causes before all else."""
    notes = [f"Note {number}." for number in range(8)]
    told = told_notes([*notes, CAUSE])
    assert len(told) == MOST_TOLD
    assert told[0] == CAUSE
    assert told[-1] == "5 more notes are left out: mend these first."
    assert told_notes(notes[:5]) == tuple(notes[:5])
