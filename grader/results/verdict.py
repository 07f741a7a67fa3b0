"""Verdicts, feedback and results: the data that every later step passes on unchanged.

`grader.grading.grade` makes them, `grader.results.store` keeps them, `grader.report` shows them.
"""

from dataclasses import dataclass
from enum import StrEnum

from grader.results.credit import Credit
from grader.results.exhibit import Exhibit
from grader.results.lateness import Lateness
from grader.results.override import Override


class Verdict(StrEnum):
    """Name the outcome of one check."""

    PASSED = "passed"
    WRONG = "wrong"
    NOT_IMPLEMENTED = "not_implemented"
    MISSING = "missing"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    FORBIDDEN = "forbidden"
    SKIPPED = "skipped"
    NOT_GRADED = "not_graded"


class Status(StrEnum):
    """Name the state of a whole submission in a run.

    `graded`: every check that counts has a verdict. `not_graded`: the grader failed on at least one check,
    so the points are provisional. `provisional`: what some checks need (data, a graphics card) is not on this machine,
    so their points are still open. `unreadable`: nothing gradable was found, the notes say why. `unclear`: nobody but a
    person can say which of several things is meant. `gone`: graded earlier, and no longer among the submissions.
    """

    GRADED = "graded"
    NOT_GRADED = "not_graded"
    PROVISIONAL = "provisional"
    UNREADABLE = "unreadable"
    UNCLEAR = "unclear"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Owner:
    """Say who handed in, as the LMS that packed the upload tells it; "" for what it does not tell.

    `number` is the LMS's own number of the student, `sis_id` the one that the university gave.
    """

    name: str = ""
    number: str = ""
    sis_id: str = ""
    login: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Say where a submission comes from: the LMS, whose it is, its number there, and when it was written.

    `attempt` orders the hand-ins of one student or group as the LMS counts them; `written` is the time of the last
    change of a file, in seconds as the files have it. Both are 0 where nothing tells. `content` is the digest of what
    was handed in, equal for copies. Where a deadline asks, `handed_in` is the time in seconds since 1970, 0 where
    nothing tells, `clock` says what told it, and `attempt_of` names the submission of which this is another attempt.
    `is_marked_late` says that the LMS marks it as late by its own due date, which is not told.
    """

    lms: str = ""
    owners: tuple[Owner, ...] = ()
    hand_in: str = ""
    attempt: float = 0.0
    written: float = 0.0
    content: str = ""
    handed_in: float = 0.0
    clock: str = ""
    attempt_of: str = ""
    is_marked_late: bool = False


NO_ORIGIN = Origin()


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Show where a tensor differs from the expected one, as rows of characters, each the worst of those it covers.

    `.` is within the tolerance, `1` to `8` are eighths of `peak` (the largest difference, as text), `!` isn't finite.
    `place` is the part of the tensor that is shown, as an index (`[3, 0, :, :]`), with `…` for axes of which only the
    worst is shown; `shape` is the rows and columns of that part, which may be more than the map has.
    """

    place: str
    shape: tuple[int, int]
    cells: tuple[str, ...]
    peak: str


