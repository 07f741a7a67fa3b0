"""Tests of playing a card, in processes of their own: what is replaced stays so for a process's life."""

import subprocess
import sys

import pytest

SETUP = """\
import sys
from pathlib import Path
import torch
from grader.sandbox.inside.cuda_on_cpu import has_used_processor, watch_for_cuda, with_card_played

watch_for_cuda(Path(sys.argv[1]))
assert not torch.cuda.is_available()
runs = []
def run(body):
    def once():
        runs.append(1)
        return body()
    return with_card_played(once)
def fail(err):
    raise err
"""
PLAYS = """\
assert run(lambda: torch.zeros(2, device="cuda").sum().item()) == 0.0
assert (len(runs), has_used_processor(), torch.cuda.is_available()) == (2, True, False)
assert run(lambda: torch.ones(1).cuda().to("cuda:0").device.type) == "cpu"
assert torch.Generator(device="cuda").device.type == "cpu"
assert len(runs) == 3
assert Path(sys.argv[1], ".on-the-processor").exists()
"""
GOES_WITHOUT = """\
device = run(lambda: "cuda" if torch.cuda.is_available() else "cpu")
assert (device, len(runs), has_used_processor()) == ("cpu", 1, False)
"""
FAILS_ANYWAY = """\
def body():
    if not torch.cuda.is_available():
        fail(ValueError("first"))
    fail(KeyError("second"))
try:
    run(body)
except ValueError as err:
    assert str(err) == "first"
assert (len(runs), has_used_processor()) == (2, False)
try:
    torch.ones(1, device="cuda")
except (AssertionError, RuntimeError):
    runs.append(1)
assert len(runs) == 3
"""
ASKS_NOTHING = """\
try:
    run(lambda: fail(ValueError("own")))
except ValueError:
    runs.append(1)
assert (len(runs), has_used_processor()) == (2, False)
"""
STOPPED = """\
class Stop(BaseException):
    pass
def body():
    torch.ones(1).cuda()
    raise Stop
try:
    run(body)
except Stop:
    runs.append(1)
assert (len(runs), has_used_processor()) == (3, True)
"""


@pytest.mark.parametrize("body", [PLAYS, GOES_WITHOUT, FAILS_ANYWAY, ASKS_NOTHING, STOPPED])
def test_with_card_played(body, tmp_path):
    """The processor plays a card for code that fails without one and works with it, and for nothing else."""
    command = [sys.executable, "-c", SETUP + body, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env={"CUDA_VISIBLE_DEVICES": ""}, check=False)
    assert done.returncode == 0, done.stderr
