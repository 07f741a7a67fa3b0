"""Promises of `template`, `regions`, `kit_files` and `kit_notebook`."""

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from grader.authoring.regions import cut_regions
from grader.authoring.template import is_stale, write_template
from grader.courses.assignment import Assignment
from grader.courses.course import find_course, read_assignment, read_kit
from grader.errors import CourseError
from grader.notebooks.document import CellKind
from grader.notebooks.reader import read_notebook

TOML = """\
# a comment for instructors
title = "HW2: \\"layers\\" | é 🎈"
[submission]
required = ["hw2/layers.py"]
editable = ["hw2/*.py", "*.ipynb"]
[sandbox]
preload = ["torch"]
[limits]
wall_s = 7.5
threads = 2
[tasks.linear]
title = "Linear | layer"
points = 10
[tasks.speed]
title = "Secret speed"
points = 2.5
hidden = true
[tasks.relu]
title = "ReLU"
points = 2.5
scoring = "all-or-nothing"
"""
LAYERS = '''\
"""Layers."""\r
class LeakyReLU:\r
    def forward(self, x):
        """Return it."""
        # <solution> Compute max(alpha * x, x) and keep what backward needs.
        # A second line.
        self.cache = x
        return torch.maximum(self.alpha * x, x)
        # </solution>


def hyper():
\twstd = 1
\t# <solution> Choose them.
\t#| wstd, lr = 0, 0
\t#| reg = 0
\twstd, lr, reg = 0.1, 0.2, 0.3
\t# </solution>
\treturn wstd, lr, reg   # kept  \x0c
'''
STUB = '''\
"""Layers."""\r
class LeakyReLU:\r
    def forward(self, x):
        """Return it."""
        # TODO: Compute max(alpha * x, x) and keep what backward needs.
        #       A second line.
        raise NotImplementedError("LeakyReLU.forward")


def hyper():
\twstd = 1
\t# TODO: Choose them.
\twstd, lr = 0, 0
\treg = 0
\treturn wstd, lr, reg   # kept  \x0c
'''
NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Title\n"]},
        {
            "cell_type": "code",
            "execution_count": 3,
            "metadata": {},
            "outputs": [{"text": "0.93"}],
            "source": [
                "%matplotlib inline\n",
                "def f(x):\n",
                "    # <solution> Square it.\n",
                "    return x * x\n",
                "    # </solution>",
            ],
        },
    ],
    "metadata": {},
    "nbformat": 4,
    "nbformat_minor": 5,
}


def write(file: Path, content: str | bytes) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


@pytest.fixture
def course(tmp_path) -> Path:
    """A course with public and hidden checks, support files, junk and recorded assets."""
    course = tmp_path / "course"
    checks, reference, assets = (course / f"{part}/hw2" for part in ("tests/assignments", "reference", "assets"))
    write(checks / "assignment.toml", TOML)
    write(checks / "probes.py", "# probes\n")
    write(checks / "mistakes.toml", "# mistakes\n")
    write(checks / "test_layers.py", '@graded(task="linear")\ndef test_linear(): ...\ndef test_relu(): ...\n')
    write(checks / "test_layers_hidden.py", '@graded(task="speed")\ndef test_speed(): ...\n')
    write(reference / "hw2/layers.py", LAYERS)
    write(reference / "hw2/__init__.py", "")
    write(reference / "hw2/__pycache__/layers.pyc", b"junk")
    write(reference / "support/data.bin", b"\x00\xff")
    write(reference / "README.md", "for instructors")
    manifest = {"torch": "2.13", "assets": {"test_linear": {"seed": 1}, "test_speed": {"seed": 2}}}
    write(assets / "manifest.json", json.dumps(manifest))
    for check in ("test_linear", "test_speed"):
        write(assets / f"{check}.safetensors", check)
    return course


@pytest.fixture
def assignment(course) -> Assignment:
    """The assignment of that course."""
    return read_assignment(course, "hw2")


@pytest.fixture
def target(course) -> Path:
    """The folder the kit goes to."""
    return course / "student_template" / "hw2"


