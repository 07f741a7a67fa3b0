"""Tests of grader.live.watch and of `grader check --watch` with real files."""

import builtins
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from grader.errors import UsageError
from grader.live.watch import Changes, rounds
from grader.submissions.submission import Found

GOOD = "def double(x):\n    return 2 * x\n\n\ndef triple(x):\n    return 3 * x\n"
WAIT_S = 60.0


class _Session:
    """A watching grader, and what it has printed so far."""

    def __init__(self, process):
        self.process = process
        self.text = ""
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self):
        for line in self.process.stdout:
            self.text += line

    def await_rounds(self, count):
        """Return what was printed once so many rounds are over."""
        deadline = time.monotonic() + WAIT_S
        while self.text.count("Watching for the next save") < count:
            assert time.monotonic() < deadline, self.text
            assert self.process.poll() is None, self.text
            time.sleep(0.02)
        return self.text

    def interrupt(self):
        """Press Ctrl-C; return the exit code."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(WAIT_S)
        self._thread.join()
        return code

    def children(self):
        """Return the process ids of the grader's children: its fork server, and what it has forked."""
        return Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()


def _save(file, text):
    """Save like an editor: nobody ever sees half a file."""
    draft = file.with_name(".draft")
    draft.write_text(text)
    draft.replace(file)


@pytest.fixture
def watch(start_grader, make_course, write_files, tmp_path):
    """Return a function that watches a student's folder, with further options."""
    course = make_course(tmp_path / "course")
    student = write_files(tmp_path / "mine", {"student.py": GOOD})
    sessions = []

    def start(*options):
        arguments = ("check", student, "-a", "tiny", "--course", course, "--watch", "--task", "double", *options)
        sessions.append(_Session(start_grader(*arguments, cwd=tmp_path, stderr=subprocess.STDOUT)))
        return sessions[-1], student / "student.py", course

    yield start
    for session in sessions:
        session.process.kill()


def test_each_save_is_checked_and_the_last_round_decides(watch):
    """A save, a syntax error, a deletion and a repair are each checked at once; Ctrl-C exits with the last code."""
    session, file, _ = watch()
    assert "all 1 checks passed. Next" not in session.await_rounds(1)
    _save(file, "def double(:\n")
    assert "`student.py`, line 1, is not valid Python" in session.await_rounds(2)
    file.unlink()
    assert "the submission can't be read" in session.await_rounds(3)
    _save(file, GOOD.replace("2 * x", "x"))
    seen = session.await_rounds(4)
    assert "\x1b" not in seen, "a pipe gets no codes that clear a screen"
    assert session.interrupt() == 1
    assert session.text.endswith("Stopped.\n")
    assert "Traceback" not in session.text


def test_a_round_that_passes_exits_with_0(watch):
    """Where the last round passed, Ctrl-C exits with 0; only the chosen task was run, and the next step is said."""
    session, file, _ = watch()
    session.await_rounds(1)
    _save(file, GOOD.replace("3 * x", "x"))
    text = session.await_rounds(2)
    assert "triple" not in text.casefold()
    assert "Next: `grader check` runs all tasks." in text
    assert session.interrupt() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="a process's children are read from /proc")
def test_a_warm_round_pays_for_no_import(watch, tmp_path):
    """All rounds are served by the one process that has imported torch, and by checks that were collected once."""
    session, file, course = watch()
    session.await_rounds(1)
    checks = course / "tests" / "assignments" / "tiny" / "test_tiny.py"
    mark = tmp_path / "collected"
    _save(checks, checks.read_text() + f"\n\nwith open({str(mark)!r}, 'a') as file:\n    file.write('x')\n")
    session.await_rounds(2)
    servers, collected = session.children(), mark.read_text()
    assert servers
    for number in range(3, 6):
        _save(file, f"{GOOD}# {number}\n")
        session.await_rounds(number)
    assert session.children() == servers
    assert mark.read_text() == collected
    session.interrupt()


def test_checks_that_change_are_read_anew(watch):
    """A check that its author breaks is told and waited for; mended, it is run as it is then."""
    session, _, course = watch()
    session.await_rounds(1)
    checks = course / "tests" / "assignments" / "tiny" / "test_tiny.py"
    good = checks.read_text()
    _save(checks, "def broken(:\n")
    deadline = time.monotonic() + WAIT_S
    while "The checks of tiny can't be run" not in session.text:
        assert time.monotonic() < deadline, session.text
        time.sleep(0.02)
    _save(checks, good)
    session.await_rounds(2)
    assert session.interrupt() == 0


