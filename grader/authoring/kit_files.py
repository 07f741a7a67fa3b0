"""The files of a students' kit that are made, not copied: its assignment file, manifest and README.

`grader.authoring.template` puts them beside the stubs.
"""

import ast
import json
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from grader.courses.assignment import Assignment, SubmissionKind, Task, check_files, helper_files, is_hidden_file
from grader.courses.check_sources import imported_modules
from grader.errors import CourseError

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

{forbidden_note}## Hand in

Pack this whole folder as one .zip file. These files have to be in it:

{required}

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
such a cell is what its task looks at. Cells are run up to where they start to train, download or ask.

In the notebook itself you need not save: a cell with `%check {first_task}` looks at what the kernel holds now, so that
a definition counts as soon as you have run it. `%%check {first_task}` above the code of a cell runs that cell and then
checks it. Both need a cell with `%load_ext grader` to have been run. Make it the first one: then `import torchvision`
works, too, where pip has installed one that was built for another torch. `grader doctor` says how to get a pair.

"""
_EXTRAS = {"pytorch_lightning": "lightning"}  # what brings a module that students' code imports
_FORBIDDEN_NOTE = """\
### Write these yourself

In the parts on the left, the names on the right may not be used, under whatever name they are imported. A use costs the
task's points, and no other task's.

| Part | Not to be used |
| --- | --- |
{rows}

"""
_HIDDEN_NOTE = """\
Grading runs further checks that are not in this folder: passing these is necessary, not sufficient.

"""


def write_assignment_file(assignment: Assignment) -> str:
    """Return the kit's `assignment.toml`: what the course's says, without hidden tasks and comments."""
    handed_in = assignment.handed_in
    lines = [f"slug = {_quote(assignment.slug)}", f"title = {_quote(assignment.title)}", "", "[submission]"]
    lines += [f"kind = {_quote(handed_in.kind)}", f"required = {_quote_all(handed_in.required)}"]
    lines += [f"editable = {_quote_all(handed_in.editable)}"]
    sandbox = {"preload": assignment.sandbox.preload, "shims": assignment.sandbox.shims}
    if any(sandbox.values()):
        lines += ["", "[sandbox]", *(f"{key} = {_quote_all(names)}" for key, names in sandbox.items() if names)]
    if assignment.limits:
        lines += ["", "[limits]", *(f"{key} = {value!r}" for key, value in assignment.limits.items())]
    if assignment.handed_in.kind is SubmissionKind.NOTEBOOK:
        notebook = assignment.notebook
        lines += ["", "[notebook]", f"module = {_quote(notebook.module)}", f"statement_s = {notebook.statement_s:g}"]
    for task in public_tasks(assignment):
        lines += [
            "",
            f"[tasks.{task.name}]",
            f"title = {_quote(task.title)}",
            f"points = {_number(task.points)}",
        ]
        lines += [f"scoring = {_quote(task.scoring)}"]
        lines += [f"{key} = true" for key, is_so in (("long", task.long), ("bonus", task.bonus)) if is_so]
        if task.cell:
            lines += [f"cell = {_quote(task.cell)}"]
        if task.parts:
            lines += [f"parts = {_quote_all(task.parts)}"]
        if task.limits:
            lines += [f"limits = {{ {', '.join(f'{key} = {value!r}' for key, value in task.limits.items())} }}"]
        if task.forbidden:
            lines += [f"forbidden = {_quote_all(task.forbidden)}", f"forbidden_in = {_quote_all(task.forbidden_in)}"]
    for question in assignment.questions:
        lines += ["", f"[answers.{question.name}]", f"title = {_quote(question.title)}"]
        place = f"cell = {_quote(question.cell)}" if question.cell else f"module = {_quote(question.module)}"
        lines += [place, f"points = {_number(question.points)}"]
    return "\n".join(lines) + "\n"


def write_readme(assignment: Assignment, *, grader: str = "") -> str:
    """Return the kit's README: how to install, check and hand in, and the tasks with their points.

    `grader` is what pip installs, as seen from the kit, "" where that is not known.
    """
    tasks = public_tasks(assignment)
    has_hidden = len(tasks) < len(assignment.tasks) or any(is_hidden_file(file) for file in check_files(assignment))
    first, is_notebook = tasks[0].name, assignment.handed_in.kind is SubmissionKind.NOTEBOOK
    return _README.format(
        title=assignment.title,
        pages_note=_pages_note(assignment),
        install=(_INSTALL_KNOWN if grader else _INSTALL).format(
            extras=",".join(extras_of(assignment)), grader=grader, torch=_TORCH_NOTE, venv=_VENV_NOTE
        ),
        first_task=first,
        notebook_note=_NOTEBOOK_NOTE.format(first_task=first) if is_notebook else "",
        hidden_note=_HIDDEN_NOTE if has_hidden else "",
        forbidden_note=_forbidden_note(tasks),
        tasks="\n".join(f"| {_cell(task.title)} | `{task.name}` | {_worth(task)} |" for task in tasks),
        required="\n".join(f"- `{path}`" for path in assignment.handed_in.required),
        editable=", ".join(f"`{glob}`" for glob in assignment.handed_in.editable),
    )


def _pages_note(assignment: Assignment) -> str:
    """Name the pages beside the code that say what to do; the reference's own README is for instructors."""
    found = assignment.reference.glob("*.md") if assignment.reference is not None else ()
    pages = sorted(path.name for path in found if path.name != "README.md")
    return f" What to do is in {_names(pages)}." if pages else ""


