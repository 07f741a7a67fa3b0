"""Tests of grader.submissions.packing: what travels comes back as it was, and nothing else is unpacked."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.errors import ProtocolError
from grader.grading.grade import grade_all
from grader.grading.job import Job, Order
from grader.submissions.packing import (
    FilesWithFacts,
    pack_submission,
    pack_with_facts,
    read_packed_submission,
    unpack_with_facts,
)
from grader.submissions.submission import Found, read_submission

NAMES = st.lists(st.text("abcé_.", min_size=1).filter(lambda name: name.strip(".")), min_size=1, max_size=3)


@given(st.dictionaries(NAMES.map("/".join), st.binary(max_size=40), max_size=5), st.text())
def test_packed_files_come_back_as_they_were(files, text):
    """Files and facts come back equal, whatever is in them."""
    packed = FilesWithFacts(files, {"text": text, "list": [1, None]})
    assert unpack_with_facts(pack_with_facts(packed), most_bytes=1000) == packed


@given(st.binary(max_size=60))
def test_other_bytes_are_refused(data):
    """Bytes without what `pack_with_facts` writes in front are refused, whatever they are."""
    with pytest.raises(ProtocolError, match=r"[Pp]acked files"):
        unpack_with_facts(data, most_bytes=1000)


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", "", "a\\b", "a\0b", "a//b", "./a"])
def test_a_path_that_leads_elsewhere_is_refused(path):
    """A file is only ever unpacked below its folder."""
    with pytest.raises(ProtocolError, match="Packed files hold one at"):
        unpack_with_facts(pack_with_facts(FilesWithFacts({path: b"x"})), most_bytes=1000)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"facts": {}, "files": [["a", 9]]}, "are not what their header says"),
        ({"facts": {}, "files": [["a", 6], ["b", -2]]}, "are not what their header says"),
        ({"facts": {}, "files": [["a", 2], ["a", 2]]}, "are not what their header says"),
        ({"facts": {}, "files": [1]}, "header of packed files can't be read"),
        ({"files": []}, "header of packed files can't be read"),
        ([], "header of packed files can't be read"),
    ],
)
def test_a_header_that_lies_is_refused(header, words):
    """Sizes that don't add up, paths named twice and other shapes are refused."""
    with pytest.raises(ProtocolError, match=words):
        unpack_with_facts(json.dumps(header).encode() + b"\n1234", most_bytes=1000)


def test_packed_files_are_bounded():
    """More than the allowed bytes are refused before anything is taken apart."""
    with pytest.raises(ProtocolError, match="cut off or too large"):
        unpack_with_facts(pack_with_facts(FilesWithFacts({"a": b"x" * 11})), most_bytes=10)


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


def test_a_submission_is_graded_from_its_packed_files_alone(tiny, write_files, tmp_path):
    """A job with packed files gives the same result, notes and digest, though what was handed in is not there."""
    source = "def double(x): return 2 * x\ndef triple(x): return x\n"
    folder = write_files(tmp_path / "in", {"student.py": source, ".git/x": "junk", "weights.pt": b"0" * (2 << 20)})
    submission = read_submission(Found("me", folder), tiny)
    file = tmp_path / "packed"
    file.write_bytes(pack_submission(submission))
    assert read_packed_submission(file) == submission
    answers = []
    jobs = [Job(Found("me", folder)), Job(Found("me", tmp_path / "nowhere"), packed=file)]
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
    (tmp_path / "packed").write_bytes(data.replace(b"x = 1", b"x = 2"))
    with pytest.raises(ProtocolError, match="The packed files of 'me' were damaged on their way"):
        read_packed_submission(tmp_path / "packed")
