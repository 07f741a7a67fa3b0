"""Tests of watching calls: what the student's code calls is seen, what torch calls inside is not."""

import _thread
import functools
import threading

import pytest
import torch
from torch import nn
from torch.autograd import forward_ad

from grader.errors import CourseError
from grader.sandbox.inside.forbidden.scan import find_forbidden
from grader.sandbox.inside.recorder import record_calls
from grader.sandbox.outside.host import WalledSandbox
from grader.sandbox.wire.limits import Limits
from grader.sandbox.wire.protocol import UNRECORDED, ProbeCall

X = torch.randn(2, 3)
LAYER = nn.Linear(3, 3)


def _loss():
    w = torch.ones(3, requires_grad=True)
    return (w * w).sum(), w


def _seen(function, *names):
    with record_calls(names) as record:
        function()
    return set(record.seen)


def _leaf():
    return torch.ones(3, requires_grad=True)


def _in_thread(function):
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


def _in_plain_thread(function):
    done = threading.Event()

    def run():
        try:
            function()
        finally:
            done.set()

    _thread.start_new_thread(run, ())
    done.wait()


def _without_functions_seen():
    with torch._C.DisableTorchFunction():
        nn.functional.linear(X, X)


def _compiled():
    torch.jit.CompilationUnit("def f(x):\n    return torch.relu(x)\n").f(X)


def _takes_the_watch_away():
    mode = torch._C._pop_torch_function_stack()
    nn.functional.linear(X, X)
    torch._C._push_on_torch_function_stack(mode)


def _through_forged_code(function, **space):
    """Call a function from code that claims to be a file of torch, or a module of it."""
    exec(compile("def call(function): function()", torch.overrides.__file__, "exec"), space)
    space["call"](function)


def _run_engine():
    w = _leaf()
    run = torch.autograd.Variable._execution_engine.run_backward
    run((w.sum(),), (torch.ones(()),), False, False, (w,), allow_unreachable=True, accumulate_grad=False)


def _push_forward():
    with forward_ad.dual_level():
        forward_ad.make_dual(X, X)


