"""Tests of the JSON Schemas of results.json and progress.json: files, schemas and the page about them agree."""

import copy
import dataclasses
import json
import re
import types
import typing
from enum import StrEnum
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from grader.compare.comparison import Rung
from grader.export.results_json import SCHEMA_VERSION, write_results_json
from grader.results.results_file import ONLY_WHERE_USED, RunInfo
from grader.results.verdict import Adjusted, Status, SubmissionResult, Verdict
from grader.runs import progress_file
from grader.runs.progress import Snapshot
from grader.runs.progress_file import RunState, kept_up

OPTIONAL = {kind.__name__.removesuffix("Result").lower(): names for kind, names in ONLY_WHERE_USED.items()}
PAGE = Path(__file__).parents[3] / "docs" / "results.md"


def _schema(name):
    return json.loads((files("grader.results") / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))


def _filled(kind, *, bare):
    """Return a value of a type with something in every field and list, or with nothing wherever that is allowed."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        wanted = [one for one in dataclasses.fields(kind) if not (bare and _has_default(one))]
        return kind(**{one.name: _filled(hints[one.name], bare=bare) for one in wanted})
    if origin in (types.UnionType, typing.Union):
        return None if bare and type(None) in arguments else _filled(arguments[0], bare=bare)
    if origin is tuple:
        values = [_filled(one, bare=bare) for one in arguments if one is not Ellipsis]
        return () if bare and Ellipsis in arguments else tuple(values)
    if issubclass(kind, StrEnum):
        return next(iter(kind))
    return {str: "close", int: 2, float: 1.5, bool: True}[kind]


def _has_default(field):
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


def _results(folder, *, bare):
    run, result = (_filled(kind, bare=bare) for kind in (RunInfo, SubmissionResult))
    write_results_json(folder / "results.json", run, results=[result])
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))


def _progress(folder, *, bare):
    with kept_up(folder, lambda: _filled(Snapshot, bare=bare), assignment="tiny"):
        pass
    return json.loads((folder / "progress.json").read_text(encoding="utf-8"))


WRITTEN = {"results": _results, "progress": _progress}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_schema_is_sound(name):
    """Each schema is a JSON Schema itself, and leaves no object open: what it doesn't know is not valid.

    All fields are required but those that are written only where they say something.
    """
    schema = _schema(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    for title, one in {"": schema, **schema["$defs"]}.items():
        assert one["additionalProperties"] is False
        assert one["required"] == [key for key in one["properties"] if key not in OPTIONAL.get(title, ())]
        assert all(field["description"] for field in one["properties"].values())


@pytest.mark.parametrize("bare", [False, True], ids=["full", "bare"])
@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_written_is_valid(tmp_path, name, bare):
    """What the grader writes fits its schema, with something in every field and with as little as there can be."""
    jsonschema.validate(WRITTEN[name](tmp_path, bare=bare), _schema(name))


def _places(value, path=()):
    """Yield the paths of all objects' keys in a document."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key)
            yield from _places(inner, (*path, key))
    elif isinstance(value, list) and value:
        yield from _places(value[0], (*path, 0))


def _changed(document, path, change):
    changed = copy.deepcopy(document)
    holder = changed
    for step in path[:-1]:
        holder = holder[step]
    change(holder, path[-1])
    return changed


@pytest.mark.parametrize("name", WRITTEN)
def test_what_lacks_a_field_is_not_valid(tmp_path, name):
    """A schema notices each field that is lost, is of no type at all, or is new."""
    document, validator = WRITTEN[name](tmp_path, bare=False), jsonschema.Draft202012Validator(_schema(name))
    paths = list(_places(document))
    assert len(paths) > (15 if name == "progress" else 80)
    changes = (
        lambda holder, key: holder.pop(key),
        lambda holder, key: holder.update({key: {"no": "such type"}}),
        lambda holder, key: holder.update({f"{key}2": 1}),
    )
    passed = [path for path in paths for one in changes if validator.is_valid(_changed(document, path, one))]
    optional = {key for keys in OPTIONAL.values() for key in keys}
    assert [path for path in passed if path[-1] not in optional] == []
    assert len(passed) == len(set(passed)), "only a loss of an optional field is valid"


@pytest.mark.parametrize(("name", "version"), [("results", SCHEMA_VERSION), ("progress", progress_file.SCHEMA_VERSION)])
def test_the_version_is_the_writers(name, version):
    """A schema is of the version that is written: whoever changes one has to look at the other."""
    assert _schema(name)["properties"]["schema_version"]["const"] == version


def test_the_choices_are_the_graders():
    """Where a schema lists choices, they are all that the grader knows."""
    results, progress = _schema("results")["$defs"], _schema("progress")["properties"]
    for kind, listed in (
        (Verdict, results["check"]["properties"]["verdict"]),
        (Adjusted, results["check"]["properties"]["adjusted"]),
        (Status, results["submission"]["properties"]["status"]),
        (Rung, results["item"]["properties"]["rung"]),
    ):
        assert listed["enum"] == [one.value for one in kind]
    assert {*progress["state"]["enum"], RunState.DIED} == set(RunState), "a dead run can't write that it is dead"


def test_a_real_run_is_valid(make_course, call_grader, tmp_path, write_files):
    """The files of a run that graded something fit their schemas."""
    course = make_course(tmp_path / "course")
    source = "def double(x):\n    return 3 * x\n"
    folder = write_files(tmp_path / "in", {"ann/student.py": source, "bob/readme.txt": ""})
    call_grader("grade", "tiny", folder, "-o", tmp_path / "out", "--wall", "process", "--task", "double", cwd=course)
    for name in WRITTEN:
        document = json.loads((tmp_path / "out" / f"{name}.json").read_text(encoding="utf-8"))
        jsonschema.validate(document, _schema(name))
    assert [one["status"] for one in json.loads((tmp_path / "out/results.json").read_text())["submissions"]] == [
        "graded",
        "unreadable",
    ]


HEADINGS = {"results": "The document", "progress": "The document of progress.json"}


@pytest.mark.parametrize(("name", "heading"), HEADINGS.items())
def test_the_page_explains_each_field(name, heading):
    """docs/results.md has a table for each object of a schema, with its fields in order and their descriptions."""
    text, schema = PAGE.read_text(encoding="utf-8"), _schema(name)
    tables = dict(re.findall(r"^### (.+)\n\n\| field .*\n\| --- .*\n((?:\|.*\n)+)", text, re.MULTILINE))
    for title, one in {heading: schema, **schema["$defs"]}.items():
        rows = [row.strip("|").split(" | ") for row in tables[title].splitlines()]
        told = {row[0].strip(" `"): row[2].strip() for row in rows}
        assert told == {key: field["description"] for key, field in one["properties"].items()}
