"""Tests of grader.authoring.given_cells: variants hold what the reference gives in its words."""

from pathlib import Path

import pytest

from grader.authoring.given_cells import judge_given_cells, refresh_variants, stale_cells, with_given_cells
from grader.courses.course import find_course, read_assignment

COURSE = find_course(Path(__file__))
SLUGS = sorted(folder.name for folder in (COURSE / "tests/assignments").iterdir() if (folder / "variants").is_dir())
REFERENCE = """# The reference.

# %% [markdown] id="intro"
# Write the parts marked TODO.

# %% id="setup"
import torch

# %% id="net"
def net(x):
    # <solution> Return the sum.
    return x.sum()
    # </solution>
"""
VARIANT = '''"""A sum over all axes."""

# %% [markdown] id="intro"
# Write the parts marked TODO.


# %% id="setup"
import torch

# %% id="net"
def net(x):
    return torch.einsum("ij->", x)

# %% id="mine"
print(net(torch.ones(2, 2)))
'''
OLDER = VARIANT.replace("marked TODO", "that are missing").replace("import torch", "import torch as t")


def test_what_students_write_may_differ():
    """Cells with a region, cells of the variant's own, and empty lines around a cell are no matter."""
    assert stale_cells(VARIANT, REFERENCE) == ()
    assert with_given_cells(VARIANT, REFERENCE) == VARIANT


def test_given_cells_of_an_older_reference_are_named_and_replaced():
    """Text and code that the reference gives come from it as it is now; what the variant shows stays."""
    assert stale_cells(OLDER, REFERENCE) == ("intro", "setup")
    mended = with_given_cells(OLDER, REFERENCE)
    assert stale_cells(mended, REFERENCE) == ()
    assert mended == VARIANT.replace("TODO.\n\n\n", "TODO.\n\n")


def test_a_variant_names_the_given_cells_that_it_changes():
    """A docstring's list of cells, over two lines or one, keeps them as they are; all others are still compared."""
    declared = OLDER.replace("axes.", "axes.\n\nGiven cells of its own: plots,\nsetup.\n")
    assert stale_cells(declared, REFERENCE) == ("intro",)
    assert "import torch as t" in with_given_cells(declared, REFERENCE)
    assert stale_cells(OLDER + "def (", REFERENCE) == ("intro", "setup")


def test_what_differs_is_told_and_mended(run_grader, read_tiny, make_course, tmp_path):
    """`grader template --check` and an audit name variant and cells, `grader template` puts the cells in."""
    course = make_course(tmp_path)
    assignment = read_tiny(course)
    (file,) = [file for file in assignment.reference.rglob("*.py") if "<solution>" in file.read_text()]
    path = file.relative_to(assignment.reference).as_posix()
    file.write_text(f'# %% id="setup"\nimport math\n\n# %% id="work"\n{file.read_text()}')
    variant = assignment.folder / "variants/older" / path
    variant.parent.mkdir(parents=True)
    variant.write_text('"""Another way."""\n\n# %% id="setup"\nimport cmath\n\n# %% id="work"\nvalue = 1\n')
    (violation,) = judge_given_cells(assignment)
    assert str(violation).startswith(f"variants/older: In `{path}`, given cells are not the reference's: setup.")
    assert "Given cells of its own" in violation.remedy
    told = run_grader("template", "tiny", "--check", cwd=course)
    assert told.returncode == 1
    assert "not up to date: variants/older: In" in told.stdout
    assert f"variants/older/{path}: setup" in run_grader("template", "tiny", cwd=course).stdout
    assert "import math" in variant.read_text()
    assert list(judge_given_cells(assignment)) == []
    assert refresh_variants(assignment) == ()
    assert run_grader("template", "tiny", "--check", cwd=course).returncode == 0


@pytest.mark.parametrize("slug", SLUGS)
def test_variants_of_this_course_hold_its_own_text(slug):
    """No variant has a given cell of an older reference: those came from other texts than ours."""
    assert [str(one) for one in judge_given_cells(read_assignment(COURSE, slug))] == []


def test_the_rule_sees_notebooks_of_this_course():
    """The comparison above finds scripts to compare: at least a third of the variants are made of our cells."""
    texts = [
        file.read_text() for slug in SLUGS for file in (COURSE / "tests/assignments" / slug).glob("variants/*/*.py")
    ]
    assert sum('id="setup"' in text for text in texts) >= 25
