"""Promises of `grader.sandbox.outside.host`, `forkserver` and `probe_process`: real submissions behind both walls."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from grader.errors import SandboxError
from grader.sandbox.outside import forkserver_client
from grader.sandbox.outside.forkserver_client import ForkServer
from grader.sandbox.outside.host import WalledSandbox
from grader.sandbox.outside.walls import Wall, remedy_for
from grader.sandbox.wire.limits import Limits
from grader.sandbox.wire.protocol import Ending, ProbeCall
from grader.sandbox.wire.tensors import Opaque


def wait_until(question, *, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# ---------------------------------------------------------------- what comes back


def test_values_come_back(open_student, call):
    """Tensors and plain values arrive as they were."""
    sandbox = open_student("def same(*values): return list(values)")
    x = torch.randn(3, 4, dtype=torch.float64)
    outcome = call(sandbox, "same", x, 7, -0.5, "text", True, None, [1, {"a": x.int()}])
    assert outcome.ending is Ending.OK
    back = outcome.outputs["result"]
    assert torch.equal(back[0], x)
    assert back[1:6] == [7, -0.5, "text", True, None]
    assert torch.equal(back[6][1]["a"], x.int())


def test_arrays_and_exceptions_come_back(open_student, call):
    """Arrays go in and come back as arrays, an exception as Python's own; a tuple and a scalar only where asked for."""
    sandbox = open_student(
        "import numpy as np\n"
        "class Own(ValueError): pass\n"
        "def work(x, shape):\n"
        "    return [x[::-1] * 2, type(x).__name__, type(shape).__name__, Own('no'), np.float32(1), (1,)]"
    )
    doubled, kind, of_shape, error, number, pair = call(sandbox, "work", np.arange(3), (3,)).outputs["result"]
    assert (doubled.tolist(), doubled.dtype, kind, of_shape) == ([4, 2, 0], np.int64, "ndarray", "tuple")
    assert (type(error), str(error)) == (ValueError, "no")
    assert (number, type(number), pair) == (1.0, float, [1])


def test_sets_have_the_same_order_each_time(open_student, call):
    """Hashes of strings, and so the order of a set, are those of PYTHONHASHSEED=0, in whichever run."""
    sandbox = open_student("def work(): return hash('weights') % 1000003, list({'a', 'bias', 'weight', 'loss'})")
    source = "print(hash('weights') % 1000003, *{'a', 'bias', 'weight', 'loss'})"
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    ended = subprocess.run([sys.executable, "-c", source], env=environment, capture_output=True, text=True, check=True)
    number, order = call(sandbox, "work").outputs["result"]
    assert [str(number), *order] == ended.stdout.split()


def test_values_that_cannot_cross(open_student, call):
    """What is no tensor and no plain value arrives as an Opaque that names it."""
    sandbox = open_student(
        "import numpy\nclass Own: pass\ndef make(): return [Own(), numpy.ones((2, 3), complex), make]"
    )
    own, array, function = call(sandbox, "make").outputs["result"]
    assert own == Opaque("student.Own")
    assert array == Opaque("array of complex numbers", "", (2, 3), "complex128")
    assert function == Opaque("function")


def test_exception_is_described(open_student, call):
    """An exception arrives with its type, its text, its bases and the student's lines."""
    sandbox = open_student("def outer():\n    return inner()\n\ndef inner():\n    raise KeyError('gone')\n")
    outcome = call(sandbox, "outer")
    assert outcome.ending is Ending.RAISED
    assert (outcome.error.type, outcome.error.message) == ("KeyError", "'gone'")
    assert "LookupError" in outcome.error.bases
    assert [(f.file, f.line, f.function) for f in outcome.error.frames] == [
        ("student.py", 2, "outer"),
        ("student.py", 5, "inner"),
    ]
    assert outcome.error.frames[-1].source == "raise KeyError('gone')"
    assert outcome.error.raised_in == "student"


def test_exception_of_a_library(open_student, call):
    """An exception from inside torch names the student's line that led there, and that it is not theirs."""
    sandbox = open_student("import torch\ndef wrong():\n    return torch.nn.Linear(3, 4)(torch.ones(5))\n")
    outcome = call(sandbox, "wrong")
    assert outcome.error.raised_in == "library"
    assert outcome.error.frames[-1].line == 3


