"""Tests of grader.courses.checks: what a check may declare, and the words for what it may not."""

from dataclasses import replace

import pytest

from grader.courses.checks import Check, after_those_of, duplicates, in_order, with_those_before
from grader.errors import CourseError
from grader.grading import plugin
from grader.grading.check_session import in_session


@pytest.fixture
def collect(make_course, read_tiny, tmp_path):
    """Return a function that collects checks and returns what they declare, in the order they run."""

    def collect(source):
        checks = source if isinstance(source, dict) else {"test_tiny.py": f"import pytest\n{source}"}
        found = []

        def run(session):
            declared = session.config.stash[plugin.CHECKS]
            found.extend(declared[item.name] for item in session.items)

        in_session(read_tiny(make_course(tmp_path, checks=checks)), run)
        return found

    return collect


def _check(name, *after):
    return Check(name, "", "", "double", 1.0, after, "cpu", hidden=False)


def test_a_check_declares_its_task_and_words(collect):
    """The first line of the docstring is the title, the rest the hint, one paragraph a block."""
    (check,) = collect(
        '@pytest.mark.graded(task="double", weight=2.5, device="cuda")\n'
        'def test_a():\n    """Doubles `x`.\n\n    Multiply\n    by two.\n\n    Or add.\n    """\n'
    )
    assert check == Check("test_a", "Doubles `x`", "Multiply by two.\n\nOr add.", "double", 2.5, (), "cuda", False)


def test_a_check_states_its_grounds(collect):
    """A check says which sentence of the assignment's text it rests on: its own grounds, else those of its task."""
    own, shared = collect(
        '@pytest.mark.graded(task="double", grounds="line 40: twice x")\ndef test_a():\n    "a"\n'
        '@pytest.mark.graded(task="double")\ndef test_b():\n    "b"\n'
    )
    assert (own.grounds, shared.grounds) == ("line 40: twice x", "")


def test_advice_weighs_nothing(collect):
    """Advice has the weight 0, and may come after a check with points."""
    check, advice = collect(
        '@pytest.mark.graded(task="double")\ndef test_a():\n    "a"\n'
        '@pytest.mark.graded(task="double", after="test_a", advice=True)\ndef test_b():\n    "b"\n'
    )
    assert (check.weight, check.advice, advice.weight, advice.advice) == (1.0, False, 0.0, True)


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        ('advice="yes"', "test_a: `advice` is 'yes'; expected True or False"),
        ("strict=1", "test_a: `strict` is 1; expected True or False"),
        ("advice=True, weight=2", "test_a is advice and has a weight"),
        ('grounds="line 40"', "test_a has the grounds 'line 40'.*Write place and gist"),
        ("grounds=40", "test_a has the grounds 40"),
    ],
)
def test_advice_and_grounds_have_a_form(collect, mark, words):
    """Advice is a flag without a weight, and grounds name place and gist; anything else is refused."""
    with pytest.raises(CourseError, match=words):
        collect(f'@pytest.mark.graded(task="double", {mark})\ndef test_a():\n    "a"\n')


def test_points_never_hang_on_advice(collect):
    """A check with points that comes after advice is refused: it would be skipped for what costs nothing."""
    with pytest.raises(CourseError, match=r"test_b comes after test_a, which is advice.*Take test_a out"):
        collect(
            '@pytest.mark.graded(task="double", advice=True)\ndef test_a():\n    "a"\n'
            '@pytest.mark.graded(task="double", after="test_a")\ndef test_b():\n    "b"\n'
        )


def test_weight_is_one_by_default(collect):
    """A check that states no weight has the weight 1 and runs on the CPU."""
    (check,) = collect('@pytest.mark.graded(task="double")\ndef test_a():\n    "title"\n')
    assert (check.weight, check.device, check.after) == (1.0, "cpu", ())


