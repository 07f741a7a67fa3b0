"""Promises of `course`, `assignment_file`, `toml_table` and `globs`."""

from pathlib import Path

import pytest

from grader.courses.assignment import helper_files, tasks_below
from grader.courses.course import (
    Assignment,
    Scoring,
    SubmissionKind,
    check_files,
    find_course,
    is_hidden_file,
    list_slugs,
    read_assignment,
    read_kit,
)
from grader.courses.globs import find_glob_fault, is_matched
from grader.errors import CourseError

GOOD = """\
title = "HW2: layers"
[submission]
kind = "package"
required = ["hw2/layers.py"]
editable = ["hw2/*.py"]
[sandbox]
preload = ["torch"]
[limits]
wall_s = 7.5
memory_mib = 512
[tasks.linear]
title = "Linear layer"
points = 10
[tasks.speed]
title = "Speed"
points = 2.5
scoring = "all-or-nothing"
dtype = "any float"
hidden = true
"""


def make_course(folder: Path, text: str = GOOD, *, slug: str = "hw2") -> Path:
    file = folder / "tests" / "assignments" / slug / "assignment.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return folder


def read(folder: Path, text: str = GOOD) -> Assignment:
    return read_assignment(make_course(folder, text), "hw2")


def test_find_course_walks_up(tmp_path):
    """A course is found from any folder inside it."""
    inside = make_course(tmp_path) / "reference" / "hw2"
    inside.mkdir(parents=True)
    assert find_course(inside) == tmp_path


def test_find_course_outside(tmp_path):
    """Outside of a course the error says what was looked for and what to do."""
    with pytest.raises(CourseError, match=r"not in a course: no folder .*`tests/assignments/`.*--course PATH"):
        find_course(tmp_path)


def test_a_course_that_is_not_there_is_no_other_one(tmp_path):
    """A slip in a path doesn't find the course above it."""
    with pytest.raises(CourseError, match=r"There is no folder .*nowhere"):
        find_course(make_course(tmp_path) / "nowhere")


def test_list_slugs(tmp_path):
    """Slugs are the sorted folders that hold an assignment.toml."""
    for slug in ("b", "a"):
        make_course(tmp_path, slug=slug)
    (tmp_path / "tests" / "assignments" / "notes").mkdir()
    assert list_slugs(tmp_path) == ("a", "b")


def test_read_assignment(tmp_path):
    """Everything in assignment.toml arrives, and the folders are those of the course."""
    assignment = read(tmp_path)
    assert (assignment.slug, assignment.title) == ("hw2", "HW2: layers")
    assert assignment.folder == tmp_path / "tests" / "assignments" / "hw2"
    assert assignment.assets == tmp_path / "assets" / "hw2"
    assert assignment.reference == tmp_path / "reference" / "hw2"
    assert assignment.handed_in.kind is SubmissionKind.PACKAGE
    assert assignment.handed_in.required == ("hw2/layers.py",)
    assert assignment.sandbox.preload == ("torch",)
    assert assignment.limits == {"wall_s": 7.5, "memory_mib": 512}


def test_tasks_keep_their_order(tmp_path):
    """Tasks come in the order of the file, with defaults filled in."""
    linear, speed = read(tmp_path).tasks
    assert (linear.name, linear.points, linear.scoring, linear.hidden) == (
        "linear",
        10.0,
        Scoring.PROPORTIONAL,
        False,
    )
    assert (speed.name, speed.points, speed.scoring, speed.hidden) == (
        "speed",
        2.5,
        Scoring.ALL_OR_NOTHING,
        True,
    )
    assert (linear.any_float, speed.any_float) == (False, True)


