"""Tests of grader.sandbox.inside.statement_time: with timers that send signals, and with a thread instead."""

import importlib
import signal
import sys
import time
from pathlib import Path

import pytest

from grader.sandbox.inside.statement_time import StatementTooLong, time_limit


@pytest.fixture(params=["signals", "thread"])
def means(request, monkeypatch):
    """Take away the timers for one of two runs."""
    if request.param == "thread":
        monkeypatch.delattr(signal, "setitimer")


def _compute(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def _wait(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.05)


def _compute_stubbornly(seconds, caught):
    try:
        _compute(seconds)
    except BaseException as err:
        caught.append(err)
    _compute(seconds)


def test_computing_is_limited(means):
    """A loop is interrupted after its seconds of computing, and the words say so."""
    with pytest.raises(StatementTooLong, match=r"it computed for longer than 0\.1 s"), time_limit(cpu_s=0.1, wall_s=30):
        _compute(20)


def test_waiting_is_limited(means):
    """A statement that only waits is interrupted by the clock."""
    with pytest.raises(StatementTooLong, match=r"it took longer than 0\.2 s"), time_limit(cpu_s=30, wall_s=0.2):
        _wait(20)


def test_a_statement_that_catches_it_gets_another_one(means):
    """`except BaseException` once doesn't help: the next one comes soon."""
    caught = []
    with pytest.raises(StatementTooLong), time_limit(cpu_s=0.1, wall_s=30):
        _compute_stubbornly(20, caught)
    assert [type(err) for err in caught] == [StatementTooLong]


def test_what_ends_in_time_is_left_alone(means):
    """Nothing is raised in or after a body that ends in time, and one limit follows another."""
    for _again in range(3):
        with time_limit(cpu_s=0.2, wall_s=5):
            _compute(0.01)
    _compute(0.4)


def test_other_errors_pass(means):
    """An error of the body's own comes out as it is."""
    with pytest.raises(KeyError), time_limit(cpu_s=5, wall_s=5):
        raise KeyError("own")
    assert sys.exc_info() == (None, None, None)


SLOW = """\
import time
from pathlib import Path
end = time.process_time() + 0.4
while time.process_time() < end:
    pass
whole = True
"""


@pytest.fixture
def importing(tmp_path, monkeypatch):
    """Return a function that imports a module which computes for 0.4 s, a new one each time."""
    monkeypatch.syspath_prepend(tmp_path)

    def bring(name):
        (tmp_path / f"{name}.py").write_text(SLOW)
        return importlib.import_module(name)

    return bring


def test_an_import_is_not_cut_in_half(means, importing, request):
    """A library that a statement imports is there as a whole; then the statement has its own seconds, and no more."""
    name = f"slow_{request.node.callspec.params['means']}"
    with time_limit(cpu_s=0.2, wall_s=30, import_s=10):
        assert importing(name).whole
        _compute(0.05)
    with pytest.raises(StatementTooLong), time_limit(cpu_s=0.2, wall_s=30, import_s=10):
        _compute(20 if importing(f"{name}_again").whole else 0)


def test_an_import_has_an_end(means, importing, request):
    """What is imported for longer than an import may take is cut off, and a student's own file like a statement."""
    name = f"endless_{request.node.callspec.params['means']}"
    with pytest.raises(StatementTooLong), time_limit(cpu_s=0.1, wall_s=30, import_s=0.2):
        importing(name)
    with pytest.raises(StatementTooLong), time_limit(cpu_s=0.1, wall_s=30, import_s=10, root=Path(sys.path[0])):
        importing(f"{name}_own")
