"""Fixtures of the tests of bundles: places laid out like the real ones, with an environment that setup.sh made."""

import os
import shutil
import stat
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from grader.bundles.contents import write_folder
from grader.bundles.making import Destination, Wanted, bundle_files
from grader.courses.course import read_assignment

MINI = Path(__file__).parents[1] / "sample_courses" / "mini"


@pytest.fixture(scope="session")
def mini():
    """Return the mini course's assignment."""
    return read_assignment(MINI, "mini")


@pytest.fixture(scope="session")
def open_folder():
    """Return a folder that every user may enter, as those of a container are."""
    folder = Path(tempfile.mkdtemp(prefix="bundles-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def built(open_folder, mini):
    """Return what an image is after its set-up: the environment's folder, and variables to run scripts with.

    What pip would fetch is there already; the grader itself is what the bundle brings.
    """
    source, environment = open_folder / "built", open_folder / "environment"
    write_folder(source, bundle_files(mini, Wanted(Destination.DOCKER)))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True, timeout=120)
    (library,) = environment.glob("lib/python*/site-packages")
    others = "\n".join(dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib")))
    (library / "tests.pth").write_text(f"{others}\n", encoding="utf-8")
    _install_older(library)
    commands = open_folder / "commands"
    commands.mkdir()
    python = commands / "python3"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "PIP", "GITHUB"))
    }
    variables = kept | {
        "PATH": f"{commands}:{os.environ['PATH']}",
        "GRADER_ENVIRONMENT": str(environment),
        "PIP_NO_INDEX": "1",
        "PIP_CONFIG_FILE": os.devnull,
        "HOME": str(open_folder),
    }
    done = subprocess.run(
        ["bash", source / "setup.sh"], cwd="/", env=variables, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return SimpleNamespace(
        environment=environment, variables=variables, said=done.stdout, source=source, library=library
    )


def _install_older(library):
    """Have an older grader there, which is replaced: pip would take the one that these tests run from for the same."""
    about = library / "torchgrade-0.0.1.dist-info"
    about.mkdir()
    texts = {"METADATA": "Metadata-Version: 2.1\nName: torchgrade\nVersion: 0.0.1\n", "INSTALLER": "pip\n"}
    texts["RECORD"] = "".join(f"{about.name}/{name},,\n" for name in (*texts, "RECORD"))
    for name, text in texts.items():
        (about / name).write_text(text, encoding="utf-8")


@pytest.fixture
def layout(open_folder):
    """Return a function that unpacks files below a new folder that every user may enter, scripts executable."""
    folders = []

    def unpack(files):
        folder = Path(tempfile.mkdtemp(prefix="layout-", dir=open_folder))
        folder.chmod(0o755)
        folders.append(folder)
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            if name.endswith((".sh", "run_autograder")):
                path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return folder

    yield unpack
    for folder in folders:
        folder.chmod(0o755)
        shutil.rmtree(folder)