def test_the_page_we_write_starts_no_round(watch, tmp_path):
    """A scorecard written into the watched folder is no save of the student's."""
    session, file, _ = watch("--html", tmp_path / "mine" / "card.html")
    session.await_rounds(1)
    time.sleep(1)
    assert session.text.count("Watching for the next save") == 1
    assert f"Scorecard: {file.parent / 'card.html'}" in session.text
    session.interrupt()


def test_no_round_no_verdict(watch):
    """Interrupted before the first round is over, the grader exits with 130."""
    session, _, _ = watch()
    time.sleep(0.1)
    session.process.send_signal(signal.SIGINT)
    assert session.process.wait(WAIT_S) in (130, -signal.SIGINT)


def test_a_scorecard_of_ones_own(call_grader, make_course, write_files, tmp_path):
    """`grader check --html` writes one page that stands alone and prints where it is."""
    make_course(tmp_path)
    student = write_files(tmp_path / "mine", {"student.py": GOOD})
    ended = call_grader("check", student, "-a", "tiny", "--task", "double", "--html", "out/card.html", cwd=tmp_path)
    assert ended.returncode == 0
    assert ended.stdout.endswith(f"Scorecard: {tmp_path / 'out' / 'card.html'}\n")
    page = (tmp_path / "out" / "card.html").read_text()
    assert "<html" in page
    assert "all submissions" not in page


def test_watching_needs_a_package(monkeypatch, tmp_path):
    """Without watchfiles the sentence says what to install."""
    real = builtins.__import__

    def missing(name, *arguments, **settings):
        if name == "watchfiles":
            raise ImportError(name)
        return real(name, *arguments, **settings)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(UsageError, match=r"needs the package watchfiles.*pip install 'torchgrade\[watch\]'"):
        Changes([tmp_path]).__enter__()


def test_watching_and_debugging_exclude_each_other(call_grader, tmp_path):
    """--watch starts code afresh, --debug doesn't: both together are a mistake in the command."""
    ended = call_grader("check", "--watch", "--debug", cwd=tmp_path)
    assert ended.returncode == 2
    assert "Leave out one of the two." in ended.stderr


def test_what_cannot_be_watched_is_said(monkeypatch, tmp_path):
    """A system that runs out of watches ends in a sentence with a remedy, not in silence."""

    def full(*_folders, **_settings):
        raise OSError("inotify watch limit reached")

    monkeypatch.setattr("watchfiles.watch", full)
    with Changes([tmp_path]) as changes, pytest.raises(UsageError, match=r"limit reached.*WATCHFILES_FORCE_POLLING"):
        changes.wait()


def test_only_files_of_the_student_count(tmp_path):
    """Caches, hidden files and what we write ourselves are no saves."""
    with Changes([tmp_path], ignored=[tmp_path / "card.html"]) as changes:
        for name in ("card.html", ".draft-1", "a.pyc", "b.py~", "mine.py"):
            (tmp_path / name).write_text("x")
        assert changes.wait() == {(tmp_path / "mine.py").resolve()}


def test_rounds_end_where_checks_change():
    """`rounds` yields the folder once, again for each save, and ends at a save among the checks."""

    class Saves:
        def __init__(self, *saves):
            self.left = [frozenset(map(Path, save)) for save in saves]

        def wait(self):
            return self.left.pop(0)

    found = Found("mine", Path("/mine"))
    saves = Saves(["/mine/a.py"], ["/mine/a.py", "/mine/checks/test_a.py"], ["/mine/b.py"])
    assert list(rounds(found, saves, checks=Path("/mine/checks"))) == [found, found]


def test_checking_needs_no_wall_and_no_network(run_grader, make_course, write_files, tmp_path):
    """`grader check` works where no bubblewrap is found and no socket leads outside."""
    make_course(tmp_path)
    student = write_files(tmp_path / "mine", {"student.py": GOOD})
    lost = {"PATH": "/nonexistent", "HTTPS_PROXY": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1"}
    ended = run_grader("check", student, "-a", "tiny", "--task", "double", cwd=tmp_path, environment=lost)
    assert ended.returncode == 0, ended.stderr
