"""The bar that shows how far an audit has got.

`grader.commands.audit` and `grader.commands.mutants` show it.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_TELL_EVERY_S = 10.0


@contextmanager
def audit_progress(console: "Console", *, total: int) -> Iterator[Callable[[str], None]]:
    """Show count and remaining time of an audit on a terminal, a line every ten seconds elsewhere."""
    from grader.results.plain_text import visible_line

    if not console.is_terminal:
        done, told = 0, time.monotonic()

        def tell(subject: str) -> None:
            nonlocal done, told
            done += 1
            if done == total or time.monotonic() - told >= _TELL_EVERY_S:
                told = time.monotonic()
                console.print(f"[{done}/{total}] {visible_line(subject)}", markup=False)

        yield tell
        return
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("auditing"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("", total=total)
        yield lambda subject: progress.update(bar, advance=1, description=escape(visible_line(subject)))
