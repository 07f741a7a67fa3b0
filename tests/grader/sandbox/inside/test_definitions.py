"""Tests of definitions: cells become a module, whatever fails in them, with cell and line kept."""

import signal
import socket
import sys
import time
import traceback
from pathlib import Path
from types import ModuleType

import pytest

from grader.notebooks.document import Cell, CellKind
from grader.notebooks.newer_python import GRADES
from grader.sandbox.inside import definitions
from grader.sandbox.inside.definitions import NotebookRun, Pace
from grader.sandbox.inside.statement_time import StatementTooLong


@pytest.fixture
def run(tmp_path):
    """Return a function that runs cells and returns module and log."""

    def run(*sources, end=None, statement_s=0.3, total_s=5.0):
        cells = [Cell(number, CellKind.CODE, source) for number, source in enumerate(sources, start=1)]
        module = ModuleType("notebook")
        one = NotebookRun(cells, module, root=tmp_path, end=end, pace=Pace(statement_s, total_s))
        one.run()
        return module, one.log

    return run


def events(log):
    return [(event.cell, event.line, event.why) for event in log.events]


def test_definitions(run):
    """Definitions, imports and constants of all cells are one namespace."""
    module, log = run("import math\nN = 3", "def area():\n    return N * math.pi", "class A:\n    n = N")
    assert (module.area(), module.A.n) == (pytest.approx(9.4248, abs=1e-4), 3)
    assert log.events == []
    assert log.defined == {"math": 1, "N": 1, "area": 2, "A": 3}


def test_failing_statement(run):
    """A statement that fails is noted with cell and line; the next one runs."""
    module, log = run("a = 1", "\nb = 1 / 0\nc = 3")
    assert (module.a, module.c) == (1, 3)
    assert events(log) == [(2, 2, "`ZeroDivisionError: division by zero`")]


def test_warnings_below_a_failure(run, recwarn):
    """What still runs below a statement that failed warns of nothing; the next cell's warnings are told again."""
    warns = "import warnings\nwarnings.warn('told')"
    module, _log = run(f"1 / 0\n{warns}\nb = 2", f"a = 1\n{warns}\n1 / 0")
    assert (module.a, module.b) == (1, 2)
    assert [str(one.message) for one in recwarn] == ["told"]


def test_traceback(run):
    """A traceback names the cell as the file, with the line in that cell and its text."""
    module, _log = run("x = 0", "def f():\n    # one\n    return 1 / x")
    with pytest.raises(ZeroDivisionError) as caught:
        module.f()
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (Path(last.filename).name, last.lineno, last.line) == ("cell 2", 3, "return 1 / x")


def test_cell_that_is_no_python(run):
    """A cell with a syntax error is one event that knows what it would have defined; the others run."""
    module, log = run("a = 1", "class A:\n  x = (1", "b = 2")
    assert (module.a, module.b) == (1, 2)
    assert events(log) == [(2, 2, "the cell is not valid Python")]
    assert log.last_event("A").error.lineno == 2


@pytest.mark.parametrize(
    "source", ["a = '\0'", "x = " + "(" * 500 + ")" * 500, "return 1", "a = 1\n  b = 2", "match = = 1"]
)
def test_cell_that_nothing_can_parse(run, source):
    """Whatever the compiler refuses costs its own cell only."""
    module, log = run(source, "b = 2")
    assert module.b == 2
    assert len(log.events) == 1


