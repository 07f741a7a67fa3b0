"""Read `assignment.toml` into an `Assignment`, with an error naming file, key and remedy for every mistake.

`grader.courses.course` says where the file and the folders beside it lie.
"""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypedDict

from grader.courses.adjust_table import read_adjustments
from grader.courses.artifact_table import read_artifacts
from grader.courses.assignment import (
    Assignment,
    HandedIn,
    NotebookSettings,
    Question,
    SandboxSettings,
    SubmissionKind,
)
from grader.courses.deadline_table import read_deadline
from grader.courses.evidence_table import read_evidence
from grader.courses.given_table import read_editions
from grader.courses.globs import is_matched
from grader.courses.task_table import read_limits, read_tasks, refuse_bad_globs, take_choice
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

_HIDDEN_SHARE = 1 / 3
_FURTHER = "further_checks"
_TOP = (
    "title",
    "slug",
    "submission",
    "sandbox",
    "notebook",
    "limits",
    "tasks",
    "answers",
    "audit",
    "adjust",
    "deadline",
    "given",
    _FURTHER,
)


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
    limits = read_limits(take_table(top, "limits", default={}))
    submission = take_table(top, "submission")
    handed_in = _read_handed_in(submission, limits)
    tasks = read_tasks(take_table(top, "tasks"), handed_in)
    questions = _read_questions(take_table(top, "answers", default={}), handed_in)
    runs = take_table(submission, "evidence", default={})
    evidence = read_evidence(runs, kind=handed_in.kind, tasks=tasks, questions=questions)
    return Assignment(
        slug=_read_slug(top, home),
        title=take_text(top, "title"),
        folder=home.folder,
        assets=home.assets,
        reference=home.reference,
        handed_in=handed_in,
        sandbox=_read_sandbox(take_table(top, "sandbox", default={})),
        limits=limits,
        tasks=tasks,
        notebook=_read_notebook(take_table(top, "notebook", default={}), handed_in),
        questions=_with_evidence(questions, evidence),
        **_read_audit(take_table(top, "audit", default={})),
        deadline=read_deadline(take_table(top, "deadline", default={})),
        adjustments=read_adjustments(take_table(top, "adjust", default={})),
        given=read_editions(top, folder=home.folder, reference=home.reference),
        has_further_checks=_read_further(top, home),
    )


class _AuditSettings(TypedDict):
    demands_grounds: bool
    demands_prices: bool
    hidden_share: float
    unchecked: tuple[str, ...]


def _read_audit(table: Table) -> _AuditSettings:
    refuse_unknown(table, ("grounds", "hidden_share", "prices", "unchecked"))
    share = take_number(table, "hidden_share", default=_HIDDEN_SHARE)
    if not 0 <= share <= 1:
        raise fault(table, "hidden_share", f"is {share}", remedy="Write a number from 0 (none) to 1 (all of them).")
    return _AuditSettings(
        demands_grounds=take_flag(table, "grounds", default=True),
        demands_prices=take_flag(table, "prices", default=False),
        hidden_share=float(share),
        unchecked=take_texts(table, "unchecked", default=()),
    )


def _read_slug(top: Table, home: Home) -> str:
    slug = take_text(top, "slug", default=home.slug)
    if home.reference is not None and slug != home.slug:
        problem = f"is `{slug}`, but the folder is named `{home.slug}`"
        raise fault(top, "slug", problem, remedy="Remove the key: in a course the folder's name is the slug.")
    return slug


def _read_further(top: Table, home: Home) -> bool:
    if home.reference is not None and _FURTHER in top.values:
        raise fault(top, _FURTHER, "is a kit's own key", remedy="Remove it: in a course the files say what is hidden.")
    return take_flag(top, _FURTHER, default=False)


def _read_handed_in(table: Table, limits: dict[str, float | int]) -> HandedIn:
    refuse_unknown(table, ("kind", "required", "editable", "artifacts", "evidence"))
    kind = take_choice(table, "kind", choices=tuple(SubmissionKind), default=SubmissionKind.PACKAGE)
    required, editable = take_texts(table, "required"), take_texts(table, "editable")
    for key, texts in (("required", required), ("editable", editable)):
        refuse_bad_globs(table, key, texts)
    for path in required:
        _refuse_bad_required(table, path, editable)
    artifacts = read_artifacts(take_table(table, "artifacts", default={}), required=required, limits=limits)
    own = (artifact.path for artifact in artifacts if not is_matched(artifact.path, editable))
    return HandedIn(SubmissionKind(kind), required, (*editable, *own), artifacts)


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


def _read_questions(table: Table, handed_in: HandedIn) -> tuple[Question, ...]:
    return tuple(_read_question(take_table(table, name), name, handed_in) for name in table.values)


def _with_evidence(questions: tuple[Question, ...], evidence: tuple[Question, ...]) -> tuple[Question, ...]:
    """Return the questions, with evidence behind the first question that is about it."""
    about = {one.name: one.evidence.questions[:1] for one in evidence if one.evidence is not None}
    beside = [(question, *(one for one in evidence if about[one.name] == (question.name,))) for question in questions]
    return (*(one for several in beside for one in several), *(one for one in evidence if not about[one.name]))


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