def test_kit_files(assignment, target):
    """The kit holds stubs, support files, public checks and their assets, and nothing hidden."""
    written = write_template(assignment, target)
    assert [file.relative_to(target).as_posix() for file in written] == [
        "README.md",
        "checks/assets/manifest.json",
        "checks/assets/test_linear.safetensors",
        "checks/assignment.toml",
        "checks/probes.py",
        "checks/test_layers.py",
        "hw2/__init__.py",
        "hw2/layers.py",
        "support/data.bin",
    ]
    assert all(file.is_file() for file in written)
    assert (target / "support/data.bin").read_bytes() == b"\x00\xff"


def test_a_kit_knows_of_further_checks(course, assignment, target):
    """A kit says whether grading runs checks that it doesn't have; in a course that is no key, the files say it."""
    write_template(assignment, target)
    assert "further_checks = true\n" in (target / "checks/assignment.toml").read_text()
    file = assignment.folder / "assignment.toml"
    file.write_text(f"further_checks = true\n{file.read_text()}")
    with pytest.raises(CourseError, match=r"further_checks.* is a kit's own key\. Remove it"):
        read_assignment(course, "hw2")


def test_stub(assignment, target):
    """Regions become stubs, everything outside of them stays byte for byte."""
    write_template(assignment, target)
    assert (target / "hw2/layers.py").read_bytes() == STUB.encode()


def test_kit_is_read_back(assignment, target):
    """The kit's assignment.toml says what the course's says, without hidden tasks and comments."""
    write_template(assignment, target)
    kit = read_kit(target)
    assert kit is not None
    public = tuple(task for task in assignment.tasks if task.name != "speed")
    expected = replace(assignment, folder=kit.folder, assets=kit.assets, reference=None, tasks=public)
    assert kit == replace(expected, has_further_checks=True)
    text = (target / "checks/assignment.toml").read_text(encoding="utf-8")
    assert "ecret" not in text
    assert "instructors" not in text
    assert next(iter(tomllib.loads(text))) == "slug"


def test_manifest_is_filtered(assignment, target):
    """The kit's manifest holds the entries of public checks only, other keys as they are."""
    write_template(assignment, target)
    manifest = json.loads((target / "checks/assets/manifest.json").read_bytes())
    assert manifest == {"torch": "2.13", "assets": {"test_linear": {"seed": 1}}}


def test_no_assets_yet(assignment, target, course):
    """A kit can be made before anything was recorded."""
    for file in (course / "assets/hw2").iterdir():
        file.unlink()
    write_template(assignment, target)
    assert not (target / "checks/assets").exists()


def test_broken_manifest(assignment, target, course):
    """A manifest that is none is refused with the command that makes one."""
    write(course / "assets/hw2/manifest.json", "[]")
    with pytest.raises(CourseError, match=r"manifest.json is not a manifest: .*Run `grader record hw2`"):
        write_template(assignment, target)


def test_readme(assignment, target):
    """The README says how to install, check and hand in, and lists the public tasks with points."""
    write_template(assignment, target)
    text = (target / "README.md").read_text(encoding="utf-8")
    assert text.startswith('# HW2: "layers" | é 🎈\n')
    for words in (
        'pip install "torchgrade[courses,watch]"',
        "grader check --watch",
        "    grader check\n",
        "--task linear",
        "- `hw2/layers.py`",
        "further checks",
    ):
        assert words in text
    assert "| Linear \\| layer | `linear` | 10 |\n| ReLU | `relu` | 2.5 |\n" in text
    assert "ecret" not in text


def test_readme_says_what_is_handed_out(course, target):
    """A task without points is about code that students get."""
    given = TOML.replace('title = "ReLU"\npoints = 2.5', 'title = "ReLU"\npoints = 0')
    write(course / "tests/assignments/hw2/assignment.toml", given)
    write_template(read_assignment(course, "hw2"), target)
    assert "| ReLU | `relu` | given |" in (target / "README.md").read_text(encoding="utf-8")


def test_readme_names_the_pages_beside_the_code(course, target):
    """A page of the reference is in the kit, and its README names it; instructors' own README is neither."""
    write_template(read_assignment(course, "hw2"), target)
    assert "What to do is in" not in (target / "README.md").read_text(encoding="utf-8")
    write(course / "reference/hw2/TASK.md", "# Do it")
    write_template(read_assignment(course, "hw2"), target)
    assert "your code comes. What to do is in `TASK.md`.\n" in (target / "README.md").read_text(encoding="utf-8")
    assert (target / "TASK.md").read_text(encoding="utf-8") == "# Do it"


