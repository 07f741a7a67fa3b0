"""The walls: how the fork server is started, inside bubblewrap or as a plain process.

`grader.sandbox.outside.forkserver_client` asks for one by name and talks to the fork server behind it.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Protocol

import grader
from grader.datasets.places import data_folders
from grader.errors import SandboxError, UsageError
from grader.sandbox.outside.bubblewrap import find_bubblewrap, remedy_for_wall
from grader.sandbox.outside.control_groups import ControlGroup, make_group
from grader.sandbox.outside.ordinary_user import (
    NOBODY_ID,
    as_ordinary_user,
    folder_for_all,
    owned_by_ordinary_user,
    reached_by,
    refuse_closed,
    refuse_other_than_root,
    sources_for,
)
from grader.sandbox.outside.scratch import make_scratch
from grader.sandbox.wire.child_python import package_folders, python_command
from grader.sandbox.wire.protocol import PRELOAD_BYTES, PRELOAD_FOLDER

# What numerical libraries read once, while they are imported.
OF_LIBRARIES = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "KMP_INIT_AT_FORK": "FALSE",
    "TORCH_COMPILE_DISABLE": "1",
}
_DEVICES = Path("/dev")
_SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin", "/etc/alternatives")


class Wall(StrEnum):
    """Name a wall, strongest first."""

    BUBBLEWRAP = "bubblewrap"
    USER = "user"
    PROCESS = "process"
    INLINE = "inline"


def wall_named(name: str) -> Wall:
    """Return the wall of this name. Raises UsageError that lists them."""
    try:
        return Wall(name)
    except ValueError as err:
        raise UsageError(f"There is no wall {name!r}.", remedy=f"Choose one of {', '.join(Wall)}.") from err


class ServerProcess(Protocol):
    """Hold the process of a fork server: what of `subprocess.Popen` is asked of it."""

    @property
    def pid(self) -> int:
        """Return its number."""

    @property
    def stderr(self) -> IO[bytes] | None:
        """Return what it complains to."""

    def poll(self) -> int | None:
        """Return the exit code, None as long as it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code once it has ended."""

    def kill(self) -> None:
        """Kill it, if it still runs."""


@dataclass(frozen=True, slots=True)
class Launched:
    """Hold a started fork server: its process, the scratch folder to remove in the end, its wall, its control group."""

    process: ServerProcess
    scratch: Path
    wall: Wall
    group: ControlGroup | None = None

    @property
    def walled(self) -> bool:
        """Tell whether submissions get namespaces of their own."""
        return self.wall is Wall.BUBBLEWRAP

    @property
    def filtered(self) -> bool:
        """Tell whether submissions are denied system calls."""
        return self.wall in (Wall.BUBBLEWRAP, Wall.USER)

    def remove(self) -> None:
        """End the process if it still runs, and remove the scratch folder."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        shutil.rmtree(self.scratch, ignore_errors=True)
        if self.group is not None:
            self.group.remove()


def launch(wall: Wall, control: int, *, device: str = "cpu") -> Launched:
    """Start a fork server behind a wall; it inherits only the control descriptor. Raises SandboxError.

    For the device `cuda` it sees the graphics cards that this process may use, else none.
    """
    scratch = make_scratch(temporary_folder(wall))
    server = python_command("grader.sandbox.inside.forkserver", str(control), own_environment=True)
    group = None
    try:
        home = folder_of_submissions(wall, scratch)
        command = _command(wall, server, scratch, device=device)
        group = make_group() if wall is Wall.BUBBLEWRAP else None
        command = command if group is None else group.entered_by(command)
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(control,),
            env=environment_of_submissions(home=str(home), device=device),
            cwd=home,
        )
    except SandboxError:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    except OSError as err:
        shutil.rmtree(scratch, ignore_errors=True)
        if group is not None:
            group.remove()
        raise SandboxError(
            f"The fork server could not be started: {err}.", remedy=f"Is {command[0]} there, and may you execute it?"
        ) from err
    return Launched(process, scratch, wall, group)


