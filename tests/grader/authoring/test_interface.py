"""Tests of interface: courses import nothing else, and docs/reference.md says what is true and shows what works."""

import ast
import doctest
import inspect
import re
import shutil
import tomllib
from contextlib import nullcontext
from pathlib import Path

import numpy
import pytest
import torch

from grader.authoring.interface import FIXTURES, MARKER, MODULES, find_private_imports, public_names
from grader.authoring.mistakes import KEYS_OF_MISTAKES, read_grants, read_mistakes
from grader.authoring.record import record_assets
from grader.compare.hypotheses import HYPOTHESES, SHAPE_HYPOTHESES
from grader.courses.course import read_assignment
from grader.courses.task_table import KEYS_OF_TASKS, LIMITS_IN_SECONDS, LIMITS_IN_WHOLE_NUMBERS
from grader.grading import fixtures
from grader.grading.crediting import Crediting
from grader.grading.curves import Curves
from grader.grading.session import Conversation
from grader.probes import probe
from grader.sandbox.wire.limits import Limits

COURSE = Path(__file__).parents[3]
SAMPLES = COURSE / "tests" / "grader" / "sample_courses"
NOTEBOOK_MINI = SAMPLES / "notebook-mini"
OF_COURSES = ("tests/assignments", "reference", "student_template")
PLACES = [COURSE / place for place in OF_COURSES] + [mini / place for mini in SAMPLES.glob("*") for place in OF_COURSES]
PAGE = (COURSE / "docs" / "reference.md").read_text(encoding="utf-8")
ENTRY = re.compile(r"^### `(\w+)`$\n\n```python\n(.*?)```$(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
EXAMPLE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PREFIXES = re.compile(r"\b(?:collections\.abc|typing|grader(?:\.[a-z_]+)+)\.(?=\w)")
FIXTURE_CALLS = {
    "probe": Conversation.probe,
    "expected": Conversation.expected,
    "matches_recorded": Conversation.matches_recorded,
    "artifact": Conversation.artifact,
    "personal": Conversation.personal,
    "dataset": fixtures.LoadDataset.__call__,
    "curve": Curves.draw,
    "credit": Crediting.give,
}
HEAD = "import ast\nimport pytest\nimport torch\n"
TOML = """\
title = "Reference"
[submission]
required = ["student.py"]
editable = ["*.py"]
[submission.artifacts]
predictions = { path = "predictions.csv", mib = 1 }
[limits]
wall_s = 10.0
import_s = 20.0
[tasks.linear]
title = "A linear layer"
points = 5
[tasks.training]
title = "Training"
points = 5
"""


def _sections():
    """Return the entries of each section of the page, name → (signature, rest), by the section's title."""
    parts = re.split(r"^## (.+)$", PAGE, flags=re.MULTILINE)[1:]
    return {
        title.strip("`"): {name: (signature, rest) for name, signature, rest in ENTRY.findall(text)}
        for title, text in zip(parts[::2], parts[1::2], strict=True)
    }


FILES = "The files beside the checks"
SECTIONS = _sections()
TITLES = {**dict.fromkeys(MODULES), "The marker": (MARKER,), "The fixtures": FIXTURES, FILES: ()}
ENTRIES = [(title, name) for title, entries in SECTIONS.items() for name in entries]


def _examples(*titles):
    """Return the examples of some sections."""
    rests = [rest for title in titles for _signature, rest in SECTIONS[title].values()]
    return [example for rest in rests for example in EXAMPLE.findall(rest)]


def _files(*titles):
    """Return the examples of some sections as a file of probes and a file of checks."""
    imports = "".join(f"from {module} import {', '.join(names)}\n" for module, names in public_names().items())
    light = "".join(line for line in imports.splitlines(keepends=True) if "probes import" in line)
    examples = [example for example in _examples(*titles) if ">>>" not in example]
    probes = [example for example in examples if "@probe" in example]
    checks = [example for example in examples if "@probe" not in example]
    return HEAD + light + "\n".join(probes), HEAD + imports + "\n".join(checks)


@pytest.fixture
def grade(grade_many, tmp_path, monkeypatch, process_server):
    """Return a function that records a course's assets and returns the verdicts of the checks on its reference."""
    monkeypatch.setattr("grader.authoring.record.start_server", lambda *_args, **_settings: nullcontext(process_server))

    def grade(assignment):
        record_assets(assignment, write=True)
        reference = {path.name: path.read_bytes() for path in assignment.reference.glob("*")}
        result = grade_many(assignment, {"reference": reference}, folder=tmp_path / "in")["reference"]
        checks = [check for task in result.tasks for check in task.checks]
        return {check.name: f"{check.verdict}: {check.feedback.message}" for check in checks}

    return grade


def test_courses_import_only_what_is_public():
    """No probe, check, reference or kit of the bundled courses imports anything of the grader that is not public."""
    files = [path for place in PLACES for path in place.rglob("*.py")]
    assert len(files) > 200, "the courses are somewhere else now"
    found = [
        f"{path.relative_to(COURSE)}, line {one.line}: {one.name}"
        for path in files
        for one in find_private_imports(path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("from grader.compare import measured, Spec", []),
        ("import torch\nfrom probes import clone\nfrom . import grader", []),
        ("from grader.compare import compare", ["grader.compare.compare"]),
        ("from grader.compare.expect import measured", ["grader.compare.expect.measured"]),
        ("from grader.compare import *", ["grader.compare.*"]),
        ("from grader import compare", ["grader.compare"]),
        ("import grader.compare as c, grader", ["grader.compare", "grader"]),
        ("def f():\n    from grader.results.store import Store", ["grader.results.store.Store"]),
    ],
)
def test_private_imports(source, names):
    """An import is public as `from MODULE import NAME` with names of `__all__`, and private in every other form."""
    assert [one.name for one in find_private_imports(source)] == names


def test_private_imports_have_lines():
    """A private import is told with its line."""
    assert [one.line for one in find_private_imports("x = 1\n\nimport grader")] == [3]


def test_fixtures_are_those_of_their_module():
    """The fixtures of the interface are all that their module defines."""
    kind = type(fixtures.rng)
    assert {name for name, thing in vars(fixtures).items() if isinstance(thing, kind)} == set(FIXTURES)


def test_public_names_exist():
    """Every name that a module makes public is there; they are sorted, classes first."""
    for module, names in public_names().items():
        assert list(names) == sorted(names, key=lambda name: (name[0].islower(), name)), module
        scope = {}
        exec(f"from {module} import {', '.join(names)}", scope)
        assert set(names) <= set(scope)


def test_a_name_that_is_not_public():
    """The door of the data sets knows its public names only."""
    with pytest.raises(ImportError, match=r"cannot import name 'load_dataset' from 'grader\.datasets'"):
        exec("from grader.datasets import load_dataset")
    with pytest.raises(AttributeError, match=r"module 'grader\.datasets' has no attribute 'load_dataset'"):
        __import__("grader.datasets").datasets.load_dataset  # noqa: B018


def test_reference_has_every_name():
    """docs/reference.md has an entry for each public name, in the order of `__all__`, and for nothing else."""
    wanted = TITLES | public_names()
    assert {title: tuple(entries) for title, entries in SECTIONS.items()} == {k: tuple(v) for k, v in wanted.items()}


def test_reference_lists_every_name():
    """The table at the top of docs/reference.md names what each module makes public."""
    for module, names in public_names().items():
        assert f"| `{module}` | {', '.join(f'`{name}`' for name in names)} |" in PAGE


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry[1])
def test_reference_gives_an_example(entry):
    """Every entry has an example."""
    title, name = entry
    assert any(re.search(rf"\b{name}\b", example) for example in EXAMPLE.findall(SECTIONS[title][name][1]))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry[1])
