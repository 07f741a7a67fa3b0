"""Tests of finding submissions whose code is built alike."""

import pytest

from grader.similar.similarity import MANY, CodePart, Place, Work, similar_pairs

TEMPLATE = """\
import torch


class Layer:
    def __init__(self, sizes, bias=True):
        raise NotImplementedError('it')
"""
SOLUTION = """\
def train(model, loader, optimizer, loss_fn):
    total, count = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        scores = model(images.flatten(1))
        loss = loss_fn(scores, labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        count += int((scores.argmax(dim=1) == labels).sum())
    return total / count
"""
COPY = '''\
"""My own work."""

def go(net, data, opt, criterion):
    """Train."""
    s, n = 0, 1
    # loop
    for a, b in data:
        opt.zero_grad()
        out = net(a.flatten(2))

        value = criterion(out, b)
        value.backward()
        opt.step()
        s += value.item() * len(b)
        n += int((out.argmax(dim=0) == b).sum())
    return s / n
'''
OTHER = """\
def fit(network, batches, steps):
    history = []
    while len(history) < steps:
        batch = next(batches)
        history.append(step_once(network, *batch))
        if history[-1] != history[-1]:
            raise ValueError("diverged")
    best = min(range(steps), key=history.__getitem__)
    return {"best": best, "loss": history[best], "all": tuple(history)}
"""


def _work(name, *codes):
    return Work(name, tuple(CodePart(f"file{i}.py", code) for i, code in enumerate(codes)))


def _pairs(*works, template="", least=30.0):
    return similar_pairs(works, template=_work("the template", template), least=least)


def _names(pairs):
    return [(pair.left.name, pair.right.name) for pair in pairs]


def test_a_renamed_copy_is_found():
    """A copy with other names, numbers, comments and layout shares nearly all; other code shares nothing."""
    (pair,) = _pairs(_work("ann", SOLUTION), _work("bob", COPY), _work("cy", OTHER))
    assert _names([pair]) == [("ann", "bob")]
    assert pair.left_percent > 95
    assert pair.right_percent > 90
    (passage,) = pair.passages
    assert (passage.left, passage.right) == ((Place(0, 1, 11),), (Place(0, 3, 16),))


def test_moved_code_is_found():
    """A function in another file and another place is found there; each passage names its file and lines."""
    left, right = _work("ann", OTHER, SOLUTION), _work("bob", f"x = 1\n\n{COPY}", "y = 2\n" + OTHER)
    (pair,) = _pairs(left, right)
    assert pair.percent > 90
    found = {passage.left[0].part: passage.right[0] for passage in pair.passages}
    assert found == {0: Place(1, 2, 10), 1: Place(0, 5, 18)}


def test_the_template_does_not_count():
    """What students were given is no similarity, and their own code is measured without it."""
    given = TEMPLATE + OTHER
    assert _pairs(_work("ann", given + SOLUTION), _work("bob", given), template=given) == ()
    (pair,) = _pairs(_work("ann", given + SOLUTION), _work("bob", given + COPY), template=given)
    assert pair.percent > 90
    assert min(place.first for passage in pair.passages for place in passage.left) > given.count("\n") - 2


def test_what_many_write_does_not_count():
    """A passage that more than ten submissions and a quarter of all have is how the assignment is solved."""
    few = [_work(f"s{i:02}", SOLUTION) for i in range(MANY)]
    many = [*few, _work("s99", SOLUTION)]
    assert len(_pairs(*few)) == MANY * (MANY - 1) // 2
    assert _pairs(*many) == ()
    crowd = [_work(f"x{i}", f"{OTHER}\n{'y = z[0]' * i}") for i in range(40)]
    assert ("s00", "s99") in _names(_pairs(*many, *crowd)), "eleven of fifty-one are not a quarter"


def test_most_similar_pairs_come_first():
    """Pairs are sorted by the mean of both shares; those below the bound, and tiny ones, are left out."""
    half = SOLUTION + OTHER.replace("history", "log").replace("while", "for _ in").replace("!=", "<").replace("[", "(")
    pairs = _pairs(_work("ann", SOLUTION), _work("bob", half), _work("cy", COPY), least=20)
    assert [round(pair.percent, 6) for pair in pairs] == sorted((round(p.percent, 6) for p in pairs), reverse=True)
    assert _names(pairs)[0] == ("ann", "cy")
    assert all(pair.percent >= 20 for pair in pairs)
    assert len(_pairs(_work("ann", SOLUTION), _work("bob", half), _work("cy", COPY), least=90)) == 1
    tiny = "for a, b in zip(c, d):\n    e.append(a + b * c[0])\n"
    assert _pairs(_work("ann", tiny), _work("bob", tiny)) == ()


@pytest.mark.parametrize("code", ["", "\n", "x", "\0" * 50, "'" * 999, "\ud800", "(" * 5000])
def test_odd_code_is_compared_like_other(code):
    """Empty, broken and endless code neither fails nor is similar to anything but itself."""
    pairs = _pairs(_work("ann", code), _work("bob", code), _work("cy", SOLUTION), _work("dan"))
    assert {name for pair in _names(pairs) for name in pair} <= {"ann", "bob"}


def test_nobody_is_similar_to_nobody():
    """No submission, and one alone, make no pair."""
    assert _pairs() == ()
    assert _pairs(_work("ann", SOLUTION)) == ()