class Mine(nn.Linear):
    """A layer of the student's own that is a Linear."""

    def __init__(self):
        super().__init__(3, 3)


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("torch.relu", lambda: torch.relu(X)),
        ("torch.relu", lambda: getattr(torch, "relu")(X)),  # noqa: B009 - as a student hides it
        ("torch.nn.functional.relu", lambda: nn.functional.relu(X)),
        ("torch.nn.functional.*", lambda: nn.functional.relu(X)),
        ("torch.nn.functional.*", lambda: nn.functional.max_pool2d(X[None, None], 2)),
        ("torch.nn.functional.*", lambda: nn.functional.cross_entropy(X, torch.tensor([0, 1]))),
        ("torch.nn.functional.linear", lambda: nn.functional.linear(X, X)),
        ("torch.nn.functional.linear", lambda: torch._C._nn.linear(X, X)),
        ("torch.Tensor.matmul", lambda: X @ X.T),
        ("torch.einsum", lambda: torch.einsum("ij,ij->", X, X)),
        ("torch.zeros", lambda: torch.zeros(3)),
        ("torch.autograd", lambda: _loss()[0].backward()),
        ("torch.autograd.backward", lambda: _loss()[0].backward()),
        ("torch.Tensor.backward", lambda: _loss()[0].backward()),
        ("torch.autograd.backward", lambda: torch.autograd.backward(_loss()[0])),
        ("torch.autograd.grad", lambda: torch.autograd.grad(*_loss())),
        ("torch.autograd", lambda: torch.autograd.functional.jacobian(torch.sin, X)),
        ("torch.nn.Linear", lambda: LAYER(X)),
        ("torch.nn.Linear", lambda: nn.Linear(3, 3)),
        ("torch.nn.Linear", lambda: nn.Sequential(nn.ReLU(), LAYER)(X)),
        ("torch.nn.Linear", Mine),
        ("torch.nn.Linear", lambda: functools.reduce(getattr, ["nn", "Linear"], torch)(3, 3)),
        ("torch.nn.modules.linear.Linear", lambda: LAYER(X)),
        ("torch.nn", lambda: nn.ReLU()(X)),
        ("torch.optim", lambda: torch.optim.SGD([_loss()[1]], lr=0.1)),
        ("torch.optim.SGD", lambda: torch.optim.SGD([_loss()[1]], lr=0.1).step()),
        ("torch.nn.functional.relu", lambda: torch.relu(X)),
        ("torch.nn.functional.relu", lambda: X.relu()),
        ("torch.relu", lambda: nn.functional.relu(X)),
        ("torch.nn.functional.linear", lambda: torch.ops.aten.linear(X, X)),
        ("torch.nn.functional.*", lambda: torch.ops.aten.linear.default(X, X)),
        ("torch.softmax", lambda: torch.ops.aten._softmax(X, 1, False)),
        ("torch.nn.functional.cross_entropy", lambda: torch.ops.aten.cross_entropy_loss(X, torch.tensor([0, 1]))),
        ("torch.autograd", _run_engine),
        ("torch.autograd", lambda: _in_thread(_run_engine)),
        ("torch.autograd", _push_forward),
        ("torch.autograd", lambda: torch.func.jvp(torch.sin, (X,), (X,))),
        ("torch.autograd", lambda: torch.func.vjp(torch.sin, X)[1](X)),
        ("torch.autograd", lambda: torch.func.hessian(lambda x: x.sin().sum())(X)),
        ("torch.autograd.grad", lambda: torch.func.grad(lambda x: x.sin().sum())(X)),
        ("torch.autograd.grad", lambda: torch.func.jacrev(torch.sin)(X)),
        ("torch.nn.functional.linear", lambda: _in_thread(lambda: nn.functional.linear(X, X))),
        ("torch.nn.functional.linear", lambda: _in_plain_thread(lambda: nn.functional.linear(X, X))),
        ("torch.relu", lambda: _through_forged_code(lambda: torch.relu(X))),
        ("torch.relu", lambda: _through_forged_code(lambda: torch.relu(X), __name__="torch.overrides")),
    ],
)
def test_a_call_is_seen(name, function):
    """A forbidden function that is called, or layer or optimizer that is made or used, is seen as declared."""
    assert _seen(function, "torch.fft", name) == {name}


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("torch.nn.functional.*", lambda: LAYER(X)),
        ("torch.nn.functional.linear", lambda: LAYER(X)),
        ("torch.nn.Linear", lambda: nn.functional.linear(X, X)),
        ("torch.nn.Linear", lambda: nn.Bilinear(3, 3, 3)),
        ("torch.nn.Linear", lambda: nn.TransformerEncoderLayer(4, 2, 4)(torch.zeros(1, 2, 4))),
        ("torch.nn.functional.*", lambda: torch.relu(X)),
        ("torch.nn.functional.*", lambda: torch.ops.aten.mm(X, X.T)),
        ("torch.nn.functional.linear", lambda: torch.ops.aten.mm(X, X.T)),
        ("torch.autograd.functional", lambda: _loss()[0].backward()),
        ("torch.autograd", lambda: torch.func.vmap(torch.sin)(X)),
        ("torch.ones_like", lambda: torch.autograd.backward(_loss()[0])),
        ("torch.stack", lambda: torch.func.hessian(lambda x: x.sin().sum())(X)),
        ("torch.Tensor.add_", lambda: torch.optim.SGD([_loss()[1]], lr=0.1).step()),
        ("torch.optim.SGD", lambda: torch.optim.Adam([_loss()[1]]).step()),
        ("torch.autograd", lambda: X @ X.T),
        ("torch.nn.Linear", lambda: type("Linear", (nn.Module,), {})()),
        ("torch.softmax", lambda: nn.Softmax(1)(X)),
    ],
)
def test_what_torch_calls_inside_is_not_seen(name, function):
    """What an allowed layer or optimizer calls to do its work, and what has a similar name, is not seen."""
    assert _seen(function, name) == set()