def test_questions_are_read(tmp_path):
    """A question that is answered in words names its variable's module, a title and perhaps points."""
    own = "[answers.part1_q1]\ntitle = 'Why?'\npoints = 4\nmodule = 'hw2.answers'\n[answers.q2]\ntitle = 'How?'\n"
    why, how = read(tmp_path, GOOD + own + "module = 'hw2.answers'\n").questions
    assert (why.name, why.title, why.module, why.points) == ("part1_q1", "Why?", "hw2.answers", 4.0)
    assert (how.name, how.points) == ("q2", 0.0)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (
            "[answers.q-1]\ntitle = 'Why?'\nmodule = 'hw2.answers'",
            "`answers.q-1` is not the name of a variable. Name it as",
        ),
        ("[answers.q1]\ntitle = 'Why?'", r"`answers.q1.module` is missing"),
        ("[answers.q1]\nmodule = 'hw2.answers'", r"`answers.q1.title` is missing"),
        ("[answers.q1]\ntitle = 'a'\nmodule = 'hw3.a'", r"is `hw3.a`, a file that no glob .* Add \"hw3/a.py\" to"),
        ("[answers.q1]\ntitle = 'a'\nmodule = 'hw2.a'\npoints = -1", r"`answers.q1.points` is -1; expected 0 or more"),
    ],
)
def test_mistakes_in_questions(tmp_path, table, words):
    """A question that could never be answered is refused."""
    with pytest.raises(CourseError, match=words):
        read(tmp_path, GOOD + table + "\n")


def test_shims_are_known_by_name(tmp_path):
    """An assignment names what it gives back to old code: single names, or a family of them."""
    assignment = read(tmp_path, GOOD.replace("[limits]", 'shims = ["numpy.*", "matplotlib.cm.get_cmap"]\n[limits]'))
    assert assignment.sandbox.shims == ("numpy.*", "matplotlib.cm.get_cmap")


def test_an_unknown_shim_is_refused(tmp_path):
    """A name that can't be given back is answered with the nearest one that can."""
    words = (
        r"`sandbox.shims` holds `numpy.imt`, which is not a name that can be given back\. Did you mean `numpy.int`\?"
    )
    with pytest.raises(CourseError, match=words):
        read(tmp_path, GOOD.replace("[limits]", 'shims = ["numpy.imt"]\n[limits]'))


def test_a_task_may_be_long_and_have_limits(tmp_path):
    """A training task says that it is long, and how long its probes may take; others keep the assignment's limits."""
    own = "\n[tasks.fit]\ntitle = 'Fit'\npoints = 1\nlong = true\nlimits = { wall_s = 60, cpu_s = 90.5 }\n"
    linear, _speed, fit = read(tmp_path, GOOD + own).tasks
    assert (linear.long, linear.limits) == (False, {})
    assert (fit.long, fit.limits) == (True, {"wall_s": 60, "cpu_s": 90.5})


def test_what_a_task_builds_on(tmp_path):
    """A task names its parts, and the tasks above that it builds on, however indirectly; some may be a bonus."""
    own = '\n[tasks.net]\ntitle = "Net"\npoints = 1\nbonus = true\nbuilds_on = ["mid"]\n'
    mid = '\n[tasks.mid]\ntitle = "Mid"\npoints = 1\nparts = ["hw2.layers.Mid"]\nbuilds_on = ["linear"]\n'
    good = GOOD.replace("points = 10", 'points = 10\nparts = ["hw2.layers.Linear", "hw2.layers.f"]')
    tasks = read(tmp_path, good + mid + own).tasks
    assert (tasks[0].parts, tasks[0].builds_on, tasks[0].bonus) == (("hw2.layers.Linear", "hw2.layers.f"), (), False)
    assert (tasks[-1].builds_on, tasks[-1].bonus) == (("mid",), True)
    assert [task.name for task in tasks_below(tasks[-1], tasks)] == ["linear", "mid"]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (
            'builds_on = ["liner"]',
            r"`tasks.net.builds_on` names `liner`, which is no task above\. Did you mean `linear`",
        ),
        ('builds_on = ["net"]', "names `net`, which is no task above"),
        ('builds_on = ["speed"]', "names `speed`, which has no parts. Give `.tasks.speed.` its `parts`"),
        (
            'builds_on = ["linear"]\nparts = ["hw2.layers.Linear"]',
            "leads to `linear`, which is about `hw2.layers.Linear` as",
        ),
        ('parts = ["torch.nn.Linear"]', "`tasks.net.parts` holds `torch.nn.Linear`, which no student's module defines"),
        ('parts = ["Linear"]', "holds `Linear`, which no student's module defines. Name classes"),
    ],
)
def test_mistakes_in_what_a_task_builds_on(tmp_path, lines, words):
    """A part is a student's own, a foundation stands above and has parts, and no task's own part is put in place."""
    good = GOOD.replace("points = 10", 'points = 10\nparts = ["hw2.layers.Linear"]')
    with pytest.raises(CourseError, match=words):
        read(tmp_path, f'{good}\n[tasks.net]\ntitle = "Net"\npoints = 1\n{lines}\n')


