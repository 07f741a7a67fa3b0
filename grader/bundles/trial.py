"""Grade the reference as it will be graded elsewhere, and measure what that takes.

`grader.bundles.making` refuses what can't work there, and says what doesn't fit.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.courses.assignment import Assignment
from grader.datasets.places import FILE_DATASETS, find_files
from grader.errors import BundleError, StoreError
from grader.results.store import read_store
from grader.results.verdict import SubmissionResult
from grader.sandbox.wire.child_python import python_command

_LOOK_S = 0.2


@dataclass(frozen=True, slots=True)
class ReferenceTrial:
    """Hold what grading the reference gave, how long it took, its seconds of processor time and the most memory."""

    result: SubmissionResult
    seconds: float
    cpu_s: float
    memory_mib: float


def measure_reference(assignment: Assignment, *, tasks: Sequence[str], data: Sequence[str]) -> ReferenceTrial:
    """Grade the reference with the named data sets and none that only this machine has.

    Raises BundleError where it can't be graded, for a data set that is not here, and on other systems than Linux.
    """
    assert assignment.reference is not None
    if sys.platform != "linux":
        raise BundleError(
            "To try a bundle the reference is graded as strangers' code is, which needs Linux.",
            remedy="`--no-try` packs it untried.",
        )
    with tempfile.TemporaryDirectory(prefix="grader-trial-") as name:
        folder = Path(name)
        words = ["grade", assignment.slug, str(assignment.reference), "--out", str(folder / "out"), "--wall", "process"]
        words += ["--jobs", "1", "--course", str(assignment.folder.parents[2])]
        words += [word for task in tasks for word in ("--task", task)]
        kept = os.environ | {"GRADER_DATA": str(_only(data, folder / "data")), "GRADER_DATA_ONLY": "1"}
        before, started = _cpu_s(), time.monotonic()
        with (folder / "said").open("w+", encoding="utf-8", errors="replace") as said:
            command = python_command("grader.cli", *words, isolated=False)
            with subprocess.Popen(command, env=kept, stdout=said, stderr=said) as running, _watched(running) as most:
                running.wait()
            seconds, cpu_s = time.monotonic() - started, _cpu_s() - before
            said.seek(0)
            result = _result_in(folder / "out", words=said.read(), code=running.returncode, slug=assignment.slug)
    return ReferenceTrial(result, seconds, cpu_s, most[0])


def _only(data: Sequence[str], folder: Path) -> Path:
    """Make a folder with links to the data sets that a bundle brings along. Raises BundleError for one not here."""
    folder.mkdir()
    for name in data:
        files = find_files(name, None) if name in FILE_DATASETS else None
        if files is None:
            raise BundleError(
                f"{name} is not on this machine, so grading with it can't be tried.",
                remedy=f"`grader data {name} --download` fetches it; or leave out `--data {name}`."
                if name in FILE_DATASETS
                else f"Leave out `--data {name}`: only {' and '.join(FILE_DATASETS)} are fetched.",
            )
        (folder / name).symlink_to(files[0].parent)
    return folder


def _result_in(out: Path, *, words: str, code: int, slug: str) -> SubmissionResult:
    with contextlib.suppress(StoreError), read_store(out) as store:
        for result in store.results():
            if code != 2:
                return result
    said = " ".join(words.split())[-400:]
    raise BundleError(
        f"The reference could not be graded (exit code {code}): {said}", remedy=f"`grader audit {slug}` says more."
    )


@contextlib.contextmanager
def _watched(running: subprocess.Popen[bytes]) -> Iterator[list[float]]:
    """Yield a list whose one number is the most memory that a process and its descendants have held together."""
    from grader.sandbox.inside.memory import descendants, held_mib  # needs Linux

    most, has_ended = [0.0], threading.Event()

    def look() -> None:
        while not has_ended.wait(_LOOK_S):
            most[0] = max(most[0], held_mib([running.pid, *descendants(running.pid)]))

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield most
    finally:
        has_ended.set()
        watcher.join()


def _cpu_s() -> float:
    import resource  # there is none on Windows

    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
