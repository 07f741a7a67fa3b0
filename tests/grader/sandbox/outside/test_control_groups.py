"""Tests of control groups: real ones where this machine allows them, their files where it doesn't."""

import os
import subprocess
import sys
import time

import pytest

from grader.sandbox.outside import control_groups
from grader.sandbox.outside.control_groups import ControlGroup, make_group
from grader.sandbox.outside.forkserver_client import ForkServer
from grader.sandbox.outside.host import WalledSandbox
from grader.sandbox.outside.walls import Wall
from grader.sandbox.wire.limits import Limits
from grader.sandbox.wire.protocol import Ending, ProbeCall

HUNGRY = "held = b'x' * (200 << 20); print(len(held))"
PROBE = b"""
from grader.probes import probe

@probe()
def hold(*, mib):
    return {"n": len(b"x" * (mib << 20))}
"""


@pytest.fixture
def group():
    """Return a group of this machine; skip where none can be made."""
    made = make_group()
    if made is None:
        pytest.skip("No control group can be made here.")
    yield made
    made.remove()


def run_in(group, code):
    command = group.entered_by([sys.executable, "-c", code])
    return subprocess.run(command, capture_output=True, text=True, timeout=30)


def test_the_kernel_bounds_what_is_inside(group):
    """A process within the bound runs, one beyond it is ended by the kernel, and the group can say so."""
    group.bound(400)
    assert run_in(group, HUNGRY).stdout == f"{200 << 20}\n"
    assert group.ended() == 0
    group.bound(100)
    done = run_in(group, HUNGRY)
    assert done.returncode != 0
    assert done.stdout == ""
    assert group.ended() == 1
    assert run_in(group, "print(1)").stdout == "1\n"


def test_a_group_is_removed(group):
    """Nothing is left of a group, also where its last process has only just ended."""
    process = subprocess.Popen(group.entered_by(["sleep", "100"]))
    time.sleep(0.1)
    assert group.held_mib() > 0
    process.kill()
    process.wait()
    group.remove()
    assert not any(folder.exists() for folder in group.folders.values())


def test_groups_of_graders_that_were_killed_are_removed(group):
    """An empty group whose grader is gone is removed when the next one is made."""
    gone = group.folders["memory"].with_name("grader-4194301-1")
    gone.mkdir()
    again = make_group()
    again.remove()
    assert not gone.exists()


def test_what_the_kernel_ends_is_out_of_memory(group):
    """A probe that takes more than its group may hold is out of memory, and the next submission is not touched."""
    with ForkServer(Wall.BUBBLEWRAP) as server:
        found = server._launched.group
        assert found is not None
        for mib, ending in ((1, Ending.OK), (3000, Ending.OUT_OF_MEMORY), (1, Ending.OK)):
            limits = Limits(wall_s=20, memory_mib=4000 if mib == 3000 else 500)
            with WalledSandbox(server, files={}, probes={"probes.py": PROBE}, limits=limits) as sandbox:
                sandbox.run(ProbeCall("hold", {"mib": 1}))
                if mib == 3000:
                    found.bound(server._own_mib + 600)
                assert sandbox.run(ProbeCall("hold", {"mib": mib})).ending is ending
    assert not found.folders["memory"].exists()


def lay_out(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.mark.parametrize(
    ("own", "files", "version", "place"),
    [
        (
            "0::/user/run\n",
            {"user/cgroup.subtree_control": "cpu memory pids", "user/run/cgroup.subtree_control": ""},
            2,
            "user",
        ),
        ("0::/run\n", {"run/cgroup.subtree_control": "memory\n"}, 2, "run"),
        ("4:memory:/job\n0::/\n", {"memory/job/tasks": "", "cgroup.subtree_control": ""}, 1, "memory/job"),
        ("0::/user/run\n", {"user/cgroup.subtree_control": "cpu", "user/run/cgroup.subtree_control": "pids"}, 0, ""),
        ("", {}, 0, ""),
    ],
)
def test_where_groups_can_be_made(tmp_path, monkeypatch, own, files, version, place):
    """Version 1 has its place below the own group of memory, version 2 below or beside it where memory is delegated."""
    lay_out(tmp_path, files)
    (tmp_path / "own").write_text(own)
    monkeypatch.setattr(control_groups, "_MOUNTED", tmp_path)
    monkeypatch.setattr(control_groups, "_OWN", tmp_path / "own")
    found = control_groups._candidates(control_groups._own_folders())
    if not version:
        assert found == []
    else:
        assert found[0][0] == version
        assert found[0][1]["memory"] == tmp_path / place


def test_a_group_of_version_2_is_bounded_without_swap(tmp_path):
    """Version 2 bounds memory and swap, and counts what the kernel ended in its events."""
    group = ControlGroup(2, {"memory": tmp_path})
    group.bound(2)
    assert (tmp_path / "memory.max").read_text() == str(2 << 20)
    assert (tmp_path / "memory.swap.max").read_text() == "0"
    (tmp_path / "memory.events").write_text("low 0\noom 3\noom_kill 2\n")
    assert group.ended() == 2
    assert os.fspath(tmp_path / "cgroup.procs") in group.entered_by(["true"])


@pytest.mark.parametrize(
    ("own", "files", "seconds"),
    [
        ("0::/a/b\n", {"a/cpu.stat": "usage_usec 5\nthrottled_usec 1500000\n", "a/b/cpu.stat": "usage_usec 5\n"}, 1.5),
        ("0::/\n", {"cpu.stat": "nr_throttled 3\nthrottled_usec 250000\n"}, 0.25),
        ("0::/../outside\n", {"cpu.stat": "throttled_usec 250000\n"}, 0.25),
        ("3:cpu,cpuacct:/job\n", {"cpu/job/cpu.stat": "nr_throttled 2\nthrottled_time 2000000000\n"}, 2.0),
        ("3:cpu,cpuacct:/seen/outside\n", {"cpu/cpu.stat": "throttled_time 3000000000\n"}, 3.0),
        ("0::/a\n", {"a/cpu.stat": "throttled_usec soon\n"}, 0.0),
        ("nonsense", {}, 0.0),
    ],
)
def test_how_long_groups_held_a_process_back(monkeypatch, tmp_path, write_files, own, files, seconds):
    """It is read from the own groups and those around them, of both versions, as a container shows them, too."""
    mounted = write_files(tmp_path / "cgroup", {"placeholder": "", **files})
    (tmp_path / "own").write_text(own)
    monkeypatch.setattr(control_groups, "_MOUNTED", mounted)
    monkeypatch.setattr(control_groups, "_OWN", tmp_path / "own")
    control_groups._files_of_time.cache_clear()
    try:
        assert control_groups.throttled_s() == pytest.approx(seconds)
    finally:
        control_groups._files_of_time.cache_clear()
