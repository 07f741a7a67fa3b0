"""Tests of grader.runs.capacity on files as Linux has them."""

import os

import pytest

from grader.runs import capacity
from grader.runs.capacity import free_memory_mib, usable_cores

MIB = 1 << 20


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Return a function that sets what the system says of memory and control groups."""

    def machine(*, available_kib=8 << 20, group="0::/box/job", **files):
        texts = {"/proc/meminfo": f"MemTotal: 1 kB\nMemAvailable: {available_kib} kB", "/proc/self/cgroup": group}
        for path, text in files.items():
            file = tmp_path / "cgroup" / path.replace("__", "/").replace("_", ".")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        read = capacity._read
        monkeypatch.setattr(capacity, "_CGROUPS", tmp_path / "cgroup")
        monkeypatch.setattr(capacity, "_read", lambda path: texts.get(str(path)) or read(path))
        monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(8)), raising=False)

    return machine


def test_a_plain_machine_is_used_as_a_whole(machine):
    """Without control groups' limits there are the cores this process may run on, and the available memory."""
    machine()
    assert (usable_cores(), free_memory_mib()) == (8, 8192)


def test_a_containers_share_is_what_counts(machine):
    """The limits of the process' own group and of those above it hold: the least wins."""
    machine(
        cpu_max="max 100000",
        box__cpu_max="350000 100000",
        box__job__cpu_max="max 100000",
        box__memory_max=str(4096 * MIB),
        box__memory_current=str(1024 * MIB),
        box__memory_stat=f"anon 1\ninactive_file {512 * MIB}",
        box__job__memory_max="max",
        box__job__memory_current="5",
    )
    assert (usable_cores(), free_memory_mib()) == (3, 4096 - 1024 + 512)


def test_less_than_a_core_is_one(machine):
    """A container with half a core still gets a process, and one over its memory has none free."""
    machine(
        box__job__cpu_max="50000 100000",
        box__job__memory_max=str(MIB),
        box__job__memory_current=str(2 * MIB),
    )
    assert (usable_cores(), free_memory_mib()) == (1, 0)


@pytest.mark.parametrize("group", ["", "4:memory:/x", "0::/../../etc"])
def test_odd_groups_say_nothing(machine, group):
    """A system without the second version of control groups, or with paths out of it, has no such limits."""
    machine(group=group or "nothing")
    assert (usable_cores(), free_memory_mib()) == (8, 8192)


def test_this_machine_has_something():
    """On a real machine there are cores and memory."""
    assert usable_cores() >= 1
    assert (free_memory_mib() or 1) > 0
