"""Promises of grader.grading.evidence: what runs have left is shown to a person, graded like answers, and is inert."""

import base64
import json
import re
import struct
import zlib

import pytest

from grader.answers.marks import text_digest
from grader.commands.report import write_results
from grader.courses.course import read_assignment
from grader.grading.evidence import with_evidence
from grader.notebooks.document import read_notebook
from grader.results.results_file import RunInfo
from grader.results.store import open_store, read_pictures, read_store
from grader.submissions import evidence as kept
from grader.submissions.packing import pack_submission, read_packed_submission
from grader.submissions.submission import Found, read_submission

TOML = """\
title = "Runs"
[submission]
kind = "notebook"
required = ["work.ipynb"]
editable = ["*.ipynb", "figures/*", "*.txt"]
[limits]
wall_s = 5.0
[tasks.double]
title = "Doubling"
points = 10
[answers.why]
title = "Why?"
points = 4
cell = "why"
[submission.evidence.run]
title = "The run"
points = 3
cells = ["train", "plot"]
tasks = ["double"]
questions = ["why"]
[submission.evidence.plots]
title = "Plots"
points = 2
files = ["figures/*", "*.txt"]
"""
PROBES = """\
from grader.probes import probe


@probe(needs=["notebook"])
def double(*, x):
    import notebook

    return {"y": notebook.double(x)}
"""
CHECKS = '''\
import pytest
import torch

from grader.compare import assert_matches


@pytest.mark.graded(task="double", grounds="line 1: twice")
def test_double(probe, curve):
    """double returns twice its input"""
    curve("Accuracy", {"training": [10.0, 64.25]}, unit="%")
    assert_matches(probe("double", x=torch.ones(2)), {"y": 2 * torch.ones(2)})
'''
SCRIPT = """\
# %% id="define"
def double(x):
    # <solution> Return two times x.
    return 2 * x
    # </solution>

# %% id="train"
print("accuracy", double(0.25))

# %% id="plot"
import matplotlib.pyplot as plt
plt.plot([1, 2])

# %% [markdown] id="why"
# **Question.** Why?
"""
RUN = RunInfo("tiny", "Runs", "d", "0.1.0", "2.13.0", "process", "2026-05-01T10:00:00Z")
HOSTILE = "<script>alert('txt')</script>"


def _png(width=2, height=2):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\7" * width for _ in range(height)))
    told = chunk(b"tEXt", b"Comment\0<script>alert('png')</script>")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + told + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def _stream(text):
    return {"output_type": "stream", "name": "stdout", "text": text}


def _picture(content=None):
    data = {"image/png": base64.b64encode(content or _png()).decode(), "text/plain": "<Figure>"}
    return {"output_type": "display_data", "data": data, "metadata": {}}


@pytest.fixture(scope="module")
def course(make_course, tmp_path_factory):
    """Return a course whose one notebook is asked for two runs."""
    folder = tmp_path_factory.mktemp("course")
    return make_course(folder, toml=TOML, probes=PROBES, checks=CHECKS, reference={"work.py": SCRIPT}, slug="tiny")


@pytest.fixture(scope="module")
def assignment(course):
    """Return its assignment."""
    return read_assignment(course, "tiny")


def _notebook(**outputs):
    """Return the reference's notebook with outputs by the ids of cells; None leaves a cell out."""
    cells = []
    for part in SCRIPT.split("# %% ")[1:]:
        marker, _, source = part.partition("\n")
        name = re.search('id="(.*)"', marker)[1]
        kind = {"cell_type": "markdown"} if "markdown" in marker else {"cell_type": "code", "execution_count": None}
        shown = outputs.get(name, [])
        if shown is not None:
            cells.append(kind | {"id": name, "metadata": {}, "source": source.strip(), "outputs": shown})
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).encode()


@pytest.fixture
def submit(assignment, write_files, tmp_path):
    """Return a function that hands in a notebook with outputs, and files beside it, and returns the submission."""

    def hand_in(files=None, name="ann", **outputs):
        folder = write_files(tmp_path / name, {"work.ipynb": _notebook(**outputs)} | (files or {}))
        return read_submission(Found(name, folder), assignment)

    return hand_in


def _run(assignment, submission, **options):
    return {answer.name: answer for answer in with_evidence((), assignment, submission, **options)}


