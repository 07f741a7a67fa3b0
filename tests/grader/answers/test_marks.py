"""Tests of grader.answers.marks, grader.answers.store and grader.answers.rubric_file."""

import threading
from dataclasses import replace

import pytest
from manual_conftest import QUESTIONS, result_of

from grader.answers.marks import (
    LONGEST_COMMENT,
    AnswerMark,
    comment_from,
    find_answers,
    manual_sum,
    points_from,
    text_digest,
    total_points,
    with_marks,
)
from grader.answers.rubric_file import read_rubric
from grader.answers.store import ManualStore, Remark
from grader.errors import ManualError, StoreError
from grader.results.store import read_store
from grader.results.verdict import Status

ANN = ("ann", "why")


def _mark(points=3.0, comment="", *, text="Because."):
    answer = result_of("x", why=text).answers[0]
    return AnswerMark(points, comment, text_digest(answer))


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("", None),
        ("  ", None),
        ("0", 0.0),
        ("2.5", 2.5),
        ("2,5", 2.5),
        (" 4 ", 4.0),
        ("1e0", 1.0),
        ("-0", 0.0),
        (",5", 0.5),
        ("3.", 3.0),
    ],
)
def test_points_are_read_as_people_write_them(text, points):
    """A decimal comma and blanks around are fine; nothing is no points, and no points are not 0."""
    assert points_from(text, most=4) == points


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nan", "“nan” is not a number of points. Give 0 to 4."),
        ("inf", "“inf” is not a number of points."),
        ("1_0", "“1_0” is not a number of points."),
        ("٣", "“٣” is not a number of points."),
        ("1e999", "“1e999” is not a number of points."),
        ("1.000,5", "“1.000,5” is not a number of points."),
        ("three", "“three” is not a number of points."),
        ("4.5", "4.5 points are not within 0 and 4."),
        ("-1", "-1 points are not within 0 and 4."),
    ],
)
def test_points_that_cannot_be_are_refused(text, words):
    """What is no number, negative or more than the question gives is refused with both numbers."""
    with pytest.raises(ManualError) as refused:
        points_from(text, most=4)
    assert words in str(refused.value)


def test_a_comment_has_line_ends_of_one_kind():
    """Line ends become one kind, surrogates and NULs go; a comment that is too long is refused."""
    assert comment_from(" a\r\nb\rc\0\udc80 ") == "a\nb\nc?"
    with pytest.raises(ManualError, match=r"has 10001 characters; 10000 are the most.*Shorten it"):
        comment_from("x" * (LONGEST_COMMENT + 1))


def test_marks_show_up_in_a_result():
    """with_marks puts points and comment into the answers; manual_sum adds them up and counts what waits."""
    shown = with_marks(result_of("ann"), QUESTIONS, {ANN: _mark(3.0, "good")})
    assert [(answer.given, answer.comment) for answer in shown.answers] == [(3.0, "good"), (None, "")]
    assert (manual_sum(shown).points, manual_sum(shown).pending) == (3.0, 1)
    assert shown.points == 5.0, "the points of the checks stay what they are"


def test_a_mark_for_an_earlier_text_does_not_count():
    """An answer that has changed since it was graded waits again."""
    shown = with_marks(result_of("ann", why="Something new."), QUESTIONS, {ANN: _mark(3.0, "good")})
    assert (shown.answers[0].given, shown.answers[0].comment) == (None, "")


def test_there_is_no_total_before_all_is_graded():
    """The total of checks and answers is None while an answer waits or the checks are provisional."""
    result = result_of("ann")
    how = AnswerMark(1.5, "", text_digest(result.answers[1]))
    assert total_points(with_marks(result, QUESTIONS, {ANN: _mark()})) is None
    both = with_marks(result, QUESTIONS, {ANN: _mark(), ("ann", "how"): how})
    assert total_points(both) == 9.5
    assert total_points(replace(both, status=Status.NOT_GRADED)) is None


