"""The files of a bundle, and how they are written: as one zip or as a folder, wholly or not at all.

`grader.commands.bundle` writes them; `grader.bundles.own_wheel` makes one of them.
"""

import contextlib
import io
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from grader.errors import BundleError

Files = Mapping[str, bytes]  # POSIX paths to contents

BUNDLES = "bundles"  # where they go unless another place is named
MOST_BYTES = 100_000_000  # of a bundle: GitHub takes no larger file, and uploads elsewhere become a nuisance
_EXECUTABLE = ("run_autograder", ".sh")
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same files make the same zip


def refuse_existing(out: Path) -> None:
    """Raise BundleError where something lies at `out` that would be lost."""
    if out.is_dir() and not any(out.iterdir()):
        return
    if out.exists() or out.is_symlink():
        raise BundleError(
            f"{out} is there already; nothing was written.", remedy="Remove it, or name another place with `--out`."
        )


def keep_from_git(folder: Path) -> None:
    """Make a folder of which git takes nothing: bundles are made again, and hold hidden checks.

    A `.gitignore` that is there stays as it is. Raises BundleError where the folder can't be written.
    """
    ignoring = folder / ".gitignore"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not ignoring.exists():
            ignoring.write_text("*\n", encoding="utf-8")
    except OSError as err:
        raise _unwritten(folder, err) from err


def zipped(files: Files) -> bytes:
    """Return the files as a zip whose scripts are executable, the same for the same files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, date_time=_LONG_AGO)
            entry.external_attr = (0o100755 if is_script(name) else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()


def is_script(name: str) -> bool:
    """Tell whether a file of a bundle is executed."""
    return name.endswith(_EXECUTABLE)


def write_zip(out: Path, files: Files) -> None:
    """Write a bundle as a zip. Raises BundleError where it exists, is too large or can't be written."""
    refuse_existing(out)
    content = zipped(files)
    _refuse_large(len(content), files)
    draft = out.with_name(f".draft-{out.name}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(content)
        draft.replace(out)
    except OSError as err:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise _unwritten(out, err) from err


def write_folder(out: Path, files: Files) -> None:
    """Write a bundle as a folder. Raises BundleError where it exists, is too large or can't be written."""
    refuse_existing(out)
    _refuse_large(sum(map(len, files.values())), files)
    draft: Path | None = None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=out.parent))
        draft.chmod(0o755)
        for name, content in files.items():
            path = draft / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            if is_script(name):
                path.chmod(0o755)
        draft.replace(out)
    except OSError as err:
        if draft is not None:
            shutil.rmtree(draft, ignore_errors=True)
        raise _unwritten(out, err) from err


def _refuse_large(size: int, files: Files) -> None:
    if size <= MOST_BYTES:
        return
    largest = sorted(files, key=lambda name: -len(files[name]))[:3]
    named = ", ".join(f"{name} ({len(files[name]) / 1e6:.0f} MB)" for name in largest)
    raise BundleError(
        f"The bundle would have {size / 1e6:.0f} MB; at most {MOST_BYTES / 1e6:.0f} MB are taken. Largest: {named}.",
        remedy="Take what grading doesn't need out of the course; `--data NAME` fetches data sets where they are used.",
    )


def _unwritten(out: Path, err: OSError) -> BundleError:
    return BundleError(
        f"{out} can't be written: {err.strerror or err}.",
        remedy="Free space or fix the permissions, or name another place with `--out`.",
    )
