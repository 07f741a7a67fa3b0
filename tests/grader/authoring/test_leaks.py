"""Promises of `leaks`: a kit that would give away a solution or a hidden check is not written."""

import json

import pytest

from grader.authoring.leaks import gifts_in
from grader.authoring.template import plan_template, write_template
from grader.courses.course import read_assignment
from grader.errors import CourseError

FOLDER = "tests/assignments/tiny"
LONG = "    total = 0\n    for one in x:\n        total = total + one\n    return total\n"
MARKED = f"def add(x):\n    # <solution> Add them.\n{LONG}    # </solution>\n"
HELPER = "def twice(x):\n    return 2 * x\n"
TESTED = "from helpers_sums import twice\n"


def _notebook(*cells):
    return json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


LEAKS = {
    "a reference without markers": (
        {"reference/tiny/student.py": "def double(x): return 2 * x\ndef triple(x): return 3 * x\n"},
        "has no solution region, so the kit would hold the solution: student.py.",
    ),
    "checks_hiden": ({f"{FOLDER}/test_more_hiden.py": ""}, "test_more_hiden.py would be in the students' kit"),
    "checks that say hidden first": ({f"{FOLDER}/test_hidden_more.py": ""}, "test_hidden_more.py would be"),
    "checks Hidden": ({f"{FOLDER}/test_more_Hidden.py": ""}, "test_more_Hidden.py would be"),
    "checks in one word": ({f"{FOLDER}/test_moreHidden.py": ""}, "test_moreHidden.py would be"),
    "checks with a dash": ({f"{FOLDER}/test_more-hidden.py": ""}, "test_more-hidden.py would be"),
    "helpers_hiddne": ({f"{FOLDER}/helpers_hiddne.py": HELPER}, "helpers_hiddne.py would be in the students' kit"),
    "a copy of the solution beside it": (
        {"reference/tiny/student.py": MARKED, "reference/tiny/support/old.txt": LONG},
        "support/old.txt of the kit holds the solution of reference/tiny/student.py, line 2.",
    ),
    "a solution in a public helper": (
        {
            "reference/tiny/student.py": MARKED,
            f"{FOLDER}/helpers_sums.py": f"def summed(x):\n{LONG}\n{HELPER}",
            f"{FOLDER}/test_tiny.py": TESTED,
        },
        "checks/helpers_sums.py of the kit holds the solution",
    ),
    "a solution in a notebook's output": (
        {
            "reference/tiny/student.py": MARKED,
            "reference/tiny/notes.ipynb": _notebook(
                {"cell_type": "code", "source": "%cat student.py", "outputs": [{"text": [f"{LONG}"]}]}
            ),
        },
        "notes.ipynb of the kit holds the solution",
    ),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_kit_that_leaks_is_not_written(make_course, write_files, tmp_path, leak):
    """Each way in which a solution or a hidden check would reach students is refused, and nothing is written."""
    files, words = LEAKS[leak]
    course = write_files(make_course(tmp_path), files)
    with pytest.raises(CourseError) as refused:
        write_template(read_assignment(course, "tiny"), tmp_path / "kit")
    assert words in refused.value.message
    assert refused.value.remedy
    assert not (tmp_path / "kit").exists()


def test_hidden_files_and_short_solutions_are_no_leak(make_course, write_files, tmp_path):
    """Files named as hidden stay behind, words that only sound alike are fine, and so is a line that anybody writes."""
    files = {f"{FOLDER}/test_more_hidden.py": "", f"{FOLDER}/helpers_hidden.py": HELPER}
    files |= {f"{FOLDER}/test_hints.py": "", "reference/tiny/example.py": "def double(x):\n    return 2 * x\n"}
    course = write_files(make_course(tmp_path), files)
    written = {path.name for path in write_template(read_assignment(course, "tiny"), tmp_path / "kit")}
    assert "test_hints.py" in written
    assert not {"test_more_hidden.py", "helpers_hidden.py"} & written


def test_helpers_that_no_public_check_needs_stay_behind(make_course, write_files, tmp_path):
    """A helper reaches the kit if a public check needs it, however indirectly; one for hidden checks alone doesn't."""
    files = {
        f"{FOLDER}/helpers_a.py": "from helpers_b import twice\n",
        f"{FOLDER}/helpers_b.py": HELPER,
        f"{FOLDER}/helpers_c.py": HELPER,
        f"{FOLDER}/test_public.py": "from helpers_a import twice\n",
        f"{FOLDER}/test_more_hidden.py": "from helpers_c import twice\n",
    }
    plan = plan_template(read_assignment(write_files(make_course(tmp_path), files), "tiny"))
    assert {path for path in plan if "helpers" in path} == {"checks/helpers_a.py", "checks/helpers_b.py"}


def test_what_a_kit_gives_away_is_listed(make_course, write_files, run_grader, tmp_path):
    """`grader template` lists files that students get whole, and probes that only hidden checks call."""
    probes = (
        "from grader.probes import probe\n\n@probe()\ndef double(*, x): ...\n\n@probe()\ndef secret(*, x): ...\n"
        "\n@probe()\ndef triple(*, x): ...\n"
    )
    mark = 'import pytest\n\n@pytest.mark.graded(task="double")\n'
    hidden = f'{mark}def test_s(probe):\n    """s"""\n    probe("secret", x=1)\n'
    files = {f"{FOLDER}/test_s_hidden.py": hidden, "reference/tiny/more.py": "def f(x):\n    return x\n"}
    course = write_files(make_course(tmp_path, probes=probes), files)
    assignment = read_assignment(course, "tiny")
    told = gifts_in(assignment, plan_template(assignment))
    assert told == [
        "more.py: students may change it, and get it whole, as the reference has it",
        "the probes `secret`, which only hidden checks call, since all probes run beside students' code",
    ]
    ended = run_grader("template", "tiny", cwd=course)
    assert ended.returncode == 0, ended.stderr
    assert [f"it gives away {one}" for one in told] == ended.stdout.splitlines()[-2:]
