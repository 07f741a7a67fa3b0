"""`grader doctor`: what works on this machine.

`grader.doctor` looks.
"""

import json
from typing import Annotated

import typer

_STATES = {"✓": "works", "–": "absent", "✗": "fails"}


def doctor(*, as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False) -> None:
    """Try what works on this machine, and say what to do about what doesn't.

    ✓ works, – is not here and need not be, ✗ fails. Exit code 3: something fails.
    """
    from grader.doctor import examine
    from grader.report.terminal import results_console

    findings = examine()
    is_sound = all(finding.is_good for finding in findings)
    if as_json:
        rows = [
            {"subject": one.subject, "state": _STATES[one.mark], "message": one.message, "remedy": one.remedy}
            for one in findings
        ]
        typer.echo(json.dumps({"schema_version": 1, "is_sound": is_sound, "findings": rows}, ensure_ascii=False))
        raise typer.Exit(0 if is_sound else 3)
    console = results_console()
    for finding in findings:
        console.print(f"{finding.mark} {finding.subject}: {finding.message}", markup=False, soft_wrap=True)
        if finding.mark != "✓" and finding.remedy:
            console.print(f"    → {finding.remedy}", markup=False, soft_wrap=True)
    raise typer.Exit(0 if is_sound else 3)