def test_exception_of_the_probe(open_student, call):
    """A missing name is the probe's line, without frames of the student."""
    outcome = call(open_student(""), "absent")
    assert outcome.error.type == "AttributeError"
    assert outcome.error.raised_in == "probe"
    assert outcome.error.frames == ()


def test_syntax_error_names_its_line(open_student, call):
    """A file that is no Python is described with file and line."""
    outcome = call(open_student("x = 1\ndef broken(:\n"), "broken")
    assert outcome.error.type == "SyntaxError"
    assert (outcome.error.phase, outcome.error.module) == ("import", "student")
    assert (outcome.error.frames[-1].file, outcome.error.frames[-1].line) == ("student.py", 2)


def test_probe_that_returns_no_dict(open_student):
    """A probe that returns something else than a dict is named."""
    probes = b"from grader.probes import probe\n@probe()\ndef odd():\n    return 3\n"
    outcome = open_student(probes=probes).run(ProbeCall("odd", {}))
    assert outcome.error.message == "probe odd returned int, not a dict"


def test_settings_of_a_call(open_student, call):
    """Seed, dtype and threads of a call hold in the probe and end with it."""
    source = "import random, torch, numpy\ndef draw(): return [torch.randn(3), random.random(), numpy.random.rand()]\n"
    source += "def settings(): return [str(torch.get_default_dtype()), torch.get_num_threads()]\n"
    sandbox = open_student(source)
    one, again, other = (call(sandbox, "draw", seed=seed).outputs["result"] for seed in (5, 5, 6))
    assert torch.equal(one[0], again[0])
    assert one[1:] == again[1:]
    assert not torch.equal(one[0], other[0])
    assert call(sandbox, "settings", dtype="float64", threads=2).outputs["result"] == ["torch.float64", 2]
    assert call(sandbox, "settings").outputs["result"] == ["torch.float32", 1]


@pytest.mark.parametrize("threads", [1, 2])
def test_torch_works_in_a_fork(open_student, call, threads):
    """Products, convolutions, gradients and optimizers work in a probe with one thread and with two."""
    source = """
import torch

def train():
    torch.manual_seed(0)
    layers = torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(8 * 36, 10)
    net = torch.nn.Sequential(*layers)
    optimizer = torch.optim.Adam(net.parameters())
    x, y = torch.randn(64, 3, 8, 8), torch.arange(64) % 10
    losses = []
    for _ in range(3):
        loss = torch.nn.functional.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return [losses, (torch.randn(300, 300) @ torch.randn(300, 300)).norm()]
"""
    sandbox = open_student(source, limits=Limits(wall_s=30, memory_mib=1500))
    outcome = call(sandbox, "train", threads=threads)
    assert outcome.ending is Ending.OK, outcome
    losses = outcome.outputs["result"][0]
    assert losses[2] < losses[0]


def test_data_loader_workers(open_student, call):
    """A DataLoader with worker processes works, as long as memory and processes last."""
    source = """
import torch
from torch.utils.data import DataLoader, TensorDataset

def load():
    return sum(len(batch[0]) for batch in DataLoader(TensorDataset(torch.ones(40, 3)), batch_size=8, num_workers=2))
"""
    sandbox = open_student(source, limits=Limits(wall_s=30))
    outcome = call(sandbox, "load")
    assert outcome.ending is Ending.OK, outcome
    assert outcome.outputs["result"] == 40


def test_times_and_memory_are_told(open_student, call):
    """An outcome holds wall and CPU seconds and the peak of memory."""
    outcome = call(open_student("def spin():\n    sum(range(3_000_000))\n"), "spin")
    assert 0 < outcome.cpu_s <= outcome.wall_s + 0.1
    assert outcome.peak_mib > 20


# ---------------------------------------------------------------- output


def test_printed_text_comes_back(open_student, call):
    """What is printed to either stream, also past Python, is the outcome's; each probe has its own."""
    sandbox = open_student("import os\ndef say(x):\n    print(x, flush=True)\n    os.write(2, b'raw')\n")
    assert call(sandbox, "say", "one").printed == "one\nraw"
    assert "one" not in call(sandbox, "say", "two").printed


def test_printed_text_is_bounded(open_student, call):
    """Of endless text the first KiB are kept, the rest is counted, and the probe does not wait for a reader."""
    sandbox = open_student(
        "import os\ndef flood():\n    for _ in range(200): os.write(1, b'x' * 100_000)\n    return 1"
    )
    outcome = call(sandbox, "flood")
    assert outcome.ending is Ending.OK
    assert outcome.printed == "x" * 4096 + f"\n… {200 * 100_000 - 4096} more bytes were not kept"


