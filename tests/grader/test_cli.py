"""Tests of grader.cli, each command in a process of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from grader.authoring.record import record_assets
from grader.authoring.template import write_template

GOOD = "def double(x):\n    return 2 * x\n\n\ndef triple(x):\n    return 3 * x\n"
HALF = GOOD.replace("3 * x", "x")
FAULTY = """\
import pytest

@pytest.mark.graded(task="double")
def test_bug(probe):
    "has a bug of its own"
    1 / 0
"""


@pytest.fixture(scope="module")
def made(make_course, read_tiny, tmp_path_factory):
    """Return a course with recorded assets and a template, made once."""
    folder = make_course(tmp_path_factory.mktemp("made"))
    record_assets(read_tiny(folder), write=True)
    write_template(read_tiny(folder), folder / "student_template" / "tiny")
    return folder


@pytest.fixture
def course(made, tmp_path):
    """Return a copy of the course, to be changed at will."""
    return shutil.copytree(made, tmp_path / "course")


@pytest.fixture
def kit(course, tmp_path):
    """Return a student's copy of the kit, outside of the course."""
    return shutil.copytree(course / "student_template" / "tiny", tmp_path / "my homework")


def _error(ended):
    return " ".join(ended.stderr.split())


def test_recording_writes_what_is_missing(make_course, call_grader, tmp_path):
    """`grader record` writes the assets and says which; exit code 0."""
    ended = call_grader("record", "tiny", cwd=make_course(tmp_path))
    assert (ended.returncode, ended.stdout) == (
        0,
        "matched: 0\nmissing: 1 (written)\n  test_triple\nstale: 0\nunused: 0\n",
    )


def test_a_reference_that_fails_blocks_recording(make_course, call_grader, tmp_path):
    """`grader record` on a reference that fails its checks exits with 1 and writes nothing."""
    folder = make_course(tmp_path, reference=GOOD.replace("2 * x", "x"))
    ended = call_grader("record", "tiny", cwd=folder)
    assert ended.returncode == 1
    assert "fails on the reference: test_double: " in ended.stdout
    assert "missing: 1 (`grader record tiny` writes them)" in ended.stdout
    assert ended.stdout.splitlines()[-1] == "Nothing was written: mend that first."
    assert not (folder / "assets").exists()


def test_recording_again_changes_nothing(course, call_grader):
    """`grader record --check` finds everything matched and exits with 0."""
    ended = call_grader("record", "tiny", "--check", cwd=course)
    assert (ended.returncode, ended.stdout) == (0, "matched: 1\nmissing: 0\nstale: 0\nunused: 0\n")


def test_a_stale_recording_is_found(course, make_course, call_grader, tmp_path):
    """`grader record --check` exits with 1 where something would change, and writes nothing."""
    folder = make_course(tmp_path)
    ended = call_grader("record", "tiny", "--check", cwd=folder)
    assert ended.returncode == 1
    assert "missing: 1 (`grader record tiny` writes them)" in ended.stdout
    assert not (folder / "assets").exists()


def test_the_template_is_kept_fresh(course, call_grader):
    """`grader template --check` exits with 0 while the template is what the reference gives, with 1 when it is not."""
    assert call_grader("template", "tiny", "--check", cwd=course).returncode == 0
    stub = course / "student_template" / "tiny" / "student.py"
    text = stub.read_text()
    stub.write_text(text + "# changed\n")
    try:
        ended = call_grader("template", "tiny", "--check", cwd=course)
    finally:
        stub.write_text(text)
    assert (ended.returncode, ended.stdout) == (1, "not up to date: student.py differs\n")
    assert "Run `grader template tiny`." in ended.stderr


def test_a_fresh_kit_is_work_to_do(kit, run_grader):
    """In a fresh kit `grader check` exits with 1, calls every check not implemented and names the first task."""
    ended = run_grader("check", cwd=kit)
    assert ended.returncode == 1, ended.stderr
    assert "· double returns twice its input  not implemented" in ended.stdout
    assert ended.stdout.splitlines()[-1] == "0 of 15 points: 0 of 2 checks passed. Next: `grader check --task double`."
    assert ended.stderr == ""