@dataclass(frozen=True, slots=True)
class Item:
    """Explain one failing value of a comparison, in a sentence and in numbers.

    `name` is the output's name as the student reads it (`grad of w`), `rung` the question that failed (present,
    type, shape, dtype, device, finite, close). `index` points at the worst element, () for a scalar; `actual` and
    `expected` are that element (or the shape, dtype, … of the rung) as text. `lookalike` names the hypothesis that
    explains the difference, or "" if none does. `wrong` of `total` elements differ; `heat` shows where.
    """

    name: str
    rung: str
    message: str
    index: tuple[int, ...] | None = None
    actual: str = ""
    expected: str = ""
    lookalike: str = ""
    wrong: int = 0
    total: int = 0
    heat: tuple[HeatMap, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """Point at one line of the student's own code in a traceback, with the lines around it where they are known."""

    file: str
    line: int
    function: str
    source: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Where that is, as editors find it: `a.py:3`; of a notebook, `cell 12, line 3`."""
        return f"{self.file}, line {self.line}" if self.is_in_cell else f"{self.file}:{self.line}"

    @property
    def is_in_cell(self) -> bool:
        """Tell whether `file` is a cell of a notebook, which is no file."""
        return self.file.startswith("cell ")


@dataclass(frozen=True, slots=True)
class Line:
    """Hold one line of a curve: the numbers of a training in their order, and after how many epochs each was taken.

    A value is None if it was no finite number, or one too large to draw. There are no values where no numbers came.
    """

    name: str
    epochs: tuple[float, ...]
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """Show how a number developed while a network was trained.

    `target` is what the check asks for, or None if it asks for nothing; `unit` is written behind numbers. `falls` says
    that less is better, as of a loss. `cutoffs` are numbers that earn a part of the points, each with that part.
    """

    name: str
    lines: tuple[Line, ...]
    target: float | None = None
    unit: str = ""
    falls: bool = False
    cutoffs: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Feedback:
    """Tell a student what happened to one check.

    `message` is the explanation (plain text, `code` in backticks), `hint` the check's own advice, `traceback` only the
    student's frames (outermost first), `output` what their code printed, already bounded. `matched` names the values
    that are right beside the items that aren't; `curves` show how a training went, whether it passed or not.
    """

    message: str = ""
    hint: str = ""
    items: tuple[Item, ...] = ()
    traceback: tuple[Frame, ...] = ()
    output: str = ""
    matched: tuple[str, ...] = ()
    curves: tuple[Curve, ...] = ()


class Adjusted(StrEnum):
    """Name what an instructor made of a check for everybody: it has no weight, or gives its points to all."""

    NO = ""
    DROPPED = "dropped"
    GIVEN = "given"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Record the verdict of one check on one submission.

    `name` is the check's function name, unique in an assignment. `counted` is False if the check can cost nobody
    points: the grader failed, what it needs (data, GPU) is not on this machine, or the part was left to the student.
    `unrun` tells the second of these. `advice` costs nobody points either: it tells what is worth knowing and has no
    weight. `because` is the name of the check that has to pass before a skipped one runs, "" where it was skipped for
    another reason. `carried` names the tasks that a failure comes from, where it is not charged again. `adjusted` is
    what an instructor made of the check for everybody, and `reason` why. `crowded` says of one that timed out that the
    machine was crowded: it is asked again, alone, before it counts. `override` is what a person gave in its place, for
    this submission alone: it counts unless the check counts for nobody. `grounds` name the sentence of the text that it
    rests on. `credit` is what it earns by a measure: it has passed where that is all of its points or more.

    `cpu_s`, `waited_s` and `peak_mib` are what its probes cost, as the sandbox tells it: seconds of computing, seconds
    in which the student's code slept or waited for something, and the most memory, with that of torch. `stretch` is the
    largest deviation that it found, divided by the one that it allows; None where it compared nothing within a
    tolerance, or found what no tolerance would let pass.
    """

    name: str
    title: str
    task: str
    verdict: Verdict
    weight: float = 1.0
    hidden: bool = False
    counted: bool = True
    seconds: float = 0.0
    feedback: Feedback = Feedback()
    advice: bool = False
    because: str = ""
    unrun: bool = False
    adjusted: Adjusted = Adjusted.NO
    reason: str = ""
    carried: str = ""
    crowded: bool = False
    override: Override | None = None
    grounds: str = ""
    credit: Credit | None = None
    cpu_s: float = 0.0
    waited_s: float = 0.0
    peak_mib: float = 0.0
    stretch: float | None = None

    @property
    def part(self) -> float:
        """Return the part of its points that is earned: what a person gave, what a measure earns, or all or nothing.

        It is from 0 to 1, and beyond 1 only where a measure earns a bonus.
        """
        if self.adjusted is Adjusted.DROPPED:
            return 0.0
        if self.override is not None:
            return self.override.part
        measured = self.credit.part if self.credit is not None and self.is_scored else 0.0
        return max(float(self._is_earned_by_itself), measured)

    @property
    def is_partly_right(self) -> bool:
        """Tell whether it has not passed, and a measure earns a part of its points all the same."""
        return self.verdict is not Verdict.PASSED and self.credit is not None and self.credit.part > 0

    @property
    def is_earned(self) -> bool:
        """Tell whether all its points are earned."""
        return self.part > 1 - 1e-9

    @property
    def _is_earned_by_itself(self) -> bool:
        """Tell whether it passed, fails through an earlier part alone, or is given to all."""
        is_right = self.verdict is Verdict.PASSED or bool(self.carried)
        return self.adjusted is Adjusted.GIVEN or (is_right and self.is_scored)

    @property
    def is_unjudged(self) -> bool:
        """Tell whether its points are still open: the grader failed on it, or could not run it on this machine."""
        is_open = (self.verdict is Verdict.NOT_GRADED or self.unrun) and self.override is None
        return is_open and self.adjusted is Adjusted.NO and not self.advice

    @property
    def is_scored(self) -> bool:
        """Tell whether it has a part in what its task can earn."""
        if self.adjusted is not Adjusted.NO:
            return self.adjusted is Adjusted.GIVEN
        return not self.advice and (self.counted or self.is_unjudged or self.override is not None)

    @property
    def is_lost(self) -> bool:
        """Tell whether it costs points."""
        return self.is_scored and not self.is_earned and not self.is_unjudged


@dataclass(frozen=True, slots=True)
class TaskResult:
    """Record the points of one task.

    `max_points` is what could be earned, the same for all submissions; `unjudged` of them are still open, since the
    grader could not judge all checks. What a `bonus` task earns stands beside the sum. `flags` are those of the
    submission that this task's checks raised.
    `key` changes with everything that decides the verdicts ("" if nobody asked for it); `is_final` is False if the next
    run shall grade the task again though nothing has changed. `graded` is the ISO 8601 time of the verdicts, and
    `reused` says that they were made by an earlier run. `all_or_nothing` says that it pays all or none; `override` is
    what a person gave for it as a whole.
    """

    name: str
    title: str
    points: float
    max_points: float
    hidden: bool
    checks: tuple[CheckResult, ...]
    flags: tuple[str, ...] = ()
    key: str = ""
    is_final: bool = False
    graded: str = ""
    reused: bool = False
    bonus: bool = False
    unjudged: float = 0.0
    all_or_nothing: bool = False
    override: Override | None = None

    @property
    def is_beyond(self) -> bool:
        """Tell whether one of its checks earns more than its points, by a measure."""
        return any(check.part > 1 + 1e-9 for check in self.checks)


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold what a student wrote in answer to a question that a person grades, in Markdown.

    `points` is what the course gives for it, or 0 if it says nothing: they are never part of a result's points. `note`
    says why there is nothing, or not all, to read. `name` is the question's; `given` are the points that a person gave,
    None while nobody has, and `comment` is what they remarked. Where `is_run`, nothing is written: `exhibits` and
    `curves` show what the student's runs have left, beside what was measured in `tasks`; the answers to `questions` are
    about them.
    """

    title: str
    text: str
    points: float = 0.0
    note: str = ""
    name: str = ""
    given: float | None = None
    comment: str = ""
    is_run: bool = False
    exhibits: tuple[Exhibit, ...] = ()
    curves: tuple[Curve, ...] = ()
    tasks: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()

    @property
    def is_blank(self) -> bool:
        """Tell whether there is nothing that a person could grade."""
        return not (self.text or self.exhibits or self.curves)


@dataclass(frozen=True, slots=True)
class SubmissionResult:
    """Record everything a scorecard shows about one submission.

    `submission` is its unique name in the run; `notes` are sentences about intake (restored or missing files);
    `flags` are sentences for the instructor, about what a person should look at; `answers` wait for a person to
    grade them. `pending` names the tasks that were not graded yet, or not by the checks as they are now. `origin` says
    who handed it in. `max_points` is the same for all submissions of a class: bonus tasks are not in it, and may lead
    beyond it. `unjudged` of these points are still open. Under a deadline `lateness` says when it was handed in and
    what that costs; `points` are less by its price.
    """

    submission: str
    status: Status
    points: float
    max_points: float
    tasks: tuple[TaskResult, ...]
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    wall: str = ""
    answers: tuple[Answer, ...] = ()
    flags: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    origin: Origin = NO_ORIGIN
    unjudged: float = 0.0
    lateness: Lateness | None = None

    @property
    def percent(self) -> float:
        """Return the points in percent of what could be earned, or 0.0 if that is nothing."""
        return 100.0 * self.points / self.max_points if self.max_points else 0.0
