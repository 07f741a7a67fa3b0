"""Tests of `grader audit --rates`: bounds, and a course with a check that fails right work now and then."""

import json

import pytest

from grader.authoring.rates import Rate, binomial_bounds

CHECKS = '''\
import pytest
import torch


@pytest.mark.graded(task="double")
def test_double(probe, rng):
    """double returns twice its input"""
    x = torch.randn(4, generator=rng)
    assert torch.equal(probe("double", x=x)["y"], 2 * x), "Double it."


@pytest.mark.graded(task="double")
def test_large(probe, rng):
    """double returns large numbers"""
    x = torch.rand(1, generator=rng)
    assert probe("double", x=x)["y"].item() > 0.8, "Larger."


@pytest.mark.graded(task="triple")
def test_triple(probe):
    """triple returns three times its input"""
    assert probe("triple", x=torch.ones(1))["y"].item() == 3, "Triple it."


@pytest.mark.graded(task="triple")
def test_noise(probe, expected):
    """what the reference draws is small"""
    assert probe("noise", x=torch.ones(1))["y"].item() < 0.7, "Too loud."
'''
PROBES = """\
import torch
from grader.probes import probe


@probe(needs=["student"])
def double(*, x):
    import student
    return {"y": student.double(x)}


@probe(needs=["student"])
def triple(*, x):
    import student
    return {"y": student.triple(x)}


@probe(needs=["student"])
def noise(*, x):
    return {"y": torch.rand(1)}
"""


@pytest.mark.parametrize(("hits", "tries"), [(0, 200), (1, 200), (2, 200), (13, 40), (40, 40), (0, 1), (3, 5000)])
def test_bounds_are_those_of_clopper_and_pearson(hits, tries):
    """The bounds are quantiles of beta distributions, as scipy has them."""
    beta = pytest.importorskip("scipy.stats", reason="scipy comes with scikit-learn").beta
    lower, upper = binomial_bounds(hits, tries)
    assert lower == pytest.approx(beta.ppf(0.025, hits, tries - hits + 1) if hits else 0, abs=1e-9)
    assert upper == pytest.approx(beta.ppf(0.975, hits + 1, tries - hits) if hits < tries else 1, abs=1e-9)


def test_without_tries_nothing_is_known():
    """The bounds are all there is."""
    assert binomial_bounds(0, 0) == (0.0, 1.0)
    assert Rate(None).bounds == (0.0, 1.0)


@pytest.fixture(scope="module")
def measured(tmp_path_factory, make_course, run_grader):
    """Return what the command said of a course at first, and again with more seeds."""
    course = make_course(tmp_path_factory.mktemp("rates"), checks=CHECKS, probes=PROBES)
    command = ("audit", "tiny", "--rates", "--course", course, "--seeds")
    return course, run_grader(*command, "30", cwd=course), run_grader(*command, "40", cwd=course)


def test_false_fails_are_counted_and_bounded(measured):
    """Draws of inputs and of student code both count; a check that draws nothing is left out."""
    _, first, _ = measured
    assert first.returncode == 1, first.stderr
    lines = [line for line in first.stdout.splitlines() if line.startswith(("double", "triple"))]
    rows = {line.split()[1].rstrip(":"): line for line in lines}
    assert sorted(rows) == ["test_double", "test_large", "test_noise"]
    assert "0 of 30 failed, so 0.00% to 11.57%" in rows["test_double"]
    assert "wrong with seed " in rows["test_large"]
    assert "tiny: 3 checks draw something, 1 do not; " in first.stdout


def test_only_what_the_data_can_show_is_a_violation(measured):
    """A check that failed often enough is one, with its numbers; one that never failed is not."""
    told = [line for line in measured[1].stdout.splitlines() if line.startswith("✗")]
    assert {line.split()[1] for line in told} == {"test_large:", "test_noise:"}
    assert all("of right submissions lose it" in line for line in told)


def test_what_is_known_is_not_run_again(measured):
    """More seeds only add to those that were run."""
    course, _, second = measured
    lines = (course / ".rates" / "tiny.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 4 + 3 * 40
    assert all(set(json.loads(line)) == {"key", "failed"} for line in lines)
    assert "0 of 40 failed" in second.stdout
