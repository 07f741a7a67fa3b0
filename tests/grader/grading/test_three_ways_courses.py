"""Tests that `grader check`, `%check` and `grader grade` say the same of the bundled notebook courses' own proofs.

These are their honest variants and known mistakes, of which each course gives a few here, drawn with a fixed seed. All
of them take most of an hour on two cores: `THREE_WAYS=all pytest tests/grader/grading/test_three_ways_courses.py`.
"""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from test_three_ways import SCRIPT, patient

from grader.authoring.mistakes import make_mistake, read_mistakes, read_variants
from grader.courses.assignment import SubmissionKind
from grader.courses.course import list_slugs, read_assignment, read_kit
from grader.grading.check_session import collect_checks
from grader.grading.grade import grade_all
from grader.grading.job import Job, Order
from grader.notebooks.document import CellKind, read_notebook
from grader.sandbox.outside.walls import Wall
from grader.submissions.notebook_intake import convert_scripts
from grader.submissions.submission import Found, read_reference

COURSE = Path(__file__).parents[3]
SLUGS = [slug for slug in list_slugs(COURSE) if read_assignment(COURSE, slug).handed_in.kind is SubmissionKind.NOTEBOOK]
DRAWN = {"mistakes": 2, "variants": 1}
ELSEWHERE = ("colab", "lightning")  # their kernel has modules that only a sandbox plays here

pytestmark = pytest.mark.slow


def tried(slug):
    """Return what is tried of a course: {name: (files, tasks)}, a mistake with its own task, a variant with all."""
    assignment = read_assignment(COURSE, slug)
    reference, checks = read_reference(assignment.reference), collect_checks(assignment)
    quick = [task.name for task in assignment.tasks if not task.long]
    mistakes = [one for one in read_mistakes(assignment) if checks[one.check].task in quick]
    variants = list(read_variants(assignment))
    if os.environ.get("THREE_WAYS") != "all":
        rng = random.Random(slug)
        mistakes = rng.sample(mistakes, DRAWN["mistakes"])
        variants = rng.sample(variants, DRAWN["variants"])
    variants = [one for one in variants if not any(place in one.name for place in ELSEWHERE)]
    found = {one.name: (make_mistake(one, reference), [checks[one.check].task]) for one in mistakes}
    found |= {f"variant {one.name}": ({**reference, **one.files}, quick) for one in variants}
    return {name: (convert_scripts(files, assignment), tasks) for name, (files, tasks) in found.items()}


def cells_of(files):
    """Return the code cells of the only notebook, each with its id."""
    (name,) = (path for path in files if path.endswith(".ipynb"))
    cells = read_notebook(files[name], name=name).cells
    return [(cell.names[0] if cell.names else "", cell.source) for cell in cells if cell.kind is CellKind.CODE]


def in_kernel(kit, work):
    """Return what `%check` says of each notebook, {name: {check: verdict}}."""
    given = {
        "notebooks": {name: cells_of(files) for name, (files, _tasks) in work.items()},
        "tasks": {name: tasks for name, (_files, tasks) in work.items()},
    }
    ended = subprocess.run(
        [sys.executable, str(SCRIPT), str(kit)],
        input=json.dumps(given), capture_output=True, text=True, check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


def graded(assignment, work, *, wall, folder, write_files):
    """Return what a grading of each one's tasks says, {name: {check: verdict}}."""
    told = {}

    def report(result, _digest):
        told[result.submission] = {one.name: one.verdict for task in result.tasks for one in task.checks}

    jobs = [
        Job(Found(name, write_files(folder / str(at), files)), tasks=tuple(tasks))
        for at, (name, (files, tasks)) in enumerate(work.items())
    ]
    grade_all(Order(assignment.folder, assignment, wall=wall), jobs, report=report)
    return told


@pytest.mark.timeout(3600 if os.environ.get("THREE_WAYS") == "all" else 600)
@pytest.mark.parametrize("slug", SLUGS)
def test_the_three_ways_agree_on_what_proves_a_course(slug, write_files, tmp_path):
    """Every public check says the same of a notebook in its kernel, in its folder and when it is graded."""
    kit, work = COURSE / "student_template" / slug, tried(slug)
    own, theirs = patient(read_kit(kit)), patient(read_assignment(COURSE, slug))
    public = collect_checks(own)
    kernel = in_kernel(kit, work)
    check = graded(own, work, wall=Wall.PROCESS, folder=tmp_path / "own", write_files=write_files)
    grade = graded(theirs, work, wall=Wall.BUBBLEWRAP, folder=tmp_path / "all", write_files=write_files)
    differ = {
        (name, one): {"%check": kernel[name].get(one), "check": check[name].get(one), "grade": grade[name].get(one)}
        for name, (_files, tasks) in work.items()
        for one, declared in public.items()
        if declared.task in tasks and len({kernel[name].get(one), check[name].get(one), grade[name].get(one)}) > 1
    }
    assert differ == {}
