"""`grader manual`: text answers, graded by a person, and automatic marks that a person changes.

`grader.answers.server` serves the pages, `grader.answers.csv_file` and `grader.marking.override_page` write the files.
"""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.commands.options import CourseOption, ResultsArgument
from grader.commands.telling import complain, tell
from grader.errors import CourseError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from grader.answers.backend import PageBackend
    from grader.answers.marks import Key
    from grader.answers.store import ManualStore
    from grader.marking.override_page import OverridePages
    from grader.results.verdict import Answer


def manual(
    results: ResultsArgument,
    *,
    serving: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Serve the page, or only write manual.csv.")
    ] = True,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="The page's port.", show_default="a free one")
    ] = 0,
    rubric: Annotated[Path | None, typer.Option("--rubric", help="TOML file of common remarks by question.")] = None,
    course: CourseOption = None,
) -> None:
    """Grade text answers and change automatic marks: on a page of this machine, or in files of RESULTS.

    Answers are in manual.csv, marks in overrides.csv. What you give is kept at once; `grader report RESULTS` then shows
    it. Exit code 1: rows of manual.csv can't be used.
    """
    from grader.answers.backend import PageBackend
    from grader.answers.marks import find_answers, measured_beside
    from grader.answers.rubric_file import read_rubric
    from grader.answers.store import ManualStore
    from grader.courses.course import find_course, read_assignment
    from grader.marking.final_results import automatic_results
    from grader.marking.override_page import OverridePages
    from grader.report.terminal import results_console
    from grader.results.store import read_store

    with read_store(results) as stored:
        assignment = read_assignment(find_course(course or Path()), stored.run.assignment)
        kept = list(stored.results())
    answers = find_answers(kept, assignment.questions)
    if not answers and not (serving and kept):
        raise CourseError(
            f"{results} holds no answers that a person grades.",
            remedy="Questions are named in assignment.toml, under [answers]; grade again after naming them. Without "
            "`--no-serve` a page shows automatic marks.",
        )
    store = ManualStore(results)
    for question, remarks in (read_rubric(rubric, assignment.questions) if rubric else {}).items():
        store.keep_remarks(question, remarks)
    is_clean = not answers or sync_csv(results, store, answers)
    if serving:
        marks = OverridePages(
            results, automatic_results(results, kept, assignment).results, title=assignment.title, who=_own_name()
        )
        questions = assignment.questions if answers else ()
        backend = PageBackend(
            store,
            title=assignment.title,
            questions=questions,
            answers=answers,
            has_marks=True,
            measured=measured_beside(kept),
        )
        _serve(backend, marks, port=port)
        is_clean = not answers or sync_csv(results, store, answers)
    results_console().print(_sum_in_words(results, store, answers), markup=False, soft_wrap=True)
    raise typer.Exit(0 if is_clean else 1)


def sync_csv(results: Path, store: "ManualStore", answers: "Mapping[Key, Answer]", *, write: bool = True) -> bool:
    """Take over what manual.csv says and, unless it must stay as it is, rewrite it; say what can't be used."""
    from grader.answers.csv_file import FILE, merge_csv, write_csv

    merged = merge_csv(results, store, answers)
    if merged.applied:
        tell(f"{FILE}: {merged.applied} changed rows were taken over.")
    for problem in merged.problems:
        tell(problem)
    if merged.problems:
        complain(f"Some rows of {FILE} can't be used, as listed above. The file is left as it is.", "Mend those rows.")
    elif not merged.may_write:
        tell(f"{FILE} has columns of its own and is left as it is.")
    elif write:
        write_csv(results, store, answers)
    return not merged.problems


def _own_name() -> str:
    """Return who is logged in, "" where the system doesn't tell."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def _serve(backend: "PageBackend", marks: "OverridePages", *, port: int) -> None:
    """Serve the pages until Ctrl-C."""
    from grader.answers.server import open_server
    from grader.report.terminal import results_console

    with open_server(backend, marks=marks, port=port) as server:
        address = f"http://127.0.0.1:{server.server_address[1]}/{backend.token}/"
        results_console().print(f"Open {address}", markup=False, soft_wrap=True)
        tell("Only this machine can reach it. What you give is stored at once; Ctrl-C ends.")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            tell("Stopped.")


def _sum_in_words(results: Path, store: "ManualStore", answers: "Mapping[Key, Answer]") -> str:
    from grader.answers.csv_file import FILE
    from grader.answers.marks import text_digest

    if not answers:
        return f"There are no text answers. Next: `grader report {results}` puts what you gave on the scorecards."
    marks = store.marks()
    graded = sum(
        (mark := marks.get(key)) is not None and mark.points is not None and mark.answer == text_digest(answer)
        for key, answer in answers.items()
    )
    words = f"{graded} of {len(answers)} answers graded; they are in {results / FILE}."
    return f"{words} Next: `grader report {results}` puts them on the scorecards."
