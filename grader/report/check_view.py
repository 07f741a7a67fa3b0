"""Computes what a scorecard shows of one check, as data: bounded, worded, ready to print.

`grader.report.task_view` puts the checks together; the maps are in `heat_view`.
"""

from dataclasses import dataclass, replace

from grader.report.curve_view import CurveView, curve_view
from grader.report.heat_view import HeatView, heat_view
from grader.report.page_budget import PageBudget
from grader.results.plain_text import number, shortened
from grader.results.shares import Share
from grader.results.verdict import CheckResult, Feedback, Frame, Item, Verdict
from grader.results.verdict_words import VerdictMark, explanation_of, mark_of_check, why_uncounted


@dataclass(frozen=True, slots=True)
class ItemView:
    """Show one failing value; `message` is empty if the explanation above already says it.

    `differs` counts the elements that differ, `share` is their percentage for a bar; both are empty if nobody
    counted.
    """

    name: str
    rung: str
    place: str
    actual: str
    expected: str
    message: str
    differs: str
    share: float
    maps: tuple[HeatView, ...]


@dataclass(frozen=True, slots=True)
class FrameView:
    """Show one line of the student's code in a traceback; `anchor` is its id on the page."""

    anchor: str
    file: str
    line: int
    function: str
    source: str
    before: tuple[tuple[int, str], ...] = ()
    after: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PlaceLink:
    """Split an explanation at the line of code that it names, which is a frame further down."""

    before: str
    place: str
    after: str
    anchor: str


@dataclass(frozen=True, slots=True)
class CheckView:
    """Show one check; `is_loud` where the grader failed, `note` says why a check doesn't count.

    Instructors read the `name`, by which files such as overrides.csv call it.
    `link` is the explanation again, split at a line that it names and that is shown below. `grounds` name the sentence
    of the text that a check rests on that did not pass.
    """

    anchor: str
    mark: VerdictMark
    name: str
    title: str
    points: str
    hidden: bool
    is_failing: bool
    is_loud: bool
    note: str
    grounds: str
    explanation: str
    link: PlaceLink | None
    hint: str
    curves: tuple[CurveView, ...]
    items: tuple[ItemView, ...]
    items_left_out: int
    matched: tuple[str, ...]
    frames: tuple[FrameView, ...]
    frames_left_out: int
    inner_frames: tuple[FrameView, ...]
    output: str
    seconds: str
    has_details: bool
    is_open: bool


def check_view(check: CheckResult, *, share: Share, anchor: str, budget: PageBudget) -> CheckView:
    """Return what is shown of a check that stands at `anchor`."""
    feedback, is_passed = check.feedback, check.verdict is Verdict.PASSED
    frames, frames_left_out, inner_frames = _frames(feedback, anchor=anchor, budget=budget)
    is_loud, note = _is_loud(check), _note(check)
    explanation = shortened(explanation_of(check), budget.message)
    hint = "" if is_passed else shortened(feedback.hint, budget.message)
    return CheckView(
        anchor=anchor,
        mark=mark_of_check(check),
        name=check.name,
        title=check.title or check.name,
        points=f"{number(share.points)} / {number(share.max_points)}" if check.is_scored else _uncounted(check),
        hidden=check.hidden,
        is_failing=_is_failing(check),
        is_loud=is_loud,
        note=note,
        grounds="" if is_passed else shortened(check.grounds, budget.message),
        explanation=explanation,
        link=_link(explanation, (*frames, *inner_frames)),
        hint=hint,
        curves=tuple(curve_view(curve) for curve in feedback.curves[: budget.curves]),
        items=_items(feedback, budget),
        items_left_out=max(0, len(feedback.items) - budget.items),
        matched=tuple(shortened(name, budget.line) for name in feedback.matched),
        frames=frames,
        frames_left_out=frames_left_out,
        inner_frames=inner_frames,
        output=shortened(feedback.output, budget.output),
        seconds=f"{check.seconds:.1f} s" if check.seconds >= 0.05 else "",
        has_details=bool(
            explanation or hint or note or feedback.items or feedback.curves or frames or feedback.output or is_loud
        ),
        is_open=not is_passed or check.override is not None,
    )


def _is_failing(check: CheckResult) -> bool:
    if check.override is not None:
        return check.is_lost
    return check.verdict is not Verdict.PASSED and not check.advice and not check.adjusted and not check.carried


def _note(check: CheckResult) -> str:
    is_plain = check.verdict is Verdict.PASSED and not check.adjusted and check.override is None
    return "" if _is_loud(check) or is_plain else why_uncounted(check)


def _is_loud(check: CheckResult) -> bool:
    return check.verdict is Verdict.NOT_GRADED and not check.adjusted and check.override is None


def _uncounted(check: CheckResult) -> str:
    return "no points" if check.advice else "not counted"


def _items(feedback: Feedback, budget: PageBudget) -> tuple[ItemView, ...]:
    views = [_item(item, feedback.message, budget) for item in feedback.items[: budget.items]]
    left = budget.maps
    for i, view in enumerate(views):
        views[i] = replace(view, maps=view.maps[:left])
        left -= len(views[i].maps)
    return tuple(views)


def _item(item: Item, explanation: str, budget: PageBudget) -> ItemView:
    name = shortened(item.name, budget.line)
    return ItemView(
        name=name,
        rung=item.rung,
        place=_place(item.index),
        actual=shortened(item.actual, budget.line),
        expected=shortened(item.expected, budget.line),
        message="" if item.message in explanation else shortened(item.message, budget.message),
        differs=f"{item.wrong:,} of {item.total:,}" if item.total > 1 else "",
        share=round(100 * item.wrong / item.total, 1) if item.total > 1 else 0.0,
        maps=tuple(heat_view(heat, name=name) for heat in item.heat),
    )


def _place(index: tuple[int, ...] | None) -> str:
    if index is None:
        return "–"
    return f"[{', '.join(map(str, index))}]" if index else "the value itself"


def _link(explanation: str, frames: tuple[FrameView, ...]) -> PlaceLink | None:
    for frame in reversed(frames):
        place = f"`{frame.file}`, line {frame.line}"
        before, found, after = explanation.partition(place)
        if found and not after[:1].isdigit():
            return PlaceLink(before, place, after, frame.anchor)
    return None


def _frames(
    feedback: Feedback, *, anchor: str, budget: PageBudget
) -> tuple[tuple[FrameView, ...], int, tuple[FrameView, ...]]:
    """Return the outer frames, how many are left out, and the inner frames."""
    count = len(feedback.traceback)
    outer = budget.outer_frames
    left_out = count - outer - budget.inner_frames
    shown = range(count) if left_out <= 0 else (*range(outer), *range(count - budget.inner_frames, count))
    views = tuple(_frame(feedback.traceback[i], anchor=f"{anchor}-line-{i + 1}", budget=budget) for i in shown)
    return (views, 0, ()) if left_out <= 0 else (views[:outer], left_out, views[outer:])


def _frame(frame: Frame, *, anchor: str, budget: PageBudget) -> FrameView:
    return FrameView(
        anchor=anchor,
        file=shortened(frame.file, budget.line),
        line=frame.line,
        function=shortened(frame.function, budget.line),
        source=shortened(frame.source, budget.line),
        before=tuple((frame.line - len(frame.before) + i, line) for i, line in enumerate(frame.before)),
        after=tuple((frame.line + 1 + i, line) for i, line in enumerate(frame.after)),
    )
