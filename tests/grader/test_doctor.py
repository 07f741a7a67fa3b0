"""Tests of grader.doctor."""

import inspect
import json
import re
from pathlib import Path

import pytest

from grader.cli import app
from grader.datasets import places
from grader.datasets.presence import DATASETS
from grader.doctor import _bubblewrap, _gpu, _pair, examine, try_wall
from grader.errors import SandboxError
from grader.runs.cards import GraphicsCard
from grader.sandbox.outside.bubblewrap import Bubblewrap
from grader.sandbox.outside.trial import Diagnosis
from grader.sandbox.outside.walls import Wall, remedy_for


@pytest.fixture
def broken(monkeypatch):
    """Make walls impossible to build."""

    def refuse(wall=Wall.BUBBLEWRAP, **_settings):
        raise SandboxError(f"The {wall} wall could not be built: no.", remedy="Try another machine.")

    monkeypatch.setattr("grader.doctor.start_server", refuse)
    monkeypatch.setattr("grader.doctor.find_bubblewrap", refuse)


@pytest.fixture
def without_data(monkeypatch, tmp_path):
    """Hide the data sets of this machine."""
    monkeypatch.delenv("GRADER_DATA", raising=False)
    monkeypatch.setattr(places, "DEBIAN_FOLDER", tmp_path / "nothing")
    monkeypatch.setattr(places, "own_folder", lambda: tmp_path / "own")


def test_a_wall_that_cannot_be_built_is_told(broken):
    """A wall that can't be built is a bad finding with the reason and the remedy."""
    finding = try_wall(Wall.BUBBLEWRAP)
    assert not finding.is_good
    assert (finding.message, finding.remedy) == (
        "The bubblewrap wall could not be built: no.",
        "Try another machine.",
    )


@pytest.mark.parametrize("is_root", [False, True])
def test_everything_that_grading_needs_is_examined(broken, monkeypatch, is_root):
    """The findings cover Python, the packages, the walls, the GPU and the data sets; root's wall where it stands in."""
    monkeypatch.setattr("grader.doctor.may_change_user", lambda: is_root)
    subjects = [finding.subject for finding in examine()]
    assert subjects == [
        "Python", "torch", "torchvision", "pytest", "pytest-timeout", "import torchvision", "watchfiles", "distributed",
        "wall `bubblewrap`", *(["wall `user`"] if is_root else []), "control groups", "wall `process`", "GPU",
        *(f"data set {name}" for name in DATASETS),
    ]  # fmt: skip


def test_a_missing_package_is_told_with_its_remedy(broken, monkeypatch):
    """A package that isn't installed is a bad finding with the command that installs it."""
    import importlib.metadata

    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", missing)
    finding = next(finding for finding in examine() if finding.subject == "torchvision")
    assert (finding.is_good, finding.message, finding.remedy) == (False, "not installed", "`pip install torchvision`")


def test_a_torchvision_of_another_torch_is_told(broken, monkeypatch):
    """A torchvision that can't be imported is a bad finding with the import's own words and the remedy."""

    def refuse(name):
        raise RuntimeError("operator torchvision::nms does not exist")

    monkeypatch.setattr("importlib.import_module", refuse)
    finding = next(finding for finding in examine() if finding.subject == "import torchvision")
    assert not finding.is_good
    assert "nms does not exist" in finding.message
    assert "built for this torch" in finding.remedy


@pytest.mark.parametrize(
    ("torch", "vision", "wanted", "command"),
    [
        ("2.13.0+cpu", "0.28.0", "2.13.0", "--force-reinstall --no-deps torchvision==0.28.0+cpu --index-url {}cpu"),
        (
            "2.13.0+cu128",
            "0.28.0+cpu",
            "2.13.0",
            "--force-reinstall --no-deps torchvision==0.28.0+cu128 --index-url {}cu128",
        ),
        ("2.13.0", "0.28.0+cpu", "2.13.0", "--force-reinstall --no-deps torchvision==0.28.0 --index-url {}cu130"),
        ("2.13.0+cpu", "0.27.0", "2.12.0", "torch==2.13.0 torchvision --index-url {}cpu"),
        ("", "0.28.0", "2.13.0", "torch torchvision --index-url {}cpu"),
    ],
)
def test_the_remedy_for_torchvision_changes_something(monkeypatch, torch, vision, wanted, command):
    """Whatever pair is here, pip is told to replace what doesn't fit, from torch's own index, and torch stays as it is.

    Without `--force-reinstall` pip says of the right version in the wrong build that it is installed already.
    """
    versions = {"torch": torch, "torchvision": vision}
    monkeypatch.setattr("grader.doctor._version_of", versions.get)
    monkeypatch.setattr("importlib.metadata.requires", lambda _name: ["numpy", f"torch (=={wanted})", "pillow"])
    monkeypatch.setattr("torch.version.cuda", "13.0")
    assert f"`pip install {command.format('https://download.pytorch.org/whl/')}`" in _pair()


