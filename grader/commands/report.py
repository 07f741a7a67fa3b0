"""`grader report`: the files of a results folder, written from what is stored.

`grader.report` and `grader.export` know their contents; `grader.answers.store` what a person gave for answers.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from grader.commands.manual import sync_csv
from grader.commands.options import CourseOption, ResultsArgument
from grader.commands.telling import complain, tell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.courses.assignment import Assignment
    from grader.results.store import Store
    from grader.results.verdict import SubmissionResult

_MOST_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Written:
    """Count the submissions of a results folder: graded, those on which the grader failed, unclear and gone ones.

    `is_clean` says that all that persons wrote in files beside the results could be used.
    """

    graded: int
    failed: int
    unclear: int
    gone: int
    is_clean: bool


def report(results: ResultsArgument, *, course: CourseOption = None) -> None:
    """Write the pages, grades.csv and results.json again from what is stored in RESULTS.

    Points for text answers are read from manual.csv as well, marks that a person gives in place of automatic ones from
    overrides.csv. Exit code 1: rows of these files can't be used.
    """
    from grader.answers.marks import find_answers
    from grader.answers.store import ManualStore
    from grader.courses.course import find_course, read_assignment
    from grader.results.store import read_store

    with read_store(results) as store:
        assignment = read_assignment(find_course(course or Path()), store.run.assignment)
        answers = find_answers(store.results(), assignment.questions)
        is_clean = not answers or sync_csv(results, ManualStore(results), answers, write=False)
        written = write_results(results, store, assignment)
    raise typer.Exit(0 if is_clean and written.is_clean else 1)


def write_results(out: Path, store: "Store", assignment: "Assignment") -> Written:
    """Write the files of a results folder from its store; return how many submissions are in which state."""
    from grader.export.grades_csv import write_grades_csv
    from grader.export.results_json import write_results_json
    from grader.marking.changes import find_changes, with_change_notes
    from grader.marking.changes_page import write_changes
    from grader.marking.final_results import final_results
    from grader.report.html import write_pages
    from grader.report.terminal import print_run, results_console
    from grader.results.file_names import CHANGES_PAGE
    from grader.results.verdict import Status

    final = final_results(out, store.results(), assignment, remember=True)
    results = _with_marks(out, final.results, assignment)
    changes = find_changes(out, results, remember=True)
    write_changes(out, store.run, changes, names=[result.submission for result in results])
    results = with_change_notes(results, changes)
    tasks, questions = [task.name for task in assignment.tasks], [one.name for one in assignment.questions]
    write_grades_csv(
        out / "grades.csv",
        results,
        tasks=tasks,
        questions=questions,
        has_deadline=assignment.deadline is not None,
    )
    write_results_json(out / "results.json", store.run, results=results)
    page = write_pages(out, store.run, results=results)
    console = results_console()
    print_run(console, results)
    console.print(f"\n{len(results)} submissions. Open {page}", soft_wrap=True)
    late = sum(result.lateness is not None and result.lateness.price > 0 for result in results)
    if late:
        console.print(f"{late} of them lost points by lateness: the page says how many.", soft_wrap=True)
    if changes:
        one = "1 submission has" if len(changes) == 1 else f"{len(changes)} submissions have"
        words = f"{one} other points than before: {out / CHANGES_PAGE} says why."
        console.print(words, markup=False, soft_wrap=True)
    pending = sum(answer.given is None for result in results for answer in result.answers)
    if pending:
        has_runs = any(answer.is_run for result in results for answer in result.answers)
        words = f"{pending} text answers{' and runs' if has_runs else ''} wait for a person: `grader manual {out}`."
        console.print(words, markup=False, soft_wrap=True)
    states = Counter(result.status for result in results)
    return Written(
        graded=states[Status.GRADED] + states[Status.PROVISIONAL] + states[Status.NOT_GRADED],
        failed=states[Status.NOT_GRADED],
        unclear=states[Status.UNCLEAR],
        gone=states[Status.GONE],
        is_clean=_is_clean(final.problems, final.remarks),
    )


def _is_clean(problems: "Sequence[str]", remarks: "Sequence[str]") -> bool:
    """Say what can't be used of the files that persons write, and what else is odd; tell whether all can be used."""
    for remark in remarks[:_MOST_PROBLEMS]:
        tell(remark)
    for problem in problems[:_MOST_PROBLEMS]:
        tell(problem)
    if len(problems) > _MOST_PROBLEMS:
        tell(f"{len(problems) - _MOST_PROBLEMS} more rows can't be used.")
    if problems:
        complain("Some rows can't be used, as listed above; all others count.", "Mend them, then run `grader report`.")
    return not problems


def refuse_unreadable(out: Path, assignment: "Assignment") -> None:
    """Raise ManualError, before anything is graded, for a file beside the results of a person's that is no table."""
    from grader.marking.extension_file import read_extensions
    from grader.marking.override_file import read_overrides

    read_overrides(out)
    if assignment.deadline is not None:
        read_extensions(out, assignment.deadline)


def keep_adjusted(store: "Store", assignment: "Assignment") -> None:
    """Store the results as the assignment adjusts them, so that whoever reads them without the course sees that."""
    from grader.grading.adjusting import adjusted

    changed = {result.submission: result for result in adjusted(store.results(), assignment)}
    store.revise(lambda result, _digest: result if changed[result.submission] == result else changed[result.submission])


def _with_marks(out: Path, results: "list[SubmissionResult]", assignment: "Assignment") -> "list[SubmissionResult]":
    from grader.answers.marks import with_marks
    from grader.answers.store import ManualStore

    if not any(result.answers for result in results):
        return results
    marks = ManualStore(out).marks()
    return [with_marks(result, assignment.questions, marks) for result in results]
