"""What students read over each known mistake, as one table that a person reads in one go.

`grader.authoring.audit` grades the mistakes, `grader.authoring.naming` says how each explanation stands to the declared
cause; `grader.commands.explanations` prints the table.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from grader.authoring.audit import Audit
from grader.authoring.mistakes import Mistake
from grader.authoring.naming import Naming
from grader.results.plain_text import visible
from grader.results.verdict import Verdict
from grader.results.verdict_words import explanation_of

_ORDER = (Naming.OTHER, Naming.UNDECLARED, Naming.GENERAL, Naming.RIGHTLY)
_KINDS = {
    Naming.RIGHTLY: "right cause named",
    Naming.GENERAL: "true but general",
    Naming.OTHER: "other cause named",
    Naming.UNDECLARED: "no cause declared",
}


@dataclass(frozen=True, slots=True)
class ToldMistake:
    """Hold what a student reads who made a known mistake, the verdict with it, and what it stands for."""

    mistake: Mistake
    verdict: Verdict
    words: str
    naming: Naming


def explanations_in(audit: Audit, mistakes: Collection[Mistake]) -> tuple[ToldMistake, ...]:
    """Return what was said over each mistake that was tried, those that a person should read first in front."""
    found = [
        ToldMistake(one, audit.said[one.name].verdict, explanation_of(audit.said[one.name]), audit.naming[one.name])
        for one in mistakes
        if one.name in audit.said
    ]
    return tuple(sorted(found, key=lambda one: _ORDER.index(one.naming)))


def write_explanations(explanations: Collection[ToldMistake], slug: str) -> str:
    """Return the explanations as a page in Markdown: the counts of each kind, and a table of each."""
    lines = [f"# What students read: {slug}", "", counted(explanations)]
    for naming in _ORDER:
        rows = [one for one in explanations if one.naming is naming]
        if rows:
            lines += ["", f"## {_KINDS[naming].capitalize()}", ""]
            lines += ["| mistake | its cause | what the student reads |", "| --- | --- | --- |", *map(_row, rows)]
    return "\n".join(lines) + "\n"


def counted(explanations: Collection[ToldMistake]) -> str:
    """Say how many explanations are of which kind, and what share of those with a declared cause names it."""
    counts = Counter(one.naming for one in explanations)
    judged = counts.total() - counts[Naming.UNDECLARED]
    words = ", ".join(f"{counts[one]} × {_KINDS[one]}" for one in Naming if counts[one] or one is not Naming.UNDECLARED)
    share = f" The cause is named in {counts[Naming.RIGHTLY] / judged:.0%} of those that declare one." if judged else ""
    return f"{len(explanations)} known mistakes: {words}.{share}"


def _row(one: ToldMistake) -> str:
    cause = " … ".join(one.mistake.cause) or one.mistake.lookalike or "–"
    return f"| {one.mistake.name} | {_cell(cause)} | {one.verdict}: {_cell(one.words)} |"


def _cell(text: str) -> str:
    return "<br>".join(visible(text).replace("|", "\\|").replace("<", "&lt;").strip().splitlines())
