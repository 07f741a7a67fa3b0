"""Tests of leaderboards: ranks, nicknames, names that lead nowhere, and the target between the places."""

import csv
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.errors import ExportError, ManualError
from grader.marking.leaderboard import leaderboard_of
from grader.marking.leaderboard_page import write_leaderboard
from grader.marking.nickname_file import read_nicknames
from grader.results.credit import Credit
from grader.results.results_file import RunInfo
from grader.results.verdict import CheckResult, Status, SubmissionResult, TaskResult, Verdict

RUN = RunInfo("tiny", "Tiny", "", "1", "2", "process", "2026-11-20T12:00:00+00:00", key="secret")
TABLE = ((80.0, 0.5), (86.0, 1.0), (90.0, 1.1))


def results_of(scores, **settings):
    """Return results in which each submission has a score of a check, None for one that has none."""
    found = []
    for name, score in scores.items():
        credit = None if score is None else Credit(1.0, score, TABLE, unit="%", worth=10.0, parameters=1234, cpu_s=2.5)
        credit = replace(credit, **settings) if credit else None
        checks = (CheckResult("test_a", "The accuracy", "a", Verdict.PASSED, credit=credit),)
        task = TaskResult("a", "A", 10.0, 10.0, False, checks)
        found.append(SubmissionResult(name, Status.GRADED, 10.0, 10.0, (task,)))
    return found


def board_of(results, *, check="", nicknames=None, key="secret"):
    """Return the leaderboard of these results."""
    return leaderboard_of(results, task="a", check=check, nicknames=nicknames or {}, key=key)


def test_places_and_the_target(tmp_path):
    """The best come first, equals share a place, cut-offs stand below those that reach them; no name is told."""
    scores = {"Ann Lee": 85.0, "Bob <b>": 92.5, "Cy Wu": 85.0, "Dee": 70.0, "Eve": None}
    board = board_of(results_of(scores), nicknames={"Bob <b>": "Big <Net>"})
    assert [(one.rank, one.score) for one in board.entries] == [(1, 92.5), (2, 85.0), (2, 85.0), (4, 70.0)]
    assert board.without == 1
    page = write_leaderboard(tmp_path, RUN, board)
    text, table = page.read_text(encoding="utf-8"), page.with_suffix(".csv").read_text(encoding="utf-8")
    for name in ("Ann", "Lee", "Bob", "<b>", "Cy", "Dee", "Eve", "<Net>"):
        assert name not in text
    assert not any(name in table for name in scores)
    order = ["Big &lt;Net&gt;", "Bonus: from 90 %, 110 % of the points", "Target: from 86 %, all points", "85 %"]
    places = [text.index(words) for words in (*order, "Cut-off: from 80 %, 50 % of the points", "70 %")]
    assert places == sorted(places)
    assert "1 submission has no score" in text
    assert next(csv.DictReader(table.splitlines())) == {
        "rank": "1",
        "name": "Big <Net>",
        "score": "92.5",
        "points": "10",
        "parameters": "1234",
        "cpu_seconds": "2.5",
    }


def test_anonymous_names_stay_and_lead_nowhere():
    """A name is the same each time with one key, another with another, and different for each submission."""
    results = results_of({"ann": 1.0, "bob": 2.0})
    one, same = ({entry.name for entry in board_of(results).entries} for _ in range(2))
    other = {entry.name for entry in board_of(results, key="another").entries}
    assert one == same
    assert len(one | other) == 4
    assert board_of(results, key="").entries != board_of(results, key="").entries, "without a key nothing is guessable"


@given(st.lists(st.floats(0, 100), min_size=1, max_size=30), st.booleans())
def test_ranks_follow_scores(scores, falls):
    """A better score is never placed lower, equal ones are placed equally, and the first place is taken."""
    board = board_of(results_of({f"s{i}": score for i, score in enumerate(scores)}, falls=falls))
    ranked = [(one.rank, one.score) for one in board.entries]
    assert ranked[0][0] == 1
    for rank, score in ranked:
        assert rank == 1 + sum(other < score if falls else other > score for _, other in ranked)


def test_less_may_be_better(tmp_path):
    """Where a measure falls, the least comes first and cut-offs are told as the most that is allowed."""
    board = board_of(results_of({"ann": 0.4, "bob": 0.2}, falls=True, table=((0.5, 0.5), (0.3, 1.0)), unit=""))
    assert [one.score for one in board.entries] == [0.2, 0.4]
    text = write_leaderboard(tmp_path, RUN, board).read_text(encoding="utf-8")
    assert text.index("Target: at most 0.3, all points") < text.index("Cut-off: at most 0.5")


def test_what_cannot_be_ranked():
    """An unknown task or check, no measure, several, and different tables are refused with a remedy."""
    results = results_of({"ann": 1.0, "bob": 2.0})
    with pytest.raises(ExportError, match=r"There is no task `b` in this run. Known: `?a"):
        leaderboard_of(results, task="b", check="", nicknames={}, key="")
    with pytest.raises(ExportError, match=r"`test_b` measures nothing in `a`. Did you mean `test_a`"):
        board_of(results, check="test_b")
    with pytest.raises(ExportError, match=r"No check of `a` has measured anything. A check measures with the fixture"):
        board_of(results_of({"ann": None}))
    with pytest.raises(ExportError, match="measured not all by one table"):
        board_of([*results[:1], *results_of({"bob": 2.0}, table=((1.0, 1.0),))])
    task = results[0].tasks[0]
    twice = replace(task, checks=(*task.checks, replace(task.checks[0], name="test_b")))
    both = [replace(results[0], tasks=(twice,))]
    with pytest.raises(ExportError, match=r"2 checks of `a` measure. Add `--check test_a`, say."):
        board_of(both)
    assert board_of(both, check="test_b").check == "test_b"


def test_nicknames_that_cannot_be_used(tmp_path):
    """A row for nobody, twice, for a taken, empty, long or another's name is told; all others count."""
    path = tmp_path / "names.csv"
    rows = ["zed,Z", "ann,Neo", "ann,Trinity", "bob,ann", "cy,One", "dee,one", "eve,", f"fay,{'x' * 41}"]
    rows += ["gus,Gus\u202e", "hal,Anonymous 1", "hal,Hal, the Great"]
    path.write_text("submission,nickname\n" + "\n".join(rows), encoding="utf-8")
    names, problems = read_nicknames(path, ["ann", "bob", "cy", "dee", "eve", "fay", "gus", "hal"])
    assert names["ann"] == "Neo"
    assert "\u202e" not in names["gus"]
    assert set(names) == {"ann", "gus"}
    told = "\n".join(problems)
    for line, words in (
        (2, "There is no submission “zed”."),
        (4, "ann has a nickname already; the first one counts."),
        (5, "“ann” is the name of another submission."),
        (6, "Several want to be called “One”, so none is."),
        (7, "Several want to be called “one”, so none is."),
        (8, "The nickname is empty."),
        (9, "The nickname has more than 40 characters."),
        (11, "Who has no nickname is called “anonymous …”."),
        (12, "It has more cells than the first row. Put quotation marks around a text that holds the separator."),
    ):
        assert f"names.csv, line {line}: {words}" in told
    path.write_text("name\n", encoding="utf-8")
    with pytest.raises(ManualError, match="has no column `submission`"):
        read_nicknames(path, [])
