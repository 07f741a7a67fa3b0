"""Known mistakes and variants of an assignment: what its checks have to catch, and what they have to accept.

`grader.authoring.audit` grades them; this module only reads and applies them.
"""

import ast
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.courses.assignment import MISTAKES_FILES, Assignment
from grader.courses.globs import is_matched
from grader.courses.toml_table import (
    Table,
    fault,
    read_toml,
    refuse_unknown,
    take_flag,
    take_tables,
    take_text,
    take_texts,
)
from grader.errors import CourseError
from grader.results.verdict import Verdict

VARIANTS = "variants"

FILES_OF_MISTAKES = "mistakes"

_EDITS = ("find", "instead", "left_out")
KEYS_OF_MISTAKES = (
    "name",
    "file",
    *_EDITS,
    "replace",
    "check",
    "verdict",
    "words",
    "lookalike",
    "costs",
    "cause",
    "innocent",
)


SHARES = {
    "nothing": (0.0, 0.0),
    "detail": (0.0, 0.35),
    "property": (0.05, 0.65),
    "result": (0.25, 1.0),
    "unusable": (0.6, 1.0),
}
"""What a mistake may cost, as parts of its task: the steps of docs/grading.md#what-a-mistake-costs."""


@dataclass(frozen=True, slots=True)
class Price:
    """Hold the fewest and the most that a mistake may cost: points, or where `of_task` parts of its task's points."""

    fewest: float
    most: float
    of_task: bool = False

    def points(self, task: float) -> tuple[float, float]:
        """Return the fewest and the most points, where the task has so many."""
        share = task if self.of_task else 1.0
        return share * self.fewest, share * self.most


@dataclass(frozen=True, slots=True)
class Mistake:
    """Hold one edit of the reference, and what a check has to say about it.

    `find` occurs once in `file` and becomes `replace`; or the whole file is another one, `instead`, which lies in the
    assignment's folder `mistakes`, or is not handed in (`is_left_out`). `check` then gets `verdict`, with each of
    `words` in its message. `lookalike` names the hypothesis that the mistake proves, or "" if it proves none. `costs`
    says how many points it may take of all short tasks together, None where nobody measures that.
    `cause` are words that together name what is wrong, `innocent` words of which each blames something that is right.
    `source` is the file that it was read from.
    """

    name: str
    file: str
    find: str
    replace: str
    check: str
    verdict: Verdict
    words: tuple[str, ...]
    lookalike: str
    source: Path
    costs: Price | None = None
    cause: tuple[str, ...] = ()
    innocent: tuple[str, ...] = ()
    instead: Path | None = None
    is_left_out: bool = False


@dataclass(frozen=True, slots=True)
class Variant:
    """Hold an honest submission written in another way: files that replace the reference's, POSIX path to bytes."""

    name: str
    folder: Path
    files: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Grant:
    """Say that a check asks for no more than a lazy submission does, and why that is right."""

    check: str
    why: str
    source: Path


def read_grants(assignment: Assignment) -> tuple[Grant, ...]:
    """Read the `[[granted]]` of an assignment, which lazy submissions may earn; raise CourseError for a fault."""
    return tuple(
        grant
        for file in sorted(assignment.folder.glob(MISTAKES_FILES))
        for grant in (_read_grant(table) for table in take_tables(read_toml(file), "granted"))
    )


def _read_grant(table: Table) -> Grant:
    refuse_unknown(table, ("check", "why"))
    return Grant(take_text(table, "check"), take_text(table, "why"), table.file)


def read_mistakes(assignment: Assignment) -> tuple[Mistake, ...]:
    """Read all mistakes of an assignment in the order of their files; raise CourseError for the first fault."""
    found: dict[str, Mistake] = {}
    for file in sorted(assignment.folder.glob(MISTAKES_FILES)):
        for mistake in _read_file(file):
            if mistake.name in found:
                other = found[mistake.name].source.name
                raise CourseError(
                    f"{file}: the mistake `{mistake.name}` is in {other} already.", remedy="Give it another name."
                )
            found[mistake.name] = mistake
    return tuple(found.values())


def _read_file(file: Path) -> list[Mistake]:
    top = read_toml(file)
    refuse_unknown(top, ("mistake", "granted"))
    return [_read_mistake(table) for table in take_tables(top, "mistake")]


