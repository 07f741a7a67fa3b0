"""Tests of grader.sandbox.inside.conditions: a probe's part of a graphics card, as far as that shows without one.

What needs a card is in test_on_card.py.
"""

import shutil
import tempfile
from pathlib import Path

import pytest
import torch

from grader.sandbox.inside.conditions import on_device
from grader.sandbox.outside import walls
from grader.sandbox.outside.forkserver_client import ForkServer
from grader.sandbox.outside.host import ByDevice
from grader.sandbox.outside.walls import Wall
from grader.sandbox.wire.protocol import Ending, ProbeCall

# A stand-in for a card of 8 GiB: the probes' file is executed in the submission's process, before any student's code.
PROBES = b"""
import os
import types

import torch

from grader.probes import probe

told = []
torch.cuda.get_device_properties = lambda index: types.SimpleNamespace(total_memory=8 << 30)
torch.cuda.set_per_process_memory_fraction = told.append
torch.cuda.manual_seed_all = told.append


@probe(needs=["student"])
def places(*, word):
    import student

    return {"imported": student.pid, "here": os.getpid(), "parent": os.getppid(), "word": word, "told": told}
"""
STUDENT = "import os\npid = os.getpid()\nparent = os.getppid()\n"
SEES = """
import os

def environment():
    return {name: value for name, value in os.environ.items() if "CUDA" in name or "CUBLAS" in name or "LD_" in name}

def exists(path):
    return os.path.exists(path)
"""


@pytest.fixture(scope="module")
def cards_server():
    """Return a fork server for probes on cards, in a plain process."""
    with ForkServer(Wall.PROCESS, device="cuda") as server:
        yield server


def test_modules_are_imported_beside_the_probe(cards_server, plain_server, open_on):
    """What may start CUDA runs in each probe's own fork, nowhere above it; on the CPU modules are imported once."""
    sandbox = open_on(cards_server, STUDENT, probes=PROBES)
    first, second = (sandbox.run(ProbeCall("places", {"word": "x"}, device="cuda", seed=7)).outputs for _ in range(2))
    assert first["imported"] == first["here"] != second["imported"] == second["here"]
    assert first["parent"] == second["parent"]
    plain = open_on(plain_server, STUDENT, probes=PROBES)
    first, second = (plain.run(ProbeCall("places", {"word": "x"})).outputs for _ in range(2))
    assert first["imported"] == second["imported"] == first["parent"]
    assert first["told"] == []


def test_a_part_of_the_card(cards_server, open_on):
    """Torch may take as much of a card as the limit says, never more than all, and its generators are seeded."""
    for limits, fraction in (({}, 0.25), ({"gpu_mib": 4096.0}, 0.5), ({"gpu_mib": 1e6}, 1.0)):
        call = ProbeCall("places", {"word": "é"}, device="cuda", seed=7, limits=limits)
        outputs = open_on(cards_server, STUDENT, probes=PROBES).run(call).outputs
        assert (outputs["told"], outputs["word"]) == ([fraction, 7], "é")


def test_a_module_that_fails_there(cards_server, open_on):
    """A module that can't be imported in the probe's fork is told as ever, and is not tried again."""
    sandbox = open_on(cards_server, "import os\nos.write(1, b'here ')\nraise ValueError('no')\n", probes=PROBES)
    outcome, again = (sandbox.run(ProbeCall("places", {"word": "x"}, device="cuda")) for _ in range(2))
    assert (outcome.ending, outcome.error.type, outcome.error.phase) == (Ending.RAISED, "ValueError", "import")
    assert outcome.printed == "here "
    assert again is outcome


def test_time_for_the_import_is_added(cards_server, open_on):
    """The import is part of the probe there, so a probe may take as long as both."""
    call = ProbeCall("places", {"word": "x"}, device="cuda", limits={"wall_s": 0.2, "import_s": 20.0})
    slow = "import time\ntime.sleep(1)\n" + STUDENT
    assert open_on(cards_server, slow, probes=PROBES).run(call).ending is Ending.OK
    call = ProbeCall("places", {"word": "x"}, device="cuda", limits={"wall_s": 0.2, "import_s": 0.3})
    outcome = open_on(cards_server, "import time\ntime.sleep(9)\n", probes=PROBES).run(call)
    assert (outcome.ending, outcome.detail) == (Ending.TIMED_OUT, "ran longer than 0.5 s")


def test_each_device_has_its_sandbox(cards_server, plain_server, open_on):
    """Probes run where their device is, and closing ends both."""
    plain, on_cards = (open_on(server, STUDENT, probes=PROBES) for server in (plain_server, cards_server))
    both = ByDevice(plain, on_cards)
    told = [both.run(ProbeCall("places", {"word": "x"}, device=device)).outputs["told"] for device in ("cpu", "cuda")]
    assert told == [[], [0.25, 0]]
    both.close()
    assert (plain._name, on_cards._name) == (None, None)


@pytest.mark.skipif(torch.version.cuda is not None, reason="this torch is built for CUDA: test_on_card.py")
def test_a_torch_without_cuda(cards_server, open_on):
    """Where torch can't use cards a probe for one says so, and never runs on the CPU instead."""
    outcome = open_on(cards_server).run(ProbeCall("alone", {"x": torch.ones(2)}, device="cuda"))
    assert (outcome.ending, outcome.error.message) == (Ending.RAISED, "Torch not compiled with CUDA enabled")


def test_what_shows_the_cards(wall, open_on, call, monkeypatch):
    """Behind a wall for cards there are their device files and what CUDA needs to know; behind others there is none."""
    folder = Path(tempfile.mkdtemp(prefix="cards-", dir="/var/tmp"))
    folder.chmod(0o755)
    node = folder / "nvidia0"
    node.write_text("")
    monkeypatch.setattr(walls, "_DEVICES", folder)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/driver")
    try:
        with ForkServer(wall, device="cuda") as server:
            sandbox = open_on(server, SEES)
            assert call(sandbox, "environment").outputs["result"] == {
                "CUDA_VISIBLE_DEVICES": "1",
                "LD_LIBRARY_PATH": "/opt/driver",
                "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
                "CUDA_MODULE_LOADING": "LAZY",
                "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
                "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
            }
            assert call(sandbox, "exists", str(node)).outputs["result"] is True
            assert call(sandbox, "exists", "/sys/devices").outputs["result"] is True
        with ForkServer(wall) as server:
            sandbox = open_on(server, SEES)
            assert call(sandbox, "environment").outputs["result"] == {"CUDA_VISIBLE_DEVICES": ""}
            assert call(sandbox, "exists", str(node)).outputs["result"] is (wall is Wall.PROCESS)
    finally:
        shutil.rmtree(folder)


def test_inputs_move_whole():
    """Every tensor of an input is moved, however deep it lies; everything else stays."""
    x = torch.ones(2)
    given = {"a": [x, {"b": x}], "pair": (x, 1), "size": x.shape, "n": 3, "s": "word", "none": None}
    moved = on_device(given, "meta")
    assert (moved["pair"][0].device.type, moved["pair"][1], type(moved["size"])) == ("meta", 1, torch.Size)
    assert [moved["a"][0].device.type, moved["a"][1]["b"].device.type] == ["meta", "meta"]
    assert (moved["n"], moved["s"], moved["none"]) == (3, "word", None)