def test_what_cells_showed_is_kept_apart_from_the_sandbox(assignment, submit):
    """Outputs arrive with the submission, are in none of its files, change its digest and travel with it."""
    bare, full = submit(), submit(name="bob", train=[_stream("accuracy 0.5")], plot=[_picture()])
    answer = _run(assignment, full)["run"]
    assert [one.place for one in answer.exhibits] == ["cell 2", "cell 3"]
    assert answer.exhibits[0].text == "accuracy 0.5"
    assert (answer.exhibits[1].pictures[0].width, answer.note, answer.points) == (2, "", 3.0)
    assert not any(b"accuracy 0.5" in content for content in full.files.values())
    assert (bare.files, bare.digest == full.digest) == (full.files, False)


def test_it_travels_to_another_machine(assignment, submit, tmp_path):
    """A packed submission brings along what its cells showed."""
    full = submit(train=[_stream("accuracy 0.5")], plot=[_picture()])
    (tmp_path / "packed").write_bytes(pack_submission(full))
    assert _run(assignment, read_packed_submission(tmp_path / "packed")) == _run(assignment, full)


def test_what_is_missing_or_not_run_is_named(assignment, submit):
    """A deleted cell, one that was not run and one that shows nothing are told apart, by name."""
    assert _run(assignment, submit(train=None))["run"].note == "Cell missing: `train`. Not run: `plot` (cell 2)."
    silent = submit(name="bob", train=[{"output_type": "stream", "text": ""}], plot=None)
    assert _run(assignment, silent)["run"].note == "Cell missing: `plot`. Run, and shows nothing: `train` (cell 2)."
    assert _run(assignment, silent)["plots"].note == "No file was handed in for this: `figures/*` or `*.txt`."
    assert _run(assignment, silent)["plots"].is_blank


def test_an_executed_copy_stands_beside_it(assignment, submit):
    """Where the notebook was run as a whole, what came out is shown beside what was handed in."""
    again = _notebook(train=[_stream("accuracy 0.4")])
    answer = _run(assignment, submit(train=[_stream("accuracy 0.9")], plot=[_picture()]), executed=again)["run"]
    assert [(one.place, one.text) for one in answer.exhibits] == [
        ("cell 2", "accuracy 0.9"),
        ("cell 3", ""),
        ("cell 2, run by the grader", "accuracy 0.4"),
    ]


def test_files_are_shown_by_their_kind(assignment, submit):
    """Pictures are checked, text is cut, notebooks show their cells, and of other files only the size is told."""
    files = {
        "figures/a.png": _png(),
        "figures/b.png": b"<svg/>",
        "figures/c.bin": b"\0" * 10,
        "notes.txt": b"\xff" + b"x" * 50_000,
    }
    shown = {one.place: one for one in _run(assignment, submit(files))["plots"].exhibits}
    assert len(shown["`figures/a.png`"].pictures) == 1
    assert shown["`figures/b.png`"].note == "A picture is neither PNG nor JPEG."
    assert shown["`figures/c.bin`"].note == "A file of 10 bytes, of a kind that is not shown."
    assert len(shown["`notes.txt`"].text) < 7_000


def test_files_beside_the_package_are_found(make_course, write_files, tmp_path):
    """Where the code lies in a folder of its own, what is asked for beside it counts wherever it lies.

    A notebook that was handed in without what it showed is named.
    """
    shown = '[submission.evidence.exp]\ntitle = "Runs"\nfiles = ["plots/*.png", "*Part2*.ipynb"]\n'
    runs = '[[submission.evidence.exp.runs]]\nfile = "results/exp_L{depth}.json"\nvalues = { depth = [2] }\n'
    toml = '[submission]\nrequired = ["hw/a.py"]\neditable = ["hw/*.py"]\n[tasks.double]\ntitle = "D"\npoints = 1\n'
    reference = {"hw/a.py": "x = 1\n", "hw/__init__.py": ""}
    course = make_course(tmp_path / "c", toml=f'title = "T"\n{toml}{shown}{runs}', reference=reference)
    content = json.dumps({"config": {"depth": 2}, "results": {"train_acc": [1.0], "test_acc": [2.0]}}).encode()
    beside = {"out/plots/a.png": _png(), "My Part2.ipynb": _notebook(train=[_stream("x")]), "exp_L2.json": content}
    beside["Part2.ipynb"] = _notebook()
    files = {"code/hw/a.py": "x = 1\n", "code/hw/__init__.py": "", "other.bin": b"0"} | beside
    found = Found("ann", write_files(tmp_path / "in", files))
    submission = read_submission(found, read_assignment(course, "tiny"))
    assert sorted(submission.files) == sorted(["hw/a.py", "hw/__init__.py", *beside])
    answer = _run(read_assignment(course, "tiny"), submission)["exp"]
    assert answer.note == "Handed in without outputs: `Part2.ipynb`."
    assert (len(answer.exhibits), len(answer.curves)) == (3, 2)


