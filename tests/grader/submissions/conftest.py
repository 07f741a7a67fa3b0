"""Fixtures of the tests of submissions: assignments without a course, and archives in memory."""

from upload_samples import make_assignment, packed

__all__ = ["make_assignment", "packed"]
