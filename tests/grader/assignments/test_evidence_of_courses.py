"""Promises of the courses' evidence: whoever runs nothing has it pending by name, and what was run is shown."""

import json
from pathlib import Path

import pytest

from grader.courses.course import read_assignment
from grader.courses.evidence_table import runs_of
from grader.grading.evidence import with_evidence
from grader.submissions.submission import Found, read_submission, reference_notebook

COURSE = Path(__file__).parents[3]
NOTEBOOKS = {
    "leeds-fashion-mlp": {
        "run-training": ("look", "epochs", "history"),
        "run-test": ("test",),
        "run-rotation": ("rotation-result",),
        "run-dropout": ("dropout-training",),
        "run-hidden-sizes": ("hidden-sizes-training",),
    },
    "neuromatch-deep-mlp": {
        "run-depth": ("run-depth",),
        "run-poly": ("run-poly",),
        "run-images": ("run-images",),
        "run-gains": ("run-gains",),
    },
    "uva-cnn": {
        "run-training": ("run-training",),
        "run-angles": ("angles", "plot-angles"),
        "run-shuffled": ("run-shuffled-training", "shuffled-results"),
    },
    "uva-mlp": {
        "run-curve": ("look", "SGDMom_points", "curve-plot"),
        "run-default": ("train", "test"),
        "run-improvement": ("improve",),
        "run-shuffling": ("shuffle-fixed", "shuffle-new"),
    },
}
PRINTED = [{"output_type": "stream", "name": "stdout", "text": "53 % are right\n"}]


def _answers(slug, folder, change):
    """Return the evidence of the reference's notebook after `change` of its list of cells, by name."""
    assignment = read_assignment(COURSE, slug)
    tree = json.loads(reference_notebook(assignment))
    tree["cells"] = change(tree["cells"])
    (folder / assignment.handed_in.required[0]).write_text(json.dumps(tree))
    submission = read_submission(Found("ann", folder), assignment)
    return {answer.name: answer for answer in with_evidence((), assignment, submission)}


@pytest.mark.parametrize("slug", NOTEBOOKS)
def test_deleted_runs_are_missing_by_name(slug, tmp_path):
    """A notebook without the cells that run things has nothing to show for them, and says which are missing."""
    names = {name for cells in NOTEBOOKS[slug].values() for name in cells}
    found = _answers(slug, tmp_path, lambda cells: [cell for cell in cells if cell["id"] not in names])
    assert {name: answer.note for name, answer in found.items()} == {
        name: f"Cell missing: {', '.join(f'`{cell}`' for cell in cells)}." for name, cells in NOTEBOOKS[slug].items()
    }
    assert all(answer.is_blank and answer.given is None for answer in found.values())
    assert sum(answer.points for answer in found.values()) == 10


@pytest.mark.parametrize("slug", NOTEBOOKS)
def test_runs_that_were_not_made_are_named(slug, tmp_path):
    """A notebook that was never run says so for each piece, with the cells."""
    found = _answers(slug, tmp_path, lambda cells: cells)
    for name, cells in NOTEBOOKS[slug].items():
        assert found[name].note.startswith("Not run: ")
        assert [part.split("`")[1] for part in found[name].note.split(", ")] == list(cells)


@pytest.mark.parametrize("slug", NOTEBOOKS)
def test_what_was_run_is_shown(slug, tmp_path):
    """Each cell that was run is shown with what it printed, and nothing is remarked."""
    outputs = {"outputs": PRINTED, "execution_count": 1}
    run = lambda cells: [cell | outputs if cell["cell_type"] == "code" else cell for cell in cells]  # noqa: E731
    found = _answers(slug, tmp_path, run)
    for name, cells in NOTEBOOKS[slug].items():
        assert found[name].note == ""
        assert [one.text for one in found[name].exhibits] == ["53 % are right"] * len(cells)


def test_technion_asks_for_the_files_of_part_5():
    """The result files are those of the document's experiments 1.1 to 1.4 and 2, 34 of them."""
    three = "64-128-256"
    wanted = [f"exp1_1_L{depth}_K{width}" for width in (32, 64) for depth in (2, 4, 8, 16)]
    wanted += [f"exp1_2_L{depth}_K{width}" for depth in (2, 4, 8) for width in (32, 64, 128, 256)]
    wanted += [f"exp1_3_L{depth}_K{three}" for depth in (1, 2, 3, 4)]
    wanted += [f"exp1_4_L{depth}_K32" for depth in (8, 16, 32)] + [f"exp1_4_L{depth}_K{three}" for depth in (2, 4, 8)]
    wanted += [f"exp2_L{depth}_K32-64-128" for depth in (3, 6, 9, 12)]
    evidence = [one.evidence for one in read_assignment(COURSE, "technion-hw2").questions if one.evidence is not None]
    files = [file for one in evidence for runs in one.runs for file in runs_of(runs)]
    assert sorted(files) == sorted(f"results/{name}.json" for name in wanted)
    assert len(files) == 34
    assert {(*runs.images.items(),) for one in evidence for runs in one.runs} == {(("train", 30000), ("test", 5000))}
