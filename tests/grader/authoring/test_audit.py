"""Tests of audit: one bad course in which every rule is violated, and the mini course in which none is."""

import json
import shutil
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from grader.authoring.audit import (
    AuditPart,
    AuditRequest,
    audit_assignment,
    find_unproven,
    is_own_course,
    request_for,
    write_figures,
)
from grader.authoring.audit_rules import judge_template
from grader.authoring.audit_trials import Outcome
from grader.errors import CourseError
from grader.results.verdict import CheckResult, Verdict

MINI = Path(__file__).parents[1] / "sample_courses" / "mini"
TOML = """\
title = "Bad"
[submission]
required = ["student.py"]
editable = ["student.py"]
[limits]
wall_s = 2.0
import_s = 3.0
"""
TASKS = ("double", "triple", "quad", "train", "lonely")
PROBE = """
@probe(needs=["student"])
def {name}(*, x):
    import student
    return {{"y": student.{name}(x)}}
"""
CHECKS = '''\
import pytest
import torch
from grader.compare import assert_matches
from grader.compare.wording import feedback_for

@pytest.mark.graded(task="double")
def test_double(probe, rng):
    """doubles"""
    x = torch.randn(4, 3, generator=rng)
    assert_matches(probe("double", x=x), {"y": 2 * x})

@pytest.mark.graded(task="double", after="test_double", advice=True)
def test_double_again(probe, rng):
    """doubles again"""
    x = torch.randn(4, 3, generator=rng)
    assert_matches(probe("double", x=x), {"y": 2 * x})

@pytest.mark.graded(task="triple")
def test_triple(probe, expected):
    """triples"""
    x = torch.linspace(1, 2, 5)
    assert_matches(probe("triple", x=x), expected("triple", x=x))

@pytest.mark.graded(task="triple", grounds="sheet, line 7: three times x")
def test_new(probe, expected):
    """triples"""
    x = torch.linspace(1, 2, 5)
    assert_matches(probe("triple", x=x), expected("triple", x=x))

@pytest.mark.graded(task="triple")
def test_lucky(probe, expected, rng):
    """triples something"""
    x = torch.randn(1, generator=rng)
    assert_matches(probe("triple", x=x), expected("triple", x=x))
    assert rng.initial_seed() == 681481593, "Unlucky."

@pytest.mark.graded(task="quad")
def test_quad(probe):
    """quadruples"""
    assert probe("quad", x=torch.ones(1))["y"].item() == 5, "Four is not five."

@pytest.mark.graded(task="train")
def test_train(probe):
    """trains"""
    assert probe("train", x=torch.ones(1))["y"].item() == 1, "It did not learn."
'''
REFERENCE = """\
from support import THREE


def double(x):
    # <solution> Return two times x.
    return 2 * x
    # </solution>


def triple(x):
    return THREE * x


# <solution> Define quad.
#| pass
def quad(x):
    return 4 * x
# </solution>


def train(x):
    # <solution> Train.
    return x
    # </solution>
"""
MISTAKE = """
[[mistake]]
name = "{name}"
file = "{file}"
find = "{find}"
replace = "{replace}"
check = "{check}"
verdict = "{verdict}"
words = ["{words}"]
lookalike = "{lookalike}"
"""
DEFAULTS = {
    "file": "student.py",
    "find": "return 2 * x",
    "replace": "return x",
    "check": "test_double",
    "verdict": "wrong",
    "words": "half of what is expected",
    "lookalike": "halved",
}
MISTAKES = {
    "good": {},
    "harmless": {"replace": "return x * 2"},
    "other-words": {"words": "twice"},
    "other-verdict": {"verdict": "crashed"},
    "other-lookalike": {"lookalike": "doubled"},
    "unknown-lookalike": {"lookalike": "double"},
    "nowhere": {"find": "return 7 * x"},
    "twice": {"find": "THREE"},
    "not-theirs": {"file": "support.py", "find": "3"},
    "no-such-check": {"check": "test_doubel"},
    "too-early": {"check": "test_double_again"},
    "long": {"find": "    return x\\n", "replace": "    return 2 * x\\n", "check": "test_train", "words": "learn"},
}
HONEST = '"""Adds where the reference multiplies."""\ndef double(x): return x + x\ndef triple(x): return x + x + x\n'
HONEST += "def quad(x): return x + x + x + x\ndef train(x): return +x\n"


@contextmanager
def _silent(*, total):
    yield lambda _subject: None


def _write_mistake(name, changes):
    return MISTAKE.format(name=name, **(DEFAULTS | {"lookalike": "" if changes else "halved"} | changes))


