"""Tests of the package's names: each public class and function is defined once, so that a name has one meaning."""

import ast
from collections import Counter

# Names that may be defined in several modules, and why that is one meaning.
SHARED = {
    "main": "where a program of its own begins",
    "check": "the command, and the same from a notebook",
    "probe": "the decorator of a probe, and the fixture through which a check runs it",
}


def _public_names(tree):
    """Yield the names of a module's own public classes and functions, those below a condition included."""
    for node in tree.body:
        if isinstance(node, ast.If | ast.Try):
            yield from _public_names(node)
        elif isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield node.name


def test_a_name_is_defined_once(grader_folder):
    """No two modules define a class or a function of the same name, whatever the case of its letters."""
    paths = sorted(grader_folder.rglob("*.py"))
    names = [name for path in paths for name in dict.fromkeys(_public_names(ast.parse(path.read_bytes())))]
    assert {name for name, count in Counter(names).items() if count > 1} == set(SHARED)
