"""Tests of grader.authoring.record: real references, recorded behind a fork server without a wall."""

import json
import re
from contextlib import nullcontext
from dataclasses import replace

import pytest
import torch

from grader.authoring.record import record_assets
from grader.compare.spread import MARGIN
from grader.courses.assets import read_asset
from grader.errors import CourseError

CHECK = '''
@pytest.mark.graded(task="double")
def test_{name}(probe, expected, rng):
    """{name} matches"""
    x = torch.randn(5, generator=rng)
    assert_matches(probe("{name}", x=x), expected("{name}", x=x))
'''
HEAD = "import pytest\nimport torch\nfrom grader.compare import assert_matches\n"
PROBE = """
@probe(needs=["student"])
def {name}(*, x):
    import student
    return {{"y": student.{name}(x)}}
"""


@pytest.fixture(autouse=True)
def _one_fork_server(monkeypatch, process_server):
    """Record behind a real fork server that is started once for all tests."""
    monkeypatch.setattr("grader.authoring.record.start_server", lambda *_args, **_settings: nullcontext(process_server))


@pytest.fixture
def course(make_course, tmp_path):
    """Return a function that writes a course whose reference holds functions, each with a probe and a check."""

    def course(*, more="", head="import torch\n", **functions):
        checks = HEAD + "".join(CHECK.format(name=name) for name in functions) + more
        probes = "from grader.probes import probe\n" + "".join(PROBE.format(name=name) for name in functions)
        bodies = "".join(f"def {name}(x):\n    return {body}\n" for name, body in functions.items())
        return make_course(tmp_path, checks=checks, probes=probes, reference=head + bodies)

    return course


@pytest.fixture
def assignment(course, read_tiny):
    """Return a function that writes a course and reads its assignment."""
    return lambda **functions: read_tiny(course(**functions))


def _bytes(assignment):
    return {path.name: path.read_bytes() for path in sorted(assignment.assets.glob("*"))}


def _states(recording):
    return recording.matched, recording.missing, recording.stale, recording.unused


def test_what_is_missing_is_recorded_and_then_matches(assignment):
    """A first recording writes what is missing; the second finds it matched and changes no byte."""
    tiny = assignment(one="x * 2", two="x.exp()")
    first = record_assets(tiny, write=True)
    assert _states(first) == ([], ["test_one", "test_two"], [], [])
    assert not first.is_clean
    before = _bytes(tiny)
    assert sorted(before) == ["manifest.json", "test_one.safetensors", "test_two.safetensors"]
    second = record_assets(tiny, write=True)
    assert _states(second) == (["test_one", "test_two"], [], [], [])
    assert second.is_clean
    assert _bytes(tiny) == before


def test_without_write_nothing_is_written(assignment):
    """A recording that only looks leaves no file behind."""
    tiny = assignment(one="x * 2")
    assert record_assets(tiny, write=False).missing == ["test_one"]
    assert not tiny.assets.exists()


def test_a_new_key_draws_the_inputs_of_hidden_checks_anew(course, read_tiny):
    """`new_key` changes the inputs of hidden checks and no others; recording again keeps them, and the key."""
    folder = course(one="x * 2", two="x.exp()")
    checks = folder / "tests" / "assignments" / "tiny"
    (checks / "test_tiny_hidden.py").write_text(HEAD + CHECK.format(name="two"), encoding="utf-8")
    (checks / "test_tiny.py").write_text(HEAD + CHECK.format(name="one"), encoding="utf-8")
    record_assets(read_tiny(folder), write=True)
    first, before = read_tiny(folder), _bytes(read_tiny(folder))
    record_assets(first, write=True)
    assert _bytes(first) == before
    record_assets(first, write=True, new_key=True)
    second, after = read_tiny(folder), _bytes(first)
    assert len({"", first.key, second.key}) == 3
    assert after["test_one.safetensors"] == before["test_one.safetensors"]
    assert after["test_two.safetensors"] != before["test_two.safetensors"]
    assert record_assets(second, write=False).is_clean


def test_a_changed_reference_makes_its_asset_stale_and_no_other(assignment):
    """Only the asset whose reference changed is written anew; what no check asks for is removed."""
    record_assets(assignment(one="x * 2", two="x.exp()", old="x"), write=True)
    tiny = assignment(one="x * 2", two="x.exp() + 1")
    before = _bytes(tiny)
    recording = record_assets(tiny, write=True)
    assert _states(recording) == (["test_one"], [], ["test_two"], ["test_old"])
    after = _bytes(tiny)
    assert sorted(after) == ["manifest.json", "test_one.safetensors", "test_two.safetensors"]
    assert after["test_one.safetensors"] == before["test_one.safetensors"]
    assert after["test_two.safetensors"] != before["test_two.safetensors"]
    old, new = (json.loads(files["manifest.json"])["assets"] for files in (before, after))
    assert (new["test_one"] == old["test_one"], new["test_two"] == old["test_two"]) == (True, False)


