"""Tests of the package's import directions: design, not behaviour."""

import ast
import fnmatch
import graphlib
import subprocess
import sys

import pytest

# Lowest first. A module imports from its own layer or from those before it; `*` stands for any ending.
LAYERS = {
    "words": "errors verdict",
    "leaves": "assignment atomic capacity cards globs notebook_plan notebooks paths plain_text probes regions "
    "results_file shares store_errors tensors toml_table sandbox.conditions sandbox.huge_pages sandbox.kernel "
    "sandbox.limits sandbox.memory sandbox.protocol sandbox.seccomp sandbox.stage sandbox.recorder "
    "sandbox.written_answers sandbox.scratch sandbox.shims sandbox.forbidden* sandbox.cell_source sandbox.definitions "
    "sandbox.exception_report sandbox.execution* sandbox.notebook_* sandbox.statement_* source_lines code_tokens",
    "data": "accuracy curves dataset_* datasets image_shapes point_sets torchvision_ops",
    "readers": "archive_streams archives assignment_file check_sources contents course folders intake job keys "
    "kit_files kit_notebook lms_names manifest mistakes notebook_[ainrs]* package_root parcel percent submission",
    "parts": "assets checks forbidden manual manual_* notebook_execution outcome points rubric_file stamps store "
    "compare compare.* export.* report.* similarity "
    "sandbox.exchange sandbox.forkserver sandbox.forkserver_client sandbox.host sandbox.inline sandbox.live* "
    "sandbox.replies sandbox.supervisor sandbox.walls sandbox.worker",
    "plugin": "check_session judging opening plugin session text_answers",
    "work": "console doctor export_command export_job grade live_checks live_source own_work record similar_sources "
    "template watch",
    "many": "batch batch_worker cluster.* executor grading_process local_workers plan progress "
    "progress_file run_logs run_view",
    "proof": "audit audit_rules audit_trials",
    "edge": "cli commands.* in_notebook",
}
BESIDE_STRANGERS = (
    "errors verdict notebook_plan notebooks probes tensors sandbox.cell_source sandbox.definitions "
    "sandbox.conditions sandbox.exception_report sandbox.execution* sandbox.notebook_* sandbox.statement_* "
    "sandbox.forkserver sandbox.huge_pages sandbox.kernel sandbox.limits sandbox.memory sandbox.protocol "
    "sandbox.forbidden.* sandbox.recorder sandbox.seccomp sandbox.shims sandbox.supervisor sandbox.worker "
    "sandbox.written_answers torchvision_ops"
)
WITH_TORCH = (
    "accuracy assets check_session compare.* curves dataset_files dataset_parts datasets doctor forbidden grade "
    "image_shapes live_checks plugin point_sets record sandbox.live_state sandbox.live_values "
    "sandbox.conditions sandbox.execution sandbox.forkserver sandbox.recorder sandbox.worker tensors text_answers "
    "torchvision_ops"
)


def _is_one_of(name, patterns):
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns.split())


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


def _layer_of(name):
    return next((number for number, names in enumerate(LAYERS.values()) if _is_one_of(name, names)), None)


def test_every_module_has_its_layer(trees):
    """Each module of the package is named in one layer; a new one has to say where it belongs."""
    packages = {"", "cluster", "commands", "sandbox", "sandbox.forbidden", "report", "export"}
    assert [name for name in trees if name not in packages and _layer_of(name) is None] == []


def test_imports_point_one_way(trees):
    """No module imports from a higher layer, neither at its top nor inside a function."""
    wrong = [
        f"{name} imports {other}"
        for name in trees
        for other in _ours(trees, name)
        if name and other and (_layer_of(other) or 0) > (_layer_of(name) or 0)
    ]
    assert wrong == []


def test_imports_never_go_in_circles(trees):
    """No module is imported by what it imports."""
    graph = {name: set(_ours(trees, name)) - {name, ""} for name in trees}
    assert list(graphlib.TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("module", ["sandbox.worker", "sandbox.forkserver"])
def test_what_shares_a_process_with_strangers_imports_little(trees, module):
    """The worker and the fork server reach only the modules that hold no answers, however indirectly."""
    reached, waiting = set(), [module]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += [other for other in _ours(trees, name) if other not in ("", "sandbox")]
    assert [name for name in reached if not _is_one_of(name, BESIDE_STRANGERS)] == []


def test_the_package_is_only_a_door(trees):
    """The package itself holds the two functions that notebooks call, and imports nothing until they are called."""
    functions = [node for node in trees[""].body if not isinstance(node, ast.Expr)]
    assert [node.name for node in functions] == ["check", "load_ipython_extension"]
    assert set(_imported(trees[""])) == {"grader.in_notebook.show_check", "grader.in_notebook.add_magic"}


@pytest.mark.parametrize("package", ["cluster", "commands", "sandbox", "sandbox.forbidden", "report", "export"])
def test_packages_are_empty(trees, package):
    """The packages' own modules hold nothing: they run beside strangers, and logic belongs in a named module."""
    assert trees[package].body == []


def test_torch_is_imported_in_few_places(trees):
    """Only the modules that handle tensors import torch."""
    users = {name for name, tree in trees.items() if any(full.split(".")[0] == "torch" for full in _imported(tree))}
    assert [name for name in users if not _is_one_of(name, WITH_TORCH)] == []


def test_nothing_executes_what_strangers_sent(trees):
    """No module imports pickle or marshal, calls eval or loads tensors with torch.load."""
    for name, tree in trees.items():
        assert not {full.split(".")[0] for full in _imported(tree)} & {"pickle", "marshal", "shelve", "dill"}, name
        called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        assert not called & {"eval", "torch.load", "torch.save", "os.system", "torch.jit.load"}, name


def test_only_the_edge_prints_or_exits(trees):
    """Only the command line and the notebook's magics print, and only programs of their own call sys.exit."""
    for name, tree in trees.items():
        called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        assert "print" not in called or name == "in_notebook", name
        assert "sys.exit" not in called or name in ("cli", "sandbox.stage"), name


@pytest.mark.parametrize(
    "statement",
    [
        "import grader.cli, grader.batch, grader.store, grader.report.html, grader.template",
        "import sys; sys.argv = ['grader', '--help']; from grader.cli import app; app(standalone_mode=False)",
        "import sys; sys.argv = ['grader', 'grade', '--help']; from grader.cli import app; app(standalone_mode=False)",
    ],
)
def test_light_work_does_without_torch(statement):
    """Help, the coordinator of a batch, the store and the pages never import torch or torchvision."""
    code = f"{statement}\nimport sys; assert not {{'torch', 'torchvision', 'numpy', 'pytest'}} & set(sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
