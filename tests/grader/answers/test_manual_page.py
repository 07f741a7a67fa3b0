"""Tests of the page for grading answers, in a real browser."""

import time

import pytest
from manual_conftest import result_of

HOSTILE = "<img src=x onerror=document.title='owned'><script>document.title='owned'</script> `x` $a_b_c$"


@pytest.fixture
def shown(browser, page):
    """Return the first question's page in a browser, sorted by name, and where its marks go."""
    page.send("remarks", question="why", remarks=[{"text": "No reason", "deduction": "1"}, {"text": "Nice"}])
    tab = browser.new_page()
    errors = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    tab.goto(f"{page.url}q/0?order=name&names=shown")
    yield tab
    tab.close()
    assert [error for error in errors if not error.startswith("Failed to load resource")] == []


def _stored(page, *, until):
    """Return points and comments by submission once they are as expected, or as they are after a while."""
    deadline = time.monotonic() + 10
    while True:
        given = {key[0]: (mark.points, mark.comment) for key, mark in page.store.marks().items()}
        if given == until or time.monotonic() > deadline:
            return given
        time.sleep(0.02)


def _await(tab, condition):
    """Wait until a condition of JavaScript holds; Playwright's own way needs eval, which the page's policy forbids."""
    deadline = time.monotonic() + 10
    while not tab.evaluate(condition):
        assert time.monotonic() < deadline, condition
        time.sleep(0.02)


def _label(tab):
    return tab.locator("article.current bdi").inner_text()


def test_a_class_is_graded_from_the_keyboard(shown, page):
    """Points, Enter, all points, none, a remark, a comment, undo: no pointer is needed, and each is stored."""
    assert _label(shown) == "ann"
    shown.keyboard.press("p")
    shown.keyboard.type("2.5")
    shown.keyboard.press("Enter")
    _await(shown, "document.querySelector('article.current bdi').textContent === 'bob'")
    shown.keyboard.press("f")
    shown.keyboard.press("1")
    expected = {"ann": (2.5, ""), "bob": (3.0, "No reason")}
    assert _stored(page, until=expected) == expected
    shown.keyboard.press("2")
    shown.keyboard.press("j")
    shown.keyboard.press("0")
    shown.keyboard.press("c")
    shown.keyboard.type("j k 1 u")
    shown.keyboard.press("Escape")
    expected = {"ann": (2.5, ""), "bob": (3.0, "No reason\nNice"), "cyd": (0.0, "j k 1 u")}
    assert _stored(page, until=expected) == expected
    assert shown.locator("#graded").inner_text() == "3"


def test_undo_takes_back_and_goes_there(shown, page):
    """`u` takes the last step back, shows what holds now, and moves to that answer."""
    shown.keyboard.press("f")
    shown.keyboard.press("j")
    shown.keyboard.press("u")
    _await(shown, "document.querySelector('#status').textContent === 'Undone.'")
    assert _stored(page, until={}) == {}
    assert (_label(shown), shown.locator("article.current .points").input_value()) == ("ann", "")
    shown.keyboard.press("u")
    _await(shown, "document.querySelector('#status').textContent === 'Nothing to undo.'")


def test_a_remark_pressed_again_gives_its_points_back(shown, page):
    """A remark takes its points off the most, and gives them back when it is taken out."""
    shown.keyboard.press("1")
    assert _stored(page, until={"ann": (3.0, "No reason")}) == {"ann": (3.0, "No reason")}
    shown.keyboard.press("1")
    assert _stored(page, until={"ann": (4.0, "")}) == {"ann": (4.0, "")}


def test_next_not_graded_skips_what_is_done(shown):
    """`n` moves to the next answer without points, beginning anew at the end; k goes back."""
    shown.keyboard.press("f")
    _await(shown, "document.querySelectorAll('article.graded').length === 1")
    shown.keyboard.press("n")
    shown.keyboard.press("n")
    assert _label(shown) == "cyd"
    shown.keyboard.press("n")
    assert _label(shown) == "bob"
    shown.keyboard.press("k")
    assert _label(shown) == "ann"


