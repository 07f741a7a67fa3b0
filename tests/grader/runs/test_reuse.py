"""Tests of plan and of what batch keeps: real checks, real runs, and which of them run again."""

import csv
import json
import os
from collections import deque
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from grader.courses.course import read_assignment
from grader.export.grades_csv import write_grades_csv
from grader.grading.grade import grade_all
from grader.grading.job import Order
from grader.grading.keys import digests_of
from grader.grading.points import failed_to_grade
from grader.results.store import open_store, read_store
from grader.results.verdict import Status
from grader.runs.batch import ResultWriter, run_info
from grader.runs.executor import FinishedJob
from grader.runs.plan import make_plan
from grader.submissions.submission import find_submissions

TOML = """\
title = "Tiny"
[submission]
required = ["student.py"]
editable = ["*.py"]
[limits]
wall_s = 0.5
import_s = 5.0
[tasks.double]
title = "Doubling"
points = 10
forbidden = ["torch.nn.functional.linear"]
[tasks.triple]
title = "Tripling"
points = 5
[tasks.after]
title = "After doubling"
points = 4
[answers.q1]
title = "Why?"
module = "student"
"""
HEAD = """\
import os
from pathlib import Path
import pytest

def mark(name):
    with (Path(os.environ["MARKS"]) / "marks.txt").open("a") as file:
        file.write(name + "\\n")
"""
CHECK = '''
@pytest.mark.graded(task="{task}"{more})
def test_{task}(probe):
    """{task} works"""
    mark("{task}")
    y = probe("{probe}", x=2)["y"]
    assert y == {y}, f"it is {{y}}"
'''
DOUBLE = CHECK.format(task="double", more="", probe="double", y=4)
TRIPLE = CHECK.format(task="triple", more="", probe="triple", y=6)
AFTER = CHECK.format(task="after", more=', after="test_double"', probe="double", y=4)
GOOD = "import torch\ndef double(x): return 2 * x\ndef triple(x): return 3 * x\nq1 = 'because'\n"
CALL = "getattr(torch.nn.functional, open(__file__).read()[2:8])"  # which nobody can see in the source
SNEAKY = "# linear\n" + GOOD.replace("2 * x", f"int({CALL}(torch.tensor([2.0]), torch.tensor([float(x)])))")
HALF = GOOD.replace("3 * x", "x")
LOOPS = GOOD.replace("return 3 * x", "\n    while True: pass")


@pytest.fixture
def course(make_course, tmp_path, monkeypatch):
    """Return a course whose checks leave a mark when they run."""
    (tmp_path / "marks").mkdir()
    monkeypatch.setenv("MARKS", str(tmp_path / "marks"))
    return make_course(tmp_path / "course", toml=TOML, checks=HEAD + DOUBLE + TRIPLE + AFTER)


@pytest.fixture
def edit(course):
    """Return a function that replaces text in a file of the assignment."""

    def edit(old, new, *, file="test_tiny.py"):
        path = course / "tests" / "assignments" / "tiny" / file
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    return edit


@pytest.fixture
def marks(tmp_path):
    """Return a function that says which checks ran since it was asked the last time."""

    def marks():
        file = tmp_path / "marks" / "marks.txt"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return sorted(lines)

    return marks


@pytest.fixture
def run(course, write_files, process_server, monkeypatch, tmp_path):
    """Return a function that grades submissions in this process, as `grader grade` does, and returns their results.

    `stop_after` ends the run after so many answers, as a kill would; `spoil` may replace answers.
    """
    monkeypatch.setattr("grader.grading.grade.start_server", lambda *_args, **_settings: nullcontext(process_server))

    def run(submissions=None, *, tasks=None, fresh=False, stop_after=None, spoil=lambda answer: answer):
        if submissions is not None:
            write_files(tmp_path / "in", {f"{name}/student.py": source for name, source in submissions.items()})
        order = Order(course, read_assignment(course, "tiny"), wall="process", tasks=tasks)
        digests = digests_of(order)
        founds = find_submissions(tmp_path / "in", order.assignment).found
        with open_store(tmp_path / "out", run=run_info(order, digests)) as store:
            plan = make_plan(store, order, founds, digests=digests, fresh=fresh)
            writer = ResultWriter(store, order, plan)
            jobs = [step.job for step in plan.steps()][:stop_after]
            waiting = deque(jobs)
            if jobs:
                grade_all(
                    order,
                    jobs,
                    report=lambda result, digest: writer.keep(spoil(FinishedJob(waiting.popleft(), result, digest))),
                    digests=digests,
                )
        return _stored(tmp_path / "out")

    return run


