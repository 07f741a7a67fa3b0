"""Take right files under wrong names and in wrong encodings, as browsers, mails and editors leave them, and say so.

`grader.submissions.reading` mends all that it reads, before files find their places.
"""

import codecs
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from grader.courses.assignment import HandedIn, SubmissionKind
from grader.submissions.contents import Contents
from grader.submissions.lms_names import plain_name
from grader.submissions.paths import list_names, printable

_WIDE = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_PROMPT = re.compile(r"# In\[[ \d*]*\]:\s*")
_LINE_MAGIC = re.compile(r"(?P<indent>\s*)get_ipython\(\)\.run_line_magic\('(?P<name>\w+)', '(?P<rest>.*)'\)\s*")
_SYSTEM = re.compile(r"(?P<indent>\s*)get_ipython\(\)\.(?:system|getoutput)\('(?P<rest>.*)'\)\s*")
_MOST_BYTES = 8 << 20


def mend(contents: Contents, handed_in: HandedIn) -> Contents:
    """Return the contents with text as UTF-8 and with names as they were meant, where that is the only way to read it.

    A file never takes the place of one that has the right name already.
    """
    mended = _mend_names(_mend_encodings(contents), handed_in)
    return _find_notebooks(mended) if handed_in.kind is SubmissionKind.NOTEBOOK else mended


def has_required(files: Iterable[str], handed_in: HandedIn) -> tuple[bool, bool]:
    """Say whether any, and whether all, of the required files are there in some folder, by their bare names."""
    names = {plain_name(PurePosixPath(path).name) for path in files}
    wanted = {PurePosixPath(path).name.lower() for path in handed_in.required} - {"__init__.py"}
    if handed_in.kind is SubmissionKind.NOTEBOOK and any(name.endswith(".ipynb") for name in names):
        names |= {name for name in wanted if name.endswith(".ipynb")}
    return bool(names & wanted), wanted <= names


def _mend_encodings(contents: Contents) -> Contents:
    files = dict(contents.files)
    wide: list[str] = []
    for path, content in contents.files.items():
        if plain_name(PurePosixPath(path).name).endswith((".py", ".ipynb")):
            text = _decode_wide(content)
            if text is not None:
                files[path] = text.encode("utf-8", "replace")
                wide.append(path)
    if not wide:
        return contents
    note = f"Read {list_names(wide)} from UTF-16: save Python files as UTF-8."
    return replace(contents, files=files, notes=(*contents.notes, note))


def _decode_wide(content: bytes) -> str | None:
    """Return the text of a file in UTF-16 or UTF-32, None for any other."""
    encoding = next((name for mark, name in _WIDE if content.startswith(mark)), "")
    if not encoding and len(content) >= 8 and len(content) % 2 == 0:
        start = content[:400]
        little, big = start[1::2].count(0), start[::2].count(0)
        half = len(start) // 2
        encoding = "utf-16-le" if little > 0.9 * half and not big else "utf-16-be" if big > 0.9 * half else ""
    if not encoding:
        return None
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _mend_names(contents: Contents, handed_in: HandedIn) -> Contents:
    """Rename what has one likely place; name what has several, or stands beside the right one."""
    known = {PurePosixPath(path).name.lower(): PurePosixPath(path).name for path in handed_in.required}
    there = {path.lower() for path in contents.files}
    likely: dict[str, list[str]] = {}
    for path in contents.files:
        name = PurePosixPath(path).name
        plain = plain_name(name)
        if plain != name.lower() and _may_be(path, plain, handed_in):
            folder = path[: len(path) - len(name)]
            likely.setdefault(folder + known.get(plain, plain), []).append(path)
    renamed = {
        paths[0]: target
        for target, paths in likely.items()
        if len({contents.files[path] for path in paths}) == 1 and target.lower() not in there
    }
    notes = [f"Read {_pairs(renamed)}: hand in files under the names asked for."] if renamed else []
    for target, paths in likely.items():
        if target.lower() in there:
            notes.append(f"Not used: {list_names(paths)}, since `{printable(target)}` is there too.")
        elif len(paths) > 1 and paths[0] not in renamed:
            notes.append(f"{list_names(paths)}: which one is meant? Rename that one to `{printable(target)}`.")
    if not likely:
        return contents
    files = {renamed.get(path, path): content for path, content in contents.files.items()}
    written = {renamed.get(path, path): when for path, when in contents.written.items()}
    return replace(contents, files=files, written=written, notes=(*contents.notes, *notes))


def _may_be(path: str, plain: str, handed_in: HandedIn) -> bool:
    """Say whether a file that is called something like `plain` is meant by it, and is not placed by its name later."""
    if path.lower().endswith(".txt") or not plain.endswith((".py", ".ipynb")):
        return plain.endswith((".py", ".ipynb"))
    folder = PurePosixPath(path).parent
    return any(
        (folder / plain).as_posix().lower().endswith(f"/{target.lower()}")
        or ((folder / plain).as_posix().lower() == target.lower() and "/" in target)
        for target in handed_in.required
    )


def _pairs(renamed: Mapping[str, str]) -> str:
    shown = [f"`{printable(path)}` as `{PurePosixPath(target).name}`" for path, target in sorted(renamed.items())]
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")


def _find_notebooks(contents: Contents) -> Contents:
    """Take a `.json` that is a notebook, or what nbconvert made of one, where no notebook was handed in."""
    if any(path.lower().endswith(".ipynb") for path in contents.files):
        return contents
    found: dict[str, bytes] = {}
    for path, content in contents.files.items():
        if path.lower().endswith((".json", ".txt")) and _is_notebook(content):
            found[path] = content
        elif path.lower().endswith(".py") and len(content) <= _MOST_BYTES:
            cells = _exported_cells(content.decode("utf-8", "replace"))
            found |= {path: _as_notebook(cells)} if cells else {}
    if not found:
        return contents
    if len(found) > 1:
        note = f"{list_names(found)}: which one is the notebook? Hand it in as `.ipynb`."
        return replace(contents, notes=(*contents.notes, note))
    ((path, content),) = found.items()
    target = str(PurePosixPath(path).with_suffix(".ipynb"))
    what = "which nbconvert made of a notebook, with its cells" if path.lower().endswith(".py") else "a notebook"
    note = f"Read `{printable(path)}`, {what}: hand in the `.ipynb` itself."
    files = {name: kept for name, kept in contents.files.items() if name != path} | {target: content}
    written = dict(contents.written) | ({target: contents.written[path]} if path in contents.written else {})
    return replace(contents, files=files, written=written, notes=(*contents.notes, note))


def _is_notebook(content: bytes) -> bool:
    return content.lstrip()[:1] == b"{" and b'"nbformat"' in content and b'"cells"' in content


def _exported_cells(text: str) -> list[str]:
    """Return the code cells of what `jupyter nbconvert --to script` wrote, none for any other script."""
    cells: list[list[str]] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        if _PROMPT.fullmatch(line):
            cells.append([])
        elif cells:
            cells[-1].append(_magic_of(line))
    return ["\n".join(lines).strip("\n") for lines in cells]


def _magic_of(line: str) -> str:
    """Return a line with the magic that nbconvert spelled out as it stood in the notebook."""
    if found := _LINE_MAGIC.fullmatch(line):
        return f"{found['indent']}%{found['name']} {found['rest']}".rstrip()
    found = _SYSTEM.fullmatch(line)
    return f"{found['indent']}!{found['rest']}" if found else line


def _as_notebook(cells: Iterable[str]) -> bytes:
    code: list[dict[str, Any]] = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
        for source in cells
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": code}).encode()
