"""What an ordinary user reaches where root starts the wall, and the command that becomes that user.

`grader.sandbox.outside.walls` shows what is out of reach in folders of its own; `grader.sandbox.outside.bubblewrap`
tries bubblewrap as that user.
"""

import os
import shlex
import stat
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from grader.errors import SandboxError

NOBODY_ID = 65534
"""The number of the user, and of the group, that submissions run as where root grades."""
_STAGE = Path(__file__).with_name("stage.py")


def as_ordinary_user(command: Sequence[str], sources: Mapping[Path, Path]) -> list[str]:
    """Return the command that root runs to execute another one as an ordinary user, who finds folders at `sources`."""
    staged = [str(path) for pair in sources.items() if pair[0] != pair[1] for path in pair]
    return [sys.executable, "-I", str(_STAGE), str(NOBODY_ID), str(NOBODY_ID), *staged, "--", *command]


def may_change_user() -> bool:
    """Tell whether this process can become another user."""
    return sys.platform == "linux" and os.geteuid() == 0


def refuse_other_than_root() -> None:
    """Raise SandboxError where this process can't become another user."""
    if not may_change_user():
        raise SandboxError(
            "The wall `user` runs submissions as another user, and only root on Linux can become one.",
            remedy="Grade as root in a container, or behind `--wall bubblewrap`.",
        )


def owned_by_ordinary_user(scratch: Path) -> Path:
    """Make a folder in root's scratch folder that an ordinary user owns, and nobody else but root may enter."""
    own = scratch / "own"
    scratch.chmod(0o711)
    own.mkdir(mode=0o700)
    os.chown(own, NOBODY_ID, NOBODY_ID)
    return own


def refuse_open(folders: Iterable[Path]) -> None:
    """Raise SandboxError where an ordinary user may enter one of the folders, which hold answers."""
    for folder in folders:
        if folder.is_dir() and is_reachable(folder):
            raise SandboxError(
                f"Behind the wall `user` submissions could read {folder}: every user may enter it.",
                remedy=f"`chmod o-rwx {shlex.quote(str(folder))}` closes it to others.",
            )


def folder_for_all() -> Path:
    """Return the folder for temporary files, another one where root's is closed to an ordinary user."""
    chosen = Path(tempfile.gettempdir())
    is_closed = os.geteuid() == 0 and not is_reachable(chosen)
    return Path("/tmp") if is_closed else chosen  # noqa: S108 - mkdtemp makes a folder of its own there


def sources_for(folders: Iterable[Path], scratch: Path) -> dict[Path, Path]:
    """Return where an ordinary user finds each folder: itself, or for one out of reach a new folder to bind it to."""
    sources = {folder: folder for folder in folders}
    for number, folder in enumerate(sources):
        if not is_reachable(folder):
            sources[folder] = scratch / f"folder{number}"
            sources[folder].mkdir()
    return sources


def reached_by(file: Path, sources: Mapping[Path, Path]) -> str:
    """Return where an ordinary user finds a file: in the largest folder that holds it, together with its libraries."""
    folder = min((folder for folder in sources if file.is_relative_to(folder)), key=lambda folder: len(folder.parts))
    return str(sources[folder] / file.relative_to(folder))


def refuse_closed(files: Iterable[Path], shown: Iterable[Path]) -> None:
    """Raise SandboxError where an ordinary user may not read one of the files, though its folder is shown."""
    tops = {folder.resolve() for folder in shown}
    for file in map(Path.resolve, files):
        way = [file, *file.parents]
        top = next((number for number, path in enumerate(way) if path in tops), None)
        closed = [path for path in way[: None if top is None else top + 1] if not _is_open(path)]
        if closed:
            mode = "o+x" if top is None else "-R o+rX"
            raise SandboxError(
                f"Where root builds the wall, it runs as an ordinary user, who may not read {closed[-1]}.",
                remedy=f"`chmod {mode} {shlex.quote(str(closed[-1]))}` lets others read it.",
            )


def is_reachable(folder: Path) -> bool:
    """Tell whether every user may enter a folder, wherever links to it lead."""
    return all(_is_open(path) for path in (folder.resolve(), *folder.resolve().parents))


def _is_open(path: Path) -> bool:
    wanted = stat.S_IXOTH if path.is_dir() else stat.S_IROTH
    return path.stat().st_mode & wanted == wanted