def _stored(out):
    with read_store(out) as store:
        return {result.submission: result for result in store.results()}


def _points(result):
    return {task.name: task.points for task in result.tasks}


def _reused(result):
    return {task.name for task in result.tasks if task.reused}


def test_where_nothing_changed_nothing_runs(run, marks):
    """A second run takes every task from the first, says so, and changes no point."""
    first = run({"a": GOOD, "b": HALF})
    assert marks() == ["after", "after", "double", "double", "triple", "triple"]
    assert _reused(first["a"]) == set()
    second = run()
    assert marks() == []
    assert _reused(second["a"]) == _reused(second["b"]) == {"double", "triple", "after"}
    assert [_points(result) for result in second.values()] == [_points(result) for result in first.values()]
    assert second["a"].tasks[0].graded == first["a"].tasks[0].graded != ""
    assert run() == second


def test_a_changed_check_runs_its_task_only(run, marks, edit):
    """After an edit of one check its task runs again in each submission, and the others are taken as they were."""
    first = run({"a": GOOD, "b": HALF})
    marks()
    edit('"triple", x=2', '"triple", x=3')
    edit("y == 6", "y == 9")
    second = run()
    assert marks() == ["triple", "triple"]
    assert _reused(second["a"]) == {"double", "after"}
    assert _points(second["a"]) == _points(first["a"])
    assert _points(second["b"]) == {"double": 10, "triple": 0, "after": 4}
    assert [task.name for task in second["b"].tasks] == ["double", "triple", "after"]
    assert second["b"].status is Status.GRADED


def test_checks_after_a_changed_one_run_again(run, marks, edit):
    """A check that comes after a changed one runs again, too: it might be skipped now."""
    run({"a": GOOD})
    marks()
    edit("y == 4", "y == 5")
    second = run()["a"]
    assert marks() == ["double"]
    assert _points(second) == {"double": 0, "triple": 5, "after": 0}
    assert _reused(second) == {"triple"}


def test_a_check_that_others_come_after_runs_with_them(run, marks, edit):
    """Where only the later task changed, the earlier check runs for it, and its own result stays the stored one."""
    run({"a": GOOD})
    marks()
    edit('"""after works"""', '"""after still works"""')
    second = run()["a"]
    assert marks() == ["after", "double"]
    assert _reused(second) == {"double", "triple"}


def test_points_and_titles_need_no_run(run, marks, edit):
    """Points, ways of scoring and titles of assignment.toml are used anew without running anything."""
    run({"a": HALF})
    marks()
    edit("points = 10", "points = 20\nscoring = 'all-or-nothing'", file="assignment.toml")
    edit('"Doubling"', '"Twice"', file="assignment.toml")
    edit('"Why?"', '"Why not?"\npoints = 3', file="assignment.toml")
    second = run()["a"]
    assert marks() == []
    assert _points(second) == {"double": 20, "triple": 0, "after": 4}
    assert (second.points, second.max_points) == (24, 29)
    assert second.tasks[0].title == "Twice"
    assert [(answer.title, answer.points, answer.text) for answer in second.answers] == [("Why not?", 3, "because")]


def test_a_removed_task_disappears_and_a_new_one_runs_alone(run, marks, edit):
    """Tasks come and go with the assignment; those that stay are taken as they were, in its order."""
    run({"a": GOOD})
    marks()
    edit('[tasks.triple]\ntitle = "Tripling"\npoints = 5\n', "", file="assignment.toml")
    edit(TRIPLE, "")
    second = run()["a"]
    assert (marks(), _points(second)) == ([], {"double": 10, "after": 4})
    edit("[tasks.double]", '[tasks.new]\ntitle = "New"\npoints = 1\n[tasks.double]', file="assignment.toml")
    edit(AFTER, CHECK.format(task="new", more="", probe="triple", y=6) + AFTER)
    third = run()["a"]
    assert marks() == ["new"]
    assert list(_points(third).items()) == [("new", 1), ("double", 10), ("after", 4)]


def test_a_changed_submission_runs_as_a_whole(run, marks):
    """Another content of a submission makes all its tasks run again, and no other submission's."""
    run({"a": GOOD, "b": GOOD})
    marks()
    second = run({"b": HALF})
    assert marks() == ["after", "double", "triple"]
    assert _points(second["b"])["triple"] == 0
    assert _reused(second["b"]) == set()


