"""Begins an assignment from a solved notebook: the reference as a percent script, tasks, and a probe for each.

`grader.authoring.proposing` proposes; `grader.authoring.starting` begins assignments without a notebook.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from grader.authoring.proposed_mistakes import mistakes_file, propose_mistakes
from grader.authoring.proposing import Proposal, ProposedPart, propose
from grader.authoring.regions import cut_regions
from grader.authoring.starting import notebook_name, refuse_name, write_new
from grader.courses.course import read_assignment
from grader.errors import CourseError
from grader.notebooks.cell_source import statement_begins
from grader.notebooks.document import Cell, CellKind, read_notebook
from grader.notebooks.percent import read_percent

_POINTS = 5
_MAGIC = re.compile(r"[ \t]*(?:%{1,2}[a-z]|!\w)")
_NO_PYTHON = re.compile(r"[ \t]*(?:[%!?]|[\w., ]+=[ \t]*[%!])")


def start_from_notebook(course: Path, slug: str, *, file: Path) -> tuple[list[Path], tuple[str, ...]]:
    """Write an assignment made of a solved notebook; return its files, and sentences on what could not be proposed.

    A check is proposed where the notebook shows a call with its values, and stands there in comments where it doesn't;
    a known mistake is proposed for each solution region. Raises CourseError for a name that is none or taken, and for a
    notebook that can't be read or defines nothing that students could write.
    """
    refuse_name(course, slug)
    if not file.is_file():
        raise CourseError(f"There is no file {file}.", remedy="Name a notebook: `--from-notebook solved.ipynb`.")
    proposal = propose(read_notebook(file.read_bytes(), name=file.name).cells)
    parts = _one_a_task(proposal.parts)
    shared = sorted({part.name for part in proposal.parts} - {part.name for part in parts})
    proposal = replace(proposal, parts=tuple(parts))
    if not parts:
        raise CourseError(
            f"{file.name} defines no function or class that students could write.",
            remedy="Put what they write into functions; code outside of them can't be checked by itself.",
        )
    script = f"{notebook_name(slug)}.py"
    text, unsolved = _script(proposal, slug, name=script)
    cut_regions(text, name=script)
    mistakes, without = propose_mistakes(text, name=script, parts=[part.name for part in parts])
    unsolved += [*without, *_without_check(parts)]
    folder = course / "tests" / "assignments" / slug
    written = [
        write_new(course / "reference" / slug / script, text),
        write_new(folder / "assignment.toml", _toml(proposal.parts, slug)),
        write_new(folder / "probes.py", _probes(proposal.parts)),
        write_new(folder / "test_first.py", _checks(proposal.parts)),
        write_new(folder / "mistakes.toml", mistakes_file(mistakes, file=script)),
    ]
    read_assignment(course, slug)
    unsolved += [f"`{name}` has no task: another one has its name, in letters of another case." for name in shared]
    return written, (*proposal.unsolved, *unsolved)


def _without_check(parts: Sequence[ProposedPart]) -> list[str]:
    """Say for which parts the check is left to the author."""
    names = ", ".join(f"`{part.name}`" for part in parts if not part.example)
    if not names:
        return []
    return [f"No check could be proposed for {names}, since no call of the notebook says with which values: write it."]


def _task(part: ProposedPart) -> str:
    return part.name.strip("_").lower() or "part"


def _script(proposal: Proposal, slug: str, *, name: str) -> tuple[str, list[str]]:
    """Return the percent script, with a cell that checks each part below it, and what it could not take over."""
    unsolved: list[str] = []
    header = (
        f"# The reference, made of a solved notebook: `grader template {slug}` makes the students' notebook of it.\n"
        "# Look at each solution region: what stands between the markers is cut, its first line is for students.\n"
    )
    pieces, wanted = [header], dict[int, Cell]()
    for cell in proposal.cells:
        checked = [part for part in proposal.parts if part.cell == cell.number]
        lines = _commented(list(_lines(cell, unsolved)), cell, unsolved)
        kind = "" if cell.kind is CellKind.CODE else f" [{cell.kind}]"
        pieces.append("\n".join([f"# %%{kind}", *lines]) + "\n")
        wanted[len(pieces) - 2] = cell
        for part in checked:
            pieces.append(f'# %% id="check-{_task(part)}"\n# %check {_task(part)}\n')
    text = "\n".join(pieces)
    told = {int(number) for number in re.findall(r"^Cell (\d+)", "\n".join(unsolved), re.MULTILINE)}
    for place, read in enumerate(read_percent(text, name=name)):
        own = wanted.get(place)
        if own is not None and own.number not in told and _plain(read.source) != _plain(own.source):
            unsolved.append(f"Cell {own.number} is another one when it is read from the script: look at it.")
    return text, unsolved


def _plain(source: str) -> str:
    """Return a source without what a script changes: empty lines at the ends, comments that would open a cell."""
    return source.strip("\n").replace("#  %%", "# %%")


def _commented(lines: list[str], cell: Cell, unsolved: list[str]) -> list[str]:
    """Return a cell's lines, in comments where they are no Python: the script as a whole has to be read."""
    try:
        ast.parse("\n".join(lines) if cell.kind is CellKind.CODE else "")
    except (SyntaxError, ValueError):
        unsolved.append(f"Cell {cell.number} is no Python, and stands in comments.")
        return [line if line.startswith("#") else f"# {line}" for line in lines]
    return lines


