"""Tests of grader.authoring.kit_files: a kit's assignment file says what the course's does, but what is kept back."""

import dataclasses
import types
import typing
from enum import Enum

import pytest

from grader.authoring.template import write_template
from grader.courses.assignment import Artifact, Assignment, HandedIn, Question, Task
from grader.courses.course import read_assignment, read_kit
from grader.errors import CourseError

BOTH = """\
title = "Everything"
[submission.artifacts]
weights = { path = "weights/best.safetensors", mib = 3.5 }
[sandbox]
preload = ["json"]
shims = ["numpy.float"]
[limits]
wall_s = 9.5
memory_mib = 1500
[deadline]
due = 2026-11-20T23:59:00+01:00
[audit]
grounds = false
prices = true
hidden_share = 0.5
unchecked = ["Return three."]
[adjust.test_two]
weight = 0
reason = "It was unclear."
[[given]]
name = "old"
folder = "old"
[tasks.three]
title = "Three"
points = 1
scoring = "all-or-nothing"
[tasks.secret]
title = "Secret"
points = 1
hidden = true
"""
PACKAGE = """
[submission]
required = ["work.py"]
editable = ["work.py"]
[answers.why]
title = "Why?"
points = 2
module = "work"
[tasks.one]
title = "One"
points = 3
parts = ["work.one"]
[tasks.two]
title = "Two"
points = 2.5
forbidden = ["torch.nn.Linear"]
forbidden_in = ["work.py::two"]
long = true
bonus = true
credit_up_to = 1.5
grounds = "line 4: two"
builds_on = ["one"]
dtype = "any float"
limits = { wall_s = 5 }
"""
NOTEBOOK = """
[submission]
kind = "notebook"
required = ["work.ipynb"]
editable = ["*.ipynb"]
[notebook]
module = "cells"
statement_s = 3
cell_s = 7
execute_s = 77
[submission.evidence.run]
title = "Run"
points = 1
cells = ["two-cell"]
[answers.why]
title = "Why?"
points = 2
cell = "why-cell"
[tasks.one]
title = "One"
points = 3
[tasks.two]
title = "Two"
points = 2
cell = "two-cell"
parts = ["two"]
"""
CODE = """\
def one():
    # <solution> Return one.
    return 1
    # </solution>


def two():
    # <solution> Return two.
    return 2
    # </solution>
"""
CELLS = f"""\
# %% [markdown] id="why-cell"
# Why?
# %% id="two-cell"
{CODE}"""
CHECK = '''\
import pytest
@pytest.mark.graded(task="one")
def test_one(probe):
    """One"""
@pytest.mark.graded(task="two")
def test_two(probe):
    """Two"""
'''

# What a kit does without, and why.
KEPT_BACK = {
    Assignment: {
        "folder": "a kit lies elsewhere",
        "assets": "a kit lies elsewhere",
        "reference": "students don't get it",
        "demands_grounds": "only audits ask",
        "demands_prices": "only audits ask",
        "hidden_share": "only audits ask",
        "unchecked": "only audits ask",
        "adjustments": "a result that is there is adjusted, in the course",
        "given": "what handouts give is judged in the course",
        "key": "hidden checks draw from it",
        "deadline": "lateness is told in the course",
        "has_further_checks": "a kit's own key, which no course has",
        "tasks": "compared one by one, without hidden ones",
        "questions": "compared without evidence, which a person looks at in the course",
    },
    Task: {
        "hidden": "hidden tasks stay behind",
        "grounds": "only audits ask",
        "builds_on": "nothing is carried forward without the reference",
    },
}


def _fields(kind):
    return [field.name for field in dataclasses.fields(kind)]


def _differences(course, kit, *, place=""):
    """Yield the fields that a kit's data lacks or has otherwise, those apart that are kept back."""
    for name in _fields(course):
        theirs, ours = getattr(course, name), getattr(kit, name)
        if name in KEPT_BACK.get(type(course), ()):
            continue
        if dataclasses.is_dataclass(theirs):
            yield from _differences(theirs, ours, place=f"{place}{name}.")
        elif theirs != ours:
            yield f"{place}{name}: {theirs!r} became {ours!r}"


