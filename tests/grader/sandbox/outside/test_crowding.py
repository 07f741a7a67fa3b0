"""Tests of grader.sandbox.outside.crowding: what the kernel tells of processes that wait for a processor."""

import os
import subprocess
import sys
import time

import pytest

from grader.sandbox.outside import crowding
from grader.sandbox.outside.crowding import Crowding


@pytest.fixture
def pressure(monkeypatch, tmp_path):
    """Return a function that says how long some process has waited so far, in seconds."""
    file = tmp_path / "cpu"
    monkeypatch.setattr(crowding, "_PRESSURE", file)

    def say(waited_s):
        file.write_text(f"some avg10=1.00 avg60=0.00 total={int(waited_s * 1e6)}\nfull avg10=0.00 total=0\n")

    say(100)
    return say


@pytest.mark.parametrize(("waited_s", "is_crowded"), [(0, False), (0.01, False), (0.15, True), (2, True)])
def test_waiting_is_a_share_of_the_time(pressure, waited_s, is_crowded):
    """A fifth of the time is a crowd, less is not."""
    watched = Crowding()
    time.sleep(0.3)
    pressure(100 + waited_s)
    assert watched.is_found() is is_crowded


@pytest.mark.parametrize(("load", "is_crowded"), [(0.5, False), (999.0, True)])
def test_without_pressure_the_load_counts(monkeypatch, tmp_path, load, is_crowded):
    """Where the kernel does not tell who waited, more processes than processors are a crowd."""
    monkeypatch.setattr(crowding, "_PRESSURE", tmp_path / "absent")
    monkeypatch.setattr(os, "getloadavg", lambda: (load, load, load))
    assert Crowding().is_found() is is_crowded


STANDS_STILL = """
import time
from grader.sandbox.outside.crowding import Crowding
watched = Crowding()
began = time.monotonic()
while time.monotonic() - began < 1:
    pass
print(watched.is_found())
"""


@pytest.mark.parametrize("held_back_s", [0.0, 0.2])
def test_standing_still_for_a_quota_is_a_crowd(monkeypatch, pressure, held_back_s):
    """What the kernel held back for a fifth of the time, since its container has a part of a processor, had no time."""
    told = iter([7.0, 7.0 + held_back_s])
    monkeypatch.setattr(crowding, "throttled_s", lambda: next(told))
    watched = Crowding()
    time.sleep(0.3)
    assert watched.is_found() is bool(held_back_s)


def test_a_container_with_a_third_of_a_processor(third_of_a_processor):
    """A process in a real group with a quota finds that it was held back."""
    command = [sys.executable, "-c", STANDS_STILL]
    done = subprocess.run(command, preexec_fn=third_of_a_processor, capture_output=True, text=True, timeout=60)
    assert done.stdout == "True\n", done.stderr


def test_this_machine():
    """The kernel's own file is read, where there is one, and nobody has waited for longer than the machine runs."""
    waited = crowding._waited_s()
    assert waited is None or 0 <= waited <= time.clock_gettime(time.CLOCK_BOOTTIME)
