"""Tests of the static scan: every spelling of a forbidden name is found, and no mere mention is."""

import subprocess
import sys
import textwrap
import time

import pytest

from grader.errors import CourseError
from grader.sandbox.inside.forbidden.names import SPELLINGS
from grader.sandbox.inside.forbidden.scan import MAX_FILE_BYTES, MAX_USES, Unread, Use, find_forbidden

LINEAR = ("torch.nn.Linear",)


def _scan(source, *names):
    return find_forbidden({"student.py": textwrap.dedent(source).encode()}, names or LINEAR)


def _lines(source, *names):
    scan = _scan(source, *names)
    assert scan.unread == ()
    return [use.line for use in scan.uses]


USES = {
    "full name": "import torch\nx = torch.nn.Linear(1, 2)",
    "module alias": "import torch.nn as nn\nx = nn.Linear",
    "from torch": "from torch import nn\nx = nn.Linear(1, 2)",
    "from torch as": "from torch import nn as layers\nx = layers.Linear(1, 2)",
    "from nn": "pass\nfrom torch.nn import Linear",
    "from nn as": "pass\nfrom torch.nn import Linear as L",
    "star": "pass\nfrom torch.nn import *",
    "assigned module": "import torch; N = torch.nn\nN.Linear(1, 2)",
    "assigned twice": "import torch; t = torch; n = t.nn\nn.Linear",
    "tuple": "import torch; a, b = torch, torch.nn\nb.Linear",
    "nested tuple": "import torch; a, (b, c) = 1, (2, torch.nn)\nc.Linear",
    "walrus": "import torch\n(n := torch.nn).Linear",
    "walrus in a comprehension": "import torch; [n := torch.nn for _ in 'a']\nn.Linear",
    "default argument": "import torch\ndef f(n=torch.nn): return n.Linear",
    "default of a lambda": "import torch\nf = lambda n=torch.nn: n.Linear",
    "keyword default": "import torch\ndef f(*, n=torch.nn): return n.Linear",
    "base class": "import torch\nclass Mine(torch.nn.Linear): pass",
    "class body": "class A:\n    from torch.nn import Linear",
    "class attribute": "import torch\nclass A: n = torch.nn\n\nA.n.Linear",
    "self attribute": "import torch\nclass A:\n  def f(self): self.n = torch.nn\n  def g(self): self.n.Linear",
    "conditional value": "import torch; n = torch.nn if torch else None\nn.Linear",
    "or": "import torch; n = None or torch.nn\nn.Linear",
    "import in a function": "def f():\n    import torch.nn as n; return n.Linear",
    "global": "def f():\n    global n; import torch.nn as n\ndef g():\n    n.Linear",
    "nonlocal": "import torch\ndef f():\n    n = None\n    def g():\n        nonlocal n; n = torch.nn\n    n.Linear",
    "with": "import torch\nwith open('x') as f, torch.nn.Linear(1, 1) as g: pass",
    "match": "import torch\nmatch 1:\n    case torch.nn.Linear(): pass",
    "in an f-string": "import torch\nf'{torch.nn.Linear(1, 1)}'",
    "getattr": "import torch\ngetattr(torch.nn, 'Linear')",
    "getattr renamed": "import torch; g = getattr\ng(torch.nn, 'Linear')",
    "getattr of builtins": "import torch, builtins\nbuiltins.getattr(torch.nn, 'Linear')",
    "import_module": "import importlib\nimportlib.import_module('torch.nn').Linear",
    "import_module renamed": "from importlib import import_module as im\nim('torch.nn').Linear",
    "import_module relative": "from importlib import import_module\nimport_module('.nn', 'torch').Linear",
    "__import__": "pass\n__import__('torch.nn').nn.Linear",
    "__import__ with fromlist": "pass\n__import__('torch.nn', fromlist=['x']).Linear",
    "defining module": "from torch.nn.modules import linear\nlinear.Linear",
    "defining module imported": "pass\nfrom torch.nn.modules.linear import Linear as L",
    "through another module": "import torch.nn.functional as F\nF.torch.nn.Linear",
    "subclass of an alias": "import torch; n = torch.nn\nclass A(n.Linear): pass",
    "semicolons": "import torch; import math; torch.nn.Linear",
    "call in an annotation": "import torch\ndef f(x: torch.nn.Linear(1, 1)): pass",
    "type alias": "import torch\nT = torch.nn.Linear | None",
    "unbound torch": "pass\ntorch.nn.Linear",
}


