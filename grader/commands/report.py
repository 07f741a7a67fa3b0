"""`grader report`: the files of a results folder, written from what is stored.

`grader.report` and `grader.export` know their contents.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from grader.commands.options import CourseOption, ResultsArgument

if TYPE_CHECKING:
    from grader.assignment import Assignment
    from grader.store import Store


def report(results: ResultsArgument, *, course: CourseOption = None) -> None:
    """Write the pages, grades.csv and results.json again from what is stored in RESULTS."""
    from grader.course import find_course, read_assignment
    from grader.store import read_store

    with read_store(results) as store:
        assignment = read_assignment(find_course(course or Path()), store.run.assignment)
        write_results(results, store, assignment)


def write_results(out: Path, store: "Store", assignment: "Assignment") -> int:
    """Write the files of a results folder from its store; return on how many submissions the grader failed."""
    from grader.console import print_run, results_console
    from grader.export.grades_csv import write_grades_csv
    from grader.export.results_json import write_results_json
    from grader.report.html import write_pages
    from grader.verdict import Status

    results = list(store.results())
    write_grades_csv(out / "grades.csv", results, tasks=[task.name for task in assignment.tasks])
    write_results_json(out / "results.json", store.run, results=results)
    page = write_pages(out, store.run, results=results)
    console = results_console()
    print_run(console, results)
    console.print(f"\n{len(results)} submissions. Open {page}", soft_wrap=True)
    return sum(result.status is Status.NOT_GRADED for result in results)
