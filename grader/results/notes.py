"""Tells notes that call for something from those that are true of every submission of a run.

`grader.grading.opening` writes such a note; `grader.report.pages` and `grader.report.terminal` put it last.
"""

GIVEN_BACK = "Given back for older code, where the installed versions lack them"


def is_news(note: str) -> bool:
    """Say whether a note tells somebody something about their own submission."""
    return not note.startswith(GIVEN_BACK)