def test_output_that_is_no_text(open_student, call):
    """Bytes that are no UTF-8 become replacement characters."""
    assert call(open_student("import os\ndef say(): os.write(1, bytes([255, 65]))"), "say").printed == "\ufffdA"


# ---------------------------------------------------------------- nothing leaks


def test_probes_share_no_state(open_student, call):
    """What a probe changes in its process is gone for the next one."""
    source = (
        "import torch\nCALLS = []\ndef count():\n    CALLS.append(1)\n    torch.seen = getattr(torch, 'seen', 0) + 1\n"
    )
    sandbox = open_student(source + "    return [len(CALLS), torch.seen]")
    assert call(sandbox, "count").outputs["result"] == [1, 1]
    assert call(sandbox, "count").outputs["result"] == [1, 1]


def test_modules_are_imported_once(open_student, call):
    """A submission's modules are imported before its first probe and never again."""
    sandbox = open_student("import os\nNUMBER = os.urandom(8).hex()\nprint('imported')\ndef number(): return NUMBER")
    first, second = call(sandbox, "number"), call(sandbox, "number")
    assert first.outputs == second.outputs
    assert (first.printed, second.printed) == ("imported\n", "")


def test_submissions_share_no_state(server, open_on, call):
    """Modules, patches and files of one submission are not there for the next."""
    spoil = "import torch, os\ntorch.ones = None\nopen('/tmp/left', 'w').close()\ndef f(): return 'first'"
    look = "import torch, os\ndef f(): return [float(torch.ones(1)), os.listdir('.')]"
    first = open_on(server, spoil, files={"other.py": b""})
    assert call(first, "f").outputs["result"] == "first"
    first.close()
    second = open_on(server, look)
    assert call(second, "f").outputs["result"] == [1.0, ["student.py"]]


def test_two_submissions_at_once(server, open_on, call):
    """Two submissions that are open at the same time don't meet."""
    one, two = open_on(server, "def f(): return 1"), open_on(server, "def f(): return 2")
    assert [call(sandbox, "f").outputs["result"] for sandbox in (one, two, one)] == [1, 2, 1]


def test_files_of_a_submission(open_student, call):
    """All files are there, in their folders, and the working folder is the submission's own."""
    files = {"data/table.csv": b"1,2\n", "package/__init__.py": b"", "package/part.py": b"VALUE = 9\n"}
    source = "def f():\n    from package.part import VALUE\n    return [open('data/table.csv').read(), VALUE]"
    assert call(open_student(source, files=files), "f").outputs["result"] == ["1,2\n", 9]


def test_own_modules_come_last(open_student, call):
    """A file named like a module of the standard library or of torch does not replace it."""
    shadows = dict.fromkeys(
        ("statistics.py", "json.py", "grader/__init__.py", "torch/__init__.py"), b"raise SystemExit"
    )
    source = "import statistics, json, torch, grader.sandbox.wire.tensors\ndef f(): return statistics.mean([1, 3])"
    assert call(open_student(source, files=shadows), "f").outputs["result"] == 2


def test_environment_is_scrubbed(open_student, call, monkeypatch, server):
    """A submission sees no variable of the grader's environment, and none in its parent's /proc."""
    outcome = call(open_student("import os\ndef f(): return dict(os.environ)"), "f")
    names = set(outcome.outputs["result"])
    assert not {name for name in names if name.startswith(("PYTEST", "GRADER", "SSH", "VIRTUAL_ENV"))}
    assert outcome.outputs["result"]["USER"] == "student"
    assert len(names) < 20


# ---------------------------------------------------------------- an accident costs one probe


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ("import ctypes; ctypes.string_at(0)", "was ended by SIGSEGV"),
        ("import os; os.abort()", "was ended by SIGABRT"),
        ("import os; os._exit(0)", "left the process with exit status 0 before returning"),
        ("import os; os._exit(7)", "left the process with exit status 7 before returning"),
        ("import os; os.kill(os.getpid(), 9)", "was killed: it may have used too much memory"),
        ("import os; os.kill(os.getppid(), 9); os._exit(0)", "ended before the probe did"),
    ],
)
def test_crash_costs_one_probe(open_student, call, body, detail):
    """A probe that ends its process is told how, and the next one runs."""
    sandbox = open_student(f"def crash():\n    {body}\n\ndef f(): return 1\n")
    outcome = call(sandbox, "crash")
    assert outcome.ending is Ending.KILLED
    assert outcome.detail == detail
    assert call(sandbox, "f").outputs["result"] == 1


