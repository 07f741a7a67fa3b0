"""Tests of the author's page of an audit, and of the plot of its margins."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from grader.authoring.audit import Audit
from grader.authoring.audit_rules import Violation
from grader.authoring.explanations import explanations_in
from grader.authoring.grounds import Ground
from grader.authoring.margins import Margin, Stretched
from grader.authoring.mistakes import Mistake, Price
from grader.authoring.mutant_audit import MutantAudit, TaskScore
from grader.authoring.mutants import Mutant, SolutionRegion
from grader.authoring.naming import Naming
from grader.authoring.regions import Region
from grader.report.audit_page import Audited, plot_of, write_audit_page
from grader.report.margin_plot import draw_margins
from grader.results.verdict import CheckResult, Feedback, Verdict

HOSTILE = "<script>alert('x')</script>&\"quoted\"\u202e"
MARGINS = (
    Margin(
        "test_double", "double", right=Stretched("variant sums", 0.02), passed=2, wrong=(Stretched("mistake a", 40.0),)
    ),
    Margin("test_near", "double", right=Stretched("reference", 0.5), passed=2, wrong=(Stretched("mistake b", 2.0),)),
    Margin("test_exact", "triple"),
    Margin("test_far", "triple", right=Stretched("reference", 0.0), wrong=(Stretched("mistake c", 1e30),)),
)


def _mistake(name="a", **changes):
    settings = {"costs": Price(0.0, 0.5, of_task=True), "cause": ("twice",)} | changes
    source = Path("mistakes.toml")
    return Mistake(name, "student.py", "x", "y", "test_double", Verdict.WRONG, (), "", source, **settings)


@pytest.fixture
def assignment(make_course, read_tiny, tmp_path):
    return read_tiny(make_course(tmp_path / "course"))


@pytest.fixture
def audit():
    result = CheckResult("test_double", "D", "double", Verdict.WRONG, feedback=Feedback("`y` is twice too large."))
    return Audit(
        "tiny",
        checks=4,
        points=15.0,
        mistakes=2,
        caught=1,
        variants=1,
        full=1,
        violations=[Violation("mistake b", "It is not caught.", "Sharpen `test_near`.")],
        suggestions=[Violation("margin", "`test_near` allows little.", "Look.")],
        prices={"a": 3.0},
        said={"a": result},
        naming={"a": Naming.RIGHTLY},
        margins={one.check: one for one in MARGINS},
    )


GROUNDS = (
    Ground("test_double", "doubles", "double", 10.0, "sheet, line 3: two times x", advice=False),
    Ground("test_far", "triples", "triple", 5.0, "", advice=True),
)


@pytest.fixture
def page(assignment, audit, tmp_path):
    def write(grounds=GROUNDS, mistakes=None, mutants=None):
        told = explanations_in(audit, mistakes or [_mistake()])
        one = Audited(assignment, audit, grounds, told, mutants)
        write_audit_page(tmp_path / "audit.html", [one], version="1.2.3", unproven=[])
        return (tmp_path / "audit.html").read_text(encoding="utf-8")

    return write


def test_the_page_says_what_the_audit_found(page):
    """It has the figures, violations, advice, and for each check what it rests on and how near work came."""
    text = page()
    assert "<title>1 violation · audit of Tiny</title>" in text
    assert "<dt>mistakes caught</dt><dd>1 of 2</dd>" in text
    assert "<dt>causes: named rightly</dt><dd>1</dd>" in text
    assert "It is not caught. Sharpen <code>test_near</code>." in text
    assert "sheet, line 3: two times x" in text
    assert "0.02 (variant sums)" in text
    assert "40 (mistake a)" in text
    assert ">advice</td>" in text
    assert "torchgrade 1.2.3" in text


def test_a_mistake_stands_beside_what_is_read_and_what_it_costs(page):
    """A row names mistake, check, verdict, words, cause, how it is named, the price and its range."""
    (row,) = re.findall(r'<tr><th scope="row">a</th>.*?</tr>', page(), re.DOTALL)
    assert "<code>test_double</code>" in row
    assert "wrong" in row
    assert "<code>y</code> is twice too large." in row
    assert "<td>twice</td><td>named rightly</td>" in row
    assert '<td class="number">3</td><td class="number">0 to 5</td>' in row


def test_mutants_stand_there_where_they_were_tried(page):
    """Scores by task and the survivors with their lines; without mutants there is nothing of them."""
    assert "Mutants" not in page()
    region = SolutionRegion("student.py", Region(1, 4, "    ", ("Return <two> times x.",), ()), "double", b"")
    mutant = Mutant(region, 3, "another number", "return 2 * x", "return 3 * x", b"")
    found = MutantAudit("tiny", made=9, scores={"double": TaskScore(3, 1, 1)}, survivors=[mutant])
    found.violations.append(Violation("task double", "3 of 4 mutants are caught.", "Sharpen."))
    text = page(mutants=found)
    assert '<th scope="row">double</th><td class="number">3</td><td class="number">4</td>' in text
    assert "all of these, of 9 that there are" in text
    assert "- return 2 * x" in text
    assert "+ return 3 * x" in text
    assert "<title>2 violations" in text, "those of the mutants count"


def test_the_page_needs_no_other_file_and_runs_no_script(page):
    """It is one file: no address, no script, and only styles that it names by their digest."""
    text = page()
    assert "<script" not in text
    assert "http://" not in text
    assert "https://" not in text
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]
    assert policy.count("sha256-") == text.count("<style>") == 2
    assert "script-src 'none'" in policy


def test_whatever_a_course_says_is_escaped(page, audit, assignment):
    """Names, titles, grounds, words and messages can hold markup, and are shown as text."""
    audit.slug = HOSTILE
    audit.said["a"] = CheckResult(HOSTILE, HOSTILE, "double", Verdict.WRONG, feedback=Feedback(HOSTILE))
    audit.said[HOSTILE], audit.naming[HOSTILE] = audit.said["a"], Naming.GENERAL
    audit.violations = audit.suggestions = [Violation(HOSTILE, HOSTILE, HOSTILE)]
    audit.margins = {HOSTILE: Margin(HOSTILE, "double", Stretched(HOSTILE, 0.1), 1, (Stretched(HOSTILE, 9.0),))}
    grounds = [Ground(HOSTILE, HOSTILE, "double", 1.0, HOSTILE, advice=False)]
    text = page(grounds, [_mistake(HOSTILE, cause=(HOSTILE,))])
    assert "<script" not in text
    assert "\u202e" not in text
    assert text.count("&lt;script&gt;") > 10
    picture = draw_margins(plot_of(assignment, audit), HOSTILE)
    assert "<script" not in picture
    assert ElementTree.fromstring(picture).tag.endswith("svg")


def test_the_plot_has_a_row_for_each_measured_check(assignment, audit):
    """Rows stand below their task; the limit lies between right and wrong, what is beyond the axis at its end."""
    plot = plot_of(assignment, audit)
    assert [row.check for row in plot.rows] == ["", "test_double", "test_near", "", "test_far"]
    assert plot.unmeasured == 1
    assert [mark.label for mark in plot.marks] == ["0.0001", "0.01", "1", "100", "10,000", "1,000,000"]
    for row in plot.rows:
        if row.check:
            assert row.right.place < plot.limit < row.wrong[0].place
    near = plot.rows[2]
    assert plot.near[0] < near.right.place < near.wrong[0].place < plot.near[1]
    far = plot.rows[4]
    assert (far.right.place, far.wrong[0].place) == (plot.marks[0].place, plot.marks[-1].place)
    assert far.wrong[0].words == "mistake c: 1e+30 of the tolerance"
    heights = [row.height for row in plot.rows]
    assert heights == sorted(set(heights))
    assert heights[-1] < plot.height


def test_the_plot_alone_is_a_picture(assignment, audit):
    """As a file of its own it is well-formed, with its colours in it and a dot for each."""
    picture = draw_margins(plot_of(assignment, audit), "tiny: margins")
    root = ElementTree.fromstring(picture)
    names = [node.tag.partition("}")[2] for node in root.iter()]
    dots = [node for node in root.iter() if "right" in node.get("class", "")]
    assert len(dots) == 3 + 1, "one a check, one in the legend"
    assert names.count("style") == 1
    assert "prefers-color-scheme: dark" in picture


def test_without_figures_the_page_says_so(page, audit):
    """An audit that graded nothing has no margins to draw."""
    audit.margins = {}
    assert "Not measured" in page()
