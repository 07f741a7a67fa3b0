"""Promises of `grader.sandbox.inside.leftovers`: whatever a probe changes is put back, or its process ends."""

import ast
import re
import signal

import pytest

from grader.sandbox.inside.leftovers import Surroundings, _restorers, _settings

CHANGES = {
    "dtype": "torch.set_default_dtype(torch.float64)",
    "device": "torch.set_default_device('meta')",
    "threads": "torch.set_num_threads(3)",
    "gradients": "torch.set_grad_enabled(False)",
    "anomalies": "torch.autograd.set_detect_anomaly(True)",
    "deterministic": "torch.use_deterministic_algorithms(True)",
    "matmul": "torch.set_float32_matmul_precision('medium')",
    "cudnn": "torch.backends.cudnn.benchmark = True",
    "print options": "torch.set_printoptions(precision=2)",
    "warnings": "warnings.simplefilter('error')",
    "environment": "os.environ.update(SOME='word'); os.environ.pop('PATH')",
    "folder": "os.chdir('/')",
    "path": "sys.path.insert(0, '/nowhere')",
    "arguments": "sys.argv.append('--more')",
    "streams": "sys.stdout = io.StringIO()",
    "recursion": "sys.setrecursionlimit(4321)",
    "tracing": "threading.setprofile(print); threading.settrace(print)",
    "signals": "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
    "timer": "signal.setitimer(signal.ITIMER_REAL, 50)",
    "numpy errors": "numpy.seterr(all='raise')",
    "numpy print options": "numpy.set_printoptions(precision=1)",
    "plots": "matplotlib.rcParams.update({'lines.linewidth': 7})",
}
NEVER_PUT_BACK = {
    "inference": "keep.append(torch.inference_mode()); keep[0].__enter__()",
    "function modes": "BaseTorchFunctionMode().__enter__()",
    "a thread": "threading.Thread(target=time.sleep, args=(30,), daemon=True).start()",
    "much memory": "keep.append(torch.ones(80 * 1024 * 1024))",
    "many files": "keep.extend(open('/dev/null') for _ in range(120))",
    "a broken interpreter": "del torch.get_default_dtype",
}
IMPORTS = (
    "import io, os, signal, sys, threading, time, warnings, numpy, matplotlib, torch\n"
    "from torch.overrides import BaseTorchFunctionMode\nkeep = []\n"
)


def _changed(change):
    """Make a change in this process; return what put_back says, which settings it changes, and which are left so."""
    names = {}
    signal.alarm(0)
    exec(IMPORTS, names)
    before = dict(_settings())
    surroundings = Surroundings()
    exec(change, names)
    during = dict(_settings()) if "del " not in change else {"dtype": None}
    answer = surroundings.put_back()
    after = dict(_settings()) if "del " not in change else before
    return answer, [name for name in before if during.get(name) != before[name]], [
        name for name in before if after.get(name) != before[name]
    ]  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_put_back(in_child, name):
    answer, changed, left = ast.literal_eval(in_child(lambda: _changed(CHANGES[name])))
    assert (answer, left) == (True, [])
    assert name in changed


@pytest.mark.parametrize("name", NEVER_PUT_BACK)
def test_a_process_ends_where_something_stays(in_child, name):
    assert in_child(lambda: _changed(NEVER_PUT_BACK[name])[0]) == "False"


def test_every_setting_has_a_change_here_and_a_way_back():
    import matplotlib  # noqa: F401 - its settings are read where it was imported
    import numpy as np  # noqa: F401

    names = [name for name, _value in _settings()]
    assert names == [name for name, _way in _restorers()]
    assert set(names) <= CHANGES.keys() | NEVER_PUT_BACK.keys()


def test_nothing_changed_is_as_good_as_fresh(in_child):
    assert in_child(lambda: Surroundings().put_back()) == "True"


def test_figures_are_closed(in_child):
    def draw():
        import matplotlib

        matplotlib.use("agg")
        from matplotlib import pyplot

        surroundings = Surroundings()
        pyplot.plot([1, 2])
        return surroundings.put_back(), pyplot.get_fignums()

    assert re.fullmatch(r"\(True, \[\]\)", in_child(draw))
