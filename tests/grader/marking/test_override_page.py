"""Tests of grader.marking.override_page, through real requests: what is given on the page is a row of the file."""

import json
import shutil
import threading
import urllib.error
import urllib.request
from dataclasses import replace

import pytest

from grader.answers.backend import PageBackend
from grader.answers.server import TOKEN_HEADER, open_server
from grader.answers.store import ManualStore
from grader.marking.override_file import COLUMNS, FILE, read_overrides
from grader.marking.override_page import OverridePages
from grader.results.results_file import RunInfo
from grader.results.store import open_store
from grader.results.verdict import Status, Verdict

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
RUN = RunInfo("x", "X", "d", "0.1.0", "2.13.0", "process", "2026-05-01T10:00:00Z")
HEADER = ",".join(COLUMNS)
HOSTILE = '<script>alert(1)</script>" onfocus="x'


@pytest.fixture
def page(tmp_path, result_of):
    """Return ways to ask a served page about ann, who fails two checks, a hostile name, and one that was not read."""
    unread = result_of("zoe")
    unread = replace(unread, status=Status.UNREADABLE, points=0.0)
    failed = {"test_a1": Verdict.WRONG, "test_b1": Verdict.CRASHED}
    results = [result_of("ann", **failed), result_of(HOSTILE, **failed), unread]
    open_store(tmp_path, run=RUN).close()
    marks = OverridePages(tmp_path, results, title="Tiny", who="tom")
    backend = PageBackend(ManualStore(tmp_path), title="Tiny", questions=(), answers={}, has_marks=True)
    server = open_server(backend, marks=marks)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}/{backend.token}/"

    class Client:
        """Ask as a browser would."""

        folder = tmp_path
        origin = url
        names = ("ann", HOSTILE, "zoe")

        def ask(self, path, body=None, *, headers=None):
            request = urllib.request.Request(url + path, body, headers or {})
            try:
                with urllib.request.urlopen(request, timeout=20) as reply:
                    return reply.status, reply.read().decode()
            except urllib.error.HTTPError as error:
                return error.code, error.read().decode()

        def give(self, name="ann", **sent):
            place = sorted(self.names).index(name) if name in self.names else name
            given = {"submission": place, "reason": "She is right.", "who": "Ida"} | sent
            headers = {TOKEN_HEADER: backend.token}
            status, text = self.ask("override", json.dumps(given).encode(), headers=headers)
            return status, json.loads(text)

        def page_of(self, name):
            return self.ask(f"m/{sorted(self.names).index(name)}")[1]

        def text(self):
            return (tmp_path / FILE).read_text(encoding="utf-8")

    yield Client()
    server.shutdown()
    server.server_close()
    thread.join()


def test_marks_are_given_changed_and_taken_back(page):
    """What is given is a row at once and shown beside the grader's mark; empty cells take it back."""
    assert 'href="marks"' in page.ask("")[1]
    assert ">8 of 10</td>" not in page.ask("marks")[1]
    assert page.give(target="test_a1", verdict="passed") == (200, {"given": True})
    assert page.text() == f"{HEADER}\nann,test_a1,,passed,She is right.,Ida\n"
    shown = page.page_of("ann")
    assert "wrong, 0 of 3 points." in shown
    assert "By Ida: 3 of 3 points." in shown
    assert 'value="Ida"' in shown, "who gave the last one is asked no more"
    assert page.give(target="test_a1", points="1,5", reason="Half.")[0] == 200
    assert page.give(target="b", points="4", who="Tom")[0] == 200
    assert [row.said for row in read_overrides(page.folder)[0]] == ["1,5\n\nHalf.\nIda", "4\n\nShe is right.\nTom"]
    assert page.text().count("\n") == 3
    assert page.give(target="test_a1") == (200, {"given": False})
    assert page.text() == f"{HEADER}\nann,b,4,,She is right.,Tom\n"