def test_a_solved_kit_passes(kit, call_grader):
    """In a solved kit `grader check` exits with 0 and says that all checks passed."""
    (kit / "student.py").write_text(GOOD)
    ended = call_grader("check", cwd=kit)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1] == "15 of 15 points: all 2 checks passed."


def test_a_kit_has_all_assets_of_its_checks(make_course, call_grader, tmp_path):
    """A kit holds the assets of checks that ask for several, or that are parametrised."""
    checks = '''
import pytest
import torch
from grader.compare import assert_matches

@pytest.mark.parametrize("scale", [0.5, 2.0])
@pytest.mark.graded(task="double")
def test_scaled(probe, expected, scale):
    """doubles and triples"""
    x = torch.full((3,), scale)
    assert_matches(probe("double", x=x), expected("double", x=x))
    assert_matches(probe("triple", x=x), expected("triple", x=x))
'''
    folder = make_course(tmp_path / "course", checks=checks)
    assert call_grader("record", "tiny", cwd=folder).returncode == 0
    assert call_grader("template", "tiny", cwd=folder).returncode == 0
    kit = shutil.copytree(folder / "student_template" / "tiny", tmp_path / "kit")
    (kit / "student.py").write_text(GOOD)
    ended = call_grader("check", cwd=kit)
    assert ended.stdout.splitlines()[-1] == "10 of 10 points: all 2 checks passed."


def test_one_task_is_checked_alone(kit, call_grader):
    """`grader check --task` runs the checks of that task only, without colour where stdout is no terminal."""
    (kit / "student.py").write_text(HALF)
    ended = call_grader("check", "--task", "double", cwd=kit)
    assert ended.returncode == 0
    words = ["10 of 10 points: the check passed.", "Next: `grader check` runs all tasks."]
    assert ended.stdout.splitlines()[-2:] == words
    assert "Tripling" not in ended.stdout
    assert "\x1b" not in ended.stdout


LONG = "[tasks.triple]\nlong = true\nlimits = { wall_s = 20 }\n"


def test_long_tasks_are_left_out_of_a_quick_check(made, write_files, call_grader, tmp_path):
    """`grader check --quick` runs what is quick, says what was not run, and doesn't count it."""
    course = _with_long_task(made, tmp_path)
    folder = write_files(tmp_path / "mine", {"student.py": GOOD.replace("3 * x", "x")})
    ended = call_grader("check", folder, "--quick", cwd=course)
    assert (ended.returncode, ended.stdout.splitlines()[-1]) == (0, "Not run (`--quick`): Tripling.")
    assert "10 of 10 points: the check passed." in ended.stdout
    assert call_grader("check", folder, cwd=course).returncode == 1


def test_a_quick_check_of_long_tasks_only_is_refused(made, write_files, call_grader, tmp_path):
    """Where `--quick` leaves nothing to run, the command says so instead of passing."""
    folder = write_files(tmp_path / "mine", {"student.py": GOOD})
    ended = call_grader("check", folder, "--quick", "--task", "triple", cwd=_with_long_task(made, tmp_path))
    assert ended.returncode == 2
    assert "`--quick` leaves out every task that was chosen. → Leave out `--quick`." in _error(ended)


def _with_long_task(made, tmp_path):
    course = shutil.copytree(made, tmp_path / "course")
    toml = course / "tests/assignments/tiny/assignment.toml"
    toml.write_text(toml.read_text().replace("[tasks.triple]\n", LONG))
    return course


def test_a_breakpoint_works(kit, run_grader):
    """`grader check --debug` stops at a breakpoint in the student's code, and goes on from there."""
    (kit / "student.py").write_text(GOOD.replace("    return 2", "    breakpoint()\n    return 2"))
    ended = run_grader("check", "--debug", "--task", "double", cwd=kit, stdin="p x.shape\nc\n")
    assert "(Pdb)" in ended.stdout
    assert "torch.Size([4, 3])" in ended.stdout
    assert "-> return 2 * x" in ended.stdout
    assert ended.returncode == 0
    assert "10 of 10 points: the check passed." in ended.stdout


