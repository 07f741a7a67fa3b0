"""The pytest plugin: collects graded checks, gives them their fixtures, and turns their outcomes into verdicts.

`pytest --assignment SLUG --submission PATH` runs it alone; `grader.grading.grade` runs it for each submission of a
batch.
"""

import contextlib
import hashlib
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest
import torch

from grader.courses.assignment import Assignment, Task
from grader.courses.checks import Check, after_those_of, check_of, duplicates, in_order, refuse_points_after_advice
from grader.courses.course import find_course, read_assignment
from grader.datasets.load import Dataset, load_dataset
from grader.datasets.parts import Limit
from grader.datasets.presence import available, explain_absence
from grader.errors import CourseError, GraderError
from grader.grading.artifacts import artifacts_of
from grader.grading.check_imports import importable_helpers
from grader.grading.crediting import Crediting
from grader.grading.curves import Curves
from grader.grading.following import as_follower
from grader.grading.forbidden import find_uses
from grader.grading.judging import as_text, has_stumbled, judge
from grader.grading.keys import secrets_of_test_data
from grader.grading.opening import open_sandbox
from grader.grading.probe_sources import modules_to_preload
from grader.grading.session import Conversation, RecordedAssets, Subject
from grader.grading.stumbles import stumble_of
from grader.results.verdict import CheckResult, Feedback, Verdict
from grader.sandbox.outside.forkserver_client import ForkServer, can_fork
from grader.sandbox.outside.servers import StartServer
from grader.sandbox.outside.spawner import Spawner
from grader.sandbox.outside.walls import Wall, wall_named
from grader.submissions.submission import Found, read_reference, read_submission

ASSIGNMENT = pytest.StashKey[Assignment]()
SUBJECT = pytest.StashKey[Subject]()
CHECKS = pytest.StashKey[dict[str, Check]]()
SECRETS = pytest.StashKey[Mapping[str, str]]()
_CHECK = pytest.StashKey[Check]()
_TALK = pytest.StashKey[Conversation]()
_STARTED = pytest.StashKey[float]()
_SKIP_COUNTS = pytest.StashKey[bool]()
_BECAUSE = pytest.StashKey[str]()
_UNRUN = pytest.StashKey[bool]()
_FAILED = pytest.StashKey[CheckResult | None]()
_DATA = pytest.StashKey[str]()
_CURVES = pytest.StashKey[Curves]()
_CREDIT = pytest.StashKey[Crediting]()
_ALL_ROWS = Limit()


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
            start: StartServer = ForkServer if can_fork() else Spawner
            server = self._stack.enter_context(start(wall, preload=modules_to_preload(assignment)))
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


@pytest.fixture
def probe(request: pytest.FixtureRequest) -> object:
    """Run a probe on the submission: `probe("name", **inputs)` returns its outputs by name."""
    return _conversation(request).probe


@pytest.fixture
def expected(request: pytest.FixtureRequest) -> object:
    """Return the recorded outputs of the reference: `expected("name", **inputs)`, with a formula as their proof."""
    return _conversation(request).expected


@pytest.fixture
def matches_recorded(request: pytest.FixtureRequest, probe: object, expected: object) -> object:
    """Ask a probe and compare with what the reference returned: `matches_recorded("name", **inputs)`."""
    return _conversation(request).matches_recorded


@pytest.fixture
def artifact(request: pytest.FixtureRequest) -> object:
    """Return what the student handed in beside the code: `artifact("weights")`, by the name in assignment.toml."""
    return _conversation(request).artifact


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> torch.Generator:
    """Return a generator of random numbers whose seed depends on the check's name, and if it is hidden on a key."""
    return torch.Generator().manual_seed(_conversation(request).seed)


class LoadDataset(Protocol):
    """Load a data set as the fixture `dataset` does."""

    def __call__(
        self,
        *names: str,
        shape: tuple[int, ...] | None = None,
        limit: Limit = _ALL_ROWS,
        seed: int = 0,
        renamed: bool = False,
    ) -> Dataset:
        """Return the first named data set that is on this machine; skip the check where none is."""


