"""Keep a process' memory in huge pages, so that forking it and ending the fork cost half as much.

`grader.sandbox.inside.forkserver` does it once many forks are to be expected: the image of torch is some 45,000 small
pages.

Why: docs/decisions.md#huge-pages
"""

import ctypes
import re
from collections.abc import Iterator
from pathlib import Path

_SIZE = 2 << 20  # a huge page of x86_64, and of aarch64 with small pages of 4 KiB
_MADV_COLLAPSE = 25  # since Linux 6.1
_PRIVATE_MEMORY = re.compile(r"([0-9a-f]+)-([0-9a-f]+) rw-p [0-9a-f]+ \S+ 0 *(\[heap\])?$")


def collapse_memory() -> int:
    """Gather this process' own memory in huge pages; return how many, which is 0 if the system can't or won't."""
    try:
        regions = Path("/proc/self/maps").read_text(encoding="ascii", errors="replace").splitlines()
        madvise = ctypes.CDLL(None, use_errno=True).madvise
    except (OSError, AttributeError):
        return 0
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    return sum(madvise(address, _SIZE, _MADV_COLLAPSE) == 0 for address in _huge_places(regions))


def _huge_places(regions: list[str]) -> Iterator[int]:
    """Yield the addresses of what could be huge pages, whole ones only."""
    for region in regions:
        found = _PRIVATE_MEMORY.match(region)
        if found:
            start, end = int(found[1], 16), int(found[2], 16)
            yield from range(-(-start // _SIZE) * _SIZE, end // _SIZE * _SIZE, _SIZE)
