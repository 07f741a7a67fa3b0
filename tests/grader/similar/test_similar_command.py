"""Tests of `grader similar` as a program."""

import csv

import pytest

COPIED = """\
def double(x):
    total = x.clone()
    for index in range(len(total)):
        total[index] = total[index] + x[index]
        if total[index].isnan():
            raise ValueError("no number")
    return total.reshape(x.shape)


def triple(x):
    return double(x) + x.to(x.dtype).contiguous().view(x.shape)
"""


@pytest.fixture
def submissions(write_files, tmp_path):
    """Return a folder: bob's is ann's with other names, cy's is another, dan's can't be read."""
    renamed = COPIED.replace("total", "t").replace("index", "i").replace("x", "data_in").replace('"no number"', "''")
    files = {
        "ann/student.py": COPIED,
        "bob/student.py": f"import torch\n{renamed}",
        "cy/student.py": "def double(x):\n    return x * 2\n",
        "dan/student.txt": "none",
    }
    return write_files(tmp_path / "in", files)


def test_similar_submissions_are_listed(make_course, call_grader, submissions, tmp_path):
    """A page and a CSV name the pair that is alike; nothing is run, and what can't be read is told."""
    course, out = make_course(tmp_path / "course"), tmp_path / "out"
    ended = call_grader("similar", "tiny", submissions, "--out", out, cwd=course)
    assert ended.returncode == 0
    assert "1 pair of 3 submissions: a list for a human, never a verdict. Open" in ended.stdout
    assert "not read: dan" in ended.stderr
    with (out / "similar.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["left"], row["right"]) for row in rows] == [("ann", "bob")]
    assert float(rows[0]["percent"]) > 90
    assert "<bdi>ann</bdi> and <bdi>bob</bdi>" in (out / "similar.html").read_text()


def test_a_bound_can_be_chosen(make_course, call_grader, submissions, tmp_path):
    """--least sets what is listed; what is no percentage is refused."""
    course = make_course(tmp_path / "course")
    ended = call_grader("similar", "tiny", submissions, "--out", tmp_path / "out", "--least", "100", cwd=course)
    assert "0 pairs of 3 submissions" in ended.stdout, "bob has a line of his own"
    assert call_grader("similar", "tiny", submissions, "--out", "o", "--least", "0", cwd=course).returncode == 2
