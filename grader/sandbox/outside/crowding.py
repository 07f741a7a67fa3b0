"""Whether the machine was so crowded that a probe may have run out of time for others' sake.

`grader.sandbox.outside.exchange` asks when a probe has timed out. In a batch such a probe is asked again, alone.

Why: docs/decisions.md#time-outs-on-a-crowded-machine
"""

import os
import re
import time
from pathlib import Path

from grader.sandbox.outside.control_groups import throttled_s

_PRESSURE = Path("/proc/pressure/cpu")
_SOME = re.compile(r"some .*total=(\d+)")
_MOST_WAITING = 0.2  # of the time


class Crowding:
    """Watch the machine from now on."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._waited = _waited_s()
        self._throttled = throttled_s()

    def is_found(self) -> bool:
        """Tell whether some process had to wait for a processor in more than a fifth of the time since the beginning.

        So does one in a container that has only a part of a processor. Where the kernel doesn't say, more processes
        than processors are a crowd.
        """
        most = _MOST_WAITING * (time.monotonic() - self._began)
        if throttled_s() - self._throttled > most:
            return True
        now = _waited_s()
        if now is None or self._waited is None:
            return os.getloadavg()[0] > len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else False
        return now - self._waited > most


def _waited_s() -> float | None:
    """Return how long some process has waited for a processor since the machine started, None where nothing tells."""
    try:
        found = _SOME.search(_PRESSURE.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return int(found[1]) / 1e6 if found is not None else None
