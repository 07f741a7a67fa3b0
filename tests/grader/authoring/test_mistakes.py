"""Tests of grader.authoring.mistakes: reading known mistakes and variants, and saying which are of no use."""

import pytest

from grader.authoring.mistakes import explain_edit, explain_overlay, make_mistake, read_mistakes, read_variants
from grader.errors import CourseError
from grader.results.verdict import Verdict

GOOD = """\
[[mistake]]
name = "half"
file = "student.py"
find = '''return 2 * x'''
replace = '''return x'''
check = "test_double"
verdict = "wrong"
words = ["half"]
lookalike = "halved"
"""
FILES = {"student.py": b"def double(x):\n    return 2 * x\n", "support.py": b"ONE = 1\n"}


@pytest.fixture
def tiny(make_course, read_tiny, write_files, tmp_path):
    """Return a function that writes files beside the checks of a tiny course and reads its assignment."""

    def tiny(**files):
        course = make_course(tmp_path)
        write_files(
            course / "tests" / "assignments" / "tiny", {name.replace("__", "."): text for name, text in files.items()}
        )
        return read_tiny(course)

    return tiny


def test_a_mistake_is_read(tiny):
    """A mistake has a name, an edit, and what its check has to say; its file is remembered."""
    (mistake,) = read_mistakes(tiny(mistakes__toml=GOOD))
    assert (mistake.name, mistake.file, mistake.check, mistake.verdict) == (
        "half",
        "student.py",
        "test_double",
        Verdict.WRONG,
    )
    assert (mistake.find, mistake.replace, mistake.words) == ("return 2 * x", "return x", ("half",))
    assert (mistake.lookalike, mistake.source.name) == ("halved", "mistakes.toml")


def test_a_mistake_may_have_a_price(tiny):
    """`costs` are the fewest and the most points, or a word for parts of the task; without it nobody measures."""
    priced = GOOD.replace("half", "other") + "costs = [4, 8.5]\n"
    steps = GOOD.replace("half", "third") + 'costs = "detail"\n'
    free, range_, step = (one.costs for one in read_mistakes(tiny(mistakes__toml=GOOD + priced + steps)))
    assert free is None
    assert range_.points(20) == (4.0, 8.5)
    assert step.points(20) == (0, 7)


@pytest.mark.parametrize("costs", ["4", "[4]", "[8, 4]", "[-1, 4]", "[1, inf]", '["a", "b"]', '"trifle"'])
def test_a_price_is_a_range(tiny, costs):
    """Anything but a range of points is refused with what to write."""
    with pytest.raises(CourseError, match=r"costs` is .*Write one of nothing, .*, or the fewest"):
        read_mistakes(tiny(mistakes__toml=f"{GOOD}costs = {costs}\n"))


def test_a_mistake_may_declare_its_cause(tiny):
    """A mistake names the words of its cause, and words that would blame something right; both may be left out."""
    declared = GOOD + 'cause = ["factor"]\ninnocent = ["learning rate", "bias"]\n'
    (mistake,) = read_mistakes(tiny(mistakes__toml=declared))
    assert (mistake.cause, mistake.innocent) == (("factor",), ("learning rate", "bias"))
    (mistake,) = read_mistakes(tiny(mistakes__toml=GOOD))
    assert (mistake.cause, mistake.innocent) == ((), ())


def test_several_files_are_read_in_order(tiny):
    """All files mistakes*.toml are read; an assignment without any has none."""
    more = GOOD.replace("half", "other")
    assert [one.name for one in read_mistakes(tiny(mistakes_b__toml=more, mistakes_a__toml=GOOD))] == ["half", "other"]


