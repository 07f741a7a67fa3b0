"""Fixtures of the tests of exports."""

from result_samples import hostile_texts, make_result, run_info, secret, with_answers, write_csv

__all__ = ["hostile_texts", "make_result", "run_info", "secret", "with_answers", "write_csv"]
