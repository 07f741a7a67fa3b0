"""Fixtures of the tests of manual grading; the data they share with the tests is in `manual_conftest`."""

from manual_conftest import browser, folder, make_results, page, start_page

__all__ = ["browser", "folder", "make_results", "page", "start_page"]
