"""Read `assignment.toml` into an `Assignment`, with an error naming file, key and remedy for every mistake.

`grader.courses.course` says where the file and the folders beside it lie.
"""

import math
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from grader.courses.adjust_table import read_adjustments
from grader.courses.assignment import (
    HOW_TO_STATE_GROUNDS,
    Assignment,
    HandedIn,
    NotebookSettings,
    Question,
    SandboxSettings,
    Scoring,
    SubmissionKind,
    Task,
    is_grounds,
)
from grader.courses.globs import find_glob_fault, is_matched
from grader.courses.toml_table import (
    Table,
    fault,
    read_toml,
    refuse_unknown,
    suggest,
    take_flag,
    take_number,
    take_table,
    take_text,
    take_texts,
)
from grader.sandbox.wire.shims import FAMILIES, SHIMS

ASSIGNMENT_FILE = "assignment.toml"
LIMITS_IN_SECONDS = ("wall_s", "import_s", "cpu_s")
LIMITS_OF_A_TASK = ("wall_s", "cpu_s")
LIMITS_IN_WHOLE_NUMBERS = (
    "memory_mib", "processes", "open_files", "file_mib", "tmp_mib", "output_kib", "reply_mib", "threads", "gpu_mib",
)  # fmt: skip

_TOP = ("title", "slug", "submission", "sandbox", "notebook", "limits", "tasks", "answers", "audit", "adjust")
_OF_A_TASK = (
    "title", "points", "scoring", "hidden", "forbidden", "forbidden_in", "long", "limits", "cell", "grounds", "bonus",
    "parts", "builds_on",
)  # fmt: skip
_DOTTED_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(\.\*)?")
_TASK_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Home:
    """Say where an assignment's files lie; `reference` is None in the students' kit."""

    slug: str
    folder: Path
    assets: Path
    reference: Path | None


def read_assignment_file(home: Home) -> Assignment:
    """Read `assignment.toml` in the home's folder; raise CourseError for the first mistake in it."""
    top = read_toml(home.folder / ASSIGNMENT_FILE)
    refuse_unknown(top, _TOP)
    handed_in = _read_handed_in(take_table(top, "submission"))
    return Assignment(
        slug=_read_slug(top, home),
        title=take_text(top, "title"),
        folder=home.folder,
        assets=home.assets,
        reference=home.reference,
        handed_in=handed_in,
        sandbox=_read_sandbox(take_table(top, "sandbox", default={})),
        limits=_read_limits(take_table(top, "limits", default={})),
        tasks=_read_tasks(take_table(top, "tasks"), handed_in),
        notebook=_read_notebook(take_table(top, "notebook", default={}), handed_in),
        questions=_read_questions(take_table(top, "answers", default={}), handed_in),
        demands_grounds=_read_demand(take_table(top, "audit", default={})),
        adjustments=read_adjustments(take_table(top, "adjust", default={})),
    )


def _read_demand(table: Table) -> bool:
    refuse_unknown(table, ("grounds",))
    return take_flag(table, "grounds", default=True)


def _read_slug(top: Table, home: Home) -> str:
    slug = take_text(top, "slug", default=home.slug)
    if home.reference is not None and slug != home.slug:
        problem = f"is `{slug}`, but the folder is named `{home.slug}`"
        raise fault(top, "slug", problem, remedy="Remove the key: in a course the folder's name is the slug.")
    return slug


def _read_handed_in(table: Table) -> HandedIn:
    refuse_unknown(table, ("kind", "required", "editable"))
    kind = _take_choice(table, "kind", choices=tuple(SubmissionKind), default=SubmissionKind.PACKAGE)
    required, editable = take_texts(table, "required"), take_texts(table, "editable")
    for key, texts in (("required", required), ("editable", editable)):
        _refuse_bad_globs(table, key, texts)
    for path in required:
        _refuse_bad_required(table, path, editable)
    return HandedIn(kind=SubmissionKind(kind), required=required, editable=editable)


def _refuse_bad_globs(table: Table, key: str, texts: tuple[str, ...]) -> None:
    if not texts:
        raise fault(table, key, "is empty", remedy='Name at least one file, `["hw2/layers.py"]`, say.')
    for text in texts:
        problem = find_glob_fault(text)
        if problem:
            remedy = 'Write a path below the submission\'s folder, `"hw2/**/*.py"`, say.'
            raise fault(table, key, f"holds `{text}`, which {problem}", remedy=remedy)


