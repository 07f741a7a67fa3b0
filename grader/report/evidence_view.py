"""Computes what a page shows of a student's runs: texts, pictures that are in the page itself, drawings.

`grader.report.pages` puts it onto the instructor's scorecard, `grader.answers.view` onto the page for grading;
`evidence.html` draws it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from grader.report.curve_view import CurveView, curve_view, curve_words
from grader.results.exhibit import Exhibit, Picture
from grader.results.plain_text import shortened
from grader.results.verdict import Answer, SubmissionResult

_MOST_CURVES = 12

SourceOf = Callable[[Picture], str]
"""Return where a picture is to be had, "" where it is gone."""


@dataclass(frozen=True, slots=True)
class PictureView:
    """Show one picture; `source` is an address, or the picture itself; sizes are in pixels."""

    source: str
    width: int
    height: int
    alt: str


@dataclass(frozen=True, slots=True)
class ExhibitView:
    """Show what one cell or file holds."""

    place: str
    text: str
    note: str
    pictures: tuple[PictureView, ...]


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """Show what runs have left; `measured` says what the grader itself has measured of the same thing."""

    exhibits: tuple[ExhibitView, ...]
    curves: tuple[CurveView, ...]
    measured: tuple[str, ...]


def has_pictures(result: SubmissionResult) -> bool:
    """Tell whether a result shows pictures, whose bytes the store keeps."""
    return any(one.pictures for answer in result.answers for one in answer.exhibits)


def evidence_view(
    answers: Sequence[Answer], *, source: SourceOf, longest: int, measured: tuple[str, ...] = ()
) -> EvidenceView | None:
    """Return what a page shows beside an answer, None where there is nothing; `longest` bounds each text.

    `answers` are that answer and those that show what it talks about.
    """
    exhibits = tuple(_exhibit(one, source, longest) for answer in answers for one in answer.exhibits)
    curves = tuple(curve_view(curve) for answer in answers for curve in answer.curves)[:_MOST_CURVES]
    return EvidenceView(exhibits, curves, measured) if exhibits or curves or measured else None


def in_page(pictures: Mapping[str, str]) -> SourceOf:
    """Return what writes pictures, in base64 by their digests, into the page itself."""

    def source(picture: Picture) -> str:
        data = pictures.get(picture.digest)
        return f"data:image/{picture.kind};base64,{data}" if data else ""

    return source


def measured_words(result: SubmissionResult, tasks: Collection[str]) -> tuple[str, ...]:
    """Return what the checks of some tasks have measured: a sentence for each line of their curves."""
    checks = [check for task in result.tasks if task.name in tasks for check in task.checks]
    return tuple(
        f"{check.title or check.name}: {words}"
        for check in checks
        for curve in check.feedback.curves
        for words in curve_words(curve)
    )


def _exhibit(exhibit: Exhibit, source: SourceOf, longest: int) -> ExhibitView:
    alt = f"What {exhibit.place.replace('`', '')} shows"
    found = tuple(
        PictureView(address, one.width, one.height, alt) for one in exhibit.pictures if (address := source(one))
    )
    lost = len(exhibit.pictures) - len(found)
    note = f"{exhibit.note} {lost} pictures are not in this page.".strip() if lost else exhibit.note
    return ExhibitView(exhibit.place, shortened(exhibit.text, longest), note, found)
