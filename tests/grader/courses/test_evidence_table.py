"""Tests of grader.courses.evidence_table: evidence is read by name, and what can't be is refused with a remedy."""

import tomllib
from pathlib import Path

import pytest

from grader.courses.assignment import Question, SubmissionKind, Task
from grader.courses.evidence_table import read_evidence, runs_of
from grader.courses.toml_table import Table
from grader.errors import CourseError

CELLS = '[run]\ntitle = "Run"\npoints = 3\ncells = ["train", "plot"]\n'
RUNS = """\
[exp]
title = "Runs"
[[exp.runs]]
file = "results/exp_L{depth}_K{width}.json"
values = { depth = [2, 4], width = [[32], [64, 128]] }
config = { model = "cnn" }
images = { train = 30000 }
"""


def _read(text, kind=SubmissionKind.NOTEBOOK):
    table = Table(Path("assignment.toml"), "submission.evidence", tomllib.loads(text))
    return read_evidence(table, kind=kind, tasks=(Task("mlp", "MLP", 5),), questions=(Question("why", "Why?", ""),))


def test_cells_and_files_become_questions_without_an_answer():
    """Each piece has a title, points, what is shown, and what stands beside it."""
    run, plots = _read(
        CELLS + 'tasks = ["mlp"]\nquestions = ["why"]\n[plots]\ntitle = "Plots"\nfiles = ["figures/*.png"]'
    )
    assert (run.name, run.title, run.points, run.evidence.cells) == ("run", "Run", 3.0, ("train", "plot"))
    assert (run.evidence.tasks, run.evidence.questions) == (("mlp",), ("why",))
    assert (plots.points, plots.evidence.files) == (0.0, ("figures/*.png",))


def test_result_files_are_named_by_their_values():
    """There is a file for each combination of values; the numbers of a list are joined."""
    (question,) = _read(RUNS, SubmissionKind.PACKAGE)
    (runs,) = question.evidence.runs
    assert list(runs_of(runs)) == [
        "results/exp_L2_K32.json",
        "results/exp_L2_K64-128.json",
        "results/exp_L4_K32.json",
        "results/exp_L4_K64-128.json",
    ]
    assert runs_of(runs)["results/exp_L4_K64-128.json"] == {"depth": 4, "width": [64, 128]}
    assert (runs.config, runs.images) == ({"model": "cnn"}, {"train": 30000})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (CELLS + "rubric = 3", "`submission.evidence.run.rubric` is not a key that is known here."),
        (CELLS.replace("run", '"a b"'), "has a name that can't be used: `a b`. Use"),
        (CELLS.replace("[run]", "[why]"), "`submission.evidence.why` is called like a question."),
        (CELLS.replace("3", "-3"), "is -3; expected 0 or more."),
        (CELLS.replace('title = "Run"', ""), "`submission.evidence.run.title` is missing."),
        (CELLS + 'tasks = ["mpl"]', "names `mpl`, which is none. Did you mean `mlp`?"),
        (CELLS + 'questions = ["whi"]', "names `whi`, which is none. Did you mean `why`?"),
        ('[run]\ntitle = "Run"', 'names nothing to show. Write `cells = ["train"]`'),
        ('[run]\ntitle = "Run"\nfiles = ["../x.png"]', "holds `../x.png`, which does not stay below"),
        (RUNS.replace("{width}", ""), "expected a JSON file with braces for each of `values`"),
        (RUNS.replace(".json", ".pt"), "expected a JSON file with braces"),
        (
            RUNS.replace("[2, 4]", "2"),
            "`submission.evidence.exp.runs number 1.values.depth` is no list. Write `depth = [2, 4]`, say.",
        ),
        (RUNS.replace("[2, 4]", "[]"), "depth` is no list."),
        (RUNS.replace("[2, 4]", str(list(range(200)))), "ask for more than 200 files. Ask for fewer."),
        (RUNS.replace("train = 30000", "valid = 1"), "images.valid` is not a key that is known here."),
        (RUNS.replace("config", "konfig"), "konfig` is not a key that is known here."),
    ],
)
def test_what_cannot_be_evidence_is_refused(text, words):
    """Each mistake is told with its key and what to write instead."""
    with pytest.raises(CourseError) as error:
        _read(text)
    assert words in str(error.value)


def test_only_notebooks_have_cells():
    """A package has no cells that could be run; its files are named."""
    with pytest.raises(CourseError, match="names cells, but what is handed in is a package"):
        _read(CELLS, SubmissionKind.PACKAGE)
