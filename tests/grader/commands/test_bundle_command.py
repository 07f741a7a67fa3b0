"""Tests of `grader bundle`: bad input is refused with what to do, and what is written is named."""

import shutil
from pathlib import Path

import pytest

from grader.courses.course import read_assignment

MINI = Path(__file__).parents[1] / "sample_courses" / "mini"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["mini", "--for", "gradscope"], "There is no place `gradscope`. → Did you mean `gradescope`?"),
        (["minu", "--for", "docker"], "has no assignment `minu`. → Did you mean `mini`?"),
        (["mini", "--for", "docker", "--task", "liner"], "mini has no task `liner`. → Did you mean `linear`?"),
        (["mini", "--for", "github", "--task", "linear"], "A classroom repository has the whole kit."),
        (["mini", "--for", "gradescope", "--minutes", "0"], "`--minutes 0` is no room to grade in."),
        (["mini", "--for", "gradescope", "--hidden-as", "never"], "Hidden checks can't be `never`."),
        (["mini", "--for", "docker", "--data", "digits"], "digits is not on this machine"),
    ],
)
def test_bad_input(call_grader, tmp_path, words, error):
    """What can't be done is refused before anything is written."""
    done = call_grader("bundle", *words, "--out", tmp_path / "out", cwd=MINI)
    assert done.returncode == 2
    assert error in " ".join(done.stderr.split())
    assert not (tmp_path / "out").exists()


def test_a_bundle_is_written(call_grader, tmp_path):
    """What was written is named, with the next step; a second time nothing is overwritten."""
    words = ("bundle", "mini", "--for", "docker", "--no-try", "--out", tmp_path / "out")
    done = call_grader(*words, cwd=MINI)
    assert done.returncode == 0, done.stderr
    assert f"written: {tmp_path / 'out'} (" in done.stdout
    assert "docker build" in done.stdout
    again = call_grader(*words, cwd=MINI)
    assert again.returncode == 2
    assert "is there already; nothing was written." in " ".join(again.stderr.split())


def test_bundles_go_where_git_takes_nothing(call_grader, tmp_path):
    """Without `--out` bundles lie in a folder of their own, with a .gitignore that stays as somebody changed it."""
    course = shutil.copytree(MINI, tmp_path / "course")
    for place, name in (("gradescope", "mini-gradescope.zip"), ("github", "mini-github"), ("docker", "mini-docker")):
        done = call_grader("bundle", "mini", "--for", place, "--no-try", cwd=course)
        assert done.returncode == 0, done.stderr
        assert f"written: bundles/{name} (" in done.stdout
        assert (course / "bundles" / name).exists()
        (course / "bundles/.gitignore").write_text("*  # ours\n")
    assert (course / "bundles/.gitignore").read_text() == "*  # ours\n"
    assert sorted(path.name for path in course.iterdir()) == sorted(
        [*(path.name for path in MINI.iterdir()), "bundles"]
    )


def test_what_does_not_fit_is_said(call_grader, tmp_path):
    """A bundle that was tried and doesn't fit is written, says why, and ends with exit code 1."""
    words = ("bundle", "mini", "--for", "gradescope", "--memory-mb", "100", "--task", "leaky-relu")
    done = call_grader(*words, "--out", tmp_path / "a.zip", cwd=MINI)
    assert done.returncode == 1
    (points,) = (task.points for task in read_assignment(MINI, "mini").tasks if task.name == "leaky-relu")
    assert f"“Autograder points” there: {points:g};" in done.stdout, "of the tasks that are bundled"
    assert "Too large: grading the reference held" in " ".join(done.stderr.split())
    assert (tmp_path / "a.zip").is_file()
