"""Tests of grader.live.checks, in this process: what can be wrong with a kit, and what is found in a kernel's cells."""

import types

import pytest
import torch

from grader.authoring.template import write_kit_for, write_template
from grader.courses.course import read_assignment
from grader.errors import CourseError
from grader.grading.notebook_notes import ON_PROCESSOR
from grader.live.checks import check_live
from grader.live.source import Cells, definitions_in
from grader.results.verdict import Verdict

CHECKS = '''\
import pytest


@pytest.mark.graded(task="double")
def test_double(probe):
    """double returns twice its input"""
    assert probe("double", x=1)["y"] == 2


@pytest.mark.graded(task="triple")
def test_triple(probe):
    """triple returns three times its input"""
    probe("thrice")
'''
SOLVED = {"student.py": "def double(x):\n    return 2 * x\n"}


@pytest.fixture
def kit(make_course, write_files, tmp_path):
    course = make_course(tmp_path / "course", checks=CHECKS)
    write_template(read_assignment(course, "tiny"), tmp_path / "kit")
    return write_files(tmp_path / "kit", SOLVED)


def check(kit, *tasks):
    result = check_live(kit, tasks or None, module=types.ModuleType("__main__"), cells=Cells())
    return [check for task in result.tasks for check in task.checks]


def test_checks_of_a_task(kit):
    """Only the checks of the tasks that are named run; a probe that nobody has declared is the grader's mistake."""
    assert [one.verdict for one in check(kit, "double")] == [Verdict.PASSED]
    (triple,) = check(kit, "triple")
    assert triple.verdict is Verdict.NOT_GRADED
    assert "The assignment has no probe 'thrice'." in triple.feedback.message


def test_changed_kit(kit, write_files):
    """A kit whose files have changed is read again."""
    assert check(kit, "double")[0].verdict is Verdict.PASSED
    write_files(kit, {"checks/test_tiny.py": CHECKS.replace("== 2", "== 22")})
    assert check(kit, "double")[0].verdict is Verdict.WRONG


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a card")
def test_a_card_that_is_not_there(kit, write_files):
    """Code that insists on a card is checked on the processor, as when it is graded; a note says so."""
    write_files(kit, {"student.py": "import torch\ndef double(x): return int(2 * torch.tensor(x).cuda())\n"})
    result = check_live(kit, ["double"], module=types.ModuleType("__main__"), cells=Cells())
    assert [one.verdict for task in result.tasks for one in task.checks] == [Verdict.PASSED]
    assert ON_PROCESSOR in result.notes
    with pytest.raises((AssertionError, RuntimeError)):
        torch.ones(1).cuda()


def test_broken_probes(kit, write_files):
    """Probes that can't be loaded are named with what they raised, and cost no points."""
    probes = (kit / "checks" / "probes.py").read_text()
    write_files(kit, {"checks/probes.py": f"{probes}\n1 / 0"})
    (double,) = check(kit, "double")
    assert double.verdict is Verdict.NOT_GRADED
    assert "The probe 'double' can't be used: probes.py failed in line " in double.feedback.message
    assert ": ZeroDivisionError: division by zero." in double.feedback.message


OWN = '''\
import pytest
import torch


@pytest.mark.graded(task="double")
def test_double(probe, rng, personal):
    """double returns twice its input"""
    x = torch.randn(1, generator=personal(rng))
    assert probe("double", x=x)["y"].item() == 0, f"{x.item():.6f}"
'''


def test_a_kit_of_ones_own_draws_its_own_data(make_course, write_files, tmp_path):
    """`%check` draws for whom the kit names, and for nobody in a kit that names none."""
    course = make_course(tmp_path / "course", checks=OWN)
    told = []
    for seed in ("", "aa", "bb", "aa"):
        kit = tmp_path / f"kit-{len(told)}"
        assignment = read_assignment(course, "tiny")
        if seed:
            write_kit_for(assignment, kit, student="Ann", seed=seed)
        else:
            write_template(assignment, kit)
        told.append(check(write_files(kit, SOLVED), "double")[0].feedback.message)
    assert told[1] == told[3]
    assert len(set(told)) == 3


def test_kit_that_went_away(kit):
    """A kit that lost its assignment file says so."""
    (kit / "checks" / "assignment.toml").unlink()
    with pytest.raises(CourseError, match=r"is no longer a kit\. Is its folder `checks` complete\?"):
        check(kit)


MARKED_NOTEBOOK = """\
# %% id="a"
# <solution> Set them.
#| width, items = 0, []
width, items = 1, [1]
# </solution>
"""


def test_probes_leave_nothing_to_each_other(make_course, tmp_path):
    """What a probe sets in the notebook, in its lists, and in its own file, the next one does not find."""
    files = {"toml": TOML_OF_A_NOTEBOOK, "probes": PROBES_THAT_CHANGE, "checks": CHECKS_THAT_ASK_TWICE}
    course = make_course(tmp_path / "course", **files, reference={"tiny.py": MARKED_NOTEBOOK})
    write_template(read_assignment(course, "tiny"), tmp_path / "kit")
    module = types.ModuleType("__main__")
    module.__dict__.update(width=1, items=[1])
    (task,) = check_live(tmp_path / "kit", None, module=module, cells=Cells()).tasks
    assert [one.verdict for one in task.checks] == [Verdict.PASSED] * 2
    assert (module.width, module.items) == (1, [1])


TOML_OF_A_NOTEBOOK = """\
title = "Tiny"
[submission]
kind = "notebook"
required = ["tiny.ipynb"]
editable = ["*.ipynb"]
[tasks.one]
title = "One"
points = 1
"""
PROBES_THAT_CHANGE = """\
from grader.probes import probe

LOG = []


class Table:
    rows = 2


@probe(needs=["notebook"])
def look():
    import notebook

    LOG.append(notebook.width)
    found = {"width": notebook.width, "items": list(notebook.items), "calls": len(LOG), "rows": Table.rows}
    notebook.width = 9
    notebook.items.append(9)
    Table.rows = 9
    return found
"""
CHECKS_THAT_ASK_TWICE = '''\
import pytest


@pytest.mark.graded(task="one")
def test_first(probe):
    """first"""
    for _ in range(2):
        assert dict(probe("look")) == {"width": 1, "items": [1], "calls": 1, "rows": 2}


@pytest.mark.graded(task="one")
def test_second(probe):
    """second"""
    test_first(probe)
'''


def test_definitions_that_hold():
    """Of each name the last definition is kept in its place, with all imports; what is no definition is blank."""
    history = (
        "",
        "import torch\nx = torch.optim.SGD",
        "def f():\n    return 1\n\ndef g():\n    return 2",
        "%%check mlp\n@torch.no_grad()\ndef f():\n    return 3",
        "def (:",
    )
    module = types.ModuleType("__main__")
    exec("def f(): pass\ndef g(): pass", vars(module))
    del module.g
    cells = definitions_in(vars(module), Cells(history))
    assert [cell.source for cell in cells] == [
        "import torch\n",
        "\n\n\n\n",
        "\n@torch.no_grad()\ndef f():\n    return 3",
        "",
    ]
    assert [cell.number for cell in cells] == [1, 2, 3, 4]


def test_cells_that_were_run_again():
    """A cell that was run again stands in its last place only."""
    assert [cell.source for cell in Cells(("", "a", "b", "a")).executed()] == ["", "b", "a"]
