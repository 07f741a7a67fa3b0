"""Tests of grader.results.store, on real files and real processes."""

import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace

import pytest

from grader.errors import StoreError
from grader.results.results_file import RunInfo, pack_record
from grader.results.store import has_results, open_store, read_store
from grader.results.verdict import CheckResult, Feedback, Origin, Status, SubmissionResult, TaskResult, Verdict

RUN = RunInfo("uva-mlp", "MLP", "checks-1", "0.1.0", "2.13.0", "bubblewrap", "2026-05-01T10:00:00Z")

CHILD = """
import sys
from pathlib import Path
from grader.results.results_file import RunInfo
from grader.results.store import open_store
from grader.results.verdict import Status, SubmissionResult

run = RunInfo("uva-mlp", "MLP", "checks-1", "0.1.0", "2.13.0", "bubblewrap", "later")
with open_store(Path(sys.argv[1]), run=run) as store:
    for i in range(100_000):
        result = SubmissionResult(f"s{i:05d}", Status.GRADED, 1, 2, (), ("x" * 200_000,))
        store.save(result, digest="d")
        print(result.submission, flush=True)
"""


def _result(name="ann", *, points=1.0, status=Status.GRADED, text=""):
    check = CheckResult("test_a", "A", "a", Verdict.PASSED, feedback=Feedback(text))
    return SubmissionResult(name, status, points, 2.0, (TaskResult("a", "A", points, 2.0, False, (check,)),))