def test_time_out_costs_one_probe(open_student, call):
    """A probe over its time is stopped on time, what it printed is kept, and the next one runs."""
    source = "def loop():\n    print('before', flush=True)\n    while True: pass\n\ndef f(): return 1\n"
    sandbox = open_student(source, limits=Limits(wall_s=0.5))
    started = time.monotonic()
    outcome = call(sandbox, "loop")
    assert time.monotonic() - started < 4
    assert outcome.ending is Ending.TIMED_OUT
    assert outcome.detail == "ran longer than 0.5 s"
    assert outcome.printed == "before\n"
    assert call(sandbox, "f").outputs["result"] == 1


def test_cpu_time_is_bounded(open_student, call):
    """A probe over its CPU time is timed out, also where there would be more wall time."""
    source = "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\ndef loop():\n    while True: pass\n"
    outcome = call(open_student(source, limits=Limits(wall_s=20, cpu_s=0.1)), "loop")
    assert outcome.ending is Ending.TIMED_OUT
    assert outcome.detail == "computed for longer than 0.1 s"


def test_failing_import_is_not_repeated(open_student, call):
    """A module that fails to import is reported for each probe that needs it, and imported once."""
    sandbox = open_student("print('importing')\nraise ValueError('no')")
    first, second = call(sandbox, "f"), call(sandbox, "g")
    assert (first.ending, first.error.phase, first.error.module) == (Ending.RAISED, "import", "student")
    assert first.printed == "importing\n"
    assert second is first
    assert sandbox.run(ProbeCall("alone", {"x": 1})).outputs == {"y": 1}


def test_endless_import_is_not_repeated(open_student, call):
    """A module whose import never ends costs its time once."""
    sandbox = open_student("while True: pass", limits=Limits(import_s=0.5))
    first = call(sandbox, "f")
    assert (first.ending, first.detail) == (Ending.TIMED_OUT, "ran longer than 0.5 s while it was imported")
    started = time.monotonic()
    assert call(sandbox, "g") is first
    assert time.monotonic() - started < 0.1
    assert sandbox.run(ProbeCall("alone", {"x": 1})).outputs == {"y": 1}


def test_crashing_import(open_student, call):
    """A module that ends its process while it is imported, whatever is left out of it, is told so."""
    outcome = call(open_student("import ctypes\n" + "ctypes.string_at(0)\n" * 6), "f")
    assert outcome.ending is Ending.KILLED
    assert outcome.detail == "its process ended while its modules were imported" or outcome.detail.startswith(
        "ended while"
    )


def test_too_large_an_allocation(open_student, call):
    """An allocation over the limit is named as such, with the limit."""
    outcome = call(open_student("import torch\ndef f(): return torch.zeros(10**11)"), "f")
    assert outcome.ending is Ending.OUT_OF_MEMORY
    assert outcome.detail == "asked for more than 600 MiB of memory"
    assert outcome.error.frames[-1].line == 2


def test_children_over_memory(open_student, call):
    """Processes that are over the limit together are ended and named, and the next probe runs."""
    source = """
import os, time

def f():
    for _ in range(5):
        if os.fork() == 0:
            held = b"x" * (200 << 20)
            time.sleep(9)
            os._exit(len(held) % 2)
    time.sleep(9)

def g():
    return 1
"""
    sandbox = open_student(source, limits=Limits(memory_mib=500))
    outcome = call(sandbox, "f")
    assert outcome.ending is Ending.OUT_OF_MEMORY
    assert outcome.detail == "held more than 500 MiB of memory"
    assert call(sandbox, "g").outputs["result"] == 1


def test_shared_pages_are_counted_once(open_student, call):
    """Many children that only share the fork server's pages are no memory hogs."""
    source = (
        "import os, time\ndef f():\n    for _ in range(20):\n        if os.fork() == 0:\n            time.sleep(0.8)\n"
    )
    source += "            os._exit(0)\n    time.sleep(0.6)\n    return 1"
    assert call(open_student(source), "f").outputs == {"result": 1}


