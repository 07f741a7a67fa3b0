"""Read `[submission.evidence]` of `assignment.toml`: runs that a person looks at, and grades like written answers.

`grader.courses.assignment_file` reads the rest of the file.

Why: docs/decisions.md#evidence-of-runs
"""

import itertools
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from grader.courses.assignment import Question, SubmissionKind, Task
from grader.courses.evidence import Evidence, RunFiles
from grader.courses.globs import find_glob_fault
from grader.courses.toml_table import (
    Table,
    fault,
    refuse_unknown,
    suggest,
    take_number,
    take_table,
    take_tables,
    take_text,
    take_texts,
)

_KEYS = ("title", "points", "cells", "files", "runs", "tasks", "questions")
_OF_RUNS = ("file", "values", "config", "images")
_BRACES = re.compile(r"\{(\w+)\}")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
_MOST_RUNS = 200
_EXAMPLE = 'Write `cells = ["train"]` in a notebook, `files = ["figures/*.png"]` for any kind.'


def read_evidence(
    table: Table, *, kind: SubmissionKind, tasks: Sequence[Task], questions: Sequence[Question]
) -> tuple[Question, ...]:
    """Return what `[submission.evidence]` names as questions without an answer. Raises CourseError for a mistake."""
    return tuple(
        _read(take_table(table, name), name, kind=kind, tasks=tasks, questions=questions) for name in table.values
    )


def _read(
    table: Table, name: str, *, kind: SubmissionKind, tasks: Sequence[Task], questions: Sequence[Question]
) -> Question:
    refuse_unknown(table, _KEYS)
    if not _NAME.fullmatch(name):
        raise fault(table, "", f"has a name that can't be used: `{name}`", remedy="Use letters, digits, `_` and `-`.")
    if name in {question.name for question in questions}:
        raise fault(table, "", "is called like a question", remedy="Give it a name of its own.")
    points = take_number(table, "points", default=0)
    if points < 0:
        raise fault(table, "points", f"is {points}; expected 0 or more", remedy="Points are earned, never lost.")
    evidence = Evidence(
        cells=take_texts(table, "cells", default=()),
        files=_read_globs(table),
        runs=tuple(_read_runs(replace(one, name=f"{table.name}.{one.name}")) for one in take_tables(table, "runs")),
        tasks=_known(table, "tasks", [task.name for task in tasks]),
        questions=_known(table, "questions", [question.name for question in questions]),
    )
    if evidence.cells and kind is not SubmissionKind.NOTEBOOK:
        problem = f"names cells, but what is handed in is a {kind}"
        raise fault(table, "cells", problem, remedy='Name files, `["*Part2*.ipynb"]`, say.')
    if not (evidence.cells or evidence.files or evidence.runs):
        raise fault(table, "", "names nothing to show", remedy=_EXAMPLE)
    return Question(name, take_text(table, "title"), "", float(points), evidence=evidence)


def _read_globs(table: Table) -> tuple[str, ...]:
    globs = take_texts(table, "files", default=())
    for glob in globs:
        if problem := find_glob_fault(glob):
            raise fault(table, "files", f"holds `{glob}`, which {problem}", remedy=_EXAMPLE)
    return globs


def _known(table: Table, key: str, names: Collection[str]) -> tuple[str, ...]:
    found = take_texts(table, key, default=())
    for name in found:
        if name not in names:
            raise fault(table, key, f"names `{name}`, which is none", remedy=suggest(name, names))
    return found


def _read_runs(table: Table) -> RunFiles:
    refuse_unknown(table, _OF_RUNS)
    file, values = take_text(table, "file"), take_table(table, "values").values
    if set(_BRACES.findall(file)) != set(values) or not file.endswith(".json"):
        problem = f"is `{file}`; expected a JSON file with braces for each of `values`"
        raise fault(table, "file", problem, remedy='Write `file = "results/run_L{depth}.json"`, say.')
    for key, several in values.items():
        if not isinstance(several, list) or not several:
            raise fault(take_table(table, "values"), key, "is no list", remedy=f"Write `{key} = [2, 4]`, say.")
    images = take_table(table, "images", default={})
    refuse_unknown(images, ("train", "test"))
    lists = {key: tuple(several) for key, several in values.items() if isinstance(several, list)}
    runs = RunFiles(
        file,
        lists,
        config=dict(take_table(table, "config", default={}).values),
        images={key: int(take_number(images, key)) for key in images.values},
    )
    if len(runs_of(runs)) > _MOST_RUNS:
        raise fault(table, "values", f"ask for more than {_MOST_RUNS} files", remedy="Ask for fewer.")
    return runs


def runs_of(runs: RunFiles) -> dict[str, Mapping[str, object]]:
    """Return the files of an experiment, each with the values that its name stands for; a list is joined by `-`."""
    found: dict[str, Mapping[str, object]] = {}
    for several in itertools.product(*runs.values.values()):
        values = dict(zip(runs.values, several, strict=True))
        path = runs.file
        for key, value in values.items():
            path = path.replace(f"{{{key}}}", _in_a_name(value))
        found[path] = values
    return found


def _in_a_name(value: object) -> str:
    return "-".join(map(str, value)) if isinstance(value, list) else str(value)
