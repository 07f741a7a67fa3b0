"""Says how a verdict is shown: a symbol, words and a colour name, never the colour alone.

`grader.report.pages` and `grader.report.class_page` put the marks into what they compute.
"""

from dataclasses import dataclass

from grader.results.verdict import Adjusted, CheckResult, Status, TaskResult, Verdict


@dataclass(frozen=True, slots=True)
class VerdictMark:
    """Hold the symbol and the words of a verdict; `tone` names a CSS class."""

    symbol: str
    word: str
    tone: str


_MARKS = {
    Verdict.PASSED: VerdictMark("✓", "passed", "good"),
    Verdict.WRONG: VerdictMark("✗", "wrong", "bad"),
    Verdict.CRASHED: VerdictMark("!", "crashed", "stopped"),
    Verdict.TIMED_OUT: VerdictMark("!", "timed out", "stopped"),
    Verdict.OUT_OF_MEMORY: VerdictMark("!", "out of memory", "stopped"),
    Verdict.FORBIDDEN: VerdictMark("!", "forbidden", "stopped"),
    Verdict.NOT_IMPLEMENTED: VerdictMark("·", "not implemented", "open"),
    Verdict.MISSING: VerdictMark("·", "missing", "open"),
    Verdict.SKIPPED: VerdictMark("–", "skipped", "quiet"),
    Verdict.NOT_GRADED: VerdictMark("?", "not graded", "loud"),
}

_WORTH_KNOWING = VerdictMark("○", "worth knowing", "quiet")
_CARRIED = VerdictMark("↪", "not charged again", "quiet")
_BY_HAND = VerdictMark("✎", "marked by hand", "quiet")
_IN_PART = VerdictMark("◐", "in part", "open")
_UNTOLD = (Verdict.PASSED, Verdict.SKIPPED, Verdict.NOT_GRADED)

_REASONS = {
    Verdict.NOT_IMPLEMENTED: "This part is still to be written.",
    Verdict.MISSING: "The file, class or function was not found.",
    Verdict.SKIPPED: "A check that this one builds on failed, or the data or hardware it needs is missing.",
}

_STATUS_WORDS = {
    Status.GRADED: "graded",
    Status.NOT_GRADED: "not fully graded",
    Status.PROVISIONAL: "provisional",
    Status.UNREADABLE: "unreadable",
    Status.UNCLEAR: "unclear",
    Status.GONE: "no longer there",
}


def mark_of(verdict: Verdict) -> VerdictMark:
    """Return how `verdict` is shown."""
    return _MARKS[verdict]


def mark_of_check(check: CheckResult) -> VerdictMark:
    """Return how a check's verdict is shown: what a person marked, a fault that has paid, and advice are told so."""
    if check.override is not None and check.adjusted is not Adjusted.DROPPED:
        return _BY_HAND
    if check.carried:
        return _CARRIED
    return _WORTH_KNOWING if check.advice and check.verdict not in _UNTOLD else automatic_mark(check)


def automatic_mark(check: CheckResult) -> VerdictMark:
    """Return how the grader's own verdict is shown, whatever a person or an earlier fault made of it."""
    return _IN_PART if check.is_partly_right else mark_of(check.verdict)


def why_uncounted(check: CheckResult) -> str:
    """Say what else decides a check's points: a person, an adjustment, an earlier fault; "" where its verdict does."""
    if check.override is not None and check.adjusted is not Adjusted.DROPPED:
        return check.override.words
    if check.adjusted is not Adjusted.NO:
        return f"{adjusted_words(check)}: {check.reason}"
    if check.carried:
        return f"Not charged again: this comes from {check.carried}."
    if check.is_unjudged:
        return "This check could not run here: its points are open, and yours are provisional."
    if check.advice:
        return "Worth knowing: it costs no points."
    return "" if check.counted else "This check doesn't count here: it costs no points."


def adjusted_words(check: CheckResult) -> str:
    """Say what an instructor made of a check for everybody."""
    is_given = check.adjusted is Adjusted.GIVEN
    return "Everybody gets the points of this check" if is_given else "This check counts for nobody"


def status_word(status: Status) -> str:
    """Return the status of a submission in words."""
    return _STATUS_WORDS[status]


def title_of(task: TaskResult) -> str:
    """Return the title of a task, and that it is a bonus."""
    return f"{task.title or task.name} (bonus)" if task.bonus else task.title or task.name


def explanation_of(check: CheckResult) -> str:
    """Return what a check's measure earns and its own message, or a sentence for its verdict where it has none."""
    measured = check.credit.words if check.credit is not None else ""
    return " ".join(filter(None, (measured, check.feedback.message))) or _REASONS.get(check.verdict, "")