def test_after_takes_one_name_or_several(collect):
    """`after` is a name or a tuple of names."""
    checks = collect(
        '@pytest.mark.graded(task="double", after="test_c")\ndef test_a():\n    "a"\n'
        '@pytest.mark.graded(task="double", after=("test_a", "test_c"))\ndef test_b():\n    "b"\n'
        '@pytest.mark.graded(task="double")\ndef test_c():\n    "c"\n'
    )
    assert [(check.name, check.after) for check in checks] == [
        ("test_c", ()),
        ("test_a", ("test_c",)),
        ("test_b", ("test_a", "test_c")),
    ]


def test_a_check_is_hidden_by_its_file_or_its_task(collect, make_course, read_tiny, tmp_path):
    """Checks in a file test_…_hidden.py are hidden."""
    source = 'import pytest\n@pytest.mark.graded(task="double")\ndef test_{}():\n    "title"\n'
    checks = collect({"test_a.py": source.format("a"), "test_b_hidden.py": source.format("b")})
    assert [(check.name, check.hidden) for check in checks] == [("test_a", False), ("test_b", True)]


def test_seeds_are_fixed_by_the_name():
    """A public check's seed depends on its name alone."""
    assert _check("test_a").seed == _check("test_a", "test_b").seed != _check("test_b").seed


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def test_a():\n    'x'\n", 'test_tiny.py: test_a has no task. Mark it with `@pytest.mark.graded(task="…")`.'),
        (
            '@pytest.mark.graded(task="duble")\ndef test_a():\n    "x"\n',
            "test_tiny.py: test_a belongs to the unknown task 'duble'. Did you mean `double`?",
        ),
        ("@pytest.mark.graded()\ndef test_a():\n    'x'\n", "test_a belongs to the unknown task ''. Known: `double`"),
        (
            '@pytest.mark.graded(task="double", wait=1)\ndef test_a():\n    "x"\n',
            "test_tiny.py: test_a: `graded` does not take 'wait'. It takes task, weight, after, device, grounds, "
            "advice, dtype, strict, by name.",
        ),
        ('@pytest.mark.graded("double")\ndef test_a():\n    "x"\n', "`graded` does not take 'positional arguments'."),
        ('@pytest.mark.graded(task="double", weight=0)\ndef test_a():\n    "x"\n', "test_a has the weight 0. Give a"),
        ('@pytest.mark.graded(task="double", weight=True)\ndef test_a():\n    "x"\n', "test_a has the weight True."),
        ('@pytest.mark.graded(task="double", weight="x")\ndef test_a():\n    "x"\n', "test_a has the weight 'x'."),
        (
            '@pytest.mark.graded(task="double", weight=float("nan"))\ndef test_a():\n    "x"\n',
            "test_a has the weight nan.",
        ),
        (
            '@pytest.mark.graded(task="double", weight=float("inf"))\ndef test_a():\n    "x"\n',
            "test_a has the weight inf.",
        ),
        (
            '@pytest.mark.graded(task="double", dtype="float64")\ndef test_a():\n    "x"\n',
            "test_a: `dtype` is 'float64'. Write `dtype=\"any float\"`, or expect values of the dtype.",
        ),
        (
            '@pytest.mark.graded(task="double", device="gpu")\ndef test_a():\n    "x"\n',
            "test_a asks for the device 'gpu'. Known: cpu, cuda.",
        ),
        (
            '@pytest.mark.graded(task="double", device="cuda")\ndef test_a(probe, expected):\n    "x"\n',
            "test_a expects what was recorded, and runs on the device 'cuda'. Assets are recorded on the CPU.",
        ),
        (
            '@pytest.mark.graded(task="double")\ndef test_a():\n    pass\n',
            "test_a has no docstring. Its first line is the title that students read.",
        ),
        (
            '@pytest.mark.graded(task="double", after="test_b")\ndef test_a():\n    "x"\n'
            '@pytest.mark.graded(task="double", after="test_a")\ndef test_b():\n    "x"\n',
            "Checks depend on each other in a circle: test_a → test_b → test_a.",
        ),
        (
            '@pytest.mark.graded(task="double", after="test_linear")\ndef test_a():\n    "x"\n'
            '@pytest.mark.graded(task="double")\ndef test_liner():\n    "x"\n',
            "test_a comes after the unknown check 'test_linear'. Did you mean `test_liner`?",
        ),
        (
            '@pytest.mark.graded(task="double")\ndef test_a():\n    "x"\n'
            'class TestMore:\n    @pytest.mark.graded(task="double")\n    def test_a(self):\n        "x"\n',
            "Two checks are called test_a. Give each a name of its own.",
        ),
    ],
)
def test_a_faulty_declaration_is_named(collect, source, words):
    """Checks that can't be graded raise CourseError with file, check and remedy."""
    with pytest.raises(CourseError) as raised:
        collect(source)
    assert words in str(raised.value)
    assert str(raised.value).startswith("The checks of tiny can't be run: ")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def test_a(:\n", "test_tiny.py: SyntaxError: invalid syntax. Mend that first."),
        ("import nowhere\n", "test_tiny.py: ModuleNotFoundError: No module named 'nowhere'. Mend that first."),
        ("1 / 0\n", "test_tiny.py: ZeroDivisionError: division by zero. Mend that first."),
    ],
)
def test_a_file_that_cannot_be_imported_is_named(collect, source, words):
    """Checks in a file that fails raise CourseError with the file and the reason."""
    with pytest.raises(CourseError) as raised:
        collect(source)
    assert words in str(raised.value)


