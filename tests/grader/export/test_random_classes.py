"""Promises about whole classes that were graded for real: from any LMS's uploads to the cells of its gradebook."""

import csv
import io
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from random_classes import CODE, KINDS, LMSS, PEOPLE, roster_of, write_class

from grader.export.finished_run import export_run
from grader.export.job import ExportRequest
from grader.grading.grade import grade_all
from grader.grading.job import Order
from grader.grading.keys import digests_of
from grader.results.store import open_store
from grader.runs.batch import grade_submissions, run_info
from grader.runs.executor import FinishedJob
from grader.submissions.submission import find_submissions

TOML = """\
title = "HW2"
[submission]
required = ["hw2/layers.py", "hw2/optimizers.py"]
editable = ["hw2/*.py"]
[limits]
wall_s = 2.0
import_s = 4.0
[tasks.double]
title = "Doubling"
points = 10
"""
PROBES = """\
from grader.probes import probe


@probe(needs=["hw2.layers"])
def double(*, x):
    import hw2.layers

    return {"y": hw2.layers.double(x)}
"""
CHECKS = '''\
import pytest
import torch

from grader.compare import assert_matches


@pytest.mark.graded(task="double")
def test_double(probe, rng):
    """double returns twice its input"""
    x = torch.randn(4, 3, generator=rng)
    assert_matches(probe("double", x=x), {"y": 2 * x})
'''


class OneAfterAnother:
    """Grade jobs in this process, behind the tests' own fork server, and remember whose they were."""

    def __init__(self, digests):
        self.digests, self.graded = digests, []

    def grade(self, order, jobs, *, report):
        waiting = iter(jobs)

        def keep(result, digest):
            job = next(waiting)
            self.graded.append(job.found.name)
            report(FinishedJob(job, result, digest))

        grade_all(order, jobs, report=keep, digests=self.digests)


@pytest.fixture(scope="module")
def course(make_course, read_tiny, tmp_path_factory):
    """Return the assignment of a course with one quick check."""
    folder = tmp_path_factory.mktemp("course")
    return read_tiny(make_course(folder, slug="hw2", toml=TOML, probes=PROBES, checks=CHECKS, reference=CODE))


@pytest.fixture(scope="module")
def grade(course, process_server):
    """Return a function that grades a folder into results, as `grader grade` does; it returns who was graded now."""
    from contextlib import nullcontext

    def run(folder, out):
        order = Order(course.folder, course, wall="process")
        digests = digests_of(order)
        executor = OneAfterAnother(digests)
        with pytest.MonkeyPatch.context() as patch, open_store(out, run=run_info(order, digests)) as store:
            patch.setattr("grader.grading.grade.start_server", lambda *_args, **_settings: nullcontext(process_server))
            found = find_submissions(folder, course, results=out).found
            grade_submissions(order, found, store, executor, digests=digests)
        return executor.graded, {one.name: one for one in found}

    return run


def cells_of(out: Path, lms, people) -> dict:
    """Return the grade of each of these people in the gradebook that an export writes, "" for none."""
    roster = out.parent / "roster.csv"
    roster.write_text(roster_of(lms, people), encoding="utf-8")
    option = {"worksheet": roster} if lms.format == "moodle" else {"roster": roster}
    done = export_run(out, ExportRequest(format=lms.format, **option))
    rows = list(csv.reader(io.StringIO(done.files[0].read_text(encoding="utf-8"))))
    column = {"canvas": 5, "moodle": 4}.get(lms.format) or rows[0].index("points")
    rows = rows[2:] if lms.format == "canvas" else rows[1:]
    return {who: row[column].strip("-") for who, row in zip(people, rows, strict=False)}


handed_in = st.lists(st.sampled_from(sorted(KINDS)), min_size=len(PEOPLE) - 2, max_size=len(PEOPLE) - 2)


@settings(max_examples=5, deadline=None, phases=[Phase.generate])
@given(lms=st.sampled_from(sorted(LMSS)), first=handed_in, then=handed_in, as_zip=st.booleans())
def test_grades_of_a_class_that_changes(grade, lms, first, then, as_zip):
    """No 0 that no check gave, nobody twice or lost, and a second run grades only whose files have changed."""
    packs = LMSS[lms]
    root = Path(tempfile.mkdtemp())
    always = dict.fromkeys(PEOPLE[-2:], "right")
    try:
        for number, kinds in enumerate((first, then)):
            people = dict(zip(PEOPLE, kinds, strict=False)) | always
            folder = write_class(root / f"in{number}", people, packs)
            if as_zip and not packs.folder.endswith("-submissions"):
                folder = Path(shutil.make_archive(str(root / f"zip{number}" / "class"), "zip", folder))
            graded, found = grade(folder, root / "results")
            cells = cells_of(root / "results", packs, PEOPLE)
            assert cells == {who: KINDS[people[who]][1] for who in PEOPLE}
        handed = sum(bool(KINDS[kind][0]) for kind in people.values())
        assert len(found) == handed
        same = {who for who, before, now in zip(PEOPLE, first, then, strict=False) if before == now} | set(always)
        readable = [who for who in same if KINDS[people[who]][1]]
        assert len(graded) <= handed - len(readable)
    finally:
        shutil.rmtree(root)
