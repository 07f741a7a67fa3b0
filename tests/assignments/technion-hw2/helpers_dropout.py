"""How many elements a Dropout drops, and what a wrong number looks like.

test_dropout.py and test_dropout_hidden.py import it.
"""

import math

import torch

from grader.compare import Expectation, Tolerance, assert_matches

DROPPED = "fraction of dropped elements"


def fraction_dropped(z):
    """Return the fraction of zeros."""
    return float((z == 0).float().mean())


def assert_some_dropped(z):
    """Ask that some elements are dropped and some kept: only then there is a mask to look at."""
    dropped = fraction_dropped(z)
    assert 0 < dropped < 1, f"`{DROPPED}` is {dropped:g}: there is no mask. Drop some elements, and keep the others."


def five_sigma(p, *, n):
    """Return five standard deviations of the fraction of n independent events of probability p."""
    return 5 * math.sqrt(p * (1 - p) / n)


def assert_fraction(actual, p, *, n, name):
    """Ask that a fraction of n elements is p, within five standard deviations."""
    tolerance = Tolerance(rtol=0, atol=five_sigma(p, n=n))
    assert_matches({name: torch.tensor(actual)}, Expectation({name: torch.tensor(p)}, {name: tolerance}))


def assert_fraction_dropped(z, p):
    """Ask that the fraction of zeros in z is p, and name what draws another fraction."""
    actual, room = fraction_dropped(z), five_sigma(p, n=z.numel())
    causes = {
        1 - p: "That is 1 - p: `p` is the probability of dropping an element, and here it is that of keeping one",
        0.5 * (1 + math.erf(p / math.sqrt(2))): "As many numbers of `torch.randn` lie below p: draw with `torch.rand`, "
        "whose numbers are spread evenly over [0, 1)",
        0.0: "Nothing is dropped at all",
        1.0: "Everything is dropped",
    }
    for fraction, cause in causes.items():
        told = f"`{DROPPED}` is {actual:.3g}; expected {p:g}. {cause}."
        assert abs(actual - p) <= room or abs(actual - fraction) > room, told
    assert_fraction(actual, p, n=z.numel(), name=DROPPED)
