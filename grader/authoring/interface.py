"""The public interface for authors of courses: what probes, checks and references may import of the grader.

`grader.authoring.audit_rules` tells where a course imports more; docs/reference.md explains each name.

Why: docs/decisions.md#a-public-interface
"""

import ast
import importlib
from dataclasses import dataclass

MODULES = ("grader.probes", "grader.weights", "grader.notebook_probes", "grader.compare", "grader.datasets")
FIXTURES = ("probe", "expected", "matches_recorded", "artifact", "rng", "personal", "dataset", "curve", "credit")
MARKER = "graded"


@dataclass(frozen=True, slots=True)
class PrivateImport:
    """Name what is imported although it is not public, and the line."""

    line: int
    name: str


def public_names() -> dict[str, tuple[str, ...]]:
    """Return the names that each module of the interface makes public by its `__all__`."""
    return {module: tuple(importlib.import_module(module).__all__) for module in MODULES}


def find_private_imports(source: str) -> list[PrivateImport]:
    """Return what a source imports of the grader in any other form than `from MODULE import PUBLIC_NAME`.

    Raises SyntaxError where the source is no Python.
    """
    public = {f"{module}.{name}" for module, names in public_names().items() for name in names}
    found = [
        PrivateImport(node.lineno, name)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in _imported(node)
        if name.split(".")[0] == "grader" and (isinstance(node, ast.Import) or name not in public)
    ]
    return sorted(found, key=lambda one: one.line)


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    """Return the full names that a statement imports; a relative one reaches nothing of the grader."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [f"{node.module}.{alias.name}" for alias in node.names] if not node.level else []