def test_results_of_older_runs_are_known_by_title():
    """An answer stored without its question's name is found by the title; points are the course's of today."""
    old = result_of("ann")
    old = replace(old, answers=tuple(replace(answer, name="", points=0.0) for answer in old.answers))
    assert find_answers([old], QUESTIONS)[ANN].points == 4.0


def test_each_mark_is_stored_at_once(folder):
    """What was given is there for whoever opens the file next; results stay as they were."""
    ManualStore(folder).give({ANN: _mark(2.0, "fine")})
    assert ManualStore(folder).marks() == {ANN: _mark(2.0, "fine")}
    with read_store(folder) as store:
        assert [result.submission for result in store.results()] == ["ann", "bob", "cyd"]


def test_undo_takes_back_whole_steps_and_survives_a_restart(folder):
    """Each undo takes back one step, whatever it held; at the beginning nothing is left to undo."""
    bob = ("bob", "why")
    ManualStore(folder).give({ANN: _mark(1.0)})
    ManualStore(folder).give({ANN: _mark(2.0), bob: _mark(0.0)})
    store = ManualStore(folder)
    assert store.undo() == {bob: None, ANN: _mark(1.0)}
    assert store.marks() == {ANN: _mark(1.0)}
    assert store.undo() == {ANN: None}
    assert (store.undo(), store.marks()) == ({}, {})


def test_odd_names_come_back(make_results):
    """Submissions with backslashes and lone surrogates keep their names."""
    names = ["a\\udc80", "a\udc80", "b\\\\c"]
    store = ManualStore(make_results(*map(result_of, names)))
    store.give({(name, "why"): _mark() for name in names})
    assert set(store.marks()) == {(name, "why") for name in names}


def test_many_threads_lose_nothing(folder):
    """Marks given by several threads at once are all stored."""
    store = ManualStore(folder)
    keys = [(f"s{n}", "why") for n in range(12)]
    threads = [threading.Thread(target=store.give, args=({key: _mark()},)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(store.marks()) == set(keys)


def test_a_damaged_file_is_named(tmp_path):
    """A run.sqlite that is none ends in a sentence, not in a traceback."""
    (tmp_path / "run.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(StoreError, match="is damaged"):
        ManualStore(tmp_path)


def test_remarks_are_kept_by_question(folder):
    """The remarks on one question replace its earlier ones and leave others alone."""
    store = ManualStore(folder)
    store.keep_remarks("why", [Remark("a"), Remark("b", 1.0)])
    store.keep_remarks("how", [Remark("c")])
    store.keep_remarks("why", [Remark("b", 2.0)])
    assert (store.remarks("why"), store.remarks("how")) == ((Remark("b", 2.0),), (Remark("c"),))


def test_a_rubric_is_read(tmp_path):
    """A rubric holds remarks by question, each with what it costs."""
    file = tmp_path / "rubric.toml"
    file.write_text('[why]\nremarks = [{ text = "No  reason", costs = 1.5 }, { text = "Nice" }]\n')
    assert read_rubric(file, QUESTIONS) == {"why": (Remark("No reason", 1.5), Remark("Nice"))}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("= 1", "can't be read"),
        ("[who]\nremarks = []", "there is no question `who`. There are why, how."),
        ("why = 1", "`remarks` is a list of at most 9."),
        ("[why]\nremarks = [1]", "a remark is `{ text = "),
        ('[why]\nremarks = [{ text = "" }]', "a remark is `{ text = "),
        ('[why]\nremarks = [{ text = "a", cost = 1 }]', "a remark is `{ text = "),
        ('[why]\nremarks = [{ text = "a", costs = 5 }]', "a remark costs 5; 0 to 4 points are possible."),
        ('[why]\nremarks = [{ text = "a", costs = nan }]', "a remark costs nan; 0 to 4 points are possible."),
    ],
)
def test_a_rubric_with_mistakes_is_refused(tmp_path, text, words):
    """A rubric that can't be used is refused with the place and what is possible."""
    file = tmp_path / "rubric.toml"
    file.write_text(text)
    with pytest.raises(ManualError) as refused:
        read_rubric(file, QUESTIONS)
    assert words in str(refused.value)