@pytest.mark.parametrize("source", USES.values(), ids=USES)
def test_a_use_is_found(source):
    """Each way to get at a forbidden name is found in the line where it happens, here the last one."""
    compile(source, "student.py", "exec")
    assert source.count("\n") + 1 in _lines(source)


IN_LINE_2 = {
    "decorator": "import torch\n@torch.nn.Linear\ndef f(): pass",
    "conditional import": "try:\n    from torch.nn import Linear\nexcept ImportError: Linear = None",
    "used before it is bound": "def f():\n    return n.Linear\nimport torch.nn as n",
}


@pytest.mark.parametrize("source", IN_LINE_2.values(), ids=IN_LINE_2)
def test_a_use_is_found_before_what_it_needs(source):
    """A use is found above the line that makes it one: the order of lines isn't the order of execution."""
    compile(source, "student.py", "exec")
    assert 2 in _lines(source)


MENTIONS = {
    "comment": "import torch  # torch.nn.Linear",
    "docstring": '"""Like torch.nn.Linear."""\ndef f():\n    """torch.nn.Linear"""',
    "text": "import torch\nprint('torch.nn.Linear')",
    "error": "raise ValueError('use torch.nn.Linear, not eval(torch.nn.Linear)')",
    "parent": "import torch.nn as nn\nclass Net(nn.Module): pass",
    "parent imported": "from torch import nn\nimport torch.nn",
    "siblings": "from torch.nn import Bilinear, Module\nimport torch\ntorch.nn.LinearReLU; torch.nn.functional.linear",
    "own class": "class Linear: pass\nLinear()",
    "own class in a module": "import torch.nn as nn\nclass Linear(nn.Module): pass\nclass Net:\n    layer = Linear()",
    "own attribute": "class A:\n    def __init__(self): self.Linear = 1\nA().Linear",
    "own namespace": "class nn:\n    class Linear: pass\nnn.Linear()",
    "parameter called nn": "import torch.nn as nn\ndef f(nn): return nn.Linear",
    "local called nn": "from torch import nn\ndef f():\n    nn = object()\n    return nn.Linear",
    "local called nn, bound later": "from torch import nn\ndef f():\n    x = nn.Linear\n    nn = object()",
    "other library": "import tensorflow as torch2\ntorch2.nn.Linear",
    "other Linear": "from sklearn.linear_model import Linear\nLinear()",
    "dictionary key": "d = {'Linear': 1}\nd['Linear']",
    "annotation": "import torch\ndef f(x: torch.nn.Linear) -> 'torch.nn.Linear': y: torch.nn.Linear | None = None",
    "text annotation": "x: 'torch.nn.Linear' = None",
    "keyword argument": "def f(Linear=1): pass\nf(Linear=2)",
    "unknown getattr": "import torch\ngetattr(torch.nn, input())\ngetattr(input(), 'Linear')",
    "other getattr": "import torch\ngetattr(torch.nn, 'ReLU')",
    "wrong exec": "exec('torch.nn.Linear(')",
    "comprehension variable": "from torch import nn\n[nn.Linear for nn in [1, 2]]",
    "class scope isn't seen in methods": "class A:\n    import torch.nn as n\n    def f(self, n): n.Linear",
    "lambda parameter": "from torch import nn\nf = lambda nn: nn.Linear",
    "except name": "from torch import nn\ndef f():\n    try: pass\n    except OSError as nn: nn.Linear",
    "match capture": "from torch import nn\ndef f(x):\n    match x:\n        case [nn, *rest]: nn.Linear",
    "star of another": "from torch.optim import *\nLinear = 1\nLinear",
    "star of torch": "from torch import *\nx = zeros(3)",
}


@pytest.mark.parametrize("source", MENTIONS.values(), ids=MENTIONS)
def test_a_mention_is_no_use(source):
    """What only mentions a forbidden name, or has the same last name, is not found."""
    compile(source, "student.py", "exec")
    assert _lines(source) == []


def test_a_use_names_place_declaration_and_spelling():
    """A use holds file, line, the name as declared and what the source says."""
    scan = _scan("import torch.nn as nn\n\nlayer = nn.Linear(3, 4)\n")
    assert scan.uses == (Use("student.py", 3, "torch.nn.Linear", "nn.Linear"),)