def _refuse_bad_required(table: Table, path: str, editable: tuple[str, ...]) -> None:
    if any(letter in path for letter in "*?["):
        raise fault(table, "required", f"holds the glob `{path}`", remedy="Name each required file in full.")
    if not is_matched(path, editable):
        problem = f"holds `{path}`, which no glob in `editable` matches: the student's would never be used"
        wider = PurePosixPath(path).with_name("*" + PurePosixPath(path).suffix)
        raise fault(table, "required", problem, remedy=f'Add "{wider}" to `editable`.')


def _read_sandbox(table: Table) -> SandboxSettings:
    refuse_unknown(table, ("preload", "shims"))
    shims = take_texts(table, "shims", default=())
    for name in shims:
        if name not in (*SHIMS, *FAMILIES):
            remedy = suggest(name, (*FAMILIES, *SHIMS))
            raise fault(table, "shims", f"holds `{name}`, which is not a name that can be given back", remedy=remedy)
    return SandboxSettings(preload=take_texts(table, "preload", default=()), shims=shims)


def _read_notebook(table: Table, handed_in: HandedIn) -> NotebookSettings:
    seconds = ("statement_s", "cell_s", "execute_s")
    refuse_unknown(table, ("module", *seconds))
    if table.values and handed_in.kind is not SubmissionKind.NOTEBOOK:
        problem = f"is there, but what is handed in is a {handed_in.kind}"
        raise fault(table, "", problem, remedy='Set `kind = "notebook"` in `[submission]`, or remove this table.')
    module = take_text(table, "module", default="notebook")
    if not module.isidentifier():
        raise fault(table, "module", f"is `{module}`; expected a name", remedy='Write `module = "notebook"`, say.')
    times = {key: float(take_number(table, key)) for key in seconds if key in table.values}
    for key, value in times.items():
        if value <= 0:
            problem = f"is {value:g}; expected a number above 0"
            raise fault(table, key, problem, remedy="Remove the key to get the default.")
    return NotebookSettings(module, **times)


def _read_limits(table: Table) -> dict[str, float | int]:
    refuse_unknown(table, (*LIMITS_IN_SECONDS, *LIMITS_IN_WHOLE_NUMBERS))
    limits = {key: take_number(table, key) for key in table.values}
    for key, value in limits.items():
        if value <= 0:
            problem = f"is {value}; expected a number above 0"
            raise fault(table, key, problem, remedy="Remove the key to get the default.")
        if key in LIMITS_IN_WHOLE_NUMBERS and not isinstance(value, int):
            problem = f"is {value}; expected a whole number"
            raise fault(table, key, problem, remedy=f"Write `{key} = {math.ceil(value)}`.")
    return limits


def _read_task_limits(table: Table) -> dict[str, float | int]:
    for key in table.values:
        if key in (*LIMITS_IN_SECONDS, *LIMITS_IN_WHOLE_NUMBERS) and key not in LIMITS_OF_A_TASK:
            problem = "bounds a whole submission, so it can't differ by task"
            remedy = f"Set it in `[limits]`. A task's own are {' and '.join(f'`{name}`' for name in LIMITS_OF_A_TASK)}."
            raise fault(table, key, problem, remedy=remedy)
    refuse_unknown(table, LIMITS_OF_A_TASK)
    return _read_limits(table)


def _read_tasks(table: Table, handed_in: HandedIn) -> tuple[Task, ...]:
    if not table.values:
        problem = "is empty, so no points could be earned"
        raise fault(table, "", problem, remedy="Add `[tasks.linear]` with `title` and `points`.")
    for name in table.values:
        _refuse_bad_foundation(take_table(table, name), table)
    return tuple(_read_task(take_table(table, name), name, handed_in) for name in table.values)


def _refuse_bad_foundation(task: Table, tasks: Table) -> None:
    """Raise CourseError where a task builds on none that stands above it and has parts."""
    above = list(tasks.values)[: list(tasks.values).index(task.name.rpartition(".")[2])]
    for name in take_texts(task, "builds_on", default=()):
        if name not in above:
            raise fault(task, "builds_on", f"names `{name}`, which is no task above", remedy=suggest(name, above))
        if not take_texts(take_table(tasks, name), "parts", default=()):
            remedy = f'Give `[tasks.{name}]` its `parts`, `["hw2.layers.Linear"]`, say.'
            raise fault(task, "builds_on", f"names `{name}`, which has no parts", remedy=remedy)