@pytest.fixture(scope="module", autouse=True)
def _one_fork_server(process_server):
    """Record behind a real fork server that is started once for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("grader.authoring.record.start_server", lambda *_args, **_settings: nullcontext(process_server))
        yield


@pytest.fixture(scope="module")
def bad(make_course, write_files, tmp_path_factory):
    """Return the folder of a course that violates every rule."""
    toml = TOML + "".join(f'[tasks.{name}]\ntitle = "{name}"\npoints = 2\n' for name in TASKS)
    toml = toml.replace("[tasks.train]\n", "[tasks.train]\nlong = true\n")
    toml = toml.replace("[tasks.quad]\n", '[tasks.quad]\ngrounds = "sheet, line 8: four times x"\n')
    course = make_course(
        tmp_path_factory.mktemp("bad"),
        toml=toml,
        probes="from grader.probes import probe\n" + "".join(PROBE.format(name=name) for name in TASKS[:4]),
        checks=CHECKS,
        reference={"student.py": REFERENCE, "support.py": "THREE = 3\n"},
        slug="bad",
    )
    folder = course / "tests" / "assignments" / "bad"
    write_files(
        folder,
        {
            "mistakes.toml": "".join(_write_mistake(name, changes) for name, changes in MISTAKES.items()),
            "variants/honest/student.py": HONEST,
            "variants/loses/student.py": HONEST.replace("x + x\n", "2 * (x + x)\n", 1),
            "variants/same/student.py": REFERENCE,
        },
    )
    return course


def _record_then_change(course):
    """Record assets, then make one stale, one missing and one unused."""
    from grader.authoring.record import record_assets
    from grader.courses.course import read_assignment

    check = course / "tests" / "assignments" / "bad" / "test_tiny.py"
    text = check.read_text()
    sound = text.replace("== 5", "== 4").replace("test_new", "test_old")
    check.write_text(sound.replace("rng.initial_seed() == 681481593", "True"))
    record_assets(read_assignment(course, "bad"), write=True)
    check.write_text(text)
    (course / "reference" / "bad" / "support.py").write_text("THREE = 3.25\n")


@pytest.fixture(scope="module")
def found(bad):
    """Return the audit of the bad course."""
    _record_then_change(bad)
    return audit_assignment(bad, "bad", request=AuditRequest(), progress=_silent)


def _of(found, subject):
    return [
        str(violation).removeprefix(f"{subject}: ") for violation in found.violations if violation.subject == subject
    ]


def test_a_reference_that_fails_a_check_is_told(found):
    """Every check that the reference fails is a violation that ends with the command that shows it."""
    told = _of(found, "reference")
    assert [line.split()[0] for line in told] == ["`test_triple`", "`test_new`", "`test_lucky`", "`test_quad`"]
    assert told[-1] == (
        "`test_quad` is wrong: Four is not five. Mend the reference or the check; "
        "look with `grader check reference/bad --assignment bad --task quad`."
    )
    assert "`test_new` is not_graded: The grader failed here, not your code: bad has no recorded asset" in told[1]


def test_a_template_that_earns_something_is_told(found):
    """A check that stubs pass, and a stub that is not there at all, are violations; unwritten code is none."""
    given_away, missing = "`test_triple` is", "`test_quad` is missing"
    told = _of(found, "template")
    assert [line[: len(missing)] for line in told if missing in line] == [missing]
    assert told[-1].endswith("Expected not_implemented or skipped. Mend the solution regions of reference/bad.")
    assert not any("test_double" in line or "test_train" in line for line in told)
    assert any(given_away in line for line in told)


@pytest.mark.parametrize(("points", "told"), [(0.0, 0), (0.5, 1)])
def test_a_template_may_pass_what_is_worth_nothing(read_tiny, make_course, tmp_path, points, told):
    """What is handed out may be sound: only checks of tasks with points have to fail in the template."""
    assignment = read_tiny(make_course(tmp_path))
    double, triple = assignment.tasks
    assignment = replace(assignment, tasks=(replace(double, points=points), triple))
    outcome = Outcome({"test_double": CheckResult("test_double", "doubles", "double", Verdict.PASSED)})
    assert len(list(judge_template(outcome, assignment))) == told


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("harmless", "It is not caught: `test_double` passed. Sharpen that check. Edit"),
        ("other-words", "`test_double` does not say “twice”; it says: `y` differs at"),
        ("other-verdict", "`test_double` is wrong: `y` differs at"),
        ("other-verdict", " Expected `crashed`. Edit"),
        ("other-lookalike", "`test_double` does not tell the lookalike “doubled”; it tells “halved”."),
        ("unknown-lookalike", "does not tell the lookalike “double”; it tells “halved”. None has that name."),
        ("nowhere", "It can't be tried: `find` does not occur in `student.py`; expected once."),
        ("twice", "It can't be tried: `find` occurs 2 times in `student.py`; expected once."),
        ("not-theirs", "It can't be tried: students may not change `support.py`, so it is restored"),
        ("no-such-check", "It can't be tried: there is no check `test_doubel`. Did you mean `test_double`?"),
        ("too-early", "may come from the same: “doubles” has to pass first. Expected `wrong`."),
    ],
)
def test_a_mistake_that_does_otherwise_is_told(found, name, words):
    """A mistake that is not caught, or otherwise than its file says, is one violation that ends with what to edit."""
    (line,) = _of(found, f"mistake {name}")
    assert words in line
    file = "tests/assignments/bad/mistakes.toml"
    assert line.endswith(f" Edit {file}; try again with `grader audit bad --mistake {name}`.")


def test_caught_mistakes_are_counted(found):
    """A mistake that its check catches, in the words of its file, is no violation; what it shows is remembered."""
    assert (found.caught, found.mistakes) == (2, 12)
    assert _of(found, "mistake good") == _of(found, "mistake long") == []
    assert "good" in found.told["halved"]
    assert found.said["good"].verdict == "wrong"


def test_a_variant_that_loses_points_is_told(found):
    """Every check that a variant fails is a violation, with the false lookalike that it was told."""
    told = _of(found, "variant loses")
    (line,) = [line for line in told if "`test_double` is wrong" in line]
    assert "The lookalike “doubled” is told, and is false. Mend the check" in line
    assert line.endswith("or edit tests/assignments/bad/variants/loses.")
    assert _of(found, "variant same") == [
        "It can't be used: its `student.py` is the reference's own. Edit tests/assignments/bad/variants/same."
    ]
    assert (found.full, found.variants) == (0, 3)


def test_assets_in_all_their_states_are_told(found):
    """Missing, stale and unused assets, and what fails with another seed, are violations with the command."""
    told = _of(found, "assets")
    run = "Run `grader record bad` and review the diff."
    assert f"assets/bad/test_new.safetensors is missing. {run}" in told
    (stale,) = [line for line in told if "test_triple.safetensors is stale" in line]
    assert "assets/bad/test_triple.safetensors is stale: the reference returns something else. `y` " in stale
    assert "instead of" in stale
    assert stale.endswith(run)
    assert f"assets/bad/test_old.safetensors is unused: no check asks for it. {run}" in told
    (unlucky,) = [line for line in told if "Unlucky" in line]
    assert unlucky.startswith("With another seed, `test_lucky` is wrong: Unlucky. Mend the check")


def test_checks_that_are_missing_or_public_are_told(found):
    """A task without a check, and an assignment with too few hidden checks, are violations."""
    assert _of(found, "checks") == [
        "No check earns the 2 points of the task `lonely`. "
        "Add one to tests/assignments/bad, or take the task out of assignment.toml.",
    ]
    assert [one.message.split(".")[0] for one in found.suggestions] == ["0 of 7 checks are hidden"]


def test_what_no_mistake_is_for_is_told(found):
    """Tasks whose checks no known mistake tries, and solution regions that none changes, are violations."""
    assert [line.split(".")[0] for line in _of(found, "mistakes")] == [
        "No known mistake shows that the checks of the task `triple` catch anything",
        "No known mistake shows that the checks of the task `quad` catch anything",
        "No known mistake changes the solution region of student",
    ]


def test_checks_are_tried_on_wrong_replies(found):
    """Each check that the reference passes is tried on wrong replies; here one breaks over them."""
    told = _of(found, "proof")
    assert found.proven == 3
    assert {line.split("`")[1] for line in told} == {"test_train"}
    assert all("breaks where" in line for line in told)


def test_checks_that_rest_on_nothing_are_told(found):
    """A check with points whose grounds neither it nor its task states is a violation; advice needs none."""
    told = _of(found, "grounds")
    assert [line.split()[0] for line in told] == ["`test_double`", "`test_triple`", "`test_lucky`", "`test_train`"]
    assert told[0] == (
        "`test_double` takes points and does not say which sentence of the assignment's text it rests on. State "
        "`grounds` in its mark, or set `advice=True`. Write place and gist of the text, `line 40: the loss is averaged "
        "over the batch`, say."
    )
    assert (found.grounded, found.advice) == (3, 1)


def test_grounds_are_printed_beside_checks(run_grader, mini):
    """With --grounds nothing runs: each check stands beside what it rests on, and one without is exit code 1."""
    ended = run_grader("audit", "mini", "--grounds", cwd=mini)
    assert ended.returncode == 0
    lines = ended.stdout.splitlines()
    assert lines[0] == "mini leaky-relu"
    assert "  · LeakyReLU.backward passes the gradient on" in ended.stdout
    assert "2 points)" in ended.stdout
    assert lines[2].strip() == "sheet, line 1: positive values stay, others are scaled by alpha"
    assert lines[-1] == "mini: 6 of 6 checks state grounds or are advice."
    toml = mini / "tests" / "assignments" / "mini" / "assignment.toml"
    toml.write_text("".join(line for line in toml.read_text().splitlines(True) if "line 2" not in line))
    ended = run_grader("audit", "mini", "--grounds", cwd=mini)
    assert ended.returncode == 1
    assert "no grounds" in ended.stdout
    assert ended.stdout.splitlines()[-1] == "mini: 4 of 6 checks state grounds or are advice."


def test_imports_that_are_not_public_are_told(found):
    """Whatever a course imports of the grader beyond its public interface is a violation with file and line."""
    assert _of(found, "imports") == [
        "test_tiny.py, line 4, imports `grader.compare.wording.feedback_for`, which is not public and may change. "
        "Import only names that grader.probes, grader.weights, grader.notebook_probes, grader.compare, grader.datasets "
        "list in `__all__`; docs/reference.md explains them."
    ]


def test_a_stale_kit_is_told(found):
    """Files of the kit that are not what the reference gives are one violation with the command."""
    (line,) = _of(found, "kit")
    assert line.startswith("student_template/bad: README.md is missing, ")
    assert line.endswith(" more. Run `grader template bad`.")


def test_figures_add_up(found):
    """The audit counts the checks and points of all tasks."""
    assert (found.checks, found.points, found.not_run) == (7, 10, 0)


def test_quick_leaves_long_tasks_out(bad, found):
    """With quick, long tasks are left out, and mistakes of theirs aren't tried."""
    parts = frozenset({AuditPart.REFERENCE, AuditPart.MISTAKES})
    quick = audit_assignment(
        bad, "bad", request=AuditRequest(parts, quick=True, mistakes=("good", "long")), progress=_silent
    )
    assert (quick.checks, quick.points, quick.mistakes, quick.caught) == (found.checks - 1, found.points - 2, 1, 1)