def test_the_longest_spelling_in_a_line_is_told():
    """Of several uses of one name in a line, one is told."""
    scan = _scan("import torch\nf(torch.autograd, torch.autograd.grad(y, x))", "torch.autograd")
    assert [use.spelled for use in scan.uses] == ["torch.autograd.grad"]


@pytest.mark.parametrize(
    ("names", "source", "lines"),
    [
        (["torch.autograd"], "import torch.autograd", [1]),
        (["torch.autograd"], "from torch import autograd as a", [1]),
        (["torch.autograd"], "import torch\ntorch.autograd.grad", [2]),
        (["torch.autograd"], "from torch.autograd.functional import jacobian", [1]),
        (["torch.optim"], "from torch.optim.lr_scheduler import StepLR", [1]),
        (["torch.optim"], "import importlib\nimportlib.import_module('torch.optim')", [2]),
        (["torch.optim"], "__import__('torch.optim')", [1]),
        (["torch.optim"], "import torch\ntorch.optim.__dict__[input()]", [2]),
        (["torch.optim.SGD"], "from torch.optim import sgd\nsgd.SGD", [2]),
        (["torch.optim.SGD"], "from torch.optim import Adam", []),
        (["torch.nn.functional.*"], "import torch.nn.functional as F", []),
        (["torch.nn.functional.*"], "import torch.nn.functional as F\nF.relu", [2]),
        (["torch.nn.functional.*"], "from torch.nn import functional\nfunctional.relu", [2]),
        (["torch.nn.functional.*"], "from torch.nn.functional import relu", [1]),
        (["torch.nn.functional.*"], "from torch.nn.functional import *", [1]),
        (["torch.nn.functional.*"], "from torch.nn import *\nfunctional.relu(1)", [2]),
        (["torch.nn.functional.linear"], "import torch\ntorch._C._nn.linear", [2]),
        (["torch.nn"], "from torch.nn.functional import relu", [1]),
        (["torch.nn"], "import torch\ntorch.nnx; torch.zeros(1)", []),
        (["torch.Tensor.backward"], "import torch\ntorch.Tensor.backward(x)", [2]),
        (["numpy"], "import numpy as np\nnp.zeros(3)", [1, 2]),
        ([], "import torch\ntorch.nn.Linear", []),
    ],
)
def test_a_name_stands_for_what_is_below(names, source, lines):
    """A forbidden module forbids itself and all below; with `.*` only what is below."""
    scan = find_forbidden({"student.py": source.encode()}, names)
    assert [use.line for use in scan.uses] == lines


@pytest.mark.parametrize("operation", ["torch.nn.functional.linear", "torch.relu", "torch.autograd.functional.vjp"])
def test_an_operation_is_forbidden_by_all_its_names(operation):
    """Whichever name of an operation is forbidden and whichever is written: it is a use."""
    assert len(SPELLINGS[operation]) > 1
    for declared in SPELLINGS[operation]:
        for written in SPELLINGS[operation]:
            assert _lines(f"import torch\n{written}", declared) == [2]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("torch.ops.aten.linear", ["torch.nn"]),
        ("torch.ops.aten.linear.default", ["torch.nn.functional.*"]),
        ("aten = torch.ops.aten; aten.linear", ["torch.nn.functional"]),
        ("torch.layer_norm", ["torch.nn.functional.*"]),
        ("torch.func.vjp", ["torch.autograd"]),
        ("from torch.func import jacrev", ["torch.autograd.*"]),
        ("from functorch import grad as g", ["torch.autograd.grad"]),
        ("torch._functorch.eager_transforms.vjp", ["torch.autograd"]),
        ("torch.Tensor.backward", ["torch.autograd"]),
        ("torch.optim.sgd.sgd", ["torch.optim.SGD"]),
        ("torch.nn.LazyLinear", ["torch.nn.Linear"]),
    ],
)
def test_a_module_is_forbidden_with_what_is_at_home_in_it(source, names):
    """Another public door to something of a forbidden module, or to a forbidden class, is a use."""
    assert _lines(f"import torch\n{source}", *names) == [2]