def test_no_mistakes_are_fine(tiny):
    """An assignment without mistakes has none."""
    assert read_mistakes(tiny()) == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD + GOOD, r"the mistake `half` is in mistakes\.toml already\. Give it another name"),
        (GOOD.replace("verdict", "verdct"), r"`mistake half\.verdct` is not a key .* Did you mean `verdict`\?"),
        (GOOD.replace('"wrong"', '"passed"'), r"`mistake half\.verdict` is `passed`\. Write one of wrong, not_impl"),
        (GOOD.replace('name = "half"\n', ""), r"`mistake number 1\.name` is missing\. Add `name`"),
        (GOOD.replace('["half"]', '"half"'), r"`mistake half\.words` is 'half'; expected a list of texts"),
        ("mistake = 3\n", r"`mistake` is not a list of tables\. Begin each mistake with `\[\[mistake\]\]`"),
        ("[[mistakes]]\n", r"`mistakes` is not a key that is known here\. Did you mean `mistake`"),
    ],
)
def test_faults_name_file_and_key(tiny, text, words):
    """A fault in a file of mistakes names the file, the mistake and what to write instead."""
    with pytest.raises(CourseError, match=rf"mistakes\.toml: .*{words}|mistakes\.toml: {words}"):
        read_mistakes(tiny(mistakes__toml=text))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        ({"student.py": "teacher.py"}, "the reference has no `teacher.py`"),
        ({"student.py": "support.py"}, "students may not change `support.py`, so it is restored before grading"),
        ({"return 2 * x": "return 3 * x"}, "`find` does not occur in `student.py`; expected once"),
        ({"return 2 * x": "x"}, "`find` occurs 2 times in `student.py`; expected once"),
        ({"return x": "return 2 * x"}, "`replace` is the same as `find`"),
    ],
)
def test_an_edit_of_no_use_is_explained(tiny, changes, words):
    """An edit has to find its text once, in a file that students hand in, and to change it."""
    text = GOOD
    for old, new in changes.items():
        text = text.replace(f"'{old}'", f"'{new}'").replace(f'"{old}"', f'"{new}"')
    (mistake,) = read_mistakes(tiny(mistakes__toml=text))
    assert explain_edit(mistake, FILES, editable=("student.py",)) == words


def test_a_mistake_changes_one_place(tiny):
    """Making a mistake changes its text and nothing else."""
    (mistake,) = read_mistakes(tiny(mistakes__toml=GOOD))
    assert make_mistake(mistake, FILES) == {**FILES, "student.py": b"def double(x):\n    return x\n"}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"student.py": '"""Doubles by adding."""\n'}, ""),
        ({}, "it holds no file"),
        ({"support.py": '"""Other."""\n'}, "students may not change `support.py`, so it is restored before grading"),
        ({"student.py": FILES["student.py"].decode()}, "its `student.py` is the reference's own"),
        ({"student.py": "x = 1\n"}, "its `student.py` has no docstring that says what is different"),
    ],
)
def test_an_overlay_of_no_use_is_explained(tiny, tmp_path, files, words):
    """A variant has files that differ, that students hand in, and that say what is different."""
    assignment = tiny(**{f"variants/one/{name}": content for name, content in files.items()})
    (assignment.folder / "variants" / "one").mkdir(parents=True, exist_ok=True)
    (variant,) = read_variants(assignment)
    assert (variant.name, list(variant.files)) == ("one", list(files))
    assert explain_overlay(variant, FILES, editable=("student.py",)) == words


WHOLE = 'name = "w"\nfile = "best.pt"\ncheck = "test_double"\nverdict = "wrong"\n'


def test_a_mistake_may_replace_a_whole_file(tiny):
    """`instead` names a file in the folder `mistakes`, and `left_out` hands none in."""
    text = f'[[mistake]]\n{WHOLE}instead = "other.pt"\n[[mistake]]\n{WHOLE.replace("w", "v", 1)}left_out = true\n'
    other, absent = read_mistakes(tiny(mistakes__toml=text, **{"mistakes/other__pt": b"\xff\x00"}))
    files = {**FILES, "best.pt": b"\xfe"}
    assert not explain_edit(other, files, editable=("best.pt",))
    assert make_mistake(other, files) == {**FILES, "best.pt": b"\xff\x00"}
    assert make_mistake(absent, files) == FILES
    assert explain_edit(other, {"best.pt": b"\xff\x00"}, editable=("best.pt",)) == (
        "`instead` is the reference's own file"
    )
    assert explain_edit(absent, FILES, editable=("best.pt",)) == "the reference has no `best.pt`"


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        ("", "`mistake w` changes nothing. Write one of `find` (with `replace`), `instead` and `left_out = true`."),
        ('find = "x"\nleft_out = true', "`mistake w` has `find` and `left_out`. Write one of"),
        ('instead = "nowhere.pt"', "`mistake w.instead` is `nowhere.pt`, which is no file in the folder `mistakes`"),
        ('instead = "../probes.py"', "is `../probes.py`, which is no file in the folder `mistakes` beside this one."),
    ],
)
def test_a_mistake_changes_one_thing(tiny, edit, words):
    """A mistake without an edit, with two, and one whose file lies elsewhere are refused."""
    with pytest.raises(CourseError) as raised:
        read_mistakes(tiny(mistakes__toml=f"[[mistake]]\n{WHOLE}{edit}\n"))
    assert words in str(raised.value)
