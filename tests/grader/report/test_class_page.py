"""Tests of grader.report.class_page, explanations and flags."""

from dataclasses import replace

from grader.report.anchors import Linked
from grader.report.class_page import class_page_of
from grader.results.results_file import RunInfo
from grader.results.verdict import CheckResult, Feedback, Item, Status, SubmissionResult, TaskResult, Verdict

RUN = RunInfo("uva-mlp", "MLP", "checks-1", "0.1.0", "2.13.0", "bubblewrap", "2026-05-01T10:00:00Z")


def _result(name, *, points=10.0, verdict=Verdict.PASSED, message="", status=Status.GRADED, checks=1):
    check = CheckResult("test_a", "A", "linear", verdict, feedback=Feedback(message))
    task = TaskResult("linear", "Linear", points, 10.0, False, (check,) * checks)
    return SubmissionResult(name, status, points, 10.0, (task,))


def _unreadable(name):
    return SubmissionResult(name, Status.UNREADABLE, 0.0, 10.0, ())


def _page(*results):
    return class_page_of(
        RUN, results=results, files={result.submission: f"{result.submission}.html" for result in results}
    )


def test_mean_and_median_leave_the_unreadable_out():
    """The figures are over what could be read."""
    page = _page(_result("a", points=10), _result("b", points=5), _result("c", points=0), _unreadable("d"))
    assert (page.count, page.unreadable, page.not_graded) == (4, 1, 0)
    assert (page.mean, page.median) == ("50", "50")


def test_every_percent_has_one_bin():
    """Bins hold their lower bound, the last one 100 as well."""
    page = _page(*(_result(f"s{i}", points=points) for i, points in enumerate((0, 0.99, 1, 3, 9.5, 10))))
    assert [bin_.count for bin_ in page.bins] == [2, 1, 0, 1, 0, 0, 0, 0, 0, 2]
    assert page.bins[0].label == "0–10"
    assert max(bin_.height for bin_ in page.bins) == 100


def test_a_task_row_sums_up_the_class():
    """A task shows mean, share and how many earned everything."""
    (row,) = _page(_result("a", points=10), _result("b", points=5), _unreadable("c")).tasks
    assert (row.mean, row.max_points, row.percent, row.full, row.count) == ("7.5", "10", "75", 1, 2)


def test_every_submission_has_a_cell_per_task():
    """A task without a result is absent, not zero."""
    rows = _page(_unreadable("a"), _result("b", points=0), _result("c", points=4), _result("d")).rows
    assert [row.cells[0].tone for row in rows] == ["absent", "none", "part", "full"]
    assert rows[0].cells[0].points == "–"
    assert [row.is_provisional for row in rows] == [True, False, False, False]


def test_a_row_names_the_dearest_problem():
    """A row tells which check costs the submission most, what, and where; one that lost nothing none."""
    cheap = CheckResult("a", "Cheap", "linear", Verdict.WRONG, feedback=Feedback("one"))
    dear = CheckResult("b", "Dear", "linear", Verdict.WRONG, 3.0, feedback=Feedback("two"))
    lost = SubmissionResult(
        "x", Status.GRADED, 0.0, 10.0, (TaskResult("linear", "Linear", 0.0, 10.0, False, (cheap, dear)),)
    )
    rows = _page(lost, _result("y"), _unreadable("z")).rows
    assert (rows[0].problem, rows[0].problem_cost) == (Linked("Dear", "task-1-check-2"), "7.5")
    assert [row.problem for row in rows[1:]] == [None, None]


def test_common_explanations_count_submissions():
    """The same explanation counts once a submission, and the most frequent comes first."""
    results = [_result(f"s{i:02d}", verdict=Verdict.WRONG, message="transposed", checks=3) for i in range(20)]
    results += [
        _result("x", verdict=Verdict.CRASHED, message="boom"),
        _result("y"),
        _result("z", verdict=Verdict.SKIPPED),
    ]
    first, second = _page(*results).explanations
    assert (first.message, first.count, first.checks, first.links_left_out) == ("transposed", 20, ("A",), 8)
    assert (first.links[0].file, first.links[0].anchor) == ("s00.html", "task-1-check-1")
    assert (second.message, second.count) == ("boom", 1)


def test_the_list_of_explanations_is_short():
    """At most fifteen explanations are shown, each bounded."""
    results = [_result(f"s{i}", verdict=Verdict.WRONG, message=chr(97 + i) * 9999) for i in range(26)]
    explanations = _page(*results).explanations
    assert len(explanations) == 15
    assert all(len(explanation.message) < 700 for explanation in explanations)


def test_who_needs_a_look_is_flagged_gravest_first():
    """Unreadable, not graded, forbidden, timed out, out of memory and missing are flagged, wrong is not."""
    page = _page(
        _result("a", verdict=Verdict.MISSING),
        _result("b", verdict=Verdict.WRONG),
        _result("c", verdict=Verdict.TIMED_OUT, checks=2),
        _result("d", verdict=Verdict.NOT_GRADED, status=Status.NOT_GRADED),
        _unreadable("e"),
    )
    assert [flag.submission for flag in page.flagged] == ["e", "d", "c", "a"]
    assert page.flagged[0].is_unreadable
    assert [(mark.word, count) for mark, count in page.flagged[2].reasons] == [("timed out", 2)]
    assert page.not_graded == 1