def test_reference_gives_the_signature(entry, pytestconfig):
    """The signature of every entry is that of the code: names, kinds, types, defaults and what is returned."""
    title, name = entry
    told = SECTIONS[title][name][0]
    if name == MARKER:
        assert any(line.startswith(told.strip().replace('"', "'")) for line in pytestconfig.getini("markers"))
    elif name == "rng":
        assert told == "rng: torch.Generator\n"
        assert inspect.signature(inspect.unwrap(fixtures.rng)).return_annotation is torch.Generator
    elif title == "The fixtures":
        assert _of_page(told) == _of_code(FIXTURE_CALLS[name], is_method=True)
    else:
        assert _of_page(told) == _of_code(getattr(__import__(title, fromlist=[name]), name))


def _of_page(told):
    """Return a signature of the page without its defaults, and the defaults."""
    scope = {"torch": torch}
    for module in ("grader.compare", "grader.datasets"):
        exec(f"from {module} import *", scope)
    function = ast.parse(f"def {told.strip()}: ...").body[0]
    defaults = [one for one in (*function.args.defaults, *function.args.kw_defaults) if one is not None]
    return _without_defaults(function), [eval(ast.unparse(one), dict(scope)) for one in defaults]


def _of_code(thing, *, is_method=False):
    """Return the signature of a public name without its defaults, and the defaults."""
    if inspect.isclass(thing) and issubclass(thing, Exception) and "__init__" not in vars(thing):
        return "(message: str)", []
    signature = inspect.signature(thing)
    parameters = list(signature.parameters.values())[is_method:]
    bare = signature.replace(
        parameters=[one.replace(default=one.empty) for one in parameters],
        return_annotation=signature.empty if inspect.isclass(thing) else signature.return_annotation,
    )
    text = PREFIXES.sub("", str(bare)).replace("torch.nn.modules.module.Module", "torch.nn.Module")
    text = text.replace("torch._C.Generator", "torch.Generator")
    function = ast.parse(f"def f{text}: ...").body[0]
    return _without_defaults(function), [_default(one) for one in parameters if one.default is not one.empty]


def _without_defaults(function):
    arguments = function.args
    arguments.defaults, arguments.kw_defaults = [], [None] * len(arguments.kwonlyargs)
    returned = f" -> {ast.unparse(function.returns)}" if function.returns else ""
    return f"({ast.unparse(arguments)}){returned}"


