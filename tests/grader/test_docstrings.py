"""Tests of the sentence in each module's docstring that names the neighbour it hands over to: it stays true."""

import ast
import re

import pytest

# What no import shows: module, the neighbour that its docstring names, and how the two know each other all the same.
WITHOUT_AN_IMPORT = {
    ("cluster.finished_jobs", "cluster.node"): "another machine wrote the message",
    ("grading.fixtures", "grading.plugin"): "pytest imports them by their name",
    ("grading.notebook_execution", "sandbox.inside.execution"): "a probe of every assignment, called by its name",
    ("grading.plugin", "grading.fixtures"): "pytest imports them by their name",
    ("notebooks.reader", "submissions.notebook_intake"): "started in a process of its own",
    ("runs.grading_process_main", "runs.grading_process"): "started in a process of its own",
    ("runs.grading_process", "runs.grading_process_main"): "started in a process of its own",
    ("sandbox.inside.exception_report", "sandbox.outside.replies"): "its report crosses the wall as data",
    ("sandbox.inside.execution", "grading.notebook_execution"): "what it returns crosses the wall as data",
    ("sandbox.inside.forkserver", "sandbox.outside.forkserver_client"): "the two ends of the control connection",
    ("sandbox.inside.forkserver", "sandbox.outside.walls"): "started in a process of its own",
    ("sandbox.inside.serving", "sandbox.outside.host"): "the two ends of a submission's connection",
    ("sandbox.inside.spawned_probe", "sandbox.outside.spawned"): "the two ends of a probe's pipes",
    ("sandbox.inside.spawned_probe", "sandbox.outside.spawner"): "started in a process of its own",
    ("weights", "grading.outcome"): "its errors cross the wall as data",
    ("sandbox.outside.stage", "sandbox.outside.walls"): "started as a file, as root, with nothing of ours importable",
}


@pytest.fixture(scope="module")
def trees(grader_folder):
    names = {path: path.relative_to(grader_folder).with_suffix("").parts for path in grader_folder.rglob("*.py")}
    return {
        ".".join(name).removesuffix("__init__").rstrip("."): ast.parse(path.read_bytes())
        for path, name in names.items()
    }


@pytest.fixture(scope="module")
def neighbours(trees):
    """Map each module to those that it imports and those that import it."""
    imports = {name: set(_imported(name, trees)) for name in trees}
    return {name: others | {other for other in trees if name in imports[other]} for name, others in imports.items()}


def _imported(name, trees):
    """Yield the package's modules that a module imports, for type checkers too."""
    for node in ast.walk(trees[name]):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("grader"):
            yield from (_module_in(f"{node.module}.{alias.name}", trees) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (_module_in(alias.name, trees) for alias in node.names if alias.name.startswith("grader."))


def _module_in(full, trees):
    """Return the module that `grader.folder.module.name` lies in."""
    inner = full.removeprefix("grader").lstrip(".")
    while inner and inner not in trees:
        inner = inner.rpartition(".")[0]
    return inner


def _named(name, trees):
    """Yield the modules that a module's docstring names: in full, or a module of its own folder by its last name."""
    folder = name.rpartition(".")[0]
    for word in re.findall(r"`([\w.]+)`", ast.get_docstring(trees[name]) or ""):
        if word.startswith("grader."):
            yield _module_in(word, trees)
        elif f"{folder}.{word}" in trees:
            yield f"{folder}.{word}"


def _is_linked(name, other, neighbours):
    """Tell whether an import links two modules, or a module and something in a folder that is named as a whole."""
    return any(near == other or near.startswith(f"{other}.") for near in neighbours[name])


def test_every_module_names_a_neighbour(trees):
    """Each module's docstring names a module that it hands over to, or that hands over to it."""
    assert [name for name, tree in trees.items() if tree.body and not set(_named(name, trees)) - {name}] == []


def test_names_of_modules_are_right(trees):
    """A docstring names only modules that are there, not places that were moved away."""
    words = {
        (name, word)
        for name in trees
        for word in re.findall(r"`(grader\.[\w.]+)`", ast.get_docstring(trees[name]) or "")
    }
    gone = {(name, word) for name, word in words if _module_in(word, trees) != word.removeprefix("grader.")}
    assert {(name, word) for name, word in gone if not _defines(trees[_module_in(word, trees)], word)} == set()


def _defines(tree, word):
    """Tell whether a module defines the last part of a dotted name at its top."""
    targets = {ast.unparse(target) for node in tree.body if isinstance(node, ast.Assign) for target in node.targets}
    return word.rpartition(".")[2] in targets | {getattr(node, "name", None) for node in tree.body}


def test_neighbours_are_linked_by_imports(trees, neighbours):
    """Whoever is named as a neighbour imports the module or is imported by it, or the link is listed above."""
    named = {(name, other) for name in trees for other in _named(name, trees) if other != name}
    false = {pair for pair in named if not _is_linked(*pair, neighbours)}
    assert sorted(false - WITHOUT_AN_IMPORT.keys()) == []


def test_links_without_an_import_are_needed(trees, neighbours):
    """The list above holds only links that some docstring names and no import shows."""
    named = {(name, other) for name in trees for other in _named(name, trees)}
    needless = {pair for pair in WITHOUT_AN_IMPORT if pair not in named or _is_linked(*pair, neighbours)}
    assert needless == set()
