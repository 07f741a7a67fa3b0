"""The audit of this repository's own course: every assignment is sound, long tasks left out where they would train.

`grader audit` without --quick trains too.
"""

import json
from pathlib import Path

import pytest

from grader.authoring.audit import Audit, find_unproven
from grader.courses.course import list_slugs

pytestmark = pytest.mark.slow
COURSE = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    """Return the folder where each audit leaves its figures."""
    return tmp_path_factory.mktemp("figures")


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("slug", list_slugs(COURSE))
def test_the_assignment_is_sound(run_grader, figures, slug):
    """Reference, template, mistakes, variants, assets and kit are what they should be."""
    options = ("--quick", "--jobs", "2", "--json", figures / f"{slug}.json")  # or this file would be the last
    ended = run_grader("audit", slug, *options, cwd=COURSE, timeout_s=1500)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.timeout(600)
@pytest.mark.parametrize("slug", list_slugs(COURSE))
def test_the_template_earns_nothing_where_it_would_train(run_grader, slug):
    """In the tasks that train for long, too, what students start from earns nothing, with sound parts or without."""
    ended = run_grader("audit", slug, "--only", "template", cwd=COURSE, timeout_s=600)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.timeout(600)
def test_lazy_replies_earn_nothing(run_grader):
    """Zeros, ones, NaN, means, inputs and nothing, in the shapes of right replies, earn no check of uva-mlp."""
    ended = run_grader("audit", "uva-mlp", "--lazy", "--quick", cwd=COURSE, timeout_s=600)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_every_lookalike_is_shown_by_a_mistake(figures):
    """What feedback can recognise is proven by a mistake of some assignment, told in an audit just now."""
    told = {}
    for slug in list_slugs(COURSE):
        if not (figures / f"{slug}.json").is_file():
            pytest.skip(f"The audit of {slug} did not run or did not end before this test.")
        (row,) = json.loads((figures / f"{slug}.json").read_text())["assignments"]
        told |= row["told"]
    unproven = [str(violation) for violation in find_unproven([Audit("all", told=told)])]
    assert not unproven, "\n".join(unproven)
