"""Tests of reading code, whatever it is, as a row of tokens."""

import time

import pytest

from grader.similar.code_tokens import tokens_of

CODE = """\
class Net(nn.Module):
    '''A network.'''
    def forward(self, x):  # (N, D)
        h = self.first(x).view(-1, 10)
        return F.relu(h)
"""
RENAMED = """\
class Mine(nn.Module):
    '''Another
    text.'''

    def go(self, data):
        t = self.layer_one(data).view(-2, 5.5e3)

        return func.relu(t)
"""


def _kinds(code):
    return tokens_of(code, most=1000).kinds


def test_names_numbers_texts_and_layout_do_not_count():
    """Renamed, with other numbers, texts, comments and blank lines, code is the same row of tokens."""
    assert _kinds(CODE) == _kinds(RENAMED)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("x + y", "x - y"),
        ("if x: y", "while x: y"),
        ("x.view(1)", "x.reshape(1)"),
        ("x = 1", "x = y"),
        ("x = 'a'", "x = a"),
        ("return x", "yield x"),
    ],
)
def test_what_code_does_counts(left, right):
    """Signs, keywords and the names of libraries' functions tell code apart, and so does what kind a value is."""
    assert _kinds(left) != _kinds(right)


@pytest.mark.parametrize(("left", "right"), [("self.a", "self.bee"), ("cls.a(1)", "cls.b(2)"), ("f'{a}'", 'rb"x\\"y"')])
def test_what_students_name_does_not(left, right):
    """Attributes of one's own object are names like others; a text is a text, however it is quoted."""
    assert _kinds(left) == _kinds(right)


def test_docstrings_do_not_count():
    """A text that begins its line is left out; one behind other code counts."""
    assert _kinds("def f():\n    'told'\n    return 1") == _kinds("def f():\n    return 1")
    assert _kinds('f("a")') != _kinds("f()")


def test_every_token_has_its_line():
    """Lines count from 1, over texts of several lines, comments and continued lines."""
    code = "a = '''x\ny'''  # c\nb \\\n = 2\n\n\nc"
    assert tokens_of(code, most=99).lines == [1, 1, 1, 3, 4, 4, 7]


def test_only_so_many_tokens_are_read():
    """Beyond the bound nothing is read."""
    assert len(tokens_of("x " * 1000, most=10).kinds) == 10


def test_a_text_without_an_end_takes_its_line():
    """What doesn't parse is read all the same: a quote without a partner ends with its line, three with the code."""
    assert tokens_of("x = 'never\ny = 1", most=99).lines == [1, 1, 1, 2, 2, 2]
    assert tokens_of('x = """never\ny = 1', most=99).lines == [1, 1, 1]


@pytest.mark.parametrize(
    "piece",
    [
        "(",
        '"""',
        "\\",
        "1_",
        "f'{",
        "a.",
        " ",
        "'",
        '"',
        "rbf",
        "\\\n",
        ".",
        "\ud800",
        "'\n",
        "\0",
        '""x',
        "'%0",
        "0",
        "é",
    ],
)
def test_reading_takes_time_in_proportion(piece):
    """Nothing that a stranger writes makes reading slow: four times as much takes about four times as long, or less."""
    times = []
    for count in (25_000, 100_000):
        started = time.process_time()
        tokens_of("'" + piece * count, most=10**6)
        times.append(time.process_time() - started)
    assert times[1] < 10 * times[0] + 0.5