def test_what_no_mistake_shows_is_told(found):
    """Over all assignments, each lookalike has to be shown by some mistake that is caught."""
    unproven = [str(violation) for violation in find_unproven([found])]
    assert not any("“halved”" in line for line in unproven)
    assert (
        "lookalikes: No mistake of any assignment shows the lookalike “transposed”. "
        "Add one to a mistakes.toml, or take it out of grader/compare/hypotheses.py."
    ) in unproven
    assert not any("“inverted”" in line for line in unproven), "tests show it"


def test_only_our_own_course_has_to_show_the_lookalikes(found, bad):
    """Another course shows the lookalikes that its mistakes name, and no others."""
    assert is_own_course(Path(__file__).resolve().parents[3])
    assert not is_own_course(bad)


def test_figures_are_written_as_json(found, tmp_path):
    """The figures and violations of an audit can be read by other programs."""
    write_figures(tmp_path / "audit.json", [found], find_unproven([found]))
    figures = json.loads((tmp_path / "audit.json").read_text())
    (row,) = figures["assignments"]
    assert (figures["schema_version"], row["slug"], row["mistakes"], row["caught"]) == (1, "bad", 12, 2)
    assert set(row["violations"][0]) == {"subject", "message", "remedy"}
    assert row["said"]["good"] == "wrong"


