"""Fixtures of the pages' tests."""

from class_samples import a_run, browser, make_class, open_page

__all__ = ["a_run", "browser", "make_class", "open_page"]
