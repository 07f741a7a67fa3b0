"""Apply a deadline to a class: which attempt of each student counts, how late it is, and what that costs.

`grader.marking.lateness` prices one time; `grader.marking.final_results` calls this for pages and exports.

Why: docs/decisions.md#lateness
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from grader.courses.deadline import Counts, Deadline
from grader.courses.toml_table import suggest
from grader.marking.extension_file import FILE, Extension
from grader.marking.lateness import Kept, extended, kept_at, late_in_words
from grader.results.earned import earned_points, is_ungraded
from grader.results.lateness import Attempt, Lateness
from grader.results.plain_text import number
from grader.results.verdict import Status, SubmissionResult

_OPEN = (Status.NOT_GRADED, Status.PROVISIONAL)
_OTHER_CHOICE = re.compile(r"Handed in \d+ times; the last attempt was graded\.|Handed in again since, so not graded: ")
_ENOUGH = 2
_MOST_SUGGESTED = 2000


@dataclass(frozen=True, slots=True)
class Timed:
    """Hold the results that count, each with its lateness and not yet priced, and sentences for the instructor."""

    results: list[SubmissionResult]
    remarks: tuple[str, ...]
    problems: tuple[str, ...]


def without_attempts(results: Sequence[SubmissionResult]) -> list[SubmissionResult]:
    """Return the results without further attempts, for an assignment that has no deadline any more."""
    return [result for result in results if not result.origin.attempt_of]


def under_deadline(results: Sequence[SubmissionResult], deadline: Deadline, extensions: Sequence[Extension]) -> Timed:
    """Return one result for each student: the attempt that counts, under the student's name, with its lateness."""
    groups: dict[str, list[SubmissionResult]] = {}
    for result in results:
        groups.setdefault(result.origin.attempt_of or result.submission, []).append(result)
    given, remarks, problems = _matched(extensions, groups)
    counted = []
    marks = any(result.origin.is_marked_late for result in results)
    for name, group in groups.items():
        own = [extension for extension in extensions if extension.line in given.get(name, ())]
        one = _count(name, group, _own_deadline(deadline, own), own)
        counted.append(replace(one, flags=(*one.flags, *_doubts(one, marks=marks))))
    told = [one.lateness for one in counted if one.lateness is not None and one.lateness.handed_in]
    if len(told) >= _ENOUGH and all(one.late_s for one in told):
        remarks.append(f"Everything is late: work was due {deadline.due.isoformat()}. Is the date right?")
    return Timed(counted, tuple(remarks), tuple(problems))


def priced(result: SubmissionResult) -> SubmissionResult:
    """Return a result whose points are less by the price of its lateness, with a note on both."""
    late = result.lateness
    if late is None:
        return result
    price = round(result.points * (1 - late.keeps / 100), 2)
    late = replace(late, price=price)
    return replace(
        result,
        points=round(result.points - price, 2),
        lateness=late,
        notes=(*(note for note in result.notes if not _OTHER_CHOICE.match(note)), _note(late)),
    )


def _doubts(result: SubmissionResult, *, marks: bool) -> list[str]:
    """Return a sentence for the instructor where Canvas's mark and the clock differ; `marks` says that it set some."""
    late, is_marked = result.lateness, result.origin.is_marked_late
    if late is None or result.origin.lms != "canvas" or not marks:
        return []
    if is_marked and not late.handed_in:
        return ["Canvas marks this as late; when it was handed in, nothing tells."]
    says = f"{late.clock} {'say' if late.clock.endswith('files') else 'says'}"
    if is_marked and not late.late_s:
        return [f"Canvas marks this as late; {says} that it was in time, so nothing is taken off."]
    if not is_marked and late.late_s:
        return [f"Canvas does not mark this as late; {says} that it was {late_in_words(late.late_s)} late."]
    return []


def _matched(
    extensions: Sequence[Extension], groups: Mapping[str, Sequence[SubmissionResult]]
) -> tuple[dict[str, set[int]], list[str], list[str]]:
    """Return the lines of the extensions of each submission, remarks on those of nobody, problems with others."""
    known: dict[str, set[str]] = {}
    for name, group in groups.items():
        owners = {owner for result in group for owner in result.origin.owners}
        ids = {text for one in owners for text in (one.name, one.number, one.sis_id, one.login, one.email) if text}
        for text in {name, *ids}:
            known.setdefault(text.casefold(), set()).add(name)
    given: dict[str, set[int]] = {}
    remarks: list[str] = []
    problems: list[str] = []
    for extension in extensions:
        fitting = known.get(extension.student.casefold(), set())
        where = f"{FILE}, line {extension.line}: “{extension.student[:100]}”"
        if not fitting:
            hint = suggest(extension.student, list(known)[:_MOST_SUGGESTED])
            remarks.append(f"{where} fits nobody who has handed in{'.' if 'mean' not in hint else f'. {hint}'}")
        elif len(fitting) > 1:
            problems.append(f"{where} fits several: {', '.join(sorted(fitting))[:300]}. Write the submission's name.")
        else:
            given.setdefault(next(iter(fitting)), set()).add(extension.line)
    return given, remarks, problems