def test_an_unknown_part_is_refused():
    """A part that nobody knows is refused with the nearest one."""
    with pytest.raises(CourseError, match=r"An audit has no part `mistake`\. Did you mean `mistakes`\?"):
        request_for(["mistake"], mistakes=(), quick=False, jobs=None)


def test_an_unknown_mistake_is_refused(bad):
    """A mistake that nobody knows is refused with the nearest one."""
    request = request_for([], mistakes=["god"], quick=False, jobs=None)
    assert request.parts == {AuditPart.MISTAKES}
    with pytest.raises(CourseError, match=r"bad has no mistake `god`\. Did you mean `good`\?"):
        audit_assignment(bad, "bad", request=request, progress=_silent)


@pytest.fixture
def mini(tmp_path):
    """Return a copy of the mini course."""
    return shutil.copytree(MINI, tmp_path / "mini", ignore=shutil.ignore_patterns("__pycache__"))


def test_a_sound_course_has_no_violation(run_grader, mini):
    """The mini course is sound: exit code 0, and the last line says the figures."""
    ended = run_grader("audit", "mini", "--json", "figures.json", "--html", "a.html", "--plots", "plots", cwd=mini)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (line,) = ended.stdout.splitlines()
    assert line.startswith("mini: 6 checks, 15 points, 7 of 7 mistakes caught, 1 of 1 variants full, 1 priced, ")
    assert "6 proven on wrong replies, 6 of 6 with grounds" in line
    assert json.loads((mini / "figures.json").read_text())["assignments"][0]["violations"] == []
    assert json.loads((mini / "figures.json").read_text())["assignments"][0]["prices"] == {"linear-without-bias": 2.0}
    margins = json.loads((mini / "figures.json").read_text())["assignments"][0]["margins"]
    assert len(margins) == 6
    assert margins["test_linear_forward"]["passed"] == 2
    assert margins["test_linear_forward"]["right"]["stretch"] < 1 / 3
    assert margins["test_linear_forward"]["wrong"][0]["subject"] == "mistake linear-without-bias"
    assert margins["test_linear_forward"]["wrong"][0]["stretch"] > 3
    assert margins["test_linear_backward"]["otherwise"] == 1, "a transposed gradient has another shape"
    assert "of a tolerance, wrong work from" in line
    page = (mini / "a.html").read_text(encoding="utf-8")
    assert "<title>0 violations · audit of" in page
    assert "(mistake linear-without-bias)" in page
    assert "sheet, line 1: positive values stay, others are scaled by alpha" in page
    assert "mistake linear-without-bias: " in (mini / "plots" / "margins-mini.svg").read_text(encoding="utf-8")
    assert "[14/14]" in ended.stderr


