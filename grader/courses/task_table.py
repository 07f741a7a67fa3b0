"""Read the tasks of `assignment.toml`: points, checks' common grounds, what a task builds on, what it forbids.

`grader.courses.assignment_file` reads the rest of the file.
"""

import math
import re
from collections.abc import Callable

from grader.courses.assignment import (
    ANY_FLOAT,
    HOW_TO_STATE_GROUNDS,
    HandedIn,
    Scoring,
    SubmissionKind,
    Task,
    is_grounds,
    tasks_below,
)
from grader.courses.forbidden_places import find_place_fault
from grader.courses.globs import find_glob_fault, is_matched
from grader.courses.toml_table import (
    Table,
    fault,
    refuse_unknown,
    suggest,
    take_flag,
    take_number,
    take_table,
    take_text,
    take_texts,
)

LIMITS_IN_SECONDS = ("wall_s", "import_s", "cpu_s")
LIMITS_OF_A_TASK = ("wall_s", "cpu_s")
LIMITS_IN_WHOLE_NUMBERS = (
    "memory_mib", "processes", "open_files", "file_mib", "tmp_mib", "output_kib", "reply_mib", "threads", "gpu_mib",
)  # fmt: skip

KEYS_OF_TASKS = (
    "title", "points", "scoring", "hidden", "forbidden", "forbidden_in", "long", "limits", "cell", "grounds", "bonus",
    "credit_up_to", "parts", "builds_on", "dtype",
)  # fmt: skip
_MOST_CREDIT = 2
_DOTTED_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(\.\*)?")
_TASK_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")


def read_tasks(table: Table, handed_in: HandedIn) -> tuple[Task, ...]:
    """Read all tasks. Raises CourseError for the first mistake in them."""
    if not table.values:
        problem = "is empty, so no points could be earned"
        raise fault(table, "", problem, remedy="Add `[tasks.linear]` with `title` and `points`.")
    for name in table.values:
        _refuse_bad_foundation(take_table(table, name), table)
    tasks = tuple(_read_task(take_table(table, name), name, handed_in) for name in table.values)
    _refuse_own_parts(tasks, table)
    return tasks


def _refuse_bad_foundation(task: Table, tasks: Table) -> None:
    """Raise CourseError where a task builds on none that stands above it and has parts."""
    above = list(tasks.values)[: list(tasks.values).index(task.name.rpartition(".")[2])]
    for name in take_texts(task, "builds_on", default=()):
        if name not in above:
            raise fault(task, "builds_on", f"names `{name}`, which is no task above", remedy=suggest(name, above))
        if not take_texts(take_table(tasks, name), "parts", default=()):
            remedy = f'Give `[tasks.{name}]` its `parts`, `["hw2.layers.Linear"]`, say.'
            raise fault(task, "builds_on", f"names `{name}`, which has no parts", remedy=remedy)


def _refuse_own_parts(tasks: tuple[Task, ...], table: Table) -> None:
    """Raise CourseError for a task that would be judged with the reference's version of what it is about."""
    for task in tasks:
        for below in tasks_below(task, tasks):
            for part in sorted({*task.parts} & {*below.parts}):
                remedy = f"Leave `{below.name}` out: what a task grades is never put in place."
                problem = f"leads to `{below.name}`, which is about `{part}` as well"
                raise fault(take_table(table, task.name), "builds_on", problem, remedy=remedy)


def _read_task(table: Table, name: str, handed_in: HandedIn) -> Task:
    if not _TASK_NAME.fullmatch(name):
        remedy = "Use letters, digits, `_` and `-`: the name becomes a column of grades.csv."
        raise fault(table, "", f"has a name that can't be used: `{name}`", remedy=remedy)
    refuse_unknown(table, KEYS_OF_TASKS)
    points = take_number(table, "points")
    if points < 0:
        raise fault(table, "points", f"is {points}; expected 0 or more", remedy="Points are earned, never lost.")
    scoring = take_choice(table, "scoring", choices=tuple(Scoring), default=Scoring.PROPORTIONAL)
    return Task(
        name=name,
        title=take_text(table, "title"),
        points=float(points),
        scoring=Scoring(scoring),
        hidden=take_flag(table, "hidden", default=False),
        forbidden=_take_forbidden(table),
        forbidden_in=_take_forbidden_in(table, handed_in),
        long=take_flag(table, "long", default=False),
        limits=_read_task_limits(take_table(table, "limits", default={})),
        cell=_take_cell(table, handed_in),
        grounds=_take_grounds(table),
        bonus=take_flag(table, "bonus", default=False),
        credit_up_to=_take_most_credit(table, Scoring(scoring)),
        parts=_take_parts(table, handed_in),
        builds_on=take_texts(table, "builds_on", default=()),
        any_float=bool(take_choice(table, "dtype", choices=(ANY_FLOAT,), default="")),
    )


