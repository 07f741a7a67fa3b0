"""Tests of grader.sandbox.outside.crowding: what the kernel tells of processes that wait for a processor."""

import os
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


def test_this_machine():
    """The kernel's own file is read, where there is one, and nobody has waited for longer than the machine runs."""
    waited = crowding._waited_s()
    assert waited is None or 0 <= waited <= time.clock_gettime(time.CLOCK_BOOTTIME)