TRAINING = """\
import torch
model, history = torch.nn.Linear(2, 1), []
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
def improve():
    for step in range(3):
        loss = model(torch.ones(4, 2)).sum()
        loss.backward()
        optimizer.step()
        history.append(loss.item())
    return "improved"
def adjust(): optimizer.step()
"""


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("kept = 1; improve()", "it trains"),
        ("x = [improve() for _ in range(2)]", "it trains"),
        ("model(torch.ones(1, 2)).sum().backward()", "it trains"),
        ("if True:\n    import math\n    improve()", "it trains"),
        ("try:\n    improve()\nexcept Exception:\n    x = 1", "it trains"),
        ("model.weight.grad = torch.ones(1, 2)\nadjust()", "it trains"),
        ("x = input('How many epochs? ')", "it asks for input"),
        ("import sys\nx = sys.stdin.readline()", "it asks for input"),
        ("import getpass\nx = getpass.getpass()", "it asks for input"),
        ("import pdb\npdb.Pdb().set_trace()", "it stops in the debugger"),
        ("import os\nos.kill(os.getpid(), 9)", "it ends the process"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGTERM)", "it ends the process"),
        ("import os\ntry:\n    os._exit(0)\nexcept Exception:\n    pass", "it ends the process"),
        ("import os\nos.abort()", "it ends the process"),
        ("import signal\nsignal.raise_signal(signal.SIGKILL)", "it ends the process"),
        ("import os, sys\nos.execv(sys.executable, ['python'])", "it ends the process"),
        ("import http.server\nhttp.server.HTTPServer(('127.0.0.1', 0), None)", "it starts a server"),
    ],
)
def test_stopped(run, source, why):
    """What trains, asks or serves is stopped there, the log says why, and the next statement runs."""
    module, log = run(TRAINING, source, "after = 1", statement_s=5, total_s=60)
    assert [event.why for event in log.events] == [why]
    assert log.events[0].was_stopped
    assert (module.after, module.history) == (1, [])


@pytest.mark.parametrize(
    "source",
    [
        "x = model.train()",
        "def train_defaults(): return 3\nx = train_defaults()",
        "def fit_line(n): return 2 * n\nx = fit_line(2)",
        "class Counter:\n    def step(self): return 1\nx = Counter().step()",
        "px = torch.zeros(4)\nx = px.numel()",
        "alt = {'act': 1}\nx = alt.get('act')",
        "display = str\nx = display(1)",
        "optimizer.step()\nx = 1",
        "scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)\noptimizer.step()\nx = scheduler.step()",
        "w = torch.ones(2, requires_grad=True)\n(w * w).sum().backward()\nx = w.grad",
        "x = torch.autograd.grad(model(torch.ones(1, 2)).sum(), model.weight)",
        "if False: input()\nx = 1",
        "try:\n    x = int(input())\nexcept EOFError:\n    x = 10",
        "assert True\nx = 1",
        "import matplotlib.pyplot as plt\nfigure, x = plt.subplots()",
        "import matplotlib.pyplot as plt\nfor i in range(2):\n    plt.plot([i])\n    x = i",
        "x = 1\nfor i in range(3):\n    x += i",
        "with open('/dev/null'):\n    x = 1",
        "x = [i for i in range(3)]",
        "x: int = 1",
        "import math as x",
        "import grader\nx = grader.check('mlp')",
        "import os\nchild = os.fork()\nif child == 0: os._exit(3)\nx = os.waitpid(child, 0)",
        "import os\nx = os.kill(os.getpid(), 0)",
    ],
)
def test_not_stopped(run, source):
    """A statement runs whatever it is called, as long as it does nothing that is not wanted."""
    module, log = run(TRAINING, source, statement_s=5, total_s=60)
    assert hasattr(module, "x"), log.events
    assert log.events == []


def test_what_it_had_set_stays(run):
    """A statement that is stopped has set what it set before."""
    module, log = run(
        TRAINING, "epochs = 5\nfor epoch in range(epochs):\n    improve()\nbest = 1", statement_s=5, total_s=60
    )
    assert (module.epochs, module.epoch, module.best) == (5, 0, 1)
    assert log.defined["epoch"] == 2


def test_completed(tmp_path):
    """A name that only a stopped statement sets is there once that has run to its end, with what it needs."""
    cells = [TRAINING, "word = improve()", "wordy = word.upper()", "other = improve() + 1", "unknown = nowhere"]
    module = ModuleType("notebook")
    numbered = [Cell(number, CellKind.CODE, source) for number, source in enumerate(cells, start=1)]
    run = NotebookRun(numbered, module, root=tmp_path, end=None, pace=Pace(5, 20))
    run.run()
    assert not hasattr(module, "word")
    assert run.complete("wordy", seconds=20)
    assert (module.word, module.wordy, len(module.history)) == ("improved", "IMPROVED", 3)
    assert not run.complete("unknown", seconds=20)
    assert not run.complete("other", seconds=20)
    assert run.log.last_event("other").why.startswith("`TypeError")
    assert len(module.history) == 6


