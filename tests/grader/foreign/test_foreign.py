"""The student's loop on a system that is no Unix: no forks, no Unix-only modules, `os.name` "nt" for the package.

On Linux `without_unix.py` runs the command line like that, and every process that it starts; on other systems they are
what they are.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from grader.authoring.record import record_assets
from grader.authoring.template import write_template

WITHOUT_UNIX = Path(__file__).with_name("without_unix.py")
GOOD = "def double(x):\n    print('dopplé')\n    return 2 * x\n\n\ndef triple(x):\n    return 3 * x\n"
LOOK = """
import os, sys
try:
    import resource
except ImportError:
    resource = None
print(os.name, sys.platform, hasattr(os, "fork"), resource is not None)
"""
RUN = """
for name in ("grader.seen", "student"):
    exec(code, {"__name__": name})
"""
NOTEBOOK_COURSE = Path(__file__).parents[1] / "sample_courses" / "notebook-mini"


@pytest.fixture(scope="module")
def made(make_course, read_tiny, tmp_path_factory):
    """Return the kit of the tiny course, its files with the line ends of Windows, in a folder with an odd name."""
    course = make_course(tmp_path_factory.mktemp("made"))
    record_assets(read_tiny(course), write=True)
    kit = course / "student_template" / "tiny"
    write_template(read_tiny(course), kit)
    for path in kit.rglob("*"):
        if path.suffix in (".py", ".toml", ".md", ".json"):
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    return kit


@pytest.fixture
def kit(made, tmp_path):
    """Return a copy of the kit, to be changed at will."""
    return shutil.copytree(made, tmp_path / "Übung 2 (neu)")


def _command(*arguments):
    disguise = [str(WITHOUT_UNIX)] if sys.platform == "linux" else []
    return [sys.executable, *disguise, *map(str, arguments)]


def _environment():
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "NO_COLOR"))}
    return kept | {"COLUMNS": "120", "PYTHONPATH": str(Path(__file__).parents[3])}


def _run(*arguments, cwd, timeout_s=240):
    return subprocess.run(
        _command(*arguments),
        cwd=cwd,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=timeout_s,
    )


def _check(*arguments, cwd):
    return _run("-m", "grader", "check", *arguments, cwd=cwd)


def _said(ended):
    return " ".join(f"{ended.stdout} {ended.stderr}".split())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no need for a disguise")
def test_the_disguise_holds(tmp_path, write_files):
    """What the package sees has no fork, no `resource` and another name; this test file's own world is as ever."""
    folder = write_files(tmp_path, {"run.py": f"code = {LOOK!r}\n{RUN}"})
    ended = _run(folder / "run.py", cwd=tmp_path)
    assert ended.stdout.splitlines() == ["nt win32 False False", f"posix {sys.platform} True True"], ended.stderr


def test_a_solved_kit_passes(kit):
    """`grader check FILE` passes with Windows' line ends, below a folder with spaces and umlauts, and writes a page."""
    (kit / "student.py").write_bytes(GOOD.replace("\n", "\r\n").encode())
    ended = _check("student.py", "--html", "page.html", cwd=kit)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "15 of 15 points: all 2 checks passed." in ended.stdout
    assert "Doubling" in (kit / "page.html").read_text(encoding="utf-8")


def test_what_is_wrong_is_explained(kit):
    """A process for each probe gives the same explanations: what was printed, where it crashed, who was too slow."""
    source = GOOD.replace("return 2 * x", "raise ValueError('no')").replace("return 3 * x", "while True:\n        pass")
    (kit / "student.py").write_text(source, encoding="utf-8")
    ended = _check(cwd=kit)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "`student.py`, line 3, raised `ValueError: no`." in _said(ended)
    assert "dopplé" in _said(ended)
    assert "Your code ran longer than 1 s and was stopped." in _said(ended)


def test_debugging_runs_in_this_process(kit):
    """`grader check --debug` works, and `input()` and exits of the code stay the student's matter."""
    (kit / "student.py").write_text(GOOD.replace("print('dopplé')", "pass"), encoding="utf-8")
    ended = _check("--debug", cwd=kit)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "15 of 15 points" in ended.stdout