def test_sentences_for_the_instructor_are_flagged_last():
    """A submission with nothing but a sentence about it is listed after those with grave verdicts."""
    told = replace(_result("a"), flags=("`torch.nn.Linear` was called.",))
    page = _page(told, _result("b", verdict=Verdict.TIMED_OUT))
    assert [flag.submission for flag in page.flagged] == ["b", "a"]
    assert page.flagged[1].notes == ("`torch.nn.Linear` was called.",)


def test_an_empty_run_is_a_page():
    """Without results there are dashes, not errors."""
    page = _page()
    assert (page.count, page.mean, page.median, page.rows, page.tasks) == (0, "–", "–", (), ())


def _told(name, message, *, lookalike="", verdict=Verdict.WRONG, task="linear"):
    items = (Item("z", "close", message, lookalike=lookalike),) if lookalike else ()
    check = CheckResult("test_a", "A", task, verdict, feedback=Feedback(message, items=items))
    return SubmissionResult(
        name, Status.GRADED, 0.0, 10.0, (TaskResult(task, task.title(), 0.0, 10.0, False, (check,)),)
    )


def test_one_lookalike_is_one_explanation():
    """The same lookalike in the same task is one explanation, whatever the numbers; its commonest words are told."""
    told = [_told(f"s{i}", "20 times", lookalike="summed") for i in range(3)]
    told += [_told("t", "7 times", lookalike="summed"), _told("u", "7 times", lookalike="summed", task="relu")]
    first, second = _page(*told).explanations
    assert (first.heading, first.task, first.message, first.count, first.percent) == (
        "summed",
        "Linear",
        "20 times",
        4,
        "80",
    )
    assert (second.task, second.count) == ("Relu", 1)


def test_words_are_one_explanation_without_their_numbers():
    """Explanations without a lookalike are the same where only numbers differ; other words are another one."""
    told = [_told("a", "the worst is [3, 1]: -0.5"), _told("b", "the worst is [0, 7]: 2e-05"), _told("c", "too many")]
    assert [(found.count, found.heading) for found in _page(*told).explanations] == [(2, ""), (1, "")]


def test_a_missing_file_is_told_once():
    """What several tasks lack for one reason is one explanation with all of them."""
    told = [
        _told(name, "`a.py` is missing", verdict=Verdict.MISSING, task=name) for name in ("one", "two", "six", "ten")
    ]
    (found,) = _page(*told).explanations
    assert (found.count, found.task) == (4, "One, Two, Six and 1 more")


def test_which_data_stood_in_makes_no_other_explanation():
    """A crash is one explanation, whether a check had data or not, and whichever."""
    crash = "`a.py`, line 3, raised `IndexError`."
    told = [
        _told("a", crash, verdict=Verdict.CRASHED),
        _told("b", f"{crash} Data: fashion-mnist.", verdict=Verdict.CRASHED, task="training"),
    ]
    (found,) = _page(*told).explanations
    assert (found.count, found.message) == (2, crash)


def test_the_slowest_are_named():
    """What took longest comes first, in percent of the slowest; what took no time isn't named."""
    results = [replace(_result(name), seconds=seconds) for name, seconds in (("a", 2.0), ("b", 0.1), ("c", 8.0))]
    slowest = _page(*results).slowest
    assert [(slow.submission, slow.seconds, slow.bar) for slow in slowest] == [
        ("c", "8.0 s", 100.0),
        ("a", "2.0 s", 25.0),
    ]


def test_the_slowest_go_by_what_their_code_did():
    """What code computed and slept decides who is slowest, not how long grading took; who mostly slept is told so."""

    def spent(name, *, cpu_s, waited_s, seconds):
        result = _result(name)
        (task, *others) = result.tasks
        check = replace(task.checks[0], cpu_s=cpu_s, waited_s=waited_s)
        task = replace(task, checks=(check, *task.checks[1:]))
        return replace(result, tasks=(task, *others), seconds=seconds)

    results = [
        spent("busy", cpu_s=20.0, waited_s=0.5, seconds=21.0),
        spent("crowded", cpu_s=2.0, waited_s=0.0, seconds=90.0),
        spent("sleeper", cpu_s=3.0, waited_s=558.0, seconds=562.0),
    ]
    assert [(slow.submission, slow.seconds, slow.remark) for slow in _page(*results).slowest] == [
        ("sleeper", "561.0 s", "slept or waited for 558 s of that"),
        ("busy", "20.5 s", ""),
        ("crowded", "2.0 s", ""),
    ]


def test_reasons_are_counted_by_submission():
    """Each reason to look at submissions says how many of them have it."""
    results = [_result(name, verdict=Verdict.TIMED_OUT, checks=3) for name in "ab"] + [
        _result("c", verdict=Verdict.MISSING)
    ]
    assert [(mark.word, count) for mark, count in _page(*results).flag_counts] == [("timed out", 2), ("missing", 1)]


def test_a_large_class_is_listed_in_part():
    """Of many flagged submissions the first hundred are listed, all counted; cells of a large table are no links."""
    page = _page(*(_result(f"s{i:03d}", verdict=Verdict.TIMED_OUT) for i in range(301)))
    assert (len(page.flagged), page.flagged_count, page.has_linked_cells) == (100, 301, False)
    assert _page(_result("a")).has_linked_cells
