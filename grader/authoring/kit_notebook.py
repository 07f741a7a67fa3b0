"""Make a students' notebook of a reference notebook: solution regions cut, outputs cleared.

`grader.authoring.regions` cuts the regions cell by cell; `grader.authoring.template` writes the file.
"""

import json
from typing import Any

from grader.authoring.regions import cut_regions, has_marker
from grader.errors import CourseError


def cut_notebook(content: bytes, *, name: str) -> bytes:
    """Return a notebook with each region in its code cells replaced by a stub, and no outputs."""
    try:
        notebook = json.loads(content)
        cells = list(notebook["cells"])
    except (ValueError, KeyError, TypeError) as err:
        raise CourseError(f"{name} is not a notebook: {err}.", remedy="Save it as .ipynb (version 4).") from err
    for number, cell in enumerate(cells, start=1):
        _cut_cell(cell, name=f"cell {number} of {name}")
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()


def _cut_cell(cell: dict[str, Any], *, name: str) -> None:
    source = cell.get("source", "")
    text = source if isinstance(source, str) else "".join(source)
    if cell.get("cell_type") == "code":
        cell["outputs"], cell["execution_count"] = [], None
        text = cut_regions(text, name=name)
        cell["source"] = text if isinstance(source, str) else text.splitlines(keepends=True)
    elif has_marker(text):
        raise CourseError(f"{name}: a marker of a region in a text cell.", remedy="Regions are in code cells.")
