"""Tests of grader.probes."""

import sys

import pytest

from grader.probes import BrokenProbes, Probe, is_probes_file, load_probes, probe


def test_a_declared_probe_keeps_its_function_and_needs():
    """`probe` turns a function into a Probe of its name that knows the modules it needs."""

    @probe(needs=["hw2.layers"])
    def forward(*, x):
        return {"y": x}

    assert (forward.name, forward.needs, forward.function(x=3)) == ("forward", ("hw2.layers",), {"y": 3})


def test_a_probe_may_need_nothing():
    """`probe()` declares a probe that needs no module of the student."""
    assert probe()(dict).needs == ()


HEAD = b"from grader.probes import probe\n"
FORWARD = (
    HEAD + b"helper = dict\ndef plain(): ...\n@probe()\ndef forward(*, x):\n    return {'y': x}\nrenamed = forward\n"
)


def test_only_probes_are_found():
    """load_probes returns the declared probes of all files by their own names and nothing else."""
    later = HEAD + b"from probes import forward, plain\n@probe()\ndef backward(*, x):\n    return {'y': [plain()]}\n"
    probes = load_probes({"probes.py": FORWARD, "probes_2.py": later})
    assert sorted(probes) == ["backward", "forward"]
    assert probes["forward"].function(x=3) == {"y": 3}
    assert probes["backward"].function(x=3) == {"y": [None]}


def test_no_module_of_probes_is_left_behind(monkeypatch):
    """Once loaded, the probes' modules make place for a student's module of that name."""
    monkeypatch.setitem(sys.modules, "probes", "theirs")
    load_probes({"probes.py": FORWARD, "probes_2.py": b"import probes"})
    assert sys.modules["probes"] == "theirs"
    assert "probes_2" not in sys.modules


@pytest.mark.parametrize(
    ("sources", "file", "why"),
    [
        ({"probes.py": FORWARD, "probes_2.py": FORWARD}, "probes_2.py", "the probe `forward` is there twice"),
        ({"probes.py": b"1 / 0"}, "probes.py", "division by zero"),
        ({"probes.py": b"import probes_2", "probes_2.py": b""}, "probes.py", "No module named 'probes_2'"),
    ],
)
def test_broken_probes_name_their_file(sources, file, why):
    """A file that can't be executed, or declares a probe that another has, is named with the reason."""
    with pytest.raises(BrokenProbes) as caught:
        load_probes(sources)
    assert (caught.value.file, str(caught.value.error)) == (file, why)
    assert not {"probes", "probes_2"} & set(sys.modules)


def test_probe_files_are_known_by_their_bare_name():
    """Code of a probe file has its bare name; a student's file has its whole path."""
    assert is_probes_file("probes.py")
    assert is_probes_file("probes_part2.py")
    assert not any(map(is_probes_file, ("/tmp/submission/probes.py", "hw2/probes.py", "probes.txt", "my_probes.py")))


def test_a_probe_cannot_be_changed():
    """A probe's declaration is frozen."""
    with pytest.raises(AttributeError):
        Probe("forward", dict, ()).name = "other"
