"""Tests of grader.live.in_notebook, in real kernels: what a student sees, and that nothing of theirs is changed."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

from grader.live.in_notebook import _words_of, find_kit, show_check

KIT = Path(__file__).parents[1] / "sample_courses" / "notebook-mini" / "student_template" / "notebook-mini"
MLP = """\
class MLP(nn.Module):
    def __init__(self, input_size, num_classes, hidden_sizes):
        super().__init__()
        sizes = [input_size, *hidden_sizes, num_classes]
        layers = []
        for before, after in zip(sizes, sizes[1:]):
            layers += [nn.Linear(before, after), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, x):
        return self.layers(x)
"""
OPTIMIZER = """\
class SGDMomentum:
    def __init__(self, params, lr, momentum=0.9):
        self.params, self.lr, self.momentum = list(params), lr, momentum
        self.averages = [torch.zeros_like(p) for p in self.params]

    @torch.no_grad()
    def step(self):
        for p, average in zip(self.params, self.averages):
            average.mul_(self.momentum).add_(p.grad, alpha=1 - self.momentum)
            p -= self.lr * average
"""
CALLS_STEP = "class SGDMomentum(torch.optim.SGD):\n    pass"


class Kernel:
    """Hold a kernel and its client; `run` gives what a cell shows: texts, HTML, errors."""

    def __init__(self, folder):
        self.manager, self.client = start_new_kernel(kernel_name="python3", cwd=str(folder))
        self.html = ""

    def run(self, code, *, answers=()):
        waiting, texts, html = list(answers), [], []

        def show(message):
            content = message["content"]
            match message["msg_type"]:
                case "stream":
                    texts.append(content["text"])
                case "display_data" | "execute_result":
                    texts.append(content["data"]["text/plain"])
                    html.append(content["data"].get("text/html", ""))
                case "error":
                    texts.append(f"{content['ename']}: {content['evalue']}")

        self.client.execute_interactive(
            code,
            allow_stdin=bool(waiting),
            stdin_hook=lambda _message: self.client.input(waiting.pop(0)),
            output_hook=show,
            timeout=120,
        )
        self.html = "".join(html)
        return "\n".join(texts)

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("homework") / "notebook-mini"
    shutil.copytree(KIT, folder)
    (folder / "deeper").mkdir()
    return folder


@pytest.fixture(scope="module")
def shared(folder):
    kernel = Kernel(folder / "deeper")
    kernel.run("%load_ext grader\nimport torch\nfrom torch import nn")
    yield kernel
    kernel.close()


@pytest.fixture
def kernel(shared):
    shared.run(MLP)
    shared.run(OPTIMIZER)
    return shared


def test_passing(kernel):
    """A task that is solved shows its checks, points and the sum, as text and as HTML, found from a folder below."""
    shown = kernel.run("import grader\ngrader.check('mlp')")
    assert "The MLP  6/6" in shown
    assert shown.endswith("6 of 6 points: all 2 checks passed.")
    assert kernel.html.count("passed") == 3


def test_torchvision(kernel):
    """Below `%load_ext grader` torchvision can be imported, also where it was built for another torch."""
    assert kernel.run("import torchvision\nprint(torchvision.__name__)") == "torchvision\n"


def test_failing(kernel):
    """What is wrong is explained in the words of the terminal, with the hint; HTML of the student's is escaped."""
    kernel.run(MLP.replace("return self.layers(x)", "return self.layers(x) + 1"))
    shown = kernel.run("%check mlp")
    assert "wrong" in shown
    assert "Every\n      element is too large by 1" in shown
    assert "Hint: No activation follows the last layer." in shown
    kernel.run(MLP.replace("return self.layers(x)", "raise ValueError('<script>')"))
    assert "`cell In[" in kernel.run("%check mlp")
    assert "&lt;script&gt;" in kernel.html
    assert "<script" not in kernel.html


def test_what_the_kernel_holds_counts(kernel, folder):
    """A definition that is run again counts at once; the saved notebook is never looked at."""
    saved = (folder / "notebook_mini.ipynb").read_bytes()
    assert "NotImplementedError" in saved.decode()
    kernel.run(MLP.replace("return self.layers(x)", "return 2 * self.layers(x)"))
    assert "0 of 6 points" in kernel.run("%check mlp")
    assert "6 of 6 points" in kernel.run(f"%%check mlp\n{MLP}")


