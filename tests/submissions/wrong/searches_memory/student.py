"""Walks its callers' frames and every living object for expected values, checks and the grader's own classes."""

import gc
import sys

import torch


def search(x):
    frame, names = sys._getframe(), []
    while frame is not None:
        names.append(frame.f_code.co_filename)
        for name, value in [*frame.f_locals.items(), *frame.f_globals.items()]:
            if name in ("expected", "Expectation", "assert_matches", "measured") and value is not None:
                print("BREACH: a frame holds", name)
        frame = frame.f_back
    if any("pytest" in name or "test_mini" in name for name in names):
        print("BREACH: the check is on the stack", names)
    gc.unfreeze()
    for value in gc.get_objects():
        kind = type(value)
        if str(kind.__module__).startswith(("grader.compare", "grader.grading.plugin", "grader.results.verdict.Check", "_pytest")):
            print("BREACH: an object of the grader:", kind)
        if kind is torch.Tensor and value.shape == x.shape and value is not x and not value.equal(x):
            print("BREACH: a tensor that could be the answer", value)


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        search(x)
        return torch.ones_like(x)