@pytest.mark.parametrize(
    ("cells", "name", "value"),
    [
        (["match improve():\n    case str(found):\n        pass"], "found", "improved"),
        (["match [1, improve()]:\n    case [1, *rest]:\n        pass"], "rest", ["improved"]),
        (["(a, b), *c = [(improve(), 2), 3]"], "c", [3]),
        (["if __name__ == '__main__':\n    word = improve()"], "word", "improved"),
    ],
)
def test_completed_by_other_doors(tmp_path, cells, name, value):
    """A name is found by whatever sets it: a pattern, a guard that holds in a kernel."""
    module = ModuleType("notebook")
    numbered = [Cell(number, CellKind.CODE, source) for number, source in enumerate([TRAINING, *cells], start=1)]
    run = NotebookRun(numbered, module, root=tmp_path, end=None, pace=Pace(5, 20))
    run.run()
    assert not hasattr(module, name)
    assert run.complete(name, seconds=20)
    assert getattr(module, name) == value


def test_guard_of_a_script(run):
    """What runs in a kernel only behind `if __name__ == "__main__":` runs, wherever that stands."""
    guard = "if __name__ == '__main__':\n    x = 1\ndef f(): return '__main__' == __name__\ny = __name__"
    module, log = run(guard)
    assert (module.x, module.f(), module.y) == (1, True, "notebook")
    assert log.events == []


def test_completing_takes_too_long(tmp_path):
    """What does not end within its time is interrupted, and the log says so."""
    cells = [Cell(1, CellKind.CODE, TRAINING), Cell(2, CellKind.CODE, "while True: word = improve() + 'x'")]
    module = ModuleType("notebook")
    run = NotebookRun(cells, module, root=tmp_path, end=None, pace=Pace(5, 20))
    run.run()
    module.__dict__.pop("word", None)
    run.complete("word", seconds=0.5)
    assert isinstance(run.log.last_event("word").error, StatementTooLong)


SLOW = """\
import time
def slow(x):
    end = time.process_time() + 0.02
    while time.process_time() < end: pass
    return x
"""


@pytest.mark.parametrize(
    ("cells", "name", "value"),
    [
        (["rows = []", "for x in range(8): rows.append(slow(x))"], "rows", list(range(8))),
        (["rows = []", "rows.append(-1)", "for x in range(8):\n    rows.append(slow(x))"], "rows", [-1, *range(8)]),
        (["total = 0", "for x in range(8):\n    total += slow(x)"], "total", 28),
        (["squares = {}", "for x in range(8): squares[x] = slow(x) ** 2"], "squares", {x: x * x for x in range(8)}),
        (["seen = set()", "for x in range(8): seen.add(slow(x))", "count = len(seen)"], "count", 8),
        (["rows = [slow(x) for x in range(8)]", "top = max(rows)", "half = top / 2"], "half", 3.5),
        (["left = 8", "while left:\n    left = slow(left) - 1", "done = left == 0"], "done", True),
        (["import torch", "y = torch.zeros(8)", "for x in range(8): y[x] = slow(x)", "s = y.sum().item()"], "s", 28.0),
    ],
)
def test_what_the_clock_cut_off_is_run_to_its_end(tmp_path, cells, name, value):
    """A value that was only half made is not there; once it is needed it is made from the beginning, and is right."""
    module = ModuleType("notebook")
    numbered = [Cell(number, CellKind.CODE, source) for number, source in enumerate([SLOW, *cells], start=1)]
    run = NotebookRun(numbered, module, root=tmp_path, end=None, pace=Pace(0.05, 20))
    run.run()
    assert any(event.is_too_slow for event in run.log.events)
    assert not hasattr(module, name)
    assert run.complete(name, seconds=20)
    assert getattr(module, name) == value
    assert run.log.events == []


def test_what_is_whole_stays(tmp_path):
    """Functions, modules and what a slow statement only reads stay there when it is cut off; so do other names."""
    own = "if True:\n    import json\n    def f(): return 2\n    for x in data: slow(x)"
    module = ModuleType("notebook")
    cells = [SLOW, "data = list(range(99))\nkept = 1", own]
    numbered = [Cell(number, CellKind.CODE, source) for number, source in enumerate(cells, start=1)]
    run = NotebookRun(numbered, module, root=tmp_path, end=None, pace=Pace(0.05, 20))
    run.run()
    assert [event.is_too_slow for event in run.log.events] == [True]
    assert (module.data, module.kept, module.f(), module.json.dumps(1)) == (list(range(99)), 1, 2, "1")
    assert not hasattr(module, "x")


