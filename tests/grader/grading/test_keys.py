"""Tests of grader.grading.keys: every ingredient of a result changes its key, and nothing else does."""

import itertools
import shutil
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.courses.course import read_assignment
from grader.datasets import places as dataset_places
from grader.grading import keys
from grader.grading.keys import key_of, secrets_of_test_data, task_digests

TOML = """\
title = "Tiny"
[submission]
required = ["student.py"]
editable = ["student.py"]
[limits]
wall_s = 1.0
[tasks.double]
title = "Doubling"
points = 10
[tasks.triple]
title = "Tripling"
points = 5
[tasks.learns]
title = "Learning"
points = 5
long = true
[answers.q1]
title = "A question"
module = "student"
"""
CHECKS = '''\
import pytest

FACTOR = 2

@pytest.mark.graded(task="double")
def test_double(probe):
    """double"""
    assert probe("double", x=1)["y"] == FACTOR

@pytest.mark.graded(task="triple", after="test_double")
def test_triple(probe):
    """triple"""
    assert probe("triple", x=1)["y"] == 3
'''
LEARNS = '''\
import pytest
from helpers_learning import WANTED

@pytest.mark.graded(task="learns")
def test_learns(probe, dataset):
    """learns"""
    assert dataset("fashion-mnist", "moons")
'''
MANIFEST = (
    '{"schema": 1, "torch": "2.13.0", "assets": {"test_double": {"sha256": "a"}, "test_triple.2": {"sha256": "b"}}}'
)
ALL = {"double", "triple", "learns"}
OWN = "tests/assignments/tiny/"


@pytest.fixture
def course(make_course, tmp_path, monkeypatch):
    """Return the folder of a course with all that can decide a result, on a machine with Fashion-MNIST."""
    folder = make_course(
        tmp_path / "course",
        toml=TOML,
        checks={
            "test_tiny.py": CHECKS,
            "test_learns.py": LEARNS,
            "helpers_learning.py": "WANTED = 0.9\n",
            "helpers_unused_hidden.py": "LEFT = 1\n",
            "numbers.json": "[1]",
            "data/more.json": "[2]",
        },
        reference={"student.py": "def double(x): return 2 * x\n", "support.py": "X = 1\n"},
    )
    (folder / "assets" / "tiny").mkdir(parents=True)
    (folder / "assets" / "tiny" / "manifest.json").write_text(MANIFEST)
    for name in ("test_double", "test_triple.2", "test_gone"):
        (folder / "assets" / "tiny" / f"{name}.safetensors").write_bytes(name.encode())
    raw = tmp_path / "data" / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for name in dataset_places.FASHION_MNIST_FILES:
        (raw / name).write_bytes(name.encode())
    monkeypatch.setenv("GRADER_DATA", str(tmp_path / "data"))
    return folder


def _digests(course, **settings):
    return task_digests(read_assignment(course, "tiny"), **{"wall": "process"} | settings)


def _changed(before, after):
    return {name for name in before if before[name] != after.get(name)}


def test_nothing_changed_nothing_changes(course, tmp_path):
    """The same course elsewhere has the same digests: they depend on contents, not on places or times."""
    elsewhere = shutil.copytree(course, tmp_path / "elsewhere", copy_function=shutil.copyfile)
    assert _digests(course) == _digests(elsewhere) == _digests(course)
    assert len(set(_digests(course).values())) == 3