def _lines(cell: Cell, unsolved: list[str]) -> Iterator[str]:
    """Yield a cell's lines as they stand in a percent script."""
    lines = cell.source.strip("\n").split("\n")
    if cell.kind is CellKind.RAW:
        yield from lines
        return
    if cell.kind is CellKind.MARKDOWN:
        yield from (f"# {line}".rstrip() for line in lines)
        return
    for line, begins in zip(lines, statement_begins(lines), strict=True):
        if re.fullmatch(r"# %%([ \t].*|)", line):
            yield line.replace("# %%", "#  %%", 1)
        elif begins and _MAGIC.match(line):
            indent = line[: len(line) - len(line.lstrip())]
            yield f"{indent}# {line.lstrip()}"
        elif begins and _NO_PYTHON.match(line):
            unsolved.append(f"Cell {cell.number}: `{line.strip()[:60]}` is no Python, and stands in a comment.")
            yield f"# {line}"
        else:
            yield line


def _toml(parts: Sequence[ProposedPart], slug: str) -> str:
    notebook = f"{notebook_name(slug)}.ipynb"
    head = f"""\
# Made of a solved notebook. Change titles and points, drop tasks that you don't grade, and let the grounds of each name
# the sentence that asks for it; `grader audit {slug}` says what is missing.
title = "{slug}"

[submission]
kind = "notebook"
required = ["{notebook}"]
editable = ["{notebook}"]

[limits]
wall_s = 10
import_s = 30
"""
    tasks = [
        f"""
[tasks.{_task(part)}]
title = "{part.name}"
points = {_POINTS}
cell = "check-{_task(part)}"
grounds = "notebook, cell {part.cell}: what `{part.name}` returns"
"""
        for part in parts
    ]
    return head + "".join(tasks)


def _one_a_task(parts: Sequence[ProposedPart]) -> list[ProposedPart]:
    """Return the first part of each task: names that differ only in case share one."""
    return list({_task(part): part for part in reversed(parts)}.values())[::-1]


def _probes(parts: Sequence[ProposedPart]) -> str:
    head = '''\
"""Probes run beside the student's code: they call it with what a check sends, and know no answers.

Each calls one part. Return what else a check compares, by name: parameters that a part draws itself, say.
"""

from grader.probes import probe
'''
    return head + "".join(map(_probe, parts))


def _probe(part: ProposedPart) -> str:
    module = f"notebook_{_task(part)}"
    made = ", ".join(f"{name}={name}" for name in part.arguments)
    clashing = {name: f"{part.method}_{name}" for name in part.method_arguments if name in part.arguments}
    sent = [clashing.get(name, name) for name in part.method_arguments]
    inputs = ", ".join((*part.arguments, *sent))
    if part.method:
        given = ", ".join(f"{name}={one}" for name, one in zip(part.method_arguments, sent, strict=True))
        call = f'    made = {module}.{part.name}({made})\n    return {{"returned": made.{part.method}({given})}}'
    else:
        call = f'    return {{"returned": {module}.{part.name}({made})}}'
    return f'''

@probe(needs=["{module}"])
def run_{part.name}({f"*, {inputs}" if inputs else ""}):
    import {module}

{call}
'''


def _checks(parts: Sequence[ProposedPart]) -> str:
    examples = " ".join(source for part in parts for _, source in part.example)
    names = {"np": "import numpy as np", "numpy": "import numpy", "torch": "import torch"}
    used = {line for name, line in names.items() if re.search(rf"\b{name}\.", examples)}
    imports = "\n".join(sorted({*used, "import pytest"}))
    head = f'''\
"""Public checks: students get this file. One for each task that the notebook shows a call of; complete the others.

What inputs show a part's work only its author knows: draw some from `rng`, and write others in test_first_hidden.py.
Expected is what the reference returns.
"""

{imports}
'''
    return head + "".join(map(_check, parts))


def _check(part: ProposedPart) -> str:
    calls = "".join(f"# The notebook calls it in {call}\n" for call in part.calls)
    if part.example:
        given = "".join(f", {name}={source}" for name, source in part.example)
        return f'''

{calls}@pytest.mark.graded(task="{_task(part)}")
def test_{part.name}(matches_recorded):
    """{part.name} returns what is asked for"""
    matches_recorded("run_{part.name}"{given})
'''
    inputs = "".join(f", {name}=…" for name in (*part.arguments, *part.method_arguments))
    return f'''

{calls}# @pytest.mark.graded(task="{_task(part)}")
# def test_{part.name}(matches_recorded, rng):
#     """{part.name} returns what is asked for"""
#     matches_recorded("run_{part.name}"{inputs})
'''
