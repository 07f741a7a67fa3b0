"""Finds the checks that a person should look at after a class was graded: the check may be wrong, not the class.

`grader.report.class_page` lists them, dearest first. What is counted and from which size of a class on:
docs/checks-to-look-at.md.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import StatisticsError, correlation

from grader.report.anchors import check_anchor, task_anchor
from grader.report.explanations import Link, explained_by
from grader.report.reweighing import Change, change_in_words, change_without
from grader.results.earned import is_ungraded
from grader.results.plain_text import number
from grader.results.shares import shares
from grader.results.verdict import CheckResult, SubmissionResult, Verdict

ENOUGH = 20  # submissions that ran a check; with fewer a share or a correlation is an accident
_STRONG = 0.27  # the upper group of Kelley (1939), https://doi.org/10.1037/h0057123
_DO_WELL = 0.8  # of what can be earned elsewhere: below that, who is best need not be good
_HALF = 0.5
_BOTH_SIDES = 3  # that passed, and that failed, before a correlation is told
_CLUSTER = 3  # submissions
_CLUSTER_SHARE = 0.1
_EXAMPLES = 3
_NOT_DONE = (Verdict.NOT_IMPLEMENTED, Verdict.MISSING)  # whoever left a part out says nothing about its checks


@dataclass(frozen=True, slots=True)
class Doubt:
    """Name a check to look at, why, where to look, and what its points would do if it had the weight 0.

    `adjust` are the lines of assignment.toml that give it that weight.
    """

    check: str
    title: str
    task: str
    reasons: tuple[str, ...]
    examples: tuple[Link, ...]
    change: str
    adjust: str


@dataclass(frozen=True, slots=True)
class Doubts:
    """Hold the checks to look at. `too_few` says that the class is too small for what needs statistics."""

    found: tuple[Doubt, ...]
    too_few: bool


@dataclass(frozen=True, slots=True)
class _Seen:
    """Hold one check's verdict on one submission, and the share of all other points that the submission earned."""

    result: SubmissionResult
    task: int
    order: int
    check: CheckResult
    elsewhere: float

    @property
    def has_passed(self) -> bool:
        return self.check.verdict is Verdict.PASSED


_Reason = tuple[str, Sequence[_Seen]]  # a sentence, and the submissions that show it


def doubts_of(results: Iterable[SubmissionResult], *, files: Mapping[str, str]) -> Doubts:
    """Return the checks of a run that a person should look at; `files` maps a submission to its scorecard's file."""
    graded = [result for result in results if not is_ungraded(result)]
    found: list[tuple[float, Doubt]] = []
    for name, seen in _by_check(graded).items():
        reasons = [reason for judge in _JUDGES if (reason := judge(seen)) is not None]
        if reasons:
            change = change_without(name, graded)
            found.append((-abs(change.points), _doubt(seen, reasons, change, files)))
    found.sort(key=lambda pair: (pair[0], pair[1].check))
    return Doubts(tuple(doubt for _, doubt in found), too_few=0 < len(graded) < ENOUGH)


def _by_check(results: Iterable[SubmissionResult]) -> dict[str, list[_Seen]]:
    """Return what each check that counts said of every submission on which it ran, by its name."""
    found: dict[str, list[_Seen]] = {}
    for result in results:
        for place, task in enumerate(result.tasks):
            for order, (check, share) in enumerate(zip(task.checks, shares(task), strict=True)):
                rest = result.max_points - share.max_points
                if _has_run(check) and check.weight > 0 and rest > 0:
                    elsewhere = (result.points - share.points) / rest
                    found.setdefault(check.name, []).append(_Seen(result, place, order, check, elsewhere))
    return found


def _has_run(check: CheckResult) -> bool:
    return check.is_scored and not check.is_unjudged and check.verdict is not Verdict.SKIPPED


