"""Tests of grader.report.html: what a browser would see."""

import base64
import hashlib
import re
import time
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, unquote

import pytest

from grader.errors import StoreError
from grader.report import html
from grader.report.html import code_spans, lone_scorecards, write_pages
from grader.report.page_budget import PAGE_LIMIT
from grader.results.file_names import scorecard_files
from grader.results.results_file import RunInfo
from grader.results.verdict import (
    Answer,
    CheckResult,
    Curve,
    Feedback,
    Frame,
    HeatMap,
    Item,
    Line,
    Status,
    SubmissionResult,
    TaskResult,
    Verdict,
)

SECRET = "SECRET-7319"  # what the hidden checks of `make_class` know
RUN = RunInfo("uva-mlp", "A small MLP", "checks-1", "0.1.0", "2.13.0", "bubblewrap", "2026-05-01T10:00:00Z")

HOSTILE = [
    "<script>alert(1)</script>",
    "</style></title></pre><img src=x onerror=alert(1)>",
    '" onclick="alert(1)" x=\'',
    "`<b>`</code><script>`",
    "javascript:alert(1)",
    "\x1b[31mred\x1b[0m \x1b]8;;http://evil.example\x07link\x00\x08",
    "\u202egnp.exe\u2066",
    "lone \udc80\ud800 surrogates",
    "{{ 7 * 7 }}{% raw %}",
    "<!-- --><![CDATA[ &lt;script&gt;",
]

STATIC = Path(html.__file__).parent / "static"
SCRIPTS = [path.read_text(encoding="utf-8") for path in STATIC.glob("*.js")]
VOID = {"meta", "link", "img", "br", "hr", "input", "base", "rect", "line"}


class Page(HTMLParser):
    """Reads a page as a browser would: elements with attributes, and the text outside style and script."""

    def __init__(self, path):
        super().__init__(convert_charrefs=True)
        self.path, self.elements, self.pieces, self.open = path, [], [], []
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.pieces.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.pieces))

    def all(self, tag):
        return [attrs for found, attrs in self.elements if found == tag]


def _assert_harmless(page):
    tags = {tag for tag, _ in page.elements}
    assert not tags & {
        "iframe",
        "object",
        "embed",
        "link",
        "base",
        "form",
        "img",
        "audio",
        "video",
        "b",
    }
    for tag, attrs in page.elements:
        assert not [name for name in attrs if name.startswith("on") or name in {"style", "src", "srcset"}], tag
    for attrs in page.all("a"):
        assert re.fullmatch(
            r"#[a-z0-9-]+|\.\./index\.html|instructor/[^:/]+\.html(#task-\d+(-check-\d+)?)?", attrs["href"]
        )
    assert len(page.all("style")) == 1
    (script,) = re.findall(r"<script>(.*?)</script>", page.source, re.DOTALL)
    assert script in SCRIPTS
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", page.source)


def _result(name="ann", *checks, status=Status.GRADED, points=5.0, **extra):
    checks = checks or (CheckResult("test_a", "It adds", "linear", Verdict.PASSED),)
    task = TaskResult("linear", "Linear layer", points, 10.0, False, checks)
    return SubmissionResult(name, status, points, 10.0, (task,), **extra)


def _hostile_result(text):
    items = (Item(text, "close", text, (1,), text, text),)
    curves = (Curve(text, (Line(text, (1.0, 2.0), (1.0, 2.0)),), target=1.5, unit=text),)
    feedback = Feedback(text, text, items, (Frame(text, 3, text, text),), text, curves=curves)
    check = CheckResult("test_a", text, "linear", Verdict.CRASHED, feedback=feedback)
    return _result(text, check, notes=(text,), wall=text, answers=(Answer(text, text, note=text),))


