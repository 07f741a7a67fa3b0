"""Promises of the wall `user`: submissions run as another user, who reads no answers and has no network."""

import os

import pytest

from grader.errors import SandboxError
from grader.sandbox.outside import ordinary_user
from grader.sandbox.outside.forkserver_client import ForkServer
from grader.sandbox.outside.ordinary_user import refuse_open, refuse_other_than_root
from grader.sandbox.outside.walls import Wall, remedy_for
from grader.sandbox.wire.protocol import Ending

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture(scope="module")
def server():
    """Return a fork server that runs as another user."""
    with ForkServer(Wall.USER) as started:
        yield started


@pytest.fixture
def inside(server, open_on, call):
    """Return a function that runs the body of a function behind the wall and returns what it returns."""

    def run(body, *arguments, ending=Ending.OK):
        indented = "\n".join(f"    {line}" for line in body.strip().splitlines())
        outcome = call(
            open_on(server, f"import os, socket, time\n\ndef body(*arguments):\n{indented}\n"), "body", *arguments
        )
        assert outcome.ending is ending, outcome
        return outcome.outputs["result"] if ending is Ending.OK else None

    return run


TRY_TO_READ = """
try:
    return open(arguments[0]).read()
except OSError as err:
    return type(err).__name__
"""


@as_root
def test_another_user_without_rights(inside):
    """Code runs as an ordinary user in no group of root's, and can't become root again."""
    body = """
try:
    os.setuid(0)
except OSError as err:
    return [os.getuid(), os.getgid(), os.getgroups(), str(err)]
"""
    assert inside(body) == [65534, 65534, [], "[Errno 1] Operation not permitted"]


@as_root
def test_closed_folders_are_closed(inside, tmp_path):
    """What lies in a folder that root has closed is out of reach; the grader's own memory and environment, too."""
    (tmp_path / "answers.txt").write_text("4")
    tmp_path.chmod(0o700)
    assert inside(TRY_TO_READ, str(tmp_path / "answers.txt")) == "PermissionError"
    assert inside(TRY_TO_READ, f"/proc/{os.getpid()}/environ") == "PermissionError"


@as_root
def test_the_fork_server_is_out_of_reach(inside):
    """No submission opens the memory of the processes above it, which would undo the filter."""
    body = """
reached = []
with open("/proc/self/status") as file:
    parent = next(int(line.split()[1]) for line in file if line.startswith("PPid:"))
while parent > 1:
    try:
        open(f"/proc/{parent}/mem", "r+b").close()
        reached.append(parent)
    except OSError:
        pass
    with open(f"/proc/{parent}/stat") as file:
        name, parent = parent, int(file.read().rpartition(")")[2].split()[1])
return [len(reached), os.getppid() > 1]
"""
    reached, has_parent = inside(body)
    assert has_parent
    assert reached <= 1  # the submission's own process, from which the probe was forked


@as_root
def test_no_network(inside):
    """No socket reaches beyond the machine; those between processes work."""
    body = """
refused = []
for family in (socket.AF_INET, socket.AF_INET6):
    try:
        socket.socket(family)
    except OSError as err:
        refused.append(err.errno)
ours, theirs = socket.socketpair()
ours.send(b"x")
return [refused, theirs.recv(1).decode()]
"""
    assert inside(body) == [[22, 22], "x"]


@as_root
def test_limits_hold(inside):
    """What runs too long is stopped; what holds too much memory ends."""
    inside("time.sleep(60)", ending=Ending.TIMED_OUT)
    inside("return len(bytearray(2 << 30))", ending=Ending.OUT_OF_MEMORY)


@as_root
def test_nothing_is_left(inside, tmp_path):
    """A file of a submission's own folder is gone at the end."""
    place = inside("open('left.txt', 'w').write('x')\nreturn os.path.abspath('left.txt')")
    assert "/own/submission/" in place


def test_others_than_root_are_refused(monkeypatch):
    """Who can't become another user is told so, with what to do."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SandboxError) as caught:
        refuse_other_than_root()
    assert str(caught.value) == (
        "The wall `user` runs submissions as another user, and only root on Linux can become one. "
        "Grade as root in a container, or behind `--wall bubblewrap`."
    )
    monkeypatch.setattr(ordinary_user.sys, "platform", "darwin")
    assert not ordinary_user.may_change_user()
    assert "root in a container" in remedy_for(Wall.USER)


def test_an_open_folder_of_answers_is_refused(tmp_path, monkeypatch):
    """Answers that every user can read are no secret: the folder is named, with the command that closes it."""
    monkeypatch.setattr(ordinary_user, "is_reachable", lambda folder: folder.stat().st_mode & 1 == 1)
    opened, closed = tmp_path / "open to all", tmp_path / "closed"
    opened.mkdir(mode=0o755)
    closed.mkdir(mode=0o700)
    refuse_open([closed, tmp_path / "absent"])
    with pytest.raises(SandboxError) as caught:
        refuse_open([closed, opened])
    assert str(caught.value) == (
        f"Behind the wall `user` submissions could read {opened}: every user may enter it. "
        f"`chmod o-rwx '{opened}'` closes it to others."
    )


@as_root
def test_a_class_is_graded(make_course, run_grader, write_files, tmp_path):
    """`grader grade --wall user` grades from a closed course, and refuses an open one."""
    tmp_path.chmod(0o700)
    course = make_course(tmp_path / "course")
    work = write_files(tmp_path / "work", {"student.py": "def double(x):\n    return 2 * x\n"})
    done = run_grader("grade", "tiny", work, "--out", tmp_path / "out", "--wall", "user", "-t", "double", cwd=course)
    assert done.returncode == 0, done.stderr
    assert "work,10,10,100" in (tmp_path / "out" / "grades.csv").read_text()
    assert '"wall": "user"' in (tmp_path / "out" / "results.json").read_text()
