"""Promises of `grader.sandbox.inside.serving` and `grader.sandbox.outside.host` about processes that probes share."""

import pytest

from grader.sandbox.wire.limits import Limits
from grader.sandbox.wire.protocol import Ending, ProbeCall

STUDENT = """
import os, threading, time
import torch

counts = [[0]]

def counted():
    "Count the calls in this process: what is put back for the next probe is not as deep."
    counts[0][0] += 1
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    os.environ["LEFT"] = "behind"
    os.chdir("/")
    return counts[0][0]

def found():
    return [str(torch.get_default_dtype()), torch.is_grad_enabled(), os.environ.get("LEFT"), os.getcwd() == "/"]

def thread():
    threading.Thread(target=time.sleep, args=(20,), daemon=True).start()

def process():
    return os.getpid()

def fail():
    raise ValueError("no")

def leave():
    os._exit(3)

def loop():
    while True:
        pass

def talk():
    print("said", os.getpid())

def spend():
    until = time.process_time() + 1
    while time.process_time() < until:
        pass
"""


@pytest.fixture
def opened(open_student):
    """Return a submission behind each wall."""
    return open_student(STUDENT)


def test_calls_of_one_name_share_a_process(opened, call):
    first, second = (call(opened, "counted", shared="a") for _ in range(2))
    assert (first.outputs["result"], second.outputs["result"]) == (1, 2)
    assert (first.is_first, second.is_first) == (True, False)
    assert call(opened, "found", shared="a").outputs["result"] == ["torch.float32", True, None, False]


def test_other_names_and_none_have_processes_of_their_own(opened, call):
    names = ["a", "a", "b", "", "", "a"]
    outcomes = [call(opened, "counted", shared=name) for name in names]
    assert [outcome.outputs["result"] for outcome in outcomes] == [1, 2, 1, 1, 1, 1]
    assert [outcome.is_first for outcome in outcomes] == [True, False, True, True, True, True]


def test_a_failure_leaves_the_process_for_the_next(opened, call):
    endings = [call(opened, name, shared="a").ending for name in ("counted", "fail", "counted")]
    assert endings == [Ending.OK, Ending.RAISED, Ending.OK]
    assert call(opened, "counted", shared="a").outputs["result"] == 3


@pytest.mark.parametrize("name", ["thread", "leave", "loop"])
def test_a_process_that_is_no_more_as_it_was_answers_nobody_else(opened, call, name):
    """What ends, hangs or leaves a thread behind costs one probe: the next has a fresh process."""
    assert call(opened, "counted", shared="a").outputs["result"] == 1
    outcome = call(opened, name, shared="a")
    assert outcome.is_first is False
    assert (outcome.ending is Ending.OK) == (name == "thread")
    following = call(opened, "counted", shared="a")
    assert (following.outputs["result"], following.is_first) == (1, True)


def test_a_death_between_two_calls_is_only_seen_by_the_one_that_met_it(open_student, call):
    student = "import os, signal\ndef soon():\n    signal.signal(signal.SIGALRM, lambda *_: os._exit(5))\n"
    opened = open_student(student + "    signal.setitimer(signal.ITIMER_REAL, 0.001)\ndef fine():\n    return 1\n")
    call(opened, "soon", shared="a")
    outcomes = [call(opened, "fine", shared="a") for _ in range(3)]
    assert all(outcome.outputs.get("result") == 1 or not outcome.is_first for outcome in outcomes)
    assert outcomes[-1].outputs == {"result": 1}


def test_each_probe_has_its_own_output_and_processor_time(opened, call):
    talked = [call(opened, "talk", shared="a").printed for _ in range(2)]
    assert talked[0] == talked[1]
    assert talked[0].startswith("said")
    assert call(opened, "spend", shared="a").cpu_s >= 0.9
    assert call(opened, "talk", shared="a").cpu_s < 0.5