FILES = {
    # file: (what is replaced, by what, whose digests change)
    "its check": ("test_tiny.py", "== FACTOR", "!= 7", {"double", "triple"}),
    "the check after it": ("test_tiny.py", "== 3", "== 4", {"triple"}),
    "its weight": ("test_tiny.py", 'task="triple"', 'task="triple", weight=2', {"triple"}),
    "its title": ("test_tiny.py", '"""triple"""', '"""Triple!"""', {"triple"}),
    "a constant": ("test_tiny.py", "FACTOR = 2", "FACTOR = 3", {"double", "triple"}),
    "an import": ("test_tiny.py", "import pytest", "import pytest, math", {"double", "triple"}),
    "a comment": ("test_tiny.py", "FACTOR = 2", "FACTOR = 2  # two", set()),
    "another file's check": ("test_learns.py", '"moons"', '"digits"', {"learns"}),
    "a probe": ("probes.py", "def double", "def twice", ALL),
    "a helper": ("helpers_learning.py", "0.9", "0.8", {"learns"}),
    "a comment in a helper": ("helpers_learning.py", "0.9", "0.9  # nine in ten", set()),
    "a helper that nobody imports": ("helpers_unused_hidden.py", "1", "2", set()),
    "another file": ("numbers.json", "1", "2", ALL),
    "a file further down": ("data/more.json", "2", "3", ALL),
    "a global limit": ("assignment.toml", "wall_s = 1.0", "wall_s = 2.0", ALL),
    "what students may change": ("assignment.toml", 'editable = ["student.py"]', 'editable = ["stu*.py"]', ALL),
    "a shim": ("assignment.toml", "[limits]", '[sandbox]\nshims = ["numpy.bool"]\n[limits]', ALL),
    "a preloaded module": ("assignment.toml", "[limits]", '[sandbox]\npreload = ["json"]\n[limits]', ALL),
    "a question's place": ("assignment.toml", "[answers.q1]", "[answers.q2]", ALL),
    "a task's limit": ("assignment.toml", "points = 10", "points = 10\nlimits = { wall_s = 9 }", {"double"}),
    "what is forbidden": ("assignment.toml", "points = 10", 'points = 10\nforbidden = ["torch.nn.Linear"]', {"double"}),
    "a hidden task": ("assignment.toml", "points = 10", "points = 10\nhidden = true", {"double"}),
    "points": ("assignment.toml", "points = 10", "points = 12", set()),
    "scoring": ("assignment.toml", "points = 10", 'points = 10\nscoring = "all-or-nothing"', set()),
    "a task's title": ("assignment.toml", "Doubling", "Twice", set()),
    "the title": ("assignment.toml", '"Tiny"', '"Small"', set()),
    "a question's title": ("assignment.toml", "A question", "Why?", set()),
    "how far an audit goes": ("assignment.toml", "[limits]", "[audit]\nhidden_share = 0.5\n[limits]", set()),
    "a deadline": ("assignment.toml", "[limits]", "[deadline]\ndue = 2026-12-01T23:59:00Z\n[limits]", set()),
    "a long task": ("assignment.toml", "long = true", "long = false", set()),
}


@pytest.mark.parametrize(("file", "old", "new", "whose"), FILES.values(), ids=FILES)
def test_a_changed_ingredient_changes_the_digests_of_its_tasks(course, file, old, new, whose):
    """Each file that decides a result changes the digests of exactly the tasks that it decides."""
    before = _digests(course)
    path = course / OWN / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    assert _changed(before, _digests(course)) == whose


@pytest.mark.parametrize(
    "name", ["mistakes_more.toml", "equivalents.toml", "demands.toml", "rubric.toml", "model_answers.md"]
)
def test_what_only_audits_and_people_read_decides_nothing(course, name):
    """Such a file may come and change while a class is being graded."""
    before = _digests(course)
    (course / OWN / name).write_text("changed")
    assert _digests(course) == before


def test_a_file_that_is_added_or_renamed_counts(course):
    """A new file decides all; a check's file that gets another name, hidden by it, decides its tasks.

    A new file of helpers decides nothing until somebody imports it.
    """
    before = _digests(course)
    (course / OWN / "test_learns.py").rename(course / OWN / "test_learns_hidden.py")
    renamed = _digests(course)
    assert _changed(before, renamed) == {"learns"}
    (course / OWN / "helpers_new.py").write_text("X = 1\n")
    assert _digests(course) == renamed
    (course / OWN / "more.py").write_text("")
    assert _changed(renamed, _digests(course)) == ALL
    (course / OWN / "mistakes.toml").write_text("")
    (course / OWN / "variants" / "a").mkdir(parents=True)
    (course / OWN / "variants" / "a" / "student.py").write_text("")
    (course / OWN / "more.py").unlink()
    assert _digests(course) == renamed


