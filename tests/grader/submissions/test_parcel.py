"""Tests of grader.submissions.parcel: what travels comes back as it was, and nothing else is unpacked."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.errors import ProtocolError
from grader.grading.grade import grade_all
from grader.grading.job import Job, Order
from grader.submissions.parcel import Parcel, pack, pack_submission, read_submission_parcel, unpack
from grader.submissions.submission import Found, read_submission

NAMES = st.lists(st.text("abcé_.", min_size=1).filter(lambda name: name.strip(".")), min_size=1, max_size=3)


@given(st.dictionaries(NAMES.map("/".join), st.binary(max_size=40), max_size=5), st.text())
def test_a_parcel_comes_back_as_it_was(files, text):
    """Files and facts come back equal, whatever is in them."""
    parcel = Parcel(files, {"text": text, "list": [1, None]})
    assert unpack(pack(parcel), most_bytes=1000) == parcel


@given(st.binary(max_size=60))
def test_bytes_that_are_no_parcel_are_refused(data):
    """Bytes without what `pack` writes in front are refused, whatever they are."""
    with pytest.raises(ProtocolError, match="parcel"):
        unpack(data, most_bytes=1000)


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", "", "a\\b", "a\0b", "a//b", "./a"])
def test_a_path_that_leads_elsewhere_is_refused(path):
    """A file is only ever unpacked below its folder."""
    with pytest.raises(ProtocolError, match="A parcel holds a file at"):
        unpack(pack(Parcel({path: b"x"})), most_bytes=1000)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"facts": {}, "files": [["a", 9]]}, "does not hold what its header says"),
        ({"facts": {}, "files": [["a", 6], ["b", -2]]}, "does not hold what its header says"),
        ({"facts": {}, "files": [["a", 2], ["a", 2]]}, "does not hold what its header says"),
        ({"facts": {}, "files": [1]}, "header can't be read"),
        ({"files": []}, "header can't be read"),
        ([], "header can't be read"),
    ],
)
def test_a_header_that_lies_is_refused(header, words):
    """Sizes that don't add up, paths named twice and other shapes are refused."""
    with pytest.raises(ProtocolError, match=words):
        unpack(json.dumps(header).encode() + b"\n1234", most_bytes=1000)


def test_a_parcel_is_bounded():
    """More than the allowed bytes are refused before anything is taken apart."""
    with pytest.raises(ProtocolError, match="cut off or too large"):
        unpack(pack(Parcel({"a": b"x" * 11})), most_bytes=10)


@pytest.fixture
def tiny(make_course, read_tiny, tmp_path):
    checks = '''\
import pytest, torch
from grader.compare import assert_matches

@pytest.mark.graded(task="double")
def test_double(probe):
    """double returns twice its input"""
    assert_matches(probe("double", x=torch.ones(3)), {"y": 2 * torch.ones(3)})

@pytest.mark.graded(task="triple")
def test_triple(probe):
    """triple returns three times its input"""
    assert_matches(probe("triple", x=torch.ones(3)), {"y": 3 * torch.ones(3)})
'''
    return read_tiny(make_course(tmp_path / "course", checks=checks))


def test_a_submission_is_graded_from_its_parcel_alone(tiny, write_files, tmp_path):
    """A job with a parcel gives the same result, notes and digest, though what was handed in is not there."""
    source = "def double(x): return 2 * x\ndef triple(x): return x\n"
    folder = write_files(tmp_path / "in", {"student.py": source, ".git/x": "junk", "weights.pt": b"0" * (2 << 20)})
    submission = read_submission(Found("me", folder), tiny)
    file = tmp_path / "parcel"
    file.write_bytes(pack_submission(submission))
    assert read_submission_parcel(file) == submission
    answers = []
    jobs = [Job(Found("me", folder)), Job(Found("me", tmp_path / "nowhere"), parcel=file)]
    grade_all(Order(tiny.folder, tiny, wall="process"), jobs, report=lambda *answer: answers.append(answer))
    (local, digest), (remote, same) = answers
    assert same == digest == submission.digest
    assert [(task.points, task.max_points) for task in remote.tasks] == [(10, 10), (0, 5)]
    assert remote.tasks[0].points == local.tasks[0].points
    assert remote.notes == local.notes
    assert "weights" in remote.notes[0]


def test_a_damaged_submission_is_refused(tiny, write_files, tmp_path):
    """A submission whose content does not fit its digest is not graded as if it were somebody's work."""
    folder = write_files(tmp_path / "in", {"student.py": "x = 1\n"})
    data = pack_submission(read_submission(Found("me", folder), tiny))
    (tmp_path / "parcel").write_bytes(data.replace(b"x = 1", b"x = 2"))
    with pytest.raises(ProtocolError, match="The parcel of 'me' was damaged on its way"):
        read_submission_parcel(tmp_path / "parcel")
