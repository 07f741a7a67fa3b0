"""Finds the explanations that many submissions got: what the class should hear about.

`grader.report.class_page` lists them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from grader.plain_text import shortened
from grader.report.marks import Mark, explanation_of, mark_of
from grader.report.pages import task_anchor
from grader.verdict import SubmissionResult, Verdict

_EXPLANATIONS_SHOWN = 15
_LINKS_SHOWN = 12
_MESSAGE_LIMIT = 600
_NOT_EXPLAINED = (Verdict.PASSED, Verdict.SKIPPED, Verdict.NOT_GRADED)


@dataclass(frozen=True, slots=True)
class Link:
    """Point at a task on a scorecard."""

    submission: str
    file: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Show one explanation and the checks and submissions that got it; `links` holds the first few."""

    message: str
    mark: Mark
    checks: tuple[str, ...]
    count: int
    links: tuple[Link, ...]
    links_left_out: int


def common_explanations(results: Iterable[SubmissionResult], *, files: Mapping[str, str]) -> tuple[Explanation, ...]:
    """Return the explanations that most submissions got, most frequent first; each submission counts once."""
    links: dict[tuple[str, Verdict], dict[str, Link]] = {}
    checks: dict[tuple[str, Verdict], dict[str, None]] = {}
    for key, title, link in _told(results, files):
        links.setdefault(key, {}).setdefault(link.submission, link)
        checks.setdefault(key, {})[title] = None
    frequent = sorted(links, key=lambda key: (-len(links[key]), key))[:_EXPLANATIONS_SHOWN]
    return tuple(_explanation(key, links=tuple(links[key].values()), checks=tuple(checks[key])) for key in frequent)


def _told(
    results: Iterable[SubmissionResult], files: Mapping[str, str]
) -> Iterable[tuple[tuple[str, Verdict], str, Link]]:
    for result in results:
        for position, task in enumerate(result.tasks):
            link = Link(result.submission, files[result.submission], task_anchor(position))
            for check in task.checks:
                if check.verdict not in _NOT_EXPLAINED and explanation_of(check):
                    yield (explanation_of(check), check.verdict), check.title or check.name, link


def _explanation(key: tuple[str, Verdict], *, links: tuple[Link, ...], checks: tuple[str, ...]) -> Explanation:
    message, verdict = key
    return Explanation(
        message=shortened(message, _MESSAGE_LIMIT),
        mark=mark_of(verdict),
        checks=checks[:_LINKS_SHOWN],
        count=len(links),
        links=links[:_LINKS_SHOWN],
        links_left_out=max(0, len(links) - _LINKS_SHOWN),
    )