def _start_writer(folder):
    return subprocess.Popen([sys.executable, "-c", CHILD, folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_results_come_back_sorted_and_equal(tmp_path):
    """Results yields what save was given, sorted by submission."""
    with open_store(tmp_path / "out", run=RUN) as store:
        for name in ("zoe", "ann", "müller", "a\\b", "a\udc80"):
            store.save(_result(name), digest="d")
        expected = [_result(name) for name in ("a\\b", "a\udc80", "ann", "müller", "zoe")]
        assert list(store.results()) == expected
    with read_store(tmp_path / "out") as store:
        assert list(store.results()) == expected
        assert store.run == RUN


def test_names_that_look_alike_in_the_file_stay_apart(tmp_path):
    """A lone surrogate and the text that spells it are two submissions."""
    with open_store(tmp_path, run=RUN) as store:
        store.save(_result("a\udc80"), digest="d")
        store.save(_result("a\\udc80"), digest="d")
        assert store.origins() == {"a\\udc80": Origin(), "a\udc80": Origin()}
        assert len(list(store.results())) == 2


def test_plain_columns_hold_the_grade(tmp_path):
    """The numbers can be read with any SQLite tool."""
    with open_store(tmp_path, run=RUN) as store:
        store.save(_result(), digest="d")
    with sqlite3.connect(tmp_path / "run.sqlite") as file:
        row = file.execute("SELECT submission, status, points, max_points, percent, digest FROM submissions")
        assert row.fetchall() == [("ann", "graded", 1.0, 2.0, 50.0, "d")]
    file.close()


def test_saving_again_replaces(tmp_path):
    """Save puts a result in place of an earlier one."""
    with open_store(tmp_path, run=RUN) as store:
        store.save(_result(points=0), digest="d1")
        store.save(_result(points=2), digest="d2")
        assert [result.points for result in store.results()] == [2]
        assert store.result("ann") == (_result(points=2), "d2")
        assert store.result("bob") is None


def test_results_are_revised_all_or_none(tmp_path):
    """Revise replaces and drops results in one transaction: where it fails, everything is as it was."""
    with open_store(tmp_path, run=RUN) as store:
        for name in ("ann", "bob", "cy"):
            store.save(_result(name), digest=f"of {name}")
        seen = []

        def change(result, digest):
            seen.append((result.submission, digest))
            return {"ann": result, "bob": None, "cy": _result("cy", points=2)}[result.submission]

        store.revise(change)
        assert seen == [("ann", "of ann"), ("bob", "of bob"), ("cy", "of cy")]
        kept = [(result.submission, result.points) for result in store.results()]
        assert kept == [("ann", 1), ("cy", 2)]
        assert store.result("cy") == (_result("cy", points=2), "of cy")
        with pytest.raises(ZeroDivisionError):
            store.revise(lambda result, _digest: None if result.submission == "ann" else 1 / 0)
        assert [result.submission for result in store.results()] == ["ann", "cy"]


@pytest.mark.parametrize("stored", ["", "null", '{"submission": 3}', "NaN", "infinite seconds", "endless points"])
def test_a_damaged_result_is_not_graded_and_the_others_are_read(tmp_path, stored):
    """A stored result that can't be read, or has numbers that are none, is in nobody's way and is graded again."""
    text = pack_record(_result("ann"))
    stored = {
        "infinite seconds": text.replace('"seconds":0.0', '"seconds":Infinity'),
        "endless points": text.replace('"points":1.0', '"points":1e999'),
    }.get(stored, stored)
    assert stored != text
    with open_store(tmp_path, run=RUN) as store:
        for name in ("ann", "bob"):
            store.save(_result(name), digest="d")
        store._connection.execute("UPDATE submissions SET result = ? WHERE submission = 'ann'", (stored,))
        store._connection.commit()
        ann, bob = store.results()
        assert (ann.submission, ann.status, ann.tasks) == ("ann", Status.NOT_GRADED, ())
        assert "can't be read" in ann.notes[0]
        assert bob == _result("bob")
        assert store.result("ann") is None
        assert set(store.origins()) == {"ann", "bob"}
        store.revise(lambda result, _digest: result)
        assert [result.submission for result in store.results()] == ["bob"]


def test_resuming_keeps_the_key(tmp_path):
    """The run's key is drawn once, also for a folder that was begun without one."""
    open_store(tmp_path / "old", run=RUN).close()
    for folder, key in ((tmp_path / "old", "second"), (tmp_path / "new", "first")):
        for drawn in ("first", "second") if key == "first" else ("second", "third"):
            with open_store(folder, run=replace(RUN, key=drawn)) as store:
                assert store.run.key == key


def test_resuming_keeps_when_it_started(tmp_path):
    """The resumed run started when the first did; versions and wall are the new ones."""
    with open_store(tmp_path, run=RUN) as store:
        assert store.run == RUN
    later = replace(RUN, started="later", wall="process", grader_version="0.2.0")
    with open_store(tmp_path, run=later) as store:
        assert store.run == replace(later, started=RUN.started)
    with read_store(tmp_path) as store:
        assert store.run == replace(later, started=RUN.started)


def test_another_assignments_folder_is_refused(tmp_path):
    """open_store names both assignments and the remedy."""
    open_store(tmp_path, run=RUN).close()
    with pytest.raises(StoreError, match=r"holds results of uva-mlp, not of uva-cnn. Name another folder with --out"):
        open_store(tmp_path, run=replace(RUN, assignment="uva-cnn"))


def test_a_killed_run_loses_nothing_that_was_reported(tmp_path):
    """After SIGKILL every result whose save had returned is there, and the run goes on."""
    for _ in range(3):
        writer = _start_writer(tmp_path)
        reported = [writer.stdout.readline().decode().strip() for _ in range(8)]
        writer.kill()
        reported += writer.stdout.read().decode().split()
        writer.communicate()
        with read_store(tmp_path) as store:
            assert set(reported) <= {result.submission for result in store.results()}
        with open_store(tmp_path, run=RUN) as store:
            assert all(store.result(name) is not None for name in reported)
            store.save(_result("late"), digest="d")
            store.revise(lambda result, _digest: None if result.submission != "late" else result)


def test_a_half_written_transaction_is_undone(tmp_path):
    """A journal that a dead process left behind is rolled back by whoever opens next, reader or writer."""
    folder = tmp_path / "live"
    with open_store(folder, run=RUN) as store:
        store.save(_result("ann"), digest="d")
        store._connection.execute("PRAGMA cache_size = 1")  # spill into the file before the commit
        store._connection.execute("BEGIN")
        store._connection.executemany(
            "INSERT INTO submissions VALUES (?, 'graded', 1, 2, 50, 'd', 0, ?)",
            [(f"half{i}", "x" * 5000) for i in range(200)],
        )
        shutil.copytree(folder, tmp_path / "dead")
        store._connection.rollback()
    assert (tmp_path / "dead" / "run.sqlite-journal").stat().st_size > 0
    with read_store(tmp_path / "dead") as store:
        assert [result.submission for result in store.results()] == ["ann"]


def test_a_second_writer_is_told_that_a_run_is_in_progress(tmp_path):
    """open_store refuses while another process writes; readers may read; the lock dies with the process."""
    writer = _start_writer(tmp_path)
    first = writer.stdout.readline().decode().strip()
    try:
        with pytest.raises(StoreError, match=r"A run is in progress in .* Wait until it ends"):
            open_store(tmp_path, run=RUN)
        with read_store(tmp_path) as store:
            assert first in {result.submission for result in store.results()}
    finally:
        writer.kill()
        writer.communicate()
    open_store(tmp_path, run=RUN).close()


def test_a_second_writer_in_the_same_process_is_refused(tmp_path):
    """The lock also holds within one process, and closing frees it."""
    with open_store(tmp_path, run=RUN), pytest.raises(StoreError, match="A run is in progress"):
        open_store(tmp_path, run=RUN)
    open_store(tmp_path, run=RUN).close()


def test_a_child_process_that_outlives_the_run_keeps_no_lock(tmp_path):
    """The lock is not inherited: a sandbox that is still there can't block the next run."""
    with open_store(tmp_path, run=RUN):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)
    try:
        open_store(tmp_path, run=RUN).close()
    finally:
        child.communicate(b"\n")


def test_a_full_disk_loses_nothing_stored(tmp_path):
    """Save says that nothing is lost and to run the same command again; that then works."""
    with open_store(tmp_path, run=RUN) as store:
        store.save(_result("ann"), digest="d")
        store._connection.execute("PRAGMA max_page_count = 10")
        with pytest.raises(StoreError, match=r"disk is full.* Nothing stored so far is lost") as caught:
            store.save(_result("bob", text="x" * 500_000), digest="d")
        assert "run the same command again" in caught.value.remedy
        assert [result.submission for result in store.results()] == ["ann"]
    with open_store(tmp_path, run=RUN) as store:
        store.save(_result("bob", text="x" * 500_000), digest="d")
        assert [result.submission for result in store.results()] == ["ann", "bob"]


def test_a_reader_cannot_write(tmp_path):
    """A store from read_store refuses to save."""
    open_store(tmp_path, run=RUN).close()
    with read_store(tmp_path) as store, pytest.raises(StoreError, match="can't be written"):
        store.save(_result(), digest="d")


def test_reading_goes_on_while_results_are_saved(tmp_path):
    """Results holds no lock between two results, and skips what was forgotten meanwhile."""
    with open_store(tmp_path, run=RUN) as store, read_store(tmp_path) as reader:
        for name in ("ann", "bob", "cy"):
            store.save(_result(name), digest="d")
        found = reader.results()
        assert next(found).submission == "ann"
        store.save(_result("dan"), digest="d")
        store.revise(lambda result, _digest: None if result.submission == "bob" else result)
        assert [result.submission for result in found] == ["cy"]


def test_a_run_that_was_killed_at_once_left_no_results(tmp_path):
    """SQLite makes an empty file before it writes anything: such a folder is one to begin in, not one to refuse."""
    assert not has_results(tmp_path)
    (tmp_path / "run.sqlite").touch()
    assert not has_results(tmp_path)
    with open_store(tmp_path, run=RUN) as store:
        store.save(_result("ann"), digest="d")
    assert has_results(tmp_path)
    (tmp_path / "run.sqlite").write_bytes(b"no database at all " * 100)
    with pytest.raises(StoreError, match=r"run\.sqlite is damaged"):
        has_results(tmp_path)


def test_a_folder_without_results_is_refused(tmp_path):
    """read_store names the remedy when the folder is not a results folder."""
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(StoreError, match=r"is not a results folder: it has no run\.sqlite.*--out"):
            read_store(folder)


@pytest.mark.parametrize("opening", [read_store, lambda folder: open_store(folder, run=RUN)])
def test_a_damaged_file_is_named(tmp_path, opening):
    """Opening a file that is no database raises StoreError."""
    (tmp_path / "run.sqlite").write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreError, match=r"run\.sqlite is damaged .* Move it away"):
        opening(tmp_path)