def _card(folder, result):
    write_pages(folder, RUN, results=[result])
    (path,) = (folder / "scorecards").iterdir()
    return Page(path)


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_strangers_stays_text(tmp_path, text):
    """Whatever a student writes becomes no element, no attribute, no link and no hidden character."""
    index = Page(write_pages(tmp_path, RUN, results=[_hostile_result(text)]))
    (card,) = (Page(path) for path in (tmp_path / "scorecards").iterdir())
    (full,) = (Page(path) for path in (tmp_path / "instructor").iterdir())
    for page in (index, card, full):
        _assert_harmless(page)
    assert "49" not in card.text


def test_hostile_text_can_still_be_read(tmp_path):
    """Escaped is not removed: the instructor sees what was written."""
    card = _card(tmp_path, _hostile_result("<script>alert(1)</script>"))
    assert card.text.count("<script>alert(1)</script>") >= 10
    assert "[U+202E]" in _card(tmp_path, _hostile_result("a\u202eb")).text
    assert "␛]" in _card(tmp_path, _hostile_result("\x1b]8;;x")).text


def test_the_pages_need_nothing_from_outside(tmp_path):
    """The policy allows the page's own style and script, by their hashes, and nothing else."""
    page = Page(write_pages(tmp_path, RUN, results=[_result()]))
    (policy,) = (a["content"] for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    style = re.search(r"<style>(.*?)</style>", page.source, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    script = re.search(r"<script>(.*?)</script>", page.source, re.DOTALL)[1]
    own = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'; script-src 'sha256-{own}';")
    assert not re.search(r"(?i)https?://|url\(|@import|//[a-z]", page.source)


def test_every_link_leads_somewhere(tmp_path):
    """Files and anchors of all links exist, also for names that had to be changed."""
    names = ["ann", "a b/c", "müller 100%", "x#y?z"]
    index = Page(write_pages(tmp_path, RUN, results=[_result(name) for name in names]))
    hrefs = [attrs["href"] for attrs in index.all("a")]
    assert {href.partition("#")[0] for href in hrefs if not href.startswith("#")} == {
        f"instructor/{quote(file)}" for file in scorecard_files(names).values()
    }
    assert len([href for href in hrefs if "#task-1" in href]) == len(names)
    for href in hrefs:
        file, _, anchor = href.partition("#")
        if not file:
            assert f'id="{anchor}"' in index.source
            continue
        card = Page(index.path.parent / unquote(file))
        assert not anchor or f'id="{anchor}"' in card.source
        assert (card.path.parent / card.all("a")[0]["href"]).resolve() == index.path.resolve()


def test_the_title_is_the_score(tmp_path):
    """Title and heading of a scorecard say points, the page says who, what and with which versions."""
    card = _card(tmp_path, _result(wall="process"))
    assert "<title>5 of 10 points · ann</title>" in card.source
    assert "5 of 10 points ann · 50 %" in card.text
    assert "A small MLP · uva-mlp · the student's page torchgrade 0.1.0 · torch 2.13.0 · wall: process" in card.text


def test_a_failed_check_explains_itself(tmp_path):
    """Verdict, title, explanation, table, hint, frame, output and command are all there, unfolded."""
    feedback = Feedback(
        "`z` is the transpose",
        "Check the order",
        (Item("z", "shape", "z is the transpose", None, "(10, 5)", "(5, 10)"),),
        (Frame("hw2/layers.py", 42, "forward", "    return x @ self.w"),),
        "epoch 1\n",
    )
    card = _card(tmp_path, _result("ann", CheckResult("test_a", "It adds", "linear", Verdict.WRONG, feedback=feedback)))
    assert "✗ wrong It adds 0 / 10" in card.text
    assert "<code>z</code> is the transpose" in card.source
    assert "z shape – (10, 5) (5, 10)" in card.text
    assert "Hint Check the order" in card.text
    assert "hw2/layers.py, line 42, in forward 42 return x @ self.w" in card.text
    assert "What the code printed epoch 1" in card.text
    assert "To see this yourself: grader check --task linear" in card.text
    assert card.all("details") == [{"open": None}, {"class": "output"}]


def test_a_failure_of_the_grader_is_shouted(tmp_path):
    """Both pages say that the grader failed and that it costs no points."""
    check = CheckResult("test_a", "It adds", "linear", Verdict.NOT_GRADED, counted=False)
    result = _result("ann", check, status=Status.NOT_GRADED)
    card = _card(tmp_path, result)
    assert "1 check could not be graded. That is the grader's fault: the points above are provisional" in card.text
    assert "The grader failed here, not the submission. This costs no points." in card.text
    assert "? The grader failed on 1 submission" in Page(tmp_path / "index.html").text


def test_skipped_checks_say_why(tmp_path):
    """A skipped check shows its reason, and whether it counts."""
    skipped = CheckResult("test_a", "It learns", "linear", Verdict.SKIPPED, counted=False, feedback=Feedback("no data"))
    words = _card(tmp_path, _result("ann", skipped)).text
    assert "– skipped It learns: no data not counted What is here doesn't count: it costs no points." in words


def test_skipped_checks_of_one_cause_are_one_line(tmp_path):
    """What did not run because of one check is a line that links there, with all points that wait for it."""
    waiting = [
        CheckResult(f"test_{i}", f"Step {i}", "linear", Verdict.SKIPPED, because=because)
        for i, because in enumerate(("test_a", "test_0", "test_a"))
    ]
    root = CheckResult("test_a", "It runs", "linear", Verdict.WRONG, feedback=Feedback("far"))
    card = _card(tmp_path, _result("ann", *waiting, root))
    assert card.text.count("– skipped 3 checks, until It runs passes") == 1
    assert "Not run until this passes: Step 0 · Step 1 · Step 2" in card.text
    assert card.text.count("until It runs passes") == 1


def test_an_unreadable_submission_has_a_page(tmp_path):
    """Without tasks the notes say what happened."""
    card = _card(tmp_path, SubmissionResult("ann", Status.UNREADABLE, 0.0, 0.0, (), ("`a.zip` is broken.",)))
    assert "Nothing could be graded This submission could not be read. The notes say why." in card.text
    assert "<code>a.zip</code> is broken." in card.source
    assert "unreadable" in Page(tmp_path / "index.html").text


def test_the_class_page_sums_up(tmp_path):
    """The class page shows figures, histogram, tasks, explanations and every submission."""
    wrong = CheckResult("test_a", "It adds", "linear", Verdict.WRONG, feedback=Feedback("`z` is the transpose"))
    page = Page(write_pages(tmp_path, RUN, results=[_result("bob", points=10.0), _result("ann", wrong, points=0.0)]))
    assert "<title>50 % on average · A small MLP</title>" in page.source
    assert "submissions 2 mean 50 % median 50 %" in page.text
    assert "Submissions by percent of points: 0–10 %: 1, 90–100 %: 1" in page.text
    assert "1 50 % ✗ wrong Linear layer z is the transpose" in page.text
    assert page.text.index("ann") < page.text.rindex("bob")


def test_an_empty_run_has_a_page(tmp_path):
    """Without results the class page says so."""
    page = Page(write_pages(tmp_path, RUN, results=[]))
    assert "No submissions graded yet" in page.text
    assert "There are no results yet." in page.text


def test_scorecards_of_forgotten_submissions_go(tmp_path):
    """A second write removes pages that are no longer true, and nothing else."""
    write_pages(tmp_path, RUN, results=[_result("ann"), _result("bob")])
    (tmp_path / "scorecards" / "mine.txt").write_text("kept")
    write_pages(tmp_path, RUN, results=[_result("bob")])
    assert sorted(path.name for path in (tmp_path / "scorecards").iterdir()) == ["bob.html", "mine.txt"]


def test_a_scorecard_that_stays_is_named(tmp_path):
    """write_pages raises StoreError when an old page can't be removed."""
    (tmp_path / "scorecards" / "old.html").mkdir(parents=True)
    with pytest.raises(StoreError, match=r"The old scorecard .*old\.html can't be removed"):
        write_pages(tmp_path, RUN, results=[])


def test_a_megabyte_of_output_is_bounded(tmp_path):
    """A scorecard stays small whatever was printed."""
    noise = "\u202e<&\x1b[31m" * 200_000
    check = CheckResult("test_a", "It adds", "linear", Verdict.WRONG, feedback=Feedback(output=noise))
    card = _card(tmp_path, _result("ann", check))
    assert len(card.source) < 300_000
    assert "characters left out" in card.text


def test_a_large_run_is_written_in_seconds(tmp_path):
    """A thousand submissions of twenty checks take a few seconds of computing, both pages of each."""
    wrong = CheckResult(
        "test_a", "It adds", "linear", Verdict.WRONG, feedback=Feedback("`z` is wrong", "look", (), (), "x")
    )
    results = [_result(f"s{i:04d}", *(wrong,) * 20) for i in range(1000)]
    start = time.process_time()
    write_pages(tmp_path, RUN, results=results)
    assert time.process_time() - start < 30


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a `b` c", "a <code>b</code> c"),
        ("`a``b`", "<code>a</code><code>b</code>"),
        ("a ` b", "a ` b"),
        ("`a` b ` c", "<code>a</code> b ` c"),
        ("``", "``"),
        ("`<i>` & </code>", "<code>&lt;i&gt;</code> &amp; &lt;/code&gt;"),
        ("<`b`", "&lt;<code>b</code>"),
        ("`\u202e`", "<code>[U+202E]</code>"),
    ],
)
def test_backticks_become_code(text, shown):
    """code_spans escapes every piece and pairs backticks from the left."""
    assert str(code_spans(text)) == shown


