"""Tests of grader.submissions.mending, grader.submissions.reading and grader.submissions.rivals."""

import json
import os

import pytest
from upload_samples import CODE, pack

from grader.courses.assignment import SubmissionKind
from grader.errors import SubmissionError, UnclearError
from grader.submissions.submission import Found, IntakeLimits, read_submission

LAYERS, OPTIMIZERS = "hw2/layers.py", "hw2/optimizers.py"
NOTEBOOK = json.dumps(
    {"nbformat": 4, "cells": [{"cell_type": "code", "source": "x = 1", "metadata": {}}], "metadata": {}}
)


@pytest.fixture
def read(tmp_path, make_assignment, write_files):
    """Return a function that reads a folder with the files given."""

    def read(handed_in, kind=SubmissionKind.PACKAGE, **limits):
        folder = write_files(tmp_path / "me", handed_in)
        return read_submission(Found("me", folder), make_assignment(kind), limits=IntakeLimits(**limits))

    return read


@pytest.mark.parametrize(
    "name",
    ["layers (1).py", "layers.py.txt", "layers-2.py", "Copy of layers.py", "layers - Copy.py", "layers copy.py"],
)
def test_a_file_under_a_changed_name_is_taken(read, name):
    """Where one file can be meant it is read under its right name, and a note says so."""
    submission = read({f"hw2/{name}": CODE[LAYERS], OPTIMIZERS: CODE[OPTIMIZERS]})
    assert submission.files[LAYERS] == CODE[LAYERS].encode()
    assert submission.notes == (f"Read `hw2/{name}` as `layers.py`: hand in files under the names asked for.",)


def test_a_right_name_is_never_replaced(read):
    """Beside the right file a copy is named and not used."""
    submission = read({**CODE, "hw2/layers (1).py": "def other(): pass"})
    assert submission.files[LAYERS] == CODE[LAYERS].encode()
    assert submission.notes == ("Not used: `hw2/layers (1).py`, since `hw2/layers.py` is there too.",)


def test_two_copies_that_differ_are_unclear(read):
    """Where two files can be meant nothing is graded, and the message says what to rename; of equal ones one is."""
    files = {"hw2/layers (1).py": "a = 1", "hw2/layers (2).py": "b = 1", OPTIMIZERS: CODE[OPTIMIZERS]}
    with pytest.raises(
        UnclearError, match=r"`hw2/layers \(2\)\.py` differ\. Rename the one that counts to `layers\.py`"
    ):
        read(files)
    assert read({**files, "hw2/layers (2).py": "a = 1"}).files[LAYERS] == b"a = 1"


@pytest.mark.parametrize("name", ["layers.py~", "layers.pyw", "layers.py.bak", "Layers"])
def test_what_is_called_alike_is_named_with_the_remedy(read, name):
    """Where nothing has a right name, the message says which files to rename."""
    with pytest.raises(SubmissionError, match=r"If these are meant, rename `hw2/.*` to `layers\.py`\."):
        read({f"hw2/{name}": CODE[LAYERS]})


def test_archives_that_lie_too_deep_are_named(read):
    """What can't be reached is told, not passed off as an empty submission."""
    deep = pack({"c.zip": pack({"d.zip": pack({"e.zip": pack(CODE)})})})
    with pytest.raises(SubmissionError, match=r"archives in archives, too deep to be opened: `d\.zip`\. Hand in"):
        read({"b.zip": deep})


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_encodings_become_utf8(read, encoding):
    """A Python file in UTF-16 is read as the text that it is."""
    submission = read({**CODE, LAYERS: CODE[LAYERS].encode(encoding)})
    assert submission.files[LAYERS] == CODE[LAYERS].encode()
    assert submission.notes == ("Read `hw2/layers.py` from UTF-16: save Python files as UTF-8.",)


@pytest.mark.parametrize("name", ["hw.ipynb.txt", "hw.json", "my work.json"])
def test_a_notebook_under_another_suffix_is_taken(read, name):
    """A notebook is known by what is in it."""
    assert b"x = 1" in read({name: NOTEBOOK}, SubmissionKind.NOTEBOOK).files["hw.ipynb"]


def test_what_nbconvert_made_of_a_notebook_is_taken(read):
    """Cells are told apart by their prompts, and magics are as they were."""
    text = "# In[1]:\n\n\nx = 1\n\n# In[ ]:\n\nget_ipython().run_line_magic('matplotlib', 'inline')\ny = 2\n"
    submission = read({"hw.py": text}, SubmissionKind.NOTEBOOK)
    assert b"%matplotlib inline\\ny = 2" in submission.files["hw.ipynb"]
    assert "`hw.py`, which nbconvert made of a notebook, with its cells" in submission.notes[0]


