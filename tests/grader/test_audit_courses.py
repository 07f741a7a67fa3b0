"""The audit of this repository's own course: every assignment is sound, long tasks left out.

`grader audit` without --quick trains too, and asks for a mistake to each lookalike.
"""

from pathlib import Path

import pytest

from grader.course import list_slugs

COURSE = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("slug", list_slugs(COURSE))
def test_the_assignment_is_sound(run_grader, slug):
    """Reference, template, mistakes, variants, assets and kit are what they should be."""
    ended = run_grader("audit", slug, "--quick", cwd=COURSE, timeout_s=600)
    assert ended.returncode == 0, ended.stdout + ended.stderr
