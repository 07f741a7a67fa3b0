"""What an assignment's document asks, line by line, and how each of its demands is treated: generated, never written.

`demands.toml` lists the demands; the checks' grounds and the questions say who treats them. `grader.commands.audit`
prints the page.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from grader.authoring.audit_rules import Violation
from grader.authoring.grounds import Ground
from grader.courses.assignment import Assignment
from grader.courses.toml_table import Table, fault, read_toml, refuse_unknown, suggest, take_text
from grader.errors import CourseError

DEMANDS_FILE = "demands.toml"

_KEYS = ("lines", "asks", "answer", "evidence", "not_graded")
_LINES = re.compile(r"\blines? (?P<numbers>\d[^:]*)")
_SPAN = re.compile(r"(\d+)(?: to (\d+))?")


@dataclass(frozen=True, slots=True)
class Demand:
    """Hold one thing that the document asks, in words of our own; `lines` is where it stands, "12 and 30 to 34".

    `answer` names the question that collects it; `evidence` names what a person is shown of its runs, and `not_graded`
    says why nobody looks at it. All three are "" where checks do.
    """

    lines: str
    asks: str
    answer: str = ""
    evidence: str = ""
    not_graded: str = ""


@dataclass(frozen=True, slots=True)
class Treated:
    """Set a demand beside the checks whose grounds name a line of it."""

    demand: Demand
    checks: tuple[Ground, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Hold how every demand of a document is treated, and what is wrong with the list."""

    title: str
    rows: tuple[Treated, ...]
    questions: Mapping[str, str]
    violations: tuple[Violation, ...]


def read_demands(assignment: Assignment) -> tuple[Demand, ...]:
    """Read what the document asks. Raises CourseError if there is no list, or for the first mistake in it."""
    file = assignment.folder / DEMANDS_FILE
    if not file.is_file():
        remedy = "List what the document asks, a `[[demand]]` with `lines` and `asks` for each thing."
        raise CourseError(f"{assignment.slug} has no {DEMANDS_FILE}.", remedy=remedy)
    top = read_toml(file)
    refuse_unknown(top, ("demand",))
    rows = top.values.get("demand", [])
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise fault(top, "demand", "is not a list of tables", remedy="Begin each demand with `[[demand]]`.")
    return tuple(_read_demand(Table(file, f"demand {at}", row), assignment) for at, row in enumerate(rows, start=1))


def _read_demand(table: Table, assignment: Assignment) -> Demand:
    refuse_unknown(table, _KEYS)
    demand = Demand(*(take_text(table, key, default=None if key in _KEYS[:2] else "") for key in _KEYS))
    if not named_lines(f"line {demand.lines}"):
        raise fault(table, "lines", f"is `{demand.lines}`", remedy='Write `lines = "12 and 30 to 34"`, say.')
    questions = [question.name for question in assignment.questions if question.evidence is None]
    shown = [question.name for question in assignment.questions if question.evidence is not None]
    for key, name, names, what in (
        ("answer", demand.answer, questions, "question"),
        ("evidence", demand.evidence, shown, "evidence"),
    ):
        if name and name not in names:
            raise fault(table, key, f"is `{name}`, which is no {what}", remedy=suggest(name, names))
    return demand


def named_lines(place: str) -> frozenset[int]:
    """Return the lines that grounds name: `sheet, lines 3 and 7 to 9: …` are 3, 7, 8 and 9."""
    found = _LINES.search(place.split(": ")[0])
    spans = _SPAN.findall(found["numbers"]) if found else []
    return frozenset(line for first, last in spans for line in range(int(first), int(last or first) + 1))


def cover(assignment: Assignment, grounds: Collection[Ground]) -> Coverage:
    """Set each demand beside what treats it. Raises CourseError if the list of demands can't be read."""
    demands = read_demands(assignment)
    lines = {ground.check: named_lines(ground.grounds) for ground in grounds}
    rows = tuple(
        Treated(demand, tuple(one for one in grounds if lines[one.check] & named_lines(f"line {demand.lines}")))
        for demand in demands
    )
    return Coverage(
        assignment.title,
        rows,
        {question.name: question.title for question in assignment.questions},
        tuple(_judge(assignment, rows, grounds)),
    )


def _judge(assignment: Assignment, rows: Collection[Treated], grounds: Iterable[Ground]) -> Iterator[Violation]:
    """Yield a violation for every demand that nobody treats, and for everything that treats none."""
    remedy = f"Edit tests/assignments/{assignment.slug}/{DEMANDS_FILE}."
    for row in rows:
        if not (row.checks or row.demand.answer or row.demand.evidence or row.demand.not_graded):
            message = f"Nothing says how this is treated: {row.demand.asks}"
            yield Violation(f"line {row.demand.lines}", message, remedy)
    used = {one.check for row in rows for one in row.checks}
    for one in grounds:
        if named_lines(one.grounds) and one.check not in used:
            yield Violation(one.check, f"It rests on what no demand lists ({one.grounds}).", remedy)
    asked = {name for row in rows for name in (row.demand.answer, row.demand.evidence)}
    for question in assignment.questions:
        if question.name not in asked:
            what = "asks this question" if question.evidence is None else "is treated by this evidence"
            yield Violation(question.name, f"No demand {what}.", remedy)


def write_page(coverage: Coverage, slug: str) -> str:
    """Return the coverage as a page in Markdown: a table, and in words how much of it is treated how."""
    lines = [
        f"# What the document asks: {coverage.title}",
        "",
        f"Made by `grader audit --coverage {slug}` of `tests/assignments/{slug}/{DEMANDS_FILE}`, the grounds of the",
        "checks and the questions. The lines are those of the course's document.",
        "",
        f"{_in_words(coverage.rows)}",
        "",
        "| lines | what it asks | how it is treated |",
        "| --- | --- | --- |",
    ]
    for row in coverage.rows:
        treated = "; ".join(_treatments(row, coverage.questions)) or "**no entry**"
        lines.append(f"| {row.demand.lines} | {_cell(row.demand.asks)} | {_cell(treated)} |")
    return "\n".join(lines) + "\n"


def _treatments(row: Treated, questions: Mapping[str, str]) -> Iterator[str]:
    kinds = {
        "graded": [one for one in row.checks if one.points],
        "given, checked without points": [one for one in row.checks if not one.points and not one.advice],
        "advice": [one for one in row.checks if one.advice],
    }
    for kind, checks in kinds.items():
        if checks:
            yield f"{kind}: {', '.join(f'`{one.check}`' for one in checks)}"
    demand = row.demand
    if demand.answer:
        yield f"answered in words, “{questions[demand.answer]}”"
    if demand.evidence:
        yield f"shown to a person, “{questions[demand.evidence]}”"
    if demand.not_graded:
        yield f"not graded: {demand.not_graded}"


def _in_words(rows: Collection[Treated]) -> str:
    counts = {
        "graded": sum(any(one.points for one in row.checks) for row in rows),
        "checked without points": sum(bool(row.checks) and not any(one.points for one in row.checks) for row in rows),
        "answered in words": sum(bool(row.demand.answer) for row in rows),
        "shown to a person": sum(bool(row.demand.evidence) for row in rows),
        "not graded, with the reason": sum(bool(row.demand.not_graded) for row in rows),
    }
    parts = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    return f"{len(rows)} demands: {parts}. One demand may be treated in several ways."


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
