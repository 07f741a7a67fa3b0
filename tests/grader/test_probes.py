"""Tests of grader.probes."""

import pytest

from grader.probes import Probe, find_probes, probe


def test_a_declared_probe_keeps_its_function_and_needs():
    """`probe` turns a function into a Probe of its name that knows the modules it needs."""

    @probe(needs=["hw2.layers"])
    def forward(*, x):
        return {"y": x}

    assert (forward.name, forward.needs, forward.function(x=3)) == ("forward", ("hw2.layers",), {"y": 3})


def test_a_probe_may_need_nothing():
    """`probe()` declares a probe that needs no module of the student."""
    assert probe()(dict).needs == ()


def test_only_probes_are_found():
    """find_probes returns the declared probes of a namespace by their own names and nothing else."""
    declared = Probe("forward", dict, ())
    assert find_probes({"renamed": declared, "forward": dict, "probe": probe}) == {"forward": declared}


def test_a_probe_cannot_be_changed():
    """A probe's declaration is frozen."""
    with pytest.raises(AttributeError):
        Probe("forward", dict, ()).name = "other"