# ---------------------------------------------------------------- nothing stays

DAEMON = """
import os, signal, time

def leave():
    if os.fork() == 0:
        os.setsid()
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        if os.fork() == 0:
            os.closerange(0, 64)
            time.sleep(60)
        os._exit(0)
    time.sleep(0.2)
    return 1
"""


def test_daemons_are_ended(open_student, call, new_processes):
    """A process that left its parent, its session and all its descriptors is ended with its submission."""
    sandbox = open_student(DAEMON)
    assert call(sandbox, "leave").outputs == {"result": 1}
    assert len(new_processes()) >= 2
    sandbox.close()
    wait_until(lambda: not new_processes(), seconds=1)


def test_folder_is_removed(open_on, plain_server, call, tmp_path, monkeypatch):
    """The process wall's folder is in the temp folder, and gone when the submission is closed."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    sandbox = open_on(plain_server, "import os\ndef f(): return os.getcwd()")
    folder = call(sandbox, "f").outputs["result"]
    assert folder.startswith(str(tmp_path.resolve()))
    sandbox.close()
    assert list(tmp_path.iterdir()) == []


def test_closing_twice(open_student, call):
    """Closing a sandbox that is closed, or that never ran a probe, does nothing; afterwards it can be used again."""
    sandbox = open_student("def f(): return 1")
    sandbox.close()
    assert call(sandbox, "f").outputs == {"result": 1}
    sandbox.close()
    sandbox.close()
    assert call(sandbox, "f").outputs == {"result": 1}


def test_server_ends_with_everything(wall, new_processes, open_on, call, tmp_path, monkeypatch):
    """Closing a fork server ends its submissions and removes its folder."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    with ForkServer(wall) as own:
        sandbox = open_on(own, DAEMON)
        call(sandbox, "leave")
        assert new_processes()
    wait_until(lambda: not new_processes())
    sandbox.close()
    assert list(folder.iterdir()) == []


# ---------------------------------------------------------------- the grader's own failures


def test_server_that_dies_is_started_again(wall, open_on, call):
    """A fork server that was killed is no student's fault: the probe runs again on a new one."""
    with ForkServer(wall) as own:
        sandbox = open_on(own, "def f(): return 1")
        assert call(sandbox, "f").outputs == {"result": 1}
        os.kill(own._launched.process.pid, signal.SIGKILL)
        assert call(sandbox, "f").outputs == {"result": 1}


def test_server_that_dies_takes_everything_along(wall, open_on, call, new_processes):
    """With a fork server that was killed end its submissions, and what they left running."""
    with ForkServer(wall) as own:
        call(open_on(own, DAEMON), "leave")
        os.kill(own._launched.process.pid, signal.SIGKILL)
        wait_until(lambda: not new_processes())


def test_server_that_dies_between_submissions(wall, open_on, call):
    """A fork server that died between two submissions is started again for the second."""
    with ForkServer(wall) as own:
        open_on(own, "def f(): return 1").close()
        os.kill(own._launched.process.pid, signal.SIGKILL)
        wait_until(lambda: not own.alive())
        assert call(open_on(own, "def f(): return 2"), "f").outputs == {"result": 2}


def test_server_that_does_not_answer(monkeypatch, open_on, call):
    """A fork server that hangs makes the sandbox fail in time, with words."""
    monkeypatch.setattr(forkserver_client, "_OPEN_S", 0.2)
    with ForkServer(Wall.PROCESS) as own:
        os.kill(own._launched.process.pid, signal.SIGSTOP)
        outcome = call(open_on(own, "def f(): return 1"), "f")
        assert outcome.ending is Ending.SANDBOX_FAILED
        assert outcome.detail == "the fork server did not answer in time"
        os.kill(own._launched.process.pid, signal.SIGKILL)


def test_broken_probes(open_student):
    """A probes.py that is no Python is the grader's failure, told with the reason."""
    outcome = open_student(probes=b"def broken(:\n").run(ProbeCall("f", {}))
    assert outcome.ending is Ending.SANDBOX_FAILED
    words = "The probe 'f' can't be used: probes.py failed: SyntaxError: invalid syntax (probes.py, line 1)."
    assert outcome.detail == words


