"""Drive otter-grader and nbgrader as their documentation says, on classes of the mini course, and read their grades.

`peer_notebook.py` writes what they grade, `peer_environments.py` installs them, `peers.py` compares them.
"""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
from peer_environments import Environment, environment
from peer_notebook import TASKS, nbgrader_source, nbgrader_submission, otter_notebook, otter_test_file
from processor_time import Cost, cost_of
from synthetic import Kind

OTTER = "otter-grader==7.0.0"
NBGRADER = "nbgrader==0.9.6"
_NBGRADER_CONFIG = """\
c = get_config()
c.CourseDirectory.course_id = "mini"
c.ExecutePreprocessor.timeout = {seconds}
"""


@dataclass(frozen=True)
class Graded:
    """Hold what grading a class cost in all, the points of each submission (None: no result), and what was odd."""

    wall_s: float
    cpu_s: float
    points: tuple[float | None, ...]
    notes: tuple[str, ...] = ()


def otter_environment() -> Environment:
    """Return otter's environment; it names no kernel among its requirements."""
    return environment(OTTER.replace("==", "-"), OTTER, "ipykernel")


def nbgrader_environment() -> Environment:
    """Return nbgrader's environment."""
    return environment(NBGRADER.replace("==", "-"), NBGRADER)


class Otter:
    """Grade with `otter run`, one process for each submission, without containers.

    It has no time limit, so what never ends is killed from outside: `limit_s` after a perfect submission would have
    ended, as if it had one.
    """

    def __init__(self, folder: Path, *, limit_s: int) -> None:
        """Install otter where it is not, and make the autograder's zip below `folder`."""
        self._limit_s = limit_s
        self.environment = otter_environment()
        self._folder = folder
        tests = folder / "tests"
        tests.mkdir(parents=True)
        for task in TASKS:
            (tests / f"{task.name}.py").write_text(otter_test_file(task), encoding="utf-8")
        self._run("generate", "--tests-dir", str(tests), "--output-path", str(folder / "autograder.zip"), "--no-config")

    def grade(self, kinds: Sequence[Kind]) -> Graded:
        """Grade a class, of which the first submission must end."""
        costs: list[Cost] = []
        points: list[float | None] = []
        for number, kind in enumerate(kinds):
            handed_in = self._folder / "submissions" / str(number) / "mini.ipynb"
            handed_in.parent.mkdir(parents=True, exist_ok=True)
            nbformat.write(otter_notebook(kind, number), handed_in)
            limit_s = max(cost.wall_s for cost in costs) + self._limit_s if kind is Kind.LOOPING else None
            cost, result = self._grade(handed_in, limit_s=limit_s)
            costs.append(cost)
            points.append(result)
        killed = sum(cost.exit_code is None for cost in costs)
        words = f"no time limit in `otter run`: {killed} killed from outside, without a result"
        return Graded(
            sum(cost.wall_s for cost in costs),
            sum(cost.cpu_s for cost in costs),
            tuple(points),
            (words,) if killed else (),
        )

    def _grade(self, notebook: Path, *, limit_s: float | None) -> tuple[Cost, float | None]:
        result = notebook.with_name("results.json")
        result.unlink(missing_ok=True)
        zipped = str(self._folder / "autograder.zip")
        cost = self._run("run", "-a", zipped, "-o", str(notebook.parent), str(notebook), limit_s=limit_s)
        if not result.exists():
            return cost, None
        tests = json.loads(result.read_text(encoding="utf-8"))["tests"]
        return cost, sum(float(test.get("score") or 0) for test in tests)

    def _run(self, *arguments: str, limit_s: float | None = None) -> Cost:
        command = [self.environment.command("otter"), *arguments]
        variables = self.environment.variables(self._folder / "home")
        return cost_of(command, cwd=self._folder, env=variables, limit_s=limit_s, may_fail=limit_s is not None)


class Nbgrader:
    """Grade with `nbgrader autograde` over the class, then `nbgrader generate_feedback`.

    It has one time limit, for every cell, also for the one that imports torch.
    """

    def __init__(self, folder: Path, *, limit_s: int) -> None:
        """Install nbgrader where it is not, and make a course and its released assignment below `folder`."""
        self.environment = nbgrader_environment()
        self._folder = folder
        source = folder / "source" / "mini" / "mini.ipynb"
        source.parent.mkdir(parents=True)
        (folder / "nbgrader_config.py").write_text(_NBGRADER_CONFIG.format(seconds=limit_s), encoding="utf-8")
        nbformat.write(nbgrader_source(), source)
        self._run("generate_assignment", "mini")

    def grade(self, kinds: Sequence[Kind]) -> tuple[Graded, Graded]:
        """Grade a class that has not been graded before; return the cost without and with the feedback pages."""
        released = nbformat.read(self._folder / "release" / "mini" / "mini.ipynb", as_version=4)
        for number, kind in enumerate(kinds):
            handed_in = self._folder / "submitted" / f"student{number:04}" / "mini" / "mini.ipynb"
            handed_in.parent.mkdir(parents=True)
            nbformat.write(nbgrader_submission(released, kind, number), handed_in)
        without = self._run("autograde", "mini")
        feedback = self._run("generate_feedback", "mini")
        graded = Graded(without.wall_s, without.cpu_s, self._points(len(kinds)))
        pages = list(self._folder.glob("feedback/*/mini/mini.html"))
        if len(pages) != len(kinds):
            raise FileNotFoundError(f"nbgrader wrote {len(pages)} feedback pages for {len(kinds)} submissions")
        both = replace(graded, wall_s=without.wall_s + feedback.wall_s, cpu_s=without.cpu_s + feedback.cpu_s)
        return graded, both

    def _points(self, count: int) -> tuple[float | None, ...]:
        self._run("export", "--to", str(self._folder / "grades.csv"))
        with (self._folder / "grades.csv").open(encoding="utf-8", newline="") as file:
            scores = {row["student_id"]: row["score"] for row in csv.DictReader(file)}
        found = [scores.get(f"student{number:04}") for number in range(count)]
        return tuple(float(score) if score else None for score in found)

    def _run(self, *arguments: str) -> Cost:
        command = [self.environment.command("nbgrader"), *arguments]
        return cost_of(command, cwd=self._folder, env=self.environment.variables(self._folder / "home"))


def cold_start(chosen: Environment, home: Path, imports: str) -> Cost:
    """Return what a fresh process costs that imports these modules and ends."""
    command = [chosen.command("python"), "-c", f"import {imports}"]
    variables = chosen.variables(home)
    cost_of(command, env=variables)  # the files are in the page cache from now on
    return cost_of(command, env=variables)