def test_a_truncated_file_is_named(tmp_path):
    """Reading a database that lost pages raises StoreError."""
    with open_store(tmp_path, run=RUN) as store:
        for i in range(50):
            store.save(_result(f"s{i}", text="x" * 5000), digest="d")
    file = tmp_path / "run.sqlite"
    file.write_bytes(file.read_bytes()[: 4096 * 6])
    with pytest.raises(StoreError, match="is damaged"), read_store(tmp_path) as store:
        list(store.results())


@pytest.mark.parametrize("opening", [read_store, lambda folder: open_store(folder, run=RUN)])
def test_another_programs_database_is_left_alone(tmp_path, opening):
    """Opening a database of another program raises StoreError."""
    with sqlite3.connect(tmp_path / "run.sqlite") as file:
        file.execute("CREATE TABLE run (name TEXT)")
    file.close()
    with pytest.raises(StoreError, match=r"is not a file of this grader. Move it away"):
        opening(tmp_path)


@pytest.mark.parametrize("opening", [read_store, lambda folder: open_store(folder, run=RUN)])
def test_a_newer_schema_is_named(tmp_path, opening):
    """A folder that a newer grader wrote raises StoreError with both versions."""
    open_store(tmp_path, run=RUN).close()
    with sqlite3.connect(tmp_path / "run.sqlite") as file:
        file.execute("UPDATE schema_version SET version = 7")
    file.close()
    with pytest.raises(StoreError, match=r"written by a newer grader \(schema 7; this one knows 2\)\. Upgrade"):
        opening(tmp_path)