def extras_of(assignment: Assignment) -> tuple[str, ...]:
    """Return the extras of our package that an assignment's students install."""
    return ("courses", "watch", *(extra for name, extra in _EXTRAS.items() if name in assignment.sandbox.preload))


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
    return f"{_number(task.points)} (bonus)" if task.bonus else _number(task.points)


def public_tasks(assignment: Assignment) -> tuple[Task, ...]:
    """Return the tasks that students see; raise CourseError if there is none."""
    tasks = tuple(task for task in assignment.tasks if not task.hidden)
    if not tasks:
        raise CourseError(
            f"Every task of `{assignment.slug}` is hidden, so students could check nothing.",
            remedy="Make at least one task public in assignment.toml.",
        )
    return tasks


def find_public_checks(assignment: Assignment) -> set[str]:
    """Return the names of the public checks; raise CourseError if one belongs to a hidden task."""
    hidden = {task.name for task in assignment.tasks if task.hidden}
    names: set[str] = set()
    for file in check_files(assignment):
        if not is_hidden_file(file):
            names |= _read_checks(file, hidden)
    return names


def find_public_files(assignment: Assignment) -> list[Path]:
    """Return the files that students get: public checks, and the helpers that these need, however indirectly.

    Raises CourseError where a file that is not hidden needs one that is kept from students.
    """
    files = {file.stem: file for file in (*check_files(assignment), *helper_files(assignment))}
    needs = {file: _needed(file, files) for file in files.values() if not is_hidden_file(file)}
    waiting = [file for file in check_files(assignment) if file in needs]
    public: set[Path] = set()
    while waiting:
        file = waiting.pop()
        if file not in public:
            public.add(file)
            waiting += needs[file]
    return sorted(public)


def _needed(file: Path, files: Mapping[str, Path]) -> list[Path]:
    """Return those of an assignment's files of checks and helpers that a public one imports; raise for a hidden one."""
    imported = {name: line for name, line in imported_modules(_parse(file)).items() if name in files}
    for name, line in imported.items():
        if is_hidden_file(files[name]):
            raise CourseError(
                f"{file}, line {line}: a public file imports `{name}`, which students don't get.",
                remedy="Move what it needs to a file `helpers….py` whose name does not end in `_hidden`.",
            )
    return [files[name] for name in imported]


def filter_manifest(file: Path, checks: Iterable[str]) -> bytes:
    """Return an asset manifest with the entries of the named checks only."""
    try:
        manifest = json.loads(file.read_bytes())
        assets = dict(manifest["assets"])
    except (ValueError, KeyError, TypeError) as err:
        slug = file.parent.name
        raise CourseError(f"{file} is not a manifest: {err!r}.", remedy=f"Run `grader record {slug}`.") from err
    kept = set(checks)
    manifest.pop("key", None)  # hidden checks draw from it
    manifest["assets"] = {name: entry for name, entry in assets.items() if is_asset_of(name, kept)}
    return (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode()


def is_asset_of(name: str, checks: Collection[str]) -> bool:
    """Tell whether an asset was recorded for one of the checks: `test_a`, `test_a.2`, `test_a[3]`."""
    return re.split(r"[.\[]", name, maxsplit=1)[0] in checks


def _parse(file: Path) -> ast.Module:
    try:
        return ast.parse(file.read_bytes())
    except (SyntaxError, ValueError) as err:
        raise CourseError(f"{file} does not parse: {err}.", remedy="Correct that line.") from err


def _read_checks(file: Path, hidden: set[str]) -> set[str]:
    tree = _parse(file)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for node in ast.walk(tree):
        match node:
            case ast.keyword(arg="task", value=ast.Constant(value=task, lineno=line)) if task in hidden:
                raise CourseError(
                    f"{file}, line {line}: a public check of the hidden task `{task}`.",
                    remedy=f"Move it to `{file.stem}_hidden.py`.",
                )
    return {node.name for node in functions if node.name.startswith("test_")}


def _quote(text: str) -> str:
    # A JSON string is a TOML basic string, but for DEL, which TOML wants escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _quote_all(texts: tuple[str, ...]) -> str:
    return "[" + ", ".join(_quote(text) for text in texts) + "]"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
