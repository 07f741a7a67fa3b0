"""`grader leaderboard`: a class ranked by the measure of one check, under nicknames.

`grader.marking.leaderboard` ranks, `grader.marking.leaderboard_page` writes.
"""

from pathlib import Path
from typing import Annotated

import typer

from grader.commands.options import CourseOption, ResultsArgument
from grader.commands.telling import tell


def leaderboard(
    results: ResultsArgument,
    *,
    task: Annotated[str, typer.Option("--task", "-t", help="The task whose check measures.")],
    check: Annotated[str, typer.Option("--check", help="Which check, where several of the task measure.")] = "",
    nicknames: Annotated[
        Path | None, typer.Option("--nicknames", help="CSV file with the columns submission and nickname.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The folder to write to.", show_default="RESULTS")
    ] = None,
    course: CourseOption = None,
) -> None:
    """Rank the submissions of RESULTS by the measure of a check: anonymous, but for those with a nickname.

    Scores are those that the grader computed with `credit`; nothing is run. Writes leaderboard-TASK.html and .csv.
    Exit code 1: rows of the nicknames can't be used.
    """
    from grader.courses.course import find_course, read_assignment
    from grader.marking.final_results import final_results
    from grader.marking.leaderboard import leaderboard_of
    from grader.marking.leaderboard_page import write_leaderboard
    from grader.marking.nickname_file import read_nicknames
    from grader.report.terminal import results_console
    from grader.results.store import read_store

    with read_store(results) as store:
        run = store.run
        assignment = read_assignment(find_course(course or Path()), run.assignment)
        counted = final_results(results, store.results(), assignment, remember=False).results
    names, problems = read_nicknames(nicknames, [one.submission for one in counted]) if nicknames else ({}, [])
    board = leaderboard_of(counted, task=task, check=check, nicknames=names, key=run.key)
    for problem in problems:
        tell(problem)
    if board.is_hidden:
        tell(f"`{board.check}` is hidden: whoever sees this leaderboard learns what it measures.")
    page = write_leaderboard(out or results, run, board)
    called = sum(entry.is_named for entry in board.entries)
    words = f"{len(board.entries)} places, {called} by nickname, {board.without} without a score. Open {page}"
    results_console().print(words, markup=False, soft_wrap=True)
    raise typer.Exit(1 if problems else 0)