def test_readme_names_what_is_forbidden(course, target):
    """Who must not use a name has to read it before: parts and names of the public tasks, and of no other."""
    write_template(read_assignment(course, "hw2"), target)
    assert "Write these yourself" not in (target / "README.md").read_text(encoding="utf-8")
    rule = 'forbidden = ["torch.optim", "torch.nn.Linear"]\nforbidden_in = ["hw2/layers.py::Linear"]\n'
    ruled = TOML.replace("[tasks.linear]\n", "[tasks.linear]\n" + rule)
    write(course / "tests/assignments/hw2/assignment.toml", ruled)
    write_template(read_assignment(course, "hw2"), target)
    text = (target / "README.md").read_text(encoding="utf-8")
    assert "| Linear \\| layer: `hw2/layers.py::Linear` | `torch.optim`, `torch.nn.Linear` |\n\n## Hand in" in text


def test_fresh_kit_is_not_stale(assignment, target):
    """Right after writing nothing is stale, and writing again changes no byte."""
    write_template(assignment, target)
    before = {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in target.rglob("*") if file.is_file()}
    assert is_stale(assignment, target) == ()
    write_template(assignment, target)
    assert before == {
        file: (file.stat().st_mtime_ns, file.read_bytes()) for file in target.rglob("*") if file.is_file()
    }


def test_stale_files_are_named(assignment, target):
    """Files that differ, are missing or are too many are named; caches don't count."""
    write_template(assignment, target)
    write(target / "hw2/layers.py", "solved")
    (target / "README.md").unlink()
    write(target / "old/gone.py", "")
    write(target / "hw2/__pycache__/x.pyc", "")
    assert is_stale(assignment, target) == (
        "README.md is missing",
        "hw2/layers.py differs",
        "old/gone.py should not be there",
    )


def test_everything_is_stale_before_the_first_time(assignment, target):
    """Without a kit all of its files are missing."""
    assert len(is_stale(assignment, target)) == 9


def test_old_files_are_removed(assignment, target):
    """Files that no longer belong are removed with their folders, even where a folder's name becomes a file."""
    write_template(assignment, target)
    write(target / "old/deep/gone.py", "")
    (target / "README.md").unlink()
    write(target / "README.md/odd.py", "")
    write_template(assignment, target)
    assert is_stale(assignment, target) == ()
    assert not (target / "old").exists()


def test_foreign_folder_is_spared(assignment, tmp_path):
    """A folder that is no kit of this assignment is not touched."""
    home = write(tmp_path / "home" / "thesis.tex", "").parent
    with pytest.raises(CourseError, match=r"home holds 1 files and is not a kit of `hw2`; nothing .*Name an empty"):
        write_template(assignment, home)
    write(home / "checks/assignment.toml", 'slug = "other"')
    with pytest.raises(CourseError, match=r"is not a kit of `hw2`"):
        write_template(assignment, home)
    assert (home / "thesis.tex").exists()


def test_kit_has_no_reference(assignment, target):
    """A kit can't be made from a kit."""
    with pytest.raises(CourseError, match=r"`hw2` is a students' kit, which has no reference\. Run this in"):
        write_template(replace(assignment, reference=None), target)


def test_all_tasks_hidden(assignment, target, course):
    """A kit without a public task is refused."""
    hidden = tuple(replace(task, hidden=True) for task in assignment.tasks)
    (course / "tests/assignments/hw2/test_layers.py").unlink()
    with pytest.raises(CourseError, match=r"Every task of `hw2` is hidden.*Make at least one"):
        write_template(replace(assignment, tasks=hidden), target)


def test_public_check_of_hidden_task(assignment, target, course):
    """A check of a hidden task in a public file is refused: students would get it."""
    write(course / "tests/assignments/hw2/test_more.py", '\n@graded(task="speed")\ndef test_x(): ...\n')
    with pytest.raises(CourseError, match=r"test_more.py, line 2: a public check of the hidden task `speed`.*_hidden"):
        write_template(assignment, target)


@pytest.mark.parametrize("name", ["test_more.py", "helpers.py"])
def test_check_file_does_not_parse(assignment, target, course, name):
    """A file of checks or helpers with a syntax error is named."""
    write(course / "tests/assignments/hw2" / name, "def (")
    with pytest.raises(CourseError, match=rf"{name} does not parse"):
        write_template(assignment, target)