def test_a_step_after_a_scheduler_is_seen():
    """An optimizer that was made before is seen when it steps, also through a scheduler's wrapper."""
    loss, w = _loss()
    loss.backward()
    optimizer = torch.optim.SGD([w], lr=0.1)
    torch.optim.lr_scheduler.StepLR(optimizer, 1)
    assert _seen(optimizer.step, "torch.optim.SGD") == {"torch.optim.SGD"}


def test_what_the_probe_calls_is_ignored():
    """The instructor's probe may call what the student may not; what the student's code makes for it is seen."""
    space = {"torch": torch, "X": X, "make": lambda: nn.Linear(3, 3)}
    own = compile("torch.relu(X); torch.nn.Linear(3, 3)(X)", "probes.py", "exec")
    with record_calls(["torch.relu", "torch.nn.Linear"]) as record:
        exec(own, space)
    assert record.seen == {}
    with record_calls(["torch.nn.Linear"]) as record:
        exec(compile("make()(X)", "probes.py", "exec"), space)
    assert record.seen.keys() == {"torch.nn.Linear"}


def test_results_stay_the_same():
    """Watching changes no result and no gradient."""

    def step():
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(), nn.Linear(4, 1))
        loss = model(X).square().mean()
        loss.backward()
        return loss.item(), model[0].weight.grad

    plain = step()
    with record_calls(["torch.nn.Linear"]):
        again = step()
    assert again[0] == plain[0]
    assert torch.equal(again[1], plain[1])


@pytest.mark.parametrize("hide", [_without_functions_seen, _compiled, _takes_the_watch_away])
def test_who_hides_calls_is_seen(hide):
    """Code that opens a door behind which calls are not seen is noted, with the line that opens it."""
    with record_calls(["torch.nn.functional.linear"]) as record:
        hide()
    assert record.seen[UNRECORDED].file == __file__


def _watched():
    engine = torch.autograd.Variable._execution_engine
    return (nn.Module.__init__, torch.optim.Optimizer.__init__, threading.Thread.start, engine)


def test_everything_is_put_back():
    """Afterwards nothing is watched, also after an exception."""
    before = _watched()
    with pytest.raises(ZeroDivisionError), record_calls(["torch.relu", "torch.nn.Linear"]) as record:
        raise ZeroDivisionError
    torch.relu(X)
    LAYER(X)
    assert record.seen == {}
    assert _watched() == before


def test_without_names_nothing_is_watched():
    """No forbidden name installs nothing at all."""
    before = nn.Module.__init__
    with record_calls([]) as record:
        assert nn.Module.__init__ is before
        assert torch._C._len_torch_function_stack() == 0
        torch.relu(X)
    assert record.seen == {}


def test_a_malformed_name_is_the_courses_mistake():
    """A forbidden name that is no dotted name is refused."""
    with pytest.raises(CourseError, match="it is not a dotted name"), record_calls(["torch.nn."]):
        pass