def _command(wall: Wall, server: list[str], scratch: Path, *, device: str) -> list[str]:
    """Return the command that starts the fork server behind a wall. Raises SandboxError where it can't be built."""
    if wall is Wall.BUBBLEWRAP:
        return _bubblewrap(server, scratch, device=device)
    if wall is not Wall.USER:
        return server
    refuse_other_than_root()
    refuse_closed(_files_of_python(), ())
    return as_ordinary_user(server, {})


def folder_of_submissions(wall: Wall, scratch: Path) -> Path:
    """Return the folder of a scratch folder that the user of this wall may write to: for another user one of its own.

    Raises SandboxError where there is no such user here.
    """
    if wall is not Wall.USER:
        return scratch
    refuse_other_than_root()
    return owned_by_ordinary_user(scratch)


def remedy_for(wall: Wall) -> str:
    """Return what to do where a wall can't be built: for bubblewrap what the system asks for."""
    if wall is Wall.BUBBLEWRAP:
        return remedy_for_wall()
    if wall is Wall.USER:
        return "It needs root in a container, and a Python, with packages, that every user may read."
    return "`python -c 'import torch'` has to work here, and the system to have memory and processes left."


def temporary_folder(wall: Wall) -> Path:
    """Return the folder for temporary files, another one where root's is closed to the user that the wall runs as."""
    return Path(tempfile.gettempdir()) if wall in (Wall.PROCESS, Wall.INLINE) else folder_for_all()


def environment_of_submissions(*, home: str, device: str) -> dict[str, str]:
    """Return the whole environment of student code: of the caller's, only where the system's tools are."""
    plain = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": home,
        "TMPDIR": home,
        "USER": "student",
        "LOGNAME": "student",
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": home,
    }
    return plain | OF_LIBRARIES | (_of_cards() if device == "cuda" else {"CUDA_VISIBLE_DEVICES": ""})


def _of_cards() -> dict[str, str]:
    """Return the environment that CUDA needs: which cards there are, where its libraries are, reproducible sums.

    With NVML torch can say whether there is a card without starting CUDA, after which no fork could use it any more.
    """
    handed_on = {name: os.environ[name] for name in ("CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH") if name in os.environ}
    return handed_on | {
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "CUDA_MODULE_LOADING": "LAZY",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
    }


def _bubblewrap(server: list[str], scratch: Path, *, device: str) -> list[str]:
    """Return the command that runs the fork server with no network and nothing of the host but Python, read-only."""
    bubblewrap, folders = find_bubblewrap().path, _python_folders()
    sources = {folder: folder for folder in folders}
    if os.geteuid() == 0:
        sources = sources_for([*folders, bubblewrap.parent], scratch)
    arguments = [
        "--unshare-all", "--die-with-parent", "--new-session", "--hostname", "sandbox",
        "--proc", "/proc", "--dev", "/dev", "--dir", "/tmp",  # noqa: S108
    ]  # fmt: skip
    for name in _SYSTEM:
        arguments += _show(Path(name))
    for name in ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "fonts"):
        if Path("/etc", name).exists():
            arguments += ["--ro-bind", f"/etc/{name}", f"/etc/{name}"]
    arguments += _account(scratch)
    for folder in folders:
        arguments += ["--ro-bind", str(sources[folder]), str(folder)]
    arguments += _links_to_python(folders)
    for hidden in _answers_in([Path("/usr"), *folders]):
        arguments += ["--tmpfs", str(hidden), "--remount-ro", str(hidden)]
    if device == "cuda":
        arguments += _show_cards()
    arguments += ["--size", str(PRELOAD_BYTES), "--tmpfs", PRELOAD_FOLDER]
    arguments += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/"]
    for name, value in environment_of_submissions(home="/tmp", device=device).items():  # noqa: S108
        arguments += ["--setenv", name, value]
    if os.geteuid() != 0:
        return [str(bubblewrap), *arguments, "--", *server]
    refuse_closed(_files_of_python(), folders)
    scratch.chmod(0o755)
    return as_ordinary_user([reached_by(bubblewrap, sources), *arguments, "--", *server], sources)