def test_a_folder_in_the_course_is_checked(course, call_grader, write_files):
    """In a course `grader check PATH` finds the assignment by its files."""
    write_files(course / "try", {"student.py": HALF})
    ended = call_grader("check", "try", cwd=course)
    assert ended.returncode == 1
    assert "✗ triple returns three times its input  wrong" in ended.stdout
    assert ended.stdout.splitlines()[-1] == "10 of 15 points: 1 of 2 checks passed. Next: `grader check --task triple`."


def test_the_graders_own_fault_exits_with_3(make_course, call_grader, write_files, tmp_path):
    """A check with a bug of its own costs no points and makes the exit code 3."""
    folder = make_course(tmp_path, checks=FAULTY)
    write_files(folder / "try", {"student.py": GOOD})
    ended = call_grader("check", "try", cwd=folder)
    assert ended.returncode == 3
    assert "? has a bug of its own  not graded" in ended.stdout
    assert "ZeroDivisionError" in ended.stdout
    assert ended.stdout.splitlines()[-1] == "0 of 10 points; the grader failed on 1 checks, which cost no points."


def test_a_failing_check_without_points_still_fails(make_course, call_grader, write_files, tmp_path):
    """A task worth no points that fails makes the exit code 1, as does a submission that can't be read."""
    toml = """title = "T"
[submission]
required = ["student.py"]
editable = ["*.py"]
[tasks.double]
title = "Doubling"
points = 0
"""
    checks = 'import pytest\n@pytest.mark.graded(task="double")\ndef test_a():\n    "a"\n    assert False, "no"\n'
    folder = make_course(tmp_path, checks=checks, toml=toml)
    write_files(folder / "try", {"student.py": GOOD})
    (folder / "empty").mkdir()
    assert call_grader("check", "try", cwd=folder).returncode == 1
    ended = call_grader("check", "empty", "-a", "tiny", cwd=folder)
    assert (ended.returncode, ended.stdout.splitlines()[-1]) == (1, "0 of 0 points: the submission can't be read.")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "nowhere"], "error: nowhere does not exist. → Go to the folder of your assignment"),
        (["check", "reference/tiny", "--task", "duble"], "error: tiny has no task `duble`. → Did you mean `double`?"),
        (["check", "reference/tiny", "-a", "tinny"], "has no assignment `tinny`. → Did you mean `tiny`?"),
        (["grade", "tinny", "reference", "-o", "out"], "has no assignment `tinny`. → Did you mean `tiny`?"),
        (["grade", "tiny", "nowhere", "-o", "out"], "error: There is no `nowhere`. → Is the path right?"),
        (["grade", "tiny", "reference", "-o", "out", "-t", "x"], "error: tiny has no task `x`. → Known: `double`,"),
        (["record", "tinny"], "has no assignment `tinny`."),
        (["template", "tinny"], "has no assignment `tinny`."),
        (["grade", "tiny", "reference"], "Missing option '--out'"),
        (
            ["grade", "tiny", "reference", "-o", "out", "--wall", "brick"],
            "error: There is no wall 'brick'. → Choose one of bubblewrap, user, process, inline.",
        ),
        (["grad"], "No such command 'grad'"),
        (["check", "--course", "/"], "error: / is not in a course"),
    ],
)
def test_a_mistake_in_the_command_exits_with_2(course, call_grader, arguments, words):
    """A name that does not exist is one sentence and a remedy on stderr, and exit code 2."""
    ended = call_grader(*arguments, cwd=course)
    assert ended.returncode == 2
    assert words in _error(ended).replace("│", "").replace("  ", " ")
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""
    assert not (course / "out" / "grades.csv").exists()


def test_a_bug_of_the_graders_own_exits_with_3(course, call_grader, monkeypatch):
    """An exception that nobody foresaw shows where it came from and exits with 3, never with 1."""

    def fail(*_args, **_settings):
        raise RuntimeError("unforeseen")

    monkeypatch.setattr("grader.courses.own_work.find_own_work", fail)
    ended = call_grader("check", "reference/tiny", cwd=course)
    assert ended.returncode == 3
    assert "RuntimeError: unforeseen" in ended.stderr
    assert "error: The grader itself failed. → Please report the lines above." in _error(ended)


