"""Promises of `grader.sandbox.outside.forkserver_client`: what it starts, it ends."""

import pytest

from grader.sandbox.outside import forkserver_client
from grader.sandbox.outside.forkserver_client import ForkServer
from grader.sandbox.outside.walls import Wall


def test_interrupted_while_it_starts(monkeypatch):
    """Ctrl-C while the fork server still imports leaves neither a process nor a folder behind."""
    started = []
    launch = forkserver_client.launch
    monkeypatch.setattr(
        forkserver_client, "launch", lambda *given, **named: started.append(launch(*given, **named)) or started[0]
    )

    def interrupted(*_given, **_named):
        raise KeyboardInterrupt

    monkeypatch.setattr(ForkServer, "_await", interrupted)
    with pytest.raises(KeyboardInterrupt), ForkServer(Wall.PROCESS):
        pass
    (launched,) = started
    assert launched.process.poll() is not None
    assert not launched.scratch.exists()
