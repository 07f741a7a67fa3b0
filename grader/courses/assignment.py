"""An assignment as data: what is handed in, what is graded, and for how many points.

`grader.courses.assignment_file` reads it from `assignment.toml`; `grader.courses.course` finds that file.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from grader.courses.deadline import Deadline
from grader.courses.evidence import Evidence
from grader.results.verdict import Adjusted

MISTAKES_FILES = "mistakes*.toml"
EQUIVALENTS_FILE = "equivalents.toml"

# What only audits and people read.
_NOT_FOR_GRADING = (MISTAKES_FILES, EQUIVALENTS_FILE, "demands.toml", "rubric.toml", "model_answers.md")
ANY_FLOAT = "any float"  # what compare.arrays calls it, too, which imports torch
HOW_TO_STATE_GROUNDS = "Write place and gist of the text, `line 40: the loss is averaged over the batch`, say."
CHECKS_FOLDER = "checks"  # in a students' kit


class SubmissionKind(StrEnum):
    """Name what students hand in."""

    PACKAGE = "package"
    NOTEBOOK = "notebook"


class Scoring(StrEnum):
    """Name how the checks of a task become points.

    `proportional`: by the weights of the passed checks. `all-or-nothing`: full points when all of them pass.
    """

    PROPORTIONAL = "proportional"
    ALL_OR_NOTHING = "all-or-nothing"


class ArtifactKind(StrEnum):
    """Name what an artifact holds: trained weights, or predictions as lines of text."""

    WEIGHTS = "weights"
    PREDICTIONS = "predictions"


@dataclass(frozen=True, slots=True)
class Artifact:
    """Name a file that students make by running their work, and hand in beside it; it may have `most_mib` MiB."""

    name: str
    path: str
    kind: ArtifactKind
    most_mib: float

    @property
    def most_bytes(self) -> int:
        """Return how large the file may be."""
        return int(self.most_mib * (1 << 20))


@dataclass(frozen=True, slots=True)
class HandedIn:
    """Describe a submission: POSIX paths that must be there, globs of what a student may change.

    What is `editable` includes the paths of all `artifacts`.
    """

    kind: SubmissionKind
    required: tuple[str, ...]
    editable: tuple[str, ...]
    artifacts: tuple[Artifact, ...] = ()


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """Name the modules that the fork server imports once, and the removed names of libraries that it gives back."""

    preload: tuple[str, ...] = ()
    shims: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotebookSettings:
    """Say how a notebook is imported: as which module, and how long one statement that defines nothing may take.

    `cell_s` and `execute_s` bound a run of the whole notebook: one cell, all cells.
    """

    module: str = "notebook"
    statement_s: float = 2.0
    cell_s: float = 120.0
    execute_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Task:
    """Name what points are given for; `hidden` tasks are not in the students' kit.

    `long` tasks train: seconds to minutes, left out where quick answers are asked for. `limits` are this task's own,
    keys of `grader.sandbox.wire.limits` that bound a single probe.
    `forbidden` are dotted names (`torch.nn.Linear`, `torch.autograd`, `torch.nn.functional.*`) that may not be used in
    the places `forbidden_in`: globs of files, each with or without `::` and the name of a class or function. `cell` is
    the id of the notebook's cell where the task is checked.
    `grounds` are those of all its checks that state none of their own. What a `bonus` task earns stands beside the sum.
    Its checks that earn by a measure may earn up to `credit_up_to` times their points.
    `parts` are the dotted names of what the task is about (`hw2.layers.Linear`); where they are wrong, tasks that name
    this one in `builds_on` are judged with the reference's parts as well. A task without points is about what is handed
    out: its checks say whether it still does what it did.
    """

    name: str
    title: str
    points: float
    scoring: Scoring = Scoring.PROPORTIONAL
    hidden: bool = False
    forbidden: tuple[str, ...] = ()
    forbidden_in: tuple[str, ...] = ()
    long: bool = False
    limits: Mapping[str, float] = field(default_factory=dict)
    cell: str = ""
    grounds: str = ""
    bonus: bool = False
    credit_up_to: float = 1.0
    parts: tuple[str, ...] = ()
    builds_on: tuple[str, ...] = ()
    any_float: bool = False

    @property
    def is_given(self) -> bool:
        """Tell whether the task is about code that students get, so that nothing is earned with it."""
        return self.points == 0


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Say what is made of a check for everybody, without grading anything again, and why: students read the reason."""

    check: str
    how: Adjusted
    reason: str


