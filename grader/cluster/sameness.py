"""What has to be the same on every machine that grades, so that a grade does not depend on where it was given.

`grader.cluster.node` compares a worker with what the coordinator says of itself.
"""

import ast
import contextlib
import hashlib
import importlib.metadata
import sys
from collections.abc import Mapping
from pathlib import Path

import grader
from grader.courses.assignment import Assignment, grading_files
from grader.datasets.places import FILE_DATASETS, FROM_SKLEARN, identity_of

_SOURCE = "torchgrade's source"
_PACKAGES = ("torch", "torchvision", "numpy")


def versions() -> dict[str, str]:
    """Return what this machine grades with, by name, without importing torch."""
    found = {"Python": f"{sys.version_info.major}.{sys.version_info.minor}", _SOURCE: _source_digest()}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = ""
    return found


def data_sets(assignment: Assignment) -> dict[str, str]:
    """Return the data sets that the assignment's files name, and which data they are here, or "" if one is absent."""
    known = {*FILE_DATASETS, *FROM_SKLEARN}
    named: set[str] = set()
    for file in grading_files(assignment):
        if file.suffix == ".py":
            with contextlib.suppress(SyntaxError, ValueError):  # collecting the checks will explain it
                nodes = ast.walk(ast.parse(file.read_bytes()))
                named |= {node.value for node in nodes if isinstance(node, ast.Constant) and node.value in known}
    return {name: identity_of(name) for name in sorted(named)}


def explain_versions(*, ours: Mapping[str, str], theirs: Mapping[str, str]) -> str:
    """Say how another machine, `theirs`, differs from the coordinator, or "" if both grade alike."""
    for name, wanted in ours.items():
        have = theirs.get(name, "")
        if have == wanted:
            continue
        if name == _SOURCE:
            return "its torchgrade is not the coordinator's: their source files differ."
        return f"it has {name} {have or '(not installed)'}, the coordinator {wanted or 'none'}."
    return ""


def explain_data(*, ours: Mapping[str, str], theirs: Mapping[str, str]) -> str:
    """Say which data set another machine lacks, has beyond the coordinator's, or has another edition of."""
    for name, wanted in ours.items():
        have = theirs.get(name, "")
        if have == wanted:
            continue
        if not have:
            return f"the data set {name}, with which the coordinator grades, is not there."
        if not wanted:
            return f"it has the data set {name}, which the coordinator lacks: grades would differ."
        return f"its data set {name} is not the same as the coordinator's."
    return ""


def _source_digest() -> str:
    folder = Path(grader.__file__).parent
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        total.update(path.relative_to(folder).as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()
