"""Tests of the files that an audit writes: a page, pictures of the margins, figures."""

import json
from pathlib import Path

from grader.authoring.audit import Audit
from grader.authoring.margins import Margin, Stretched
from grader.authoring.mutant_audit import MutantAudit, TaskScore
from grader.commands.audit_page import AuditFiles

COURSE = Path(__file__).parents[1] / "sample_courses" / "mini"


def test_what_was_asked_for_is_written(tmp_path):
    """The page has the course's checks, grounds and margins and the mutants that were tried; each assignment a plot."""
    right, wrong = Stretched("variant functional", 0.25), Stretched("mistake linear-without-bias", 5e4)
    margin = Margin("test_linear_forward", "linear", right, 2, (wrong,))
    audit = Audit("mini", checks=6, margins={margin.check: margin})
    files = AuditFiles(tmp_path / "a.html", tmp_path / "plots", tmp_path / "figures.json")
    files.tried["mini"] = MutantAudit("mini", made=3, scores={"linear": TaskScore(caught=3)})
    files.write(COURSE, [audit], [])
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "<title>0 violations · audit of" in page
    assert "0.25 (variant functional)" in page
    assert "sheet, line 1: positive values stay, others are scaled by alpha" in page
    assert "all of these, of 3 that there are" in page
    picture = (tmp_path / "plots" / "margins-mini.svg").read_text(encoding="utf-8")
    assert "mistake linear-without-bias: 5e+04 of the tolerance" in picture
    (figures,) = json.loads((tmp_path / "figures.json").read_text())["assignments"]
    assert figures["margins"]["test_linear_forward"]["right"] == {"subject": "variant functional", "stretch": 0.25}


def test_nothing_is_written_that_was_not_asked_for(tmp_path):
    """Without options an audit writes no file, and tries no mutants."""
    files = AuditFiles()
    assert files.try_mutants(COURSE, "mini", None) == 0
    files.write(COURSE, [Audit("mini")], [])
    assert list(tmp_path.iterdir()) == []
