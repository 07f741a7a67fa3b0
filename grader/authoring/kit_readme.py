"""The README of a students' kit: how to install the grader, check, read what it says, and hand in.

`grader.authoring.template` puts it beside the stubs; `grader.authoring.kit_files` makes the kit's other files.
"""

from collections.abc import Collection, Iterable

from grader.authoring.kit_files import extras_of, has_hidden, public_tasks
from grader.courses.assignment import Assignment, Question, SubmissionKind, Task
from grader.results.plain_text import number

_README = """\
# {title}

Files with a `TODO` in them are yours to write. Each `TODO` stands where code was taken out; the line
`raise NotImplementedError(…)` below it goes when your code comes.{pages_note}

## Set up

{install}

## Check your work

Run this in the folder of this file, as often as you like:

    grader check

To run the checks of one task only, name it:

    grader check --task {first_task}

`grader check --watch` checks again whenever you save.

{notebook_note}{hidden_note}## Tasks

| Task | Name | Points |
| --- | --- | ---: |
{tasks}

{forbidden_note}{evidence_note}## Hand in

Pack this whole folder as one .zip file. These files have to be in it:

{required}
{artifacts_note}
You may change files that match {editable}. All others are replaced by the course's own before
grading, so changes to them have no effect.
"""
_INSTALL = """\
{venv}

Your course says where the grader comes from; type the line of that place:

| From | Line |
| --- | --- |
| a file that your course gives out | `pip install "./torchgrade-VERSION-py3-none-any.whl[{extras}]"` |
| a Git address | `pip install "torchgrade[{extras}] @ git+https://ADDRESS"` |
| an index that has it | `pip install "torchgrade[{extras}]"` |

{torch}"""
_INSTALL_KNOWN = """\
{venv}

In this folder type:

    pip install "{grader}"

{torch}"""
_VENV_NOTE = """\
You need Python 3.11 or newer, and best a virtual environment: `python3 -m venv .venv`, then
`. .venv/bin/activate` (on Windows `.venv\\Scripts\\activate`) in each new terminal."""
_TORCH_NOTE = """\
On Linux without a graphics card type this line first, which saves gigabytes:

    pip install torch torchvision --index-url https://download.pytorch.org/whl/cpu

If it worked, `grader --version` answers."""
_NOTEBOOK_NOTE = """\
These commands read the saved file: save the notebook first. Keep the cells that hold the checks: what you define above
such a cell is what its task looks at. Cells are run up to where they start to train, download or ask. `cell 12, line 3`
is the third line of the twelfth cell from the top of the notebook, text cells counted.

In the notebook itself you need not save: a cell with `%check {first_task}` looks at what the kernel holds now, so that
a definition counts as soon as you have run it. `%%check {first_task}` above the code of a cell runs that cell and then
checks it. They tell places by the numbers that the notebook shows: `cell In[7]`. Both need a cell with
`%load_ext grader` to have been run. Keep it the first one: then `import torchvision` works, too, where pip has
installed one that was built for another torch. `grader doctor` says how to get a pair.

"""
_FORBIDDEN_NOTE = """\
### Write these yourself

In the parts on the left, the names on the right may not be used, under whatever name they are imported. A use costs the
task's points, and no other task's.

| Part | Not to be used |
| --- | --- |
{rows}

"""
_EVIDENCE_NOTE = """\
### What a person looks at

Beside the checks a person grades what your runs have left. No program judges it, and no figure that stands in an output
counts as measured.{how}

| Of what | Where | Points beside the checks |
| --- | --- | ---: |
{rows}

"""
_OF_CELLS = " Hand in the notebook with the outputs of these cells, as you ran them last."
_HIDDEN_NOTE = """\
Grading runs further checks that are not in this folder: passing these is necessary, not sufficient.

"""


def write_readme(assignment: Assignment, *, grader: str = "") -> str:
    """Return the kit's README: how to install, check and hand in, and the tasks with their points.

    `grader` is what pip installs, as seen from the kit, "" where that is not known.
    """
    tasks = public_tasks(assignment)
    first, is_notebook = tasks[0].name, assignment.handed_in.kind is SubmissionKind.NOTEBOOK
    return _README.format(
        title=assignment.title,
        pages_note=_pages_note(assignment),
        install=(_INSTALL_KNOWN if grader else _INSTALL).format(
            extras=",".join(extras_of(assignment)), grader=grader, torch=_TORCH_NOTE, venv=_VENV_NOTE
        ),
        first_task=first,
        notebook_note=_NOTEBOOK_NOTE.format(first_task=first) if is_notebook else "",
        hidden_note=_HIDDEN_NOTE if has_hidden(assignment) else "",
        forbidden_note=_forbidden_note(tasks),
        tasks="\n".join(f"| {_cell(task.title)} | `{task.name}` | {_worth(task)} |" for task in tasks),
        required="\n".join(f"- `{path}`" for path in assignment.handed_in.required),
        evidence_note=_evidence_note(assignment.questions),
        artifacts_note=_artifacts_note(assignment),
        editable=", ".join(f"`{glob}`" for glob in assignment.handed_in.editable),
    )


def _evidence_note(questions: Collection[Question]) -> str:
    """Name the runs that a person is shown, with the cells or files that show them."""
    rows = []
    cells = False
    for question in questions:
        if question.evidence is not None:
            places = [*question.evidence.cells, *question.evidence.files, *(one.file for one in question.evidence.runs)]
            cells = cells or bool(question.evidence.cells)
            rows.append(f"| {_cell(question.title)} | {_names(places)} | {number(question.points)} |")
    return _EVIDENCE_NOTE.format(how=_OF_CELLS if cells else "", rows="\n".join(rows)) if rows else ""


def _artifacts_note(assignment: Assignment) -> str:
    """Name what students make by running their work, and hand in with it."""
    rows = [f"- `{one.path}` (at most {number(one.most_mib)} MiB)" for one in assignment.handed_in.artifacts]
    return "\n".join(["\nSo do these, which your code makes:\n", *rows, ""]) if rows else ""


def _pages_note(assignment: Assignment) -> str:
    """Name the pages beside the code that say what to do; the reference's own README is for instructors."""
    found = assignment.reference.glob("*.md") if assignment.reference is not None else ()
    pages = sorted(path.name for path in found if path.name != "README.md")
    return f" What to do is in {_names(pages)}." if pages else ""


def _forbidden_note(tasks: Collection[Task]) -> str:
    rows = [
        f"| {_cell(task.title)}: {_names(task.forbidden_in)} | {_names(task.forbidden)} |"
        for task in tasks
        if task.forbidden
    ]
    return _FORBIDDEN_NOTE.format(rows="\n".join(rows)) if rows else ""


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _worth(task: Task) -> str:
    if task.is_given:
        return "given"
    return f"{number(task.points)} (bonus)" if task.bonus else number(task.points)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