def test_pictures_are_bounded_for_a_submission(assignment, submit):
    """However many pictures there are, a page stays of a size that opens, and says that some are left out."""
    files = {f"figures/{number}.png": _png(number + 1) for number in range(40)}
    answers = _run(assignment, submit(files, plot=[_picture()] * 30))
    pictures = [picture for answer in answers.values() for one in answer.exhibits for picture in one.pictures]
    assert len(pictures) == 24
    assert "24 of its outputs are not shown" in answers["run"].exhibits[0].note


def test_a_large_notebook_is_read_apart(assignment, submit, monkeypatch):
    """A large notebook's outputs are read by a process of its own, with the same result."""
    full = submit(train=[_stream("accuracy 0.5")], plot=[_picture()])
    monkeypatch.setattr(kept, "READ_HERE", -1)
    assert submit(name="bob", train=[_stream("accuracy 0.5")], plot=[_picture()]).evidence == full.evidence


def test_reading_sources_is_unchanged(submit):
    """Outputs make no difference to the cells that are graded."""
    full = submit(train=[_stream("x")], plot=[_picture()])
    assert "outputs" not in json.loads(full.files["work.ipynb"])["cells"][0]
    assert len(read_notebook(full.files["work.ipynb"], name="").cells) == 4


@pytest.fixture(scope="module")
def graded(assignment, grade_many, tmp_path_factory):
    """Return the results folder of a class of two: ann ran it all, with what a browser should not see; bob nothing."""
    folder = tmp_path_factory.mktemp("class")
    html = {"output_type": "display_data", "data": {"text/html": "<script>alert('html')</script>"}}
    hostile = [_stream(HOSTILE + " accuracy 99.9 %"), html]
    ann = {"work.ipynb": _notebook(train=hostile, plot=[_picture(_png(3, 5))]), "figures/<b>.txt": HOSTILE}
    bob = {"work.ipynb": _notebook(train=None, plot=None)}
    with open_store(folder, run=RUN) as store:
        for result in grade_many(assignment, {"ann": ann, "bob": bob}, folder=folder / "in").values():
            store.save(result, digest="d")
        write_results(folder, store, assignment)
    return folder


def _card(folder, kind, name):
    return next(path for path in (folder / kind).glob("*.html") if path.name.startswith(name)).read_text()


def test_the_instructors_page_shows_it_and_nothing_acts(graded):
    """Pictures are in the page, checked; text is escaped; HTML is left out; what was measured stands beside a claim."""
    page = _card(graded, "instructor", "ann")
    data = re.findall(r'<img [^>]*src="data:image/png;base64,([^"]*)"', page)
    assert len(data) == 1
    assert b"alert" not in base64.b64decode(data[0])
    assert "alert(&#39;txt&#39;)" in page
    assert not any(f"<script>alert('{kind}')" in page for kind in ("txt", "html", "png"))
    assert "1 of its outputs are not shown" in page
    assert "double returns twice its input: training: from 10 to 64.25 % in 2 epochs" in page
    assert "img-src data:;" in page.split("<title>")[0]


def test_students_see_that_it_is_pending(graded):
    """The student's page has neither pictures nor texts of it, only what is missing and what it is worth."""
    for name in ("ann", "bob"):
        page = _card(graded, "scorecards", name)
        assert "<img" not in page
        assert "alert(" not in page.split("</style>")[1].split("<script>")[0]
        assert "pending: graded by a person (of 3 points)" in page
    assert "Cell missing: <code>train</code>, <code>plot</code>." in _card(graded, "scorecards", "bob")