PUT_TOGETHER = {
    "starred": "a, *b = 1, torch.nn, 2\nLayer = b[0].Linear",
    "list": "m = [torch.nn]\nLayer = m[0].Linear",
    "dict": "m = {'n': torch.nn}\nLayer = m['n'].Linear",
    "dict get": "m = dict(n=torch.nn)\nLayer = m.get('n').Linear",
    "dict items": "for k, v in {'n': torch.nn}.items(): Layer = v.Linear",
    "appended": "m = []; m.append(torch.nn)\nLayer = m[0].Linear",
    "stored": "m = {}; m['a'] = torch.nn\nLayer = m['a'].Linear",
    "loop": "for m in (torch.nn,): Layer = m.Linear",
    "comprehension": "Layer = [m.Linear for m in [torch.nn]][0]",
    "argument": "f = lambda n: n\nLayer = f(torch.nn).Linear",
    "argument inside": "def f(a, n): return n.Linear\nLayer = f(1, torch.nn)",
    "keyword argument": "def f(n): return n.Linear\nLayer = f(n=torch.nn)",
    "method argument": "class A:\n    def f(self, n): return n.Linear\nLayer = A().f(torch.nn)",
    "constructor argument": "class A:\n    def __init__(self, n): self.l = n.Linear\nLayer = A(torch.nn).l",
    "returned": "def f(): return torch.nn\nLayer = f().Linear",
    "yielded": "def f(): yield torch.nn\nLayer = next(f()).Linear",
    "property": "class A:\n  @property\n  def n(self): return torch.nn\nLayer = A().n.Linear",
    "namespace": "import types; s = types.SimpleNamespace(n=torch.nn)\nLayer = s.n.Linear",
    "getattr of a sum": "Layer = getattr(torch.nn, 'Lin' + 'ear')",
    "getattr of an f-string": "a = 'Lin'\nLayer = getattr(torch.nn, f'{a}ear')",
    "getattr of a format": "Layer = getattr(torch.nn, '{}{}'.format('Lin', 'ear'))",
    "getattr of a percent": "Layer = getattr(torch.nn, '%s%s' % ('Lin', 'ear'))",
    "getattr of a join": "Layer = getattr(torch.nn, ''.join(['Lin', 'ear']))",
    "getattr of a reversed text": "Layer = getattr(torch.nn, 'raeniL'[::-1])",
    "getattr of reversed()": "Layer = getattr(torch.nn, ''.join(reversed('raeniL')))",
    "getattr of characters": "Layer = getattr(torch.nn, ''.join(chr(c) for c in [76, 105, 110, 101, 97, 114]))",
    "getattr of a map": "Layer = getattr(torch.nn, ''.join(map(chr, (76, 105, 110, 101, 97, 114))))",
    "getattr of capitals": "Layer = getattr(torch.nn, 'linear'.capitalize())",
    "getattr of a replacement": "Layer = getattr(torch.nn, 'LinXear'.replace('X', ''))",
    "getattr of bytes": "Layer = getattr(torch.nn, b'Linear'.decode())",
    "getattr of base64": "import base64\nLayer = getattr(torch.nn, base64.b64decode('TGluZWFy').decode())",
    "getattr of hex": "Layer = getattr(torch.nn, bytes.fromhex('4c696e656172').decode())",
    "getattr of a loop": "for n in ['ReLU', 'Linear']: Layer = getattr(torch.nn, n)",
    "getattr in a partial": "import functools; g = functools.partial(getattr, torch.nn)\nLayer = g('Linear')",
    "reduce": "import functools\nLayer = functools.reduce(getattr, ['nn', 'Linear'], torch)",
    "reduce of a split": "from functools import reduce\nLayer = reduce(getattr, 'nn.Linear'.split('.'), torch)",
    "object.__getattribute__": "Layer = object.__getattribute__(torch.nn, 'Linear')",
    "__getattribute__": "Layer = torch.nn.__getattribute__('Linear')",
    "import_module of a sum": "import importlib\nLayer = importlib.import_module('torch' + '.nn').Linear",
    "sys.modules": "import sys\nLayer = sys.modules['torch.nn'].Linear",
    "sys.modules.get": "from sys import modules\nLayer = modules.get('torch.nn').Linear",
    "__dict__": "Layer = torch.__dict__['nn'].Linear",
    "__dict__ get": "Layer = torch.nn.__dict__.get('Linear')",
    "vars": "Layer = vars(torch)['nn'].Linear",
    "vars of vars": "Layer = vars(vars(torch)['nn'])['Linear']",
    "attrgetter": "import operator\nLayer = operator.attrgetter('nn.Linear')(torch)",
    "attrgetter kept": "from operator import attrgetter\ng = attrgetter('Linear')\nLayer = g(torch.nn)",
    "resolve_name": "import pkgutil\nLayer = pkgutil.resolve_name('torch.nn:Linear')",
    "globals": "Layer = globals()['torch'].nn.Linear",
    "globals set": "globals()['n'] = torch.nn\nLayer = n.Linear",
    "locals": "Layer = locals()['torch'].nn.Linear",
    "exec": "exec('Layer = torch.nn.Linear')",
    "exec of a sum": "exec('import torch.nn as n;' + 'Layer = n.Linear')",
    "exec that binds": "exec('import torch.nn as n')\nLayer = n.Linear",
    "eval": "Layer = eval('torch.nn.Linear')",
    "eval result": "Layer = eval('torch.nn').Linear",
    "eval in eval": "Layer = eval('eval(\"torch.nn.Linear\")')",
    "compile": "exec(compile('Layer = torch.nn.Linear', 'x', 'exec'))",
    "setattr": "class A: pass\nsetattr(A, 'n', torch.nn); Layer = A.n.Linear",
    "pickle": "import pickle\nLayer = pickle.loads(b'ctorch.nn\\nLinear\\n.')",
}