def test_a_broken_manifest_is_recorded_anew(assignment):
    """Where the manifest can't be read, all assets are stale and recording mends it, as its own remedy says."""
    tiny = assignment(one="x * 2")
    record_assets(tiny, write=True)
    before = _bytes(tiny)
    (tiny.assets / "manifest.json").write_text('{"schema": 0}')
    assert record_assets(tiny, write=True).stale == ["test_one"]
    after = _bytes(tiny)
    old, new = (json.loads(files.pop("manifest.json")) for files in (before, after))
    assert after == before
    assert old.pop("key") != new.pop("key")
    assert new == old


def test_a_tampered_asset_is_stale(assignment):
    """A file that isn't what the manifest describes is stale and written anew."""
    tiny = assignment(one="x * 2")
    record_assets(tiny, write=True)
    before = _bytes(tiny)
    (tiny.assets / "test_one.safetensors").write_bytes(b"nothing")
    assert record_assets(tiny, write=True).stale == ["test_one"]
    assert _bytes(tiny) == before


def test_what_is_drawn_at_run_time_is_refused(assignment):
    """Outputs that change with the run-time seed can't be expected of anybody: refused, and nothing is written."""
    tiny = assignment(one="x * 2", drawn="torch.nn.functional.dropout(x)")
    recording = record_assets(tiny, write=True)
    assert list(recording.refused) == ["test_drawn"]
    assert "The probe `drawn` returns other values with another run-time seed" in recording.refused["test_drawn"]
    assert [result.name for result in recording.failed] == []
    assert not tiny.assets.exists()


def test_a_reference_that_fails_is_reported_and_loses_no_asset(assignment):
    """A check that fails on the reference is reported; what was recorded for it stays, for it may be needed again."""
    record_assets(assignment(one="x * 2", two="x.exp()"), write=True)
    tiny = assignment(one="x * 2", two="x.nothing()")
    before = _bytes(tiny)
    recording = record_assets(tiny, write=True)
    assert [result.name for result in recording.failed] == ["test_two"]
    assert "has no attribute" in recording.failed[0].feedback.message
    assert not recording.is_clean
    assert _bytes(tiny) == before


def test_a_check_that_fails_on_the_reference_is_reported_once(assignment):
    """A check that contradicts the reference is reported once, whatever number of seeds it fails with."""
    more = '''
@pytest.mark.graded(task="double")
def test_contradiction(probe, rng):
    """contradicts"""
    assert_matches(probe("one", x=torch.ones(1)), {"y": torch.ones(1)})
'''
    recording = record_assets(assignment(more=more, one="x * 2"), write=False)
    assert [result.name for result in recording.failed] == ["test_contradiction"]


def test_several_calls_of_a_check_are_recorded(assignment):
    """Each expectation that a check asks for is an asset of its own."""
    more = '''
@pytest.mark.graded(task="double")
def test_more(probe, expected, rng):
    """more"""
    for scale in (1.0, 2.0):
        assert_matches(probe("one", x=torch.tensor([scale])), expected("one", x=torch.tensor([scale])))
'''
    recording = record_assets(assignment(more=more, one="x * 2"), write=False)
    assert recording.missing == ["test_one", "test_more", "test_more.2"]


def test_the_measured_spread_makes_the_tolerance(assignment):
    """The tolerance is the margin times the spread between float32 and float64, over several seeds."""
    tiny = assignment(far="(x * 1000).exp().log1p() + 1e4 + x / 3", near="x * 2")
    record_assets(tiny, write=True)
    entries = json.loads((tiny.assets / "manifest.json").read_text())["assets"]
    far, near = (entries[name]["tolerances"]["y"] for name in ("test_far", "test_near"))
    assert far["spread"] > 1e-5
    assert far["atol"] == pytest.approx(MARGIN * far["spread"])
    assert (near["spread"], near["atol"]) == (0.0, 1e-6)


def test_the_manifest_names_versions_and_no_machine(assignment):
    """The manifest names its schema, torch's release and the course's key: nothing else differs between recordings."""
    tiny = assignment(one="x * 2")
    record_assets(tiny, write=True)
    manifest = json.loads((tiny.assets / "manifest.json").read_text())
    assert set(manifest) == {"schema", "torch", "assets", "key"}
    assert re.fullmatch(r"\d+\.\d+\.\d+", manifest["torch"])


