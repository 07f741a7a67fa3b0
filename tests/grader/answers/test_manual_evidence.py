"""Tests of the page for grading with evidence: pictures come from the server, checked, and stand beside the answer."""

import base64
from dataclasses import replace

import pytest
from manual_conftest import result_of

from grader.courses.assignment import Question
from grader.courses.evidence import Evidence
from grader.results.exhibit import Exhibit, Picture
from grader.results.verdict import Answer, Curve, Feedback, Line

RUN = Question("run", "The run", "", 3.0, evidence=Evidence(files=("*.png",), questions=("why",)))
QUESTIONS = (Question("why", "Why?", "student", 4.0), RUN)
CONTENT = b"\x89PNG drawn"
PICTURE = Picture("png", "a" * 64, 30, 20, base64.b64encode(CONTENT).decode())


def _result(name, **shown):
    """Return a result that shows a run, whose task has measured something."""
    result = result_of(name)
    curves = (Curve("accuracy", (Line("training", (1.0, 2.0), (10.0, 64.25)),), unit="%"),)
    check = replace(result.tasks[0].checks[0], feedback=Feedback(curves=curves))
    run = Answer("The run", "", 3.0, name="run", is_run=True, tasks=("it",), questions=("why",), **shown)
    return replace(result, tasks=(replace(result.tasks[0], checks=(check,)),), answers=(result.answers[0], run))


@pytest.fixture
def served(make_results, start_page):
    """Return the page for a folder in which ann shows a run, and bob none."""
    exhibit = Exhibit("cell `<b>`", "<script>alert(1)</script> 99.9 %", "", (PICTURE,))
    results = [_result("ann", exhibits=(exhibit,)), _result("bob")]
    return start_page(make_results(*results), results, QUESTIONS)


@pytest.mark.parametrize("position", [0, 1], ids=["beside the answer", "by itself"])
def test_a_run_stands_beside_the_answer_that_is_about_it(served, position):
    """Text is escaped, pictures have an address on this server, and what was measured stands above."""
    status, headers, text = served.ask(f"q/{position}?names=shown&order=name")
    assert status == 200
    assert f'src="../picture/{PICTURE.digest}" width="30" height="20"' in text
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; 99.9 %" in text
    assert "Is right: training: from 10 to 64.25 % in 2 epochs" in text
    assert "img-src 'self'" in headers["Content-Security-Policy"]


def test_pictures_come_from_the_store(served):
    """A picture is served as what it is, and there is none that nobody shows."""
    status, headers, text = served.ask(f"picture/{PICTURE.digest}")
    assert (status, headers["Content-Type"], headers["X-Content-Type-Options"]) == (200, "image/png", "nosniff")
    assert text.endswith("PNG drawn")
    for other in ("b" * 64, "", "../page.css", "%00"):
        assert served.ask(f"picture/{other}")[0] == 404


def test_zero_is_given_to_those_who_show_nothing(served):
    """“Give 0 to all that are not answered” leaves alone what shows a run."""
    assert served.send("zero", question="run")[0] == 200
    assert {key: mark.points for key, mark in served.store.marks().items()} == {("bob", "run"): 0.0}