PROBES = b"""
import importlib

from grader.probes import probe


@probe()
def make(*, module):
    return {"shape": list(importlib.import_module(module).make(3, 2).weight.shape)}
"""


TAMPERING = {
    "another recorder": """
@contextlib.contextmanager
def quiet(names):
    yield recorder.RecordCalls()
process.record_calls = quiet""",
    "another mode": "recorder._Mode.__torch_function__ = lambda self, f, t, a=(), k=None: f(*a, **(k or {}))",
    "other code": "recorder._Watch._count.__code__ = (lambda self, match, *, called=None, used=None: None).__code__",
    "no names": "recorder.ForbiddenNames.matching = lambda self, path: frozenset()",
}
TAMPERED = """
import contextlib, sys, torch
process = sys.modules["grader.sandbox.inside.probe_process"]
recorder = sys.modules["grader.sandbox.inside.recorder"]
{}
def make(*sizes): return torch.nn.Linear(*sizes)
"""


@pytest.mark.parametrize("way", TAMPERING)
def test_who_changes_the_recorder_is_told(walled_server, way):
    """A recorder that a submission has replaced, emptied or rewritten is told beside its reply."""
    files = {"case.py": TAMPERED.format(TAMPERING[way]).encode()}
    with WalledSandbox(walled_server, files=files, probes={"probes.py": PROBES}, limits=Limits(wall_s=5)) as sandbox:
        outcome = sandbox.run(ProbeCall("make", {"module": "case"}, watch=("torch.nn.Linear",)))
        again = sandbox.run(ProbeCall("make", {"module": "case"}))
    assert outcome.outputs["shape"] == [2, 3]
    assert UNRECORDED in {call.name for call in outcome.called}
    assert again.called == ()


@pytest.fixture(scope="module")
def walled(walled_server):
    """Return a submission behind the wall that has each of the sources as a module `case_…`, in their order."""
    sources = {
        f"case_{i}.py": f"import torch\n{source}\ndef make(*sizes): return Layer(*sizes)\n".encode()
        for i, source in enumerate(PUT_TOGETHER.values())
    }
    with WalledSandbox(walled_server, files=sources, probes={"probes.py": PROBES}, limits=Limits(wall_s=5)) as sandbox:
        yield sandbox, sources


@pytest.mark.parametrize("case", range(len(PUT_TOGETHER)), ids=PUT_TOGETHER)
def test_what_is_put_together_at_run_time_is_seen_when_it_is_used(walled, case):
    """A forbidden name that the source doesn't spell is no use for the search, and is told by the wall once called."""
    sandbox, sources = walled
    assert find_forbidden({"case.py": sources[f"case_{case}.py"]}, ["torch.nn.Linear"]).uses == ()
    outcome = sandbox.run(ProbeCall("make", {"module": f"case_{case}"}, watch=("torch.nn.Linear",)))
    assert outcome.outputs["shape"] == [2, 3]
    (call,) = outcome.called
    assert call.name == "torch.nn.Linear"
