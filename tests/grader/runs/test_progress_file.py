"""Tests of grader.runs.progress_file: what another process learns of a run."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import asdict, replace

import pytest

from grader.errors import StoreError
from grader.runs import progress_file
from grader.runs.progress import JobUnderWay, Snapshot
from grader.runs.progress_file import RunState, kept_up, read_report

SHOWN = Snapshot(10, 4, 8, 3, 1, 12.5, 30.0, (JobUnderWay("process 1", "ann \udc80", ("a", "b"), 2.5),))


def _change(folder, **changes):
    path = folder / "progress.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_running_run_is_kept_up(tmp_path):
    """While the block runs the file is rewritten every so often; all that was shown comes back."""
    counted = iter(range(1000))
    shown = lambda: Snapshot(1000, next(counted), 8, 3, 1, 12.5, 30.0)  # noqa: E731
    with kept_up(tmp_path, shown, assignment="tiny", dashboard=lambda: "http://x", every_s=0.02):
        first = read_report(tmp_path)
        end = time.monotonic() + 20
        while read_report(tmp_path).progress.done <= first.progress.done + 2:
            assert time.monotonic() < end
            time.sleep(0.02)
        assert (first.state, first.assignment, first.pid, first.dashboard) == (
            RunState.RUNNING,
            "tiny",
            os.getpid(),
            "http://x",
        )
    assert read_report(tmp_path).state is RunState.FINISHED
    assert "progress" not in [thread.name for thread in threading.enumerate()]


def test_what_is_shown_comes_back_whole(tmp_path):
    """Snapshots survive the file, names that are no text among them."""
    with kept_up(tmp_path, lambda: SHOWN, assignment="tiny"):
        assert read_report(tmp_path).progress == SHOWN


@pytest.mark.parametrize(("error", "state"), [(KeyboardInterrupt, RunState.STOPPED), (ValueError, RunState.FAILED)])
def test_how_a_run_ended_is_said(tmp_path, error, state):
    """A run that was stopped or failed says so, and its exception goes on."""
    with pytest.raises(error), kept_up(tmp_path, lambda: SHOWN, assignment="tiny"):
        raise error
    assert read_report(tmp_path).state is state


@pytest.mark.parametrize("error", [None, KeyboardInterrupt, ValueError])
def test_nothing_is_under_way_once_a_run_has_ended(tmp_path, error):
    """However a run ended, no job is under way in the file, no time is left, and all other figures stay."""
    with contextlib.suppress(KeyboardInterrupt, ValueError), kept_up(tmp_path, lambda: SHOWN, assignment="tiny"):
        if error is not None:
            raise error
    assert read_report(tmp_path).progress == replace(SHOWN, under_way=(), left_s=None)
    plain = json.loads((tmp_path / "progress.json").read_text())
    assert (plain["progress"]["under_way"], plain["progress"]["left_s"]) == ([], None)


def test_a_run_whose_process_is_gone_has_died(tmp_path):
    """A run that says running while its process is gone has died; one on another machine, when it is silent."""
    with kept_up(tmp_path, lambda: SHOWN, assignment="tiny"):
        pass
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    _change(tmp_path, state="running", pid=gone.pid, progress=json.loads(json.dumps(asdict(SHOWN))))
    died = read_report(tmp_path)
    assert (died.state, died.progress) == (RunState.DIED, replace(SHOWN, under_way=(), left_s=None))
    _change(tmp_path, host="elsewhere")
    assert read_report(tmp_path).state is RunState.RUNNING
    _change(tmp_path, heartbeat=time.time() - progress_file.SILENT_S - 1)
    assert read_report(tmp_path).state is RunState.DIED


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", "{", '{"schema_version": 1}', '{"schema_version": 9}', '{"schema_version": 1, "pid": 2}'],
)
def test_a_file_that_is_none_is_told(tmp_path, content):
    """A damaged progress.json is an error with a remedy."""
    (tmp_path / "progress.json").write_text(content)
    with pytest.raises(StoreError, match=r"progress\.json can't be read .* Run the same `grader grade` again"):
        read_report(tmp_path)


def test_a_folder_without_a_run_is_told(tmp_path):
    """A folder in which nothing was graded is told from one with results whose run left no trace."""
    with pytest.raises(StoreError, match=r"is not a results folder: no run was started there\. Give the folder"):
        read_report(tmp_path)
    with pytest.raises(StoreError, match="is not a results folder"):
        read_report(tmp_path / "nowhere")
    (tmp_path / "run.sqlite").touch()
    with pytest.raises(StoreError, match=r"holds results, but nothing says how their run went\. `grader report"):
        read_report(tmp_path)


def test_a_full_disk_does_not_end_the_run(tmp_path):
    """Where the file can't be written, grading goes on: what stores the results will tell."""
    (tmp_path / "file").write_text("")
    with kept_up(tmp_path / "file" / "below", lambda: SHOWN, assignment="tiny"):
        pass