def test_several_probe_files(open_student):
    """Each file is a module of its own; a failure in one shows no frame of it, and names are free for the student."""
    later = b"from grader.probes import probe\nfrom probes import helper\n@probe(needs=['student'])\n"
    later += b"def second(*, fail):\n    import student\n    return {'y': helper(student.f(fail))}\n"
    first = b"def helper(x):\n    return x + 1 if x else x['key']\n"
    files = {"probes.py": b"ANSWER = 41\n"}
    source = "from probes import ANSWER\ndef f(fail):\n    return 0 if fail else ANSWER\n"
    sandbox = open_student(source, probes={"probes.py": first, "probes_2.py": later}, files=files)
    assert sandbox.run(ProbeCall("second", {"fail": False})).outputs == {"y": 42}
    failed = sandbox.run(ProbeCall("second", {"fail": True})).error
    assert (failed.type, failed.raised_in, failed.frames) == ("TypeError", "probe", ())


def test_broken_probes_among_several(open_student):
    """The file that can't be executed is named where one of its probes is called; those of other files run."""
    own = b"from grader.probes import probe\n@probe()\ndef %s(): return {'y': 1}\n"
    sandbox = open_student(probes={"probes.py": own % b"f", "probes_2.py": own % b"g" + b"1 / 0"})
    assert sandbox.run(ProbeCall("f", {})).outputs == {"y": 1}
    broken = sandbox.run(ProbeCall("g", {}))
    assert broken.ending is Ending.SANDBOX_FAILED
    words = "The probe 'g' can't be used: probes_2.py failed in line 4: ZeroDivisionError: division by zero."
    assert broken.detail == words
    assert sandbox.run(ProbeCall("f", {})).outputs == {"y": 1}


DIES = """
import ctypes, os, pathlib, signal
mark = pathlib.Path({mark!r})
def f(): return 3
if not mark.exists() or {always}:
    mark.write_text("died " + (mark.read_text() if mark.exists() else ""))
    ctypes.CDLL(None).kill(os.getpid(), 9)
def later():
    mark.write_text("later " + mark.read_text())
    os.kill(os.getppid(), signal.SIGKILL)
"""


def test_a_process_that_dies_before_its_first_answer_is_tried_again(plain_server, open_on, call, tmp_path):
    """A submission's process that was killed from outside gets a second chance; after an answer it gets none."""
    mark = tmp_path / "mark"
    sandbox = open_on(plain_server, DIES.format(mark=str(mark), always=False))
    assert call(sandbox, "f").outputs == {"result": 3}
    assert mark.read_text() == "died "
    assert call(sandbox, "later").ending is Ending.KILLED
    assert mark.read_text() == "later died "


def test_a_process_that_dies_twice_is_the_students(plain_server, open_on, call, tmp_path):
    """What kills its process again after the second chance is left out, and is not tried a third time."""
    mark = tmp_path / "mark"
    sandbox = open_on(plain_server, DIES.format(mark=str(mark), always=True))
    assert [call(sandbox, "f").outputs for _call in range(3)] == [{"result": 3}] * 3
    assert mark.read_text() == "died died "


def test_a_call_may_have_limits_of_its_own(open_student):
    """A long probe gets more seconds, of the clock and of the processor, and a short one fewer, than the others."""
    source = "import time\ndef wait(s):\n    time.sleep(s)\ndef spin(s):\n"
    source += "    while time.process_time() < s:\n        pass\n"
    sandbox = open_student(source, limits=Limits(wall_s=0.5, cpu_s=20))

    def run(name, seconds, **limits):
        call_ = ProbeCall("call", {"name": name, "arguments": (seconds,)}, limits=limits)
        return sandbox.run(call_)

    assert run("wait", 1.5, wall_s=10).ending is Ending.OK
    assert run("wait", 9).detail == "ran longer than 0.5 s"
    assert run("wait", 9, wall_s=0.2).detail == "ran longer than 0.2 s"
    assert run("spin", 20, wall_s=20, cpu_s=1).detail == "computed for longer than 1 s"
    assert run("spin", 1.5, wall_s=20).ending is Ending.OK


@pytest.mark.parametrize(
    ("call_", "words"),
    [
        (ProbeCall("other", {}), "The assignment has no probe 'other'. It has call, alone"),
        (ProbeCall("alone", {"x": 1, "y": 2}), "The probe 'alone' takes no input 'y'. Mend the check."),
        (ProbeCall("alone", {}), "The probe 'alone' was not given its input 'x'. Mend the check."),
    ],
)
def test_call_that_probes_cannot_answer(open_student, call_, words):
    """A check that asks for a probe or gives an input that isn't there is told which there are."""
    outcome = open_student().run(call_)
    assert outcome.ending is Ending.SANDBOX_FAILED
    assert outcome.detail.startswith(words)