def test_a_task_that_ran_out_of_time_is_never_taken(run, marks):
    """A task with a time-out runs again in the next run; the others are taken, and nothing is lost meanwhile."""
    first = run({"a": LOOPS})["a"]
    assert [task.is_final for task in first.tasks] == [True, False, True]
    marks()
    second = run()["a"]
    assert marks() == ["triple"]
    assert _reused(second) == {"double", "after"}
    assert second.status is Status.GRADED


def test_what_comes_after_a_time_out_is_never_taken_either(run, marks):
    """A check that was skipped for another's time-out runs again with it."""
    run({"a": GOOD.replace("return 2 * x", "\n    while True: pass")})
    marks()
    run()
    assert marks() == ["double"]  # and `after`, which is skipped again
    assert {task.name for task in _stored_tasks(run()) if task.is_final} == {"triple"}


def _stored_tasks(results):
    return [task for result in results.values() for task in result.tasks]


def test_the_graders_own_failure_is_never_taken(run, marks, edit):
    """A check in which the grader failed runs again though nothing changed."""
    edit('    y = probe("triple", x=2)["y"]\n', "    raise RuntimeError('ours')\n")
    assert run({"a": GOOD})["a"].status is Status.NOT_GRADED
    marks()
    run()
    assert marks() == ["triple"]


def test_fresh_takes_nothing(run, marks):
    """`--fresh` runs everything again, and marks nothing as taken."""
    run({"a": GOOD})
    run()
    marks()
    assert _reused(run(fresh=True)["a"]) == set()
    assert marks() == ["after", "double", "triple"]


def test_fewer_tasks_leave_the_others_results_alone(run, marks, edit):
    """A run of some tasks keeps those of the others that are valid, and drops those that no longer are."""
    run({"a": GOOD})
    marks()
    second = run(tasks=("triple",))["a"]
    assert (marks(), _points(second)) == ([], {"double": 10, "triple": 5, "after": 4})
    edit("y == 4", "y == 5")
    third = run(tasks=("triple",))["a"]
    assert (marks(), _points(third), third.status) == ([], {"triple": 5}, Status.GRADED)
    assert _points(run()["a"]) == {"double": 0, "triple": 5, "after": 0}
    assert marks() == ["double"]


def test_a_task_graded_without_what_it_comes_after_is_graded_again_with_it(run, marks):
    """`--task` leaves out the checks of other tasks, so what depends on them is not what a whole run would say."""
    assert _points(run({"a": GOOD}, tasks=("after", "triple"))["a"]) == {"triple": 5, "after": 4}
    assert marks() == ["after", "triple"]
    assert _reused(run()["a"]) == {"triple"}
    assert marks() == ["after", "double"]


def test_flags_of_tasks_that_are_taken_survive(run, marks, edit):
    """What a task's probes called at run time stays flagged while the task is taken, no longer."""
    flag = "Task `double`: `torch.nn.functional.linear` was called at run time"
    first = run({"a": SNEAKY})["a"]
    assert [text[: len(flag)] for text in first.flags] == [flag]
    edit("y == 6", "y == 7")
    second = run()["a"]
    assert second.flags == first.flags
    edit('forbidden = ["torch.nn.functional.linear"]\n', "", file="assignment.toml")
    assert run()["a"].flags == ()


def test_a_killed_run_goes_on_with_the_tasks_that_are_left(run, marks, edit):
    """Before anything runs, what is no longer valid is gone from the store, and said to be pending."""
    first = run({"a": GOOD, "b": GOOD})
    marks()
    edit("y == 6", "y == 3 * 2")
    stopped = run(stop_after=1)
    assert marks() == ["triple"]
    done, left = sorted(stopped.values(), key=lambda result: len(result.pending))
    assert done.pending == ()
    assert (left.pending, left.status) == (("triple",), Status.NOT_GRADED)
    assert _points(left) == {"double": 10, "after": 4}
    done = run()
    assert marks() == ["triple"]
    assert [_points(result) for result in done.values()] == [_points(result) for result in first.values()]
    assert {(result.status, result.pending) for result in done.values()} == {(Status.GRADED, ())}


def test_a_failed_job_keeps_what_is_valid(run, edit):
    """Where the grader fails on the tasks that are left, the others keep their points, and those are pending."""
    run({"a": GOOD})
    edit("y == 6", "y == 3 * 2")

    def spoil(answer):
        failed = failed_to_grade("a", assignment, problem="it ended.", wall="process")
        return FinishedJob(answer.job, failed, "")

    assignment = read_assignment(Path(os.environ["MARKS"]).parent / "course", "tiny")
    result = run(spoil=spoil)["a"]
    assert (result.status, result.pending) == (Status.NOT_GRADED, ("triple",))
    assert _points(result) == {"double": 10, "after": 4}
    assert "The grader failed on this submission: it ended." in result.notes[0]
    assert run()["a"].status is Status.GRADED


