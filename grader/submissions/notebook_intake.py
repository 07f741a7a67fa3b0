"""From what a student handed in to cells for the sandbox: which notebook it is, its sources, and its states.

`grader.submissions.submission` calls it for assignments whose kind is notebook.
"""

import difflib
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from grader.courses.assignment import Assignment, SubmissionKind
from grader.errors import SubmissionError
from grader.notebooks.cells import find_check_cell, methods_in
from grader.notebooks.document import Cell, CellKind, Notebook, read_notebook, read_stripped, write_notebook
from grader.notebooks.percent import is_percent, read_any_percent, read_percent, write_ipynb
from grader.notebooks.plan import PLAN_FILE, NotebookPlan, NotebookState, module_of_task, write_plan
from grader.sandbox.wire.child_python import python_command
from grader.submissions.evidence import READ_HERE, keep_evidence
from grader.submissions.lfs_pointers import refuse_pointers
from grader.submissions.lms_names import plain_name
from grader.submissions.paths import list_names, printable
from grader.submissions.rivals import NO_RIVALS, Rivals, RivalWork, choose_work

_READ_S = 120
_MOST_COMPARED = 20


@dataclass(frozen=True, slots=True)
class Chosen:
    """Hold a submission's files with the notebook under the name asked for, and notes on the choice.

    `evidence` is what the notebook's cells showed, as `grader.submissions.evidence` keeps it.
    """

    files: Mapping[str, bytes]
    notes: tuple[str, ...] = ()
    evidence: str = ""


def convert_scripts(
    files: Mapping[str, bytes], assignment: Assignment, *, is_reference: bool = True
) -> dict[str, bytes]:
    """Replace percent scripts by the notebooks that the assignment asks for under the same name.

    Raises CourseError for a reference's script whose markers are wrong; a student's is read whatever they say.
    """
    converted = dict(files)
    is_notebook = assignment.handed_in.kind is SubmissionKind.NOTEBOOK
    names = {PurePosixPath(_target(assignment)).name} if is_notebook else set()
    for path in files:
        notebook = PurePosixPath(path).with_suffix(".ipynb")
        text = files[path].decode("utf-8", "replace") if path.endswith(".py") and notebook.name in names else ""
        if notebook.as_posix() not in files and is_percent(text):
            cells = read_percent(text, name=path) if is_reference else read_any_percent(text)
            converted[notebook.as_posix()] = write_ipynb(cells)
            del converted[path]
    return converted


def choose_notebook(
    files: Mapping[str, bytes], assignment: Assignment, *, reference: bytes | None, rivals: Rivals = NO_RIVALS
) -> Chosen:
    """Give the submission's notebook the name asked for: the only one, else the one most like the reference.

    Of several with that name, or of some untouched ones, `rivals` tell which one counts; raises UnclearError where they
    can't.
    """
    target = _target(assignment)
    found = [path for path in files if path.lower().endswith(".ipynb")]
    named = [path for path in found if plain_name(PurePosixPath(path).name) == PurePosixPath(target).name.lower()]
    if not found:
        return Chosen(files)
    likely = _worked_on(named or found, files, rivals, target=target) if len(found) > 1 else found
    notes = []
    are_copies = len({plain_name(PurePosixPath(path).name) for path in likely}) == 1
    if len(likely) > 1 and are_copies:
        works = [RivalWork(path, {target: files[path]}, {target: path}) for path in likely]
        work, note = choose_work(works, rivals, what="notebook")
        chosen = work.place
        notes += [note] if note else []
    else:
        chosen = likely[0] if len(likely) == 1 else _most_alike(likely, files, target=target, reference=reference)
    if len(found) > 1 and not notes:
        why = "it has the name asked for" if chosen in named else "it is most like the assignment's"
        why = "nothing was done in the others" if len(likely) == 1 < len(named or found) else why
        notes.append(f"Several notebooks: {list_names(found)}. `{printable(chosen)}` was graded: {why}.")
    folder = chosen.rpartition("/")[0]
    placed = f"{folder}/{PurePosixPath(target).name}" if folder and not target.startswith(f"{folder}/") else target
    others = {path: content for path, content in files.items() if path not in found}
    if chosen not in named:
        notes.append(f"Read `{printable(chosen)}` as `{target}`: hand in the notebook under the name asked for.")
    return Chosen(others | {placed: files[chosen]}, tuple(notes))