def test_points_that_cannot_be_stay_marked_and_unsaved(shown, page):
    """Too many points are told beside the field; the focus stays and nothing is stored until they are mended."""
    shown.keyboard.press("p")
    shown.keyboard.type("9")
    shown.keyboard.press("Enter")
    shown.wait_for_selector("article.current .problem:not(:empty)")
    assert "9 points are not within 0 and 4." in shown.locator("article.current .problem").inner_text()
    assert shown.locator("article.current .points").get_attribute("aria-invalid") == "true"
    assert (_label(shown), page.store.marks()) == ("ann", {})
    shown.keyboard.press("Backspace")
    shown.keyboard.type("4")
    shown.keyboard.press("Enter")
    assert _stored(page, until={"ann": (4.0, "")}) == {"ann": (4.0, "")}


def test_remarks_are_added_with_the_pointer_and_used_by_key(shown, page):
    """A remark that is added takes the next key; removed, it is gone from the store."""
    shown.fill("#new-text", "Too short")
    shown.fill("#new-deduction", "0.5")
    shown.click("#add")
    _await(shown, "document.querySelectorAll('#remarks li').length === 3")
    shown.locator("article").first.focus()
    shown.keyboard.press("3")
    assert _stored(page, until={"ann": (3.5, "Too short")}) == {"ann": (3.5, "Too short")}
    shown.locator("#remarks .remove").first.click()
    _await(shown, "document.querySelectorAll('#remarks li').length === 2")
    assert [remark.text for remark in page.store.remarks("why")] == ["Nice", "Too short"]


def test_keys_can_be_switched_off(shown, page):
    """Without the tick, single keys do nothing: they may belong to a screen reader."""
    shown.uncheck("#keys")
    shown.locator("article").first.focus()
    shown.keyboard.press("f")
    shown.keyboard.press("j")
    time.sleep(0.3)
    assert (_label(shown), page.store.marks()) == ("ann", {})


def test_a_grader_that_has_ended_is_told(shown, page):
    """Where nothing answers any more, the answer says that it is not saved."""
    shown.route("**/give", lambda route: route.abort())
    shown.keyboard.press("f")
    shown.wait_for_selector("article.unsaved .problem:not(:empty)")
    text = shown.locator("article.current .problem").inner_text()
    assert text == "Not saved: the grader does not answer. Is it still running?"
    shown.unroute("**/give")
    shown.keyboard.press("f")
    shown.wait_for_selector("article.graded:not(.unsaved)")
    shown.evaluate("document.querySelectorAll('.unsaved').forEach((one) => one.classList.remove('unsaved'))")


def test_hostile_answers_do_nothing(browser, start_page, make_results):
    """Script and images in an answer, a name or a comment are shown as text; nothing runs, nothing is fetched."""
    result = result_of(f"x{HOSTILE}", why=HOSTILE)
    page = start_page(make_results(result), [result])
    tab, requests = browser.new_page(), []
    tab.on("request", lambda request: requests.append(request.url))
    tab.goto(f"{page.url}q/0?names=shown")
    tab.keyboard.press("c")
    tab.keyboard.type(HOSTILE)
    tab.keyboard.press("Escape")
    _await(tab, "document.querySelector('#status').textContent === 'Saved.'")
    tab.reload()
    assert tab.title() == "Why? · Tiny"
    assert "<img src=x" in tab.locator(".answer").inner_text()
    assert {url.removeprefix(page.url).partition("?")[0] for url in requests} == {"q/0", "page.css", "page.js", "give"}
    tab.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible(browser, page, scheme):
    """axe finds nothing to mend, in the light and in the dark."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page.send("remarks", question="why", remarks=[{"text": "No reason", "deduction": "1"}])
    for path in ("", "q/0"):
        tab = browser.new_page(color_scheme=scheme, bypass_csp=True)
        tab.goto(page.url + path)
        found = axe.Axe().run(tab).response["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
        tab.close()
