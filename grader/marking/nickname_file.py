"""Reads what students want to be called on a leaderboard: a CSV file with the columns `submission` and `nickname`.

`grader.commands.leaderboard` asks for it.
"""

from collections.abc import Iterable
from pathlib import Path

from grader.errors import ManualError
from grader.results.cells import text_cell
from grader.results.csv_lines import LONGER, QUOTES, read_columns
from grader.results.plain_text import visible_line

COLUMNS = ("submission", "nickname")
LONGEST = 40


def read_nicknames(path: Path, submissions: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Return the nicknames by submission, and a sentence for each row that can't be used: it names nobody.

    Raises ManualError for a file that can't be read at all.
    """
    known = {text_cell(name): name for name in submissions}
    known |= {name: name for name in known.values()}
    _header, found, longer = read_columns(path, COLUMNS, ManualError)
    rows = [(line, [cell.strip() for cell in cells]) for line, cells in found]
    wished = [visible_line(nickname).casefold() for _, (_, nickname) in rows]
    named: dict[str, str] = {}
    problems: list[str] = []
    seen: set[str] = set()
    for line, (submission, nickname) in rows:
        shown = visible_line(nickname)
        problem = f"{LONGER} {QUOTES}" if line in longer else ""
        problem = problem or _fault(submission, shown, known=known, wished=wished)
        if not problem and known[submission] in seen:
            problem = f"{submission} has a nickname already; the first one counts."
        if problem:
            problems.append(f"{path.name}, line {line}: {problem}")
        else:
            named[known[submission]] = shown
            seen.add(known[submission])
    return named, problems


def _fault(submission: str, nickname: str, *, known: dict[str, str], wished: list[str]) -> str:
    """Say why nobody can be called so, "" where somebody can."""
    if submission not in known:
        return f"There is no submission “{submission[:100]}”."
    if not nickname:
        return "The nickname is empty."
    if len(nickname) > LONGEST:
        return f"The nickname has more than {LONGEST} characters."
    if wished.count(nickname.casefold()) > 1:
        return f"Several want to be called “{nickname}”, so none is."
    others = {name.casefold() for name in known.values() if name != known[submission]}
    if nickname.casefold() in others:
        return f"“{nickname}” is the name of another submission."
    return "" if not nickname.casefold().startswith("anonymous ") else "Who has no nickname is called “anonymous …”."