def _own_deadline(deadline: Deadline, own: Sequence[Extension]) -> Deadline:
    """Return the deadline of a student, or of a group: of several extensions the most generous of each counts."""
    dues = [one.due for one in own if one.due is not None]
    closes = [one.close for one in own if one.close is not None]
    slacks = [one.slack_days for one in own if one.slack_days is not None]
    return extended(
        deadline,
        due=max(dues, default=None),
        close=max(closes, default=None),
        slack_days=max(slacks, default=None),
    )


def _count(
    name: str, group: Sequence[SubmissionResult], deadline: Deadline, own: Sequence[Extension]
) -> SubmissionResult:
    """Return the attempt that counts, under the student's name."""
    there = [one for one in group if one.status is not Status.GONE] or list(group)
    ordered = sorted(there, key=lambda one: (one.origin.handed_in, not one.origin.attempt_of, one.submission))
    kept = {one.submission: _kept(one, deadline) for one in ordered}
    chosen = _chosen(ordered, kept, deadline.counts)
    zone = deadline.due.tzinfo
    attempts = tuple(
        Attempt(
            one.submission,
            _iso(one.origin.handed_in, zone),
            _worth(one, kept[one.submission]),
            kept[one.submission].keeps,
            one is chosen,
        )
        for one in ordered
    )
    mark = kept[chosen.submission]
    lateness = Lateness(
        handed_in=_iso(chosen.origin.handed_in, zone),
        clock=chosen.origin.clock,
        due=deadline.due.isoformat(),
        late_s=mark.late_s,
        slack_days=mark.slack_days,
        keeps=mark.keeps,
        extension="; ".join(extension.reason for extension in own),
        attempts=attempts if len(attempts) > 1 else (),
    )
    unknown = () if lateness.handed_in else ("Nothing tells when this was handed in, so nothing is taken off.",)
    return replace(
        chosen,
        submission=name,
        status=_status(chosen, ordered, kept, deadline.counts),
        origin=replace(chosen.origin, attempt_of=""),
        flags=(*chosen.flags, *unknown),
        lateness=lateness,
    )


def _kept(result: SubmissionResult, deadline: Deadline) -> Kept:
    if not result.origin.handed_in:
        return Kept(0.0, 0, 100.0)
    return kept_at(datetime.fromtimestamp(result.origin.handed_in, UTC), deadline)


def _worth(result: SubmissionResult, kept: Kept) -> float | None:
    earned = earned_points(result)
    return None if earned is None else round(earned * kept.keeps / 100, 2)


def _chosen(ordered: Sequence[SubmissionResult], kept: Mapping[str, Kept], counts: Counts) -> SubmissionResult:
    """Return the attempt that counts, of those in the order of their times."""
    if counts is Counts.BEST:
        return max(ordered, key=lambda one: -1.0 if (worth := _worth(one, kept[one.submission])) is None else worth)
    if counts is Counts.LAST_BEFORE_DUE:
        in_time = [one for one in ordered if not kept[one.submission].late_s]
        return in_time[-1] if in_time else ordered[0]
    return ordered[-1]


def _status(
    chosen: SubmissionResult, ordered: Sequence[SubmissionResult], kept: Mapping[str, Kept], counts: Counts
) -> Status:
    """Return the status of the attempt that counts; open where another one may turn out to be better."""
    if counts is Counts.BEST and not is_ungraded(chosen):
        best = _worth(chosen, kept[chosen.submission]) or 0.0
        for one in ordered:
            most = (one.points + one.unjudged) * kept[one.submission].keeps / 100
            if one.status in _OPEN and most > best:
                return one.status
    return chosen.status


def _iso(seconds: float, zone: tzinfo | None) -> str:
    return datetime.fromtimestamp(seconds, zone or UTC).isoformat(timespec="seconds") if seconds else ""


def _note(late: Lateness) -> str:
    """Say when something was handed in, by which clock, and what that costs."""
    if not late.handed_in:
        return "Nothing tells when this was handed in, so nothing is taken off."
    words = f"Handed in {_time(late.handed_in)}, as {late.clock} {'tell' if late.clock.endswith('files') else 'tells'}"
    extra = f" Extended to {_time(late.due)}: {late.extension}" if late.extension else ""
    if not late.late_s:
        return f"{words}: in time.{extra}"
    slack = f", of which {late.slack_days} slack {'day' if late.slack_days == 1 else 'days'}" if late.slack_days else ""
    kept = f"{number(late.keeps)} % of the points are kept, which costs {number(late.price)} points"
    price = kept if late.keeps < 100 else "nothing is taken off"
    return f"{words}: {late_in_words(late.late_s)} late{slack}; {price}.{extra}"


def _time(iso: str) -> str:
    return f"{iso[:16].replace('T', ' ')} (UTC{iso[19:]})"
