"""The pytest plugin: collects graded checks, runs each with its fixtures, and keeps what came of it.

`pytest --assignment SLUG --submission PATH` runs it alone; `grader.grading.grade` runs it for each submission of a
batch. `grader.grading.fixtures` are what checks use, `grader.grading.check_run` makes the result of one.
"""

import contextlib
from collections.abc import Generator
from pathlib import Path

import pytest
import torch

from grader.compare.stretch import heard_stretch
from grader.courses.checks import Check, after_those_of, check_of, duplicates, in_order, refuse_points_after_advice
from grader.courses.course import find_course, read_assignment
from grader.errors import CourseError, GraderError
from grader.grading.artifacts import artifacts_of
from grader.grading.check_imports import importable_helpers
from grader.grading.check_run import ASSIGNMENT, CHECK_RUN, SUBJECT, CheckRun
from grader.grading.forbidden import find_uses
from grader.grading.judging import as_text
from grader.grading.opening import open_sandbox
from grader.grading.session import RecordedAssets, Subject
from grader.results.verdict import Verdict
from grader.sandbox.outside.servers import start_server
from grader.sandbox.outside.walls import Wall, wall_named
from grader.submissions.submission import Found, read_reference, read_submission

pytest_plugins = ("grader.grading.fixtures",)

CHECKS = pytest.StashKey[dict[str, Check]]()
_CHECK = pytest.StashKey[Check]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that name what is graded."""
    group = parser.getgroup("torchgrade", "grading of course assignments")
    group.addoption("--assignment", metavar="SLUG", help="run the graded checks of this assignment")
    group.addoption("--submission", metavar="PATH", help="folder or archive to grade (default: the current folder)")
    group.addoption(
        "--course", metavar="PATH", help="the course's folder (default: found from the current one upwards)"
    )
    group.addoption("--wall", default="process", help="bubblewrap, user, process (default) or inline (for breakpoints)")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; with --assignment, open the submission and point pytest at the checks."""
    config.addinivalue_line(
        "markers",
        "graded(task, weight=1, after=(), device='cpu', grounds='', advice=False, dtype='', strict=False): a check "
        "that earns points for a task of assignment.toml",
    )
    slug = config.getoption("--assignment", default=None)
    if not slug or ASSIGNMENT in config.stash:
        return
    try:
        course = find_course(Path(config.getoption("--course") or "."))
        config.stash[ASSIGNMENT] = read_assignment(course, slug)
    except GraderError as err:
        raise pytest.UsageError(str(err)) from err
    if config.args == config.getini("testpaths") or not [
        arg for arg in config.invocation_params.args if "::" in str(arg)
    ]:
        config.args = [str(config.stash[ASSIGNMENT].folder)]
    config.pluginmanager.register(_Alone(config), "torchgrade-alone")


