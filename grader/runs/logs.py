"""Logs of a run, one file per submission: when, where and how it was graded, and what went wrong with the grader.

They lie in RESULTS/logs/ and are for the instructor: they name hidden checks. `grader.runs.batch` adds each answer.
"""

from datetime import UTC, datetime
from pathlib import Path

from grader.results.atomic import replace_bytes
from grader.results.file_names import log_file
from grader.results.plain_text import visible_line
from grader.results.verdict import SubmissionResult
from grader.runs.executor import FinishedJob

FOLDER = "logs"
MOST_BYTES = 64 * 1024
_CUT = b"(older lines were dropped)\n"


def log_finished_job(results: Path, finished: FinishedJob) -> None:
    """Add an answer to its submission's log, which keeps its last 64 KiB. Raises StoreError if that fails."""
    path = results / FOLDER / log_file(finished.result.submission)
    try:
        before = path.read_bytes()
    except OSError:
        before = b""
    added = "".join(f"{visible_line(line)}\n" for line in _lines(finished))
    replace_bytes(path, _last_lines(before + added.encode("utf-8", "replace")))


def _lines(finished: FinishedJob) -> list[str]:
    result = finished.result
    now = datetime.now(UTC).isoformat(timespec="seconds")
    where = f"{finished.where or 'somewhere'}, wall {result.wall}"
    tasks = "all tasks" if finished.job.tasks is None else ", ".join(finished.job.tasks)
    return [
        f"{now} {where}: {result.status} in {result.seconds:.2f} s ({tasks})",
        *_checks(result),
        *(f"  note: {note}" for note in result.notes),
        *(f"  > {line}" for line in finished.told),
    ]


def _checks(result: SubmissionResult) -> list[str]:
    return [
        f"  {check.verdict:<15} {check.seconds:8.3f} s  {task.name}: {check.name}"
        for task in result.tasks
        for check in task.checks
    ]


def _last_lines(content: bytes) -> bytes:
    """Return the content, or as many whole lines from its end as fit, with a line that says so above them."""
    if len(content) <= MOST_BYTES:
        return content
    _, _, kept = content[-(MOST_BYTES - len(_CUT)) :].partition(b"\n")
    return _CUT + kept