def test_all_that_was_too_slow(tmp_path):
    """Whoever looks for a value by what it is has all run to its end that the clock had stopped, and nothing else."""
    cells = [TRAINING, SLOW, "a = slow(slow(slow(1)))", "b = a + 1", "c = improve()", "d = nowhere", "e = slow(5)"]
    module = ModuleType("notebook")
    numbered = [Cell(number, CellKind.CODE, source) for number, source in enumerate(cells, start=1)]
    run = NotebookRun(numbered, module, root=tmp_path, end=None, pace=Pace(0.03, 20))
    run.run()
    assert not hasattr(module, "b")
    run.complete_slow(seconds=20)
    assert (module.a, module.b, module.e) == (1, 2, 5)
    assert {event.names for event in run.log.events} == {("c",), ("d",)}


def test_what_never_ends_is_told(tmp_path):
    """A name that no time is enough for is missing since its statement took too long, by the longer time."""
    cells = [Cell(1, CellKind.CODE, "rows = []"), Cell(2, CellKind.CODE, "while True: rows.append(1); rows.clear()")]
    module = ModuleType("notebook")
    run = NotebookRun(cells, module, root=tmp_path, end=None, pace=Pace(0.05, 20))
    run.run()
    assert not run.complete("rows", seconds=0.3)
    assert run.log.last_event("rows").why in ("it computed for longer than 0.3 s", "it took longer than 0.3 s")


def test_what_had_no_time_to_begin(tmp_path):
    """A statement whose turn never came, since those before it took all the time, is run where its name is missing."""
    cells = [
        Cell(1, CellKind.CODE, "import time\ntime.sleep(0.3)"),
        Cell(2, CellKind.CODE, "x = 7"),
        Cell(3, CellKind.CODE, "y = x"),
    ]
    module = ModuleType("notebook")
    run = NotebookRun(cells, module, root=tmp_path, end=None, pace=Pace(5, 0.1))
    run.run()
    assert [event.was_run for event in run.log.events] == [False, False]
    assert run.complete("y", seconds=5)
    assert module.y == 7


def test_statement_that_never_ends(run, monkeypatch):
    """A statement is interrupted after its time, also where it catches everything; the next one runs."""
    monkeypatch.setattr(definitions, "_PATIENCE", 50.0)  # on a busy machine it may not get to compute before
    started = time.process_time()
    module, log = run("while True:\n    try:\n        while True: pass\n    except Exception: pass", "a = 1")
    assert module.a == 1
    assert isinstance(log.events[0].error, StatementTooLong)
    assert log.events[0].why == "it computed for longer than 0.3 s"
    assert time.process_time() - started < 2


def test_statement_that_waits(run):
    """A statement that waits, as on a busy machine, is not cut off by the time for computing."""
    module, log = run("import time", "time.sleep(0.6)\na = 1")
    assert module.a == 1
    assert log.events == []


def test_statement_that_waits_for_ever(run):
    """A statement that only waits is interrupted by the clock, after five times the time for computing."""
    started = time.monotonic()
    module, log = run("import time", "time.sleep(60)", "a = 1", statement_s=0.1)
    assert module.a == 1
    assert events(log) == [(2, 1, "it took longer than 0.5 s")]
    assert time.monotonic() - started < 2


def test_time_left(run):
    """A statement that waits gets what is left of the time for all, and a little more than that for computing."""
    _module, log = run("import time", "time.sleep(0.4)", "time.sleep(60)", statement_s=0.2, total_s=0.5)
    assert events(log) == [(3, 1, "it took longer than 0.3 s")]


def test_other_alarms(run):
    """Timers that were set before the run go on after it, with their handlers."""
    calls = []
    before = signal.signal(signal.SIGPROF, lambda _number, _frame: calls.append("computed"))
    signal.setitimer(signal.ITIMER_PROF, 0.2)
    try:
        run("a = 1")
        deadline = time.monotonic() + 5
        while not calls and time.monotonic() < deadline:
            pass
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    assert calls == ["computed"]