@pytest.mark.parametrize(
    ("file", "old", "new", "whose"),
    [
        ("test_double.safetensors", b"test", b"best", {"double", "triple"}),
        ("test_triple.2.safetensors", b"test", b"best", {"triple"}),
        ("test_gone.safetensors", b"test", b"best", ALL),
        ("manifest.json", b'{"sha256": "b"}', b'{"sha256": "c"}', {"triple"}),
        ("manifest.json", b'"schema": 1', b'"schema": 2', ALL),
        ("manifest.json", b"{", b"", ALL),
        ("manifest.json", b"2.13.0", b"2.12.0", set()),
    ],
)
def test_an_asset_belongs_to_its_check(course, file, old, new, whose):
    """A recorded asset and its tolerances decide their check's task and those after it; an unknown one decides all."""
    before = _digests(course)
    path = course / "assets" / "tiny" / file
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    assert _changed(before, _digests(course)) == whose


def test_support_files_decide_all_and_the_solution_the_test_data(course):
    """What students get from the reference decides all tasks; its solution only where test data are drawn by it."""
    before = _digests(course)
    (course / "reference" / "tiny" / "student.py").write_text("def double(x): return x + x\n")
    after = _digests(course)
    assert _changed(before, after) == {"learns"}
    (course / "reference" / "tiny" / "support.py").write_text("X = 2\n")
    assert _changed(after, _digests(course)) == ALL


def test_data_sets_decide_where_they_are_used(course, monkeypatch, tmp_path):
    """Another edition of a data set, or its absence, decides the tasks whose checks load data."""
    before = _digests(course)
    file = tmp_path / "data" / "FashionMNIST" / "raw" / dataset_places.FASHION_MNIST_FILES[0]
    file.write_bytes(b"another edition")
    other = _digests(course)
    assert _changed(before, other) == {"learns"}
    monkeypatch.delenv("GRADER_DATA")
    monkeypatch.setattr(dataset_places, "DEBIAN_FOLDER", tmp_path / "none")
    assert _changed(other, _digests(course)) == {"learns"}
    with_sklearn = _digests(course)
    monkeypatch.setattr("importlib.metadata.version", lambda name: f"other {name}")
    assert _changed(with_sklearn, _digests(course)) == {"learns"}


@pytest.mark.parametrize("setting", [{"wall": "bubblewrap"}, {"execute": True}, {"device": "cuda"}])
def test_how_it_is_graded_decides_all(course, setting):
    """The wall, the device and a run of the whole notebook decide all tasks."""
    assert _changed(_digests(course), _digests(course, **setting)) == ALL


def test_the_machine_decides_all(course, monkeypatch, tmp_path):
    """Python, the processor's kind, installed packages and the grader's own sources decide all tasks."""
    site = tmp_path / "site"
    (site / "torch-2.13.0.dist-info").mkdir(parents=True)
    monkeypatch.setattr("site.getsitepackages", lambda: [str(site)])
    seen = [_digests(course)]
    (site / "torch-2.13.0.dist-info").rename(site / "torch-2.14.0.dist-info")
    seen.append(_digests(course))
    (site / "torchgrade-9.dist-info").mkdir()
    assert _digests(course) == seen[-1], "its sources count, not its version"
    monkeypatch.setattr("sys.version", "4.0")
    seen.append(_digests(course))
    monkeypatch.setattr("platform.machine", lambda: "abacus")
    seen.append(_digests(course))
    monkeypatch.setattr(keys, "_grader_files", lambda: "other sources")
    seen.append(_digests(course))
    for before, after in itertools.pairwise(seen):
        assert _changed(before, after) == ALL