def test_watching_checks_again_at_each_save(kit):
    """`grader check --watch` checks again when a file is saved, until Ctrl-C."""
    (kit / "student.py").write_text(GOOD.replace("2 * x", "x"), encoding="utf-8")
    with subprocess.Popen(
        _command("-m", "grader", "check", "--watch", "--task", "double"),
        cwd=kit,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=(kit.parent / "out").open("wb"),
        stderr=(kit.parent / "err").open("wb"),
        preexec_fn=None if os.name == "nt" else lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        try:
            _await(kit.parent / "err", "Watching for the next save", process)
            (kit / "student.py").write_text(GOOD, encoding="utf-8")
            _await(kit.parent / "out", "10 of 10 points: the check passed.", process)
            _await(kit.parent / "err", "Watching for the next save", process, times=2)
            if os.name != "nt":  # there Ctrl-C goes to all processes of a console, these tests included
                process.send_signal(signal.SIGINT)
                assert process.wait(60) == 0
        finally:
            process.kill()


def _await(file, words, process, *, times=1):
    deadline = time.monotonic() + 120
    while file.read_text(encoding="utf-8").count(words) < times:
        assert time.monotonic() < deadline, file.read_text(encoding="utf-8")
        assert process.poll() is None, (file.parent / "err").read_text(encoding="utf-8")
        time.sleep(0.1)


def test_a_notebook_is_checked(tmp_path):
    """A notebook is read, its cells run, and one that never ends is passed over: without signals, by a thread."""
    kit = shutil.copytree(NOTEBOOK_COURSE / "student_template" / "notebook-mini", tmp_path / "kit")
    ended = _check(cwd=kit)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "not implemented" in ended.stdout
    assert "grader failed" not in _said(ended)


def test_a_kernel_is_checked(kit, write_files, tmp_path):
    """`grader.check()` checks what the notebook's kernel holds."""
    (kit / "student.py").write_text(GOOD, encoding="utf-8")
    code = f"import grader\ngrader.check('double', kit={str(kit)!r})\n"
    ended = _run(write_files(tmp_path / "nb", {"cell.py": code}) / "cell.py", cwd=tmp_path)
    assert "10 of 10 points: the check passed." in _said(ended)


def test_strangers_are_graded_on_linux(kit, tmp_path):
    """`grader grade` says in one sentence that it needs Linux, and where that is to be had; exit code 3."""
    ended = _run("-m", "grader", "grade", "tiny", kit, "--out", tmp_path / "out", cwd=kit)
    assert ended.returncode == 3
    assert "`grader grade` runs code of strangers, which needs Linux; `grader check` works here." in _said(ended)
    assert "WSL 2" in _said(ended)
    assert not (tmp_path / "out").exists()


def test_courses_are_proved_on_linux(make_course, tmp_path):
    """`grader audit`, which grades many submissions, says that it needs Linux, too."""
    ended = _run("-m", "grader", "audit", "tiny", "--only", "reference", cwd=make_course(tmp_path))
    assert ended.returncode == 3
    assert "Grading and auditing many submissions needs Linux." in _said(ended)
    assert "Traceback" not in ended.stderr


def test_the_workflow_runs_what_is_there():
    """The workflow for foreign systems is sound YAML, runs on the three systems, and names test files that exist."""
    root = Path(__file__).parents[3]
    text = (root / ".github" / "workflows" / "student.yml").read_text(encoding="utf-8")
    jobs = yaml.safe_load(text)["jobs"]
    assert jobs["check"]["strategy"]["matrix"]["os"] == ["windows-latest", "macos-latest", "ubuntu-24.04"]
    steps = [step for job in jobs.values() for step in job["steps"]]
    assert all(("run" in step) != ("uses" in step) for step in steps)
    named = [word for step in steps for word in step.get("run", "").split() if word.startswith("tests/")]
    assert Path(__file__).parent.relative_to(root).as_posix() in named
    assert [name for name in named if not (root / name).exists()] == []


def test_the_doctor_asks_for_no_wall(tmp_path):
    """`grader doctor` finds nothing wrong: probes run in processes of their own, and the wall is not expected here."""
    ended = _run("-m", "grader", "doctor", cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "– wall `bubblewrap`: The wall around untrusted code needs Linux." in ended.stdout
    assert "✓ wall `process`: a trial run took" in ended.stdout


def test_a_bundle_is_packed(made, tmp_path):
    """An instructor packs a classroom repository here; trying it is refused with what to do, and nothing is written."""
    words = ("-m", "grader", "bundle", "tiny", "--for", "github", "--out", tmp_path / "out")
    course = made.parents[1]
    tried = _run(*words, cwd=course)
    assert tried.returncode == 2, _said(tried)
    assert "which needs Linux. → `--no-try` packs it untried." in _said(tried)
    assert not (tmp_path / "out").exists()
    packed = _run(*words, "--no-try", cwd=course)
    assert packed.returncode == 0, _said(packed)
    assert (tmp_path / "out" / ".github" / "workflows" / "classroom.yml").is_file()