def test_an_assignment_needs_checks(collect):
    """An assignment without a file test_<part>.py is a mistake in the course."""
    with pytest.raises(CourseError, match=r"has no checks\. Add a file test_<part>\.py\."):
        collect({})


def test_a_hidden_checks_seed_follows_the_key():
    """Who knows the names of hidden checks, but not the course's key, can't draw their inputs."""
    hidden = replace(_check("test_a"), hidden=True)
    seeds = {replace(hidden, key=key).seed for key in ("", "one", "two")}
    assert len(seeds) == 3
    assert replace(hidden, key="one").seed == replace(hidden, key="one").seed


def test_only_hidden_checks_get_the_key(make_course, read_tiny, tmp_path):
    """A check in a `_hidden` file has the assignment's key; a public one draws what every kit can draw."""
    source = 'import pytest\n@pytest.mark.graded(task="double")\ndef test_{}():\n    "title"\n'
    checks = {f"test_{name}.py": source.format(name) for name in ("a", "a_hidden")}
    found = {}
    course = replace(read_tiny(make_course(tmp_path, checks=checks)), key="secret")
    in_session(course, lambda session: found.update(session.config.stash[plugin.CHECKS]))
    assert {name: check.key for name, check in found.items()} == {"test_a": "", "test_a_hidden": "secret"}


def test_public_checks_run_first():
    """in_order puts every public check before every hidden one, whatever order they were written in."""
    first, second, third = _check("a"), replace(_check("b", "c"), hidden=True), _check("c")
    assert in_order({check.name: check for check in (second, first, third)}) == ["a", "c", "b"]


def test_a_public_check_after_a_hidden_one_is_refused():
    """A public check that depends on a hidden one would have to run after it."""
    checks = {"a": _check("a", "b"), "b": replace(_check("b"), hidden=True)}
    with pytest.raises(CourseError, match=r"public check a comes after the hidden check b\. Public checks run first"):
        in_order(checks)


def test_dependants_run_last():
    """in_order puts each check after those it depends on and otherwise keeps the order given."""
    checks = {check.name: check for check in (_check("a", "c"), _check("b"), _check("c", "d"), _check("d"))}
    assert in_order(checks) == ["d", "c", "a", "b"]


def test_preconditions_are_found_however_indirect():
    """with_those_before returns the names with all that they come after; unknown names are left out."""
    checks = {check.name: check for check in (_check("a", "b"), _check("b", "c"), _check("c"), _check("d"))}
    assert with_those_before(["a", "nowhere"], checks) == {"a", "b", "c"}


def test_absent_checks_are_forgotten():
    """after_those_of drops the dependence on checks that were not collected."""
    assert after_those_of(_check("a", "b", "c"), ["a", "c"]).after == ("c",)


def test_duplicates_are_named_once():
    """duplicates returns each name that occurs more than once, sorted."""
    assert duplicates(["b", "a", "b", "c", "a", "b"]) == ["a", "b"]
