"""The fixtures that checks use: what the submission answers, what the reference gave, data, curves and credit.

`grader.grading.plugin` registers them; `grader.grading.check_run` is what they hand out.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Protocol

import pytest
import torch

from grader.courses.personal import DRAWS_FOR_EACH
from grader.datasets.load import Dataset, load_dataset
from grader.datasets.parts import Limit
from grader.datasets.presence import available, explain_absence
from grader.grading.check_run import ASSIGNMENT, CHECK_RUN, CheckRun
from grader.grading.keys import secrets_of_test_data
from grader.grading.session import Conversation

SECRETS = pytest.StashKey[Mapping[str, str]]()
_ALL_ROWS = Limit()


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


@pytest.fixture
def personal(request: pytest.FixtureRequest) -> Callable[[torch.Generator], torch.Generator]:
    """Return a function that gives a generator of the student's own: `personal(rng)`, which each student's kit has too.

    Where it is not known whose the submission is, the check is skipped and its points stay open.
    """
    talk = _conversation(request)
    if talk.not_known_for_whom:
        _check_run(request).unrun = True
        pytest.skip(f"{DRAWS_FOR_EACH}: {talk.not_known_for_whom} Its points stay open.")
    return talk.personal


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
            _check_run(request).unrun = True
            pytest.skip(" ".join(explain_absence(name) for name in names) + " Its points stay open.")
        _conversation(request).refuse_forbidden()
        _check_run(request).data = f"Data: {name}."
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
    return _check_run(request).curves.draw


@pytest.fixture
def credit(request: pytest.FixtureRequest) -> Callable[..., float]:
    """Let the check earn a part of its points by a measure: `credit(accuracy, [(80, 0.5), (86, 1)])`.

    Without it a check earns all or nothing. The part counts where the check then ends without an exception.
    """
    return _check_run(request).crediting.give


def _conversation(request: pytest.FixtureRequest) -> Conversation:
    return _check_run(request).talk


def _check_run(request: pytest.FixtureRequest) -> CheckRun:
    """Return the check that runs; fail with a remedy where there is no submission."""
    run: CheckRun | None = request.node.stash.get(CHECK_RUN, None)
    if run is None:
        pytest.fail("This is a graded check. Run it with `pytest --assignment SLUG --submission PATH`.", pytrace=False)
    return run
