"""Tests of grader.notebooks.newer_python and string_groups: newer Python is read by an older one, or named."""

import ast
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.notebooks.newer_python import GRADES, in_older_words, readable
from grader.notebooks.string_groups import UnreadableText, read_layout

older_than_3_12 = pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python reads it as it is")
older_than_3_14 = pytest.mark.skipif(sys.version_info >= (3, 14), reason="this Python reads it as it is")
# A piece of an f-string as 3.12 allows it, and the same in words that every version reads.
PIECES = (
    ('{row["a"]}', "{row['a']}"),
    ('{row["a"]:>9.3f}', "{row['a']:>9.3f}"),
    ('{row["a"]!r:^{width}}|', "{row['a']!r:^{width}}|"),
    ('{row["b"]:{"<"}{width}}', "{row['b']:{'<'}{width}}"),
    ('{"-".join(words)}', "{'-'.join(words)}"),
    (r'{"\n".join(words)}', "{chr(10).join(words)}"),
    ('{", ".join(f"{word!r:>{5}}" for word in words)}', "{', '.join(format(repr(word), '>5') for word in words)}"),
    ('{f"{f"{width + 1}"}"}', "{width + 1}"),
    ('{{{row["c"]["d"]}}}', "{{{row['c']['d']}}}"),
    ('{row["a"]=}', "row[\"a\"]={row['a']!r}"),
    ('{row["a"] = :.1f}', "row[\"a\"] = {row['a']:.1f}"),
    ('{(lambda key: row[key])("a")}', "{(lambda key: row[key])('a')}"),
    ('{row["a"] if "a" in row else "none"}', "{row['a'] if 'a' in row else 'none'}"),
    ('{row["a"] != 2}', "{row['a'] != 2}"),
    ('{ {"k": 1}["k"] }', "{ {'k': 1}['k'] }"),
    (r"\N{EM DASH}", r"\N{EM DASH}"),
    ("it's 50 %, {{literal}}\\t", "it's 50 %, {{literal}}\\t"),
)
NAMES = {"row": {"a": 1.25, "b": "x", "c": {"d": 4}}, "width": 7, "words": ["on", "it"]}


def value_of(text):
    names = dict(NAMES)
    exec(compile(text, "<text>", "exec"), names)
    return names["value"]


@older_than_3_12
@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=6), st.sampled_from(["", "f", "rf"]), st.booleans())
def test_f_strings_mean_the_same(pieces, second, in_brackets):
    """Whatever is nested in an f-string, its value in older words is that of the same text without nested quotes."""
    newer = 'f"' + "".join(new for new, _old in pieces) + '"'
    plain = {"": '"{z} \\n"', "f": 'f"{width}{row["a"]}"', "rf": 'rf"\\d{row["a"]}"'}[second]
    gap = "  # said in two lines\n    " if in_brackets else " "
    older = in_older_words(f"value = ({newer}{gap}{plain}).title()\nlast = 1\n")
    written = ast.parse(older.text if older else f"value = ({newer}{gap}{plain}).title()\nlast = 1\n")
    # Every piece is one field or one text, so that what is expected can be put together from those in older words.
    expected = "".join(value_of(f'value = f"""{old}"""') for _new, old in pieces)
    expected += {"": "{z} \n", "f": "71.25", "rf": "\\d1.25"}[second]
    assert value_of(ast.unparse(written)) == expected.title()
    assert written.body[-1].lineno == (3 if in_brackets else 2)


@older_than_3_12
@pytest.mark.parametrize(
    "text",
    [
        'value = f"{\n    row["a"]  # of the first\n}"\n',
        'value = f"{row["a"]}" ; other = [f\'{row[\'b\']}\', "{"]\n',
        "def told():\n    return f'{row['a']:>{width}}'.strip()\nvalue = told()\n",
        'value = [f"{row["a"]:.2f}" "%" for _ in range(2)][0]\n',
    ],
)
def test_lines_stay(text):
    """A text in older words has as many lines, runs, and loses nothing."""
    older = in_older_words(text)
    assert (older.text.count("\n"), older.lost) == (text.count("\n"), ())
    assert value_of(older.text) in ("1.25", "1.25%")


