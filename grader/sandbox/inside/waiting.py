"""How long code slept or waited, apart from the time in which it computed or stood in line for a processor.

`grader.sandbox.inside.serving` measures each probe with it, and tells the grader.
"""

import time
from pathlib import Path


def queued_s(process: str | int = "self") -> float | None:
    """Return how long the main thread of a process has stood in line for a processor, None where nothing tells."""
    try:
        return int(Path(f"/proc/{process}/schedstat").read_text(encoding="ascii").split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return None


class Wait:
    """Begin to watch the time; `process` had stood in line for so long by then."""

    def __init__(self, queued: float | None) -> None:
        self._began = time.monotonic()
        self._queued = queued

    def waited_s(self, *, cpu_s: float, queued: float | None) -> float:
        """Return how much of the time since then went by otherwise than computing and in line, 0 if nobody knows."""
        if queued is None or self._queued is None:
            return 0.0
        return max(0.0, time.monotonic() - self._began - cpu_s - (queued - self._queued))
