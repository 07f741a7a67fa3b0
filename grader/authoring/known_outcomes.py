"""Remember which checks failed on a trial, in a file to which a line is added as soon as something is known.

`grader.authoring.mutant_bench` asks it before it grades, and `grader.authoring.rates`, which keeps verdicts. A line
that was cut off when a run was stopped is passed over.
"""

import contextlib
import json
from collections.abc import Collection
from pathlib import Path


class KnownOutcomes:
    """Hold the failed checks of trials by key; `used` counts what was recalled."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known = _read(file)
        self.used = 0

    def recall(self, key: str) -> tuple[str, ...] | None:
        """Return the checks that failed, None where it is not known."""
        found = self._known.get(key)
        self.used += found is not None
        return found

    def remember(self, key: str, failed: Collection[str]) -> None:
        """Keep the checks that failed; where the file can't be written, only for this run."""
        self._known[key] = tuple(failed)
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            (self._file.parent / ".gitignore").write_text("*\n", encoding="utf-8")
            with self._file.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps({"key": key, "failed": sorted(failed)}) + "\n")


def _read(file: Path) -> dict[str, tuple[str, ...]]:
    known: dict[str, tuple[str, ...]] = {}
    with contextlib.suppress(OSError, UnicodeDecodeError):
        for line in file.read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(ValueError):
                match json.loads(line):
                    case {"key": str(key), "failed": [*failed]} if all(isinstance(name, str) for name in failed):
                        known[key] = tuple(failed)
    return known