@pytest.fixture
def dataset(request: pytest.FixtureRequest) -> LoadDataset:
    """Load the first named data set that is on this machine: `dataset("cifar10", "digits", shape=(3, 32, 32))`.

    Where none is, the check is skipped and its points stay open; else its message names the data. The test part is
    drawn from a seed that is the same for all submissions, and known only to those who have the reference and all
    checks. Images are shifted and dimmed a little, so that copies of public ones don't match; `renamed=True` numbers
    the classes anew as well, for checks to which a class is a number.
    """
    secret = _secrets(request.config)[_conversation(request).task] + request.node.name

    def load(
        *names: str,
        shape: tuple[int, ...] | None = None,
        limit: Limit = _ALL_ROWS,
        seed: int = 0,
        renamed: bool = False,
    ) -> Dataset:
        name = available(names)
        if name is None:
            request.node.stash[_UNRUN] = True
            pytest.skip(" ".join(explain_absence(name) for name in names) + " Its points stay open.")
        _conversation(request).refuse_forbidden()
        request.node.stash[_DATA] = f"Data: {name}."
        test_seed = int.from_bytes(hashlib.sha256(secret.encode()).digest()[:16])
        return load_dataset(
            name, shape=shape, limit=limit, seed=seed, test_seed=test_seed, disguised=True, renamed=renamed
        )

    return load


def _secrets(config: pytest.Config) -> Mapping[str, str]:
    """Return, for each task, the secret that seeds its test data; few checks need one, and it takes a while."""
    if SECRETS not in config.stash:
        config.stash[SECRETS] = secrets_of_test_data(config.stash[ASSIGNMENT])
    return config.stash[SECRETS]


