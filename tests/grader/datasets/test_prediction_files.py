"""Tests of grader.datasets.prediction_files: files are read strictly, and every fault has its sentence."""

import random
import tracemalloc

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader.datasets import ArtifactFile, UnusablePredictions, read_prediction_table, read_predictions
from grader.errors import CourseError

ANIMALS = ("cat", "dog", "égret")


def _read(content, rows=3, **options):
    content = content.encode() if isinstance(content, str) else content
    return read_predictions(ArtifactFile("p.csv", content), rows=rows, **options)


@given(st.lists(st.sampled_from(range(3)), min_size=1), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
def test_classes_come_back_as_indices(indices, end, is_marked, is_quoted):
    """Whatever the line ends, marks and quotes, the classes that were written are read, as indices."""
    lines = [f'"{ANIMALS[index]}"' if is_quoted else ANIMALS[index] for index in indices]
    text = ("\ufeff" if is_marked else "") + end.join(lines) + end
    found = _read(text, rows=len(indices), classes=ANIMALS)
    assert found.dtype is torch.int64
    assert found.tolist() == indices


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_numbers_come_back(numbers):
    """Without classes, finite numbers come back as they were written."""
    found = _read("\n".join(map(repr, numbers)), rows=len(numbers))
    assert found.dtype is torch.float64
    assert found.tolist() == numbers


def test_a_header_is_asked_for():
    """A header that the course asks for has to be there, in any case of letters, and is no prediction."""
    assert _read("Label\n1\n2\n0", classes=range(3), header="label").tolist() == [1, 2, 0]
    with pytest.raises(UnusablePredictions, match=r"^Line 1 of `p\.csv` is `1`; expected the header line `label`\.$"):
        _read("1\n2\n0", classes=range(3), header="label")


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        (b"", {}, "`p.csv` is empty; expected one prediction on each line."),
        (b" \n\n", {}, "`p.csv` is empty; expected one prediction on each line."),
        (b"caf\xe9\n", {}, "`p.csv` is not UTF-8 (byte 3). Save it as CSV in UTF-8, as plain text."),
        (
            "1\n2\n3".encode("utf-16")[:-1],
            {},
            "`p.csv` is not UTF-8 (byte 10). Save it as CSV in UTF-8, as plain text.",
        ),
        ("1\n2", {}, "`p.csv` holds 2 predictions; expected 3, one on each line in the order of the inputs."),
        ("1\n2\n3\n4\n5", {}, "`p.csv` holds 5 predictions; expected 3"),
        (
            "label\n1\n2\n3",
            {},
            "Line 1 of `p.csv` is `label`; expected the first prediction. Leave out the header line.",
        ),
        (
            "label\nid\n1\n2\n3",
            {"header": "label"},
            "Line 2 of `p.csv` is `id`; expected the first prediction. Leave out the header line.",
        ),
        ("1\nnan\ninf", {}, "Line 2 of `p.csv` is `nan`; expected a finite number (2 of 3 lines are none)."),
        ("1\n\n3", {}, "Line 2 of `p.csv` is blank; expected a finite number."),
        ("1\n2;0\n3", {}, "Line 2 of `p.csv` is `2;0`, which has several columns; expected a finite number."),
        (
            "cat\ndgo\ncat",
            {"classes": ANIMALS},
            "Line 2 of `p.csv` is `dgo`; expected one of the classes `cat`, `dog`, `égret`.",
        ),
        ("0\n1.0\n7", {"classes": range(7)}, "Line 2 of `p.csv` is `1.0`; expected one of the classes `0`, `1`, `2`,"),
        ("0\n1\n100", {"classes": range(100)}, "expected one of the classes `0`, `1`, `2`, `3`, `4`, … `99`."),
        ("1\nNaN\n0", {"classes": range(2)}, "Line 2 of `p.csv` is `NaN`; expected one of the classes `0`, `1`."),
        (f"1\n{'x' * 500}\n2", {}, f"Line 2 of `p.csv` is `{'x' * 40}…`; expected a finite number."),
        ("1\n\x1b[31m\n2", {}, "Line 2 of `p.csv` is `�[31m`; expected a finite number."),
    ],
)
def test_what_is_no_prediction_is_told(content, options, words):
    """Files of another length, with NaN, unknown labels, headers or in another encoding get a sentence each."""
    with pytest.raises(UnusablePredictions) as raised:
        _read(content, **options)
    assert words in str(raised.value)


@given(st.binary(max_size=60))
def test_other_bytes_are_told_or_read(content):
    """Whatever the bytes, they are predictions or UnusablePredictions."""
    try:
        found = _read(content)
    except UnusablePredictions as err:
        found = str(err)
    assert found.isprintable() if isinstance(found, str) else found.shape == (3,)


