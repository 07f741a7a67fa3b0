"""Tests of the package's import directions: design, not behaviour."""

import ast
import graphlib
import subprocess
import sys

import pytest

# Folders, lowest first: each imports from itself and from those before it. `sandbox/inside` is what the security of
# the wall rests on: like what probes import, it runs beside strangers' code and has a test of its own below.
FOLDERS = (
    "errors",
    "probes",
    "weights",
    "results",
    "sandbox/wire",
    "compare",
    "courses",
    "notebooks",
    "submissions",
    "sandbox/inside",
    "notebook_probes",
    "datasets",
    "sandbox/outside",
    "grading",
    "runs",
    "authoring",
    "report",
    "similar",
    "live",
    "cluster",
    "answers",
    "marking",
    "export",
    "bundles",
    "doctor",
    "commands",
    "cli",
    "__main__",
)
IMPORTED_THERE = {"sandbox/inside", "probes", "weights", "notebook_probes"}
BESIDE_STRANGERS = IMPORTED_THERE | {"errors", "sandbox/wire", "notebooks"}
_OF_A_DOOR = (ast.Expr, ast.Import, ast.ImportFrom, ast.If, ast.Assign)
WITH_TORCH = {
    "authoring",
    "compare",
    "courses",
    "datasets",
    "grading",
    "live",
    "sandbox/inside",
    "sandbox/outside",
    "sandbox/wire",
    "weights",
}


@pytest.fixture(scope="module")
def trees(grader_folder):
    paths = {path.relative_to(grader_folder).with_suffix(""): path for path in grader_folder.rglob("*.py")}
    names = {".".join(name.parts).removesuffix("__init__").rstrip("."): path for name, path in paths.items()}
    return {name: ast.parse(path.read_bytes()) for name, path in names.items()}


def _imported(tree):
    """Return the full names of everything that a module imports anywhere but for type checkers."""
    conditions = [node for node in ast.walk(tree) if isinstance(node, ast.If)]
    guarded = [node for node in conditions if ast.unparse(node.test) == "TYPE_CHECKING"]
    skipped = {id(inner) for node in guarded for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and id(node) not in skipped:
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and id(node) not in skipped:
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _ours(trees, name):
    """Return the package's modules that a module imports."""
    for full in _imported(trees[name]):
        path = full.removeprefix("grader.")
        if full.startswith("grader."):
            yield path if path in trees else path.rpartition(".")[0]


def _folder_of(name):
    """Return the entry of FOLDERS that holds a module; its subfolders belong to it."""
    path = name.replace(".", "/")
    return next((folder for folder in FOLDERS if path == folder or path.startswith(f"{folder}/")), None)


def test_every_module_has_its_folder(trees):
    """Each module lies in one of the folders; a new folder has to say where it stands."""
    assert [name for name in trees if name not in ("", "sandbox") and _folder_of(name) is None] == []


def test_imports_point_one_way(trees):
    """No folder imports from one above it, neither at a module's top nor inside a function."""
    wrong = [
        f"{name} imports {other}"
        for name in trees
        for other in _ours(trees, name)
        if name and other and FOLDERS.index(_folder_of(other)) > FOLDERS.index(_folder_of(name))
    ]
    assert wrong == []


def test_imports_never_go_in_circles(trees):
    """No module is imported by what it imports."""
    graph = {name: set(_ours(trees, name)) - {name, ""} for name in trees}
    assert list(graphlib.TopologicalSorter(graph).static_order())


def test_what_runs_beside_strangers_imports_little(trees):
    """`sandbox/inside` and what probes import reach only each other, what both sides read, and notebook formats."""
    reached, waiting = set(), [name for name in trees if _folder_of(name) in IMPORTED_THERE]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += [other for other in _ours(trees, name) if other not in ("", "sandbox")]
    assert {_folder_of(name) for name in reached} <= BESIDE_STRANGERS


def test_the_package_is_only_a_door(trees):
    """The package itself holds the two functions that notebooks call, and imports nothing until they are called."""
    functions = [node for node in trees[""].body if not isinstance(node, ast.Expr)]
    assert [node.name for node in functions] == ["check", "load_ipython_extension"]
    assert set(_imported(trees[""])) == {"grader.live.in_notebook.show_check", "grader.live.in_notebook.add_magic"}


def test_folders_hold_no_logic_of_their_own(trees, grader_folder):
    """`__init__.py` is empty but where checks import from: there it names what is public, and brings it, no more."""
    folders = [path.parent.relative_to(grader_folder).as_posix() for path in grader_folder.rglob("*/__init__.py")]
    bodies = {folder: trees[folder.replace("/", ".")].body for folder in folders}
    assert {folder for folder, body in bodies.items() if body} == {"compare", "datasets"}
    assert {type(node) for node in bodies["compare"]} == {ast.Expr, ast.ImportFrom, ast.Assign}
    functions = [node.name for node in bodies["datasets"] if not isinstance(node, _OF_A_DOOR)]
    assert functions == ["__getattr__"], "it imports a public name when it is asked for"


def test_torch_is_imported_in_few_places(trees):
    """Only folders that handle tensors import torch; what starts without it has a test below."""
    users = {name for name, tree in trees.items() if any(full.split(".")[0] == "torch" for full in _imported(tree))}
    assert {_folder_of(name) for name in users} <= WITH_TORCH


def test_nothing_executes_what_strangers_sent(trees):
    """No module imports pickle or marshal, calls eval or loads tensors with torch.load, but `weights` for probes."""
    for name, tree in trees.items():
        assert not {full.split(".")[0] for full in _imported(tree)} & {"pickle", "marshal", "shelve", "dill"}, name
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        called = {ast.unparse(node.func) for node in calls}
        assert not called & {"eval", "torch.save", "os.system", "torch.jit.load"}, name
        loads = [ast.unparse(node) for node in calls if ast.unparse(node.func) == "torch.load"]
        assert not loads or name == "weights", name
        assert all(load.endswith("weights_only=True)") for load in loads), loads


def test_only_probes_load_weights(trees):
    """No module of the package imports `weights`: what opens a stranger's file runs where probes do."""
    assert [name for name in trees if "weights" in _ours(trees, name)] == []


def test_only_the_edge_prints_or_exits(trees):
    """Only the command line and the notebook's magics print, and only programs of their own call sys.exit."""
    for name, tree in trees.items():
        called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        assert "print" not in called or name == "live.in_notebook", name
        assert "sys.exit" not in called or name in ("cli", "sandbox.outside.stage", "bundles.gradescope_run"), name


@pytest.mark.parametrize(
    "statement",
    [
        "import grader.cli, grader.runs.batch, grader.results.store, grader.report.html, grader.authoring.template",
        "import grader.grading.keys, grader.datasets.places, grader.runs.local_processes, grader.export.finished_run",
        "import grader.sandbox.outside.walls, grader.sandbox.outside.forkserver_client, grader.live.watch",
        "import grader.datasets, grader.probes; grader.datasets.__all__",
        "import sys; sys.argv = ['grader', '--help']; from grader.cli import app; app(standalone_mode=False)",
        "import sys; sys.argv = ['grader', 'grade', '--help']; from grader.cli import app; app(standalone_mode=False)",
    ],
)
def test_light_work_does_without_torch(statement):
    """Help, the coordinator of a batch, the store and the pages never import torch or torchvision."""
    code = f"{statement}\nimport sys; assert not {{'torch', 'torchvision', 'numpy', 'pytest'}} & set(sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
