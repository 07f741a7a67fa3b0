"""The pages docs/courses/: what each document asks and how it is treated, as the checks and questions are now."""

from functools import cache
from pathlib import Path

import pytest

from grader.authoring.audit import coverage_of
from grader.authoring.coverage import DEMANDS_FILE, Coverage, write_page
from grader.courses.course import list_slugs

COURSE = Path(__file__).parents[3]


@cache
def covered(slug: str) -> Coverage:
    """Return how a document is treated; reading its checks takes a second."""
    return coverage_of(COURSE, slug)


@pytest.mark.parametrize("slug", list_slugs(COURSE))
def test_every_demand_is_treated_and_the_page_says_how(slug: str) -> None:
    """No demand lacks an entry, no check and no question stands beside the document, and the page is what is true."""
    found = covered(slug)
    assert [str(violation) for violation in found.violations] == []
    page = (COURSE / "docs" / "courses" / f"{slug}.md").read_text(encoding="utf-8")
    assert page == write_page(found, slug), f"Run `grader audit --coverage {slug} > docs/courses/{slug}.md`."


@pytest.mark.parametrize("slug", list_slugs(COURSE))
def test_demands_stand_in_the_order_of_the_document(slug: str) -> None:
    """The list can be read beside the document: each demand begins where the one before begins, or below it."""
    rows = covered(slug).rows
    begins = [int(row.demand.lines.split()[0].strip(",")) for row in rows]
    assert begins == sorted(begins), DEMANDS_FILE