def test_walls_that_cannot_be_built(walled_server, open_on, call):
    """A submission whose own walls can't be built is the grader's failure, told with the call that failed."""
    outcome = call(open_on(walled_server, "", limits=Limits(tmp_mib=-1)), "f")
    assert outcome.ending is Ending.SANDBOX_FAILED
    assert outcome.detail.startswith("The walls of a submission could not be built: ")
    assert "mount /tmp: Invalid argument" in outcome.detail


@pytest.fixture
def stand_in(monkeypatch, tmp_path):
    """Return a function that puts a script in the place of the Python that runs the fork server."""

    def put(code):
        script = tmp_path / "python"
        script.write_text(f"#!{sys.executable}\n{code}\n")
        script.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(script))

    return put


def test_server_beside_a_thread(stand_in):
    """A fork server that runs a thread refuses to serve: a fork beside a thread can hang."""
    stand_in(
        "import sys, threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
        "sys.argv = sys.argv[-2:]\nfrom grader.sandbox.inside.forkserver import main\nmain()"
    )
    with pytest.raises(SandboxError) as caught, ForkServer(Wall.PROCESS, preload=["json"]):
        pass
    assert caught.value.message == (
        "The fork server runs 2 threads after importing json; a fork beside a thread can hang for ever."
    )
    assert caught.value.remedy == "Take the module that starts a thread out of `preload` in assignment.toml."


def test_server_that_cannot_start(stand_in):
    """A fork server that dies at once is reported with its last words."""
    stand_in("import sys\nsys.exit('no room for me')")
    with pytest.raises(SandboxError) as caught, ForkServer(Wall.PROCESS):
        pass
    assert caught.value.message == "The process wall could not be built: no room for me"
    assert caught.value.remedy == remedy_for(Wall.PROCESS)


def test_server_that_ends_silently(stand_in):
    """A fork server that ends without a word is reported as that."""
    stand_in("import socket, sys\nsocket.socket(fileno=int(sys.argv[-1])).recv(10_000)")
    with pytest.raises(SandboxError) as caught, ForkServer(Wall.PROCESS):
        pass
    assert caught.value.message == "The process wall could not be built: the fork server has ended"


def test_server_that_cannot_be_started_again(stand_in, open_on, call, new_processes):
    """A fork server that dies and does not come back fails the probe as the grader's own mistake."""
    with ForkServer(Wall.PROCESS) as own:
        sandbox = open_on(own, "def f(): return 1")
        call(sandbox, "f")
        stand_in("import sys\nsys.exit('no room for me')")
        os.kill(own._launched.process.pid, signal.SIGKILL)
        wait_until(lambda: not new_processes())
        outcome = call(sandbox, "f")
        assert outcome.ending is Ending.SANDBOX_FAILED
        assert outcome.detail.startswith("The process wall could not be built: no room for me")


def test_preload_that_fails(wall):
    """A module that can't be preloaded is a problem, told in a sentence, and no failure."""
    with ForkServer(wall, preload=["no_such_module", "json"]) as own:
        assert own.problems == (
            "no_such_module could not be imported: ModuleNotFoundError: No module named 'no_such_module'",
        )


def test_preloaded_modules_are_there(open_on, call):
    """What is preloaded is imported before any submission."""
    with ForkServer(Wall.PROCESS, preload=["colorsys"]) as own:
        sandbox = open_on(own, "import sys\nTHERE = 'colorsys' in sys.modules\ndef f(): return THERE")
        assert call(sandbox, "f").outputs == {"result": True}


def test_server_that_is_not_running():
    """A server that was never started is not alive, and ends nothing."""
    own = ForkServer(Wall.PROCESS)
    assert not own.alive()
    assert own.end("s1") is False
    own.close()


def test_sandbox_is_a_context(server, call):
    """A sandbox closes itself at the end of its block."""
    with WalledSandbox(server, files={}, probes={"probes.py": b""}, limits=Limits()) as sandbox:
        assert sandbox.run(ProbeCall("f", {})).ending is Ending.SANDBOX_FAILED