def test_named_tasks_are_looked_at_alone(assignment):
    """With tasks, only their checks that record something run; the assets of others are left alone."""
    record_assets(assignment(one="x * 2", two="x.exp()"), write=True)
    more = CHECK.format(name="two").replace('task="double"', 'task="triple"')
    more += """
@pytest.mark.graded(task="double")
def test_contradiction(probe):
    \"\"\"contradicts\"\"\"
    raise AssertionError
"""
    tiny = assignment(more=more, one="x * 2 + 1")
    recording = record_assets(tiny, write=False, tasks=("double",))
    assert _states(recording) == ([], [], ["test_one"], [])
    assert recording.failed == []


def test_nested_outputs_are_recorded(assignment):
    """Lists, dicts, strings and numbers in outputs are recorded as they are."""
    tiny = assignment(nested="[{'a': x, 'n': 3, 's': 'text', 'f': 0.1}, None]")
    record_assets(tiny, write=True)
    assert record_assets(tiny, write=False).matched == ["test_nested"]


def test_a_kit_cannot_record(assignment):
    """Without a reference there is nothing to record from."""
    with pytest.raises(CourseError, match=r"tiny has no reference to record from\. Run this in the course\."):
        record_assets(replace(assignment(one="x"), reference=None), write=True)


def test_nothing_to_record(make_course, read_tiny, tmp_path):
    """An assignment whose checks expect nothing of the reference has no assets, and nothing is wrong with that."""
    check = CHECK.format(name="double").replace('expected("double", x=x)', '{"y": 2 * x}').replace(" expected,", "")
    probes = "from grader.probes import probe\n" + PROBE.format(name="double")
    course = make_course(tmp_path, checks=HEAD + check, probes=probes, reference="def double(x):\n    return 2 * x\n")
    assert record_assets(read_tiny(course), write=False).is_clean


PROVEN = '''
@pytest.mark.graded(task="double"{marked})
def test_proven(probe, expected, rng):
    """has a formula"""
    x = torch.randn(5, generator=rng)
    assert_matches(probe("{probe}", x=x), expected("{probe}", {formula}, x=x))
'''


def _proven(formula, *, probe="one", marked=""):
    return PROVEN.format(formula=formula, probe=probe, marked=marked)


def test_a_formula_that_agrees_is_recorded_with_what_it_names(assignment):
    """Where formula and reference agree, the asset is what the reference returned, and matches."""
    more = """
@pytest.mark.graded(task="double")
def test_proven(matches_recorded, rng):
    \"\"\"has a formula\"\"\"
    matches_recorded("two", lambda x: {"y": 2 * x}, x=torch.randn(5, generator=rng))
"""
    tiny = assignment(more=more, two="x + x")
    assert record_assets(tiny, write=True).missing == ["test_two", "test_proven"]
    assert record_assets(tiny, write=False).is_clean
    manifest = json.loads((tiny.assets / "manifest.json").read_text())
    asset = read_asset(tiny.assets, "test_proven", manifest=manifest)
    assert torch.equal(asset.outputs["y"], 2 * asset.inputs["x"])


def test_only_outputs_that_a_formula_names_are_kept(make_course, read_tiny, tmp_path):
    """What else a probe returns is no part of the asset, and may change with the run-time seed."""
    probes = (
        "import torch\nfrom grader.probes import probe\n\n@probe(needs=['student'])\ndef one(*, x):\n"
        "    import student\n    return {'y': student.one(x), 'drawn': torch.rand(3)}\n"
    )
    checks = HEAD + _proven('lambda x: {"y": 2 * x}')
    tiny = read_tiny(make_course(tmp_path, checks=checks, probes=probes, reference="def one(x):\n    return 2 * x\n"))
    assert record_assets(tiny, write=True).missing == ["test_proven"]
    manifest = json.loads((tiny.assets / "manifest.json").read_text())
    assert set(read_asset(tiny.assets, "test_proven", manifest=manifest).outputs) == {"y"}
    assert record_assets(tiny, write=False).is_clean


@pytest.mark.parametrize("formula", ['lambda x: {"y": 3 * x}', 'lambda x: Expectation({"y": 2 * x + 1e-3})'])
def test_a_formula_that_disagrees_is_refused(assignment, formula):
    """Where reference and formula differ, nothing is recorded: check, output, place and both numbers are told, once."""
    tiny = assignment(more="from grader.compare import Expectation\n" + _proven(formula), one="2 * x")
    recording = record_assets(tiny, write=True)
    assert list(recording.refused) == ["test_proven"]
    told = recording.refused["test_proven"]
    assert re.match(r"The reference is not what the formula .* gives: `y` differs at .* elements; .* instead of ", told)
    assert recording.failed == []
    assert not tiny.assets.exists()


def test_a_missing_output_is_a_disagreement(assignment):
    """A formula of an output that the probe doesn't return disagrees with it."""
    recording = record_assets(assignment(more=_proven('lambda x: {"z": x}'), one="2 * x"), write=False)
    assert "`z` is missing" in recording.refused["test_proven"]