@older_than_3_14
@pytest.mark.parametrize("clause", ["except ValueError, TypeError:", "except* ValueError, TypeError:"])
def test_exceptions_without_brackets(clause):
    """Several exceptions without brackets, as Python 3.14 has them, are caught."""
    older = in_older_words(f"try:\n    int('x')\n{clause}\n    value = 5\n")
    assert (value_of(older.text), older.lost) == (5, ())


LOST = {
    "def pick[T](xs: list[T]) -> T:\n    return xs[0]": ("3.12", ["pick"]),
    "async def pick[T: int](xs: list[T]) -> T:\n    return xs[0]": ("3.12", ["pick"]),
    "def pick[\n    T,\n    *Ts,\n](x: T, *xs: *Ts):\n    return x": ("3.12", ["pick"]),
    "@staticmethod\ndef pick[**P](f):\n    return f": ("3.12", ["pick"]),
    "class Stack[T]:\n    def push(self, x: T): ...": ("3.12", ["Stack"]),
    "class Stack[T = int](list[T]):\n    pass": ("3.13", ["Stack"]),
    "type Pair = tuple[int, int]": ("3.12", ["Pair"]),
    "type Pair[T] = tuple[T, T]": ("3.12", ["Pair"]),
    "class Holder:\n    def get[T](self, x: T) -> T:\n        return x": ("3.12", ["Holder"]),
    'page = t"<b>{words}</b>"': ("3.14", ["page"]),
    'def page():\n    return t"<b>{words}</b>" t"{width}"': ("3.14", ["page"]),
    "value = f\"{row['b']:{'<'}{width:{\"0\"}{2}}}\"": ("3.12", ["value"]),
}


@older_than_3_12
@pytest.mark.parametrize("statement", LOST)
def test_only_the_statement_is_lost(statement):
    """What older words can't say is blank and named with its version; what stands above and below is read."""
    needs, names = LOST[statement]
    older = in_older_words(f"above = 1\n{statement}\nbelow = f\"{{row['a']}}\"\n")
    (lost,) = older.lost
    assert (lost.line, lost.needs) == (2, needs)
    assert lost.why == f"it needs Python {needs}, and Python {GRADES} grades"
    assert [node.targets[0].id for node in ast.parse(older.text).body] == ["above", "below"]
    assert older.text.count("\n") == statement.count("\n") + 3
    bound = getattr(lost.node, "name", "") or lost.node.targets[0].id
    assert [bound] == names


@pytest.mark.parametrize(
    "text",
    [
        "x = ((1", "def broken(:\n    pass", 'print "a"', "f'{a'", 'x = f"{1!}"', "for i in range(3) print(i)", "x = )",
        "'never closed",
        'f"{x', "class A[T:\n    pass", "except A, B:", "type = ", "a b\ntype X = int", "\\", "x\n  = \\",
        'f"{' * 200, 'f"{"' * 200, "t" * 30 + '"', 'x = f"{a:{b:{c:{d', "\x00",
    ],
)  # fmt: skip
def test_no_python_of_any_version(text):
    """What no version reads is not read here."""
    assert in_older_words(text) is None
    assert readable(text.encode()) == text.encode()


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="f\"'{}[](): \n\\#xN!=rt", max_size=40))
def test_any_text_is_read_or_refused(text):
    """Any text at all has a layout or is refused; a layout's strings are in order and within the text."""
    in_older_words(text)
    try:
        layout = read_layout(text)
    except UnreadableText:
        return
    places = [offset for group in layout.groups for one in group for offset in (one.start, one.end)]
    assert places == sorted(places)
    assert all(0 <= place <= len(text) for place in places)


@older_than_3_12
def test_files():
    """A file is read in older words in whatever encoding it says that it has; one in another stays as it is."""
    source = '# -*- coding: latin-1 -*-\nvalue = f"{row["b"]}é"\n'.encode("latin-1")
    assert value_of(readable(source).decode()) == "xé"
    assert readable(b'\xff\xfevalue = f"{row["b"]}"') == b'\xff\xfevalue = f"{row["b"]}"'
    assert readable(b"value = 1\r\n") == b"value = 1\r\n"
