"""Tests of grader.datasets.artifact_files: prediction files are read strictly, and every fault has its sentence."""

import json
import struct

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save

from grader.datasets import ArtifactFile, UnusablePredictions, count_parameters, read_predictions
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
        ("1\n2\n3".encode("utf-16"), {}, "`p.csv` is not UTF-8 (byte 0)."),
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


def test_parameters_are_counted_from_the_header():
    """All numbers of all tensors count."""
    weights = save({"w": torch.zeros(4, 3), "b": torch.zeros(4), "scale": torch.tensor(1.0)}, metadata={"by": "ann"})
    assert count_parameters(ArtifactFile("w.safetensors", weights)) == 17


def test_a_header_that_lies_is_not_believed():
    """A header that claims more than the file holds is refused."""
    header = json.dumps({"w": {"dtype": "F32", "shape": [1 << 39], "data_offsets": [0, 4]}}).encode()
    content = struct.pack("<Q", len(header)) + header + b"0000"
    with pytest.raises(AssertionError, match=r"The file's tensor 'w' has a header that contradicts itself"):
        count_parameters(ArtifactFile("w.safetensors", content))


def test_a_pickle_is_never_opened_here():
    """What only opens with `torch.load` is refused as the course's mistake."""
    with pytest.raises(CourseError, match=r"`w\.pt` can't be opened on the trusted side\. Ask students for"):
        count_parameters(ArtifactFile("w.pt", b"anything"))
