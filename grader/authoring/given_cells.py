"""Given cells of variants: whatever a notebook's reference gives, its variants hold in the same words.

A variant shows another way of *working*: what students don't write stays the reference's, or the next text of the
course is tried on notebooks of an older one. `grader.commands.template` mends it, `grader.authoring.audit` tells it.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from grader.authoring.audit_rules import Violation
from grader.authoring.mistakes import VARIANTS, Variant, read_variants
from grader.authoring.regions import has_marker
from grader.courses.assignment import Assignment
from grader.notebooks.percent import id_of_marker, is_percent
from grader.submissions.submission import read_reference

_OWN = re.compile(r"^Given cells of its own: (?P<ids>[^.]+)\.$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Part:
    """Hold a cell's lines, its marker first; what stands above the first marker has no id, nor a marker."""

    id: str
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The cell without its marker and without empty lines at either end."""
        return "\n".join(self.lines[1:]).strip("\n")


def stale_cells(text: str, reference: str) -> tuple[str, ...]:
    """Return the ids of a variant's cells that the reference gives in other words, in order.

    Both are percent scripts. A cell that is not there is no matter, nor one that the variant's docstring names:
    `Given cells of its own: poly, plots.`
    """
    given = _given(reference)
    own = _own(text)
    return tuple(
        part.id for part in _parts(text) if part.id in given and part.id not in own and part.text != given[part.id].text
    )


def with_given_cells(text: str, reference: str) -> str:
    """Return a variant's script with the given cells as the reference has them now."""
    stale, given = stale_cells(text, reference), _given(reference)
    parts = [given[part.id] if part.id in stale else part for part in _parts(text)]
    return "\n".join(line for part in parts for line in part.lines)


def refresh_variants(assignment: Assignment) -> tuple[str, ...]:
    """Bring the given cells of all variants up to date; return what was changed, in words."""
    changed = []
    for variant, path, text, reference in _scripts(assignment):
        stale = stale_cells(text, reference)
        if stale:
            (variant.folder / path).write_text(with_given_cells(text, reference), encoding="utf-8", newline="\n")
            changed.append(f"{VARIANTS}/{variant.name}/{path}: {', '.join(stale)}")
    return tuple(changed)


def judge_given_cells(assignment: Assignment) -> Iterator[Violation]:
    """Yield a violation for each variant whose given cells are not the reference's."""
    for variant, path, text, reference in _scripts(assignment):
        stale = stale_cells(text, reference)
        if stale:
            yield Violation(
                f"{VARIANTS}/{variant.name}",
                f"In `{path}`, given cells are not the reference's: {', '.join(stale)}.",
                f"Run `grader template {assignment.slug}`. Cells that it changes on purpose stand in its docstring: "
                "`Given cells of its own: …`.",
            )


def _scripts(assignment: Assignment) -> Iterator[tuple[Variant, str, str, str]]:
    """Yield (variant, path, text, text of the reference) of the percent scripts that both have."""
    if assignment.reference is None:
        return
    reference = read_reference(assignment.reference)
    for variant in read_variants(assignment):
        for path, content in variant.files.items():
            if not path.endswith(".py") or path not in reference:
                continue
            text, theirs = content.decode("utf-8", "replace"), reference[path].decode("utf-8", "replace")
            if is_percent(text) and is_percent(theirs):
                yield variant, path, text, theirs


def _given(reference: str) -> dict[str, _Part]:
    parts = {part.id: part for part in _parts(reference) if part.id}
    return {name: part for name, part in parts.items() if not has_marker(part.text)}


def _own(text: str) -> frozenset[str]:
    try:
        docstring = ast.get_docstring(ast.parse(text)) or ""
    except (SyntaxError, ValueError):
        return frozenset()
    found = _OWN.search(docstring)
    return frozenset(name.strip() for name in found["ids"].replace("\n", " ").split(",")) if found else frozenset()


def _parts(text: str) -> list[_Part]:
    parts: list[tuple[str, list[str]]] = [("", [])]
    for line in text.split("\n"):
        marked = id_of_marker(line)
        if marked is not None:
            parts.append((marked, []))
        parts[-1][1].append(line)
    return [_Part(name, tuple(lines)) for name, lines in parts]