def test_grounds_of_a_task(tmp_path):
    """A task may state the grounds of all its checks, and an assignment that an audit shall not ask for them."""
    tasks = read(tmp_path, GOOD + 'grounds = "line 4: fast enough"\n').tasks
    assert [task.grounds for task in tasks[:2]] == ["", "line 4: fast enough"]
    assert read(tmp_path / "b", GOOD).demands_grounds
    assert not read(tmp_path / "c", GOOD + "[audit]\ngrounds = false\n").demands_grounds


def test_what_an_audit_asks_for_is_set(tmp_path):
    """The share of hidden checks that is advised, and regions that no check is for, can be set; a share is a share."""
    default = read(tmp_path / "a")
    assert (default.hidden_share, default.unchecked, default.demands_prices) == (1 / 3, (), False)
    chosen = read(tmp_path / "b", GOOD + '[audit]\nhidden_share = 0\nunchecked = ["Plot it."]\nprices = true\n')
    assert (chosen.hidden_share, chosen.unchecked, chosen.demands_prices) == (0.0, ("Plot it.",), True)
    with pytest.raises(CourseError, match=r"hidden_share` is 2\. Write a number from 0 \(none\) to 1"):
        read(tmp_path / "c", GOOD + "[audit]\nhidden_share = 2\n")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('grounds = "line 4"', "`tasks.speed.grounds` is `line 4`. Write place and gist of the text, `line 40: the"),
        (
            "limits = { memory_mib = 9 }",
            "`tasks.speed.limits.memory_mib` bounds a whole submission, .* are `wall_s` and",
        ),
        ("limits = { wall = 9 }", r"`tasks.speed.limits.wall` is not a key .*\. Did you mean `wall_s`\?"),
        ("limits = { cpu_s = 0 }", "`tasks.speed.limits.cpu_s` is 0; expected a number above 0"),
        ("long = 1", "`tasks.speed.long` is 1; expected true or false"),
    ],
)
def test_mistakes_in_what_is_a_tasks_own(tmp_path, line, words):
    """Limits that a task can't have of its own are refused with what can be written."""
    with pytest.raises(CourseError, match=words):
        read(tmp_path, GOOD + line + "\n")


def test_unknown_slug(tmp_path):
    """An unknown slug is answered with the nearest one and with all there are."""
    with pytest.raises(CourseError, match=r"no assignment `hw3`\. Did you mean `hw2`\? It has: `hw2`\."):
        read_assignment(make_course(tmp_path), "hw3")


def test_slug_is_no_path(tmp_path):
    """A slug can't lead out of the course."""
    with pytest.raises(CourseError, match=r"no assignment `\.\./hw2`"):
        read_assignment(make_course(tmp_path), "../hw2")


def test_course_without_assignments(tmp_path):
    """A course without assignments says where the first one goes."""
    with pytest.raises(CourseError, match=r"none yet: add `tests/assignments/hw2/assignment.toml`"):
        read_assignment(tmp_path, "hw2")


def test_read_kit(tmp_path):
    """A kit keeps everything under checks/, has no reference, and takes its slug from the file."""
    checks = tmp_path / "my work" / "checks"
    checks.mkdir(parents=True)
    (checks / "assignment.toml").write_text('slug = "hw2"\n' + GOOD)
    kit = read_kit(tmp_path / "my work")
    assert kit is not None
    assert (kit.slug, kit.folder, kit.assets, kit.reference) == ("hw2", checks, checks / "assets", None)


def test_read_kit_without_slug(tmp_path):
    """A kit without a slug is named after its folder."""
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "assignment.toml").write_text(GOOD)
    kit = read_kit(tmp_path)
    assert kit is not None
    assert kit.slug == tmp_path.name