@pytest.mark.parametrize(
    "formula",
    [
        'lambda: {"y": Spec((5,))}',
        'lambda x: Expectation({"y": 2 * x}, dtypes={"y": None})',
        'lambda x: Expectation({"y": [Spec((5,))]})',
    ],
)
def test_what_no_asset_holds_is_refused(assignment, formula):
    """A formula that asks for a shape or a dtype alone can't be recorded."""
    more = "from grader.compare import Expectation, Spec\n" + _proven(formula)
    recording = record_assets(assignment(more=more, one="2 * x"), write=False)
    told = [*recording.refused.values(), *(result.feedback.message for result in recording.failed)]
    assert "asks for a shape, a dtype or a device alone, which no asset holds" in told[0]


def test_a_formula_states_its_tolerances(assignment):
    """The tolerances of an `Expectation` that a formula returns are the asset's, and it still matches."""
    formula = 'lambda x: Expectation({"y": 2 * x}, {"y": Tolerance(0, 0)})'
    more = "from grader.compare import Expectation, Tolerance\n" + _proven(formula)
    tiny = assignment(more=more, one="2 * x")
    record_assets(tiny, write=True)
    entry = json.loads((tiny.assets / "manifest.json").read_text())["assets"]["test_proven"]
    assert (entry["tolerances"]["y"]["rtol"], entry["tolerances"]["y"]["atol"]) == (0, 0)
    assert record_assets(tiny, write=False).is_clean


def test_a_formula_bounds_the_tolerance(assignment):
    """Beside a formula no spread widens a tolerance beyond 1 % of the largest value."""
    body = "torch.where(torch.tensor(x.dtype == torch.float64), 2 * x + 1, 2 * x)"
    tiny = assignment(more=_proven('lambda x: {"y": 2 * x}'), one=body)
    record_assets(tiny, write=True)
    entries = json.loads((tiny.assets / "manifest.json").read_text())["assets"]
    asset = read_asset(tiny.assets, "test_proven", manifest={"assets": entries})
    assert entries["test_one"]["tolerances"]["y"]["atol"] == MARGIN
    assert asset.tolerances["y"].atol == pytest.approx(0.01 * float(asset.outputs["y"].abs().max()))


def test_a_formula_measures_where_the_reference_fixes_a_dtype(assignment):
    """A reference that can't run in float64 is recorded with its formula's tolerance, and refused without one."""
    body = "x @ torch.full((5, 5), 0.1, dtype=torch.float32)"
    more = _proven('lambda x: {"y": x @ torch.full((5, 5), 0.1, dtype=x.dtype)}')
    tiny = assignment(more=more, one=body)
    checks = tiny.folder / "test_tiny.py"
    checks.write_text(HEAD + more, encoding="utf-8")
    assert record_assets(tiny, write=True).missing == ["test_proven"]
    assert record_assets(tiny, write=False).is_clean
    (failed,) = record_assets(assignment(one=body), write=False).failed
    assert "The reference fails in `one` (float64)" in failed.feedback.message


def test_dtypes_have_to_agree_unless_any_float_will_do(assignment):
    """A formula in another dtype disagrees, except in a check that takes any floating dtype."""
    formula = 'lambda x: {"y": 2 * x.double()}'
    strict = record_assets(assignment(more=_proven(formula), one="2 * x"), write=False)
    assert "`y` has dtype float32; expected float64" in strict.refused["test_proven"]
    marked = ', dtype="any float"'
    assert not record_assets(assignment(more=_proven(formula, marked=marked), one="2 * x"), write=False).refused


def test_a_formula_of_inputs_that_are_not_there_is_the_authors_fault(assignment):
    """A formula that asks for what the probe isn't called with is told with both sides."""
    recording = record_assets(assignment(more=_proven('lambda q, x: {"y": x}'), one="2 * x"), write=False)
    (failed,) = recording.failed
    assert "The formula of this check asks for `q`, but the probe is called with `x`." in failed.feedback.message


def test_an_asset_that_differs_from_the_reference_says_where(assignment):
    """A stale asset is told with the output, the place and both numbers."""
    record_assets(assignment(one="2 * x"), write=True)
    recording = record_assets(assignment(one="2 * x + 1"), write=False)
    assert re.match(r"`y` differs at all 5 elements; .* instead of ", recording.differences["test_one"])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("x + 1j", "`y` of `double` is a complex64 tensor of shape (5,), which can't be recorded. Split it into two"),
        (
            "__import__('numpy').array(['a'])",
            "`y` of `double` is an array of texts of shape (1,), which can't be recorded.",
        ),
    ],
)
def test_what_cannot_cross_is_refused_by_what_it_is(assignment, body, words):
    """A reference that returns what can't cross the wall is told so, with what its probe could return instead."""
    recording = record_assets(assignment(double=body), write=True)
    assert words in recording.refused["test_double"]
