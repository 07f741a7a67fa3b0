"""Control groups around fork servers, where this process may make them: the kernel itself bounds what is inside.

`grader.sandbox.outside.walls` starts a fork server in one. Whoever opens submissions there bounds it for those that are
open, and asks whether the kernel had to end one of them.

Why: docs/decisions.md#control-groups-where-there-are-any
"""

import contextlib
import functools
import itertools
import os
import time
from dataclasses import dataclass
from pathlib import Path

_MOUNTED = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")
_NAME = "grader-"
_MOST_PROCESSES = 4096
_GONE_S = 1.0
_MIB = 1 << 20
_ENTER = 'n=$1; shift; while [ "$n" -gt 0 ]; do echo $$ > "$1"; shift; n=$((n-1)); done; exec "$@"'
_NUMBERS = itertools.count(1)
_HELD_BACK = {"throttled_usec": 1e-6, "throttled_time": 1e-9}  # of version 2 and 1, in seconds


@dataclass(frozen=True, slots=True)
class ControlGroup:
    """Hold the folders of one group by controller; version 2 has one folder for all of them."""

    version: int
    folders: dict[str, Path]

    def entered_by(self, command: list[str]) -> list[str]:
        """Return a command that enters the group and then becomes this one."""
        files = [str(folder / "cgroup.procs") for folder in dict.fromkeys(self.folders.values())]
        return ["/bin/sh", "-c", _ENTER, "sh", str(len(files)), *files, *command]

    def held_mib(self) -> float:
        """Return the memory that the group holds now, kernel buffers and file systems in memory among it."""
        name = "memory.usage_in_bytes" if self.version == 1 else "memory.current"
        with contextlib.suppress(OSError, ValueError):
            return int((self.folders["memory"] / name).read_text()) / _MIB
        return 0.0

    def bound(self, memory_mib: float) -> None:
        """Let the group hold so much memory at most; beyond it the kernel ends the largest process in it."""
        number, memory = str(int(memory_mib * _MIB)), self.folders["memory"]
        if self.version == 1:
            _try_to_write(memory / "memory.limit_in_bytes", number)
        else:
            _try_to_write(memory / "memory.max", number)
            _try_to_write(memory / "memory.swap.max", "0")

    def ended(self) -> int:
        """Return how many processes the kernel has ended since the group held more than it may."""
        name = "memory.oom_control" if self.version == 1 else "memory.events"
        with contextlib.suppress(OSError, ValueError):
            lines = (self.folders["memory"] / name).read_text().splitlines()
            return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)
        return 0

    def remove(self) -> None:
        """Remove the group once its processes are gone; gives up after a second."""
        deadline = time.monotonic() + _GONE_S
        for folder in dict.fromkeys(self.folders.values()):
            while not _is_removed(folder) and time.monotonic() < deadline:
                time.sleep(0.01)


def make_group() -> ControlGroup | None:
    """Make a group below or beside this process' own, None where that is not allowed or memory can't be bounded."""
    name = f"{_NAME}{os.getpid()}-{next(_NUMBERS)}"
    for version, folders in _candidates(_own_folders()):
        made: dict[str, Path] = {}
        for controller, folder in folders.items():
            with contextlib.suppress(OSError):
                _remove_stale(folder)
                (folder / name).mkdir(exist_ok=True)
                made[controller] = folder / name
        group = ControlGroup(version, made)
        if "memory" in made and _can_enter(group):
            _try_to_write(made.get("pids", made["memory"]) / "pids.max", str(_MOST_PROCESSES))
            return group
        group.remove()
    return None


def throttled_s() -> float:
    """Return how long groups of this process have held it back since they were made, as they are given a quota.

    A container may have half a processor: what runs in it then stands still for half of the time.
    """
    return max((_held_back_s(file) or 0.0 for file in _files_of_time()), default=0.0)


@functools.cache
def _files_of_time() -> tuple[Path, ...]:
    """Return the files that tell how long this process' groups held it back: of its own ones and all around them.

    In a container its own ones are seen where groups are mounted, whatever they are called outside.
    """
    folders = {_MOUNTED, _unified(), _MOUNTED / "cpu"}
    for own in _own_folders().values():
        folders |= {place for place in (own, *own.parents) if place.is_relative_to(_MOUNTED)}
    files = (folder / "cpu.stat" for folder in folders)
    return tuple(file for file in files if _held_back_s(file) is not None)


def _held_back_s(file: Path) -> float | None:
    """Return the seconds in such a file, None where it tells of none."""
    with contextlib.suppress(OSError, ValueError):
        for line in file.read_text(encoding="ascii").splitlines():
            name, _, number = line.partition(" ")
            if name in _HELD_BACK:
                return int(number) * _HELD_BACK[name]
    return None


def _candidates(own: dict[str, Path]) -> list[tuple[int, dict[str, Path]]]:
    """Return where groups may be made: version 1 below the own ones, version 2 below or beside the own one."""
    first = {name: folder for name, folder in own.items() if name in ("memory", "pids", "cpu")}
    found = [(1, first)] if "memory" in first else []
    unified = own.get("")
    for folder in (unified, unified.parent) if unified is not None else ():
        with contextlib.suppress(OSError):
            if "memory" in (folder / "cgroup.subtree_control").read_text().split():
                found.append((2, {"memory": folder}))
    return found


def _own_folders() -> dict[str, Path]:
    """Return the folders of this process' own groups by controller, that of version 2 under ""."""
    folders: dict[str, Path] = {}
    with contextlib.suppress(OSError, ValueError):
        for line in _OWN.read_text().splitlines():
            _number, controllers, path = line.split(":", 2)
            for controller in controllers.split(","):
                mount = _MOUNTED / controller if controller else _unified()
                folder = mount / path.lstrip("/")
                if not controller.startswith("name=") and folder.is_dir():
                    folders[controller] = folder
    return folders


def _unified() -> Path:
    """Return where version 2 is mounted: beside version 1 it has a folder of its own."""
    return _MOUNTED / "unified" if (_MOUNTED / "unified").is_dir() else _MOUNTED


def _can_enter(group: ControlGroup) -> bool:
    """Tell whether processes may be moved into a group: its files are writable, and those of where we come from."""
    return all(os.access(folder / "cgroup.procs", os.W_OK) for folder in group.folders.values()) and (
        group.version == 1 or os.access(group.folders["memory"].parent / "cgroup.procs", os.W_OK)
    )


def _remove_stale(folder: Path) -> None:
    """Remove the empty groups of graders that were killed."""
    for entry in folder.glob(f"{_NAME}*"):
        pid = entry.name.removeprefix(_NAME).partition("-")[0]
        if pid.isdecimal() and not Path("/proc", pid).exists():
            _is_removed(entry)


def _is_removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _try_to_write(file: Path, text: str) -> None:
    with contextlib.suppress(OSError):
        file.write_text(text)