def test_total_time(run):
    """After the time for all statements together only definitions are run."""
    module, log = run("import time", *["time.sleep(0.2)"] * 5, "x = 1", "def f(): return 2", total_s=0.35)
    assert module.f() == 2
    assert not hasattr(module, "x")
    assert events(log)[-1] == (7, 1, "the statements before it have used up 0.35 s")


def test_leaving_the_program(run):
    """exit() ends its statement, not the grader."""
    module, log = run("import sys\nsys.exit(3)", "a = 1")
    assert module.a == 1
    assert "SystemExit" in log.events[0].why


def test_last_definition_counts(run):
    """Of two definitions of a name the last one counts, or the last one above the cell where the run ends."""
    cells = ("def f(): return 1", "# check", "def f(): return 2")
    assert run(*cells)[0].f() == 2
    module, log = run(*cells, end=2)
    assert module.f() == 1
    assert log.defined["f"] == 1


def test_definition_below_the_end(run):
    """A name that is only defined below the end is taken from there, and the log says so."""
    module, log = run("def f(): return 1", "# check", "def g(): return f() + 1", "x = 5", end=2)
    assert module.g() == 2
    assert log.late == [("g", 3)]
    assert not hasattr(module, "x")


def test_cells_out_of_order(run):
    """A definition that needs one further down is run again after it."""
    module, log = run("class B(A):\n    pass", "class A:\n    x = 1")
    assert module.B.x == 1
    assert log.late == [("B", 1)]


def test_cells_in_reverse_order(run):
    """Definitions that need each other are found however many of them stand in reverse order."""
    module, log = run("class C(B):\n    pass", "class B(A):\n    pass", "class A(Base):\n    pass", "Base = object")
    assert issubclass(module.C, module.A)
    assert [name for name, _cell in log.late] == ["A", "B", "C"]


def test_top_level_await(run):
    """await at the top of a cell works, as in a kernel."""
    assert run("import asyncio\nasync def f(): return 3\nx = await f()\nawait asyncio.sleep(0)")[0].x == 3


def test_future_import(run):
    """`from __future__` holds for the cells after it, as in a kernel."""
    assert run("from __future__ import annotations", "def f(x: nowhere): return x")[0].f(1) == 1


def test_no_network(run):
    """Looking up a host fails at once, and works again afterwards."""
    before = socket.getaddrinfo
    _module, log = run("import urllib.request\nurllib.request.urlopen('http://example.com')")
    assert "no network" in log.events[0].why
    assert socket.getaddrinfo is before


def test_working_folder(run, tmp_path, monkeypatch):
    """A notebook that changes its folder changes it for itself only."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    run("import os\nos.chdir('data')")
    assert Path.cwd() == tmp_path


def test_written_module(run, tmp_path):
    """%%writefile writes the file below the submission's folder, and nowhere else; -a adds to what is there."""
    run(
        "%%writefile own.py\nx = 1",
        "%%writefile ../outside.py\nx = 1",
        "%%file -a own.py\ny = 2",
        "%%file 'a.json'\n{}",
    )
    assert (tmp_path / "own.py").read_text() == "x = 1\ny = 2\n"
    assert (tmp_path / "a.json").read_text() == "{}\n"
    assert not (tmp_path.parent / "outside.py").exists()


def test_text_cells(tmp_path):
    """Text and raw cells are never run, but count."""
    cells = [Cell(1, CellKind.MARKDOWN, "x = 1"), Cell(2, CellKind.RAW, "x = 2"), Cell(3, CellKind.CODE, "y = z")]
    module = ModuleType("notebook")
    run = NotebookRun(cells, module, root=tmp_path, end=None, pace=Pace())
    run.run()
    assert not hasattr(module, "x")
    assert run.log.events[0].cell == 3


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python reads it as it is")
def test_newer_python(run):
    """A cell with newer Python loses only the statement that has no older words, with the version that it needs."""
    module, log = run(
        'row = {"a": 1}\ndef pick[T](x: T) -> T:\n    return x\nb = f"{row["a"]}"', "%time c = f'{row['a']}'"
    )
    assert (module.b, module.c) == ("1", "1")
    assert events(log) == [(1, 2, f"it needs Python 3.12, and Python {GRADES} grades")]
    assert log.last_event("pick").is_newer
