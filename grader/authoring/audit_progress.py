"""How audits tell how far they have got.

`grader.authoring.audit` and `grader.authoring.mutant_bench` use it; the command hands it in.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol


class AuditProgress(Protocol):
    """Show how far an audit has got: a context manager whose function is told of each subject that is done."""

    def __call__(self, *, total: int) -> AbstractContextManager[Callable[[str], None]]:
        """Begin to show it."""
