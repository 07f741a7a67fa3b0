"""`grader audit --rates`: how often checks fail right work.

`grader.authoring.rates` measures it.
"""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from grader.commands.audit_bar import audit_progress
from grader.commands.telling import tell

if TYPE_CHECKING:
    from rich.console import Console

    from grader.authoring.rates import RateAudit, RateRequest


def run_rates(console: "Console", course: Path, slugs: Iterable[str], request: "RateRequest") -> int:
    """Measure and print how often the checks of assignments fail their references; return 1 if one does too often."""
    from grader.authoring.rates import measure_rates
    from grader.report.terminal import progress_console

    faults = 0
    for slug in slugs:
        tell(f"running the checks of {slug} with {request.seeds} seeds; what is known is kept if you stop this")
        progress = partial(audit_progress, progress_console())
        found = measure_rates(course, slug, request=request, progress=progress)
        print_rates(console, found)
        faults += len(found.violations)
    return 1 if faults else 0


def print_rates(console: "Console", found: "RateAudit") -> None:
    """Print the rate of each check in which something is drawn, violations, and the sum in words."""
    from rich.text import Text

    for rate in found.rates:
        lower, upper = rate.bounds
        words = f"{len(rate.failed)} of {rate.tried} failed, so {lower:.2%} to {upper:.2%}"
        more = f"; {rate.uncounted} gave no answer" if rate.uncounted else ""
        which = f": {', '.join(rate.failed[:3])}" if rate.failed else ""
        console.print(Text(f"{rate.check.task} {rate.check.name}: {words}{more}{which}"), soft_wrap=True)
    for violation in found.violations:
        console.print(Text("✗ ", style="red").append(str(violation), style="default"), soft_wrap=True)
    console.print(Text(rates_in_words(found), style="bold"), soft_wrap=True)


def rates_in_words(found: "RateAudit") -> str:
    """Say an audit's figures: checks that draw something, runs, false fails with their bounds, violations, seconds."""
    from grader.authoring.rates import binomial_bounds

    tried, failed = sum(rate.tried for rate in found.rates), sum(len(rate.failed) for rate in found.rates)
    lower, upper = binomial_bounds(failed, tried)
    words = f"{found.slug}: {len(found.rates)} checks draw something, {found.steady} do not; {failed} of {tried} runs "
    words += f"failed the reference ({lower:.3%} to {upper:.3%} of them with 95 % confidence), "
    count = len(found.violations)
    return f"{words}{count or 'no'} violation{'' if count == 1 else 's'}, {found.seconds:.0f} s."
