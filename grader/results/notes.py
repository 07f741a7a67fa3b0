"""Choose which notes on a submission a page shows, and in which order.

`grader.report.pages` and `grader.report.terminal` show them.
"""

import re
from collections.abc import Sequence

MOST_TOLD = 5
_CAUSE = re.compile(r"cell \d+, line \d+")


def told_notes(notes: Sequence[str]) -> tuple[str, ...]:
    """Return the notes that a page shows, at most five: what failed comes first, and nothing is said twice.

    Where there are more, the last one says how many.
    """
    ordered = sorted(dict.fromkeys(notes), key=lambda note: _CAUSE.match(note) is None)
    if len(ordered) <= MOST_TOLD:
        return tuple(ordered)
    left = len(ordered) - MOST_TOLD + 1
    return (*ordered[: MOST_TOLD - 1], f"{left} more notes are left out: mend these first.")