def test_no_kit(tmp_path):
    """A folder without checks/assignment.toml is no kit."""
    assert read_kit(tmp_path) is None


def test_helper_files(tmp_path):
    """Files of helpers are the sorted helpers*.py, hidden by the same ending as checks."""
    assignment = read(tmp_path)
    for name in ("helpers_b.py", "helpers_a_hidden.py", "helpers.py", "helper.py", "helpers.txt"):
        (assignment.folder / name).touch()
    files = helper_files(assignment)
    assert [file.name for file in files] == ["helpers.py", "helpers_a_hidden.py", "helpers_b.py"]
    assert [is_hidden_file(file) for file in files] == [False, True, False]


def test_check_files(tmp_path):
    """Check files are the sorted test_*.py; those named *_hidden.py are hidden."""
    assignment = read(tmp_path)
    for name in ("test_b.py", "test_a_hidden.py", "probes.py"):
        (assignment.folder / name).touch()
    files = check_files(assignment)
    assert [file.name for file in files] == ["test_a_hidden.py", "test_b.py"]
    assert [is_hidden_file(file) for file in files] == [True, False]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('kind = "package"', 'knd = "package"', r"`submission.knd` is not a key .*Did you mean `kind`\?"),
        ("points = 10", "colour = 10", r"`tasks.linear.colour` is not a key .*Known: `title`, `points`"),
        ('title = "HW2: layers"', "", r"`title` is missing\. Add `title` to the top of the file"),
        (
            "points = 10",
            "",
            r"`tasks.linear.points` is missing\. Add `points` to the table `\[tasks.linear\]`",
        ),
        ('title = "HW2: layers"', "title = 3", r"`title` is 3; expected a text\. Write `title = \"…\"`"),
        ('title = "HW2: layers"', 'title = " "', r"`title` is ' '; expected a text"),
        (
            'preload = ["torch"]',
            'preload = "torch"',
            r"`sandbox.preload` is 'torch'; expected a list of texts",
        ),
        ("points = 10", 'points = "ten"', r"`tasks.linear.points` is 'ten'; expected a number"),
        ("points = 10", "points = nan", r"`tasks.linear.points` is nan; expected a number"),
        ("points = 10", "points = true", r"`tasks.linear.points` is True; expected a number"),
        ("points = 10", "points = -3", r"`tasks.linear.points` is -3; expected 0 or more"),
        ("hidden = true", "hidden = 1", r"`tasks.speed.hidden` is 1; expected true or false"),
        (
            '"all-or-nothing"',
            '"all"',
            r'`tasks.speed.scoring` is "all"; expected "proportional" or "all-or-noth',
        ),
        ('"any float"', '"float"', r'`tasks.speed.dtype` is "float"; expected "any float"'),
        ('"package"', '"notebok"', r'`submission.kind` is "notebok"; .* Did you mean `notebook`\?'),
        ("wall_s = 7.5", "wall_s = 0", r"`limits.wall_s` is 0; expected a number above 0"),
        (
            "memory_mib = 512",
            "memory_mib = 0.5",
            r"`limits.memory_mib` is 0.5; expected a whole number.*= 1`",
        ),
        ("wall_s = 7.5", "wal_s = 7.5", r"`limits.wal_s` is not a key .*Did you mean `wall_s`\?"),
        ("[tasks.linear]", '[tasks."a b"]', r"has a name that can't be used: `a b`\. Use letters"),
        ('["hw2/*.py"]', "[]", r"`submission.editable` is empty\. Name at least one"),
        ('["hw2/*.py"]', '["../*.py"]', r"holds `../\*.py`, which does not stay below .*Write a path"),
        ('["hw2/layers.py"]', '["hw2/l*.py"]', r"holds the glob `hw2/l\*.py`\. Name each required file"),
        ('["hw2/layers.py"]', '["x/y.py"]', r"`x/y.py`, which no glob in `editable` .*Add \"x/\*.py\" to"),
        ("[sandbox]", "[sandbox", r"is not valid TOML: .*line 6.*Correct that line"),
        ("points = 10", 'points = 1\nforbidden = ["torch nn"]', r"holds `torch nn`, which is not a dotted name"),
        ("points = 10", 'points = 1\nforbidden_in = ["/x"]', r"`tasks.linear.forbidden_in` holds `/x`, which does not"),
        ('title = "HW2: layers"', 'title = "a"\nslug = "b"', r"`slug` is `b`, but the folder is named `hw2`"),
    ],
)
def test_mistakes_are_named(tmp_path, old, new, words):
    """Every mistake in assignment.toml is answered with file, key and remedy."""
    assert old in GOOD
    with pytest.raises(CourseError, match=r"(?s)assignment\.toml.*" + words):
        read(tmp_path, GOOD.replace(old, new, 1))