def test_a_page_has_the_mutants_that_were_asked_for(run_grader, mini):
    """With --html the mutants are tried beside the audit, not in its place; what is no page is refused."""
    refused = run_grader("audit", "--html", "mini", cwd=mini)
    assert refused.returncode == 2
    assert "`mini` is no page" in refused.stderr
    run_grader("audit", "mini", "--only", "reference", "--mutants", "2", "--html", "a.html", cwd=mini)
    page = (mini / "a.html").read_text(encoding="utf-8")
    assert "Mutants: small faults that nobody thought of" in page
    assert "How much the tolerances allow" in page


def test_the_help_names_the_page_and_the_plots(run_grader, mini):
    """`grader audit --help` says what `--html` and `--plots` write."""
    words = " ".join(run_grader("audit", "--help", cwd=mini).stdout.replace("│", " ").split())
    assert "Write a page to this file" in words
    assert "Draw the margins of each assignment" in words


def test_one_mistake_shows_what_is_said(run_grader, mini):
    """With --mistake only that one is tried, and the check's words are printed."""
    ended = run_grader("audit", "mini", "--mistake", "linear-without-bias", cwd=mini)
    assert ended.returncode == 0
    assert ended.stdout.startswith("linear-without-bias: test_linear_forward is wrong\n")
    assert "is the bias missing, or added twice?" in ended.stdout
    assert "It costs 2 points." in ended.stdout
    assert "1 of 1 mistakes caught, 0 of 0 variants full, 1 priced, 6 of 6 with grounds (0 advice)" in ended.stdout
    words = "causes: 1 named rightly, 0 true but general, 0 other cause named, 0 no cause declared, wrong work from "
    assert words in ended.stdout
    assert ", no violations, " in ended.stdout


def test_a_violation_is_exit_code_1(run_grader, mini):
    """A violation is printed as a line, and the exit code is 1."""
    (mini / "student_template" / "mini" / "student.py").write_text("")
    ended = run_grader("audit", "mini", "--only", "assets", cwd=mini)
    assert ended.returncode == 1
    assert ended.stdout.splitlines()[0] == (
        "✗ kit: student_template/mini: student.py differs. Run `grader template mini`."
    )


def test_an_authors_course_need_not_show_every_lookalike(run_grader, mini):
    """Auditing a whole course that is not this repository's asks for no lookalike that its mistakes don't name."""
    ended = run_grader("audit", "--only", "mistakes", cwd=mini)
    assert ended.returncode == 0, ended.stdout
    assert "lookalikes:" not in ended.stdout
    assert run_grader("audit", "nowhere", cwd=mini).returncode == 2
