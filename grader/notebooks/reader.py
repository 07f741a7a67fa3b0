"""Read one large notebook in a process of its own, with little memory: its argument is the file's name.

With `--outputs=3,4` it is what these cells showed that is read, with `--outputs=all` what all of them did.

`grader.submissions.notebook_intake` starts it, writes the file to its input and reads the stripped cells from its
output.
"""

import contextlib
import json
import sys

from grader.errors import SubmissionError
from grader.notebooks.document import read_notebook, write_notebook
from grader.notebooks.saved_outputs import as_rows, read_saved

_MEMORY = 3 << 30
_CPU_S = 60


def main() -> None:
    """Read a notebook from stdin and write its cells, or what is wrong with it, to stdout as JSON."""
    _limit_own()
    content = sys.stdin.buffer.read()
    if len(sys.argv) > 2:
        which = sys.argv[2].removeprefix("--outputs=")
        numbers = None if which == "all" else {int(number) for number in which.split(",") if number}
        sys.stdout.buffer.write(json.dumps(as_rows(read_saved(content, numbers))).encode())
        return
    try:
        notebook = read_notebook(content, name=sys.argv[1])
        answer = json.loads(write_notebook(notebook))
        answer |= {"notes": notebook.notes, "language": notebook.language}
    except SubmissionError as err:
        answer = {"error": err.message, "remedy": err.remedy}
    sys.stdout.buffer.write(json.dumps(answer).encode())


def _limit_own() -> None:
    """Bound this process's memory and computing where the system can."""
    try:
        import resource
    except ImportError:  # Windows: only one's own notebooks are read there
        return
    for kind, most in ((resource.RLIMIT_AS, _MEMORY), (resource.RLIMIT_CPU, _CPU_S)):
        with contextlib.suppress(ValueError, OSError):  # a lower limit is there already
            resource.setrlimit(kind, (most, most))