@pytest.fixture(scope="module")
def pairs(make_course, write_files, tmp_path_factory):
    """Return assignments that together say everything that can be said, each with its kit as it is read again."""
    pairs = []
    for slug, toml, code in (("package", PACKAGE, CODE), ("notebook", NOTEBOOK, CELLS)):
        folder = tmp_path_factory.mktemp("course")
        probes = f"from grader.probes import probe\n\n\n@probe(needs=['work'])\ndef {slug}():\n    return {{}}\n"
        reference = {"work.py": code, "weights/best.safetensors": b"trained"}
        top, rest = BOTH.split("\n", 1)
        course = make_course(
            folder, toml=f"{top}\n{toml}\n{rest}", probes=probes, checks=CHECK, reference=reference, slug=slug
        )
        write_files(course / "tests" / "assignments" / slug, {"old/work.ipynb": "{}"})
        assignment = read_assignment(course, slug)
        write_template(assignment, folder / "kit" / slug)
        pairs.append((assignment, read_kit(folder / "kit" / slug)))
    return pairs


def test_nothing_is_left_out_of_a_kit_by_mistake(pairs):
    """Each field of an assignment is in its kit as it was, or named above with the reason why not."""
    for course, kit in pairs:
        assert list(_differences(course, kit)) == []
        assert [one for one in course.questions if one.evidence is None] == [*kit.questions]
        public = [task for task in course.tasks if not task.hidden]
        assert [task.name for task in kit.tasks] == [task.name for task in public]
        for theirs, ours in zip(public, kit.tasks, strict=True):
            assert list(_differences(theirs, ours, place=f"{theirs.name}.")) == []


def test_the_samples_say_everything(pairs):
    """Each field has some value that is not its default, so that one that gets lost is noticed."""
    said = set()
    wholes = [
        whole
        for course, _kit in pairs
        for whole in (course, course.handed_in, course.sandbox, course.notebook, *course.questions, *course.tasks)
    ]
    for whole in wholes:
        for field in dataclasses.fields(whole):
            default = field.default
            if field.default_factory is not dataclasses.MISSING:
                default = field.default_factory()
            if getattr(whole, field.name) not in (default, (), {}, None):
                said.add((type(whole).__name__, field.name))
    everything = {(type(whole).__name__, name) for whole in wholes for name in _fields(whole)}
    assert everything - said == {("Assignment", "key"), ("Assignment", "has_further_checks")}


def test_reasons_are_for_fields_that_exist():
    """Nothing is named as kept back that is no field any more."""
    for kind, reasons in KEPT_BACK.items():
        assert set(reasons) <= set(_fields(kind))


def test_all_parts_of_an_assignment_are_compared():
    """Every dataclass that an assignment consists of is one that is compared field by field, or kept back."""
    reached, waiting = set(), [Assignment]
    while waiting:
        kind = waiting.pop()
        reached.add(kind)
        for name, hint in typing.get_type_hints(kind).items():
            if name not in KEPT_BACK.get(kind, ()) or name in ("tasks", "questions"):
                waiting += [one for one in _dataclasses_in(hint) if one not in reached]
    assert {Artifact, HandedIn, Question, Task} <= reached


def _dataclasses_in(hint):
    if isinstance(hint, types.GenericAlias | types.UnionType) or typing.get_origin(hint) is not None:
        return [one for part in typing.get_args(hint) for one in _dataclasses_in(part)]
    is_data = isinstance(hint, type) and dataclasses.is_dataclass(hint) and not issubclass(hint, Enum)
    return [hint] if is_data else []


def test_a_kit_holds_no_artifact(pairs):
    """The reference's weights stay behind, and the README asks for the student's own."""
    for _course, kit in pairs:
        folder = kit.folder.parent
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert not any(path.read_bytes() == b"trained" or path.suffix == ".safetensors" for path in files)
        readme = (folder / "README.md").read_text(encoding="utf-8")
        assert "- `weights/best.safetensors` (at most 3.5 MiB)" in readme


def test_a_copy_of_an_artifact_is_a_leak(pairs):
    """A file of the kit that is the reference's artifact under another name keeps the kit from being written."""
    course, _kit = pairs[0]
    (course.reference / "copy.bin").write_bytes(b"trained")
    with pytest.raises(CourseError, match=r"copy\.bin of the kit is the reference's `weights/best"):
        write_template(course, course.folder / "never")
    (course.reference / "copy.bin").unlink()