def _account(scratch: Path) -> list[str]:
    """Return the arguments that give the user of the sandbox a name and a home, and tell nobody of the host's users."""
    user, group = (NOBODY_ID, NOBODY_ID) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    lines = {"passwd": f"student:x:{user}:{group}:student:/tmp:/bin/sh\n", "group": f"student:x:{group}:\n"}
    for name, line in lines.items():
        (scratch / name).write_text(line, encoding="ascii")
    return [word for name in lines for word in ("--ro-bind", str(scratch / name), f"/etc/{name}")]


def _show(folder: Path) -> list[str]:
    """Return the arguments that make a system folder visible as it is: a link as a link, a folder read-only."""
    if folder.is_symlink():
        return ["--symlink", str(folder.readlink()), str(folder)]
    return ["--ro-bind", str(folder), str(folder)] if folder.is_dir() else []


def _show_cards() -> list[str]:
    """Return the arguments that make graphics cards usable: their device files, and what the system tells of them."""
    arguments = ["--ro-bind", "/sys", "/sys"]
    for node in sorted(_DEVICES.glob("nvidia*")):
        arguments += ["--dev-bind", str(node), str(node)]
    return arguments


def _python_folders() -> list[Path]:
    """Return the folders that this Python needs: installation, environment, packages, and this package itself."""
    package = Path(grader.__file__).parent
    wanted = [Path(sys.base_prefix), Path(sys.base_prefix).resolve(), Path(sys.prefix)]
    wanted += [Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    wanted += package_folders()
    folders: list[Path] = []
    for folder in [*sorted(dict.fromkeys(wanted), key=lambda path: len(path.parts)), package]:
        seen = folder.is_relative_to("/usr") or any(folder.is_relative_to(other) for other in folders)
        if not seen and folder.is_dir() and folder != Path("/"):
            folders.append(folder)
    return folders


def is_in_view(folder: Path) -> bool:
    """Tell whether everything in a folder can be read behind the bubblewrap wall, which shows Python and the system."""
    place = folder.resolve()
    return any(place.is_relative_to(shown.resolve()) for shown in (Path("/usr"), *_python_folders()))


def _answers_in(shown: Iterable[Path]) -> list[Path]:
    """Return the folders to hide: below those that are shown, they hold labels of data sets that are graded on."""
    inside = (Path(sysconfig.get_path("purelib"), "sklearn", "datasets", "data"), Path("/usr/share/datasets"))
    known = [*inside, *map(Path.absolute, data_folders(None))]
    return [data for data in known if _is_seen(data) and any(data.is_relative_to(folder) for folder in shown)]


def _is_seen(folder: Path) -> bool:
    """Tell whether a folder is there; one that is closed to this user is closed to submissions as well."""
    try:
        return folder.is_dir()
    except OSError:
        return False


def _links_to_python(shown: Sequence[Path]) -> list[str]:
    """Return the arguments that show the links by which this Python is started, where they lie in no shown folder."""
    arguments: list[str] = []
    path = Path(sys.executable)
    while path.is_symlink():
        if not any(path.is_relative_to(folder) for folder in (*shown, *map(Path, _SYSTEM))):
            arguments += ["--symlink", str(path.readlink()), str(path)]
        path = path.parent / path.readlink()
    return arguments


def _files_of_python() -> list[Path]:
    """Return a file of everything that the fork server can't do without: interpreter, library, this package, torch."""
    torch = importlib.util.find_spec("torch")
    files = [sys.executable, os.__file__, grader.__file__, torch.origin if torch is not None else None]
    return [Path(file) for file in files if file is not None]