@dataclass(frozen=True, slots=True)
class Question:
    """Name a question that is answered in words: the variable `name` of a student's `module`; a person grades it.

    `points` is 0 if the course does not say what it is worth. In a notebook `cell` is the id of the question's text
    cell, and there is no module. With `evidence` nothing is written: a person grades what runs have left.
    """

    name: str
    title: str
    module: str
    points: float = 0.0
    cell: str = ""
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Edition:
    """Name another handout that students may have worked in; `folder` holds its files, below the assignment's folder.

    The files have the shape of a submission. `spellings` are its names for ours: {theirs: ours}.
    """

    name: str
    folder: str
    spellings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Assignment:
    """Hold everything `assignment.toml` says, and where its files lie.

    `folder` holds probes and checks; `assets` may not exist yet; `reference` is None in the students' kit.
    `limits` are the overrides as written: keys of `grader.sandbox.wire.limits` to numbers above zero.
    `demands_grounds`: an audit refuses checks that state neither grounds nor that they are advice; `demands_prices`: it
    refuses known mistakes that don't say what they cost. It advises to hide at least `hidden_share` of the checks;
    `unchecked` are the instructions of solution regions that no check is for. `key` is
    the course's secret, from which the inputs of hidden checks are drawn; "" where none was recorded, and in a kit.
    Without a `deadline` nothing is late, and nobody looks for attempts. `has_further_checks` is true in a kit whose
    course has checks that students don't get.
    """

    slug: str
    title: str
    folder: Path
    assets: Path
    reference: Path | None
    handed_in: HandedIn
    sandbox: SandboxSettings
    limits: dict[str, float | int]
    tasks: tuple[Task, ...]
    notebook: NotebookSettings = NotebookSettings()
    questions: tuple[Question, ...] = ()
    demands_grounds: bool = True
    demands_prices: bool = False
    hidden_share: float = 1 / 3
    unchecked: tuple[str, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    given: tuple[Edition, ...] = ()
    key: str = ""
    deadline: Deadline | None = None
    has_further_checks: bool = False


def grading_files(assignment: Assignment) -> tuple[Path, ...]:
    """Return the files of the assignment's folder that decide a grade, sorted by name: those for audits do not."""
    files = (file for file in assignment.folder.glob("*") if file.is_file())
    return tuple(sorted(file for file in files if not any(map(file.match, _NOT_FOR_GRADING))))


def check_files(assignment: Assignment) -> tuple[Path, ...]:
    """Return the files that hold the assignment's checks, sorted by name."""
    return tuple(sorted(file for file in assignment.folder.glob("test_*.py") if file.is_file()))


def probe_files(assignment: Assignment) -> tuple[Path, ...]:
    """Return the files that hold the assignment's probes, sorted by the names of their modules."""
    files = (file for file in assignment.folder.glob("probes*.py") if file.is_file())
    return tuple(sorted(files, key=lambda file: file.stem))


def helper_files(assignment: Assignment) -> tuple[Path, ...]:
    """Return the files that hold what several checks use, sorted by name."""
    return tuple(sorted(file for file in assignment.folder.glob("helpers*.py") if file.is_file()))


def is_hidden_file(path: Path) -> bool:
    """Say whether a file of checks or of helpers is kept from students."""
    return path.name.endswith("_hidden.py")


def is_grounds(value: object) -> bool:
    """Say whether a value names a place in a text, and behind a colon the gist of what stands there."""
    place, _, gist = value.partition(": ") if isinstance(value, str) else ("", "", "")
    return bool(place.strip() and gist.strip())


def tasks_below(task: Task, tasks: Collection[Task]) -> list[Task]:
    """Return those of an assignment's tasks that a task builds on, however indirectly, in their order."""
    named = {one.name: one for one in tasks}
    found: set[str] = set()
    waiting = list(task.builds_on)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += named[name].builds_on
    return [one for one in tasks if one.name in found]