def test_results_hold_no_bytes_of_pictures(graded):
    """results.json and stored results stay small: the bytes of pictures are kept apart, once."""
    with read_store(graded) as store:
        ann = next(one for one in store.results() if one.submission == "ann")
    digests = [picture.digest for answer in ann.answers for one in answer.exhibits for picture in one.pictures]
    assert list(read_pictures(graded, "ann")) == digests
    assert '"data"' not in (graded / "results.json").read_text()
    assert (ann.points, ann.max_points) == (10, 10)


def test_marks_are_pending_until_a_person_gives_them(graded, course, call_grader):
    """Points for runs are given in manual.csv like those of answers, and count for the class like them."""
    call_grader("manual", graded, "--no-serve", cwd=course)
    rows = (graded / "manual.csv").read_text().splitlines()
    assert rows == ["submission,question,points,comment"] + [
        f"{name},{question},," for name in ("ann", "bob") for question in ("plots", "run", "why")
    ]
    given = [f"ann,{question},2,good" for question in ("plots", "run", "why")] + [
        "bob,plots,0,",
        "bob,run,0,",
        "bob,why,1,",
    ]
    (graded / "manual.csv").write_text("\n".join([rows[0], *given]) + "\n")
    call_grader("report", graded, cwd=course)
    table = [line.split(",") for line in (graded / "grades.csv").read_text().splitlines()]
    column = table[0].index("total_points")
    assert [row[column] for row in table[1:]] == ["16", "11"]


def test_a_mark_is_for_what_was_seen(assignment, submit):
    """When outputs change, the mark that was given for others does not count."""
    one = _run(assignment, submit(train=[_stream("accuracy 0.5")]))["run"]
    other = _run(assignment, submit(name="bob", train=[_stream("accuracy 0.6")]))["run"]
    pictured = _run(assignment, submit(name="cyd", train=[_stream("accuracy 0.5"), _picture()]))["run"]
    assert len({text_digest(answer) for answer in (one, other, pictured)}) == 3


def test_pictures_that_are_shown_no_more_are_taken_out(graded, assignment, grade_many, tmp_path):
    """When a submission is graded again with other pictures, the old ones are not kept; equal ones are kept once."""
    again = {"work.ipynb": _notebook(train=[_picture(_png(7, 7))], plot=[_picture(_png(7, 7))])}
    results = grade_many(assignment, {"ann": again}, folder=tmp_path)
    with open_store(graded, run=RUN) as store:
        store.save(results["ann"], digest="e")
        assert [len(read_pictures(graded, name)) for name in ("ann", "bob")] == [1, 0]
        store.revise(lambda _result, _digest: None)
    assert read_pictures(graded, "ann") == {}


def test_result_files_are_judged_for_the_instructor_alone(make_course, write_files, tmp_path):
    """What is missing is told to all; what is odd about a file stands with its table, which students don't get."""
    runs = '[submission.evidence.exp]\ntitle = "Runs"\n[[submission.evidence.exp.runs]]\nfile = "exp_L{depth}.json"\n'
    toml = TOML.split("[answers")[0] + runs + "values = { depth = [2, 4, 8] }\n"
    course = make_course(
        tmp_path / "c", toml=toml, probes=PROBES, checks=CHECKS, reference={"work.py": SCRIPT}, slug="r"
    )
    content = json.dumps({"config": {"depth": 2}, "results": {"train_acc": [1.0], "test_acc": [2.0]}}).encode()
    files = {"work.ipynb": _notebook(), "exp_L2.json": content, "sub/exp_L4.json": content}
    submission = read_submission(Found("ann", write_files(tmp_path / "in", files)), read_assignment(course, "r"))
    answer = _run(read_assignment(course, "r"), submission)["exp"]
    assert answer.note == "1 of 3 files are missing: `exp_L8.json`."
    assert answer.exhibits[0].note == (
        "`exp_L4.json`: its name says depth = 4, its configuration 2. "
        "`exp_L2.json`, `exp_L4.json` hold the same results, number for number."
    )
    assert [line.values for curve in answer.curves for line in curve.lines] == [(1.0,), (1.0,), (2.0,), (2.0,)]