def test_an_archive_in_an_archive_is_opened(read):
    """A zip in a zip is read, and a third one in it is not."""
    inner = pack(CODE)
    assert read({"a.zip": pack({"hw2 final.zip": inner})}).missing == ()
    with pytest.raises(SubmissionError, match=r"too deep to be opened"):
        read({"a.zip": pack({"b.zip": pack({"c.zip": inner})})}, nested=1)


def test_an_inner_archive_is_bounded(read):
    """An inner archive over the limit is named and not opened."""
    with pytest.raises(SubmissionError, match=r"`a.zip/b.zip` is over 0 MiB and was not opened"):
        read({"a.zip": pack({"b.zip": pack(CODE)})}, inner_bytes=100)


def test_backslashes_separate_folders(read):
    """Paths that a tool of Windows wrote are read as what they mean, and judged as that."""
    assert read({"a.zip": pack({path.replace("/", "\\"): text for path, text in CODE.items()})}).missing == ()
    with pytest.raises(SubmissionError, match=r"leads out of the archive"):
        read({"a.zip": pack({"..\\..\\x.py": "x"})})


def test_too_many_pictures_cost_only_those(read):
    """Code is read first, and what there is no room for is named."""
    submission = read(CODE | {f"plots/{number:02}.png": "x" for number in range(20)}, files=10)
    assert submission.missing == ()
    assert "and 7 more: pictures and data beyond 10 files" in submission.notes[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:aa\n", r"Git LFS pointer.*Run `git lfs pull`"),
        (NOTEBOOK.encode()[:-20], r"was cut off: it ends in the middle, after \d+ characters.*Save it in Jupyter"),
    ],
)
def test_what_is_no_notebook_is_named(read, content, words):
    """A message says what the file is, and what to do."""
    with pytest.raises(SubmissionError, match=words):
        read({"hw.ipynb": content}, SubmissionKind.NOTEBOOK)


def test_the_package_written_last_counts(read, tmp_path, write_files):
    """Of two complete packages the one written to last counts, and the note names the other."""
    late = pack({**CODE, LAYERS: "def late(): pass\n"}, (2025, 3, 4, 0, 0, 0))
    submission = read({"a.zip": late, "b.zip": pack(CODE)})
    assert submission.files[LAYERS] == b"def late(): pass\n"
    assert submission.notes[0] == "Several packages: `a.zip/` was graded, not `b.zip/`: it was written to last."


def test_the_untouched_template_never_counts(read, tmp_path, write_files):
    """A package that is as students get it is left out, however new it is."""
    write_files(tmp_path / "course" / "student_template" / "hw2", dict.fromkeys(CODE, "def todo(): pass\n"))
    template = pack(dict.fromkeys(CODE, "def todo(): pass\r\n"), (2026, 1, 1, 0, 0, 0))
    submission = read({"kit.zip": template, "work.zip": pack(CODE)})
    assert submission.files[LAYERS] == CODE[LAYERS].encode()
    assert submission.notes[0].endswith("not `kit.zip/`: nothing was done there.")


def test_of_two_notebooks_the_one_written_last_counts(read, tmp_path, write_files):
    """Two notebooks of the right name are told apart by their times, or not at all."""
    files = {"old/hw.ipynb": NOTEBOOK, "new/hw.ipynb": NOTEBOOK.replace("x = 1", "x = 2")}
    folder = write_files(tmp_path / "me", files)
    for name, when in (("old", 1000.0), ("new", 2000.0)):
        os.utime(folder / name / "hw.ipynb", (when, when))
    assert b"x = 2" in read({}, SubmissionKind.NOTEBOOK).files["hw.ipynb"]
    os.utime(folder / "old" / "hw.ipynb", (2000.0, 2000.0))
    with pytest.raises(UnclearError, match=r"unclear which notebook is meant: `new/hw.ipynb`, `old/hw.ipynb` differ"):
        read({}, SubmissionKind.NOTEBOOK)


def test_copies_of_a_notebook_of_another_name_are_rivals(read):
    """What a browser has numbered is never chosen by its name: the times tell, or nothing is graded."""
    with pytest.raises(UnclearError, match=r"`alice \(1\).ipynb`, `alice.ipynb` differ"):
        read(
            {"a.zip": pack({"alice.ipynb": NOTEBOOK, "alice (1).ipynb": NOTEBOOK.replace("x = 1", "x = 2")})},
            SubmissionKind.NOTEBOOK,
        )
