"""Tests of the maps for newcomers, docs/architecture.md and CONTRIBUTING.md: what they name is there."""

import ast
import re
from pathlib import Path

import pytest
from test_imports import FOLDERS

ROOT = Path(__file__).parents[2]
_FILE = r"[\w./-]+\.(?:py|html|css|js|toml|md|txt|yaml)|Makefile"
_PLACE = re.compile(rf"`({_FILE})`((?:[\s,]+(?:and\s+)?`\w+(?:\.\w+)?`)*)")
_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def page():
    return (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def _sections(text):
    """Return the texts of a page's sections by their headings."""
    parts = _SECTION.split(text)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def _path_of(name):
    """Return where a named file lies: below the package, or else below the project's folder."""
    inside = ROOT / "grader" / name
    return inside if inside.exists() else ROOT / name


def _places(text):
    """Yield (file, "") for each file between backticks, and (file, name) for each name that directly follows it."""
    for file, names in _PLACE.findall(text):
        yield file, ""
        yield from ((file, name) for name in re.findall(r"`([\w.]+)`", names))


def _names_in(path):
    """Return what a module defines at its top, and `Class.method` for what its classes define."""
    names = set()
    for node in ast.parse(path.read_bytes()).body:
        if isinstance(node, ast.Assign):
            names |= {ast.unparse(target) for target in node.targets}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
            names |= {f"{node.name}.{inner.name}" for inner in ast.iter_child_nodes(node) if hasattr(inner, "name")}
    return names


def _wrong(text):
    """Return the places of a text that are not there."""
    gone = [place for place in _places(text) if not _path_of(place[0]).exists()]
    named = [(file, name) for file, name in _places(text) if name and file.endswith(".py") and _path_of(file).exists()]
    return gone + [(file, name) for file, name in named if name not in _names_in(_path_of(file))]


def _rows(section):
    """Return the cells of a section's table, without its header."""
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def test_places_of_the_table_are_there(page):
    """Each row of “Where do I change …” names files that exist and names that they define."""
    places = [row[1] for row in _rows(_sections(page)["Where do I change …"]) if len(row) > 1]
    assert len([place for place in places if place]) >= 28
    assert [wrong for place in places for wrong in _wrong(place)] == []


def test_every_row_names_a_place(page):
    """A row without a place is a heading, in bold."""
    rows = _rows(_sections(page)["Where do I change …"])
    assert [row for row in rows if not any(_places(row[-1])) and not row[0].startswith("**")] == []


def test_the_way_of_a_tensor_is_true(page):
    """Each step from a student's file to a scorecard names functions that are there."""
    way = _sections(page)["The way of one tensor"].partition("1. ")[2]
    assert _wrong(way) == []
    assert len([name for _file, name in _places(way) if name]) >= 15


def test_folders_are_those_of_the_layout(page):
    """The table of folders has all of them, in the order that the test of imports demands."""
    assert tuple(row[0].strip("`") for row in _rows(_sections(page)["Folders"])) == FOLDERS


def test_files_that_contributing_names_are_there():
    """CONTRIBUTING.md names only files and folders that exist, and names that they define."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert _wrong(text) == []
    folders = re.findall(r"`([\w./-]+/)`", text)
    assert [folder for folder in folders if not _path_of(folder).is_dir()] == []


@pytest.mark.parametrize("name", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(name):
    """Links between the project's own pages lead to files that exist."""
    path = ROOT / name
    links = re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_code_that_looks_strange_links_to_its_reason():
    """Each `docs/decisions.md#…` in the package is a heading of that page."""
    headings = re.findall(r"^#{2,3} (.+)$", (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8"), re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    sources = {path: path.read_text(encoding="utf-8") for path in (ROOT / "grader").rglob("*.py")}
    linked = {anchor for text in sources.values() for anchor in re.findall(r"docs/decisions\.md#([\w-]+)", text)}
    assert len(linked) > 25
    assert linked - anchors == set()
