"""Tests of benchmarks/: the scripts at their smallest size, and that what the other graders get means the same checks.

The other graders themselves are not installed for tests; `make bench` drives them.
"""

import itertools
import json
import shutil
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType, SimpleNamespace

import nbformat
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path.append(str(BENCHMARKS))  # they are scripts, which import each other by name

import checkouts  # noqa: E402
import grading  # noqa: E402
import peer_environments  # noqa: E402
import peer_notebook  # noqa: E402
import peers  # noqa: E402
import run  # noqa: E402
import scaling  # noqa: E402
from alternation import in_turn, median_ratio  # noqa: E402
from figures import Figure, Report, read_report  # noqa: E402
from peer_notebook import POINTS, TASKS  # noqa: E402
from peer_tools import Graded  # noqa: E402
from processor_time import CommandFailed, cost_of  # noqa: E402
from synthetic import Kind, course_with_limit, edited, mixed_class, perfect_class, source_of, write_class  # noqa: E402


@pytest.fixture
def otter(monkeypatch):
    """Stand in for the one name that otter's test files import; it records points beside the function."""
    module = ModuleType("otter.test_files")
    module.test_case = lambda **given: lambda function: (given, function)
    monkeypatch.setitem(sys.modules, "otter", ModuleType("otter"))
    monkeypatch.setitem(sys.modules, "otter.test_files", module)


def _otter_points(student, task):
    """Return the points that a task's test file gives to what the student defined, as otter counts them."""
    scope = {}
    exec(compile(peer_notebook.otter_test_file(task), task.name, "exec"), scope)
    cases = [value for value in scope.values() if isinstance(value, tuple)]
    assert sum(given["points"] for given, _ in cases) == task.points
    return sum(given["points"] for given, function in cases if _passes(function, student[task.student_class]))


def _passes(function, *arguments):
    try:
        function(*arguments)
    except (AssertionError, NotImplementedError, RuntimeError, IndexError):
        return False
    return True


def _student(source):
    scope = {}
    exec(source, scope)
    return scope