def _read_task(table: Table, name: str, handed_in: HandedIn) -> Task:
    if not _TASK_NAME.fullmatch(name):
        remedy = "Use letters, digits, `_` and `-`: the name becomes a column of grades.csv."
        raise fault(table, "", f"has a name that can't be used: `{name}`", remedy=remedy)
    refuse_unknown(table, _OF_A_TASK)
    points = take_number(table, "points")
    if points < 0:
        raise fault(table, "points", f"is {points}; expected 0 or more", remedy="Points are earned, never lost.")
    scoring = _take_choice(table, "scoring", choices=tuple(Scoring), default=Scoring.PROPORTIONAL)
    return Task(
        name=name,
        title=take_text(table, "title"),
        points=float(points),
        scoring=Scoring(scoring),
        hidden=take_flag(table, "hidden", default=False),
        forbidden=_take_forbidden(table),
        forbidden_in=_take_forbidden_in(table, handed_in.editable),
        long=take_flag(table, "long", default=False),
        limits=_read_task_limits(take_table(table, "limits", default={})),
        cell=_take_cell(table, handed_in),
        grounds=_take_grounds(table),
        bonus=take_flag(table, "bonus", default=False),
        parts=_take_parts(table, handed_in),
        builds_on=take_texts(table, "builds_on", default=()),
    )


def _take_parts(table: Table, handed_in: HandedIn) -> tuple[str, ...]:
    parts = take_texts(table, "parts", default=())
    for part in parts:
        path = part.rpartition(".")[0].replace(".", "/")
        is_theirs = any(is_matched(one, handed_in.editable) for one in (f"{path}.py", f"{path}/__init__.py"))
        if handed_in.kind is not SubmissionKind.PACKAGE or not is_theirs:
            remedy = 'Name classes and functions of a package\'s own modules, `["hw2.layers.Linear"]`, say.'
            raise fault(table, "parts", f"holds `{part}`, which no student's module defines", remedy=remedy)
    return parts


def _take_grounds(table: Table) -> str:
    grounds = take_text(table, "grounds", default="")
    if grounds and not is_grounds(grounds):
        raise fault(table, "grounds", f"is `{grounds}`", remedy=HOW_TO_STATE_GROUNDS)
    return grounds


def _read_questions(table: Table, handed_in: HandedIn) -> tuple[Question, ...]:
    return tuple(_read_question(take_table(table, name), name, handed_in) for name in table.values)


def _read_question(table: Table, name: str, handed_in: HandedIn) -> Question:
    if handed_in.kind is SubmissionKind.NOTEBOOK:
        refuse_unknown(table, ("title", "points", "cell"))
        return Question(name, take_text(table, "title"), "", _take_worth(table), take_text(table, "cell"))
    refuse_unknown(table, ("title", "points", "module"))
    if not name.isidentifier():
        raise fault(table, "", "is not the name of a variable", remedy="Name it as the variable that holds the answer.")
    module = take_text(table, "module")
    path = module.replace(".", "/")
    if not is_matched(f"{path}.py", handed_in.editable) and not is_matched(f"{path}/__init__.py", handed_in.editable):
        problem = f"is `{module}`, a file that no glob in `editable` matches: nobody's answer would be read"
        raise fault(table, "module", problem, remedy=f'Add "{path}.py" to `editable`.')
    return Question(name, take_text(table, "title"), module, _take_worth(table))


def _take_worth(table: Table) -> float:
    points = take_number(table, "points", default=0)
    if points < 0:
        raise fault(table, "points", f"is {points}; expected 0 or more", remedy="Points are earned, never lost.")
    return float(points)


def _take_cell(table: Table, handed_in: HandedIn) -> str:
    cell = take_text(table, "cell", default="")
    if cell and handed_in.kind is not SubmissionKind.NOTEBOOK:
        problem = f"names a cell, but what is handed in is a {handed_in.kind}"
        raise fault(table, "cell", problem, remedy='Set `kind = "notebook"` in `[submission]`, or remove the key.')
    return cell


def _take_forbidden(table: Table) -> tuple[str, ...]:
    names = take_texts(table, "forbidden", default=())
    for name in names:
        if not _DOTTED_NAME.fullmatch(name):
            remedy = 'Write a full name, `"torch.nn.Linear"` or `"torch.nn.functional.*"`, say.'
            raise fault(table, "forbidden", f"holds `{name}`, which is not a dotted name", remedy=remedy)
    return names


def _take_forbidden_in(table: Table, editable: tuple[str, ...]) -> tuple[str, ...]:
    globs = take_texts(table, "forbidden_in", default=editable)
    _refuse_bad_globs(table, "forbidden_in", globs)
    return globs


def _take_choice(table: Table, key: str, *, choices: tuple[str, ...], default: str) -> str:
    value = take_text(table, key, default=default)
    if value not in choices:
        words = " or ".join(f'"{choice}"' for choice in choices)
        raise fault(table, key, f'is "{value}"; expected {words}', remedy=suggest(value, choices))
    return value