class _Alone:
    """Open the submission that the command line names for the length of a pytest run."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._stack = contextlib.ExitStack()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Start the sandbox as soon as there are checks to run."""
        if session.items and not self._config.option.collectonly:
            try:
                self._open()
            except GraderError as err:
                raise pytest.UsageError(str(err)) from err

    def _open(self) -> None:
        assignment = self._config.stash[ASSIGNMENT]
        folder = Path(self._config.getoption("--submission") or ".").resolve()
        submission = read_submission(Found(folder.name, folder), assignment)
        wall = wall_named(self._config.getoption("--wall"))
        server = None
        if wall is not Wall.INLINE:
            server = self._stack.enter_context(start_server(wall, preload=assignment.sandbox.preload))
        sandbox = self._stack.enter_context(open_sandbox(assignment, submission, server=server, folder=folder))
        forbidden = find_uses(sandbox, assignment=assignment, files=submission.files)
        self._config.stash[SUBJECT] = Subject(
            sandbox,
            RecordedAssets(assignment.assets).expect,
            forbidden=forbidden,
            artifacts=artifacts_of(submission, assignment),
        )

    def pytest_sessionfinish(self) -> None:
        """End the sandbox."""
        self._stack.close()


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Let checks import the helpers beside them for as long as checks are collected."""
    assignment = session.config.stash.get(ASSIGNMENT, None)
    if assignment is None:
        return (yield)
    try:
        with importable_helpers(assignment):
            return (yield)
    except CourseError as err:
        raise pytest.UsageError(str(err)) from err


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Read each check's declaration and put dependants after what they depend on, before any check is left out."""
    if ASSIGNMENT not in config.stash:
        return
    graded = [item for item in items if isinstance(item, pytest.Function)]
    try:
        twice = duplicates(item.name for item in graded)
        if twice:
            raise CourseError(f"Two checks are called {twice[0]}.", remedy="Give each a name of its own.")
        checks = {item.name: check_of(item, config.stash[ASSIGNMENT]) for item in graded}
        if not _has_all_checks(config):
            checks = {name: after_those_of(check, checks) for name, check in checks.items()}
        refuse_points_after_advice(checks)
        order = in_order(checks)
        reference = config.stash[ASSIGNMENT].reference
        if reference is not None:
            read_reference(reference)  # what is missing there is told before anybody is graded
    except CourseError as err:
        raise pytest.UsageError(str(err)) from err
    config.stash[CHECKS] = checks
    for item in graded:
        item.stash[_CHECK] = checks[item.name]
    items[:] = sorted(graded, key=lambda item: order.index(item.name))


def _has_all_checks(config: pytest.Config) -> bool:
    """Tell whether every check was collected: a students' kit lacks the hidden ones, `file::name` picks some."""
    return config.stash[ASSIGNMENT].reference is not None and not any("::" in arg for arg in config.args)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Give each check a fresh conversation with the submission."""
    check = item.stash.get(_CHECK, None)
    if check is not None:
        item.config.stash[SUBJECT].turn_to(hidden=check.hidden)
        run = CheckRun.begin(check, item.config.stash[ASSIGNMENT], item.config.stash[SUBJECT])
        item.stash[CHECK_RUN] = run
        torch.default_generator.manual_seed(run.talk.seed)  # torch.manual_seed queues a call per GPU kind
        with heard_stretch() as run.heard:
            return (yield)
    return (yield)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a check that can't be judged after one that failed, or needs a device that submissions don't get here."""
    run = item.stash.get(CHECK_RUN, None)
    if run is None:
        return
    if run.check.device not in item.config.stash[SUBJECT].devices:  # on the CPU it would be a different check
        run.unrun = True
        pytest.skip("Needs a CUDA device, which it gets from `grader grade --device cuda`; its points stay open.")
    if "dataset" not in getattr(item, "fixturenames", ()):  # if data is missing, nobody is graded: look there first
        run.talk.refuse_forbidden()
    before = item.config.stash[SUBJECT].failed_before(run.check)
    if before is None:
        return
    failed = before.failed
    if before.runs:
        run.failed = failed
    else:
        run.unrun, run.because = failed.is_unjudged, failed.name
        has_paid = failed.task != run.check.task and failed.is_lost
        run.skip_counts = failed.counted and not has_paid
        again = " It is not charged again." if has_paid else ""
        pytest.skip(f"Not run: “{failed.title}” has to pass first.{again}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the outcome of a check into its result, and show students' mistakes without our frames."""
    report = yield
    run = item.stash.get(CHECK_RUN, None)
    if run is None or (call.when == "teardown" and call.excinfo is None):
        return report
    if call.when == "setup" and call.excinfo is None:
        return report
    subject = item.config.stash[SUBJECT]
    result = run.result(call, folder=item.path.parent, subject=subject)
    if call.when != "teardown" or subject.results[result.name].verdict is Verdict.PASSED:
        subject.results[result.name] = result
    if result.verdict not in (Verdict.PASSED, Verdict.SKIPPED, Verdict.NOT_GRADED):
        report.longrepr = as_text(result)
    return report