def test_magic_without_code(kernel):
    """`%%check mlp` alone in a cell checks, as `%check mlp` does."""
    assert "6 of 6 points" in kernel.run("%%check mlp")
    assert "6 of 6 points" in kernel.run("# check-mlp\n%check mlp")


def test_raising_cell(kernel):
    """A cell that raises shows its error, with its own lines, and nothing is checked."""
    shown = kernel.run("%%check mlp\n1 / 0")
    assert "ZeroDivisionError" in shown
    assert shown.strip().endswith("grader: The cell above failed, so nothing was checked.")


def test_all_quick_tasks(kernel):
    """Without a name every quick task is checked, and the next one to mend is named as a call."""
    kernel.run("del SGDMomentum")
    shown = kernel.run("grader.check()")
    assert "The MLP  6/6" in shown
    assert "Your notebook has no `SGDMomentum` yet: run the cell that defines it." in shown
    assert shown.endswith('Next: `grader.check("optimizer")`.')


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("grader.check('mpl')", "grader: Nothing was checked: notebook-mini has no task `mpl`. Did you mean `mlp`?"),
        ("%check mlp kit=/nowhere", "holds the assignment's `checks`. Name the assignment's folder: `grader.check("),
    ],
)
def test_mistakes_in_the_call(kernel, code, words):
    """An unknown task and a kit that isn't there are told in one sentence and raise nothing."""
    assert words in kernel.run(f"import grader\n{code}").replace("\n", " ")


def test_kit_by_its_path(kernel, folder):
    """A kit can be named, by its folder or by its folder `checks`."""
    kernel.run("import os, tempfile, grader\nos.chdir(tempfile.gettempdir())")
    try:
        assert "Nothing was checked" in kernel.run("%check mlp")
        assert "6 of 6 points" in kernel.run(f"grader.check('mlp', kit={str(folder)!r})")
        assert "6 of 6 points" in kernel.run(f"%check mlp kit='{folder}/checks'")
    finally:
        kernel.run(f"os.chdir({str(folder / 'deeper')!r})")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (r"mlp kit=C:\Users\me\hw", ["mlp", r"kit=C:\Users\me\hw"]),
        (r"mlp kit='C:\my files\hw'", ["mlp", r"kit=C:\my files\hw"]),
        ("mlp # 2", ["mlp", "#", "2"]),
        ("", []),
    ],
)
def test_words_of_a_magic(line, words):
    """A path of Windows keeps its backslashes, and quotes hold words together."""
    assert _words_of(line) == words


def test_forbidden_names(kernel):
    """A definition that uses a forbidden name is told by its cell; one that was replaced doesn't count any more."""
    kernel.run(CALLS_STEP)
    shown = " ".join(kernel.run("%check optimizer").split())
    assert "forbidden" in shown
    assert "line 1, uses `torch.optim.*` (as `torch.optim.SGD`), which this task forbids" in shown
    assert "`cell In[" in shown
    kernel.run(OPTIMIZER)
    assert "4 of 4 points" in kernel.run("%check optimizer")


STATE = """\
import random, sys, os, warnings
import numpy as np
import matplotlib, matplotlib.pyplot as plt
def state():
    return (
        random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist(), torch.get_num_threads(),
        torch.get_default_dtype(), torch.is_grad_enabled(), sorted(sys.modules), list(sys.path), list(sys.meta_path),
        os.getcwd(), dict(os.environ), sorted(set(globals()) - {"before"} - {n for n in globals() if n[0] == "_"}),
        dict(matplotlib.rcParams), plt.get_fignums(), list(warnings.filters), model.weight.tolist(), model.training,
        kept, vars(MLP).keys(), torch.optim.SGD, sys.stdout, sys.breakpointhook,
    )
"""
MEDDLING = MLP.replace(
    "        return self.layers(x)",
    """\
        global kept, left_over
        random.seed(1); np.random.seed(1); torch.manual_seed(1); left_over = 1
        torch.set_grad_enabled(False); torch.set_default_dtype(torch.float64); os.chdir("/")
        plt.figure(); plt.rcParams["lines.linewidth"] = 7; os.environ["X_LEFT"] = "1"; sys.path.append("x")
        model.weight.data.zero_(); model.eval(); kept.append(1); MLP.extra = 1; warnings.simplefilter("error")
        return self.layers(x.float()).float()""",
)