def strip_notebook(files: Mapping[str, bytes], assignment: Assignment, *, reference: bytes | None) -> Chosen:
    """Replace the notebook by its cells' sources and add the plan for the sandbox.

    Raises SubmissionError if no cell can be read.
    """
    target = _target(assignment)
    if target not in files:
        return Chosen(files)
    refuse_pointers(files, (target,))
    notebook = read_bounded(files[target], name=target)
    cells = read_notebook(reference, name=target).cells if reference is not None else ()
    plan, notes = _plan(notebook, assignment, reference=cells)
    stripped = {target: write_notebook(notebook), PLAN_FILE: write_plan(plan)}
    evidence = keep_evidence(files[target], notebook.cells, given=cells, assignment=assignment)
    return Chosen(dict(files) | stripped, (*notebook.notes, *notes), evidence)


def read_bounded(content: bytes, *, name: str) -> Notebook:
    """Read a notebook, in a process with little memory and time of its own where it is large."""
    if len(content) <= READ_HERE:
        return read_notebook(content, name=name)
    command = python_command("grader.notebooks.reader", name)
    try:
        ended = subprocess.run(command, input=content, capture_output=True, timeout=_READ_S, check=False)
        answer = json.loads(ended.stdout) if ended.returncode == 0 else {}
    except (subprocess.TimeoutExpired, ValueError):
        answer = {}
    if "cells" in answer:
        return Notebook(read_stripped(ended.stdout), tuple(answer["notes"]), answer["language"])
    size = f"{len(content) / (1 << 20):.0f} MiB"
    raise SubmissionError(
        answer.get("error", f"`{name}` ({size}) could not be read within the memory and time for that."),
        remedy=answer.get("remedy", "Clear its outputs, save it, and hand it in again."),
    )


def _target(assignment: Assignment) -> str:
    """Return the path of the notebook that the assignment asks for."""
    return next((path for path in assignment.handed_in.required if path.endswith(".ipynb")), "")


def _worked_on(paths: Sequence[str], files: Mapping[str, bytes], rivals: Rivals, *, target: str) -> list[str]:
    """Return the notebooks in which something was done, all of them where there are none."""
    template = rivals.read_template().get(target)
    if template is None:
        return list(paths)
    known = _sources(template)
    return [path for path in paths if _sources(files[path]) - known] or list(paths)


def _sources(content: bytes) -> set[str]:
    """Return the texts of a notebook's code cells, none where it can't be read."""
    try:
        cells = read_bounded(content, name="").cells
    except SubmissionError:
        return set()
    return {cell.source.strip() for cell in cells if cell.kind is CellKind.CODE}


def _most_alike(paths: Sequence[str], files: Mapping[str, bytes], *, target: str, reference: bytes | None) -> str:
    cells = read_notebook(reference, name=target).cells if reference is not None else ()
    known = {name for cell in cells for name in cell.names if name} | {cell.source.strip() for cell in cells}

    def likeness(path: str) -> tuple[int, float, int, str]:
        alike = difflib.SequenceMatcher(None, PurePosixPath(path).name.lower(), target.lower()).ratio()
        return _count_shared(files[path], known) if known else 0, alike, -path.count("/"), path

    return max(sorted(paths)[:_MOST_COMPARED], key=likeness)


def _count_shared(content: bytes, known: set[str]) -> int:
    """Return how many ids and texts of cells a notebook shares with the reference, or 0 if it can't be read."""
    try:
        cells = read_bounded(content, name="").cells
    except SubmissionError:
        return 0
    return len(known & {text for cell in cells for text in (*cell.names, cell.source.strip())})


def _plan(
    notebook: Notebook, assignment: Assignment, *, reference: tuple[Cell, ...]
) -> tuple[NotebookPlan, tuple[str, ...]]:
    module = assignment.notebook.module
    states = [NotebookState(module)]
    missing: dict[str, list[str]] = {}
    for task in assignment.tasks:
        if task.cell:
            cell = find_check_cell(notebook.cells, task.cell, reference=reference)
            states.append(
                NotebookState(module_of_task(task.name, module=module), task.name, cell.number if cell else None)
            )
            if cell is None:
                missing.setdefault(task.cell, []).append(f"`{task.title}`")
    methods = methods_in(reference)
    plan = NotebookPlan(_target(assignment), tuple(states), assignment.notebook.statement_s, methods)
    return plan, tuple(_tell_missing(missing))


def _tell_missing(titles: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield what follows from check cells that are missing, given the titles of each one's tasks."""
    cells = [f"`{cell}`" for cell in titles]
    if len(cells) == 1:
        (tasks,) = titles.values()
        counts = f"the last definition of each name counts for {', '.join(tasks)}"
        yield f"The cell {cells[0]} is not in the notebook, so {counts}."
    elif cells:
        yield f"The cells {', '.join(cells)} are not in the notebook, so for their tasks the last definition counts."
