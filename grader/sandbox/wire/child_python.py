"""Start a Python that imports what this one does: the command for it, and what the new process executes first.

`grader.sandbox.outside.walls`, `grader.runs.grading_process` and `grader.submissions.notebook_intake` ask for the
command. The file itself is executed before there is a package to import from, also behind a wall, so it needs only
Python's own library.
"""

import ctypes
import importlib
import importlib.util
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def python_command(module: str, *arguments: str, isolated: bool = True, own_environment: bool = False) -> list[str]:
    """Return the command that calls `main` of this package's module in a new process.

    Wherever this process has it from, the new one has the very same package, and the same installed packages. Unless
    it is `isolated` from variables like PYTHONPATH and from the folder it starts in, the rest of the path, too. With
    `own_environment` the caller gives it one in which there is nothing of the user's: it is isolated as well, and
    variables such as PYTHONHASHSEED hold, which Python's own isolation would ignore.
    """
    import grader

    path = package_folders() if isolated else _path()
    settings = json.dumps({"package": str(Path(grader.__file__).parent), "path": [*map(str, path)], "module": module})
    flags = ["-s", "-P"] if own_environment else ["-I" if isolated else "-P"]
    return [sys.executable, *flags, __file__, settings, *arguments]


def package_folders() -> list[Path]:
    """Return the folders that this process imports installed packages from, in their order; none holds a course."""
    return [folder for folder in _path() if _is_installed_in(folder) and not (folder / "tests/assignments").exists()]


def _path() -> list[Path]:
    return [Path(entry).absolute() for entry in sys.path]


def _is_installed_in(folder: Path) -> bool:
    return folder.name in ("site-packages", "dist-packages") or any(folder.glob("*.dist-info"))


def main() -> None:
    """Import what the process that has started this one imports, and call the module's `main`."""
    _file, settings, *arguments = sys.argv
    wanted = json.loads(settings)
    sys.argv = [wanted["module"], *arguments]
    _follow(wanted["path"])
    _import_package(Path(wanted["package"]))
    _end_with_parent()
    importlib.import_module(wanted["module"]).main()


def _follow(path: Sequence[str]) -> None:
    """Put a path where the first of its folders is in ours, behind Python's own library as a rule."""
    first = next((place for place, entry in enumerate(sys.path) if entry in path), len(sys.path))
    sys.path[first:] = [*path, *(entry for entry in sys.path[first:] if entry not in path)]


def _import_package(folder: Path) -> None:
    """Import a package from its folder, whatever else of its name there is on the path."""
    spec = importlib.util.spec_from_file_location(
        folder.name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    package = sys.modules[folder.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)


def _end_with_parent() -> None:
    """Have this process killed when the thread ends that has started it, also in the middle of an import."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL))


if __name__ == "__main__":
    main()