def test_a_submission_that_changes_during_the_run_mixes_nothing(run, edit, tmp_path):
    """Results of two contents are never put together: what is left of the old one is pending, and graded next time."""
    run({"a": HALF})
    edit("y == 6", "y == 3 * 2")
    (tmp_path / "in" / "a" / "student.py").write_text(HALF)

    def spoil(answer):
        return FinishedJob(answer.job, answer.result, "another digest")

    result = run(spoil=spoil)["a"]
    assert (_points(result), result.pending) == ({"triple": 0}, ("double", "after"))
    assert run()["a"].pending == ()


def test_results_of_submissions_that_are_not_there_stay_while_valid(run, edit, tmp_path):
    """Grading another folder into the same results keeps the others' results, marked as gone until they are back."""
    run({"a": LOOPS})
    (tmp_path / "in").rename(tmp_path / "earlier")
    both = run({"b": GOOD})
    assert _points(both["a"]) == {"double": 10, "triple": 0, "after": 4}
    assert (both["a"].status, both["b"].status) == (Status.GONE, Status.GRADED)
    edit("def mark(name):", "def mark(name, *, more=0):")
    assert {name: result.status for name, result in run().items()} == {"a": Status.GONE, "b": Status.GRADED}
    (tmp_path / "earlier" / "a").rename(tmp_path / "in" / "a")
    assert run()["a"].status is Status.GRADED


def test_a_submission_that_cannot_be_read_any_more_loses_its_result(run, tmp_path):
    """What was graded before is dropped where the submission can't be read now."""
    run({"a": GOOD})
    (tmp_path / "in" / "a" / "student.py").unlink()
    (tmp_path / "in" / "a" / "student.zip").write_text("no zip")
    result = run()["a"]
    assert (result.status, result.points) == (Status.UNREADABLE, 0)


def test_whole_runs_of_the_command_line(course, write_files, run_grader, marks, edit, tmp_path):
    """After an edit only that task runs again, pages and JSON say what was taken, and the CSV equals a fresh run's."""
    folder = write_files(tmp_path / "in", {"a/student.py": GOOD, "b/student.py": HALF, "c/student.py": SNEAKY})
    arguments = ["grade", "tiny", folder, "--wall", "process", "-j", "2"]
    assert run_grader(*arguments, "-o", tmp_path / "out", cwd=course).returncode == 0
    assert len(marks()) == 9
    edit("y == 6", "y == 2 + 4")
    again = run_grader(*arguments, "-o", tmp_path / "out", cwd=course)
    assert again.returncode == 0, again.stderr
    assert marks() == ["triple"] * 3
    assert "3 of 3 need only a part of their tasks: triple." in again.stderr
    fresh = run_grader(*arguments, "-o", tmp_path / "new", cwd=course)
    assert fresh.returncode == 0, fresh.stderr
    assert len(marks()) == 9
    assert (tmp_path / "out" / "grades.csv").read_bytes() == (tmp_path / "new" / "grades.csv").read_bytes()
    with (tmp_path / "out" / "grades.csv").open(newline="") as file:
        assert [row["triple"] for row in csv.DictReader(file)] == ["5", "0", "5"]
    stored = json.loads((tmp_path / "out" / "results.json").read_text())["submissions"]
    assert [[task["reused"] for task in one["tasks"]] for one in stored] == [[True, False, True]] * 3
    for kind in ("scorecards", "instructor"):
        page = (tmp_path / "out" / kind / "a.html").read_text()
        assert page.count("nothing that decides it has changed since") == 2
        assert "earlier run" not in (tmp_path / "new" / kind / "a.html").read_text()
    assert "was called at run time" in (tmp_path / "out" / "instructor" / "c.html").read_text()
    assert "was called at run time" not in (tmp_path / "out" / "scorecards" / "c.html").read_text()


@pytest.fixture
def two_rounds(edit):
    """Make one of the tasks a long one."""
    edit('title = "Tripling"', 'title = "Tripling"\nlong = true', file="assignment.toml")


def _steps(store, course, folder, **settings):
    order = Order(course, read_assignment(course, "tiny"), wall="process", **settings)
    founds = find_submissions(folder, order.assignment).found
    plan = make_plan(store, order, founds, digests=digests_of(order))
    return [(step.job.found.name, step.job.tasks) for step in plan.steps()]