def test_empty_tasks(tmp_path):
    """An assignment without tasks is refused with an example."""
    text = GOOD[: GOOD.index("[tasks.linear]")] + "[tasks]\n"
    with pytest.raises(CourseError, match=r"`tasks` is empty.*Add `\[tasks.linear\]`"):
        read(tmp_path, text)


def test_tasks_is_no_table(tmp_path):
    """A value where a table belongs is refused with the table's heading."""
    text = "tasks = 3\n" + GOOD[: GOOD.index("[tasks.linear]")]
    with pytest.raises(CourseError, match=r"`tasks` is 3; expected a table\. Write `\[tasks\]`"):
        read(tmp_path, text)


def test_not_utf8(tmp_path):
    """A file in another encoding is refused with the place of the first odd byte."""
    make_course(tmp_path)
    file = tmp_path / "tests" / "assignments" / "hw2" / "assignment.toml"
    file.write_bytes(b'title = "\xff"')
    with pytest.raises(CourseError, match=r"is not UTF-8 \(byte 9\)\. Save it as UTF-8"):
        read_assignment(tmp_path, "hw2")


def test_unreadable_file(tmp_path):
    """An assignment.toml that can't be opened is refused with the reason."""
    (tmp_path / "tests" / "assignments" / "hw2" / "assignment.toml").mkdir(parents=True)
    with pytest.raises(CourseError, match=r"assignment.toml can't be read: Is a directory"):
        read_assignment(tmp_path, "hw2")


@pytest.mark.parametrize(
    ("path", "glob", "expected"),
    [
        ("hw2/a.py", "hw2/*.py", True),
        ("hw2/b/a.py", "hw2/*.py", False),
        ("hw2/a.py", "hw2/**/*.py", True),
        ("hw2/b/c/a.py", "hw2/**/*.py", True),
        ("hw2/b/c/a.py", "hw2/**", True),
        ("hw2", "hw2/**", False),
        ("HW2/a.py", "hw2/*.py", False),
        ("hw2/a.pyc", "hw2/*.py", False),
        ("x/hw2/a.py", "hw2/*.py", False),
        ("a.ipynb", "*.ipynb", True),
    ],
)
def test_globs(path, glob, expected):
    """A star stays within a folder, two stars span any number of them."""
    assert is_matched(path, [glob]) is expected


@pytest.mark.parametrize(
    ("glob", "words"),
    [
        (" ", "is empty"),
        ("a\\b", "has a backslash"),
        ("/a", "does not stay below"),
        ("a/../b", "does not stay below"),
        ("a//b", "does not stay below"),
        ("a/**.py", "stands alone"),
        ("a/[b.py", "unbalanced"),
        ("a/[bc].py", ""),
    ],
)
def test_glob_faults(glob, words):
    """A faulty glob is described, a sound one is not."""
    fault = find_glob_fault(glob)
    assert words in fault
    assert bool(words) == bool(fault)


def test_forbidden_names(tmp_path):
    """A task may forbid dotted names; without `forbidden_in` they hold for every file a student may change."""
    with_names = GOOD.replace("points = 10", 'points = 10\nforbidden = ["torch.nn.Linear", "torch.optim.*"]')
    task = read(tmp_path, with_names).tasks[0]
    assert task.forbidden == ("torch.nn.Linear", "torch.optim.*")
    assert task.forbidden_in == ("hw2/*.py",)
    task = read(tmp_path, with_names.replace("points = 10", 'points = 10\nforbidden_in = ["hw2/layers.py"]')).tasks[0]
    assert task.forbidden_in == ("hw2/layers.py",)
