"""Tests under other Pythons of this machine: students' code is read alike by 3.11 and all that are newer.

They have no torch, so what is run here is all that only reads and parses.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("reads_sources.py")
ROOT = Path(__file__).parents[3]
MINORS = (11, 12, 13, 14)


def find_python(minor):
    """Return a Python of this minor version, on the path or one of pyenv's; "" if there is none."""
    candidates = [shutil.which(f"python3.{minor}") or ""]
    pyenv = shutil.which("pyenv")
    if pyenv:
        shown = subprocess.run([pyenv, "root"], capture_output=True, text=True, check=False).stdout.strip()
        candidates += sorted(map(str, Path(shown, "versions").glob(f"3.{minor}.*/bin/python")))
    asked = f"import sys; sys.exit(sys.version_info[:2] != (3, {minor}))"
    return next(
        (one for one in candidates if one and not subprocess.run([one, "-c", asked], check=False).returncode), ""
    )


def read_with(python):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [python, "-B", "-W", "error::DeprecationWarning", str(SCRIPT), str(ROOT)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, check=False)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


@pytest.fixture(scope="module")
def here():
    """Return what this Python reads."""
    return read_with(sys.executable)


def test_there_is_something_to_read(here):
    """All references and variants are read, with their names and what they use; newer f-strings have their values."""
    assert len(here) > 100
    assert sum(len(one["uses"]) for name, one in here.items() if name.endswith(".py")) > 100
    assert here["values"][:2] == ["  1.500", "'x', 'y'"]
    assert here["values"][2:] == ['row["b"]["c"]=2 {z}', "x\ny{}1.5", "caught"]


@pytest.mark.parametrize("minor", [minor for minor in MINORS if minor != sys.version_info[1]])
def test_read_alike(here, minor):
    """Each other Python that is here reads the same names, uses, tokens and answers, without a deprecated call."""
    python = find_python(minor)
    if not python:
        pytest.skip(f"There is no Python 3.{minor} on this machine.")
    there = read_with(python)
    assert there.keys() == here.keys()
    assert [name for name in here if there[name] != here[name]] == []
