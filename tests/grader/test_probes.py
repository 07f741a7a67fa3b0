"""Tests of grader.probes."""

import sys

import pytest

from grader.probes import Probe, explain_missing_probe, is_probes_file, load_probes, probe


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
    probes = load_probes({"probes.py": FORWARD, "probes_2.py": later}).probes
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
    ("sources", "why"),
    [
        (
            {"probes.py": FORWARD, "probes_2.py": FORWARD},
            "probes_2.py failed: ValueError: the probe `forward` is there twice",
        ),
        ({"probes.py": b"\n1 / 0"}, "probes.py failed in line 2: ZeroDivisionError: division by zero"),
        ({"probes.py": b"exit('Bye.')"}, "probes.py failed in line 1: SystemExit: Bye"),
        ({"probes.py": b"def ("}, "probes.py failed: SyntaxError: invalid syntax (probes.py, line 1)"),
        (
            {"probes.py": b"import probes_2", "probes_2.py": b""},
            "probes.py failed in line 1: ModuleNotFoundError: No module named 'probes_2'",
        ),
    ],
)
def test_broken_probes_name_their_file(sources, why):
    """A file that can't be executed, or declares a probe that another has, is named with the reason and the line."""
    assert list(load_probes(sources).broken) == [why]
    assert not {"probes", "probes_2"} & set(sys.modules)


def test_a_broken_file_breaks_no_other():
    """The probes of other files can be used; those of a file that imports from the broken one share its reason."""
    ours = FORWARD.replace(b"forward", b"ours") + b"1 / 0\n"
    theirs = b"from probes_1 import helper\n" + FORWARD.replace(b"forward", b"theirs")
    loaded = load_probes({"probes.py": FORWARD, "probes_1.py": ours, "probes_2.py": theirs})
    assert list(loaded.probes) == ["forward"]
    assert loaded.broken == {"probes_1.py failed in line 8: ZeroDivisionError: division by zero": ["ours", "theirs"]}


def test_an_absent_probe_is_explained():
    """The reason of the probe's own file is told, else those of files whose names nobody could read."""
    broken = {"probes.py failed: A": ["f"], "probes_2.py failed: B": [], "probes_3.py failed: C": []}
    assert explain_missing_probe("f", broken) == "The probe 'f' can't be used: probes.py failed: A."
    told = "The probe 'g' can't be used: probes_2.py failed: B; probes_3.py failed: C."
    assert explain_missing_probe("g", broken) == told
    assert explain_missing_probe("g", {"probes.py failed: A": ["f"]}) == "The assignment has no probe 'g'."


def test_probe_files_are_known_by_their_bare_name():
    """Code of a probe file has its bare name; a student's file has its whole path."""
    assert is_probes_file("probes.py")
    assert is_probes_file("probes_part2.py")
    assert not any(map(is_probes_file, ("/tmp/submission/probes.py", "hw2/probes.py", "probes.txt", "my_probes.py")))


def test_a_probe_cannot_be_changed():
    """A probe's declaration is frozen."""
    with pytest.raises(AttributeError):
        Probe("forward", dict, ()).name = "other"
