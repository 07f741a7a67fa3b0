"""Tests of grader.answers.csv_file: the file and the store, brought together."""

import pytest
from manual_conftest import QUESTIONS, result_of

from grader.answers.csv_file import merge_csv, write_csv
from grader.answers.marks import AnswerMark, find_answers, text_digest
from grader.answers.store import ManualStore
from grader.errors import ManualError

RESULTS = [result_of("ann"), result_of("bob", why="*So*."), result_of("cyd", why="")]
ANSWERS = find_answers(RESULTS, QUESTIONS)
HEADER = "submission,question,points,comment\n"
SKELETON = HEADER + "".join(f"{name},{question},,\n" for name in ("ann", "bob", "cyd") for question in ("how", "why"))


@pytest.fixture
def store(folder):
    return ManualStore(folder)


def _mark(key, points, comment=""):
    return {key: AnswerMark(points, comment, text_digest(ANSWERS[key]))}


def _edit(folder, old, new):
    path = folder / "manual.csv"
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def _given(store):
    return {key: (mark.points, mark.comment) for key, mark in store.marks().items()}


def test_the_skeleton_has_a_row_for_each_answer(folder, store):
    """Without marks, the file names every submission and question and leaves the rest to be filled in."""
    assert write_csv(folder, store, ANSWERS).read_text() == SKELETON
    assert merge_csv(folder, store, ANSWERS).applied == 0


def test_rows_that_were_filled_in_are_taken_over(folder, store):
    """Points and comments that a person typed are stored; the same file is taken over only once."""
    write_csv(folder, store, ANSWERS)
    _edit(folder, "ann,why,,", 'ann,why,"2,5","two\nlines"')
    merged = merge_csv(folder, store, ANSWERS)
    assert (merged.applied, merged.problems, merged.may_write) == (1, (), True)
    assert _given(store) == {("ann", "why"): (2.5, "two\nlines")}
    assert merge_csv(folder, store, ANSWERS).applied == 0


def test_an_older_file_does_not_undo_the_page(folder, store):
    """What was given on the page after the file was written stays, and the next file holds it."""
    write_csv(folder, store, ANSWERS)
    store.give(_mark(("ann", "why"), 3.0, "good"))
    assert merge_csv(folder, store, ANSWERS).problems == ()
    assert _given(store) == {("ann", "why"): (3.0, "good")}
    assert "ann,why,3,good\n" in write_csv(folder, store, ANSWERS).read_text()


def test_a_row_that_both_changed_is_a_problem_until_they_agree(folder, store):
    """Where file and page disagree, the page counts, and the line is told until the two are equal."""
    write_csv(folder, store, ANSWERS)
    store.give(_mark(("ann", "why"), 3.0))
    _edit(folder, "ann,why,,", "ann,why,1,")
    merged = merge_csv(folder, store, ANSWERS)
    assert "line 3: changed here to 1 points and on the page to 3 points; the page's counts." in merged.problems[0]
    assert (_given(store), merged.may_write) == ({("ann", "why"): (3.0, "")}, False)
    _edit(folder, "ann,why,1,", "ann,why,3,")
    assert merge_csv(folder, store, ANSWERS).problems == ()


