"""Reads a rubric: the common remarks on each question, and what each of them costs.

`grader.commands.manual` offers them on the page; `grader.answers.store` keeps them.
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path

from grader.answers.marks import most_for
from grader.answers.store import Remark
from grader.courses.assignment import Question
from grader.errors import ManualError
from grader.results.plain_text import number

MOST_REMARKS = 9  # one for each key


def read_rubric(path: Path, questions: Sequence[Question]) -> dict[str, tuple[Remark, ...]]:
    """Return the remarks by question: `[question]` with `remarks = [{ text = "…", costs = 1 }]`. Raises ManualError."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ManualError(f"The rubric {path} can't be read: {error}.", remedy="It has to be a TOML file.") from error
    points = {question.name: question.points for question in questions}
    found = {}
    for name, table in tables.items():
        if name not in points:
            raise ManualError(f"{path}: there is no question `{name}`.", remedy=f"There are {', '.join(points)}.")
        entries = table.get("remarks") if isinstance(table, dict) else None
        if not isinstance(entries, list) or len(entries) > MOST_REMARKS:
            raise ManualError(f"{path}, [{name}]: `remarks` is a list of at most {MOST_REMARKS}.")
        found[name] = tuple(_remark(entry, most=most_for(points[name]), place=f"{path}, [{name}]") for entry in entries)
    return found


def _remark(entry: object, *, most: float, place: str) -> Remark:
    match entry:
        case {"text": str(text), **rest} if text.strip() and len(text) <= 500 and not rest.keys() - {"costs"}:
            costs = rest.get("costs", 0)
            if isinstance(costs, int | float) and not isinstance(costs, bool) and 0 <= costs <= most:
                return Remark(" ".join(text.split()), float(costs))
            raise ManualError(f"{place}: a remark costs {costs!r}; 0 to {number(most)} points are possible.")
    raise ManualError(f'{place}: a remark is `{{ text = "…", costs = 1 }}`, with 1 to 500 characters of text.')
