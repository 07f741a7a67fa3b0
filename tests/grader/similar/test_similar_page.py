"""Tests of the page of similar submissions."""

import csv
import io

import pytest

from grader.report.html import write_pages
from grader.similar.page import About, similar_csv, similar_page_of
from grader.similar.page_file import write_similar
from grader.similar.similarity import CodePart, Passage, Place, SimilarPair, Work

ABOUT = About("uva-mlp", "A small MLP", "0.1.0")
CANARY = "<img src=x onerror='window.canary=1'><script>window.canary=1</script>"


def _pair(left="ann", right="bob", *, code="x = 1\ny = 2\nz = 3\n", percent=80.0, last=2):
    passage = Passage((Place(0, 2, last),), (Place(0, 1, 2),), 40)
    works = (Work(name, (CodePart(f"{name}.py"[:40], code),)) for name in (left, right))
    return SimilarPair(*works, percent, percent - 10, 40, (passage,) * 8)


def _page(*pairs, files=None, unread=()):
    return similar_page_of(pairs, about=ABOUT, compared=5, least=40, unread=unread, files=files or {})


def test_passages_stand_side_by_side(tmp_path):
    """Of each pair a few passages are shown, shared lines marked, with a line before and after them."""
    page = _page(_pair())
    (pair,) = page.pairs
    assert (pair.percent, pair.left_percent, pair.right_percent, pair.tokens) == ("75", "80", "70", 40)
    assert (len(pair.passages), pair.passages_left_out) == (6, 2)
    left, right = pair.passages[0].left[0], pair.passages[0].right[0]
    assert (left.title, right.title) == ("ann.py, line 2", "bob.py, lines 1 to 2")
    assert [(line.number, line.text, line.is_shared) for line in left.lines] == [
        (1, "x = 1", False),
        (2, "y = 2", True),
        (3, "z = 3", False),
    ]
    text = write_similar(tmp_path, page).read_text()
    assert "A list for a human, never a verdict" in text
    assert "script-src &#39;none&#39;" in text or "script-src 'none'" in text


def test_long_things_are_bounded():
    """Few pairs, few lines of a place, and no endless line are on the page; what is left out is counted."""
    page = _page(*[_pair(code="y" * 5_000 + "\n" + "x\n" * 500, last=400)] * 200)
    assert (page.count, len(page.pairs)) == (200, 30)
    place = page.pairs[0].passages[0].left[0]
    assert (len(place.lines), place.left_out) == (32, 369)
    assert len(place.lines[0].text) < 210


def test_every_pair_is_in_the_csv():
    """The CSV has all pairs, and no name in it is a formula."""
    rows = list(csv.reader(io.StringIO(similar_csv([_pair("=1+1"), _pair()]))))
    assert rows[0] == ["left", "right", "percent", "left_percent", "right_percent", "tokens", "passages"]
    assert rows[1:] == [["'=1+1", "bob", "75", "80", "70", "40", "8"], ["ann", "bob", "75", "80", "70", "40", "8"]]


def test_submissions_are_linked_where_they_have_a_page(tmp_path, a_run, make_class):
    """Beside a run's pages, names lead to the instructor's pages, and the class page leads here once it is there."""
    results = make_class(2)
    index = write_pages(tmp_path, a_run, results=results)
    assert "similar.html" not in index.read_text()
    text = write_similar(tmp_path, _page(_pair(), files={"ann": "ann.html"})).read_text()
    assert '<a href="instructor/ann.html"><bdi>ann</bdi></a>' in text
    assert '<a href="instructor/bob' not in text
    assert '<a href="similar.html">' in write_pages(tmp_path, a_run, results=results).read_text()


def test_an_empty_list_says_so(tmp_path):
    """Without a pair the page says that there is none, and who could not be read."""
    text = write_similar(tmp_path, _page(unread=[("cy", "`hw.zip` is <broken>.")])).read_text()
    assert "No two submissions share that much." in text
    assert "<code>hw.zip</code> is &lt;broken&gt;." in text


@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 390)])
def test_the_page_shuts_nobody_out(tmp_path, open_page, scheme, width):
    """axe-core finds no serious violation, names and code of strangers stay text, and nothing sticks out."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="Needs axe-playwright-python.").Axe()
    page = _page(_pair(), _pair(CANARY, "</pre>" + CANARY, code=f"{CANARY}\n</span></pre>{CANARY}\n" + "x" * 900))
    path = write_similar(tmp_path, page)
    shown = open_page(path, color_scheme=scheme, viewport={"width": width, "height": 800}, bypass_csp=True)
    found = axe.run(shown).response
    assert [one["id"] for one in found["violations"] if one["impact"] in ("serious", "critical")] == []
    assert shown.evaluate("window.canary") is None
    assert shown.locator("img, script").count() == 0
    assert CANARY in shown.locator(".source").last.text_content()
    assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