def test_probes_missing(assignment, target, course):
    """A course without probes is refused."""
    (course / "tests/assignments/hw2/probes.py").unlink()
    with pytest.raises(CourseError, match=r"probes.py is missing\. Add the probes"):
        write_template(assignment, target)


def test_all_probe_files_are_in_the_kit(assignment, target, course):
    """Every file of probes goes to the students."""
    write(course / "tests/assignments/hw2/probes_part2.py", "# more\n")
    write_template(assignment, target)
    assert (target / "checks/probes_part2.py").read_text() == "# more\n"


def test_probes_cannot_be_hidden(assignment, target, course):
    """A file of probes whose name says that students don't get it is refused: they would."""
    write(course / "tests/assignments/hw2/probes_part2_hidden.py", "# more\n")
    with pytest.raises(CourseError, match=r"probes_part2_hidden\.py would be in the students' kit, as all .*Rename it"):
        write_template(assignment, target)


def test_helpers_are_in_the_kit_but_for_hidden_ones(assignment, target, course):
    """What public checks import goes to the students, what only hidden ones need does not."""
    checks = course / "tests/assignments/hw2"
    write(checks / "test_layers.py", "from helpers_layers import X\n" + (checks / "test_layers.py").read_text())
    write(checks / "helpers_layers.py", "from helpers import X\n")
    write(checks / "helpers.py", "X = 1\n")
    write(checks / "helpers_layers_hidden.py", "from helpers_layers import X\n")
    write_template(assignment, target)
    assert (target / "checks/helpers.py").read_text() == "X = 1\n"
    assert (target / "checks/helpers_layers.py").is_file()
    assert not (target / "checks/helpers_layers_hidden.py").exists()


@pytest.mark.parametrize(
    "how", ["import helpers_x_hidden", "from helpers_x_hidden import Y", "def f(): import test_y_hidden"]
)
@pytest.mark.parametrize("name", ["test_more.py", "helpers_more.py"])
def test_public_file_that_needs_a_hidden_one(assignment, target, course, name, how):
    """A public file that imports a hidden one is refused: in the students' kit that import would fail."""
    for hidden in ("helpers_x_hidden.py", "test_y_hidden.py"):
        write(course / "tests/assignments/hw2" / hidden, "Y = 1\n")
    write(course / "tests/assignments/hw2" / name, f"\n{how}\n")
    words = r"line 2: a public file imports `\w+_hidden`, which students don't get\. Move what it needs to a file `help"
    with pytest.raises(CourseError, match=f"{name}, {words}"):
        write_template(assignment, target)


def test_reference_in_the_way(assignment, target, course):
    """A reference file where the kit has its own is refused."""
    write(course / "reference/hw2/checks/x.py", "")
    with pytest.raises(CourseError, match=r"checks/x.py lies where the kit has its own files\. Rename it"):
        write_template(assignment, target)


@pytest.mark.parametrize("name", ["support/plot.py", "hw2/notes.md"])
def test_region_where_none_is_cut(assignment, target, course, name):
    """A region in a file that is not cut would hand out the solution, so it is refused."""
    write(course / "reference/hw2" / name, "# <solution> x\n# </solution>\n")
    with pytest.raises(CourseError, match=rf"reference/hw2/{name} has a solution region, but is not.*`editable`"):
        write_template(assignment, target)


def test_reference_not_utf8(assignment, target, course):
    """Reference code in another encoding is refused."""
    write(course / "reference/hw2/hw2/x.py", b"# \xff")
    with pytest.raises(CourseError, match=r"reference/hw2/hw2/x.py is not UTF-8 \(byte 2\)"):
        write_template(assignment, target)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def f():\n    # <solution> x\n    return 1\n", "line 2: a region opens that never closes"),
        ("def f():\n    return 1\n    # </solution>\n", "line 3: a region closes that never opened"),
        (
            "def f():\n    # <solution> x\n    # <solution> y\n    return 1\n    # </solution>\n",
            "line 3: a region opens inside the one of line 2",
        ),
        ("def f():\n    # <solution keep> x\n    return 1\n", r"line 2: `# <solution keep> x` is not a marker"),
        ("def f():\n    return 1  # <solution>\n", r"line 2: `return 1  # <solution>` is not a marker"),
        ("def f():\n    #<SOLUTION> x\n    return 1\n", r"line 2: `#<SOLUTION> x` is not a marker"),
        ("# <solution> x\ny = 1\n# </solution>\n", "line 1: a region is in no function.*Say what to leave"),
        ("class A:\n    # <solution> x\n    y = 1\n    # </solution>\n", "line 2: a region is in no function"),
        ("def f(:\n    # <solution> x\n    # </solution>\n", "the reference does not parse at line 1"),
        (
            "def f(x):\n    # <solution>\n    #| return (\n    return 1\n    # </solution>\n",
            "the template does not parse",
        ),
    ],
)
def test_bad_regions(code, words):
    """Markers that are unbalanced, nested, misspelt or cut a statement in two are refused with file and line."""
    with pytest.raises(CourseError, match=rf"(?s)a\.py.*{words}"):
        cut_regions(code, name="a.py")