@pytest.mark.parametrize("opening", [read_store, lambda folder: open_store(folder, run=RUN)])
def test_an_older_schema_is_refused(tmp_path, opening):
    """A folder that an older grader wrote raises StoreError: its results have no keys."""
    open_store(tmp_path, run=RUN).close()
    with sqlite3.connect(tmp_path / "run.sqlite") as file:
        file.execute("UPDATE schema_version SET version = 1")
    file.close()
    with pytest.raises(StoreError, match=r"written by an older grader, whose results .* Move it away or name another"):
        opening(tmp_path)


def test_a_file_in_the_folders_place_is_refused(tmp_path):
    """open_store says why the folder can't be made."""
    (tmp_path / "out").write_text("a file")
    with pytest.raises(StoreError, match=r"out can.t be a folder: a file lies there. Name a folder with --out"):
        open_store(tmp_path / "out", run=RUN)
    with pytest.raises(StoreError, match=r"deeper can.t be a folder: a file lies there"):
        open_store(tmp_path / "out" / "deeper", run=RUN)


def test_a_folder_that_refuses_files_is_named(tmp_path):
    """open_store says when the file can't be opened for writing."""
    (tmp_path / "run.sqlite").mkdir()
    with pytest.raises(StoreError, match=r"run\.sqlite can't be written .*Fix the folder's permissions"):
        open_store(tmp_path, run=RUN)


def test_other_failures_of_sqlite_are_told(tmp_path):
    """An error without a sentence of its own is quoted."""
    with open_store(tmp_path, run=RUN) as store:
        store._connection.execute("DROP TABLE submissions")
        with pytest.raises(StoreError, match=r"failed: no such table.* Run the same command again"):
            list(store.results())


def test_a_closed_store_is_a_programming_error(tmp_path):
    """Using a closed store is not dressed up as a full disk."""
    store = open_store(tmp_path, run=RUN)
    store.close()
    with pytest.raises(sqlite3.ProgrammingError):
        list(store.results())
