"""Tests of what notebooks commonly do at the top of their cells: it runs alike in `check`, `grade` and the kernel."""

import json
import sys
import types
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from grader.courses.course import read_assignment
from grader.grading.opening import limits_of, open_sandbox
from grader.live.checks import check_live
from grader.live.source import Cells
from grader.sandbox.outside.forkserver_client import ForkServer
from grader.sandbox.outside.walls import Wall
from grader.sandbox.wire.protocol import NOTEBOOK, Ending, ProbeCall
from grader.submissions.submission import Found, read_submission

FOLDER = Path(__file__).parents[1] / "sample_courses" / "notebook-mini"
KIT = FOLDER / "student_template" / "notebook-mini"
# Where libraries keep what they have downloaded or computed, if these are set.
PLACES = (
    "HF_HOME", "JOBLIB_TEMP_FOLDER", "KERAS_HOME", "MPLCONFIGDIR", "NUMBA_CACHE_DIR", "PYTHONPYCACHEPREFIX",
    "SCIKIT_LEARN_DATA", "SEABORN_DATA", "TORCHINDUCTOR_CACHE_DIR", "TORCH_EXTENSIONS_DIR", "TORCH_HOME",
    "TRITON_CACHE_DIR", "TRITON_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME",
)  # fmt: skip
SETUP = f"""\
PLACES = {PLACES}
import collections, copy, functools, itertools, json, math, os, pickle, random, string, sys, tempfile, time, warnings
from pathlib import Path
import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset, TensorDataset, random_split
torch.manual_seed(0); np.random.seed(0); random.seed(0)
x, y = torch.randn(32, 4), torch.arange(32) % 3
data = TensorDataset(x, y)
net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
def train_transform(mean): return lambda image: image - mean
def fit_line(n): return 2 * n
def train_defaults(): return {{"every": 5}}
def training_config(**options): return options
def ask_user(question): return question.upper()
def plot_curve(values): plt.plot(values); return max(values)
def evaluate(model): return (model(x).argmax(1) == y).float().mean().item()
class Schedule:
    def __init__(self): self.n = 0
    def step(self): self.n += 1; return self.n
def write_cache(name):
    folder = Path(os.environ.get(name, Path.home() / ".cache" / name)) / "own"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cache").write_text("kept")
    return (folder / "cache").read_text()
class Pairs(Dataset):
    def __len__(self): return 6
    def __getitem__(self, index): return index, index ** 2
"""
# Each sets the name of its number. First what only looks like training, plotting or asking, then everyday science.
IDIOMS = (
    "{0} = train_transform(0.5)", "{0} = fit_line(64)", "{0} = train_defaults()", "{0} = training_config(lr=0.1)",
    "{0} = ask_user('epochs')", "{0} = plot_curve([1, 3, 2])", "{0} = Schedule().step()", "{0} = net.train()",
    "px = torch.zeros(3, 3); {0} = px.numel()", "alt = dict(act='relu'); {0} = alt.get('act')",
    "with plt.style.context('ggplot'):\n    {0} = 1", "for {0} in range(2):\n    plt.plot([{0}])",
    "if False:\n    input('never asked')\n{0} = 1", "try:\n    {0} = int(input())\nexcept Exception:\n    {0} = 5",
    "{0} = plt.get_cmap('tab10')(1)", "plt.rcParams['figure.dpi'] = 90; {0} = plt.rcParams['figure.dpi']",
    "sgd = torch.optim.SGD(net.parameters(), 0.1); sgd.step(); {0} = sgd",
    "sched = torch.optim.lr_scheduler.StepLR(torch.optim.SGD(net.parameters(), 1.0), 2); {0} = sched.get_last_lr()",
    "w = torch.tensor(2.0, requires_grad=True); (w ** 2).backward(); {0} = w.grad.item()",
    "{0} = torch.autograd.grad((net(x) ** 2).sum(), net[0].weight)[0]",
    "{0} = evaluate(net)", "with torch.no_grad():\n    {0} = net(x)", "{0} = F.cross_entropy(net(x), y).item()",
    "{0} = next(iter(DataLoader(data, batch_size=8, shuffle=True)))[0].shape", "{0} = list(DataLoader(Pairs(), 2))",
    "{0}, _rest = random_split(data, [24, 8], generator=torch.Generator().manual_seed(0))",
    "{0} = len(Subset(data, range(5)))", "{0} = sum(p.numel() for p in net.parameters())",
    "torch.save(net.state_dict(), 'net.pt'); {0} = torch.load('net.pt')", "{0} = copy.deepcopy(net)",
    "os.makedirs('models/run1', exist_ok=True); {0} = os.listdir('models')", "{0} = Path.home() / '.cache'",
    "Path.home().joinpath('notes.txt').write_text('a'); {0} = Path.home().joinpath('notes.txt').read_text()",
    "with open('log.json', 'w') as file:\n    json.dump([1], file)\n{0} = json.load(open('log.json'))",
    "{0} = tempfile.mkdtemp()", "with tempfile.NamedTemporaryFile() as {0}:\n    pass",
    "os.environ['PYTHONHASHSEED'] = '0'; {0} = os.environ['HOME']", "os.chdir('models'); os.chdir('..'); {0} = 1",
    "np.save('a.npy', np.eye(2)); {0} = np.load('a.npy')", "{0} = np.random.default_rng(0).normal(size=3)",
    "plt.figure(); plt.hist(np.arange(9)); plt.savefig('h.png'); {0} = os.path.getsize('h.png')",
    "{0}, axes = plt.subplots(2, 2); axes[0, 0].imshow(np.eye(3)); {0}.tight_layout(); plt.show()",
    "warnings.filterwarnings('ignore'); {0} = 1", "{0} = pickle.loads(pickle.dumps([1]))",
    "start = time.time(); time.sleep(0.01); {0} = time.time() - start", "{0} = functools.partial(nn.Linear, 4)",
    "{0} = torch.compile(nn.Linear(4, 2))(x)", "{0} = torch.compile(net, backend='aot_eager', mode=None)(x)",
    "{0} = torch.compile(lambda t: t + 1)(x)", "torch.set_default_dtype(torch.float32); {0} = torch.ones(1)",
    "{0} = torch.device('cuda' if torch.cuda.is_available() else 'cpu')", "{0} = torch.hub.get_dir()",
    "os.makedirs(torch.hub.get_dir(), exist_ok=True); {0} = os.path.isdir(torch.hub.get_dir())",
    "assert len(data) == 32; {0} = 1", "{0} = [m for m in net.modules() if isinstance(m, nn.Linear)]",
    "{0} = nn.DataParallel(net)(x)", "{0} = torch.get_num_threads()", "{0} = torch.jit.trace(net, x)(x)",
    "handle = net.register_forward_hook(lambda *a: None); handle.remove(); {0} = 1",
    "{0} = nn.utils.parameters_to_vector(net.parameters())",
    "{0} = ''.join(itertools.islice(itertools.cycle('ab'), 3))", "global {0}\n{0} = 1",
    "import subprocess\n{0} = subprocess.run(['ls'], capture_output=True).stdout",
    "import concurrent.futures as cf\nwith cf.ThreadPoolExecutor(2) as pool:\n    {0} = list(pool.map(abs, [-1]))",
    "import multiprocessing as mp\n{0} = mp.cpu_count()",
    "import multiprocessing as mp\nwith mp.Pool(2) as pool:\n    {0} = pool.map(fit_line, [1, 2])",
    "import concurrent.futures as cf\nwith cf.ProcessPoolExecutor(1) as pool:\n    {0} = list(pool.map(fit_line, [1]))",
    "{0} = [write_cache(name) for name in PLACES]", "import matplotlib; {0} = os.listdir(matplotlib.get_cachedir())",
    "import joblib\n{0} = joblib.Memory('kept', verbose=0).cache(fit_line)(2)",
    "import logging\nlogging.basicConfig(filename='a.log'); {0} = logging.getLogger()",
    "import sqlite3\n{0} = sqlite3.connect(':memory:').execute('select 1').fetchone()",
    "import datetime\n{0} = datetime.datetime.now()",
    "import getpass\n{0} = getpass.getuser()", "import pwd\n{0} = pwd.getpwuid(os.getuid()).pw_name",
    "import grp\n{0} = grp.getgrgid(os.getgid()).gr_name", "{0} = Path.home().owner() + Path.home().group()",
    "{0} = [os.path.expanduser('~'), Path('~/data').expanduser()]",
)  # fmt: skip
# These insist on a card, which a kernel without one would not give them either.
OF_A_CARD = (
    "assert torch.cuda.is_available()\n{0} = 1", "{0} = torch.zeros(2, device='cuda')", "{0} = net.cuda()(x.cuda())",
    "{0} = nn.Linear(4, 2).to('cuda:0')(x.to('cuda'))", "{0} = torch.tensor([1], device=torch.device('cuda'))",
    "torch.set_default_device('cuda'); {0} = torch.ones(2)", "torch.cuda.synchronize(); {0} = x.pin_memory()",
    "{0} = torch.Generator(device='cuda').manual_seed(1)", "{0} = torch.load('net.pt', map_location='cuda')",
    "if not torch.cuda.is_available():\n    raise RuntimeError('no GPU')\n{0} = torch.cuda.get_device_name(0)",
)  # fmt: skip
# These look at a cell's source or at its file, as numba does for `cache=True`.
OF_A_FILE = (
    "import inspect; {0} = inspect.getsource(fit_line)",
    "import inspect; {0} = inspect.getsource(Schedule.step)",
    "{0} = os.stat(fit_line.__code__.co_filename).st_mtime",
)  # fmt: skip
MLP = """\
class MLP(nn.Module):
    def __init__(self, input_size, num_classes, hidden_sizes):
        super().__init__()
        missing = [name for name in NAMES if name not in globals()]
        if missing:
            raise ValueError(f"missing: {missing}")
        sizes = [input_size, *hidden_sizes, num_classes]
        layers = []
        for before, after in zip(sizes, sizes[1:]):
            layers += [nn.Linear(before, after), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, x):
        return self.layers(x)
"""