def test_kernel_is_unharmed(kernel):
    """Whatever the checked code does, generators, settings, names, values, figures and modules are as before."""
    kernel.run(f"{STATE}\nmodel = nn.Linear(2, 2)\nkept = []\n{MEDDLING}")
    kernel.run("grader.check()")  # what is imported once stays
    kernel.run("before = repr(state())")
    assert "MLP" in kernel.run("%check mlp")
    differing = "[(a, b) for a, b in zip(eval('[0]') + [before], [0, repr(state())]) if a != b]"
    assert kernel.run(differing) == "[]"


def test_breakpoint(kernel):
    """`breakpoint()` in the code under test stops there, answers, and goes on; leaving the debugger ends the check."""
    kernel.run(MLP.replace("        return self.layers(x)", "        breakpoint()\n        return self.layers(x)"))
    shown = kernel.run("%check mlp", answers=["p 40 + 2", "c", "c"])
    assert "42" in shown
    assert "6 of 6 points" in shown
    assert "Stopped: nothing was checked to the end." in kernel.run("%check mlp", answers=["q"])
    kernel.run(MLP)
    assert "6 of 6 points" in kernel.run("%check mlp")


def test_interrupt(kernel):
    """Interrupting the kernel stops a check that never ends, and the next one works."""
    kernel.run("import os, signal, threading, time")
    endless = "        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()\n        time.sleep(60)"
    kernel.run(MLP.replace("        return self.layers(x)", endless))
    assert "Stopped: nothing was checked to the end." in kernel.run("%check mlp")
    kernel.run(MLP)
    assert "6 of 6 points" in kernel.run("%check mlp")


def test_how_long_it_takes(kernel):
    """A layer's checks answer at once after the first time; the figure is printed, not judged."""
    kernel.run("%check mlp")
    started = time.perf_counter()
    kernel.run("%check mlp")
    print(f"%check mlp: {1e3 * (time.perf_counter() - started):.0f} ms")


def test_files_of_a_package(tmp_path, make_course, write_files):
    """For a package the files as they are saved are imported anew each time, and the kernel keeps its own module."""
    from grader.authoring.template import write_template
    from grader.courses.course import read_assignment

    course = make_course(tmp_path / "course", checks=CHECKS)
    write_template(read_assignment(course, "tiny"), tmp_path / "kit")
    write_files(tmp_path / "kit", {"student.py": "def double(x):\n    return 2 * x\n"})
    kernel = Kernel(tmp_path / "kit")
    try:
        kernel.run("%load_ext grader\nimport student\nfirst = student")
        assert "10 of 10 points" in kernel.run("%check double")
        write_files(tmp_path / "kit", {"student.py": "def double(x):\n    return 3 * x\n"})
        assert "0 of 10 points" in kernel.run("%check double")
        assert kernel.run("import student; student is first, student.double(1)") == "(True, 2)"
    finally:
        kernel.close()


CHECKS = '''\
import pytest
import torch

from grader.compare import assert_matches


@pytest.mark.graded(task="double")
def test_double(probe, rng):
    """double returns twice its input"""
    x = torch.randn(4, 3, generator=rng)
    assert_matches(probe("double", x=x), {"y": 2 * x})
'''


def test_without_a_notebook(folder):
    """In plain Python the result is printed."""
    code = f"import torch\nfrom torch import nn\nimport grader\n{MLP}\ngrader.check('mlp')"
    ended = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    assert ended.stdout.strip().endswith("6 of 6 points: all 2 checks passed.")
    assert ended.stderr == ""


def test_without_a_kit(tmp_path, monkeypatch, capsys):
    """Where there is no kit, as in a sandbox, one line says so, and nothing heavy is imported for it."""
    monkeypatch.chdir(tmp_path)
    assert find_kit(None) is None
    show_check(["mlp"])
    assert len(capsys.readouterr().out.splitlines()) == 1
    code = "import sys, grader; grader.check('mlp'); assert not {'torch', 'pytest', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)


def test_our_own_mistake(monkeypatch, capsys):
    """A mistake of the grader's is shown with its lines, and doesn't stop the notebook."""
    monkeypatch.setattr("grader.live.in_notebook.find_kit", lambda _kit: 1 / 0)
    show_check([])
    printed = capsys.readouterr()
    assert "ZeroDivisionError" in printed.err
    assert printed.out == "grader: The grader itself failed, not your code. Please report the lines above.\n"