@pytest.mark.parametrize("written", ["torch.relu(x)", "torch.softmax(x, 1)", "torch.ops.aten.mm(x, x)", "x.tanh()"])
def test_arithmetic_is_left_where_a_module_is_forbidden(written):
    """What torch itself offers for tensors is not forbidden because torch.nn.functional has it as well."""
    assert _lines(f"import torch\n{written}", "torch.nn.functional", "torch.nn.functional.*", "torch.autograd") == []


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import torch\ntorch.jit.CompilationUnit('')", "torch.jit.CompilationUnit"),
        ("from torch import _C\nwith _C.DisableTorchFunction(): pass", "torch._C.DisableTorchFunction"),
        ("import grader.sandbox.inside.recorder", "grader.sandbox.inside.recorder"),
    ],
)
def test_what_hides_calls_is_told(source, name):
    """A door behind which neither the source nor the recorder shows what is called is no use, and is named."""
    scan = _scan(source)
    assert scan.uses == ()
    assert scan.unread == (Unread("student.py", f"it uses `{name}`, inside which no call can be seen"),)


def test_a_star_uses_each_name_directly_inside():
    """`from torch.nn import *` uses the forbidden names of torch.nn, each told, and no others."""
    scan = _scan("from torch.nn import *", "torch.nn.Linear", "torch.nn.ReLU", "torch.optim.SGD")
    assert [use.name for use in scan.uses] == ["torch.nn.Linear", "torch.nn.ReLU"]


FILES = {
    "relative": ("from .common import nn\nnn.Linear", "import torch.nn as nn"),
    "absolute": ("from hw.common import nn\nnn.Linear", "from torch import nn"),
    "module": ("import hw.common\nhw.common.nn.Linear", "from torch import nn"),
    "module alias": ("import hw.common as c\nc.nn.Linear", "from torch import nn"),
    "package": ("from . import common\ncommon.nn.Linear", "from torch import nn"),
    "star": ("from .common import *\nnn.Linear", "import torch.nn as nn"),
    "star through star": ("from .common import *\nnn.Linear", "from torch import *"),
    "class": ("from .common import A\nA.n.Linear", "import torch\nclass A: n = torch.nn"),
    "import_module": ("import importlib\nimportlib.import_module('hw.common').nn.Linear", "from torch import nn"),
}


@pytest.mark.parametrize(("main", "common"), FILES.values(), ids=FILES)
def test_a_name_is_followed_from_file_to_file(main, common):
    """A module that one file imports and another uses is found where it is used."""
    files = {"hw/main.py": main.encode(), "hw/common.py": common.encode()}
    assert find_forbidden(files, LINEAR).uses
    assert find_forbidden(files | {"hw/__init__.py": b""}, LINEAR).uses


def test_a_file_called_torch_hides_nothing():
    """A submission's own torch.py doesn't stand for the library: the library is what gets imported."""
    files = {"torch.py": b"class nn: Linear = 1", "main.py": b"import torch\ntorch.nn.Linear"}
    assert [(use.file, use.line) for use in find_forbidden(files, LINEAR).uses] == [("main.py", 2)]


def test_modules_that_import_each_other_are_scanned():
    """Files that import each other with stars don't send the scan in circles."""
    files = {"a.py": b"from b import *\nnn.Linear", "b.py": b"from a import *\nimport torch.nn as nn"}
    assert [use.file for use in find_forbidden(files, LINEAR).uses] == ["a.py"]


def test_other_files_are_left_alone():
    """Only Python files are scanned."""
    assert find_forbidden({"notes.txt": b"import torch.nn.Linear", "data.bin": b"\xff\x00"}, LINEAR).unread == ()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"def f(:\n", "it is not valid Python: invalid syntax (line 1)"),
        (b"x = '\xff'", "it is not valid Python: invalid or missing encoding declaration"),
        (b"\n\n\nx = '\xff'", "it is not text in the encoding that it claims"),
        (b"# coding: klingon\nx = 1", "it is not valid Python: "),
        (b"x = 1\0", "null bytes"),
        (b"(" * 100_000, "it is not valid Python: too many nested parentheses"),
        (b"x = " + b"-" * 100_000 + b"1", "it is nested too deeply"),
        (b"x = " + b"1+" * 100_000 + b"1", "it is nested too deeply"),
        (b"x = " + b"lambda: " * 200 + b"1", "it is nested too deeply"),
        (b"if 1:\n" + b"".join(b" " * i + b"if 1:\n" for i in range(1, 200)), "too many levels of indentation"),
        (b"#" * (MAX_FILE_BYTES + 1), f"it has {MAX_FILE_BYTES + 1} bytes, more than {MAX_FILE_BYTES}"),
        (b"x = " + b"9" * 5000, "it is not valid Python"),
    ],
)
def test_what_cannot_be_scanned_is_told(content, reason):
    """A file that isn't readable Python is named with the reason, and the others are scanned."""
    scan = find_forbidden({"bad.py": content, "good.py": b"from torch.nn import Linear"}, LINEAR)
    assert [use.file for use in scan.uses] == ["good.py"]
    (unread,) = scan.unread
    assert isinstance(unread, Unread)
    assert unread.file == "bad.py"
    assert reason in unread.reason


