"""What hostile submissions cost an honest one that is graded beside them, on one processor: no point.

`tests/submissions/README.md` says what each of them does.
"""

import os
from pathlib import Path

import pytest

from grader.courses.course import read_assignment
from grader.grading.job import Order
from grader.results.store import open_store
from grader.runs.batch import grade_submissions, run_info
from grader.runs.local_processes import LocalProcesses
from grader.submissions.submission import Found

pytestmark = pytest.mark.slow
COURSE = Path(__file__).parents[1] / "sample_courses" / "mini"
SUBMISSIONS = Path(__file__).parents[2] / "submissions"
HOSTILE = (
    "timed_out/computes_in_many_processes",
    "timed_out/computes_in_many_threads",
    "wrong/forks_all_the_time",
    "wrong/fork_bomb",
    "out_of_memory/keeps_it_in_sockets",
    "out_of_memory/keeps_it_in_files",
    "out_of_memory/keeps_it_in_page_tables",
    "out_of_memory/children_hold_it",
    "wrong/prints_without_end",
)
"""One of each kind that takes what others need: processors, processes, memory, the grader's own time."""


@pytest.fixture
def one_processor():
    """Let this process and those that it starts use one processor only."""
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("This system can't keep processes on one processor.")
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    yield
    os.sched_setaffinity(0, before)


@pytest.mark.usefixtures("one_processor")
def test_hostile_neighbours_cost_no_point(tmp_path):
    """Beside every kind of hostile submission, on the same processor, an honest one earns every point."""
    if os.environ.get("GRADER_NO_WALL") == "1":
        pytest.skip("GRADER_NO_WALL=1: this machine can't build the wall, and its owner knows.")
    order = Order(COURSE, read_assignment(COURSE, "mini"), wall="bubblewrap")
    honest = [Found(f"honest {number}", COURSE / "reference" / "mini") for number in range(2 * len(HOSTILE))]
    hostile = [Found(name, SUBMISSIONS / name) for name in HOSTILE]
    with open_store(tmp_path / "results", run=run_info(order)) as store:
        grade_submissions(order, [*hostile, *honest], store, LocalProcesses(2), digests={})
        results = {result.submission: result for result in store.results()}
    assert {name: result.points for name, result in results.items() if name in HOSTILE} == dict.fromkeys(HOSTILE, 0.0)
    assert {found.name: results[found.name].points for found in honest} == {found.name: 15.0 for found in honest}
