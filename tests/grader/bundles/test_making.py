"""Tests of grader.bundles.making: what each place gets, what is refused, and what is said to not fit."""

import json
from dataclasses import replace

import pytest

from grader.bundles.making import Destination, Room, Wanted, bundle_files, objections, refuse_impossible
from grader.bundles.trial import ReferenceTrial
from grader.courses.personal import DRAWS_FOR_EACH
from grader.errors import BundleError
from grader.results.verdict import CheckResult, Feedback, Status, SubmissionResult, TaskResult, Verdict


def _check(name, verdict=Verdict.PASSED, *, message="", hidden=False, unrun=False, advice=False):
    feedback = Feedback(message=message)
    return CheckResult(
        name=name, title=name, task="t", verdict=verdict, weight=1, hidden=hidden, counted=not unrun, seconds=1,
        feedback=feedback, unrun=unrun, advice=advice,
    )  # fmt: skip


def _trial(*checks, points=10.0, seconds=20.0, cpu_s=20.0, memory_mib=400.0):
    task = TaskResult(name="t", title="T", points=points, max_points=10.0, hidden=False, checks=checks)
    result = SubmissionResult(
        submission="r", status=Status.GRADED, points=points, max_points=10.0, tasks=(task,), notes=(), seconds=1,
        wall="process",
    )  # fmt: skip
    return ReferenceTrial(result, seconds, cpu_s, memory_mib)


GRADESCOPE, GITHUB, DOCKER = (Wanted(place) for place in Destination)


def test_each_place_gets_its_scripts(mini):
    """Gradescope finds its two scripts at the root, Docker a Dockerfile, GitHub a workflow; all bring the grader."""
    files = {wanted.place: bundle_files(mini, wanted) for wanted in (GRADESCOPE, GITHUB, DOCKER)}
    assert {"setup.sh", "run_autograder", "bundle.json"} <= set(files[Destination.GRADESCOPE])
    assert {"Dockerfile", "setup.sh", "grade.sh"} <= set(files[Destination.DOCKER])
    assert ".github/workflows/classroom.yml" in files[Destination.GITHUB]
    for some in files.values():
        (wheel,) = (name for name in some if name.endswith(".whl"))
        (requirements,) = (name for name in some if name.endswith("requirements.txt"))
        assert some[requirements].decode().strip() == f"./{wheel.rpartition('/')[2]}[courses]"
    hidden = "course/tests/assignments/mini/test_mini_hidden.py"
    assert hidden in files[Destination.GRADESCOPE]
    assert hidden in files[Destination.DOCKER]


def test_what_was_asked_for_is_in_the_bundle(mini):
    """Tasks, data sets, time and another source for the grader are written down."""
    room = Room(minutes=20)
    wanted = Wanted(Destination.GRADESCOPE, tasks=("linear",), data=("cifar10",), grader="torchgrade>=1", room=room)
    files = bundle_files(mini, wanted)
    assert files["requirements.txt"] == b"torchgrade>=1\n"
    assert files["data.txt"] == b"cifar10\n"
    assert not [name for name in files if name.endswith(".whl")]
    settings = json.loads(files["bundle.json"])
    assert (settings["tasks"], settings["seconds"], settings["hidden_as"]) == (["linear"], 1170.0, "after_published")
    assert bundle_files(mini, replace(wanted, place=Destination.DOCKER))["words.txt"] == b"mini\n--task\nlinear\n"


def test_versions_are_those_of_here(mini):
    """torch has the version that recorded the assets, without what it was built for."""
    lines = bundle_files(mini, DOCKER)["constraints.txt"].decode().split()
    assert [line.partition("==")[0] for line in lines] == ["torch", "torchvision"]
    assert not any("+" in line for line in lines)


CARD = "Needs a CUDA device, which it gets from `grader grade --device cuda`; its points stay open."
DATA = "cifar10 is not on this machine. `grader data cifar10 --download` fetches it."


def test_a_card_that_is_not_there(mini):
    """Checks that need a graphics card are refused by name, with what to do."""
    trial = _trial(_check("test_a"), _check("test_b", Verdict.SKIPPED, message=CARD, unrun=True))
    with pytest.raises(BundleError) as caught:
        refuse_impossible(trial, GRADESCOPE)
    assert caught.value.message == "test_b (t) can't run on Gradescope: there is no graphics card."
    assert "`grader grade --device cuda`" in caught.value.remedy


def test_whose_a_submission_is_is_not_known_there(mini):
    """Checks that draw data for each student are refused where no roster is; a kit on GitHub draws for nobody."""
    own = _trial(_check("test_a", Verdict.SKIPPED, message=f"{DRAWS_FOR_EACH}: nobody.", unrun=True))
    with pytest.raises(BundleError) as caught:
        refuse_impossible(own, GRADESCOPE)
    assert "test_a (t) can't run on Gradescope: no roster says there" in caught.value.message
    assert "`grader grade --roster FILE`" in caught.value.remedy
    refuse_impossible(own, GITHUB)


def test_data_that_is_not_there(mini):
    """Checks without data are refused by name, at most four of them, with how data comes along."""
    checks = [_check(f"test_{i}", Verdict.SKIPPED, message=DATA, unrun=True) for i in range(6)]
    with pytest.raises(BundleError) as caught:
        refuse_impossible(_trial(*checks), DOCKER)
    assert caught.value.message.startswith(
        "test_0 (t), test_1 (t), test_2 (t), test_3 (t) and 2 more checks found none"
    )
    assert "`--data NAME`" in caught.value.remedy


def test_what_does_not_matter_is_not_refused(mini):
    """Advice, and on GitHub hidden checks, may lack what they need; a check after a failed one lacks nothing."""
    refuse_impossible(_trial(_check("a", Verdict.SKIPPED, message=CARD, unrun=True, advice=True)), GRADESCOPE)
    refuse_impossible(_trial(_check("a", Verdict.SKIPPED, message=DATA, unrun=True, hidden=True)), GITHUB)
    refuse_impossible(_trial(_check("a", Verdict.SKIPPED, message="Not run.")), GRADESCOPE)


def test_what_fits_is_not_mentioned():
    """A reference with full points, within time and memory, is no reason for a word."""
    assert objections(_trial(), GRADESCOPE) == []


@pytest.mark.parametrize(
    ("trial", "words"),
    [
        ({"points": 9.0}, "The reference earns 9 of 10 points"),
        (
            {"cpu_s": 300.0},
            "Too slow: the reference takes about 10.0 minutes with 0.5 processors, and Gradescope stops",
        ),
        ({"seconds": 571.0}, "Too slow: the reference takes about 9.5 minutes"),
        ({"memory_mib": 900.0}, "Too large: grading the reference held 944 MB, and Gradescope gives 768 MB"),
    ],
)
def test_what_does_not_fit_is_said(trial, words):
    """Time at half a processor, memory, and lost points are each said with their numbers."""
    (said,) = objections(_trial(**trial), GRADESCOPE)
    assert said.startswith(words)


def test_more_room_fits():
    """What is set in Gradescope is what counts; other places have no such limits."""
    large = _trial(cpu_s=1000.0, memory_mib=2000.0)
    assert objections(large, Wanted(Destination.GRADESCOPE, room=Room(40, 3072, 2))) == []
    assert len(objections(large, GRADESCOPE)) == 2
    assert objections(large, DOCKER) == []