@pytest.mark.parametrize(("stood_in", "mark"), [(True, "–"), (False, "✓")])
def test_a_torchvision_that_only_the_grader_can_import_is_told(broken, monkeypatch, stood_in, mark):
    """Where torchvision needs placeholders, doctor says that a plain kernel can't import it, and how to get a pair."""
    monkeypatch.setattr("grader.sandbox.inside.torchvision_ops.make_torchvision_importable", lambda: stood_in)
    monkeypatch.setattr("importlib.import_module", lambda _name: None)
    finding = next(finding for finding in examine() if finding.subject == "import torchvision")
    assert finding.mark == mark
    assert ("not in a plain kernel" in finding.message) is stood_in
    assert ("`pip install" in finding.remedy) is stood_in


def test_only_what_is_here_gets_a_tick(broken, without_data, monkeypatch):
    """A data set that is not here, and an extra that is not installed, is no fault and has no ✓ either."""
    import importlib.metadata

    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", missing)
    findings = {finding.subject: finding for finding in examine()}
    marks = {name: findings[f"data set {name}"].mark for name in DATASETS}
    assert marks == {"cifar10": "–", "fashion-mnist": "–", "digits": "✓", "moons": "✓", "spirals": "✓"}
    assert findings["data set cifar10"].remedy.startswith("`grader data cifar10 --download` fetches it")
    assert findings["watchfiles"].mark == "–"
    assert findings["watchfiles"].remedy == '`pip install "torchgrade[watch]"`'


def test_the_bubblewrap_that_works_is_named(monkeypatch):
    """The finding on the wall names the binary that builds it, and says why another one doesn't."""
    found = Bubblewrap(Path("/opt/bwrap"), ("/usr/bin/bwrap: no permission",))
    monkeypatch.setattr("grader.doctor.find_bubblewrap", lambda: found)
    trial = Diagnosis("wall `bubblewrap`", is_good=True, message="a trial run took 1 ms")
    monkeypatch.setattr("grader.doctor.try_wall", lambda _wall: trial)
    assert _bubblewrap().message == "a trial run took 1 ms with /opt/bwrap; not with /usr/bin/bwrap: no permission"


def test_elsewhere_than_on_linux_the_wall_is_no_fault(broken, monkeypatch):
    """On a laptop without Linux the wall is not here, and checking one's own work doesn't need it."""
    assert _bubblewrap().mark == "✗"
    monkeypatch.setattr("sys.platform", "darwin")
    assert (_bubblewrap().mark, _bubblewrap().remedy) == ("–", "Try another machine.")
    monkeypatch.setattr("grader.doctor.usable_cards", lambda: [GraphicsCard("0", None)])
    assert [(one.mark, one.message) for one in _gpu()] == [("–", "0: only `grader grade`, on Linux, uses it")]


def test_remedies_exist(broken, without_data, monkeypatch, tmp_path):
    """Whatever fails has a remedy, none sends back to the doctor, and each command of ours in one is there."""
    monkeypatch.setattr("importlib.import_module", lambda name: 1 / 0)
    findings = [finding for finding in examine() if finding.mark != "✓"]
    assert [finding.subject for finding in findings if not finding.remedy and finding.subject != "GPU"] == []
    said = " ".join([finding.remedy for finding in findings] + [remedy_for(wall) for wall in Wall])
    assert "grader doctor" not in said
    verbs = {command.callback.__name__: command.callback for command in app.registered_commands}
    commands = re.findall(r"`grader (\w+)([^`]*)`", said)
    assert {verb for verb, _rest in commands} == {"data"}
    for verb, rest in commands:
        assert set(re.findall(r"--(\w+)", rest)) <= set(inspect.signature(verbs[verb]).parameters)


def test_findings_for_programs(broken, without_data, call_grader, tmp_path):
    """`grader doctor --json` has the same findings for programs, each with its state."""
    ended = call_grader("doctor", "--json", cwd=tmp_path)
    assert ended.returncode == 3
    told = json.loads(ended.stdout)
    assert (told["schema_version"], told["is_sound"]) == (1, False)
    states = {row["subject"]: row["state"] for row in told["findings"]}
    assert (states["Python"], states["wall `process`"], states["data set cifar10"]) == ("works", "fails", "absent")


def test_failures_are_printed_with_what_to_do(broken, without_data, call_grader, tmp_path):
    """`grader doctor` prints a line each, and below what is missing what to do; exit code 3 where something fails."""
    ended = call_grader("doctor", cwd=tmp_path)
    lines = ended.stdout.splitlines()
    assert ended.returncode == 3
    number = lines.index("✗ wall `process`: The process wall could not be built: no.")
    assert lines[number + 1] == "    → Try another machine."
    number = lines.index("– data set cifar10: cifar10 is not on this machine.")
    assert lines[number + 1].startswith("    → `grader data cifar10 --download` fetches it")
