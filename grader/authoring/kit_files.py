"""The files of a students' kit that are made, not copied: its assignment file, its manifest, and which files it gets.

`grader.authoring.template` puts them beside the stubs, with the README of `grader.authoring.kit_readme`.
"""

import ast
import json
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from grader.courses.assignment import (
    ANY_FLOAT,
    Assignment,
    HandedIn,
    NotebookSettings,
    SubmissionKind,
    Task,
    check_files,
    helper_files,
    is_hidden_file,
)
from grader.courses.check_sources import imported_modules
from grader.errors import CourseError

_EXTRAS = {"pytorch_lightning": "lightning"}  # what brings a module that students' code imports


def write_assignment_file(assignment: Assignment) -> str:
    """Return the kit's `assignment.toml`: what the course's says, without hidden tasks and comments."""
    handed_in = assignment.handed_in
    lines = [f"slug = {_quote(assignment.slug)}", f"title = {_quote(assignment.title)}"]
    lines += ["further_checks = true"] if has_hidden(assignment) else []
    lines += ["", "[submission]"]
    lines += [f"kind = {_quote(handed_in.kind)}", f"required = {_quote_all(handed_in.required)}"]
    lines += [f"editable = {_quote_all(handed_in.editable)}"]
    lines += _lines_on_artifacts(handed_in)
    sandbox = {"preload": assignment.sandbox.preload, "shims": assignment.sandbox.shims}
    if any(sandbox.values()):
        lines += ["", "[sandbox]", *(f"{key} = {_quote_all(names)}" for key, names in sandbox.items() if names)]
    if assignment.limits:
        lines += ["", "[limits]", *(f"{key} = {value!r}" for key, value in assignment.limits.items())]
    if assignment.handed_in.kind is SubmissionKind.NOTEBOOK:
        notebook, usual = assignment.notebook, NotebookSettings()
        lines += ["", "[notebook]", f"module = {_quote(notebook.module)}", f"statement_s = {notebook.statement_s:g}"]
        lines += [f"cell_s = {notebook.cell_s:g}"] if notebook.cell_s != usual.cell_s else []
        lines += [f"execute_s = {notebook.execute_s:g}"] if notebook.execute_s != usual.execute_s else []
    for task in public_tasks(assignment):
        lines += [
            "",
            f"[tasks.{task.name}]",
            f"title = {_quote(task.title)}",
            f"points = {_number(task.points)}",
        ]
        lines += [f"scoring = {_quote(task.scoring)}"]
        lines += [f"{key} = true" for key, is_so in (("long", task.long), ("bonus", task.bonus)) if is_so]
        lines += [f"credit_up_to = {_number(task.credit_up_to)}"] if task.credit_up_to > 1 else []
        lines += [f"dtype = {_quote(ANY_FLOAT)}"] if task.any_float else []
        if task.cell:
            lines += [f"cell = {_quote(task.cell)}"]
        if task.parts:
            lines += [f"parts = {_quote_all(task.parts)}"]
        if task.limits:
            lines += [f"limits = {{ {', '.join(f'{key} = {value!r}' for key, value in task.limits.items())} }}"]
        if task.forbidden:
            lines += [f"forbidden = {_quote_all(task.forbidden)}", f"forbidden_in = {_quote_all(task.forbidden_in)}"]
    for question in (one for one in assignment.questions if one.evidence is None):
        lines += ["", f"[answers.{question.name}]", f"title = {_quote(question.title)}"]
        place = f"cell = {_quote(question.cell)}" if question.cell else f"module = {_quote(question.module)}"
        lines += [place, f"points = {_number(question.points)}"]
    return "\n".join(lines) + "\n"


def _lines_on_artifacts(handed_in: HandedIn) -> list[str]:
    rows = [
        f"{one.name} = {{ path = {_quote(one.path)}, mib = {_number(one.most_mib)} }}" for one in handed_in.artifacts
    ]
    return ["", "[submission.artifacts]", *rows] if rows else []


def has_hidden(assignment: Assignment) -> bool:
    """Tell whether students don't get all checks; a kit that is read again says so itself."""
    has_files = any(is_hidden_file(file) for file in check_files(assignment))
    return assignment.has_further_checks or has_files or any(task.hidden for task in assignment.tasks)


def extras_of(assignment: Assignment) -> tuple[str, ...]:
    """Return the extras of our package that an assignment's students install."""
    return ("courses", "watch", *(extra for name, extra in _EXTRAS.items() if name in assignment.sandbox.preload))


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