def _contrast(one, other):
    def luminance(colour):
        channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast(scheme):
    """Every pair of text and ground reaches WCAG AA (4.5) in both colour schemes."""
    css = (Path(html.__file__).parent / "static" / "style.css").read_text(encoding="utf-8")
    light, dark = (
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))
        for block in re.findall(r":root \{(.*?)\}", css, re.DOTALL)[:2]
    )
    colour = light if scheme == "light" else dark
    pairs = [(ink, ground) for ink in ("ink", "quiet", "link") for ground in ("paper", "surface")]
    pairs += [(tone, f"{tone}-tint") for tone in ("good", "bad", "stopped", "open", "loud")]
    pairs += [
        ("paper", "loud"),
        ("loud", "paper"),
        ("loud", "surface"),
        ("ink", "open-tint"),
        ("ink", "loud-tint"),
        ("ink", "bad-tint"),
    ]
    assert light.keys() == dark.keys()
    assert {pair: ratio for pair in pairs if (ratio := _contrast(colour[pair[0]], colour[pair[1]])) < 4.5} == {}


def test_a_lone_scorecard_links_to_no_class_page():
    """A page that is sent to a student alone holds the result and no link to others."""
    result = SubmissionResult("ann", Status.GRADED, 0.0, 1.0, ())
    (page,) = lone_scorecards(RUN, results=[result])
    assert "<bdi>ann</bdi>" in page
    assert "index.html" not in page