@pytest.fixture
def curve(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Draw on the scorecard how a training went: `curve("accuracy", {"training": numbers}, target=90, unit="%")`.

    It is drawn whether the check passes or not, and nothing that a submission sent in place of numbers can make the
    check fail here.
    """
    _conversation(request)
    drawn: Curves = request.node.stash[_CURVES]
    return drawn.draw


@pytest.fixture
def credit(request: pytest.FixtureRequest) -> Callable[..., float]:
    """Let the check earn a part of its points by a measure: `credit(accuracy, [(80, 0.5), (86, 1)])`.

    Without it a check earns all or nothing. The part counts where the check then ends without an exception.
    """
    _conversation(request)
    crediting: Crediting = request.node.stash[_CREDIT]
    return crediting.give


def _conversation(request: pytest.FixtureRequest) -> Conversation:
    """Return the check's conversation with its submission; fail with a remedy where there is no submission."""
    talk: Conversation | None = request.node.stash.get(_TALK, None)
    if talk is None:
        pytest.fail("This is a graded check. Run it with `pytest --assignment SLUG --submission PATH`.", pytrace=False)
    return talk


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Give each check a fresh conversation with the submission."""
    check = item.stash.get(_CHECK, None)
    if check is not None:
        item.config.stash[SUBJECT].turn_to(hidden=check.hidden)
        item.stash[_TALK] = Conversation(item.config.stash[SUBJECT], check)
        item.stash[_STARTED] = time.monotonic()
        item.stash[_SKIP_COUNTS] = False
        item.stash[_BECAUSE] = ""
        item.stash[_UNRUN] = False
        item.stash[_FAILED] = None
        item.stash[_DATA] = ""
        item.stash[_CURVES] = Curves()
        item.stash[_CREDIT] = Crediting(check, _task_of(check, item.config.stash[ASSIGNMENT]), item.stash[_CURVES])
        torch.default_generator.manual_seed(item.stash[_TALK].seed)  # torch.manual_seed queues a call per GPU kind
    return (yield)


def _task_of(check: Check, assignment: Assignment) -> Task:
    return next(task for task in assignment.tasks if task.name == check.task)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a check that can't be judged after one that failed, or needs a device that submissions don't get here."""
    check = item.stash.get(_CHECK, None)
    if check is None:
        return
    if check.device not in item.config.stash[SUBJECT].devices:  # on the CPU it would be a different check
        item.stash[_UNRUN] = True
        pytest.skip("Needs a CUDA device, which it gets from `grader grade --device cuda`; its points stay open.")
    if "dataset" not in getattr(item, "fixturenames", ()):  # if data is missing, nobody is graded: look there first
        item.stash[_TALK].refuse_forbidden()
    before = item.config.stash[SUBJECT].failed_before(check)
    if before is None:
        return
    failed = before.failed
    if before.runs:
        item.stash[_FAILED] = failed
    else:
        item.stash[_UNRUN], item.stash[_BECAUSE] = failed.is_unjudged, failed.name
        has_paid = failed.task != check.task and failed.is_lost
        item.stash[_SKIP_COUNTS] = failed.counted and not has_paid
        again = " It is not charged again." if has_paid else ""
        pytest.skip(f"Not run: “{failed.title}” has to pass first.{again}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the outcome of a check into its result, and show students' mistakes without our frames."""
    report = yield
    check = item.stash.get(_CHECK, None)
    if check is None or (call.when == "teardown" and call.excinfo is None):
        return report
    if call.when == "setup" and call.excinfo is None:
        return report
    result = _result_of(item, check, call)
    results = item.config.stash[SUBJECT].results
    if call.when != "teardown" or results[check.name].verdict is Verdict.PASSED:
        results[check.name] = result
    if result.verdict not in (Verdict.PASSED, Verdict.SKIPPED, Verdict.NOT_GRADED):
        report.longrepr = as_text(result)
    return report


def _result_of(item: pytest.Item, check: Check, call: pytest.CallInfo[None]) -> CheckResult:
    talk = item.stash[_TALK]
    folder, error = item.path.parent, call.excinfo.value if call.excinfo is not None else None
    verdict, feedback = judge(
        call.excinfo, left_blank=talk.left_blank, folder=folder, outputs=talk.outputs, forbidden=talk.forbidden
    )
    if error is not None and talk.outputs is not None and has_stumbled(error):
        stumble = stumble_of(error, talk.outputs, left_blank=talk.left_blank, folder=folder)
        item.config.stash[SUBJECT].stumbled[check.name] = stumble
    credit = item.stash[_CREDIT].credit if verdict is Verdict.PASSED else None
    if credit is not None:
        verdict = Verdict.WRONG if credit.part < 1 - 1e-9 else verdict
        credit = replace(credit, cpu_s=round(talk.cpu_s, 2))
    hint = check.hint if verdict in (Verdict.WRONG, Verdict.NOT_IMPLEMENTED, Verdict.CRASHED) else ""
    skipped_for_free = verdict is Verdict.SKIPPED and not item.stash[_SKIP_COUNTS]
    result = CheckResult(
        name=check.name,
        title=check.title,
        task=check.task,
        verdict=verdict,
        weight=check.weight,
        hidden=check.hidden,
        counted=verdict is not Verdict.NOT_GRADED and not skipped_for_free and not check.advice,
        advice=check.advice,
        grounds=check.grounds,
        unrun=verdict is Verdict.SKIPPED and item.stash[_UNRUN],
        seconds=time.monotonic() - item.stash[_STARTED],
        feedback=Feedback(
            message=" ".join(filter(None, (feedback.message, item.stash[_DATA]))),
            hint=hint,
            items=feedback.items,
            traceback=feedback.traceback,
            output=talk.printed,
            matched=feedback.matched,
            curves=item.stash[_CURVES].drawn,
        ),
        because=item.stash[_BECAUSE],
        crowded=verdict is Verdict.TIMED_OUT and talk.was_crowded,
        credit=credit,
        cpu_s=round(talk.cpu_s, 3),
        waited_s=round(talk.waited_s, 3),
        peak_mib=round(talk.peak_mib, 1),
    )
    failed = item.stash[_FAILED]
    return result if failed is None else as_follower(result, failed)