def test_what_windows_writes_is_read():
    """UTF-16 that is marked as such, and the line ends of old Macs, are no fault."""
    assert _read("1\n2\n3\n".encode("utf-16")).tolist() == [1, 2, 3]
    assert _read("1\r2\r3\r").tolist() == [1, 2, 3]
    assert _read("1\r\r\n2\r\r\n3").tolist() == [1, 2, 3]


def test_a_huge_file_is_not_split_up():
    """Of a file with far too many lines, or with one endless line, no more memory is taken than its text needs."""
    size = 20 << 20
    for content, words in ((b"1\n" * (size // 2), "holds 10,485,760 predictions"), (b"1" * size, "is `1111")):
        tracemalloc.start()
        with pytest.raises(UnusablePredictions, match=words):
            _read(content, rows=3 if b"\n" in content else 1)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 5 * size


IDS = ("007", "8", "nine")


def _by_id(content, **options):
    return _read(content, rows=None, **({"ids": IDS, "header": "id,label", "classes": ANIMALS} | options))


def _scores(content, **options):
    content = content.encode() if isinstance(content, str) else content
    return read_prediction_table(ArtifactFile("p.csv", content), **({"header": "id,cat,dog", "ids": IDS} | options))


@given(
    st.permutations(range(3)), st.sampled_from([",", ";", "\t", ", "]), st.sampled_from(["\n", "\r\n", "\r", "\n\n"])
)
def test_ids_put_predictions_in_order(order, separator, end):
    """In whatever order the lines stand, and whatever separates them, predictions come back in the order of the ids."""
    rows = [f"{IDS[index]}{separator}{ANIMALS[index]}" for index in order]
    assert _by_id(end.join([f"ID{separator}Label", *rows])).tolist() == [0, 1, 2]
    assert _by_id(end.join(rows), header="").tolist() == [0, 1, 2]


def test_columns_may_stand_in_any_order():
    """A table's columns are found by their names; quotes and spaces around cells mean nothing."""
    assert _by_id('label,id\n"cat",nine\ndog , "8"\négret,007\n').tolist() == [2, 1, 0]
    assert _scores("dog,id,cat\n1,nine,2\n3,8,4\n5,007,6\n").tolist() == [[6, 5], [4, 3], [2, 1]]


def test_a_table_without_ids_is_in_order():
    """With `rows` a table has no ids, and its rows are in the order of the inputs."""
    found = _scores("cat,dog\n0.5,0.5\n1e-3,1\n", header="cat,dog", ids=(), rows=2)
    assert (found.dtype, found.tolist()) == (torch.float64, [[0.5, 0.5], [0.001, 1.0]])


def test_predictions_by_id_may_be_numbers():
    """Without classes what stands beside the ids are numbers, and integers are ids as well as texts."""
    assert _by_id("id,price\n2,1.5\n1,-3e2\n", ids=[1, 2], header="id,price", classes=()).tolist() == [-300, 1.5]


def _table(*lines):
    return "\n".join(["id,label", *lines])


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        ("", {}, "`p.csv` is empty"),
        ('""', {}, "Line 1 of `p.csv` is ``; expected the header line `id,label`."),
        ("007,cat\n8,dog\nnine,cat", {}, "Line 1 of `p.csv` is `007,cat`; expected the header line `id,label`."),
        (
            ",id,label\n0,007,cat",
            {},
            "Line 1 of `p.csv` is `,id,label`; expected the header line `id,label`. pandas has written its index "
            "as well: save with `to_csv(…, index=False)`.",
        ),
        ("id,name\n007,cat", {}, "Line 1 of `p.csv` is `id,name`; expected the header line `id,label`."),
        (
            "id,label\n007,cat\n8,dog\nnine,cat",
            {"header": ""},
            "Line 1 of `p.csv` is for the id `id`, which no input has. Leave out the header line.",
        ),
        (_table("007,cat", "8,dog,1"), {}, "Line 3 of `p.csv` has 3 columns; expected 2: `id,label`."),
        (_table("007"), {}, "Line 2 of `p.csv` has 1 column; expected 2: `id,label`."),
        (
            _table("7,cat", "8,dog", "9,cat"),
            {},
            "Line 2 of `p.csv` is for the id `7`, which no input has (and 1 more line). Expected ids "
            "are such as `007`.",
        ),
        (_table("007,cat"), {}, "`p.csv` has no prediction for 2 of 3 ids, the first is `8`."),
        (_table("007,cat", "8,dog"), {}, "`p.csv` has no prediction for the id `nine`."),
        (
            _table("8,dog", "007,cat", "nine,cat", "8,dog"),
            {},
            "Lines 2 and 5 of `p.csv` are both for the id `8`; expected one line for each.",
        ),
        (
            _table("007,cat", "8,", "nine,cat"),
            {},
            "In line 3 of `p.csv`, `label` is blank; expected one of the classes",
        ),
        (_table("007,cat", "8,wolf", "nine,cat"), {}, "In line 3 of `p.csv`, `label` is `wolf`; expected one of the"),
        (_table("007,1", "8,nan", "nine,2"), {"classes": ()}, "`label` is `nan`; expected a finite number."),
        (
            "id;label\n007;1\n8;0,5\nnine;2",
            {"classes": ()},
            "In line 3 of `p.csv`, `label` is `0,5`; expected a finite number, with a decimal point.",
        ),
        (_table('007,"cat', "8,dog", "nine,cat"), {}, "is no line of a CSV file (unexpected end of data). Does a"),
        (
            _table("007,cat", "x" * 200_000),
            {},
            "Line 3 of `p.csv` is no line of a CSV file (field larger than field limit",
        ),
    ],
)
def test_what_is_wrong_with_ids_is_told(content, options, words):
    """Ids that are missing, unknown or there twice, and other columns, get a sentence each."""
    with pytest.raises(UnusablePredictions) as raised:
        _by_id(content, **options)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        (
            "id,cat,dog\n007,1,0\n8,0.7,0.7\nnine,0,1",
            {"probabilities": True},
            "The probabilities in line 3 of `p.csv` sum up to 1.4; expected 1.",
        ),
        (
            "id,cat,dog\nnine,1,0\n8,0.7,0.3\n007,-0.5,1.5",
            {"probabilities": True},
            "In line 4 of `p.csv`, `cat` is -0.5; expected a probability from 0 to 1.",
        ),
        (
            "id,cat,dog\n007,1,0\n8,inf,0\nnine,0,1",
            {},
            "In line 3 of `p.csv`, `cat` is `inf`; expected a finite number.",
        ),
        (
            "cat,dog\n1,2\n3,4",
            {"header": "cat,dog", "ids": (), "rows": 3},
            "`p.csv` holds 2 rows; expected 3, one for each input in their order.",
        ),
        ("cat,dog\n" + "1,2\n" * 9, {"header": "cat,dog", "ids": (), "rows": 3}, "holds 9 rows; expected 3"),
        ("cat\n1", {"header": "cat,dog", "ids": (), "rows": 3}, "is `cat`; expected the header line `cat,dog`."),
    ],
)
def test_what_is_wrong_in_a_table_is_told(content, options, words):
    """Tables of another length, with numbers that are none, or without probabilities, get a sentence each."""
    with pytest.raises(UnusablePredictions) as raised:
        _scores(content, **options)
    assert words in str(raised.value)


