"""From uploads to the gradebook, all the way: found, graded for real, exported, matched.

All uploads of a kind of assignment are graded in one session.
"""

import json

import pytest
from graded_uploads import grade_folders
from lms_samples import ANN, HALF, LAYOUTS, PDF, RIGHT, below
from upload_samples import pack

from grader.results.verdict import Status

TOML = """\
title = "HW2"
[submission]
required = ["hw2/double.py", "hw2/triple.py"]
editable = ["hw2/*.py"]
[limits]
wall_s = 2.0
import_s = 4.0
[tasks.double]
title = "Doubling"
points = 10
[tasks.triple]
title = "Tripling"
points = 10
"""
PROBES = """\
from grader.probes import probe


@probe(needs=["hw2.double"])
def double(*, x):
    import hw2.double

    return {"y": hw2.double.double(x)}


@probe(needs=["hw2.triple"])
def triple(*, x):
    import hw2.triple

    return {"y": hw2.triple.triple(x)}
"""
CHECK = '''\
@pytest.mark.graded(task="{name}")
def test_{name}(probe, rng):
    """{name} returns {factor} times its input"""
    x = torch.randn(4, 3, generator=rng)
    assert_matches(probe("{name}", x=x), {{"y": {factor} * x}})
'''
CHECKS = "import pytest\nimport torch\n\nfrom grader.compare import assert_matches\n\n\n" + "\n\n".join(
    CHECK.format(name=name, factor=factor) for name, factor in (("double", 2), ("triple", 3))
)
NOTEBOOK_TOML = """\
title = "HW2"
[submission]
kind = "notebook"
required = ["hw.ipynb"]
editable = ["*.ipynb"]
[tasks.double]
title = "Doubling"
points = 10
"""
NOTEBOOK_PROBES = """\
from grader.probes import probe


@probe(needs=["notebook"])
def double(*, x):
    import notebook

    return {"y": notebook.double(x)}
"""


@pytest.fixture(scope="module")
def grade_trees(grade_found, make_course, read_tiny, write_files, tmp_path_factory):
    """Return a function that writes trees of uploads, grades them in one session and returns what each came to."""

    def grade(trees, **course):
        root = tmp_path_factory.mktemp("uploads")
        assignment = read_tiny(make_course(root / "course", slug="hw2", **course))
        folders = {key: write_files(root / key / name, files) for key, (name, files) in trees.items()}
        return grade_folders(grade_found, assignment, folders)

    return grade


@pytest.fixture(scope="module")
def classes(grade_trees):
    """Return the class of each LMS, graded."""
    trees = {key: (name, files) for key, (name, files, _, _) in LAYOUTS.items()}
    return grade_trees(trees, toml=TOML, probes=PROBES, checks=CHECKS, reference=RIGHT)


@pytest.mark.parametrize("lms", sorted(LAYOUTS))
def test_the_class_of_each_lms_gets_its_grades(classes, lms, tmp_path):
    """Everybody is found, graded and matched: 20 points, 10 points, and no grade for a report without code."""
    _, _, format, roster = LAYOUTS[lms]
    rows = classes[lms].export(tmp_path, format=format, roster=roster)
    column = {"canvas": 5, "moodle": 4}.get(format) or rows[0].index("points")
    named = {who: row[column] for row in rows[1:] for who in ("Ann", "Bo", "Cy") if who in " ".join(row)}
    assert named == {"Ann": "20", "Bo": "10", "Cy": ""}
    assert len(classes[lms].results) == 3
    assert classes[lms].results


def packed_by(method: int) -> bytes:
    """Return a zip that says of its entries that they are packed in another way; 1 stands for a password."""
    content = bytearray(ANN)
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        while at >= 0:
            content[at + place if method == 1 else at + place + 2] |= method
            at = content.find(mark, at + 4)
    return bytes(content)