def test_an_emptied_row_takes_the_points_back(folder, store):
    """Points that a person deletes in the file are no longer given."""
    store.give(_mark(("ann", "why"), 3.0))
    write_csv(folder, store, ANSWERS)
    _edit(folder, "ann,why,3,", "ann,why,,")
    merge_csv(folder, store, ANSWERS)
    assert _given(store) == {("ann", "why"): (None, "")}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("dan,why,1,", "There is no answer of a submission “dan”. Mend the name."),
        ("ann,who,1,", "There is no question “who”. The questions are why, how."),
        ("bob,why,5,", "5 points are not within 0 and 4."),
        ("bob,why,nan,", "“nan” is not a number of points."),
        ("bob,why,-1,", "-1 points are not within 0 and 4."),
        ("ann,how,1,", "ann has a row for how already, in line 2."),
        ("bob,why,1,Right, but late", "It has more cells than the first row. Put quotation marks around a text"),
        (f"bob,why,1,{'x' * 10001}", "The comment has 10001 characters"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_by_its_line(folder, store, row, words):
    """A bad row is told with its line, good rows are taken over, and the file keeps every byte."""
    text = f"{HEADER}ann,how,2,\ncyd,why,1,\n{row}\n"
    (folder / "manual.csv").write_text(text)
    merged = merge_csv(folder, store, ANSWERS)
    assert len(merged.problems) == 1
    assert "manual.csv, line 4: " in merged.problems[0]
    assert words in merged.problems[0]
    assert merged.may_write is False
    assert _given(store) == {("ann", "how"): (2.0, ""), ("cyd", "why"): (1.0, "")}
    assert (folder / "manual.csv").read_text() == text


def test_many_bad_rows_are_counted(folder, store):
    """Twenty bad rows are told one by one, the others as a number."""
    (folder / "manual.csv").write_text(HEADER + "dan,why,1,\n" * 30)
    problems = merge_csv(folder, store, ANSWERS).problems
    assert len(problems) == 21
    assert problems[-1].endswith("manual.csv: 10 more rows can't be used.")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "has no column `submission`"),
        (b"submission,question,points\n", "has no column `comment`"),
        (HEADER.encode() + b'ann,why,1,"x', "line 2, is not valid CSV"),
        (HEADER.encode() + b"ann,why,1,\xff\n", "is not UTF-8 (byte 45)"),
        (b"x" * 20_000_001, "is larger than 20 MB"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(folder, store, content, words):
    """A file without our columns or in no known form is refused as a whole."""
    (folder / "manual.csv").write_bytes(content)
    with pytest.raises(ManualError) as refused:
        merge_csv(folder, store, ANSWERS)
    assert words in str(refused.value)


def test_a_folder_of_that_name_is_refused(folder, store):
    """What can't be opened is refused with the system's reason."""
    (folder / "manual.csv").mkdir()
    with pytest.raises(ManualError, match=r"manual.csv can't be read: Is a directory"):
        merge_csv(folder, store, ANSWERS)


def test_files_that_excel_wrote_are_read(folder, store):
    """A byte order mark, semicolons and decimal commas are what some spreadsheets write."""
    content = "\ufeffSubmission;Question;Points;Comment\r\nann;why;2,5;fine\r\n"
    (folder / "manual.csv").write_bytes(content.encode())
    assert merge_csv(folder, store, ANSWERS).problems == ()
    assert _given(store) == {("ann", "why"): (2.5, "fine")}


def test_columns_of_ones_own_are_kept(folder, store):
    """A file with further columns is read and never written anew."""
    (folder / "manual.csv").write_text("submission,question,points,comment,reader\nann,why,2,,kim\n")
    merged = merge_csv(folder, store, ANSWERS)
    assert (merged.applied, merged.may_write) == (1, False)


def test_no_cell_is_a_formula(make_results):
    """Names and comments that a spreadsheet would run are written as text, and read back as they were."""
    result = result_of("=cmd|x")
    folder, answers = make_results(result), find_answers([result], QUESTIONS)
    store = ManualStore(folder)
    key = ("=cmd|x", "why")
    store.give({key: AnswerMark(1.0, "=1+1", text_digest(answers[key]))})
    assert "'=cmd|x,why,1,'=1+1\n" in write_csv(folder, store, answers).read_text()
    _edit(folder, "why,1,'=1+1", "why,2,'=1+1")
    assert merge_csv(folder, store, answers).problems == ()
    assert _given(store) == {key: (2.0, "=1+1")}


def test_marks_for_earlier_texts_are_not_written(folder, store):
    """A mark for a text that has changed since leaves its row empty, to be graded again."""
    store.give({("ann", "why"): AnswerMark(3.0, "good", "digest of another text")})
    assert "ann,why,,\n" in write_csv(folder, store, ANSWERS).read_text()
    _edit(folder, "ann,why,,", "ann,why,1,")
    assert merge_csv(folder, store, ANSWERS).problems == ()
    assert _given(store) == {("ann", "why"): (1.0, "")}