def cells(idioms):
    """Return a setup, a cell for each idiom, and an MLP that wants all their names."""
    names = [f"idiom_{number}" for number in range(len(idioms))]
    own = [idiom.format(name) for name, idiom in zip(names, idioms, strict=True)]
    return [SETUP, *own, f"NAMES = {names}", MLP, "# check-mlp"]


def notebook(sources):
    rows = [{"cell_type": "code", "metadata": {}, "source": source, "outputs": []} for source in sources]
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": rows}).encode()


def told(result):
    task = next(task for task in result.tasks if task.name == "mlp")
    return [check.feedback.message for check in task.checks if check.verdict != "passed"]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Keep what the idioms write into the home folder out of that of whoever runs the tests."""
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.mark.parametrize("wall", [Wall.BUBBLEWRAP, Wall.PROCESS])
def test_graded(tmp_path, wall, monkeypatch):
    """Every idiom sets its name where a notebook is graded and where it is checked, with a card that is not there.

    Caches are private: none is written where the environment of whoever grades says.
    """
    for name in PLACES:
        monkeypatch.setenv(name, str(tmp_path / "foreign"))
    assignment = read_assignment(FOLDER, "notebook-mini")
    path = tmp_path / "notebook_mini.ipynb"
    path.write_bytes(notebook(cells(IDIOMS + OF_A_FILE + OF_A_CARD)))
    submission = read_submission(Found("student", path), assignment)
    limits = replace(limits_of(assignment), import_s=60, memory_mib=2048)
    with (
        ForkServer(wall, preload=("numpy", "torch._dynamo", "matplotlib.pyplot")) as server,
        open_sandbox(assignment, submission, server=server, limits=limits) as sandbox,
    ):
        outcome = sandbox.run(ProbeCall("last_mlp", {"x": torch.ones(2, 4)}))
        assert outcome.ending is Ending.OK, outcome.error
        assert outcome.outputs["scores"].shape == (2, 3)
        assert sandbox.run(ProbeCall(NOTEBOOK, {})).outputs["on processor"] is True
    assert not (tmp_path / "foreign").exists()


def test_in_the_kernel(tmp_path, monkeypatch):
    """The same idioms, run one after the other as a kernel does, pass there too."""
    monkeypatch.chdir(tmp_path)
    module = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)  # where worker processes look for functions
    module.__dict__.update(input=lambda *_question: "7")
    for source in cells(IDIOMS):
        exec(compile(source, "<cell>", "exec"), vars(module))
    assert told(check_live(KIT, ["mlp"], module=module, cells=Cells())) == []