def _read_mistake(table: Table) -> Mistake:
    refuse_unknown(table, KEYS_OF_MISTAKES)
    verdict = take_text(table, "verdict")
    edits = [key for key in _EDITS if key in table.values]
    if len(edits) != 1:
        problem = f"has {' and '.join(f'`{key}`' for key in edits)}" if edits else "changes nothing"
        raise fault(table, "", problem, remedy="Write one of `find` (with `replace`), `instead` and `left_out = true`.")
    choices = [choice for choice in Verdict if choice not in (Verdict.PASSED, Verdict.SKIPPED, Verdict.NOT_GRADED)]
    if verdict not in choices:
        raise fault(table, "verdict", f"is `{verdict}`", remedy=f"Write one of {', '.join(choices)}.")
    return Mistake(
        name=take_text(table, "name"),
        file=take_text(table, "file"),
        find=take_text(table, "find", default=""),
        replace=take_text(table, "replace", default=""),
        check=take_text(table, "check"),
        verdict=Verdict(verdict),
        words=take_texts(table, "words", default=()),
        lookalike=take_text(table, "lookalike", default=""),
        source=table.file,
        costs=_take_costs(table),
        cause=take_texts(table, "cause", default=()),
        innocent=take_texts(table, "innocent", default=()),
        instead=_take_instead(table),
        is_left_out=take_flag(table, "left_out", default=False),
    )


def _take_instead(table: Table) -> Path | None:
    name = take_text(table, "instead", default="")
    if not name:
        return None
    folder = (table.file.parent / FILES_OF_MISTAKES).resolve()
    path = (folder / name).resolve()
    if not path.is_file() or not path.is_relative_to(folder):
        problem = f"is `{name}`, which is no file in the folder `{FILES_OF_MISTAKES}` beside this one"
        raise fault(table, "instead", problem, remedy="Put it there.")
    return path


def _take_costs(table: Table) -> Price | None:
    costs = table.values.get("costs")
    match costs:
        case None:
            return None
        case [int() | float() as fewest, int() | float() as most] if 0 <= fewest <= most < math.inf:
            return Price(float(fewest), float(most))
        case str() if costs in SHARES:
            return Price(*SHARES[costs], of_task=True)
    remedy = f"Write one of {', '.join(SHARES)}, or the fewest and the most points, `costs = [4, 8]`, say."
    raise fault(table, "costs", f"is {costs!r}", remedy=remedy)


def read_variants(assignment: Assignment) -> tuple[Variant, ...]:
    """Read the variants of an assignment, sorted by name."""
    folders = [folder for folder in sorted((assignment.folder / VARIANTS).glob("*")) if folder.is_dir()]
    return tuple(Variant(folder.name, folder, _files_in(folder)) for folder in folders)


def _files_in(folder: Path) -> dict[str, bytes]:
    files = sorted(file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def explain_edit(mistake: Mistake, files: Mapping[str, bytes], *, editable: tuple[str, ...]) -> str:
    """Say why a mistake's edit can't be made in the reference's files, or "" if it can."""
    if mistake.file not in files:
        return f"the reference has no `{mistake.file}`"
    if not may_be_edited(mistake.file, editable):
        return f"students may not change `{mistake.file}`, so it is restored before grading"
    if mistake.is_left_out:
        return ""
    if mistake.instead is not None:
        return "`instead` is the reference's own file" if mistake.instead.read_bytes() == files[mistake.file] else ""
    times = files[mistake.file].decode("utf-8", "replace").count(mistake.find)
    if times != 1:
        found = "does not occur" if not times else f"occurs {times} times"
        return f"`find` {found} in `{mistake.file}`; expected once"
    return "`replace` is the same as `find`" if mistake.find == mistake.replace else ""


def may_be_edited(path: str, editable: tuple[str, ...]) -> bool:
    """Tell whether a file of the reference is one that students change, or the script of such a notebook."""
    notebook = f"{path.removesuffix('.py')}.ipynb" if path.endswith(".py") else path
    return is_matched(path, editable) or is_matched(notebook, editable)


def make_mistake(mistake: Mistake, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the reference's files with the mistake in them."""
    if mistake.is_left_out:
        return {path: content for path, content in files.items() if path != mistake.file}
    if mistake.instead is not None:
        return {**files, mistake.file: mistake.instead.read_bytes()}
    text = files[mistake.file].decode("utf-8")
    return {**files, mistake.file: text.replace(mistake.find, mistake.replace).encode()}


def explain_overlay(variant: Variant, files: Mapping[str, bytes], *, editable: tuple[str, ...]) -> str:
    """Say what is wrong with the files of a variant, or "" if nothing is."""
    if not variant.files:
        return "it holds no file"
    for path, content in variant.files.items():
        if not may_be_edited(path, editable):
            return f"students may not change `{path}`, so it is restored before grading"
        if files.get(path) == content:
            return f"its `{path}` is the reference's own"
        if path.endswith(".py") and not _docstring(content):
            return f"its `{path}` has no docstring that says what is different"
    return ""


def _docstring(content: bytes) -> str:
    try:
        return ast.get_docstring(ast.parse(content)) or ""
    except (SyntaxError, ValueError):
        return "it does not parse, which its checks will tell"