def test_nothing_hidden_is_in_the_students_page(tmp_path, make_class, a_run):
    """What hidden checks found is on the instructor's pages and on none of the students'; titles and hints are."""
    write_pages(tmp_path, a_run, results=make_class(20))
    for path in (tmp_path / "scorecards").iterdir():
        student, full = path.read_text(), (tmp_path / "instructor" / path.name).read_text()
        assert SECRET not in student
        assert student.count("hidden check</span>") == full.count("hidden check</span>")
        assert "index.html" not in student
    assert SECRET in max((path.read_text() for path in (tmp_path / "instructor").iterdir()), key=len)


@pytest.mark.parametrize("verdict", [Verdict.PASSED, Verdict.WRONG])
def test_a_training_is_drawn(tmp_path, verdict):
    """A check that passed and one that failed show how the training went, its target, and both in words."""
    line = Line("training", (1.0, 2.0, 3.0), (10.0, 60.0, 95.0))
    feedback = Feedback(curves=(Curve("Accuracy", (line,), target=90.0, unit="%"),))
    card = _card(tmp_path, _result("ann", CheckResult("a", "It learns", "linear", verdict, feedback=feedback)))
    assert "Accuracy, by epoch" in card.text
    assert card.text.count("training: from 10 to 95 % in 3 epochs, highest 95 % in epoch 3") == 2
    assert card.text.count("Target: at least 90 %") == 2
    (drawing,) = [svg for svg in card.all("svg") if "role" in svg]
    ids = {attrs["id"] for tag, attrs in card.elements if tag in ("title", "desc") and "id" in attrs}
    assert set(drawing["aria-labelledby"].split()) == ids
    assert {"line1", "target", "grid"} <= {attrs.get("class") for _, attrs in card.elements}


