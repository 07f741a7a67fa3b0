"""Grade all sample submissions in one process, and look for what they left behind: a script that test_corpus.py runs.

`python grade_corpus.py SUBMISSIONS RESULTS.json`. It is a process of its own so that it can be another user's, and so
that every process which outlives its parent becomes its child and is found.
"""

import contextlib
import json
import os
import socket
import sys
import time
from dataclasses import asdict
from pathlib import Path

from grader.courses.course import read_assignment
from grader.grading.grade import grade_all
from grader.grading.job import Job, Order
from grader.sandbox.inside.kernel import adopt_orphans
from grader.sandbox.inside.memory import descendants
from grader.submissions.submission import Found

COURSE = Path(__file__).parents[1] / "sample_courses" / "mini"
PERFECT = COURSE / "reference" / "mini"
BETWEEN = 20  # after so many submissions a perfect one is graded again
LISTENER = 47011


def main() -> None:
    adopt_orphans()
    os.environ["GRADER_CANARY"] = "CANARY: only the grader knows this"
    Path(os.environ["TMPDIR"], "canary.txt").write_text("CANARY")
    results = []
    with _listeners() as listeners:
        grade_all(
            Order(COURSE, read_assignment(COURSE, "mini"), wall="bubblewrap"),
            map(Job, _line_up(Path(sys.argv[1]))),
            report=lambda result, _digest: results.append(asdict(result)),
        )
        connected = [str(listener.getsockname()) for listener in listeners if _has_caller(listener)]
    report = {
        "results": results,
        "connected": connected,
        "processes": _still_running(),
        "files": [str(path) for path in _breach_files()],
        "temporary": [path.name for path in Path(os.environ["TMPDIR"]).iterdir() if path.name != "canary.txt"],
        "peak_mib": _peak_mib(),
    }
    Path(sys.argv[2]).write_text(json.dumps(report))


def _peak_mib():
    """Return the most memory that this process has held; ru_maxrss would count what its parent held at the fork."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def _line_up(submissions):
    """Return all submissions by verdict and name, with a perfect one before, after and in between."""
    folders = sorted(folder for folder in submissions.glob("*/*") if folder.is_dir())
    founds = [Found(folder.relative_to(submissions).as_posix(), folder) for folder in folders]
    line = []
    for number, found in enumerate(founds):
        if number % BETWEEN == 0:
            line.append(Found(f"perfect before {found.name}", PERFECT))
        line.append(found)
    return [*line, Found("perfect at the end", PERFECT)]


@contextlib.contextmanager
def _listeners():
    """Listen where a submission without a network of its own could connect."""
    with contextlib.ExitStack() as stack:
        listeners = []
        for family, address in ((socket.AF_INET, ("127.0.0.1", LISTENER)), (socket.AF_UNIX, "\0breach-listener")):
            listener = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
            with contextlib.suppress(OSError):  # another run of these tests listens there
                listener.bind(address)
                listener.listen()
                listener.setblocking(False)
                listeners.append(listener)
        yield listeners


def _has_caller(listener):
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def _still_running():
    """Return the commands of processes that are still there a second after the last submission was ended."""
    deadline = time.monotonic() + 1.0
    while (left := descendants(os.getpid())) and time.monotonic() < deadline:
        time.sleep(0.02)
    return [Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode() for pid in left]


def _breach_files():
    """Yield files that submissions name `breach…` wherever they can write, in the places where that would be worst."""
    package = Path(sys.modules["grader"].__file__).parent
    torch = Path(sys.modules["torch"].__file__).parent
    home = Path.home()
    places = [package, package.parent, torch, torch.parent, home, Path(sys.prefix), Path(sys.base_prefix)]
    places += [Path(place) for place in ("/", "/tmp", "/var/tmp", "/dev/shm", "/usr", "/usr/bin", "/usr/lib", "/etc")]
    for place in dict.fromkeys(places):
        with contextlib.suppress(OSError):
            yield from (path for path in place.iterdir() if "breach" in path.name)


if __name__ == "__main__":
    main()