def test_the_graders_own_sources_are_read(monkeypatch, tmp_path):
    """A byte in any Python file of the grader changes the digest of its sources."""
    copied = tmp_path / "grader"
    shutil.copytree("grader", copied, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr("grader.__file__", str(copied / "__init__.py"))
    before = keys._grader_files.__wrapped__()
    (copied / "compare" / "ladder.py").write_text("")
    changed = keys._grader_files.__wrapped__()
    assert changed != before
    (copied / "authoring" / "mutation.py").write_text("")  # no submission is graded with it
    assert keys._grader_files.__wrapped__() == changed


def test_fewer_tasks_decide_only_what_depends_on_the_others(course):
    """A task that stands alone is the same in any choice; one after another's check is not, where that is left out."""
    full = _digests(course)
    assert _changed(full, _digests(course, chosen=("triple",))) == {"triple"}
    assert _changed(full, _digests(course, chosen=("double", "triple"))) == set()
    assert _changed(full, _digests(course, chosen=("double", "learns"))) == set()


def test_a_new_task_leaves_the_others_alone(course):
    """A task that is added or removed decides nothing of the others."""
    before = _digests(course)
    toml = course / OWN / "assignment.toml"
    toml.write_text(toml.read_text() + '[tasks.new]\ntitle = "New"\npoints = 1\n')
    assert _changed(before, _digests(course)) == set()


def test_keys_join_task_and_submission(course):
    """A key changes with the task's digest and with the submission's, and is the same for equal ones."""
    digests = _digests(course)
    seen = {key_of(digest, submission=content) for digest in digests.values() for content in ("a", "b")}
    assert len(seen) == 6
    assert key_of(digests["double"], submission="a") in seen


def test_test_data_stay_the_same_while_other_checks_change(course):
    """What test data are drawn by changes with the task's own checks and the reference, with nothing else."""
    read = lambda: secrets_of_test_data(read_assignment(course, "tiny"))  # noqa: E731
    before = read()
    tiny = course / OWN / "test_tiny.py"
    tiny.write_text(tiny.read_text().replace("== 3", "== 4"))
    toml = course / OWN / "assignment.toml"
    toml.write_text(toml.read_text().replace("points = 10", "points = 11"))
    after = read()
    assert _changed(before, after) == {"triple"}
    (course / "reference" / "tiny" / "student.py").write_text("")
    assert _changed(after, read()) == ALL
    kit = replace(read_assignment(course, "tiny"), reference=None)
    assert secrets_of_test_data(kit) != read()


BODIES = st.lists(st.sampled_from(["assert True", "x = 1", "x = 2", "pass", "assert 1 < 2"]), min_size=1, max_size=3)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.tuples(BODIES, BODIES), min_size=1))
def test_a_checks_body_decides_its_own_task_and_those_after_it(make_course, tmp_path_factory, bodies):
    """Whatever bodies checks have: the tasks whose digests differ are those whose checks, or earlier ones, differ."""
    toml = 'title = "T"\n[submission]\nrequired = ["student.py"]\neditable = ["*.py"]\n'
    toml += "".join(f'[tasks.{name}]\ntitle = "{name}"\npoints = 1\n' for name in "abc")
    found = []
    for place in (0, 1):
        source = "import pytest\n"
        for name, before in (("a", ""), ("b", 'after="test_a"'), ("c", "")):
            lines = bodies[name][place] if name in bodies else ["pass"]
            source += f'@pytest.mark.graded(task="{name}", {before})\ndef test_{name}():\n    "{name}"\n'
            source += "".join(f"    {line}\n" for line in lines)
        folder = make_course(tmp_path_factory.mktemp("course"), toml=toml, checks=source)
        found.append(task_digests(read_assignment(folder, "tiny"), wall="process"))
    differ = {name for name, (first, second) in bodies.items() if first != second}
    assert _changed(*found) == differ | ({"b"} if "a" in differ else set())
