"""How far right and wrong work lie from what each check allows: the margins of its tolerances.

`grader.authoring.audit` hands over what it graded; the stretch comes with each `grader.results.verdict.CheckResult`.

Why: docs/decisions.md#margins-are-measured
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from grader.authoring.audit_rules import Violation
from grader.authoring.audit_trials import REFERENCE, Outcome, named
from grader.authoring.mistakes import Mistake, Variant
from grader.courses.checks import Check
from grader.results.verdict import CheckResult, Verdict

NEAR = 3.0
"""Right work should stay below a third of a tolerance, wrong work beyond three times it."""


@dataclass(frozen=True, slots=True)
class Stretched:
    """Name a submission of an audit and how much of a check's tolerance it took: 1 is the limit."""

    subject: str
    stretch: float


@dataclass(frozen=True, slots=True)
class Margin:
    """Hold how near right and wrong work come to the limit of one check's tolerances.

    `right` is the reference or variant that took most of it among those that passed, of which `passed` were measured.
    `wrong` are the known mistakes of the check that it failed by values alone, the nearest first; `otherwise` counts
    those that it failed for something else: a shape, a whole number, what it asserts by itself.
    """

    check: str
    task: str
    right: Stretched | None = None
    passed: int = 0
    wrong: tuple[Stretched, ...] = ()
    otherwise: int = 0

    @property
    def is_measured(self) -> bool:
        """Tell whether anything was compared within a tolerance."""
        return self.right is not None or bool(self.wrong)

    @property
    def near_right(self) -> Stretched | None:
        """Return the right work that takes more than a third of the tolerance, if there is one."""
        return self.right if self.right is not None and self.right.stretch > 1 / NEAR else None

    @property
    def near_wrong(self) -> Stretched | None:
        """Return the nearest mistake if it lies less than three tolerances off."""
        return self.wrong[0] if self.wrong and self.wrong[0].stretch < NEAR else None


def measure_margins(
    outcomes: Mapping[str, Outcome],
    checks: Iterable[Check],
    *,
    mistakes: Iterable[Mistake],
    variants: Iterable[Variant],
) -> dict[str, Margin]:
    """Return the margin of every check, by its name, as far as its right and wrong work were graded."""
    honest = [REFERENCE, *map(named, variants)]
    known = [(one.check, named(one)) for one in mistakes]
    found = {}
    for check in checks:
        right = [*_graded(outcomes, honest, check, Verdict.PASSED)]
        wrong = [*_graded(outcomes, [name for of, name in known if of == check.name], check, Verdict.WRONG)]
        within = [Stretched(name, one.stretch) for name, one in right if one.stretch is not None]
        beyond = [Stretched(name, one.stretch) for name, one in wrong if one.stretch is not None and one.stretch >= 1]
        found[check.name] = Margin(
            check.name,
            check.task,
            right=max(within, key=lambda one: one.stretch, default=None),
            passed=len(within),
            wrong=tuple(sorted(beyond, key=lambda one: one.stretch)),
            otherwise=len(wrong) - len(beyond),
        )
    return found


def _graded(
    outcomes: Mapping[str, Outcome], subjects: Iterable[str], check: Check, verdict: Verdict
) -> Iterator[tuple[str, CheckResult]]:
    """Yield those of some subjects that got a verdict from a check, with its result."""
    for subject in subjects:
        result = outcomes[subject].results.get(check.name) if subject in outcomes else None
        if result is not None and result.verdict is verdict:
            yield subject, result


def advise_on_margins(margins: Iterable[Margin]) -> Iterator[Violation]:
    """Yield advice, which violates nothing, for every check to whose limit right or wrong work comes near."""
    for margin in margins:
        if margin.near_right is not None:
            message = (
                f"`{margin.check}` allows little more than right work needs: the {margin.near_right.subject} takes "
                f"{margin.near_right.stretch:.0%} of its tolerance."
            )
            remedy = "Other machines round otherwise. See what rounds so much before you widen it."
            yield Violation("margin", message, remedy)
        if margin.near_wrong is not None:
            message = (
                f"`{margin.check}` hardly tells the {margin.near_wrong.subject}, which is "
                f"{margin.near_wrong.stretch:.2g} tolerances off."
            )
            yield Violation(
                "margin", message, "Let the check draw what shows this fault more, or sharpen its tolerance."
            )


def margins_in_words(margins: Iterable[Margin]) -> str:
    """Say how near right and wrong work come to the limit over all checks, "" where nothing was measured."""
    measured = [margin for margin in margins if margin.is_measured]
    right = max((one.right.stretch for one in measured if one.right is not None), default=None)
    wrong = min((one.wrong[0].stretch for one in measured if one.wrong), default=None)
    parts = [] if right is None else [f"right work within {right:.2g} of a tolerance"]
    parts += [] if wrong is None else [f"wrong work from {wrong:.2g} on"]
    return ", ".join(parts)
