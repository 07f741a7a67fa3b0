"""Finds what the course itself is to blame for: checks that could not be graded, each told once for the whole class.

`grader.report.class_page` lists them for the instructor.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from grader.report.anchors import check_anchor, task_anchor
from grader.report.explanations import Link, words_without_numbers
from grader.results.plain_text import shortened
from grader.results.verdict import SubmissionResult, Verdict

_FAULTS_SHOWN = 30
_LINKS_SHOWN = 3
_MESSAGE_LIMIT = 600


@dataclass(frozen=True, slots=True)
class CourseFault:
    """Name a check that ended in the grader's or the author's fault, what happened, and in how many submissions."""

    check: str
    title: str
    message: str
    count: int
    links: tuple[Link, ...]


def course_faults(results: Iterable[SubmissionResult], *, files: Mapping[str, str]) -> tuple[CourseFault, ...]:
    """Return the faults that most submissions met, most frequent first; each is told once, whoever met it."""
    messages: dict[tuple[str, str], str] = {}
    titles: dict[tuple[str, str], str] = {}
    links: dict[tuple[str, str], dict[str, Link]] = {}
    for result in results:
        for place, task in enumerate(result.tasks):
            for order, check in enumerate(task.checks):
                if check.verdict is not Verdict.NOT_GRADED or not check.is_unjudged or not check.feedback.message:
                    continue
                key = (check.name, words_without_numbers(check.feedback.message))
                messages.setdefault(key, check.feedback.message)
                titles.setdefault(key, check.title or check.name)
                link = Link(result.submission, files[result.submission], check_anchor(task_anchor(place), order))
                links.setdefault(key, {}).setdefault(result.submission, link)
    frequent = sorted(links, key=lambda key: (-len(links[key]), key))[:_FAULTS_SHOWN]
    return tuple(
        CourseFault(
            check=key[0],
            title=titles[key],
            message=shortened(messages[key], _MESSAGE_LIMIT),
            count=len(links[key]),
            links=tuple(links[key].values())[:_LINKS_SHOWN],
        )
        for key in frequent
    )