def _take_most_credit(table: Table, scoring: Scoring) -> float:
    most = take_number(table, "credit_up_to", default=1)
    if not 1 <= most <= _MOST_CREDIT:
        problem = f"is {most:g}; expected 1 to {_MOST_CREDIT}"
        raise fault(table, "credit_up_to", problem, remedy="Write 1.1 for a bonus of a tenth of a check's points.")
    if most > 1 and scoring is Scoring.ALL_OR_NOTHING:
        problem = "is for checks that earn a part, and the task pays all or nothing"
        raise fault(table, "credit_up_to", problem, remedy="Remove one of the two keys.")
    return float(most)


def _take_parts(table: Table, handed_in: HandedIn) -> tuple[str, ...]:
    parts = take_texts(table, "parts", default=())
    if handed_in.kind is SubmissionKind.NOTEBOOK:
        for part in parts:
            if not part.isidentifier():
                remedy = 'Name what the notebook\'s cells define, `["MLP"]`, say.'
                raise fault(table, "parts", f"holds `{part}`, which is no name that a cell can define", remedy=remedy)
        return parts
    for part in parts:
        path = part.rpartition(".")[0].replace(".", "/")
        is_theirs = any(is_matched(one, handed_in.editable) for one in (f"{path}.py", f"{path}/__init__.py"))
        if not is_theirs:
            remedy = 'Name classes and functions of a package\'s own modules, `["hw2.layers.Linear"]`, say.'
            raise fault(table, "parts", f"holds `{part}`, which no student's module defines", remedy=remedy)
    return parts


def _take_grounds(table: Table) -> str:
    grounds = take_text(table, "grounds", default="")
    if grounds and not is_grounds(grounds):
        raise fault(table, "grounds", f"is `{grounds}`", remedy=HOW_TO_STATE_GROUNDS)
    return grounds


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


def _take_forbidden_in(table: Table, handed_in: HandedIn) -> tuple[str, ...]:
    artifacts = [artifact.path for artifact in handed_in.artifacts]
    code = tuple(glob for glob in handed_in.editable if glob not in artifacts)
    globs = take_texts(table, "forbidden_in", default=code)
    refuse_bad_globs(table, "forbidden_in", globs, find_place_fault)
    return globs


def take_choice(table: Table, key: str, *, choices: tuple[str, ...], default: str) -> str:
    """Return one of several texts."""
    value = take_text(table, key, default=default)
    if value not in (*choices, default):
        words = " or ".join(f'"{choice}"' for choice in choices)
        raise fault(table, key, f'is "{value}"; expected {words}', remedy=suggest(value, choices))
    return value


def refuse_bad_globs(
    table: Table, key: str, texts: tuple[str, ...], find_fault: Callable[[str], str] = find_glob_fault
) -> None:
    """Raise CourseError for a glob that can match nothing of a submission, and where there is none."""
    if not texts:
        raise fault(table, key, "is empty", remedy='Name at least one file, `["hw2/layers.py"]`, say.')
    for text in texts:
        problem = find_fault(text)
        if problem:
            remedy = 'Write a path below the submission\'s folder, `"hw2/**/*.py"`, say.'
            raise fault(table, key, f"holds `{text}`, which {problem}", remedy=remedy)


def _read_task_limits(table: Table) -> dict[str, float | int]:
    for key in table.values:
        if key in (*LIMITS_IN_SECONDS, *LIMITS_IN_WHOLE_NUMBERS) and key not in LIMITS_OF_A_TASK:
            problem = "bounds a whole submission, so it can't differ by task"
            remedy = f"Set it in `[limits]`. A task's own are {' and '.join(f'`{name}`' for name in LIMITS_OF_A_TASK)}."
            raise fault(table, key, problem, remedy=remedy)
    refuse_unknown(table, LIMITS_OF_A_TASK)
    return read_limits(table)


def read_limits(table: Table) -> dict[str, float | int]:
    """Return limits as written. Raises CourseError for an unknown one, and for a number that can be none."""
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
