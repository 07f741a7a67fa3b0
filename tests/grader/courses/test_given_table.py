"""Tests of `[[given]]` in assignment.toml: what can be said of other handouts, and what is refused."""

import pytest

from grader.errors import CourseError


@pytest.fixture
def read(make_course, read_tiny, tmp_path):
    """Return a function that reads the tiny assignment with these tables and a handout in the folder given/old."""

    def with_tables(tables):
        folder = make_course(tmp_path / "course")
        own = folder / "tests/assignments/tiny"
        (own / "given/old").mkdir(parents=True)
        (own / "given/old/student.py").write_text("def dubble(x):\n    return None\n")
        toml = own / "assignment.toml"
        toml.write_text(toml.read_text() + tables)
        return read_tiny(folder)

    return with_tables


OLD = '\n[[given]]\nname = "2021"\nfolder = "given/old"\n'


def test_edition(read):
    """An edition has a name, a folder, and its spellings of our names."""
    (edition,) = read(f'{OLD}spellings = {{ dubble = "double" }}\n').given
    assert (edition.name, edition.folder, edition.spellings) == ("2021", "given/old", {"dubble": "double"})


def test_none(read):
    """Most assignments have no other editions."""
    assert read("").given == ()


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ("\n[given]\nname = 'x'\n", r"`given` is no list of tables.* Begin each edition with `\[\[given\]\]`"),
        (f"{OLD}year = 2021\n", r"`given, number 1\.year` is not a key that is known here"),
        ("\n[[given]]\nfolder = 'given/old'\n", r"`given, number 1\.name` is missing"),
        (OLD + OLD, r"`given, number 2\.name` is `2021`, as that of an edition above"),
        (OLD.replace("given/old", "given/none"), r"`given/none`, which is no folder of this assignment"),
        (OLD.replace("given/old", "../.."), r"which is no folder of this assignment"),
        (f'{OLD}spellings = {{ dubble = "dobule" }}\n', r"`dobule`, which the reference does not define.*`double`\?"),
        (f'{OLD}spellings = {{ "a b" = "double" }}\n', r"expected two names"),
        (f'{OLD}spellings = {{ double = "double" }}\n', r"is a name that the reference defines itself"),
        (
            f'{OLD}spellings = {{ dubble = "double" }}\n'
            + OLD.replace("2021", "2022")
            + 'spellings = { dubble = "triple" }\n',
            r"is for `triple`, and for `double` in an edition above",
        ),
    ],
)
def test_refused(read, tables, words):
    """Unknown keys and names, doubled names and missing folders are refused, with the place and a remedy."""
    with pytest.raises(CourseError, match=f"(?s){words}"):
        read(tables)
