"""Tests of probes on a real graphics card, behind a real wall: `pytest -m gpu` on a machine that has one."""

import threading

import pytest
import torch

from grader.doctor import try_wall
from grader.runs.cards import usable_cards
from grader.sandbox.outside.forkserver_client import ForkServer
from grader.sandbox.outside.walls import Wall
from grader.sandbox.wire.limits import Limits
from grader.sandbox.wire.protocol import Ending, ProbeCall

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not usable_cards(), reason="nvidia-smi tells of no card that may be used"),
]

WALLS = [Wall.BUBBLEWRAP, Wall.PROCESS]
STUDENT = """
import torch

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
WEIGHT = torch.eye(3, device=DEVICE)  # starts CUDA while the module is imported

def apply(x):
    return x @ WEIGHT

def train(x):
    layer = torch.nn.Linear(3, 2).to(DEVICE)
    torch.nn.functional.cross_entropy(layer(x), torch.zeros(len(x), dtype=torch.int64, device=DEVICE)).backward()
    return layer.weight.grad

def draw(_x):
    return torch.rand(4, device=DEVICE)

def take(x, mib=1024):
    return torch.zeros(mib << 18, device=x.device)[:1]

def hold(x):
    import time
    kept = take(x, mib=256)
    time.sleep(2)
    return kept

def break_kernel(x):
    table = torch.zeros(3, device=x.device)
    broken = table[torch.full((2,), 99, device=x.device)]
    torch.cuda.synchronize()
    return broken
"""
PROBES = b"""
from grader.probes import probe


@probe(needs=["student"])
def call(*, name, x):
    import student

    return {"result": getattr(student, name)(x)}
"""


@pytest.fixture(scope="module")
def servers():
    """Return fork servers for cards, by their walls."""
    with ForkServer(Wall.BUBBLEWRAP, device="cuda") as walled, ForkServer(Wall.PROCESS, device="cuda") as plain:
        yield {Wall.BUBBLEWRAP: walled, Wall.PROCESS: plain}


@pytest.fixture(params=WALLS)
def on_card(request, servers, open_on):
    """Return a function that calls one of the student's functions on a card."""
    sandbox = open_on(servers[request.param], STUDENT, probes=PROBES, limits=Limits())

    def run(name, *, seed=0, **limits):
        x = torch.arange(6.0).reshape(2, 3)
        return sandbox.run(ProbeCall("call", {"name": name, "x": x}, device="cuda", seed=seed, limits=limits))

    return run


@pytest.mark.parametrize("wall", WALLS)
def test_trial(wall):
    """A tiny submission runs on the card behind each wall."""
    finding = try_wall(wall, device="cuda")
    assert finding.is_good, finding


def test_a_probe_on_the_card(on_card):
    """Inputs are on the card, also for a module that starts CUDA at its import; outputs come back with their device."""
    for _again in range(2):
        outcome = on_card("apply")
        assert (outcome.ending, outcome.devices) == (Ending.OK, {"result": "cuda:0"}), outcome
        assert torch.equal(outcome.outputs["result"], torch.arange(6.0).reshape(2, 3))


def test_gradients_and_draws_repeat(on_card):
    """The same seed gives the same numbers, another gives others."""
    assert torch.equal(on_card("train", seed=1).outputs["result"], on_card("train", seed=1).outputs["result"])
    first, again, other = (on_card("draw", seed=seed).outputs["result"] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_memory_of_the_card_is_bounded(on_card):
    """Torch gets no more of a card than the limit says, is told so, and the next probe has its part again."""
    outcome = on_card("take", gpu_mib=512.0)
    assert outcome.ending is Ending.OUT_OF_MEMORY, outcome
    assert on_card("take", gpu_mib=2048.0).ending is Ending.OK


def test_a_broken_kernel_ends_its_probe_only(on_card):
    """An error on the card is told, and the next probe runs."""
    outcome = on_card("break_kernel")
    assert outcome.ending in (Ending.RAISED, Ending.KILLED), outcome
    assert on_card("apply").ending is Ending.OK


def test_several_share_a_card(servers, open_on):
    """Two submissions use one card at the same time."""
    call = ProbeCall("call", {"name": "hold", "x": torch.ones(1)}, device="cuda", limits={"gpu_mib": 512.0})
    sandboxes = [open_on(server, STUDENT, probes=PROBES, limits=Limits()) for server in servers.values()]
    endings = {}
    threads = [
        threading.Thread(target=lambda number=number: endings.update({number: sandboxes[number].run(call).ending}))
        for number in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert endings == {0: Ending.OK, 1: Ending.OK}