def _figures(section, out):
    """Return the report of a quick run of one section, and what it printed."""
    command = [sys.executable, str(BENCHMARKS / "run.py"), "--quick", "--only", section, "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return read_report(out / "benchmarks.json"), done.stdout


def test_benchmarks_run_at_the_smallest_size(tmp_path):
    """The driver measures our own tool, prints a table, and writes figures and a plot that can be read again."""
    report, table = _figures("memory", tmp_path)
    assert report.finished
    assert report.value("memory", "largest in the last third") > 10
    assert "largest in the last third" in table
    assert (tmp_path / "benchmarks.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_overhead_runs_to_its_last_figure(tmp_path):
    """The section that compares a class with a larger one works at the smallest size."""
    report, _ = _figures("overhead", tmp_path)
    assert report.finished
    assert report.value("overhead", "one more submission, without a wall (process)") is not None


@pytest.fixture
def one_run(monkeypatch, tmp_path):
    """Grade a class once, and let sections that grade the same kind several times take a copy of that run."""
    kinds = write_class(tmp_path / "in", mixed_class(2))
    cost = grading.grade(tmp_path / "in", tmp_path / "real", kinds)

    def copied(_submissions, out, _kinds, **_options):
        shutil.copytree(tmp_path / "real", out, dirs_exist_ok=True)
        return cost

    monkeypatch.setattr(scaling, "grade", copied)
    return tmp_path


def test_two_checkouts_are_compared_pair_by_pair(monkeypatch, tmp_path):
    """The ratio is the median of pairs, so a machine that slows down for a while changes nothing."""

    def work(count):
        slower = itertools.cycle([1.0, 1.0, 3.0, 3.0, 1.0, 1.0])  # for the length of the second pair
        return lambda one: next(slower) * (count if one.root == checkouts.ROOT else 2 * count)

    runs = {f"a run of {n}": work(n) for n in (1, 3)}
    monkeypatch.setattr(checkouts, "_works", lambda *_given, **_named: [("kit", {"check": work(1)}), ("mini", runs)])
    monkeypatch.setattr(checkouts, "cost_of", lambda _command: SimpleNamespace(cpu_s=1.5))
    figures = checkouts.checkouts(tmp_path, against=tmp_path, rounds=3, few=1, many=3)
    told = {figure.name: figure.value for figure in figures}
    assert told["floor: import torch, pytest"] == 1.5
    for name in ("kit: check", "mini: a run of 1", "mini: a run of 3", "mini: one more"):
        assert told[f"{name}, new in percent of old"] == 50.0
    assert (told["mini: a run of 3, new"], told["mini: a run of 3, old"]) == (3.0, 6.0)
    assert (told["mini: one more, new"], told["mini: one more, old"]) == (1.0, 2.0)


def test_works_are_done_in_turn():
    """Each round does all works once, and ratios are those within a round."""
    done = []
    works = {name: lambda name=name: done.append(name) or len(done) for name in "ab"}
    assert in_turn(works, rounds=2) == {"a": [1, 3], "b": [2, 4]}
    assert done == ["a", "b", "a", "b"]
    assert median_ratio([1, 9, 4], [2, 0, 4]) == 0.75


@pytest.mark.slow
def test_the_cost_is_told_by_checks(tmp_path):
    """A course's own number of checks stands beside what one more submission costs."""
    report, _ = _figures("checks", tmp_path)
    (few, _less), (many, _more) = report.points("checks", "a run of one")
    assert 0 < few < many


def test_without_another_checkout_nothing_is_compared(tmp_path):
    """The section says how to name one."""
    (figure,) = checkouts.checkouts(tmp_path, against=None, rounds=1, few=1, many=2)
    assert (figure.value, figure.note) == (None, "not measured: name one with --against FOLDER")


@pytest.mark.parametrize("points", ["15", "14"])
def test_checkouts_have_to_give_the_same_points(monkeypatch, tmp_path, points):
    """A checkout that grades otherwise has no figures that count."""
    graded = iter(["15", points])
    monkeypatch.setattr(checkouts, "read_grades", lambda _path: {"ann": {"points": next(graded)}})
    monkeypatch.setattr(checkouts.Checkout, "cost", lambda *_given, **_named: SimpleNamespace(cpu_s=2.0))
    run = checkouts._Run(tmp_path, tmp_path / "in", "mini", tmp_path)
    assert run(checkouts.Checkout(tmp_path)) == 2.0
    with pytest.raises(checkouts.OtherGrades, match="gives other points") if points == "14" else nullcontext():
        assert run(checkouts.Checkout(tmp_path)) == 2.0


def test_sections_that_grade_often(one_run):
    """Processes and sizes yield their figures; the ratios of equal runs are 1, beside those of plain loops."""
    figures = scaling.processes(one_run / "w", count=2, jobs=(1, 2), loop=1000)
    told = {figure.name: figure.value for figure in figures}
    assert told["as fast as the first, times"] == 1
    assert told["plain loops: as fast as the first, times"] > 0
    assert told["CPU"] > 0.5
    told = {figure.name: figure.value for figure in scaling.sizes(one_run / "s", counts=(1, 2))}
    assert told["largest memory, times"] == 1
    assert told["index.html"] > 10
    assert told["time to write the pages"] > 0


@pytest.mark.slow
def test_a_repeated_run_costs_less(tmp_path):
    """Where nothing has changed, the figures show that grading again is cheaper."""
    report, _ = _figures("cached", tmp_path)
    assert report.value("cached", "one check has changed: per submission") is not None
    first, again = (report.value("cached", f"{name}: per submission") for name in ("first run", "nothing has changed"))
    assert 0 < again < first


def test_an_interrupted_benchmark_keeps_its_figures(tmp_path):
    """A benchmark that is stopped writes the figures so far and leaves no process behind."""
    command = [sys.executable, str(BENCHMARKS / "run.py"), "--quick", "--only", "overhead", "--out", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while "cold process" not in process.stdout.readline():
            assert process.poll() is None
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "figures so far are kept" in told
    report = read_report(tmp_path / "benchmarks.json")
    assert not report.finished
    assert report.value("overhead", "cold process: interpreter, torch, pytest") > 0


def test_costs_count_the_whole_tree():
    """The CPU seconds of a command include those of its children's children."""
    busy = "import time\nwhile time.process_time() < 0.5: pass"
    nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {nested!r}])"
    cost = cost_of([sys.executable, "-c", outer])
    assert 0.5 <= cost.cpu_s < 5
    assert cost.peak_mib > 1


def test_a_command_that_never_ends_is_killed_at_its_limit():
    """What goes on after its limit is killed and has no exit code; unless that was expected, it is an error."""
    endless = [sys.executable, "-c", "print('on and on', flush=True)\nwhile True: pass"]
    cost = cost_of(endless, limit_s=1.5, may_fail=True)
    assert cost.exit_code is None
    assert cost.wall_s < 30
    assert "on and on" in cost.output
    with pytest.raises(CommandFailed, match=r"went on for more than 0.1 s"):
        cost_of(endless, limit_s=0.1)


def test_a_command_that_fails_is_told_with_its_last_words():
    """A failing command is an error that quotes how its output ended."""
    with pytest.raises(CommandFailed, match=r"(?s)ended with 1.*ZeroDivisionError"):
        cost_of([sys.executable, "-c", "1 / 0"])


def test_no_two_submissions_are_equal(tmp_path):
    """Every submission of a class has content and a name of its own, so nothing remembered of one helps another."""
    kinds = write_class(tmp_path, mixed_class(40))
    assert len(kinds) == 40
    assert len({path.read_text(encoding="utf-8") for path in tmp_path.glob("*/student.py")}) == 40
    assert set(kinds.values()) == set(Kind) - {Kind.LOOPING}


def test_wrong_grades_void_a_measurement():
    """A class whose grades are not those that its kinds must get is never measured."""
    kinds = {"a": Kind.PERFECT, "b": Kind.WRONG, "c": Kind.NOT_IMPLEMENTED, "d": Kind.CRASHING, "e": Kind.LOOPING}
    right = {"a": 15.0, "b": 9.0, "c": 0.0, "d": 11.0, "e": 11.0}
    grading.verify(right, kinds)
    for name, points in (("a", 14.0), ("b", 15.0), ("b", 0.0), ("c", 1.0), ("d", 15.0), ("e", 15.0)):
        with pytest.raises(grading.WrongGrades, match=f"`{name}` is"):
            grading.verify({**right, name: points}, kinds)
    with pytest.raises(grading.WrongGrades, match="never written"):
        grading.verify({"a": 15.0}, kinds)


def test_wrong_grades_of_other_graders_void_a_measurement():
    """A perfect submission without all points stops the comparison, and so does a loop with all points."""
    with pytest.raises(grading.WrongGrades, match="--limit"):
        peers._verify("tool", Graded(1, 1, (15.0, None)), True)
    with pytest.raises(grading.WrongGrades, match="infinite loops"):
        peers._what_happened(Graded(1, 1, (15.0, 15.0)), 1)
    assert peers._what_happened(Graded(1, 1, (15.0, None), ("killed",)), 1) == "loops got: 1 × no result; killed"


def test_an_edit_that_does_not_apply_is_an_error():
    """An edit whose text is not there once is told, so that no submission is other than its kind says."""
    with pytest.raises(ValueError, match="2 times, not once"):
        edited("a a", "a", "b")


def test_the_limit_of_a_probe_can_be_set(tmp_path):
    """The copy of the mini course has the seconds that the other graders are given."""
    course = course_with_limit(tmp_path / "course", limit_s=7)
    text = (course / "tests" / "assignments" / "mini" / "assignment.toml").read_text(encoding="utf-8")
    assert "\nwall_s = 7\n" in text
    assert "\ncpu_s = 7\n" in text


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_otter_test_files_judge_as_our_checks_do(task, otter):
    """A task's test file gives the reference all points, the template none, and catches every known mistake."""
    perfect, unwritten = _student(source_of(Kind.PERFECT, 1)), _student(source_of(Kind.NOT_IMPLEMENTED, 1))
    assert _otter_points(perfect, task) == task.points
    assert _otter_points(unwritten, task) == 0


def test_every_known_mistake_fails_in_the_other_graders_format(otter):
    """Each mistake that the mini course knows costs points in otter's format, too."""
    for number in range(6):
        student = _student(source_of(Kind.WRONG, number))
        assert 0 < sum(_otter_points(student, task) for task in TASKS) < POINTS


def test_otter_notebooks_are_valid():
    """Notebooks for otter are valid, and hold every class and the cells that check it."""
    notebook = peer_notebook.otter_notebook(Kind.PERFECT, 3)
    nbformat.validate(notebook)
    text = "\n".join(cell.source for cell in notebook.cells)
    for task in TASKS:
        assert f"class {task.student_class}:" in text
        assert f'grader.check("{task.name}")' in text


def test_nbgrader_notebooks_judge_as_our_checks_do():
    """The instructor's notebook passes all of its own graded cells, whose points sum up to the assignment's."""
    notebook = peer_notebook.nbgrader_source()
    nbformat.validate(notebook)
    scope = {}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            exec(cell.source, scope)
    graded = [cell for cell in notebook.cells if cell.metadata.nbgrader.grade]
    assert sum(cell.metadata.nbgrader.points for cell in graded) == POINTS == grading.FULL
    assert len(graded) == 6
    assert len({cell.metadata.nbgrader.grade_id for cell in notebook.cells}) == len(notebook.cells)


def test_nbgrader_submissions_hold_what_the_student_wrote():
    """A submission replaces the solution cells and nothing else, and a wrong one fails at a graded cell."""
    released = peer_notebook.nbgrader_source()
    notebook = peer_notebook.nbgrader_submission(released, Kind.NOT_IMPLEMENTED, 5)
    nbformat.validate(notebook)
    changed = [
        old.metadata.nbgrader.grade_id
        for old, new in zip(released.cells, notebook.cells, strict=True)
        if old.source != new.source
    ]
    assert changed == [task.name for task in TASKS]
    scope = {}
    failed = [
        cell.metadata.nbgrader.grade_id
        for cell in notebook.cells
        if cell.cell_type == "code" and not _passes(exec, cell.source, scope)
    ]
    assert failed == [check.function.__name__ for task in TASKS for check in task.checks]


def test_an_environment_is_made_once(tmp_path, monkeypatch):
    """An environment is made anew unless it is complete with just these requirements."""
    made = []
    monkeypatch.setattr(peer_environments, "ENVIRONMENTS", tmp_path)
    monkeypatch.setattr(peer_environments, "version", lambda _: "2.13.0+cpu")

    def record(command, *, check):
        (tmp_path / "other").mkdir(exist_ok=True)
        made.append(command)

    monkeypatch.setattr(peer_environments.subprocess, "run", record)
    for requirements in (["grader==1"], ["grader==1"], ["grader==2"]):
        peer_environments.environment("other", *requirements)
    assert [command[-2:] for command in made if "pip" in command] == [
        ["grader==1", "torch==2.13.0"],
        ["grader==2", "torch==2.13.0"],
    ]


def test_publishing_puts_the_figures_between_the_marks(tmp_path, capsys):
    """The page keeps its words and gets the figures of the last run; an unfinished or quick run is refused."""
    results, docs = tmp_path / "results", tmp_path / "docs"
    docs.mkdir()
    page = docs / "benchmarks.md"
    page.write_text(f"before\n{run._MARKS[0]}\nold\n{run._MARKS[1]}\nafter\n", encoding="utf-8")
    report = Report({"quick": False}, {"sizes": [Figure("CPU", 12.5, "s CPU", at=1000)]}, finished=True)
    report.write(results / "benchmarks.json")
    run.publish(results, docs)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "| CPU | 1,000 | 12.5 s CPU |" in text
    assert "old" not in text
    assert (docs / "images" / "benchmarks.png").exists()
    for setting, finished in (({"quick": True}, True), ({"quick": False}, False)):
        Report(setting, {}, finished=finished).write(results / "benchmarks.json")
        with pytest.raises(SystemExit, match="did not finish or was a quick one"):
            run.publish(results, docs)


def test_publishing_needs_the_marks(tmp_path):
    """A page without its marks is left alone and told about."""
    Report({"quick": False}, {}, finished=True).write(tmp_path / "benchmarks.json")
    (tmp_path / "benchmarks.md").write_text("no marks\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="has lost its marks"):
        run.publish(tmp_path, tmp_path)
    assert (tmp_path / "benchmarks.md").read_text(encoding="utf-8") == "no marks\n"


def test_a_failing_section_does_not_take_the_others_along(tmp_path, monkeypatch):
    """What fails is told among the figures and by the exit code, and the next section runs."""

    def fails(folder):
        yield Figure("first", 1.0, "s")
        raise RuntimeError("no such tool")

    both = {"memory": fails, "cluster": lambda folder: iter([Figure("second", 2.0, "s")])}
    monkeypatch.setattr(run, "_benchmarks", lambda options: both)
    assert run.main(["--only", "memory", "--only", "cluster", "--out", str(tmp_path)]) == 1
    plain = json.loads((tmp_path / "benchmarks.json").read_text(encoding="utf-8"))
    assert not plain["finished"]
    assert [figure["name"] for figure in plain["sections"]["memory"]] == ["first", "failed"]
    assert [figure["name"] for figure in plain["sections"]["cluster"]] == ["second"]


def test_a_class_with_loops_keeps_its_size():
    """Loops take the place of perfect submissions at the end of the class."""
    assert perfect_class(3, loops=1) == [Kind.PERFECT, Kind.PERFECT, Kind.LOOPING]