def test_a_use_deep_inside_an_expression_is_found():
    """Whatever nesting Python itself can run is scanned: nothing hides in depth."""
    source = "import torch\nx = " + "+".join(["torch.nn.Linear", *["1"] * 2500])
    assert _lines(source) == [2]
    assert _lines("import torch\nx = " + "[" * 190 + "torch.nn.Linear" + "]" * 190) == [2]


@pytest.mark.parametrize(
    "source",
    [
        "a = ()\n" + "a = (a, a)\n" * 500,
        "s = 'x'\n" + "s = s + s\n" * 500,
        "s = 'x' * 10 ** 12\nt = '%1000000000d' % 1\nu = '{:>1000000000}'.format(1)\nv = f'{1:1000000000}'",
        "def f(x): return g((x, x))\ndef g(x): return f([x, x])\nf(1)",
        "f = lambda f: f(f)\nf(f)",
        "exec(\"exec('exec(1)')\")\ns = 'exec(s)'\nexec(s)",
        "s = 'eval(s)' \neval(s)",
        "import functools\np = functools.partial(p, p)\np(p)",
        "from student import *\nimport student\nstudent.student.student.x",
        "\n".join(f"x{i} = x{i + 1}" for i in range(2000)),
        "x = [" + "1," * 100_000 + "]",
        "a = b = c = {}\n" + "a[a] = b; b[c] = a; c.update(a)\n" * 200,
        "class A:\n    @property\n    def a(self): return self.a\nA().a.a.a",
        "for a in a: a = [a for a in a for a in a]",
        "x = " + ".".join(["a"] * 900),
        "x = " + "getattr(" * 80 + "x" + ", 'x')" * 80,
        "x = " + "(x := " * 80 + "x" + ").x" * 80,
        "x = " + "1 if x else " * 900 + "x",
        "x = " + " or ".join(["x"] * 50_000),
        "x = (" + "x, " * 20_000 + ") = (" + "x, " * 20_000 + ")",
        "x = '" + "torch.nn.Linear " * 60_000 + "'",
        "x = " + "lambda:" * 900 + "[" + "y," * 100_000 + "]",
        "x = " + "lambda x=" * 90 + "x" + ": x" * 90,
        "import torch\n" + "torch.nn; " * 50_000 + "pass",
    ],
)
def test_hostile_sources_end(source):
    """Sources that grow, recurse or ask for huge texts are scanned in seconds."""
    started = time.process_time()
    scan = _scan(source + "\nfrom torch.nn import Linear")
    assert time.process_time() - started < 10
    assert scan.uses or scan.unread


def test_uses_are_bounded():
    """No more uses are told than anybody reads."""
    scan = _scan("import torch\n" + "torch.nn.Linear\n" * (MAX_USES + 50))
    assert len(scan.uses) == MAX_USES


@pytest.mark.parametrize("name", ["", "torch.", "torch.nn.Linear()", "*", "torch.*.Linear", "torch nn"])
def test_a_malformed_name_is_the_courses_mistake(name):
    """A forbidden name that is no dotted name is refused with an example."""
    with pytest.raises(CourseError, match=r"can't be forbidden: it is not a dotted name\. Write it like `torch\.nn"):
        find_forbidden({}, [name])


def test_the_scan_needs_no_torch():
    """The scan itself imports only the standard library and the grader's errors."""
    code = "import sys, grader.sandbox.inside.forbidden; assert not {'torch', 'numpy', 'pytest'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_recursion_limit_is_put_back():
    """The scan leaves the interpreter's recursion limit as it was."""
    before = sys.getrecursionlimit()
    _scan("x = 1")
    assert sys.getrecursionlimit() == before
