"""Finds the explanations that many submissions share: what the class should hear about.

`grader.report.class_page` lists them. Two explanations are the same when the same lookalike explains a failure of the
same task in the same words, or when the words are equal once numbers are left out: then of the same task as well,
unless several tasks share the place, as those of crashes and missing files do. Crashes are the same where the same
line of code ends with the same exception.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from grader.report.anchors import check_anchor, task_anchor
from grader.report.task_view import bar_width
from grader.results.plain_text import number, shortened
from grader.results.verdict import CheckResult, SubmissionResult, Verdict
from grader.results.verdict_words import VerdictMark, explanation_of, mark_of

_EXPLANATIONS_SHOWN = 15
_LINKS_SHOWN = 12
_MESSAGE_LIMIT = 600
_NOT_EXPLAINED = (Verdict.PASSED, Verdict.SKIPPED, Verdict.NOT_GRADED)
_NAMED = ("equals another",)  # lookalikes that are told by the author's name for a tensor alone
_NOT_BY_TASK = (Verdict.CRASHED, Verdict.MISSING)
_TASKS_SHOWN = 3
_DATA = re.compile(r"\s*Data: [\w-]+\.$")
_SENTENCE = re.compile(r"\.\s+(?=\S)")
_PLACE = re.compile(r"`[^`]+`, line \d+,?")
_NUMBER = re.compile(r"-?\d[\d.,]*(?:e[+-]?\d+)?")

Key = tuple[str, Verdict, str]  # a task's name or "", a verdict, a lookalike's name or words without numbers


@dataclass(frozen=True, slots=True)
class Link:
    """Point at a check on a scorecard."""

    submission: str
    file: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Show one explanation and the checks and submissions that got it; `links` holds the first few.

    `heading` is the lookalike's name, or empty if there is none; `message` is the explanation that was told most often.
    `percent` is the share of all submissions.
    """

    heading: str
    message: str
    mark: VerdictMark
    task: str
    checks: tuple[str, ...]
    count: int
    percent: str
    bar: float
    links: tuple[Link, ...]
    links_left_out: int


@dataclass(slots=True)
class _Cluster:
    heading: str
    tasks: dict[str, None] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    checks: dict[str, None] = field(default_factory=dict)
    messages: Counter[str] = field(default_factory=Counter)


def common_explanations(results: Iterable[SubmissionResult], *, files: Mapping[str, str]) -> tuple[Explanation, ...]:
    """Return the explanations that most submissions got, most frequent first; each submission counts once."""
    clusters: dict[Key, _Cluster] = {}
    total = 0
    for result in results:
        total += 1
        _sort_in(result, files[result.submission], clusters)
    frequent = sorted(clusters, key=lambda key: (-len(clusters[key].links), key))[:_EXPLANATIONS_SHOWN]
    return tuple(_explanation(clusters[key], mark=mark_of(key[1]), total=total) for key in frequent)


def without_data(words: str) -> str:
    """Return an explanation without the data set that was used, which says nothing about the mistake."""
    return _DATA.sub("", words)


def words_without_numbers(words: str) -> str:
    """Return what two explanations have in common that differ only in numbers or in the data that was used."""
    return _NUMBER.sub("0", without_data(words))


def _sort_in(result: SubmissionResult, file: str, clusters: dict[Key, _Cluster]) -> None:
    for position, task in enumerate(result.tasks):
        for order, check in enumerate(task.checks):
            words = without_data(explanation_of(check))
            if check.verdict in _NOT_EXPLAINED or check.advice or check.carried or not words:
                continue
            lookalike = lookalike_of(check)
            place = "" if check.verdict in _NOT_BY_TASK and not lookalike else task.name
            cluster = clusters.setdefault((place, check.verdict, explained_by(check)), _Cluster(lookalike))
            cluster.tasks[task.title or task.name] = None
            link = Link(result.submission, file, check_anchor(task_anchor(position), order))
            cluster.links.setdefault(result.submission, link)
            cluster.checks[check.title or check.name] = None
            cluster.messages[words] += 1


def lookalike_of(check: CheckResult) -> str:
    """Return the name of the first lookalike that explains a failure of the check, or ""."""
    return next((item.lookalike for item in check.feedback.items if item.lookalike), "")


def explained_by(check: CheckResult) -> str:
    """Return what two failures of one cause have in common.

    That is what was recognised together with its words; of a crash the text of the student's line and the exception,
    wherever the line stands; else the words. Numbers are left out, except those of the student's line, and those of a
    name that the author gave: the output of layer 1 is not that of layer 2.
    """
    words, frames = explanation_of(check), check.feedback.traceback
    item = next((item for item in check.feedback.items if item.lookalike), None)
    if item is not None:
        told = _recognised(item.message)
        return f"{item.lookalike}\n{told if item.lookalike in _NAMED else words_without_numbers(told)}"
    if check.verdict is Verdict.CRASHED and frames:
        return f"{' '.join(frames[-1].source.split())}\n{words_without_numbers(_PLACE.sub('', words))}"
    return words_without_numbers(words)


def _recognised(message: str) -> str:
    """Return what is said behind the numbers of a difference: the words of the lookalike."""
    return _SENTENCE.split(message, maxsplit=1)[-1]


def _explanation(cluster: _Cluster, *, mark: VerdictMark, total: int) -> Explanation:
    percent = 100 * len(cluster.links) / total
    return Explanation(
        heading=cluster.heading,
        message=shortened(cluster.messages.most_common(1)[0][0], _MESSAGE_LIMIT),
        mark=mark,
        task=_listed(tuple(cluster.tasks)),
        checks=tuple(cluster.checks)[:_LINKS_SHOWN],
        count=len(cluster.links),
        percent=number(round(percent)),
        bar=bar_width(percent),
        links=tuple(cluster.links.values())[:_LINKS_SHOWN],
        links_left_out=max(0, len(cluster.links) - _LINKS_SHOWN),
    )


def _listed(tasks: tuple[str, ...]) -> str:
    left_out = len(tasks) - _TASKS_SHOWN
    return ", ".join(tasks[:_TASKS_SHOWN]) + (f" and {left_out} more" if left_out > 0 else "")
