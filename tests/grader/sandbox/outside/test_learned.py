"""Promises of a fork server that learns: what one submission imports of what is on offer, the next one finds there."""

import pytest

from grader.sandbox.outside.forkserver_client import ForkServer
from grader.sandbox.outside.walls import Wall

SEES = "import sys\nTHERE = [name in sys.modules for name in ('colorsys', 'chunk')]\ndef f(): return THERE\n"
FORGES = """
import json, os

def f():
    for name in ("chunk", "colorsys\\n", 7, "x" * 5000):
        told = json.dumps({"pulled": name}).encode()
        os.write(3, len(told).to_bytes(8, "big") + told)
    return 1
"""


@pytest.fixture
def learning_server(wall):
    with ForkServer(wall, offered=["colorsys", "sndhdr"]) as server:
        yield server


def _seen(server, open_on, call):
    return call(open_on(server, SEES), "f").outputs["result"]


def test_what_an_import_brought_is_there_for_the_next(learning_server, open_on, call):
    """Nobody pays for what nobody imports; what a submission's own import has brought, the next one finds."""
    assert _seen(learning_server, open_on, call) == [False, False]
    assert call(open_on(learning_server, "import colorsys\ndef f(): return 1"), "f").outputs == {"result": 1}
    assert _seen(learning_server, open_on, call) == [True, False]


def test_what_a_probe_brought_is_there_for_the_next_process(learning_server, open_on, call):
    """What a probe has imported is there beforehand for the next probe, also of the same submission."""
    source = SEES + "def g():\n    import colorsys\n    return 1\n"
    sandbox = open_on(learning_server, source)
    assert call(sandbox, "f").outputs["result"] == [False, False]
    assert call(sandbox, "g").outputs == {"result": 1}
    assert call(sandbox, "f").outputs["result"] == [True, False]


def test_what_a_probe_was_killed_over_is_learned(learning_server, open_on, call):
    """A probe that never ends after an import has taught it all the same: asked again, it has time for itself."""
    source = "def f():\n    import colorsys, os\n    os._exit(3)\n"
    call(open_on(learning_server, source), "f")
    assert _seen(learning_server, open_on, call) == [True, False]


def test_a_submission_teaches_nothing_but_what_is_on_offer(learning_server, open_on, call):
    """Whatever a submission says it has imported, the fork server imports only what the course has named."""
    assert call(open_on(learning_server, FORGES), "f").outputs == {"result": 1}
    assert _seen(learning_server, open_on, call) == [False, False]


def test_a_server_that_is_started_again_knows_what_it_has_learned(learning_server, open_on, call):
    """What was learned outlives the process of the fork server."""
    call(open_on(learning_server, "import colorsys\ndef f(): return 1"), "f")
    learning_server.close()
    assert _seen(learning_server, open_on, call) == [True, False]


def test_what_starts_a_thread_is_not_learned(open_on, call, tmp_path, monkeypatch):
    """A module on offer that starts a thread is left to each submission: no fork beside a thread."""
    packages = tmp_path / "site-packages"
    packages.mkdir()
    (packages / "threaded.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
    )
    monkeypatch.syspath_prepend(packages)
    source = "import sys\nTHERE = 'threaded' in sys.modules\nimport threaded\ndef f(): return THERE\n"
    with ForkServer(Wall.PROCESS, offered=["threaded", "colorsys"]) as server:
        for _submission in range(3):
            assert call(open_on(server, source), "f").outputs == {"result": False}
        assert call(open_on(server, "import colorsys\n" + SEES), "f").outputs["result"] == [True, False]
        assert _seen(server, open_on, call) == [False, False]


def test_what_is_on_offer_and_not_installed_is_told_at_once(wall):
    """A package that is missing is a problem before the first submission, though nothing is imported."""
    with ForkServer(wall, offered=["no_such_package.part", "colorsys"]) as server:
        assert server.problems == (
            "no_such_package.part could not be imported: ModuleNotFoundError: No module named 'no_such_package'",
        )