def test_untrusted_code_is_never_graded_inline(course, call_grader):
    """`grader grade --wall inline` is refused: the grader's own process is nobody else's."""
    ended = call_grader("grade", "tiny", "reference", "-o", "out", "--wall", "inline", cwd=course)
    assert ended.returncode != 0
    assert "inline" in ended.stderr
    assert not (course / "out" / "grades.csv").exists()


def test_a_terminal_that_knows_few_letters_is_no_obstacle(kit, run_grader):
    """Where stdout can't show a symbol, something else is shown; the answer still comes."""
    ended = run_grader("check", "-t", "double", cwd=kit, environment={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert ended.returncode == 1, ended.stderr
    assert "0 of 10 points" in ended.stdout


@pytest.mark.parametrize(("level", "code"), [("1", 0), ("2", 2)])
def test_python_without_docstrings(run_grader, tmp_path, level, code):
    """Without docstrings checks have no titles: that is said at once, and not of each check. Less goes on as always."""
    ended = run_grader("--version", cwd=tmp_path, environment={"PYTHONOPTIMIZE": level})
    assert ended.returncode == code, ended.stderr
    assert ("PYTHONOPTIMIZE=2" in ended.stderr) == (code == 2)


def test_help_names_every_verb(run_grader, tmp_path):
    """`grader --help` names the verbs, outside of any course; without a verb the help is shown as well."""
    ended = run_grader("--help", cwd=tmp_path)
    assert ended.returncode == 0
    for verb in ("check", "grade", "report", "record", "template", "export", "doctor"):
        assert verb in ended.stdout
    students, instructors = ended.stdout.index("For students"), ended.stdout.index("For instructors")
    assert students < ended.stdout.index("check ") < instructors < ended.stdout.index("grade ")
    assert "check" in run_grader(cwd=tmp_path).stdout


def test_the_version_is_told(call_grader, tmp_path):
    """`grader --version` names the package and its version."""
    from importlib.metadata import version

    assert call_grader("--version", cwd=tmp_path).stdout == f"torchgrade {version('torchgrade')}\n"


def test_a_version_without_an_installation(call_grader, tmp_path, monkeypatch):
    """Where the package is not installed, `--version` says so instead of failing."""
    import importlib.metadata

    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", missing)
    assert call_grader("-V", cwd=tmp_path).stdout == "torchgrade from its source, not installed\n"


def test_shells_can_complete(tmp_path):
    """What a shell asks while somebody types is answered with the verbs that fit."""
    shell = {"_GRADER_COMPLETE": "complete_bash", "COMP_WORDS": "grader che", "COMP_CWORD": "1"}
    command = Path(sys.executable).with_name("grader")
    ended = subprocess.run([command], capture_output=True, text=True, cwd=tmp_path, env=os.environ | shell)
    assert ended.stdout.split() == ["check"]


def test_a_students_check_from_below_the_kit(kit, call_grader):
    """`grader check FILE` from a folder below the kit checks the kit, and says which one."""
    (kit / "student.py").write_text(GOOD)
    ended = call_grader("check", "assignment.toml", cwd=kit / "checks")
    assert ended.returncode == 0
    assert f"Checking {kit.resolve()}." in _error(ended)
    assert ended.stdout.splitlines()[-1] == "15 of 15 points: all 2 checks passed."


def test_nobody_speaks_of_courses_to_students(call_grader, tmp_path):
    """Outside of any kit `grader check` says which folder is meant, without a word of courses."""
    ended = call_grader("check", cwd=tmp_path)
    assert ended.returncode == 2
    assert "There is no assignment here" in _error(ended)
    assert "course" not in ended.stderr.replace(str(tmp_path), "")


def test_the_doctor_examines_this_machine(call_grader, tmp_path):
    """`grader doctor` says what works, one line each, and exits with 0 or 3."""
    ended = call_grader("doctor", cwd=tmp_path)
    marks = {line[0] for line in ended.stdout.splitlines() if not line.startswith(" ")}
    assert marks <= set("✓–✗")
    assert ended.returncode == (3 if "✗" in marks else 0)
    assert "wall `process`: a trial run took" in ended.stdout


def test_the_command_is_installed(tmp_path):
    """The command is called `grader`."""
    command = Path(sys.executable).with_name("grader")
    assert subprocess.run([command, "--help"], capture_output=True, cwd=tmp_path).returncode == 0