@pytest.mark.parametrize(
    ("code", "stub"),
    [
        (
            "def outer():\n    class A:\n        async def f(self):\n            # <solution>\n            return 1\n"
            "            # </solution>\n",
            "def outer():\n    class A:\n        async def f(self):\n            # TODO: Write this part.\n"
            '            raise NotImplementedError("outer.A.f")\n',
        ),
        (
            "# <solution> Write f.\n#| def f():\n#|     pass\n#|\ndef f():\n    return 1\n# </solution>\nx = 1\n",
            "# TODO: Write f.\ndef f():\n    pass\n\nx = 1\n",
        ),
        (
            "def f():\r\n    # <solution> é\r\n    return 1\r\n    # </solution>\r\n    # end",
            'def f():\r\n    # TODO: é\r\n    raise NotImplementedError("f")\r\n    # end',
        ),
        (
            "def f():\n    # <solution> a\n    x = 1\n    # </solution>\n    # <solution> b\n    return x\n"
            "    # </solution>\n",
            'def f():\n    # TODO: a\n    raise NotImplementedError("f")\n    # TODO: b\n'
            '    raise NotImplementedError("f")\n',
        ),
        ("\ufeffx = 1\n", "\ufeffx = 1\n"),
    ],
)
def test_regions(code, stub):
    """Nested names, several lines to leave, CRLF, several regions in a function and a BOM come out right."""
    assert cut_regions(code, name="a.py") == stub


def test_notebook(assignment, target, course):
    """In a notebook regions are cut cell by cell, magics don't matter, outputs are cleared."""
    write(course / "reference/hw2/hw.ipynb", json.dumps(NOTEBOOK))
    write_template(assignment, target)
    text, code = json.loads((target / "hw.ipynb").read_bytes())["cells"]
    assert text == NOTEBOOK["cells"][0]
    assert "".join(code["source"]) == (
        '%matplotlib inline\ndef f(x):\n    # TODO: Square it.\n    raise NotImplementedError("f")'
    )
    assert (code["outputs"], code["execution_count"]) == ([], None)


def test_notebook_marker_in_text(assignment, target, course):
    """A marker in a text cell is refused."""
    notebook = {"cells": [{"cell_type": "markdown", "source": "# <solution> x"}]}
    write(course / "reference/hw2/hw.ipynb", json.dumps(notebook))
    with pytest.raises(CourseError, match=r"cell 1 of reference/hw2/hw.ipynb: a marker .* in a text cell"):
        write_template(assignment, target)


def test_no_notebook(assignment, target, course):
    """A notebook that is none is refused."""
    write(course / "reference/hw2/hw.ipynb", "{}")
    with pytest.raises(CourseError, match=r"hw.ipynb is not a notebook: .*Save it as .ipynb"):
        write_template(assignment, target)


@pytest.mark.parametrize("kit", sorted((find_course(Path(__file__)) / "student_template").glob("*/*.ipynb")), ids=str)
def test_notebooks_load_the_grader_before_anything_else(kit):
    """The first code cell loads the grader and does nothing else: no import that fails keeps `%check` away."""
    cells = [cell for cell in read_notebook(kit.read_bytes(), name=kit.name).cells if cell.kind is CellKind.CODE]
    assert [line for line in cells[0].source.splitlines() if not line.startswith("# ")] == ["%load_ext grader"]
    assert sum("%load_ext grader" in cell.source for cell in cells) == 1
    assert any(cell.source.startswith("%check ") for cell in cells)
