"""Tests of the bundled courses' recorded assets: which tasks have some, how many, how large, what kits hold."""

import json
import re
from pathlib import Path

import pytest

from grader.courses.assignment import Assignment
from grader.courses.course import read_assignment
from grader.courses.manifest import key_in, read_manifest
from grader.grading.check_session import collect_checks

COURSE = Path(__file__).parents[3]
MOST_BYTES = 5_000_000
AT_LEAST = 201

_TRAINS = "it trains: what comes out depends on what a student draws"
NOT_RECORDED = {
    "leeds-fashion-mlp": {
        "best-model": "how many epochs the loop runs is the student's choice",
        "hidden-sizes": "which layer has the size is open, and its weights are the student's draw",
        "fashion-training": _TRAINS,
        "rotation-training": _TRAINS,
        "variations-training": _TRAINS,
    },
    "neuromatch-deep-mlp": dict.fromkeys(("spiral-training", "poly-training", "image-training"), _TRAINS),
    "technion-hw2": {
        "overfit": _TRAINS,
        "optimizer-comparison": _TRAINS,
        "roc-threshold": "every threshold that comes as close to the ideal point is right",
        "decision-boundary": "how a region is drawn is open",
        "moons": _TRAINS,
        "mlp-experiment": _TRAINS,
        "cnn-overfit": _TRAINS,
        "your-cnn": "the network is the student's own",
        "experiment-files": "what else a file holds is open",
    },
    "uva-cnn": {"training": _TRAINS, "shuffle": "the order of pixels is the student's draw"},
    "uva-mlp": {
        "train-model": "the form of the training, its loss among it, is open",
        "training": _TRAINS,
        "final-training": _TRAINS,
    },
}


def _recorded(assignment: Assignment) -> set[str]:
    """Return the names of the checks that an assignment's manifest holds assets of."""
    return {re.split(r"[.\[]", name, maxsplit=1)[0] for name in read_manifest(assignment.assets)["assets"]}


@pytest.fixture(scope="module")
def courses():
    """Return the assignment, its checks and those of them that are recorded, by slug."""
    found = {}
    for slug in NOT_RECORDED:
        assignment = read_assignment(COURSE, slug)
        checks = collect_checks(assignment)
        found[slug] = assignment, checks, _recorded(assignment)
    return found


@pytest.mark.parametrize("slug", NOT_RECORDED)
def test_every_deterministic_task_has_a_recorded_check(courses, slug):
    """Every task has a check that compares with what the reference returned, but for those whose outputs are open."""
    assignment, checks, recorded = courses[slug]
    of_tasks = {checks[name].task for name in recorded}
    assert {task.name for task in assignment.tasks} - of_tasks == set(NOT_RECORDED[slug])


def test_so_many_checks_are_recorded(courses):
    """No check falls back to a formula alone unnoticed."""
    assert sum(len(recorded) for _, _, recorded in courses.values()) >= AT_LEAST


@pytest.mark.parametrize("slug", NOT_RECORDED)
def test_assets_are_small_and_keyed(courses, slug):
    """An assignment's assets take less than 5 MB, and a key decides what its hidden checks draw."""
    assignment, _, _ = courses[slug]
    assert sum(path.stat().st_size for path in assignment.assets.iterdir()) < MOST_BYTES
    assert key_in(assignment.assets)


@pytest.mark.parametrize("slug", NOT_RECORDED)
def test_kits_hold_public_assets_and_no_others(courses, slug):
    """A kit holds the assets of all public checks, byte for byte, and neither a hidden one's nor the key."""
    assignment, checks, _ = courses[slug]
    kit = COURSE / "student_template" / slug / "checks" / "assets"
    names = set(read_manifest(assignment.assets)["assets"])
    public = {name for name in names if not checks[re.split(r"[.\[]", name, maxsplit=1)[0]].hidden}
    assert {path.stem for path in kit.glob("*.safetensors")} == public
    for name in public:
        file = f"{name}.safetensors"
        assert (kit / file).read_bytes() == (assignment.assets / file).read_bytes()
    manifest = json.loads((kit / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["assets"]) == public
    assert "key" not in manifest