ODD = {
    "zip-in-zip.zip": pack({"hw2_final.zip": ANN}),
    "backslash.zip": pack({f"sub\\{path.replace('/', chr(92))}": text for path, text in RIGHT.items()}),
    "bzip2.zip": packed_by(12),
    "locked.zip": packed_by(1),
    "browser/hw2/double.py": RIGHT["hw2/double.py"],
    "browser/hw2/triple (1).py": RIGHT["hw2/triple.py"],
    **{f"text/{path}.txt": content for path, content in RIGHT.items()},
    **{f"wide/{path}": content.encode("utf-16") for path, content in RIGHT.items()},
    "twice.zip": pack(HALF),
    "twice (1).zip": pack(RIGHT, (2025, 4, 1, 0, 0, 0)),
    "unclear.zip": pack(HALF),
    "unclear (1).zip": pack(RIGHT),
    **below("backup/a old", dict.fromkeys(RIGHT, "raise NotImplementedError\n")),
    **below("backup/final version", RIGHT),
    "report/answers.pdf": PDF,
    "mac/.DS_Store": "x",
    "mac/__MACOSX/._hw2": "x",
    "my results/run.sqlite": "x",
    "my results/grades.csv": "x",
    "my results/scorecards/ann.html": "x",
}


def test_packages_as_people_hand_them_in(grade_trees, tmp_path):
    """What can be meant in one way has full marks and a note; all else has an empty grade, and says why."""
    graded = grade_trees({"odd": ("class", ODD)}, toml=TOML, probes=PROBES, checks=CHECKS, reference=RIGHT)["odd"]
    full = ("zip-in-zip", "backslash", "browser", "text", "wide", "twice", "backup")
    words = {
        "bzip2": (Status.UNREADABLE, "is packed with bzip2, which can't be read"),
        "locked": (Status.UNREADABLE, "Pack the folder again without a password"),
        "unclear": (Status.UNCLEAR, "`unclear (1).zip/`, `unclear.zip/` differ"),
        "report": (Status.UNREADABLE, "Found: `answers.pdf`"),
        "mac": (Status.UNREADABLE, "Found: no file at all"),
    }
    assert sorted(graded.results) == sorted((*full, *words))
    assert {name: graded.told(name)[:2] for name in full} == dict.fromkeys(full, (Status.GRADED, 20.0))
    for name, (status, text) in words.items():
        assert graded.told(name)[0] is status
        assert text in graded.told(name)[2]
    for name, text in {"browser": "triple (1).py", "text": ".py.txt", "wide": "UTF-16", "backup": "a old/"}.items():
        assert text in graded.told(name)[2]
    assert "`twice (1).zip/` was graded, not `twice.zip/`: it was written to last" in graded.told("twice")[2]
    rows = graded.export(tmp_path, format="csv", roster="name\n" + "\n".join([*full, *words]) + "\n")
    points = rows[0].index("points")
    assert {row[0]: row[points] for row in rows[1:]} == dict.fromkeys(full, "20") | dict.fromkeys(words, "")


def notebook_of(source: str) -> str:
    """Return a notebook of one cell."""
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [cell]})


def test_notebooks_as_people_hand_them_in(grade_trees, tmp_path):
    """A notebook under another name or as a script is graded; what is none says what it is and what to do."""
    right = "def double(x):\n    return 2 * x\n"
    files = {
        "text/hw.ipynb.txt": notebook_of(right),
        "script/hw.py": f"#!/usr/bin/env python\n# coding: utf-8\n\n# In[1]:\n\n\n{right}\n",
        "json/hw.json": notebook_of(right),
        "pointer/hw.ipynb": "version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 9\n",
        "cut/hw.ipynb": notebook_of(right)[:-30],
    }
    own = {"toml": NOTEBOOK_TOML, "probes": NOTEBOOK_PROBES, "reference": {"hw.ipynb": notebook_of(right)}}
    graded = grade_trees(
        {"odd": ("class", files)}, checks=CHECKS.partition('\n\n\n@pytest.mark.graded(task="triple')[0], **own
    )
    odd = graded["odd"]
    for name in ("text", "script", "json"):
        assert odd.told(name)[:2] == (Status.GRADED, 10.0)
        assert "hand in the `.ipynb`" in odd.told(name)[2] or "under the names asked for" in odd.told(name)[2]
    assert "Run `git lfs pull`" in odd.told("pointer")[2]
    assert "was cut off" in odd.told("cut")[2]
    rows = odd.export(tmp_path, format="csv", roster="name\n" + "\n".join(odd.results) + "\n")
    points = rows[0].index("points")
    expected = {"text": "10", "script": "10", "json": "10", "pointer": "", "cut": ""}
    assert {row[0]: row[points] for row in rows[1:]} == expected
