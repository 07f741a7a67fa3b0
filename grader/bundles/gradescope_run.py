"""Grade one submission where Gradescope has put it, and write its results.json, whatever happens.

Started by `run_autograder` of a bundle: `python -m grader.bundles.gradescope_run ROOT`. A process of its own does the
grading, so that an end of time or of memory still leaves a results.json, which then says so and has no score; else
`grader.export.gradescope` makes it.
"""

import contextlib
import json
import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from grader.errors import BundleError, GraderError
from grader.results.atomic import replace_file
from grader.sandbox.wire.child_python import python_command

_SUBMISSION = "submission"
_NOT_YOURS = "This was not graded, and costs you nothing: the autograder has to be looked at by your instructors."
_TOO_LONG = (
    "Grading took longer than the {minutes:g} minutes that there are, and was stopped: nothing counts yet. Most often "
    "a loop never ends, or a training is too long: `grader check` shows where. Then hand in again."
)


@dataclass(frozen=True, slots=True)
class BundleSettings:
    """Hold what a bundle says of itself: the assignment, which tasks (none: all), and how long grading may take."""

    slug: str
    tasks: tuple[str, ...]
    seconds: float
    hidden_as: str


def read_bundle_settings(file: Path) -> BundleSettings:
    """Read a bundle's own file. Raises BundleError for one that is not there or not as it was made."""
    try:
        read = json.loads(file.read_bytes())
        if read["schema_version"] != 1:
            raise ValueError(f"schema_version {read['schema_version']}")
        tasks = tuple(map(str, read["tasks"]))
        return BundleSettings(str(read["slug"]), tasks, float(read["seconds"]), str(read["hidden_as"]))
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise BundleError(
            f"{file} is not what `grader bundle` wrote ({type(err).__name__}: {err}).", remedy="Make the bundle again."
        ) from err


def main() -> None:
    """Grade, or with the word `grade` be the process that does; exit code 1: there is no score."""
    root = Path(sys.argv[1])
    if sys.argv[2:] == ["grade"]:
        grade_one(root, read_bundle_settings(root / "source" / "bundle.json"))
        return
    sys.exit(run_autograder(root))


def run_autograder(root: Path) -> int:
    """Grade ROOT/submission into ROOT/results/results.json; return the exit code, 1 where there is no score."""
    results = root / "results" / "results.json"
    with contextlib.suppress(OSError):
        results.unlink()
    try:
        settings = read_bundle_settings(root / "source" / "bundle.json")
        close_to_others(root)
        command = python_command("grader.bundles.gradescope_run", str(root), "grade", isolated=False)
        done = subprocess.run(command, stdin=subprocess.DEVNULL, timeout=settings.seconds)
        if done.returncode == 0 and results.is_file():
            return 0
        words, why = _NOT_YOURS, f"grading ended with exit code {done.returncode}"
        if done.returncode < 0:
            why += ": something killed it, most often for its memory; choose a larger container"
    except subprocess.TimeoutExpired:
        words, why = _TOO_LONG.format(minutes=settings.seconds / 60), f"stopped after {settings.seconds:g} s"
    except (GraderError, OSError) as err:
        words, why = _NOT_YOURS, str(err)
    _say(why)
    replace_file(results, json.dumps({"output": words, "stdout_visibility": "hidden", "tests": []}) + "\n")
    return 1


def close_to_others(root: Path) -> None:
    """Close everything that Gradescope keeps for the autograder to other users: the course, and earlier results.

    Where no namespace hides them, the labels of data sets that come with scikit-learn are closed as well.
    """
    root.chmod(0o700)
    labels = Path(sysconfig.get_path("purelib"), "sklearn", "datasets", "data")
    if os.geteuid() == 0 and labels.is_dir():
        labels.chmod(0o700)


def grade_one(root: Path, settings: BundleSettings) -> None:
    """Grade ROOT/submission behind the strongest wall there is, and write its results.json.

    Raises GraderError where there is no wall, or the course can't be used.
    """
    import secrets

    from grader.courses.course import read_assignment
    from grader.courses.personal import Personal
    from grader.export.final_points import final_points
    from grader.export.gradescope import gradescope_json
    from grader.grading.grade import grade_all
    from grader.grading.job import Job, Order
    from grader.grading.points import put_together
    from grader.results.verdict import SubmissionResult
    from grader.runs.asked_again import ask_again
    from grader.runs.batch import run_info
    from grader.submissions.submission import Found

    course = root / "source" / "course"
    assignment = read_assignment(course, settings.slug)
    wall = strongest_wall()
    order = Order(course, assignment, wall=wall, tasks=settings.tasks or None, key=secrets.token_hex(16))
    results: list[SubmissionResult] = []
    found = Found(_SUBMISSION, root / "submission")
    job = Job(found, personal=Personal(missing="here is no roster that says whose it is."))
    grade_all(order, [job], report=lambda result, _digest: results.append(result))
    if (again := ask_again(job, results[0])) is not None:  # a container may have a part of a processor
        grade_all(order, [again], report=lambda result, _digest: results.append(result))
        results = [put_together(results[1], order.graded, kept=results[0].tasks)]
    document = gradescope_json(
        results[0], final=final_points(results), run=run_info(order), hidden_as=settings.hidden_as
    )
    replace_file(root / "results" / "results.json", document)


def strongest_wall() -> str:
    """Return the name of the wall to grade behind: bubblewrap, or where a container refuses it, another user's.

    Raises SandboxError where there is neither, with what the first needs.
    """
    from grader.errors import SandboxError
    from grader.sandbox.outside.bubblewrap import find_bubblewrap
    from grader.sandbox.outside.ordinary_user import may_change_user
    from grader.sandbox.outside.walls import Wall

    try:
        find_bubblewrap()
    except SandboxError as err:
        if not may_change_user():
            raise
        _say(f"The wall `{Wall.USER}` stands in for `{Wall.BUBBLEWRAP}`, which this container refuses: {err.message}")
        return str(Wall.USER)
    return str(Wall.BUBBLEWRAP)


def _say(text: str) -> None:
    """Say something to the instructors, who read what is printed."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