def test_rounded_probabilities_are_probabilities():
    """Sums that differ from 1 as rounding makes them are accepted."""
    text = "id,cat,dog\n007,0.333,0.66\n8,0,1\nnine,.5,.5"
    assert _scores(text, probabilities=True).shape == (3, 2)


@given(st.one_of(st.binary(max_size=60), st.text(alphabet='id,label;\n\r"78\t\0', max_size=60).map(str.encode)))
def test_other_bytes_in_tables_are_told_or_read(content):
    """Whatever the bytes, they are a table or UnusablePredictions, in one printable line."""
    for read in (_by_id, _scores):
        for start in (b"", b"id,label\n"):
            try:
                told = repr(read(start + content).shape)
            except UnusablePredictions as err:
                told = str(err)
            assert told.isprintable()


def test_many_rows_are_read():
    """Twenty thousand rows in another order are read."""
    ids = list(range(20_000))
    shuffled = random.Random(0).sample(ids, len(ids))
    found = _by_id("id,x\n" + "".join(f"{one},{one}\n" for one in shuffled), ids=ids, header="id,x", classes=())
    assert found.tolist() == ids


@pytest.mark.parametrize(
    ("read", "options", "words"),
    [
        (_by_id, {"ids": ()}, "Predictions are read by `rows` or by `ids`."),
        (_read, {"ids": IDS}, "Predictions are read by `rows` or by `ids`."),
        (_scores, {"rows": 3}, "Predictions are read by `rows` or by `ids`."),
        (_by_id, {"ids": (1, "1")}, "Some of the `ids` are there twice."),
        (_by_id, {"header": "id,label,x"}, "The header `id,label,x` has 3 names."),
        (_scores, {"header": "id"}, "The header `id` names no columns."),
        (_scores, {"header": "id,a,A"}, "The header `id,a,A` names no columns."),
    ],
)
def test_what_the_course_asks_has_to_be_clear(read, options, words):
    """A course that asks for both, neither, or for nothing that can be told apart is told so."""
    with pytest.raises(CourseError, match=f"^{words}"):
        read("1", **options)