def _info(course):
    order = Order(course, read_assignment(course, "tiny"), wall="process")
    return run_info(order, digests_of(order))


def test_known_durations_order_the_jobs(run, course, two_rounds, tmp_path):
    """In each round what took longest in an earlier run comes first, and what nobody knows in the middle."""
    wait = "\n    import time; time.sleep({})\n    return 2 * x"
    run({f"{seconds}": GOOD.replace("return 2 * x", wait.format(seconds)) for seconds in (0.0, 0.15, 0.4)})
    for name, seconds in (("0.0", 0.0), ("0.15", 0.15), ("0.4", 0.4)):
        source = GOOD.replace("return 2 * x", wait.format(seconds)) + "# changed"
        (tmp_path / "in" / name / "student.py").write_text(source)
    (tmp_path / "in" / "new").mkdir()
    (tmp_path / "in" / "new" / "student.py").write_text(GOOD)
    order = Order(course, read_assignment(course, "tiny"), wall="process")
    founds = find_submissions(tmp_path / "in", order.assignment).found
    with open_store(tmp_path / "out", run=_info(course)) as store:
        plan = make_plan(store, order, founds, digests=digests_of(order))
    quick = [step for step in plan.steps() if "double" in step.job.tasks]
    assert [step.job.found.name for step in quick if step.expected_s is not None] == ["0.4", "0.15", "0.0"]
    assert quick[0].job.found.name == "0.4"
    assert quick[-1].job.found.name == "0.0"
    assert [step.job.tasks for step in plan.steps()] == [("double", "after")] * 4 + [("triple",)] * 4


def test_between_the_rounds_the_store_is_honest(run, marks, two_rounds, tmp_path):
    """After the first round the tasks that train are pending; a run that ends there goes on with just them."""
    first = run({"a": GOOD, "b": HALF}, stop_after=2)
    assert marks() == ["after", "after", "double", "double"]
    assert {(result.status, result.pending) for result in first.values()} == {(Status.NOT_GRADED, ("triple",))}
    second = run()
    assert marks() == ["triple", "triple"]
    assert [task.name for task in second["a"].tasks] == ["double", "triple", "after"]
    assert {(result.status, result.pending) for result in second.values()} == {(Status.GRADED, ())}


def test_two_rounds_give_the_grades_of_one(run, two_rounds, monkeypatch, tmp_path):
    """Grades, flags and answers are those of a run that grades each submission at once, to the byte."""
    submissions = {"a": GOOD, "b": HALF, "c": SNEAKY, "d": LOOPS, "e": "1 / 0\n"}
    two = run(submissions)
    assert [result.pending for result in two.values()] == [()] * 5
    (tmp_path / "out").rename(tmp_path / "two")
    monkeypatch.setattr("grader.runs.plan._later", lambda _order: frozenset())
    one = run()
    for name, results in (("two", two), ("one", one)):
        tasks = ["double", "triple", "after"]
        write_grades_csv(tmp_path / f"{name}.csv", results.values(), tasks=tasks, questions=["q1"])
    assert (tmp_path / "two.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()
    assert [(result.flags, result.answers, result.notes) for result in two.values()] == [
        (result.flags, result.answers, result.notes) for result in one.values()
    ]


def test_what_was_graded_elsewhere_with_other_files_counts_but_is_never_taken(run, marks, two_rounds):
    """Keys that are not the wanted ones (another version on a worker) cost no round its result, only the next run."""

    def spoil(answer):
        tasks = tuple(replace(task, key="another worker's") for task in answer.result.tasks)
        return replace(answer, result=replace(answer.result, tasks=tasks))

    first = run({"a": GOOD}, spoil=spoil)["a"]
    assert (_points(first), first.pending) == ({"double": 10, "triple": 5, "after": 4}, ())
    marks()
    assert _reused(run()["a"]) == set()
    assert len(marks()) == 3


def test_what_cannot_be_read_and_whole_notebooks_have_one_round(course, two_rounds, tmp_path, write_files):
    """A submission that can't be read is looked at once; where notebooks are run as a whole, all tasks go together."""
    write_files(tmp_path / "in", {"a.zip": "no zip", "b/student.py": GOOD})
    with open_store(tmp_path / "out", run=_info(course)) as store:
        assert _steps(store, course, tmp_path / "in") == [
            ("b", ("double", "after")),
            ("a", None),
            ("b", ("triple",)),
        ]
        assert _steps(store, course, tmp_path / "in", executed=tmp_path) == [("b", None), ("a", None)]
