"""Tests of grader.results.file_names."""

import pytest

from grader.results.file_names import scorecard_files


def test_plain_names_stay():
    """Letters of any script, digits, dashes, dots and underscores need no change."""
    names = ["ann_lee-2", "müller", "名前", "v1.2"]
    assert scorecard_files(names) == {name: f"{name}.html" for name in names}


@pytest.mark.parametrize(
    "name",
    [
        *("../../etc/passwd", "a b", "a/b", "", ".", "..", ".hidden", "tail.", "a?b#c", "CON", "aux.txt"),
        *("a\x00b", "a\udc80", "\u202eabc", "e\u0301", "x" * 300, "é" * 200),
    ],
)
def test_other_names_become_safe(name, tmp_path):
    """A changed name gets a part of its hash, fits every file system and stays in its folder."""
    file = scorecard_files([name])[name]
    assert len(file.encode()) <= 255
    assert not set(file) & set('/\\:*?"<>|#% \x00\u202e')
    assert file[0] not in ".-"
    assert file.removesuffix(".html") != name
    (tmp_path / file).write_text("")


def test_names_that_would_share_a_file_are_told_apart():
    """Names that only differ in case, accents' spelling or replaced characters get different files."""
    names = ["Ann", "ann", "ANN", "é", "e\u0301", "a b", "a/b", "a_b", "x" * 60, "x" * 61]
    files = scorecard_files(names)
    assert len({file.casefold() for file in files.values()}) == len(names)


def test_a_name_that_imitates_a_hash_is_told_apart():
    """Nobody can take another's file by guessing its name."""
    stolen = scorecard_files(["a b"])["a b"].removesuffix(".html")
    files = scorecard_files(["a b", stolen])
    assert len(set(files.values())) == 2


def test_the_order_does_not_matter():
    """The same submissions give the same files."""
    names = ["Ann", "ann", "a b", "a_b"]
    assert scorecard_files(names) == scorecard_files(reversed(names))
