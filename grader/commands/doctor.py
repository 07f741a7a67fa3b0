"""`grader doctor`: what works on this machine.

`grader.doctor` looks.
"""

import typer


def doctor() -> None:
    """Try which walls and devices work on this machine, and say what to do about those that don't."""
    from grader.doctor import examine
    from grader.report.terminal import results_console

    console = results_console()
    bad = 0
    for finding in examine():
        bad += not finding.is_good
        console.print(
            f"{'✓' if finding.is_good else '✗'} {finding.subject}: {finding.message}", markup=False, soft_wrap=True
        )
        if not finding.is_good and finding.remedy:
            console.print(f"    → {finding.remedy}", markup=False, soft_wrap=True)
    raise typer.Exit(3 if bad else 0)