def test_the_curve_of_a_hidden_check_stays_hidden(tmp_path):
    """A hidden check's curve is on the instructor's page, and neither drawn nor told on the student's."""
    feedback = Feedback(curves=(Curve("Accuracy on secret points", (Line("training", (1.0,), (77.5,)),), 66.5),))
    check = CheckResult("a", "It learns", "linear", Verdict.PASSED, hidden=True, feedback=feedback)
    write_pages(tmp_path, RUN, results=[_result("ann", check)])
    student, full = ((tmp_path / name / "ann.html").read_text() for name in ("scorecards", "instructor"))
    for words in ("secret points", "77.5", "66.5", '<figure class="curve">'):
        assert words in full
        assert words not in student


def test_flags_are_for_the_instructor(tmp_path):
    """A sentence about what a person should look at is on the instructor's page only."""
    write_pages(tmp_path, RUN, results=[replace(_result("ann"), flags=("`exec` was called.",))])
    assert "<code>exec</code> was called." in (tmp_path / "instructor" / "ann.html").read_text()
    assert "exec" not in (tmp_path / "scorecards" / "ann.html").read_text()


def test_an_explanation_links_to_its_line(tmp_path):
    """Where an explanation names a line of code, it links to that line, which is shown with those around it."""
    frame = Frame("hw2/layers.py", 42, "forward", "    return 1 / 0", ("def forward(self):",), ("# end",))
    feedback = Feedback("`hw2/layers.py`, line 42, raised `ZeroDivisionError`.", traceback=(frame,))
    card = _card(tmp_path, _result("ann", CheckResult("a", "It adds", "linear", Verdict.CRASHED, feedback=feedback)))
    link = '<a href="#task-1-check-1-line-1"><code>hw2/layers.py</code>, line 42</a>, raised'
    assert link in card.source
    assert '<li id="task-1-check-1-line-1">' in card.source
    assert "41 def forward(self): 42 return 1 / 0 43 # end" in card.text


def test_a_page_of_much_is_small_enough_to_send(tmp_path):
    """A submission whose every check complains, prints and differs at length still gives a page below the limit."""
    heat = HeatMap("[:, :]", (32, 32), tuple("1.2.3.4.5.6.7.8." * 2 for _ in range(32)), "1")
    long = "<&\u202e" * 5_000
    items = (Item("z", "close", long, (1,), long, long, heat=(heat, heat)),) * 5
    line = Line("training", tuple(i / 10 for i in range(200)), tuple(float(i * i % 97) for i in range(200)))
    curves = (Curve("Loss", (line,) * 4),) * 4
    feedback = Feedback(long, long, items, (Frame("a.py", 1, "f", long),) * 60, long, curves=curves)
    checks = (CheckResult("a", "It adds", "linear", Verdict.WRONG, feedback=feedback),) * 80
    write_pages(tmp_path, RUN, results=[_result("ann", *checks)])
    assert (tmp_path / "instructor" / "ann.html").stat().st_size <= PAGE_LIMIT