def _default(parameter):
    """Return a default; the one that a dataclass makes anew each time is an empty dict."""
    return {} if repr(parameter.default) == "<factory>" else parameter.default


@pytest.mark.parametrize("title", MODULES)
def test_reference_answers_as_shown(title):
    """Every example with `>>>` gives what the page shows."""
    scope = {"torch": torch, "np": numpy}
    for module in MODULES:
        exec(f"from {module} import *", scope)
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    told = []
    for example in _examples(title):
        test = parser.get_doctest(example, dict(scope), title, "docs/reference.md", 0)
        runner.run(test, out=told.append)
    assert not runner.summarize(verbose=False).failed, "".join(told)


def test_reference_shows_checks_that_pass(make_course, grade, tmp_path):
    """The probes and checks of the page are one assignment, which its reference passes."""
    sections = ("grader.probes", "The marker", "The fixtures")
    probes, checks = _files(*sections)
    student = next(example for example in EXAMPLE.findall(PAGE) if example.startswith("# student.py"))
    reference = {"student.py": student, "predictions.csv": "left\nright\nright\nleft\n"}
    course = make_course(tmp_path, toml=TOML, probes=probes, checks=checks, reference=reference, slug="page")
    verdicts = grade(read_assignment(course, "page"))
    assert len(verdicts) == 10
    assert {name: told for name, told in verdicts.items() if not told.startswith("passed")} == {}


def test_reference_shows_probes_of_a_notebook(grade, tmp_path):
    """The probes and checks of notebooks on the page work on the notebook mini course."""
    course = shutil.copytree(NOTEBOOK_MINI, tmp_path / "course")
    folder = course / "tests" / "assignments" / "notebook-mini"
    probes, checks = _files("grader.notebook_probes")
    (folder / "probes_page.py").write_text(probes, encoding="utf-8")
    (folder / "test_page.py").write_text(checks + CHECKS_OF_PROBES, encoding="utf-8")
    verdicts = grade(read_assignment(course, "notebook-mini"))
    assert {name: told for name, told in verdicts.items() if not told.startswith("passed")} == {}
    assert {"test_mlp_is_defined_once", "test_stopped", "test_has_check", "test_first_mlp"} <= set(verdicts)


CHECKS_OF_PROBES = '''
@pytest.mark.graded(task="mlp")
def test_stopped(probe):
    """stopped finds what trains"""
    actual = probe("stopped")
    assert actual["why"] == ["it trains"], actual["why"]
    assert len(actual["lines"]) == 1

@pytest.mark.graded(task="mlp")
def test_has_check(probe):
    """has_check finds the cell"""
    assert probe("has_check")["has check"] is True

@pytest.mark.graded(task="mlp")
def test_first_mlp(probe):
    """first_mlp returns scores"""
    assert_matches(probe("first_mlp", x=torch.ones(5, 6), num_classes=3), {"scores": Spec((5, 3))})
'''


def test_probe_is_a_declaration():
    """What is imported as `probe` by probe files declares, and has nothing to do with the fixture of that name."""
    assert probe(needs=["student"])(dict).needs == ("student",)


def test_reference_shows_every_key_of_mistakes(make_course, read_tiny, write_files, tmp_path):
    """The block on mistakes.toml is read as it stands, and holds each key that there is."""
    block = re.search(r"^```toml\n(.*?)^```$", PAGE.partition(f"## {FILES}")[2], re.MULTILINE | re.DOTALL)[1]
    assignment = read_tiny(make_course(tmp_path))
    write_files(assignment.folder, {"mistakes.toml": block, "mistakes/random.safetensors": "x"})
    mistakes = read_mistakes(assignment)
    assert [mistake.name for mistake in mistakes] == ["mean-over-everything", "other-weights", "no-predictions"]
    assert {mistakes[0].lookalike} <= {one.name for one in (*HYPOTHESES, *SHAPE_HYPOTHESES)}
    assert {key for table in tomllib.loads(block)["mistake"] for key in table} == set(KEYS_OF_MISTAKES)
    assert [grant.check for grant in read_grants(assignment)] == ["test_split_sizes"]


def test_pages_name_every_key_of_an_assignment():
    """Each limit has its default on the reference page, and each key of assignment.toml stands on some page."""
    rows = dict(re.findall(r"^\| (`[^|]+) \| ([\d, ]+) \|", PAGE, re.MULTILINE))
    told = {
        key: float(value)
        for keys, values in rows.items()
        for key, value in zip(re.findall(r"`(\w+)`", keys), values.split(","), strict=True)
    }
    assert told == {key: getattr(Limits(), key) for key in (*LIMITS_IN_SECONDS, *LIMITS_IN_WHOLE_NUMBERS)}
    pages = "".join(page.read_text(encoding="utf-8") for page in (COURSE / "docs").glob("*.md"))
    assert [key for key in KEYS_OF_TASKS if not re.search(rf"\b{key} = ", pages)] == []