def test_what_else_is_in_the_file_stays(page):
    """Other rows, rows that can't be used, columns of their own, the separator and the mark of Excel stay."""
    text = "\ufeffwho;note;reason;submission;check_or_task;points;verdict\nTom;n;Why.;bob;x;1;\nTom;;Why.;ann;a;1;\n"
    (page.folder / FILE).write_text(text, encoding="utf-8")
    assert "line 2: There is no submission “bob”" in page.ask("marks")[1]
    page.give(target="a", points="2")
    page.give(target="test_c1", verdict="wrong")
    assert page.text() == (
        "\ufeffwho;note;reason;submission;check_or_task;points;verdict\n"
        "Tom;n;Why.;bob;x;1;\nIda;;She is right.;ann;a;2;\nIda;;She is right.;ann;test_c1;;wrong\n"
    )


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"target": "test_a1", "points": "3.1"}, "3.1 points are not within 0 and 3."),
        ({"target": "test_a1", "points": "1", "verdict": "passed"}, "It gives both points and a verdict."),
        ({"target": "test_a1", "points": "1", "reason": " "}, "The column `reason` is empty."),
        ({"target": "test_a1", "points": "1", "who": ""}, "The column `who` is empty."),
        ({"target": "test_a1", "verdict": "fine"}, "`fine` is no verdict"),
        ({"target": "test_b1", "points": "1"}, "b pays all or nothing"),
        ({"target": "test_x", "points": "1"}, "“test_x” is no check and no task of ann."),
        ({"target": "test_a2", "points": "1", "name": "zoe"}, "zoe is unreadable, so it has no marks."),
        ({"target": "test_a1", "points": 1}, "`points` is not text."),
        ({"target": "test_a1", "points": "1", "name": 7}, "There is no submission 7. Load the page again."),
        ({"target": "test_a1", "points": "1", "name": "ann "}, "`submission` is not a number."),
    ],
)
def test_what_cannot_count_is_refused(page, sent, words):
    """What no row may say is refused with a sentence, and nothing is written."""
    status, reply = page.give(**sent)
    assert (status, words in reply["error"]) == (400, True), reply
    assert not (page.folder / FILE).exists()


def test_a_task_and_its_check_contradict(page):
    """A row for a task beside one for a check of it is refused, as in the file."""
    page.give(target="test_a1", points="1")
    status, reply = page.give(target="a", points="2")
    assert (status, "overrides test_a1, which a belongs to or holds" in reply["error"]) == (400, True)


def test_a_file_that_is_no_table_is_left_alone(page):
    """Where overrides.csv can't be read the page says so, and gives nothing up."""
    (page.folder / FILE).write_text("my notes\n", encoding="utf-8")
    assert "has no column" in page.ask("marks")[1]
    status, reply = page.give(target="test_a1", points="1")
    assert (status, "has no column" in reply["error"], page.text()) == (400, True, "my notes\n")


def test_strangers_names_are_shown_and_written_as_text(page):
    """A name is escaped on the page and harmless in the file; pages that aren't there and strangers get nothing."""
    page.give(HOSTILE, target="test_a1", points="1", reason="=1+1")
    for shown in (page.ask("marks")[1], page.page_of(HOSTILE)):
        assert "<script>alert" not in shown
    assert "'=1+1" in page.text()
    assert [row.submission for row in read_overrides(page.folder)[0]] == [HOSTILE]
    assert page.ask("m/9")[0] == page.ask("m/x")[0] == 404
    assert page.ask("override", b"{}")[0] == 403
    assert "No check has been run" in page.page_of("zoe")


def test_many_may_give_at_once(page):
    """What several persons give at the same time is all written."""
    targets = ["test_a1", "test_a2", "test_b1", "test_c1"] * 2
    threads = [
        threading.Thread(target=page.give, kwargs={"name": name, "target": target, "verdict": "passed"})
        for name in ("ann", HOSTILE)
        for target in targets
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read_overrides(page.folder)[0]) == 8


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_a_mark_is_given_in_a_browser(page):
    """Points and a reason are typed, saved and shown; what is refused is told beside the button; nothing is logged."""
    playwright = pytest.importorskip("playwright.sync_api")
    errors = []
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_page()
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.goto(f"{page.origin}m/{sorted(page.names).index('ann')}")
        article = tab.locator("[data-target=test_a1]")
        article.locator(".points").fill("9")
        article.locator(".comment").fill("Half right.")
        article.locator(".save").click()
        problem = article.locator(".problem")
        problem.filter(has_text="Not saved: 9 points are not within 0 and 3.").wait_for()
        article.locator(".points").fill("1,5")
        with tab.expect_navigation():
            article.locator(".save").click()
        assert "By tom: 1.5 of 3 points." in tab.locator("[data-target=test_a1]").inner_text()
        browser.close()
    assert errors == []
    assert page.text() == f'{HEADER}\nann,test_a1,"1,5",,Half right.,tom\n'