def test_processor_time_of_many_probes_is_bounded_together(open_student, call):
    """No process lives on whose next probe could not have all its seconds: the limit is 2, each takes 1.2."""
    limits = Limits(wall_s=20, import_s=10, cpu_s=2, memory_mib=600, processes=40)
    opened = open_student(STUDENT.replace("+ 1\n", "+ 1.2\n"), limits=limits)
    outcomes = [call(opened, "spend", shared="a") for _ in range(4)]
    assert [outcome.ending for outcome in outcomes] == [Ending.OK] * 4
    assert [outcome.is_first for outcome in outcomes] == [True, False, True, False]


def test_modules_are_imported_where_processes_are_forked_from(open_student):
    """A probe that needs another module meets it imported once, not anew in each process."""
    probes = b"""
from grader.probes import probe
@probe(needs=["one"])
def first():
    import one
    return {"pid": one.pid}
@probe(needs=["one", "two"])
def second():
    import two
    return {"pid": two.pid}
"""
    files = {"one.py": b"import os\npid = os.getpid()\n", "two.py": b"import os\npid = os.getpid()\n"}
    opened = open_student(probes=probes, files=files)
    calls = [ProbeCall(name, {}, shared="a") for name in ("first", "second", "first", "second")]
    outcomes = [opened.run(one) for one in calls]
    assert len({outcome.outputs["pid"] for outcome in outcomes}) == 1
    assert [outcome.is_first for outcome in outcomes] == [True, True, False, False]


NAMES = """
LEVEL, ITEMS, TABLE, KNOWN = 1, [1], {"a": 1}, {1}
class Layer:
    size = 1
    def forward(self): return 1
layer = Layer()
layer.rate = 1
"""
LOOK = "[LEVEL, ITEMS, TABLE, sorted(KNOWN), Layer.size, Layer().forward(), layer.rate, 'extra' in globals()]"
CHANGES = {
    "a name is set": "globals()['LEVEL'] = 2",
    "a name is added": "globals()['extra'] = 2",
    "a name is deleted": "del globals()['LEVEL']",
    "a list grows": "ITEMS.append(2)",
    "a dictionary grows": "TABLE['b'] = 2",
    "a set is emptied": "KNOWN.clear()",
    "a class attribute is set": "Layer.size = 2",
    "a method is replaced": "Layer.forward = lambda self: 2",
    "a method is deleted": "del Layer.forward",
    "an attribute is set": "layer.rate = 2",
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("where", ["module", "probes"])
def test_what_a_probe_changes_is_gone_for_the_next(open_student, where, change):
    """Names of the submission's modules and of probe files are put back, so that no probe earns by another's stand-in.

    What a function keeps in a global name is gone as well: fresh processes would show the same.
    """
    functions = f"def change():\n    {CHANGES[change]}\ndef look():\n    return {LOOK}\n"
    students = where == "module"
    probes = "from grader.probes import probe\n" + ("" if students else NAMES + functions)
    for name in ("change", "look"):
        found = f"import one; seen = one.{name}()" if students else f"seen = {name}()"
        probes += f"@probe(needs=['one'])\ndef {name}_it():\n    {found}\n    return {{'seen': seen}}\n"
    opened = open_student(probes=probes.encode(), files={"one.py": (NAMES + functions).encode()})
    before, changed, after = (
        opened.run(ProbeCall(f"{name}_it", {}, shared="a")) for name in ("look", "change", "look")
    )
    assert (before.ending, changed.ending, after.ending) == (Ending.OK,) * 3
    assert before.outputs["seen"] == after.outputs["seen"] == [1, [1], {"a": 1}, [1], 1, 1, 1, False]
    assert (before.is_first, changed.is_first, after.is_first) == (True, False, False)


def test_forgetting_ends_a_shared_process(opened, call):
    assert call(opened, "counted", shared="a").outputs["result"] == 1
    opened.forget()
    assert call(opened, "counted", shared="a").outputs["result"] == 1
