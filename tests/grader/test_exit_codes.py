"""Tests of the exit codes: one rule for all verbs, 2 where a command can't be meant as it was given."""

import re
from pathlib import Path

import pytest

from grader import errors
from grader.cli import _VERBS
from grader.results.results_file import RunInfo
from grader.results.store import open_store

OURS = 3  # the grader or its machine failed
YOURS = 2
NO_RUN = "is not a results folder"
# verb, words, what is said: ELSE holds results of another assignment, PLAIN a file that is no results folder
TABLE = [
    ("check", ["nowhere"], "does not exist"),
    ("check", ["reference/tiny", "--task", "duble"], "has no task `duble`"),
    ("check", ["reference/tiny", "-a", "tinny"], "has no assignment `tinny`"),
    ("check", ["reference/tiny", "--html", "reference"], "is no page"),
    ("check", ["reference/tiny", "--watch", "--debug"], "Leave out one"),
    ("data", ["no-such-set"], "no-such-set"),
    ("doctor", ["--jason"], "No such option"),
    ("grade", ["tiny", "nowhere", "-o", "out"], "There is no `nowhere`"),
    ("grade", ["tinny", "reference", "-o", "out"], "has no assignment `tinny`"),
    ("grade", ["tiny", "reference", "-o", "ELSE"], "holds results of other, not of tiny"),
    ("grade", ["tiny", "reference", "-o", "PLAIN"], "a file lies there"),
    ("grade", ["tiny", "reference", "-o", "PLAIN/out"], "a file lies there"),
    ("grade", ["tiny", "reference", "-o", "out", "-j", "none"], "none"),
    ("status", ["nowhere"], NO_RUN),
    ("status", ["PLAIN"], NO_RUN),
    ("status", ["reference"], NO_RUN),
    ("manual", ["nowhere"], NO_RUN),
    ("manual", ["ELSE"], "has no assignment `other`"),
    ("leaderboard", ["nowhere", "--task", "double"], NO_RUN),
    ("leaderboard", ["reference", "--task", "double"], NO_RUN),
    ("report", ["nowhere"], NO_RUN),
    ("report", ["reference"], NO_RUN),
    ("report", ["ELSE"], "has no assignment `other`"),
    ("export", ["nowhere", "-f", "csv"], NO_RUN),
    ("export", ["ELSE", "-f", "excel"], "excel"),
    ("export", ["ELSE", "-f", "csv"], "holds no result yet"),
    ("export", ["ELSE", "-f", "csv", "--course", "."], "has no assignment `other`"),
    ("similar", ["tiny", "nowhere", "-o", "out"], "There is no `nowhere`"),
    ("bundle", ["tiny", "--for", "moodle"], "There is no place `moodle`"),
    ("bundle", ["tiny", "--for", "github", "--no-try", "-o", "reference"], "is there already"),
    ("new", ["Not A Slug"], "Not A Slug"),
    ("record", ["tinny"], "has no assignment `tinny`"),
    ("template", ["tinny"], "has no assignment `tinny`"),
    ("audit", ["tinny"], "has no assignment `tinny`"),
    ("audit", ["tiny", "--mistake", "none"], "none"),
]


@pytest.fixture(scope="module")
def place(make_course, tmp_path_factory):
    """Return a course beside which lie results of another assignment, and a file where a folder is expected."""
    folder = make_course(tmp_path_factory.mktemp("course"))
    run = RunInfo("other", "Other", "0", "0", "0", "process", "2026-01-01T00:00:00+00:00")
    open_store(folder / "ELSE", run=run).close()
    (folder / "PLAIN").write_text("not a folder\n")
    return folder


@pytest.mark.parametrize(("verb", "words", "said"), TABLE, ids=lambda value: value if isinstance(value, str) else "")
def test_what_cannot_be_meant_exits_with_2(place, call_grader, verb, words, said):
    """A name, file or folder that the command can't be about is a sentence on stderr, exit code 2, and no traceback."""
    ended = call_grader(verb, *words, cwd=place)
    told = re.sub(r"[│\s]+", " ", ended.stderr)
    assert ended.returncode == YOURS, told
    assert said in told
    assert "Traceback" not in told


def test_the_table_is_about_every_verb():
    """No verb has its own rule."""
    verbs = {verb.__name__ for group in _VERBS.values() for verb in group}
    assert {row[0] for row in TABLE} == verbs


def test_each_error_knows_its_code():
    """Only what the grader or its machine did wrong is 3; a folder that was given wrongly is not."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.GraderError)]
    ours = {kind.__name__ for kind in kinds if kind.exit_code == OURS}
    assert ours == {"SandboxError", "StoreError", "ProtocolError"}
    assert {kind.exit_code for kind in kinds} == {YOURS, OURS}


def test_what_the_machine_refuses_exits_with_3(place, call_grader):
    """Damaged results are nobody's mistake in a command."""
    damaged = place / "damaged"
    damaged.mkdir(exist_ok=True)
    (damaged / "run.sqlite").write_bytes(b"SQLite format 3\0" + b"\xff" * 4000)
    (damaged / "progress.json").write_text("{")
    for words in (["report", "damaged"], ["status", "damaged"], ["export", "damaged", "-f", "csv"]):
        assert call_grader(*words, cwd=place).returncode == OURS, words


def test_the_page_says_what_the_errors_do():
    """docs/results.md names both codes."""
    page = Path(__file__).parents[2].joinpath("docs/results.md").read_text()
    assert "| 2 | the command can't be carried out as it was given:" in page
    assert "a folder that holds no results, or another assignment's" in page
