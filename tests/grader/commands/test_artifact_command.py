"""Tests of artifacts from end to end: graded behind the real wall, stored, ranked, and checked by students."""

import csv
import shutil

import pytest
import torch
from artifact_course import predictions, right, weights, write_course
from safetensors.torch import save

from grader.results.store import read_store

BEST = "weights/best.safetensors"


@pytest.fixture(scope="module")
def graded(make_course, write_files, run_grader, tmp_path_factory):
    """Return a course, a class that was graded behind the default wall, and the results by name."""
    course = write_course(tmp_path_factory.mktemp("course"), make_course)
    half = weights()
    half["layer.weight"][1, 1] = 0.6
    hand_ins = {
        "ann": right(),
        "bob": right() | {BEST: save(half), "predictions.csv": predictions(["cat"] * 10)},
        "cem": {path: content for path, content in right().items() if path != BEST},
        "dee": right() | {BEST: b"w" * (3 << 20)},
    }
    folder = tmp_path_factory.mktemp("class")
    write_files(folder, {f"{name}/{path}": text for name, files in hand_ins.items() for path, text in files.items()})
    out = tmp_path_factory.mktemp("out") / "results"
    for command in (("record", "trained"), ("template", "trained")):
        assert run_grader(*command, cwd=course).returncode == 0
    run = run_grader("grade", "trained", folder, "--out", out, "-j", "1", cwd=course)
    assert run.returncode == 0, run.stderr
    return course, folder, out


def _checks(out, name):
    with read_store(out) as store:
        result = next(one for one in store.results() if one.submission == name)
    return {check.name: check for task in result.tasks for check in task.checks}, result


def test_artifacts_are_scored_behind_the_real_wall(graded):
    """Weights are loaded by the student's own code behind the wall, and points follow what they and predictions get."""
    _course, _folder, out = graded
    with (out / "grades.csv").open(encoding="utf-8") as file:
        points = {row["submission"]: float(row["points"]) for row in csv.DictReader(file)}
    assert points["ann"] == 7.0
    assert 4.0 < points["bob"] < 6.0
    assert points["cem"] == points["dee"] == 4.0


def test_pages_say_what_is_missing(graded):
    """The scorecard names what was not handed in, and what is too large with its size."""
    _course, _folder, out = graded
    page = next(out.glob("**/cem*.html")).read_text(encoding="utf-8")
    assert "weights/best.safetensors</code> was not handed in." in page
    checks, result = _checks(out, "dee")
    assert "it holds 3.0 MiB; at most 2 MiB are read." in checks["test_weights"].feedback.message
    assert any("it holds 3.0 MiB; at most 2 MiB are read." in note for note in result.notes)
    assert result.flags == ()


def test_a_task_with_artifacts_goes_on_a_leaderboard(graded, run_grader):
    """The leaderboard ranks what the handed-in weights reach, with the parameters that the file holds."""
    course, _folder, out = graded
    run = run_grader("leaderboard", out, "--task", "weights", cwd=course)
    assert run.returncode == 0, run.stderr
    rows = list(csv.DictReader((out / "leaderboard-weights.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["rank"] for row in rows] == ["1", "2"]
    assert (float(rows[0]["score"]), rows[0]["parameters"]) == (100.0, "10")
    assert "2 submissions have no score" in (out / "leaderboard-weights.html").read_text(encoding="utf-8")


def test_what_is_handed_in_later_is_graded(graded, run_grader, write_files, tmp_path):
    """Where the missing weights are handed in, that submission is graded again, and no other."""
    course, folder, out = graded
    later, results = shutil.copytree(folder, tmp_path / "class"), shutil.copytree(out, tmp_path / "results")
    write_files(later, {f"cem/{BEST}": right()[BEST]})
    assert run_grader("grade", "trained", later, "--out", results, "-j", "1", cwd=course).returncode == 0
    _checks_of_cem, cem = _checks(results, "cem")
    _checks_of_ann, ann = _checks(results, "ann")
    assert cem.points == 7.0
    assert all(task.reused for task in ann.tasks)
    assert not any(task.reused for task in cem.tasks)


def test_students_check_their_own_artifacts(graded, run_grader, write_files, tmp_path):
    """In the kit, the public check of weights looks at the student's own file, and says that it is missing before."""
    course, _folder, _out = graded
    kit = shutil.copytree(course / "student_template" / "trained", tmp_path / "trained")
    assert [*kit.rglob("*.safetensors"), *kit.rglob("labels*")] == []
    write_files(kit, {"student.py": right()["student.py"]})
    before = run_grader("check", "--task", "weights", cwd=kit)
    assert "`weights/best.safetensors` was not handed in." in before.stdout
    write_files(kit, {BEST: right()[BEST], "old.pt": right()["old.pt"]})
    after = run_grader("check", "--task", "weights", cwd=kit)
    assert after.returncode == 0, after.stdout
    assert "4 of 4" in after.stdout


def test_large_weights_cross_the_wall(make_course, run_grader, write_files, tmp_path):
    """Weights as large as the sandbox's files may be are loaded behind the wall."""
    course = write_course(tmp_path / "course", make_course)
    toml = next(course.rglob("assignment.toml"))
    text = toml.read_text(encoding="utf-8").replace('safetensors", mib = 2', 'safetensors", mib = 60')
    toml.write_text(text, encoding="utf-8")
    student = right()["student.py"].replace(
        b"self.layer = Layer(4, 2)", b"self.layer, self.more = Layer(4, 2), torch.nn.Linear(3500, 4000, bias=False)"
    )
    state = weights(**{"more.weight": torch.randn(4000, 3500)})
    write_files(tmp_path / "class" / "ann", right() | {"student.py": student, BEST: save(state)})
    run = run_grader("grade", "trained", tmp_path / "class" / "ann", "--out", tmp_path / "out", "-j", "1", cwd=course)
    assert run.returncode == 0, run.stderr
    checks, _result = _checks(tmp_path / "out", "ann")
    assert checks["test_weights"].verdict == "passed", checks["test_weights"].feedback.message
