"""Promises of `grader.sandbox.wire.shims`: old code finds removed names, behind both walls and only where missing."""

import subprocess
import sys

import pytest

from grader.sandbox.wire.protocol import Ending, ProbeCall
from grader.sandbox.wire.shims import FAMILIES, SHIMS, shims_named

OLD_CODE = {
    "matplotlib.cm.get_cmap": (
        "import matplotlib.pyplot as plt\n"
        "def f():\n    return [plt.cm.get_cmap('viridis', 7).N, plt.cm.get_cmap().name, plt.cm.get_cmap('jet').name]\n",
        [7, "viridis", "jet"],
    ),
    "numpy.*": (
        "import numpy as np\ndef f():\n"
        "    x = np.zeros(3, dtype=np.int)\n"
        "    return [str(x.dtype), np.float is float, bool(np.isinf(np.Inf)), int(np.product([2, 3]))]\n",
        ["int64", True, True, 6],
    ),
    "numpy.int": ("import numpy as np\ndef f():\n    return [np.int('3'), hasattr(np, 'float')]\n", [3, False]),
    "iterator.next": (
        "from torch.utils.data import DataLoader\ndef f():\n    batches = iter(DataLoader([1, 2], batch_size=2))\n"
        "    return [batches.next().tolist(), next(batches, None)]\n",
        [[1, 2], None],
    ),
    "collections.*": (
        "import collections\n"
        "def f():\n    return [isinstance({}, collections.Mapping), collections.Iterable.__name__]\n",
        [True, "Iterable"],
    ),
    "collections.Iterable": (
        "from collections import Iterable\ndef f():\n    return isinstance([], Iterable)\n",
        True,
    ),
    "torchvision.transforms.*": (
        "import torchvision.transforms as tf\ndef f():\n    return [tf.Scale(4).size, tf.RandomSizedCrop(5).size[0]]\n",
        [4, 5],
    ),
    "PIL.Image.ANTIALIAS": (
        "from PIL import Image\ndef f():\n    return Image.new('L', (9, 9)).resize((3, 4), Image.ANTIALIAS).size[1]\n",
        4,
    ),
}


@pytest.mark.parametrize("name", OLD_CODE)
def test_old_code_runs(open_student, call, name):
    """Code written for an old version does what it did there, though the module was not loaded beforehand."""
    source, result = OLD_CODE[name]
    outcome = call(open_student(source, shims=(name,)), "f")
    assert outcome.error is None
    assert outcome.outputs == {"result": result}


def test_nothing_is_given_back_unasked(open_student, call):
    """Where an assignment lists no shims, removed names stay removed."""
    outcome = call(open_student("import numpy as np\ndef f():\n    return np.int(3)\n"), "f")
    assert outcome.error.type == "AttributeError"


def test_names_that_are_there_stay(open_student, call):
    """A name that the installed version has is its own, not ours."""
    source = "import numpy as np\ndef f():\n    return [np.bool is np.bool_, np.long is int]\n"
    assert call(open_student(source, shims=("numpy.*",)), "f").outputs == {"result": [True, False]}


@pytest.mark.parametrize("module", ["tqdm.notebook", "tqdm.auto", "tqdm.autonotebook", "tqdm"])
def test_progress_bars_are_plain(open_student, call, module):
    """A notebook's progress bar works without a notebook, and what it draws is printed text, never a reply."""
    source = f"from {module} import tqdm, trange\ndef f():\n    return [sum(tqdm([1, 2])), len(list(trange(3)))]\n"
    outcome = call(open_student(source), "f")
    assert outcome.outputs == {"result": [3, 3]}
    assert "100%" in outcome.printed


def test_the_old_name_of_notebook_bars(open_student, call):
    """`tqdm.tqdm_notebook` is a plain bar, too."""
    source = "from tqdm import tqdm_notebook\ndef f():\n    return sum(tqdm_notebook([1, 2]))\n"
    assert call(open_student(source), "f").outputs == {"result": 3}


def test_shims_import_nothing():
    """To provide every shim imports none of the libraries, and a module that nobody has stays missing."""
    code = (
        "import sys\nfrom grader.sandbox.wire.shims import provide, shims_named\n"
        "provide(shims_named(['*']))\n"
        "assert not {'numpy', 'torch', 'matplotlib', 'torchvision', 'PIL'} & set(sys.modules)\n"
        "sys.path = []\n"
        "try:\n    import numpy\nexcept ModuleNotFoundError as err:\n    assert err.name == 'numpy'\n"
        "else:\n    raise SystemExit('found')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_families_name_shims():
    """Every family stands for several shims, and every shim's name is known by itself."""
    assert all(len(shims_named([family])) > 1 for family in FAMILIES)
    assert all(shims_named([name]) == (shim,) for name, shim in SHIMS.items())
    assert all(shim.missing_since for shim in SHIMS.values())


def test_preloaded_libraries_may_write_while_they_load(preloading_server, open_on, call):
    """Libraries that need a temporary folder to be imported can be preloaded; what remembers it writes to our own."""
    source = (
        "import os, sys, tempfile\ndef f():\n"
        "    loaded = [name in sys.modules for name in ('matplotlib.pyplot', 'torch._dynamo')]\n"
        "    if os.path.isdir('/preload'):\n        loaded.append(os.listdir('/preload') == os.listdir('/tmp'))\n"
        "        open('/preload/x', 'w').close()\n        loaded.append(os.path.exists('/tmp/x'))\n"
        "    return [*loaded, tempfile.gettempdir(), os.environ['TMPDIR'], os.environ['HOME'] == '/preload']\n"
    )
    outcome = call(open_on(preloading_server, source), "f")
    assert preloading_server.problems == ()
    *worked, temporary, variable, is_home = outcome.outputs["result"]
    assert all(worked)
    assert (temporary, variable, is_home) == ("/tmp", "/tmp", False)


def test_optimizers_step_beside_what_is_preloaded(preloading_server, open_on, call):
    """An optimizer works where a course names `torch._dynamo` in `preload`."""
    source = (
        "import torch\ndef f():\n    w = torch.nn.Parameter(torch.ones(2))\n    w.sum().backward()\n"
        "    torch.optim.SGD([w], lr=0.5).step()\n    return w.tolist()\n"
    )
    outcome = call(open_on(preloading_server, source), "f")
    assert (outcome.ending, outcome.outputs) == (Ending.OK, {"result": [0.5, 0.5]})


def test_a_probe_may_use_what_was_given_back(open_student):
    """Probe files load after the names are given back."""
    probes = b"from grader.probes import probe\nimport numpy as np\nKIND = np.int\n"
    probes += b"@probe()\ndef kind():\n    return {'y': KIND(3)}\n"
    assert open_student(probes=probes, shims=("numpy.int",)).run(ProbeCall("kind", {})).outputs == {"y": 3}
