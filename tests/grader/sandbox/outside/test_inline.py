"""Promises of `grader.sandbox.outside.inline`: probes in this very process."""

import os
import sys

import pytest
import torch

from grader.errors import CourseError
from grader.sandbox.inside.cuda_on_cpu import has_used_processor
from grader.sandbox.outside.inline import InlineSandbox
from grader.sandbox.wire.limits import Limits
from grader.sandbox.wire.protocol import Ending, ProbeCall
from grader.sandbox.wire.tensors import Opaque

PROBES = b"""
from grader.probes import probe

@probe(needs=["inline_student"])
def call(*, name, x):
    import inline_student
    return {"result": getattr(inline_student, name)(x)}

@probe()
def alone():
    return {"y": 1}
"""


@pytest.fixture
def open_inline(tmp_path, monkeypatch):
    """Return a function that opens a submission of one module in this process, and forgets it afterwards."""
    opened = []

    def open_folder(source):
        (tmp_path / "inline_student.py").write_text(source)
        opened.append(InlineSandbox(tmp_path, probes={"probes.py": PROBES}, limits=Limits()))
        return opened[-1]

    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield open_folder
    for sandbox in opened:
        sandbox.close()
    sys.modules.pop("inline_student", None)


def test_runs_here(open_inline):
    """A probe runs in the caller's own process, and its values take the way through bytes."""
    sandbox = open_inline("import os\ndef f(x): return [os.getpid(), x, f]")
    x = torch.ones(3)
    outcome = sandbox.run(ProbeCall("call", {"name": "f", "x": x}))
    pid, back, function = outcome.outputs["result"]
    assert (outcome.ending, pid, function) == (Ending.OK, os.getpid(), Opaque("function"))
    assert torch.equal(back, x)
    assert back is not x
    assert outcome.wall_s > 0


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a card")
def test_a_card_is_played_and_taken_back(open_inline):
    """Code that insists on a card runs on the processor, as behind a wall; afterwards torch is as it was."""
    before = [torch.cuda._lazy_init, torch.cuda.is_available, torch.Generator]
    sandbox = open_inline("def f(x): return x.cuda()")
    assert sandbox.run(ProbeCall("call", {"name": "f", "x": torch.ones(2)})).outputs["result"].tolist() == [1.0, 1.0]
    assert has_used_processor()
    sandbox.close()
    assert [torch.cuda._lazy_init, torch.cuda.is_available, torch.Generator] == before
    assert not has_used_processor()
    with pytest.raises((AssertionError, RuntimeError)):
        torch.ones(1).cuda()


def test_inputs_are_copies(open_inline):
    """What a student writes into an input does not reach the caller's tensor."""
    x = torch.ones(3)
    open_inline("def f(x): x.zero_()").run(ProbeCall("call", {"name": "f", "x": x}))
    assert torch.equal(x, torch.ones(3))


def test_exceptions(open_inline):
    """An exception is described as behind a wall."""
    outcome = open_inline("def f(x):\n    return 1 / x\n").run(ProbeCall("call", {"name": "f", "x": 0}))
    assert (outcome.ending, outcome.error.type) == (Ending.RAISED, "ZeroDivisionError")
    assert [(frame.file, frame.line) for frame in outcome.error.frames] == [("inline_student.py", 2)]


def test_failing_import(open_inline):
    """A failing import is described for each probe that needs it, and tried once."""
    sandbox = open_inline("import builtins\nbuiltins.tries = getattr(builtins, 'tries', 0) + 1\nraise ValueError('no')")
    outcomes = [sandbox.run(ProbeCall("call", {"name": "f", "x": 0})) for _ in range(2)]
    assert {(outcome.error.phase, outcome.error.message) for outcome in outcomes} == {("import", "no")}
    import builtins

    assert builtins.tries == 1
    del builtins.tries
    assert sandbox.run(ProbeCall("alone", {})).outputs == {"y": 1}


def test_settings_are_restored(open_inline):
    """Default dtype and threads are the caller's again after a probe."""
    before = torch.get_default_dtype(), torch.get_num_threads()
    sandbox = open_inline("import torch\ndef f(x): return [str(torch.get_default_dtype()), torch.get_num_threads()]")
    outcome = sandbox.run(ProbeCall("call", {"name": "f", "x": 0}, dtype="float64", threads=1))
    assert outcome.outputs["result"] == ["torch.float64", 1]
    assert (torch.get_default_dtype(), torch.get_num_threads()) == before


def test_unknown_probe(open_inline):
    """A probe that isn't there is named."""
    with pytest.raises(CourseError) as caught:
        open_inline("").run(ProbeCall("other", {}))
    assert caught.value.message == "The assignment has no probe 'other'."


def test_a_probe_of_a_broken_file(tmp_path, monkeypatch):
    """A probe that can't be used is told with its file's failure."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    sandbox = InlineSandbox(tmp_path, probes={"probes.py": PROBES + b"1 / 0"}, limits=Limits())
    with pytest.raises(CourseError, match=r"The probe 'alone' can't be used: probes\.py failed in line \d+: ZeroDiv"):
        sandbox.run(ProbeCall("alone", {}))


def test_close(open_inline, tmp_path):
    """Closing takes the folder off the import path, once."""
    sandbox = open_inline("")
    assert str(tmp_path.resolve()) in sys.path
    sandbox.close()
    sandbox.close()
    assert str(tmp_path.resolve()) not in sys.path


def test_keys_of_inputs_stay_what_they_are(open_inline):
    """A dict among the inputs keeps its whole numbers and tuples as keys, as behind a wall."""
    sandbox = open_inline("def f(x): return sorted(map(repr, x))")
    outcome = sandbox.run(ProbeCall("call", {"name": "f", "x": {(1, 2): 3, 7: 8, "a": 9}}))
    assert outcome.outputs["result"] == ["'a'", "(1, 2)", "7"]