def _doubt(seen: Sequence[_Seen], reasons: Sequence[_Reason], change: Change, files: Mapping[str, str]) -> Doubt:
    first = seen[0]
    task = first.result.tasks[first.task]
    examples: dict[str, _Seen] = {}
    for _, shown in reasons:
        for one in sorted(shown, key=lambda one: (-one.elsewhere, one.result.submission)):
            examples.setdefault(one.result.submission, one)
    return Doubt(
        check=first.check.name,
        title=first.check.title or first.check.name,
        task=task.title or task.name,
        reasons=tuple(words for words, _ in reasons),
        examples=tuple(_link(one, files) for one in list(examples.values())[:_EXAMPLES]),
        change=change_in_words(change),
        adjust=f'[adjust.{first.check.name}]\nweight = 0\nreason = "…"',
    )


def _link(seen: _Seen, files: Mapping[str, str]) -> Link:
    name = seen.result.submission
    return Link(name, files[name], check_anchor(task_anchor(seen.task), seen.order))


def _strong_fail(seen: Sequence[_Seen]) -> _Reason | None:
    """Doubt a check that at least half of those fail who do well and best elsewhere."""
    if len(seen) < ENOUGH:
        return None
    last = sorted((one.elsewhere for one in seen), reverse=True)[round(_STRONG * len(seen)) - 1]
    strong = [one for one in seen if one.elsewhere >= max(last, _DO_WELL)]
    failed = [one for one in strong if not one.has_passed]
    if len(failed) < _CLUSTER or len(failed) < _HALF * len(strong):
        return None
    return f"{len(failed)} of the {len(strong)} who do best elsewhere fail it.", failed


def _same_way(seen: Sequence[_Seen]) -> _Reason | None:
    """Doubt a check that more than half of a class fail with one explanation."""
    if len(seen) < ENOUGH:
        return None
    ways: dict[tuple[Verdict, str], list[_Seen]] = {}
    for one in seen:
        if not one.has_passed and one.check.verdict not in _NOT_DONE and one.check.feedback.message:
            ways.setdefault((one.check.verdict, explained_by(one.check)), []).append(one)
    most = max(ways.values(), key=len, default=[])
    if len(most) <= _HALF * len(seen):
        return None
    return f"{len(most)} of {len(seen)} fail it in the same way.", most


def _no_discrimination(seen: Sequence[_Seen]) -> _Reason | None:
    """Doubt a check whose verdicts don't rise with the points earned elsewhere: the item–rest correlation."""
    passed = sum(one.has_passed for one in seen)
    if len(seen) < ENOUGH or min(passed, len(seen) - passed) < _BOTH_SIDES:
        return None
    try:
        value = correlation([float(one.has_passed) for one in seen], [one.elsewhere for one in seen])
    except StatisticsError:
        return None
    if value > 0:
        return None
    words = f"Who does well elsewhere does no better here: the item–rest correlation is {value:.2f}."
    return words, [one for one in seen if not one.has_passed]


def _crashes_without_a_line(seen: Sequence[_Seen]) -> _Reason | None:
    """Doubt a check whose probe raises, in several submissions, where no line of the student's is on the way."""
    ours = [one for one in seen if one.check.verdict is Verdict.CRASHED and not one.check.feedback.traceback]
    if len(ours) < _CLUSTER:
        return None
    return f"In {len(ours)} submissions the probe crashes on what came back, and no line of theirs raised.", ours


def _time_outs(seen: Sequence[_Seen]) -> _Reason | None:
    """Doubt the limit of a check at which several submissions, and at least a tenth, are stopped."""
    late = [one for one in seen if one.check.verdict is Verdict.TIMED_OUT]
    if len(late) < _CLUSTER or len(late) < _CLUSTER_SHARE * len(seen):
        return None
    return f"{number(len(late))} of {len(seen)} run out of time.", late


_JUDGES: tuple[Callable[[Sequence[_Seen]], _Reason | None], ...] = (
    _strong_fail,
    _same_way,
    _no_discrimination,
    _crashes_without_a_line,
    _time_outs,
)
