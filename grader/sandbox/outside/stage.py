"""Start the wall as an ordinary user when the grader runs as root: a launcher that is executed, never imported.

Run by `grader.sandbox.outside.walls` as `python -I stage.py USER GROUP [SOURCE TARGET]... -- COMMAND...`. The wall
can't mount a fresh /proc when root starts it, and limits on processes don't bind root; but a Python installation below
root's home is out of an ordinary user's reach, so such folders are first made visible at TARGET, in a mount namespace
of our own.

Why: docs/decisions.md#root-becomes-another-user
"""

import ctypes
import os
import sys
from collections.abc import Sequence

CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE = 0x20000, 4096, 16384, 1 << 18


def main() -> None:
    """Bind the folders, become the user, execute the command; end with the reason where that fails."""
    split = sys.argv.index("--")
    user, group = int(sys.argv[1]), int(sys.argv[2])
    folders, command = sys.argv[3:split], sys.argv[split + 1 :]
    try:
        if folders:
            _bind(folders)
        os.setgroups([])
        os.setresgid(group, group, group)
        os.setresuid(user, user, user)
        os.execv(command[0], command)  # noqa: S606 - the grader's own command
    except OSError as err:
        sys.exit(f"the grader could not prepare the wall as root: {err}")


def _bind(folders: Sequence[str]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    _check(libc.unshare(CLONE_NEWNS))
    _check(libc.mount(b"none", b"/", None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None))
    for source, target in zip(folders[::2], folders[1::2], strict=True):
        _check(libc.mount(os.fsencode(source), os.fsencode(target), None, ctypes.c_ulong(MS_BIND | MS_REC), None))


def _check(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    main()
